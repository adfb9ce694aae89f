//! The injury report's table: words with places as rows of seven cells, page after page. Knows the columns' headers
//! and what a row is known by, a status or a note that the team has not submitted; not what a cell means.

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
        sheet.rows.extend(rows(number, &columns, &body, &page.rules)?);
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
}

/// The rows of a page. A reason that is too long for its cell stands in lines above and below its row: each of them
/// belongs to the nearest row that no drawn line parts it from.
fn rows(page: usize, columns: &[f64; 7], body: &[Vec<Word>], rules: &[Rule]) -> Result<Vec<Row>, Misshapen> {
    let lines: Vec<Line> = body.iter().map(|words| Line::of(columns, words)).collect();
    let of_rows: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].kind != Kind::Wrapped).collect();
    let crossing = |rule: &&Rule| rule.left <= columns[REASON] + 10.0 && rule.right >= columns[REASON] + 20.0;
    let rules: Vec<f64> = rules.iter().filter(crossing).map(|rule| rule.down).collect();
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); of_rows.len()];
    for (at, line) in lines.iter().enumerate() {
        let parted =
            |other: f64| rules.iter().any(|rule| (other.min(line.down)..other.max(line.down)).contains(rule));
        let distance = |row: &usize| (lines[of_rows[*row]].down - line.down).abs();
        let near = (0..of_rows.len())
            .filter(|row| distance(row) <= WRAPPED_MAX && !parted(lines[of_rows[*row]].down));
        let Some(row) = near.min_by(|a, b| distance(a).total_cmp(&distance(b))) else {
            return Err(Misshapen::Stray { page, text: line.cells.join(" ").trim().to_owned() });
        };
        members[row].push(at);
    }
    let row = |(number, (row, members)): (usize, (usize, Vec<usize>))| Row {
        page,
        number: number + 1,
        cells: std::array::from_fn(|column| {
            let parts = members.iter().map(|at| &*lines[*at].cells[column]).filter(|part| !part.is_empty());
            parts.collect::<Vec<&str>>().join(" ")
        }),
        is_not_submitted: lines[row].kind == Kind::NotSubmitted,
    };
    Ok(of_rows.into_iter().zip(members).enumerate().map(row).collect())
}
