//! A PDF's pages as words with their places, and the lines that are drawn between them. Knows no report.
//! Bounded: in the file's bytes, in what its streams unpack to, in pages, and on each in operators, letters, words and
//! lines, so that damaged or hostile bytes end in a fault and never in memory or time without end.

use std::rc::Rc;

use lopdf::content::{Content, Operation};
use lopdf::xref::XrefRecovery;
use lopdf::{Dictionary, Document, LoadOptions, Object, ObjectId};

use super::allowance::{Allowance, STREAM_BYTES_MAX};
use super::fonts::{Font, Fonts};

/// No report comes near: they have ten pages at most and some hundred kilobytes.
pub(super) const PDF_BYTES_MAX: usize = 4 * 1024 * 1024;
const PAGES_MAX: usize = 100;
/// What the streams that hold objects may unpack to while the file is opened, all together; each has its share. What
/// pages and fonts have unpacked is in `allowance.rs`.
const OPENED_BYTES_MAX: usize = 64 * 1024 * 1024;
/// What one page may have: streams, operators, letters, words and lines. A full one has one, some thousand of each of
/// the next two, some hundred words and, where each cell has its border, a thousand lines.
const CONTENTS_MAX: usize = 100;
const OPERATIONS_MAX: usize = 200_000;
const LETTERS_MAX: usize = 100_000;
const WORDS_MAX: usize = 5_000;
const RULES_MAX: usize = 20_000;
/// States that a page may keep at a time.
const STATES_MAX: usize = 64;

/// A gap in a line wider than this, in parts of the font's size, parts two words.
const WORD_GAP: f64 = 0.15;
/// How far a glyph may stand above or below its word, likewise.
const BASELINE: f64 = 0.3;
/// A line that rises by less, in points, is level; a shorter one than that is an ornament.
const RULE_SLOPE_MAX: f64 = 1.0;
const RULE_LENGTH_MIN: f64 = 20.0;

/// A page: points from its left edge to the right, and downwards.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) words: Vec<Word>,
    pub(super) rules: Vec<Rule>,
}

/// A word.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Word {
    pub(super) left: f64,
    pub(super) right: f64,
    /// Its baseline; smaller is higher on the page.
    pub(super) down: f64,
    pub(super) text: String,
}

/// A level line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rule {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) down: f64,
}

/// Why bytes are no readable PDF.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unreadable {
    /// From 1; `None` where the whole file is meant.
    pub(super) page: Option<usize>,
    pub(super) reason: String,
}

/// The pages of a file.
pub(super) fn pages(bytes: &[u8]) -> Result<Vec<Page>, Unreadable> {
    let unreadable = |reason: String| Unreadable { page: None, reason };
    if bytes.len() > PDF_BYTES_MAX {
        return Err(unreadable(format!("more than {PDF_BYTES_MAX} bytes are not read")));
    }
    let share = (OPENED_BYTES_MAX / streams(bytes).max(1)).min(STREAM_BYTES_MAX);
    let options = LoadOptions::with_max_decompressed_size(share);
    let document = Document::load_mem_with_options(bytes, options)
        .map_err(|error| unreadable(format!("no readable PDF: {error}")))?;
    // What a reader could still make out of a file that breaks off is no report any more.
    if document.xref_recovery == Some(XrefRecovery::Reconstructed) {
        return Err(unreadable("it is damaged: its table of objects is missing or wrong".to_owned()));
    }
    if document.is_encrypted() {
        return Err(unreadable("it is encrypted".to_owned()));
    }
    let ids: Vec<ObjectId> = document.page_iter().take(PAGES_MAX + 1).collect();
    if ids.is_empty() || ids.len() > PAGES_MAX {
        return Err(unreadable(format!("{} pages, expected 1 to {PAGES_MAX}", ids.len())));
    }
    let (mut fonts, mut allowance) = (Fonts::of(&document), Allowance::WHOLE);
    let mut pages = Vec::with_capacity(ids.len());
    for (at, id) in ids.into_iter().enumerate() {
        let page = page(&document, id, &mut fonts, &mut allowance);
        pages.push(page.map_err(|reason| Unreadable { page: Some(at + 1), reason })?);
    }
    Ok(pages)
}

/// How many streams a file has at most: each begins with the word, which `endstream` has in it too.
fn streams(bytes: &[u8]) -> usize {
    let count = |word: &[u8]| bytes.windows(word.len()).filter(|window| *window == word).count();
    count(b"stream") - count(b"endstream")
}

fn page<'d>(
    document: &'d Document,
    id: ObjectId,
    fonts: &mut Fonts<'d>,
    allowance: &mut Allowance,
) -> Result<Page, String> {
    let of_page = fonts_of_page(document, id)?;
    let content = content(document, id, allowance)?;
    let mut drawing = Drawing::NEW;
    for (number, operation) in Content::decode_iter(&content).enumerate() {
        if number >= OPERATIONS_MAX {
            return Err(format!("more than {OPERATIONS_MAX} operators are not read"));
        }
        let operation = operation.map_err(|error| format!("its content: {error}"))?;
        if operation.operator == "Tf" {
            let name = operation.operands.first().and_then(|name| name.as_name().ok()).unwrap_or_default();
            drawing.now.font = Some(fonts.named(of_page, name, allowance)?);
        }
        drawing.carry_out(&operation)?;
    }
    let mut drawn = drawing.drawn;
    drawn.words.retain(|word| !word.text.is_empty());
    for (count, max, what) in
        [(drawn.words.len(), WORDS_MAX, "words"), (drawn.rules.len(), RULES_MAX, "level lines")]
    {
        if count > max {
            return Err(format!("more than {max} {what} are not read"));
        }
    }
    Ok(drawn)
}

/// The fonts in a page's resources, which are its own or else those of the nearest node above it that has any.
fn fonts_of_page(document: &Document, id: ObjectId) -> Result<Option<&Dictionary>, String> {
    let (own, referred) = document.get_page_resources(id).map_err(|error| format!("its fonts: {error}"))?;
    let nearest = own.or_else(|| document.get_dictionary(*referred.first()?).ok());
    Ok(nearest.and_then(|resources| document.get_dict_in_dict(resources, b"Font").ok()))
}

/// A page's content, which may be in several streams.
fn content(document: &Document, id: ObjectId, allowance: &mut Allowance) -> Result<Vec<u8>, String> {
    let ids = document.get_page_contents(id);
    if ids.len() > CONTENTS_MAX {
        return Err(format!("more than {CONTENTS_MAX} streams are not read"));
    }
    let mut content = Vec::new();
    for id in ids {
        let Ok(stream) = document.get_object(id).and_then(Object::as_stream) else {
            continue;
        };
        content.extend(allowance.unpack(stream).map_err(|error| format!("its content: {error}"))?);
        content.push(b'\n');
        if content.len() > STREAM_BYTES_MAX {
            return Err(format!("its content: more than {STREAM_BYTES_MAX} bytes are not read"));
        }
    }
    Ok(content)
}

/// A matrix as PDF writes it: `x' = a x + c y + e`, `y' = b x + d y + f`.
type Matrix = [f64; 6];

const UNIT: Matrix = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];

/// First the one, then the other.
fn then(one: Matrix, other: Matrix) -> Matrix {
    let [a, b, c, d, e, f] = one;
    let [g, h, i, j, k, l] = other;
    [a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + l]
}

fn place(matrix: Matrix, x: f64, y: f64) -> (f64, f64) {
    (matrix[0] * x + matrix[2] * y + matrix[4], matrix[1] * x + matrix[3] * y + matrix[5])
}

/// What holds while a page is drawn.
#[derive(Clone)]
struct State {
    onto_page: Matrix,
    text: Matrix,
    line: Matrix,
    font: Option<Rc<Font>>,
    size: f64,
    letter_gap: f64,
    space_gap: f64,
    stretch: f64,
    leading: f64,
}

impl State {
    const NEW: Self = Self {
        onto_page: UNIT,
        text: UNIT,
        line: UNIT,
        font: None,
        size: 0.0,
        letter_gap: 0.0,
        space_gap: 0.0,
        stretch: 1.0,
        leading: 0.0,
    };
}

/// A page while it is drawn.
struct Drawing {
    now: State,
    kept: Vec<State>,
    /// Level lines of a path that is not painted yet.
    path: Vec<Rule>,
    /// Where that path has come to.
    pen: (f64, f64),
    drawn: Page,
    letters: usize,
}

impl Drawing {
    const NEW: Self = Self {
        now: State::NEW,
        kept: Vec::new(),
        path: Vec::new(),
        pen: (0.0, 0.0),
        drawn: Page { words: Vec::new(), rules: Vec::new() },
        letters: 0,
    };

    fn carry_out(&mut self, operation: &Operation) -> Result<(), String> {
        let operands = &operation.operands;
        let numbers: Vec<f64> =
            operands.iter().filter_map(|operand| operand.as_float().ok()).map(f64::from).collect();
        let first = numbers.first().copied();
        match operation.operator.as_str() {
            "q" if self.kept.len() < STATES_MAX => self.kept.push(self.now.clone()),
            "q" => return Err(format!("more than {STATES_MAX} states are kept")),
            "Q" => self.now = self.kept.pop().unwrap_or(State::NEW),
            "cm" => self.now.onto_page = then(matrix(&numbers)?, self.now.onto_page),
            "BT" => (self.now.text, self.now.line) = (UNIT, UNIT),
            "Tf" => self.now.size = first.unwrap_or(0.0),
            "Tc" => self.now.letter_gap = first.unwrap_or(0.0),
            "Tw" => self.now.space_gap = first.unwrap_or(0.0),
            "Tz" => self.now.stretch = first.unwrap_or(100.0) / 100.0,
            "TL" => self.now.leading = first.unwrap_or(0.0),
            "Tm" => {
                self.now.line = matrix(&numbers)?;
                self.now.text = self.now.line;
            }
            "Td" | "TD" => {
                let [x, y] = *numbers else { return Err("a place without two numbers".to_owned()) };
                if operation.operator == "TD" {
                    self.now.leading = -y;
                }
                self.next_line(x, y);
            }
            "T*" => self.next_line(0.0, -self.now.leading),
            "Tj" => self.show_all(operands)?,
            "TJ" => {
                if let Some(Object::Array(parts)) = operands.first() {
                    self.show_all(parts)?;
                }
            }
            "'" | "\"" => {
                if let ("\"", [space_gap, letter_gap, ..]) = (&*operation.operator, &*numbers) {
                    (self.now.space_gap, self.now.letter_gap) = (*space_gap, *letter_gap);
                }
                self.next_line(0.0, -self.now.leading);
                self.show_all(operands.last().map_or(&[], std::slice::from_ref))?;
            }
            _ => self.draw(&operation.operator, &numbers),
        }
        Ok(())
    }

    fn next_line(&mut self, x: f64, y: f64) {
        self.now.line = then([1.0, 0.0, 0.0, 1.0, x, y], self.now.line);
        self.now.text = self.now.line;
    }

    /// Shows strings; numbers between them move the pen back by thousandths of the font's size.
    fn show_all(&mut self, parts: &[Object]) -> Result<(), String> {
        for part in parts {
            match part {
                Object::String(shown, _) => self.show(shown)?,
                other => {
                    let thousandths = other.as_float().map_or(0.0, f64::from);
                    let back = thousandths / 1000.0 * self.now.size * self.now.stretch;
                    self.now.text = then([1.0, 0.0, 0.0, 1.0, -back, 0.0], self.now.text);
                }
            }
        }
        Ok(())
    }

    fn show(&mut self, shown: &[u8]) -> Result<(), String> {
        let font = self.now.font.clone().ok_or("text in no font")?;
        for glyph in font.glyphs(shown) {
            let glyph = glyph?;
            self.letters += glyph.text.chars().count();
            if self.letters > LETTERS_MAX {
                return Err(format!("more than {LETTERS_MAX} letters are not read"));
            }
            let State { size, stretch, letter_gap, space_gap, .. } = self.now;
            let onto_page = then(self.now.text, self.now.onto_page);
            let from = place(onto_page, 0.0, 0.0);
            let to = place(onto_page, glyph.width * size * stretch, 0.0);
            let height = (onto_page[2].hypot(onto_page[3]) * size).abs();
            self.put(glyph.text, (from.0, to.0), -from.1, height);
            let gap = letter_gap + if glyph.is_space { space_gap } else { 0.0 };
            let on = (glyph.width * size + gap) * stretch;
            self.now.text = then([1.0, 0.0, 0.0, 1.0, on, 0.0], self.now.text);
        }
        Ok(())
    }

    /// A glyph goes on with the last word, or begins one.
    fn put(&mut self, text: &str, (left, right): (f64, f64), down: f64, height: f64) {
        let [left, right, down] =
            [left, right, down].map(|value| if value.is_finite() { value } else { 0.0 });
        let is_blank = text.chars().all(|letter| letter.is_whitespace() || letter.is_control());
        match self.drawn.words.last_mut() {
            _ if is_blank => {
                // A word ends here: an empty one makes sure of it, and is left out at the end.
                self.drawn.words.push(Word { left: f64::MAX, right: f64::MAX, down, text: String::new() });
            }
            Some(word)
                if (word.down - down).abs() <= BASELINE * height
                    && (left - word.right).abs() <= WORD_GAP * height =>
            {
                word.text.push_str(text);
                word.right = right;
            }
            Some(_) | None => self.drawn.words.push(Word { left, right, down, text: text.to_owned() }),
        }
    }

    /// Collects level lines: strokes, and boxes, of which the upper and the lower edge are lines too.
    fn draw(&mut self, operator: &str, numbers: &[f64]) {
        let rule = |from: (f64, f64), to: (f64, f64)| Rule {
            left: from.0.min(to.0),
            right: from.0.max(to.0),
            down: -(from.1 + to.1) / 2.0,
        };
        match (operator, numbers) {
            ("m", [x, y]) => self.pen = place(self.now.onto_page, *x, *y),
            ("l", [x, y]) => {
                let to = place(self.now.onto_page, *x, *y);
                if (self.pen.1 - to.1).abs() <= RULE_SLOPE_MAX {
                    self.path.push(rule(self.pen, to));
                }
                self.pen = to;
            }
            ("re", [x, y, width, height]) => {
                for y in [*y, y + height] {
                    let [from, to] = [*x, x + width].map(|x| place(self.now.onto_page, x, y));
                    self.path.push(rule(from, to));
                }
            }
            ("S" | "s" | "f" | "F" | "f*" | "B" | "B*" | "b" | "b*", _) => {
                let long = self.path.drain(..).filter(|rule| rule.right - rule.left >= RULE_LENGTH_MIN);
                self.drawn.rules.extend(long);
            }
            ("n", _) => self.path.clear(),
            _ => {}
        }
    }
}

fn matrix(numbers: &[f64]) -> Result<Matrix, String> {
    numbers.try_into().map_err(|_| format!("a matrix of {} numbers", numbers.len()))
}
