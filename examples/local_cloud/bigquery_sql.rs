//! The SQL that the local BigQuery knows: four statements, read strictly; anything else is refused, so that a caller
//! cannot believe that it was understood.

use std::collections::BTreeMap;

/// A row of an answer or of notes, as texts and nulls.
pub(crate) type Cells = Vec<Option<String>>;

/// A statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Statement {
    /// `INFORMATION_SCHEMA.PARTITIONS` of a dataset.
    Partitions { dataset: String },
    /// The latest row of each dataset and date.
    Notes { dataset: String, table: String },
    /// Rows, appended.
    Insert { dataset: String, table: String, rows: Vec<Cells> },
    /// Partitions, taken away.
    Delete { dataset: String, table: String, dates: Vec<String> },
}

const NOTE_COLUMNS: &str = "dataset, date, revision, row_count, committed_at, job, ended_at, fault";

/// Reads a statement.
pub(crate) fn parse(sql: &str) -> Result<Statement, String> {
    let mut text = Text(sql.trim());
    if text.takes("SELECT table_name, partition_id, total_rows, UNIX_MILLIS(last_modified_time) FROM ") {
        let (dataset, view) = text.name()?;
        text.must_take(" WHERE partition_id IS NOT NULL AND total_rows > 0")?;
        text.must_end()?;
        return if view == "INFORMATION_SCHEMA.PARTITIONS" {
            Ok(Statement::Partitions { dataset })
        } else {
            Err(format!("{view} has no partition_id"))
        };
    }
    if text.takes("SELECT dataset, CAST(date AS STRING), revision, row_count, UNIX_MILLIS(committed_at), job, UNIX_MILLIS(ended_at), fault FROM ") {
        let (dataset, table) = text.name()?;
        text.must_take(
            " WHERE TRUE QUALIFY ROW_NUMBER() OVER (PARTITION BY dataset, date ORDER BY ended_at DESC, \
             committed_at DESC) = 1",
        )?;
        text.must_end()?;
        return Ok(Statement::Notes { dataset, table });
    }
    if text.takes("DELETE FROM ") {
        let (dataset, table) = text.name()?;
        text.must_take(" WHERE date IN (")?;
        let mut dates = vec![text.date()?];
        while text.takes(", ") {
            dates.push(text.date()?);
        }
        text.must_take(")")?;
        text.must_end()?;
        return Ok(Statement::Delete { dataset, table, dates });
    }
    text.must_take("INSERT INTO ")?;
    let (dataset, table) = text.name()?;
    text.must_take(&format!(" ({NOTE_COLUMNS}) VALUES "))?;
    let mut rows = vec![text.row()?];
    while text.takes(", ") {
        rows.push(text.row()?);
    }
    text.must_end()?;
    Ok(Statement::Insert { dataset, table, rows })
}

/// The latest row of each dataset and date, of rows in the order of `NOTE_COLUMNS`.
pub(crate) fn latest(rows: &[Cells]) -> Vec<Cells> {
    let number = |cell: &Option<String>| cell.as_ref().and_then(|text| text.parse::<i64>().ok());
    let mut latest: BTreeMap<[&Option<String>; 2], &Cells> = BTreeMap::new();
    for row in rows {
        let age = |row: &Cells| (number(&row[6]), number(&row[4]));
        let kept = latest.entry([&row[0], &row[1]]).or_insert(row);
        if age(row) > age(kept) {
            *kept = row;
        }
    }
    latest.into_values().cloned().collect()
}

/// What is left of a statement.
struct Text<'a>(&'a str);

impl Text<'_> {
    fn takes(&mut self, words: &str) -> bool {
        let rest = self.0.strip_prefix(words);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn must_take(&mut self, words: &str) -> Result<(), String> {
        if self.takes(words) {
            return Ok(());
        }
        let found: String = self.0.chars().take(60).collect();
        Err(format!("Syntax error: expected `{words}` but got `{found}`"))
    }

    fn must_end(&self) -> Result<(), String> {
        if self.0.is_empty() { Ok(()) } else { Err(format!("Syntax error: unexpected `{}`", self.0)) }
    }

    /// `` `project.dataset.table` ``: dataset and table.
    fn name(&mut self) -> Result<(String, String), String> {
        self.must_take("`")?;
        let (name, rest) = self.0.split_once('`').ok_or("Unclosed identifier literal")?;
        self.0 = rest;
        let mut parts = name.splitn(3, '.');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(_), Some(dataset), Some(table)) => Ok((dataset.to_owned(), table.to_owned())),
            _ => Err(format!("`{name}` does not name a table")),
        }
    }

    fn date(&mut self) -> Result<String, String> {
        self.must_take("DATE ")?;
        let day = self.text()?;
        match chrono::NaiveDate::parse_from_str(&day, "%Y-%m-%d") {
            Ok(_) => Ok(day),
            Err(_) => Err(format!("Invalid DATE literal `{day}`")),
        }
    }

    /// A text literal in single quotes.
    fn text(&mut self) -> Result<String, String> {
        self.must_take("'")?;
        let mut text = String::new();
        let mut letters = self.0.char_indices();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '\'' => {
                    self.0 = &self.0[at + 1..];
                    return Ok(text);
                }
                '\\' => match letters.next() {
                    Some((_, escaped @ ('\'' | '\\'))) => text.push(escaped),
                    other => return Err(format!("Illegal escape sequence: {other:?}")),
                },
                '\n' => break,
                other => text.push(other),
            }
        }
        Err("Unclosed string literal".to_owned())
    }

    fn number(&mut self) -> Result<String, String> {
        let end = self.0.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(self.0.len());
        let (number, rest) = self.0.split_at(end);
        self.0 = rest;
        number.parse::<i64>().map(|number| number.to_string()).map_err(|_| format!("`{number}` is no number"))
    }

    fn moment(&mut self) -> Result<String, String> {
        self.must_take("TIMESTAMP_MILLIS(")?;
        let number = self.number()?;
        self.must_take(")")?;
        Ok(number)
    }

    /// A row of notes.
    fn row(&mut self) -> Result<Cells, String> {
        self.must_take("(")?;
        let dataset = self.text()?;
        self.must_take(", ")?;
        let date = self.date()?;
        self.must_take(", ")?;
        let revision = self.text()?;
        self.must_take(", ")?;
        let rows = self.number()?;
        self.must_take(", ")?;
        let committed_at = self.moment()?;
        self.must_take(", ")?;
        let job = self.text()?;
        self.must_take(", ")?;
        let ended_at = self.moment()?;
        self.must_take(", ")?;
        let fault = if self.takes("NULL") { None } else { Some(self.text()?) };
        self.must_take(")")?;
        let cells = [dataset, date, revision, rows, committed_at, job, ended_at];
        Ok(cells.into_iter().map(Some).chain([fault]).collect())
    }
}
