//! The fonts of a PDF's page: which bytes are one glyph, what it says, how wide it is. Widths come from the font's
//! own tables; those of Helvetica, which a PDF need not bring along, are its published metrics.

use std::collections::BTreeMap;
use std::rc::Rc;

use lopdf::{Dictionary, Document, Object};

use super::allowance::Allowance;

/// Fonts that a file may show text in.
const FONTS_MAX: usize = 32;
/// A glyph of which no table says the width, in thousandths of the font's size.
const WIDTH_UNKNOWN: f64 = 500.0;
/// What a composite font says of a glyph of which it says nothing.
const WIDTH_COMPOSITE: f64 = 1000.0;
/// The greatest code: a glyph has two bytes at most.
const CODE_MAX: u32 = 0xffff;
/// A glyph that a font's map gives a longer text, in UTF-16 units, is one that it says nothing of.
const TEXT_UNITS_MAX: usize = 16;
/// Codes of a simple font that put nothing on a page, whether or not it says so: tab, line ends, spaces.
const BLANKS: [u32; 5] = [0x09, 0x0a, 0x0d, 0x20, 0xa0];

/// A file's fonts, each built when text is first set in it.
pub(super) struct Fonts<'d> {
    document: &'d Document,
    /// By the dictionary's place in the document, which is one whatever names pages have for it.
    built: BTreeMap<*const Dictionary, Rc<Font>>,
}

impl<'d> Fonts<'d> {
    pub(super) fn of(document: &'d Document) -> Self {
        Self { document, built: BTreeMap::new() }
    }

    /// The font that a page's dictionary of fonts has under a name.
    pub(super) fn named(
        &mut self,
        of_page: Option<&'d Dictionary>,
        name: &[u8],
        allowance: &mut Allowance,
    ) -> Result<Rc<Font>, String> {
        let font = of_page.and_then(|fonts| fonts.get(name).ok());
        let font = font
            .and_then(|font| dictionary(self.document, font))
            .ok_or_else(|| format!("the font `{}`, which is not there", excerpt(name)))?;
        let place = std::ptr::from_ref(font);
        if let Some(built) = self.built.get(&place) {
            return Ok(Rc::clone(built));
        }
        if self.built.len() == FONTS_MAX {
            return Err(format!("more than {FONTS_MAX} fonts are not read"));
        }
        let built = Rc::new(Font::of(self.document, font, allowance)?);
        self.built.insert(place, Rc::clone(&built));
        Ok(built)
    }
}

/// A font.
pub(super) struct Font {
    /// What its file calls it.
    name: String,
    /// What glyphs say, by their codes.
    texts: BTreeMap<u32, String>,
    widths: Widths,
    /// Bytes of one glyph.
    code_bytes: usize,
}

enum Widths {
    Listed { widths: BTreeMap<u32, f64>, other: f64 },
    Helvetica,
}

/// A glyph as a font has it.
pub(super) struct Glyph<'f> {
    /// What it says; a space where it puts nothing on the page.
    pub(super) text: &'f str,
    /// Parts of the font's size.
    pub(super) width: f64,
    /// Whether it is the one-byte space, which word spacing is added to.
    pub(super) is_space: bool,
}

impl Font {
    /// The error says what is wrong with it.
    fn of(document: &Document, font: &Dictionary, allowance: &mut Allowance) -> Result<Self, String> {
        let name = excerpt(font.get(b"BaseFont").and_then(Object::as_name).unwrap_or_default());
        let is_composite = font.get(b"Subtype").and_then(Object::as_name).is_ok_and(|name| name == b"Type0");
        let map = font.get_deref(b"ToUnicode", document).and_then(Object::as_stream);
        let texts = match map {
            Ok(map) => {
                let map = allowance.unpack(map).map_err(|error| format!("a font's map: {error}"))?;
                let mut texts = if is_composite { BTreeMap::new() } else { named_encoding(document, font)? };
                // Of what both tell the map has the last word.
                texts.append(&mut texts_of(&map, allowance)?);
                texts
            }
            Err(_) if is_composite => return Err("a composite font without a map to Unicode".to_owned()),
            Err(_) => encoded(document, font)?,
        };
        let (widths, code_bytes) = if is_composite {
            (composite_widths(document, font, allowance)?, 2)
        } else {
            (simple_widths(document, font), 1)
        };
        Ok(Self { name, texts, widths, code_bytes })
    }

    /// The glyphs of a shown string, one by one.
    pub(super) fn glyphs<'f>(&'f self, shown: &'f [u8]) -> impl Iterator<Item = Result<Glyph<'f>, String>> {
        shown.chunks(self.code_bytes).map(|code| {
            let number = code.iter().fold(0, |number, byte| number * 256 + u32::from(*byte));
            let text = match self.texts.get(&number) {
                Some(text) => text,
                None if self.code_bytes == 1 && BLANKS.contains(&number) => " ",
                None => {
                    return Err(format!(
                        "the font `{}` does not tell what its code {number} says",
                        self.name
                    ));
                }
            };
            Ok(Glyph { text, width: self.widths.of(number) / 1000.0, is_space: code == b" " })
        })
    }
}

impl Widths {
    fn of(&self, code: u32) -> f64 {
        match self {
            Self::Listed { widths, other } => widths.get(&code).copied().unwrap_or(*other),
            Self::Helvetica => usize::try_from(code)
                .ok()
                .and_then(|code| HELVETICA.get(code.checked_sub(32)?))
                .map_or(WIDTH_UNKNOWN, |width| f64::from(*width)),
        }
    }
}

/// A name for a fault.
fn excerpt(name: &[u8]) -> String {
    String::from_utf8_lossy(&name[..name.len().min(60)]).into_owned()
}

/// The texts of a simple font's encoding, which is nowhere packed.
fn encoded(document: &Document, font: &Dictionary) -> Result<BTreeMap<u32, String>, String> {
    let fault = |error| format!("a font's encoding: {error}");
    let encoding = font.get_font_encoding_with_limit(document, 0).map_err(fault)?;
    let text = |code: u8| Ok((u32::from(code), encoding.bytes_to_string(&[code]).map_err(fault)?));
    let texts: BTreeMap<u32, String> = (0..=u8::MAX).map(text).collect::<Result<_, String>>()?;
    Ok(texts.into_iter().filter(|(_, text)| says_something(text)).collect())
}

/// The same of a font with a map, which may leave out what an encoding tells that everybody knows by its name.
fn named_encoding(document: &Document, font: &Dictionary) -> Result<BTreeMap<u32, String>, String> {
    const KNOWN: [&[u8]; 3] = [b"WinAnsiEncoding", b"MacRomanEncoding", b"StandardEncoding"];
    let name = font.get_deref(b"Encoding", document).and_then(Object::as_name);
    if name.is_ok_and(|name| KNOWN.contains(&name)) { encoded(document, font) } else { Ok(BTreeMap::new()) }
}

/// Whether a glyph of this text is told: a space is, a control character or nothing is not.
fn says_something(text: &str) -> bool {
    text.chars().any(|letter| letter.is_whitespace() || !letter.is_control())
}

/// The texts of a map to Unicode: `<code> <text>` between `beginbfchar` and `endbfchar`; `<first> <last> <text>`, or
/// `<first> <last> [<text> <text>]`, between `beginbfrange` and `endbfrange`. Codes have two bytes at most.
fn texts_of(map: &[u8], allowance: &mut Allowance) -> Result<BTreeMap<u32, String>, String> {
    let map = String::from_utf8_lossy(map);
    let mut texts = BTreeMap::new();
    let mut put = |code: u32, units: &[u16]| {
        let text = String::from_utf16_lossy(units);
        if says_something(&text) {
            texts.insert(code, text);
        }
    };
    for (begin, end, is_range) in [("beginbfchar", "endbfchar", false), ("beginbfrange", "endbfrange", true)]
    {
        for section in map.split(begin).skip(1) {
            let mut tokens = tokens(section.split(end).next().unwrap_or_default());
            while let Some(first) = tokens.next() {
                let last = if is_range { tokens.next().unwrap_or_default() } else { first };
                let mut codes = code(first)?..=code(last)?;
                match tokens.next() {
                    Some("[") => {
                        for token in tokens.by_ref().take_while(|token| *token != "]") {
                            allowance.entries(1)?;
                            if let (Some(code), Some(text)) = (codes.next(), utf16(token)) {
                                put(code, &text);
                            }
                        }
                    }
                    Some(text) => {
                        allowance.entries(codes.clone().count())?;
                        let text = utf16(text).unwrap_or_default();
                        for (at, code) in codes.enumerate() {
                            put(code, &further(&text, at));
                        }
                    }
                    None => return Err("a font's map that breaks off".to_owned()),
                }
            }
        }
    }
    Ok(texts)
}

/// The text of the code so many after the first one of a range: as much further in its last unit.
fn further(first: &[u16], at: usize) -> Vec<u16> {
    let mut units = first.to_vec();
    if let Some(unit) = units.last_mut() {
        *unit = unit.wrapping_add(u16::try_from(at).unwrap_or(0));
    }
    units
}

/// `<hexadecimal>` without its brackets, and `[` and `]` as they are.
fn tokens(section: &str) -> impl Iterator<Item = &str> {
    let mut rest = section;
    std::iter::from_fn(move || {
        let from = rest.find(['<', '[', ']'])?;
        let behind = &rest[from + 1..];
        if rest[from..].starts_with('<') {
            let (token, after) = behind.split_once('>')?;
            rest = after;
            return Some(token);
        }
        let token = &rest[from..=from];
        rest = behind;
        Some(token)
    })
}

fn code(token: &str) -> Result<u32, String> {
    let code = u32::from_str_radix(token.trim(), 16).ok().filter(|code| *code <= CODE_MAX);
    code.ok_or_else(|| format!("a font's map with the code `{token}`"))
}

/// UTF-16 in hexadecimal; what is none is left out. Nothing where it is longer than a glyph says.
fn utf16(token: &str) -> Option<Vec<u16>> {
    let digits: Vec<u8> = token.bytes().filter(u8::is_ascii_hexdigit).take(TEXT_UNITS_MAX * 4 + 1).collect();
    let unit = |digits: &[u8]| u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
    (digits.len() <= TEXT_UNITS_MAX * 4).then(|| digits.chunks(4).filter_map(unit).collect())
}

fn simple_widths(document: &Document, font: &Dictionary) -> Widths {
    let first = font.get_deref(b"FirstChar", document).and_then(Object::as_i64).unwrap_or(0);
    let Ok(listed) = font.get_deref(b"Widths", document).and_then(Object::as_array) else {
        let name = font.get(b"BaseFont").and_then(Object::as_name).unwrap_or_default();
        let is_known = [&b"Helvetica"[..], b"Arial"].iter().any(|known| name.starts_with(known));
        let other = WIDTH_UNKNOWN;
        return if is_known { Widths::Helvetica } else { Widths::Listed { widths: BTreeMap::new(), other } };
    };
    let numbered = listed.iter().take(256).enumerate();
    let widths = numbered.filter_map(|(at, width)| {
        let code = u32::try_from(first.checked_add(i64::try_from(at).ok()?)?).ok()?;
        Some((code, number(document, width)?))
    });
    Widths::Listed { widths: widths.collect(), other: WIDTH_UNKNOWN }
}

/// `W` lists `first [w w w]` and `first last w`, one after another. What it says of codes that there are not is left
/// out.
fn composite_widths(
    document: &Document,
    font: &Dictionary,
    allowance: &mut Allowance,
) -> Result<Widths, String> {
    let descendants = font.get_deref(b"DescendantFonts", document).and_then(Object::as_array);
    let descendant =
        descendants.ok().and_then(|fonts| fonts.first()).and_then(|font| dictionary(document, font));
    let Some(descendant) = descendant else {
        return Ok(Widths::Listed { widths: BTreeMap::new(), other: WIDTH_COMPOSITE });
    };
    let other =
        descendant.get(b"DW").ok().and_then(|width| number(document, width)).unwrap_or(WIDTH_COMPOSITE);
    let listed =
        descendant.get_deref(b"W", document).and_then(Object::as_array).map_or(&[][..], Vec::as_slice);
    let mut widths = BTreeMap::new();
    let mut rest = listed;
    while let [first, second, behind @ ..] = rest {
        let code = |object: &Object| object.as_i64().ok().and_then(|code| u32::try_from(code).ok());
        let second = document.dereference(second).map_or(second, |(_, object)| object);
        match (code(first), second, behind) {
            (Some(first), Object::Array(of_each), _) => {
                let of_each = (first..=CODE_MAX).zip(of_each);
                allowance.entries(of_each.clone().count())?;
                widths.extend(of_each.map(|(code, width)| (code, number(document, width).unwrap_or(other))));
                rest = behind;
            }
            (Some(first), last, [width, behind @ ..]) => {
                let width = number(document, width).unwrap_or(other);
                let codes = first..=code(last).unwrap_or(first).min(CODE_MAX);
                allowance.entries(codes.clone().count())?;
                widths.extend(codes.map(|code| (code, width)));
                rest = behind;
            }
            (Some(_) | None, _, _) => break,
        }
    }
    Ok(Widths::Listed { widths, other })
}

fn dictionary<'d>(document: &'d Document, object: &'d Object) -> Option<&'d Dictionary> {
    document.dereference(object).ok()?.1.as_dict().ok()
}

fn number(document: &Document, object: &Object) -> Option<f64> {
    let number = document.dereference(object).ok()?.1.as_float().ok()?;
    number.is_finite().then_some(f64::from(number))
}

/// Widths of Helvetica's glyphs from the space to the tilde (Adobe's font metrics).
const HELVETICA: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556,
    556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278,
    500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469,
    556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500,
    278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];
