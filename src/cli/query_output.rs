//! How a query's result is shown: as an aligned table for people, as CSV or JSON for programs. CSV and JSON
//! go out row by row; a table is measured on its first rows. May import `adapters::query`; knows no SQL.

use std::io::{self, Write};

use serde_json::Value;

use crate::adapters::query::{RowSink, SqlValue};

/// What `--format` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(super) enum QueryFormat {
    /// Columns side by side, numbers to the right.
    #[default]
    Table,
    /// RFC 4180, with a line of column names; a null is an empty field, an empty text is `""`.
    Csv,
    /// An array of objects, one a line.
    Json,
}

/// Rows by which a table's widths are chosen; wider cells after them move their line's rest to the right.
const ROWS_MEASURED: usize = 1_000;

/// Writes a result in a format. Call `finish` after the last row.
pub(super) struct QueryOutput<W> {
    out: W,
    format: QueryFormat,
    names: Vec<String>,
    rows: u64,
    /// The rows of a table that wait to be measured; none once they were.
    waiting: Option<Vec<Vec<Shown>>>,
    widths: Vec<usize>,
}

/// A cell as a table shows it.
struct Shown {
    text: String,
    number: bool,
}

impl<W: Write> QueryOutput<W> {
    /// A writer of one result.
    pub(super) fn new(out: W, format: QueryFormat) -> Self {
        let waiting = Some(Vec::new());
        Self { out, format, names: Vec::new(), rows: 0, waiting, widths: Vec::new() }
    }

    /// Writes what is left; for a table also how many rows there were. Gives the writer back.
    pub(super) fn finish(mut self) -> io::Result<W> {
        match self.format {
            QueryFormat::Table => {
                self.measure()?;
                let word = if self.rows == 1 { "row" } else { "rows" };
                writeln!(self.out, "({} {word})", self.rows)?;
            }
            QueryFormat::Csv => {}
            QueryFormat::Json if self.rows == 0 => writeln!(self.out, "[]")?,
            QueryFormat::Json => writeln!(self.out, "\n]")?,
        }
        self.out.flush()?;
        Ok(self.out)
    }

    /// Chooses the widths of a table and writes its head and the rows that waited.
    fn measure(&mut self) -> io::Result<()> {
        let Some(waiting) = self.waiting.take() else {
            return Ok(());
        };
        self.widths = self.names.iter().map(|name| width(name)).collect();
        for row in &waiting {
            for (widest, cell) in self.widths.iter_mut().zip(row) {
                *widest = (*widest).max(width(&cell.text));
            }
        }
        let head: Vec<Shown> = self
            .names
            .iter()
            .enumerate()
            .map(|(column, name)| Shown {
                text: name.clone(),
                number: waiting.first().is_some_and(|row| row[column].number),
            })
            .collect();
        self.table_row(&head)?;
        let rule: Vec<String> = self.widths.iter().map(|width| "-".repeat(*width)).collect();
        writeln!(self.out, "{}", rule.join("  "))?;
        for row in &waiting {
            self.table_row(row)?;
        }
        Ok(())
    }

    fn table_row(&mut self, row: &[Shown]) -> io::Result<()> {
        let mut line = String::new();
        for (cell, widest) in row.iter().zip(&self.widths) {
            let blank = " ".repeat(widest.saturating_sub(width(&cell.text)));
            let (before, after) = if cell.number { (blank.as_str(), "") } else { ("", blank.as_str()) };
            line.push_str(&format!("{before}{}{after}  ", cell.text));
        }
        writeln!(self.out, "{}", line.trim_end())
    }

    fn json_row(&mut self, cells: &[SqlValue<'_>]) -> io::Result<()> {
        let start = if self.rows == 0 { "[\n" } else { ",\n" };
        let members: Vec<String> = self
            .names
            .iter()
            .zip(cells)
            .map(|(name, cell)| format!("{}:{}", Value::from(name.as_str()), json(cell)))
            .collect();
        write!(self.out, "{start}{{{}}}", members.join(","))
    }
}

/// Names that occur once: an object holds a name only once, so a second `points` becomes `points_2`.
fn distinct(names: &[String]) -> Vec<String> {
    let mut distinct: Vec<String> = Vec::with_capacity(names.len());
    for name in names {
        let mut candidate = name.clone();
        let mut number = 2;
        while distinct.contains(&candidate) {
            candidate = format!("{name}_{number}");
            number += 1;
        }
        distinct.push(candidate);
    }
    distinct
}

impl<W: Write> RowSink for QueryOutput<W> {
    fn columns(&mut self, names: &[String]) -> io::Result<()> {
        self.names = names.to_vec();
        match self.format {
            QueryFormat::Table => Ok(()),
            QueryFormat::Json => {
                self.names = distinct(names);
                Ok(())
            }
            QueryFormat::Csv => {
                let names: Vec<String> = names.iter().map(|name| csv_text(name)).collect();
                write!(self.out, "{}\r\n", names.join(","))
            }
        }
    }

    fn row(&mut self, cells: &[SqlValue<'_>]) -> io::Result<()> {
        match self.format {
            QueryFormat::Table => {
                let row: Vec<Shown> = cells.iter().map(shown).collect();
                match &mut self.waiting {
                    Some(waiting) => {
                        waiting.push(row);
                        if waiting.len() == ROWS_MEASURED {
                            self.measure()?;
                        }
                    }
                    None => self.table_row(&row)?,
                }
            }
            QueryFormat::Csv => {
                let cells: Vec<String> = cells.iter().map(csv).collect();
                write!(self.out, "{}\r\n", cells.join(","))?;
            }
            QueryFormat::Json => self.json_row(cells)?,
        }
        self.rows += 1;
        Ok(())
    }
}

fn shown(cell: &SqlValue<'_>) -> Shown {
    let (text, number) = match cell {
        SqlValue::Null => ("null".to_owned(), false),
        SqlValue::Int(number) => (number.to_string(), true),
        SqlValue::Float(number) => (float(*number), true),
        // A line break within a cell would break the table.
        SqlValue::Text(text) => (text.replace(['\n', '\r', '\t'], " "), false),
        SqlValue::Bytes(bytes) => (hex(bytes), false),
    };
    Shown { text, number }
}

fn csv(cell: &SqlValue<'_>) -> String {
    match cell {
        SqlValue::Null => String::new(),
        SqlValue::Int(number) => number.to_string(),
        SqlValue::Float(number) => float(*number),
        SqlValue::Text(text) => csv_text(text),
        SqlValue::Bytes(bytes) => hex(bytes),
    }
}

fn csv_text(text: &str) -> String {
    if text.is_empty() || text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

fn json(cell: &SqlValue<'_>) -> Value {
    match cell {
        SqlValue::Null => Value::Null,
        SqlValue::Int(number) => Value::from(*number),
        // JSON has no infinity, which SQL can come to: it becomes null.
        SqlValue::Float(number) => Value::from(*number),
        SqlValue::Text(text) => Value::from(*text),
        SqlValue::Bytes(bytes) => Value::from(hex(bytes)),
    }
}

/// The shortest text that reads back as the same number, always with a point: `33.0`.
fn float(number: f64) -> String {
    format!("{number:?}")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// How many places a text takes, one a character.
fn width(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(format: QueryFormat, rows: &[&[SqlValue<'_>]]) -> String {
        let mut output = QueryOutput::new(Vec::new(), format);
        output.columns(&["player".to_owned(), "points".to_owned()]).expect("columns");
        for row in rows {
            output.row(row).expect("row");
        }
        String::from_utf8(output.finish().expect("finished")).expect("text")
    }

    #[test]
    fn each_format_shows_the_same_rows() {
        let rows: [&[SqlValue<'_>]; 4] = [
            &[SqlValue::Text("Dončić, \"L\""), SqlValue::Float(33.0)],
            &[SqlValue::Text(""), SqlValue::Int(-5)],
            &[SqlValue::Null, SqlValue::Null],
            &[SqlValue::Bytes(&[0, 255]), SqlValue::Float(0.1)],
        ];
        let none: [&[SqlValue<'_>]; 0] = [];
        for (format, rows, expected) in [
            (
                QueryFormat::Table,
                &rows[..],
                "player       points\n-----------  ------\nDončić, \"L\"    33.0\n                 -5\nnull         null\n\
                 00ff            0.1\n(4 rows)\n",
            ),
            (
                QueryFormat::Csv,
                &rows[..],
                "player,points\r\n\"Dončić, \"\"L\"\"\",33.0\r\n\"\",-5\r\n,\r\n00ff,0.1\r\n",
            ),
            (
                QueryFormat::Json,
                &rows[..],
                "[\n{\"player\":\"Dončić, \\\"L\\\"\",\"points\":33.0},\n{\"player\":\"\",\"points\":-5},\n\
                 {\"player\":null,\"points\":null},\n{\"player\":\"00ff\",\"points\":0.1}\n]\n",
            ),
            (QueryFormat::Table, &none[..], "player  points\n------  ------\n(0 rows)\n"),
            (QueryFormat::Csv, &none[..], "player,points\r\n"),
            (QueryFormat::Json, &none[..], "[]\n"),
        ] {
            assert_eq!(written(format, rows), expected, "{format:?}");
        }
    }

    #[test]
    fn an_object_has_each_name_once_and_in_order() {
        let names = ["z", "a", "z", "z_2", "z"].map(str::to_owned);
        assert_eq!(distinct(&names), ["z", "a", "z_2", "z_2_2", "z_3"]);
        let mut output = QueryOutput::new(Vec::new(), QueryFormat::Json);
        output.columns(&names[..3]).expect("columns");
        output.row(&[SqlValue::Int(1), SqlValue::Null, SqlValue::Int(2)]).expect("row");
        let text = String::from_utf8(output.finish().expect("finished")).expect("text");
        assert_eq!(text, "[\n{\"z\":1,\"a\":null,\"z_2\":2}\n]\n");
    }

    #[test]
    fn a_long_table_is_not_kept_in_memory() {
        let mut output = QueryOutput::new(Vec::new(), QueryFormat::Table);
        output.columns(&["n".to_owned()]).expect("columns");
        for number in 0..ROWS_MEASURED as i64 + 5 {
            output.row(&[SqlValue::Int(number)]).expect("row");
        }
        assert!(output.waiting.is_none());
        let text = String::from_utf8(output.finish().expect("finished")).expect("text");
        assert_eq!(text.lines().count(), ROWS_MEASURED + 5 + 3);
        assert!(text.ends_with("1004\n(1005 rows)\n"));
    }
}
