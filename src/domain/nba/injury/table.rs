//! The injury report's table: words with places as rows of seven cells, page after page. Knows the columns' headers
//! and what a row is known by, a status or a note that the team has not submitted; not what a cell means. The layout is
//! what others' parsers of the league's reports tell of it: no report of the league's own is beside the project.

use super::pdf::{Page, Rule, Word};
use crate::domain::nba::identity::player_lookup;

/// The columns by their headers, from left to right.
pub(super) const COLUMNS: [&str; 7] =
    ["Game Date", "Game Time", "Matchup", "Team", "Player Name", "Current Status", "Reason"];

/// Places in `COLUMNS`.
pub(super) const STATUS: usize = 5;
const REASON: usize = 6;

/// A cell begins at most so many points to the left of its header.
const CELL_BEFORE_HEADER: f64 = 3.0;
/// Words whose baselines are no further apart are on one line.
const LINE_HEIGHT: f64 = 2.0;
/// A line that has been broken off a cell is no further from its row than a few lines.
const WRAPPED_MAX: f64 = 45.0;

/// What stands in the reason's place for a team that has told nothing.
const NOT_SUBMITTED: &str = "notyetsubmitted";

/// A row of the table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    /// The page, from 1.
    pub(super) page: usize,
    /// Its place on the page, from 1.
    pub(super) number: usize,
    pub(super) cells: [String; 7],
    /// Whether it says that the team has not submitted.
    pub(super) is_not_submitted: bool,
}

/// All that is read off the pages.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    /// The line that begins with `Injury Report:`, without spaces.
    pub(super) title: Option<String>,
    pub(super) rows: Vec<Row>,
    /// How many pages the file says that it has.
    pub(super) pages_told: Option<usize>,
}

/// Why the pages are no such table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Misshapen {
    /// There is no header with this column.
    ColumnMissing { page: usize, column: &'static str },
    /// Text that belongs to no row.
    Stray { page: usize, text: String },
}

/// Reads the table. A page without a header has the columns of the page before.
pub(super) fn sheet(pages: &[Page]) -> Result<Sheet, Misshapen> {
    let mut sheet = Sheet::default();
    let mut columns: Option<[f64; 7]> = None;
    for (at, page) in pages.iter().enumerate() {
        let number = at + 1;
        let mut body = Vec::new();
        for line in lines(page) {
            let compact = compact(&line);
            if compact.starts_with("injuryreport:") {
                sheet.title.get_or_insert(compact);
            } else if let Some(told) = footer(&compact) {
                sheet.pages_told = Some(told);
            } else if is_header(&compact) {
                columns =
                    Some(starts(&line).map_err(|column| Misshapen::ColumnMissing { page: number, column })?);
            } else {
                body.push(line);
            }
        }
        let Some(columns) = columns else {
            return Err(Misshapen::ColumnMissing { page: number, column: COLUMNS[0] });
        };
        let mut body = Body::of(&columns, &body, &page.rules);
        if let Some(above) = sheet.rows.last_mut().filter(|row| !row.is_not_submitted) {
            body.give_back(&mut above.cells[REASON]);
        }
        sheet.rows.extend(body.rows(number)?);
    }
    Ok(sheet)
}

/// A page's words by lines from top to bottom, in each from left to right.
fn lines(page: &Page) -> Vec<Vec<Word>> {
    let mut words = page.words.clone();
    words.sort_by(|a, b| a.down.total_cmp(&b.down));
    let mut lines: Vec<Vec<Word>> = Vec::new();
    for word in words {
        match lines.last_mut() {
            Some(line) if word.down - line[0].down <= LINE_HEIGHT => line.push(word),
            Some(_) | None => lines.push(vec![word]),
        }
    }
    for line in &mut lines {
        line.sort_by(|a, b| a.left.total_cmp(&b.left));
    }
    lines
}

/// In lower case and without spaces: some years' words come without them.
fn compact(line: &[Word]) -> String {
    line.iter()
        .flat_map(|word| word.text.chars())
        .filter(|c| !c.is_whitespace())
        .flat_map(char::to_lowercase)
        .collect()
}

/// The number of pages in `Page 1 of 9`.
fn footer(compact: &str) -> Option<usize> {
    let (page, of) = compact.strip_prefix("page")?.split_once("of")?;
    page.parse::<usize>().ok().and(of.parse().ok())
}

fn is_header(compact: &str) -> bool {
    compact.starts_with("gamedate") || (compact.contains("matchup") && compact.contains("playername"))
}

/// Where each column begins; the error names one that has no header.
fn starts(line: &[Word]) -> Result<[f64; 7], &'static str> {
    let mut starts = [0.0; 7];
    let mut rest = line;
    for (start, column) in starts.iter_mut().zip(COLUMNS) {
        let wanted = player_lookup(column);
        let found = (0..rest.len()).find_map(|from| {
            let upto = (1..=2).find(|words| {
                rest.get(from..from + words).is_some_and(|words| player_lookup(&compact(words)) == wanted)
            })?;
            Some((from, from + upto))
        });
        let (from, upto) = found.ok_or(column)?;
        *start = rest[from].left - CELL_BEFORE_HEADER;
        rest = &rest[upto..];
    }
    Ok(starts)
}

/// A line by columns.
struct Line {
    down: f64,
    cells: [String; 7],
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Player,
    NotSubmitted,
    /// Broken off a cell of the row above or below.
    Wrapped,
}

impl Line {
    fn of(columns: &[f64; 7], words: &[Word]) -> Self {
        let mut cells: [Vec<&str>; 7] = Default::default();
        for word in words {
            let at = columns.iter().rposition(|start| *start <= word.left).unwrap_or(0);
            cells[at].push(&word.text);
        }
        let cells = cells.map(|words| words.join(" "));
        let kind = if compact(words).contains(NOT_SUBMITTED) {
            Kind::NotSubmitted
        } else if cells[STATUS].is_empty() {
            Kind::Wrapped
        } else {
            Kind::Player
        };
        Self { down: words[0].down, cells, kind }
    }

    fn is_reason_only(&self) -> bool {
        self.kind == Kind::Wrapped && self.cells[..REASON].iter().all(String::is_empty)
    }
}

/// A page below its header.
struct Body {
    /// From top to bottom.
    lines: Vec<Line>,
    /// Where among them those are that are rows.
    of_rows: Vec<usize>,
    /// How far down there are lines drawn across the reasons, from top to bottom.
    rules: Vec<f64>,
}

impl Body {
    fn of(columns: &[f64; 7], lines: &[Vec<Word>], rules: &[Rule]) -> Self {
        let lines = lines.iter().map(|words| Line::of(columns, words)).collect();
        let is_across = |rule: &&Rule| {
            let (left, right) = (columns[REASON] + 10.0, columns[REASON] + 20.0);
            rule.left <= left && rule.right >= right && rule.down.is_finite()
        };
        let mut rules: Vec<f64> = rules.iter().filter(is_across).map(|rule| rule.down).collect();
        rules.sort_by(f64::total_cmp);
        let mut body = Self { lines, of_rows: Vec::new(), rules };
        body.find_rows();
        body
    }

    fn find_rows(&mut self) {
        let is_row = |at: &usize| self.lines[*at].kind != Kind::Wrapped;
        self.of_rows = (0..self.lines.len()).filter(is_row).collect();
    }

    /// How far a line is from a row; nothing where a drawn line parts them, or they are too far from each other.
    fn distance(&self, line: usize, row: usize) -> Option<f64> {
        let [line, row] = [line, self.of_rows[row]].map(|at| self.lines[at].down);
        let (upper, lower) = (line.min(row), line.max(row));
        let next_rule = self.rules.get(self.rules.partition_point(|rule| *rule < upper));
        (lower - upper <= WRAPPED_MAX && next_rule.is_none_or(|rule| *rule >= lower)).then_some(lower - upper)
    }

    /// The row that a line belongs to: the nearest that no drawn line parts it from. Only the next one above and the
    /// next one below may be that.
    fn row_of(&self, line: usize) -> Option<usize> {
        let below = self.of_rows.partition_point(|row| *row < line);
        let near = [below.checked_sub(1), Some(below).filter(|row| *row < self.of_rows.len())];
        let near = near.into_iter().flatten().filter_map(|row| Some((row, self.distance(line, row)?)));
        near.min_by(|(_, one), (_, other)| one.total_cmp(other)).map(|(row, _)| row)
    }

    /// A reason that breaks over a page goes on above the first row of the next one. Gives back to the row before what
    /// is its: lines of nothing but a reason that cannot be the first row's, or are more than it has below it, for a row
    /// stands in the middle of its reason.
    fn give_back(&mut self, reason: &mut String) {
        let first_row = self.of_rows.first().copied().unwrap_or(self.lines.len());
        let reasons_only = self.lines[..first_row].iter().take_while(|line| line.is_reason_only()).count();
        let is_first_rows = |line: &usize| self.row_of(*line) == Some(0);
        let above = (0..first_row).filter(is_first_rows).count();
        let below = (first_row + 1..self.lines.len()).take_while(is_first_rows).count();
        let given_back = reasons_only.min(first_row - above.min(below));
        for line in self.lines.drain(..given_back) {
            reason.push_str(if reason.is_empty() { "" } else { " " });
            reason.push_str(&line.cells[REASON]);
        }
        self.find_rows();
    }

    /// The rows. A reason that is too long for its cell stands in lines above and below its row.
    fn rows(&self, page: usize) -> Result<Vec<Row>, Misshapen> {
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); self.of_rows.len()];
        for (at, line) in self.lines.iter().enumerate() {
            let Some(row) = self.row_of(at) else {
                return Err(Misshapen::Stray { page, text: line.cells.join(" ").trim().to_owned() });
            };
            members[row].push(at);
        }
        let row = |(number, (row, members)): (usize, (&usize, Vec<usize>))| Row {
            page,
            number: number + 1,
            cells: std::array::from_fn(|column| {
                let parts = members.iter().map(|at| &*self.lines[*at].cells[column]);
                parts.filter(|part| !part.is_empty()).collect::<Vec<&str>>().join(" ")
            }),
            is_not_submitted: self.lines[*row].kind == Kind::NotSubmitted,
        };
        Ok(self.of_rows.iter().zip(members).enumerate().map(row).collect())
    }
}
