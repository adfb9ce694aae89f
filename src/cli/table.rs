//! Text tables for people: columns as wide as their widest cell, numbers to the right.
//! Knows nothing of what is in the cells.

use crate::fleet::Millis;

/// How a column is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// A table that grows by rows.
pub(super) struct Table {
    align: Vec<Align>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these columns.
    pub(super) fn of(columns: &[(&str, Align)]) -> Self {
        let names = columns.iter().map(|(name, _)| (*name).to_owned()).collect();
        Self { align: columns.iter().map(|(_, align)| *align).collect(), rows: vec![names] }
    }

    /// Adds a row; a cell for each column.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let cells: Vec<String> = cells.into_iter().collect();
        assert_eq!(cells.len(), self.align.len(), "a cell for each column");
        self.rows.push(cells);
    }

    /// The table as text, a line a row, the names first.
    pub(super) fn render(&self) -> String {
        let width =
            |column: usize| self.rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..self.align.len()).map(width).collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for ((cell, width), align) in row.iter().zip(&widths).zip(&self.align) {
                let pad = " ".repeat(width - cell.chars().count());
                match align {
                    Align::Left => line.extend([cell.as_str(), &pad, "  "]),
                    Align::Right => line.extend([pad.as_str(), cell, "  "]),
                }
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// A count with separators: `13 064` would be read as two numbers, so `13,064`.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A span of time: `0.8 s`, `42 s`, `3 min 05 s`, `1 h 02 min`.
pub(super) fn span(millis: u64) -> String {
    let seconds = millis / 1_000;
    match seconds {
        0..10 => format!("{}.{} s", seconds, millis % 1_000 / 100),
        10..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// A moment in UTC: `2024-01-26 08:15:00Z`.
pub(super) fn moment(millis: Millis) -> String {
    chrono::DateTime::from_timestamp_millis(millis).map_or_else(
        || "an impossible time".to_owned(),
        |moment| moment.format("%Y-%m-%d %H:%M:%SZ").to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::of(&[("dataset", Align::Left), ("rows", Align::Right)]);
        table.row(["a".to_owned(), count(1_234_567)]);
        assert_eq!(table.render(), "dataset       rows\na        1,234,567\n");
    }

    #[test]
    fn counts_and_spans_are_readable() {
        let counts = [(0, "0"), (999, "999"), (1_000, "1,000"), (13_064, "13,064"), (1_000_000, "1,000,000")];
        for (number, expected) in counts {
            assert_eq!(count(number), expected);
        }
        let spans = [
            (840, "0.8 s"),
            (9_999, "9.9 s"),
            (42_100, "42 s"),
            (185_000, "3 min 05 s"),
            (3_720_000, "1 h 02 min"),
        ];
        for (millis, expected) in spans {
            assert_eq!(span(millis), expected);
        }
    }
}
