//! The fonts of a PDF's page: which bytes are one glyph, what it says, how wide it is. Widths come from the font's
//! own tables; those of Helvetica, which a PDF need not bring along, are its published metrics.

use std::collections::BTreeMap;

use lopdf::{Dictionary, Document, Encoding, Object};

/// A glyph of which no table says the width, in thousandths of the font's size.
const WIDTH_UNKNOWN: f64 = 500.0;
/// Codes that a font's map may have: more than there are.
const MAP_ENTRIES_MAX: usize = 200_000;
/// What a composite font says of a glyph of which it says nothing.
const WIDTH_COMPOSITE: f64 = 1000.0;

/// A font.
pub(super) struct Font<'d> {
    texts: Texts<'d>,
    widths: Widths,
    /// Bytes of one glyph.
    code_bytes: usize,
}

/// What glyphs say: by the font's own map, which has the last word, or by its encoding.
enum Texts<'d> {
    Mapped(BTreeMap<u32, String>),
    Encoded(Encoding<'d>),
}

enum Widths {
    Listed { widths: BTreeMap<u32, f64>, other: f64 },
    Helvetica,
}

/// A glyph as a font has it.
pub(super) struct Glyph {
    /// What it says; empty where the font does not tell.
    pub(super) text: String,
    /// Parts of the font's size.
    pub(super) width: f64,
    /// Whether it is the one-byte space, which word spacing is added to.
    pub(super) is_space: bool,
}

impl<'d> Font<'d> {
    /// The font of a page's resources; the error says what is wrong with it. Its tables unpack to at most
    /// `inflated_max` bytes.
    pub(super) fn of(
        document: &'d Document,
        font: &'d Dictionary,
        inflated_max: usize,
    ) -> Result<Self, String> {
        let is_composite = font.get(b"Subtype").and_then(Object::as_name).is_ok_and(|name| name == b"Type0");
        let map = font.get_deref(b"ToUnicode", document).and_then(Object::as_stream);
        let texts = match map {
            Ok(map) => {
                let map = map.decompressed_content_with_limit(inflated_max);
                Texts::Mapped(texts_of(&map.map_err(|error| format!("a font's map: {error}"))?)?)
            }
            Err(_) if is_composite => return Err("a composite font without a map to Unicode".to_owned()),
            Err(_) => {
                let encoding = font.get_font_encoding_with_limit(document, inflated_max);
                Texts::Encoded(encoding.map_err(|error| format!("a font's encoding: {error}"))?)
            }
        };
        let widths =
            if is_composite { composite_widths(document, font) } else { simple_widths(document, font) };
        Ok(Self { texts, widths, code_bytes: if is_composite { 2 } else { 1 } })
    }

    /// The glyphs of a shown string.
    pub(super) fn glyphs(&self, shown: &[u8]) -> Result<Vec<Glyph>, String> {
        let glyph = |code: &[u8]| {
            let number = code.iter().fold(0, |number, byte| number * 256 + u32::from(*byte));
            let text = match &self.texts {
                Texts::Mapped(texts) => texts.get(&number).cloned().unwrap_or_default(),
                Texts::Encoded(encoding) => {
                    encoding.bytes_to_string(code).map_err(|error| format!("a font's text: {error}"))?
                }
            };
            Ok(Glyph { text, width: self.widths.of(number) / 1000.0, is_space: code == b" " })
        };
        shown.chunks(self.code_bytes).map(glyph).collect()
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

/// The texts of a map to Unicode: `<code> <text>` between `beginbfchar` and `endbfchar`; `<first> <last> <text>`, or
/// `<first> <last> [<text> <text>]`, between `beginbfrange` and `endbfrange`. Codes have two bytes at most.
fn texts_of(map: &[u8]) -> Result<BTreeMap<u32, String>, String> {
    let map = String::from_utf8_lossy(map);
    let mut texts = BTreeMap::new();
    let mut entries = 0;
    for (begin, end, is_range) in [("beginbfchar", "endbfchar", false), ("beginbfrange", "endbfrange", true)]
    {
        for section in map.split(begin).skip(1) {
            let mut tokens = tokens(section.split(end).next().unwrap_or_default());
            while let Some(first) = tokens.next() {
                let last = if is_range { tokens.next().unwrap_or_default() } else { first };
                let (first, last) = (code(first)?, code(last)?);
                let listed: Vec<Vec<u16>> = match tokens.next() {
                    Some("[") => tokens.by_ref().take_while(|token| *token != "]").map(utf16).collect(),
                    Some(text) => from_on(&utf16(text), last.saturating_sub(first)),
                    None => return Err("a font's map that breaks off".to_owned()),
                };
                entries += listed.len();
                if entries > MAP_ENTRIES_MAX {
                    return Err(format!("a font's map of more than {MAP_ENTRIES_MAX} codes"));
                }
                let of_each = listed.iter().map(|units| String::from_utf16_lossy(units));
                texts.extend((first..=last).zip(of_each));
            }
        }
    }
    Ok(texts)
}

/// A text, and those of the next `more` codes: each one further in its last unit.
fn from_on(first: &[u16], more: u32) -> Vec<Vec<u16>> {
    let text = |at: u32| {
        let mut units = first.to_vec();
        if let Some(unit) = units.last_mut() {
            *unit = unit.wrapping_add(u16::try_from(at).unwrap_or(0));
        }
        units
    };
    (0..=more).map(text).collect()
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
    let code = u32::from_str_radix(token.trim(), 16).ok().filter(|code| *code <= 0xffff);
    code.ok_or_else(|| format!("a font's map with the code `{token}`"))
}

/// UTF-16 in hexadecimal; what is none is left out.
fn utf16(token: &str) -> Vec<u16> {
    let digits: Vec<u8> = token.bytes().filter(u8::is_ascii_hexdigit).collect();
    let unit = |digits: &[u8]| u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
    digits.chunks(4).filter_map(unit).collect()
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
        let code = u32::try_from(first + i64::try_from(at).ok()?).ok()?;
        Some((code, number(document, width)?))
    });
    Widths::Listed { widths: widths.collect(), other: WIDTH_UNKNOWN }
}

/// `W` lists `first [w w w]` and `first last w`, one after another.
fn composite_widths(document: &Document, font: &Dictionary) -> Widths {
    let descendants = font.get_deref(b"DescendantFonts", document).and_then(Object::as_array);
    let descendant =
        descendants.ok().and_then(|fonts| fonts.first()).and_then(|font| dictionary(document, font));
    let Some(descendant) = descendant else {
        return Widths::Listed { widths: BTreeMap::new(), other: WIDTH_COMPOSITE };
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
                let of_each = of_each.iter().map(|width| number(document, width).unwrap_or(other));
                widths.extend((first..).zip(of_each));
                rest = behind;
            }
            (Some(first), last, [width, behind @ ..]) => {
                let width = number(document, width).unwrap_or(other);
                // Glyphs have two bytes: no range is longer, whatever it says.
                let last = code(last).unwrap_or(first).min(first.saturating_add(0xffff));
                widths.extend((first..=last).map(|code| (code, width)));
                rest = behind;
            }
            (Some(_) | None, _, _) => break,
        }
    }
    Widths::Listed { widths, other }
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
