//! The four statements that the sink sends, and what their answers say. Names and values in them are our own words
//! (datasets, dates, hashes, numbers); the one free text, a fault, is quoted. Pure.

use gcp_bigquery_client::model::table_row::TableRow;
use serde_json::Value;

use super::BigQueryConfig;
use super::request::DATE;
use super::schema::NOTES;
use crate::fleet::sink::{Contents, Note, Partition};
use crate::flow::{DatasetName, Date, Millis, Revision, Unit};

/// The longest fault that is written down, in characters.
const FAULT_CHARACTERS_MAX: usize = 1_000;

fn table(config: &BigQueryConfig, name: &str) -> String {
    format!("`{}.{}.{name}`", config.project, config.dataset)
}

/// What storage has, by table and partition.
pub(super) fn partitions(config: &BigQueryConfig) -> String {
    format!(
        "SELECT table_name, partition_id, total_rows, UNIX_MILLIS(last_modified_time) FROM {} \
         WHERE partition_id IS NOT NULL AND total_rows > 0",
        table(config, "INFORMATION_SCHEMA.PARTITIONS")
    )
}

/// The latest note of each unit.
pub(super) fn notes(config: &BigQueryConfig) -> String {
    format!(
        "SELECT dataset, CAST({DATE} AS STRING), revision, row_count, UNIX_MILLIS(committed_at), job, \
         UNIX_MILLIS(ended_at), fault FROM {} WHERE TRUE QUALIFY ROW_NUMBER() OVER \
         (PARTITION BY dataset, {DATE} ORDER BY ended_at DESC, committed_at DESC) = 1",
        table(config, NOTES)
    )
}

/// Takes the rows of dates away: whole partitions, so no row is read.
pub(super) fn delete(config: &BigQueryConfig, dataset: DatasetName, dates: &[Date]) -> String {
    let dates: Vec<String> = dates.iter().map(|date| format!("DATE '{date}'")).collect();
    format!("DELETE FROM {} WHERE {DATE} IN ({})", table(config, dataset.table()), dates.join(", "))
}

/// Writes notes down.
pub(super) fn insert(config: &BigQueryConfig, notes: &[Note]) -> String {
    let row = |note: &Note| {
        let fault = note.fault.as_ref().map_or_else(|| "NULL".to_owned(), |fault| quoted(fault));
        format!(
            "('{}', DATE '{}', '{}', {}, TIMESTAMP_MILLIS({}), '{}', TIMESTAMP_MILLIS({}), {fault})",
            note.unit.dataset,
            note.unit.date,
            note.revision,
            note.rows,
            note.committed_at,
            note.job,
            note.ended_at
        )
    };
    let rows: Vec<String> = notes.iter().map(row).collect();
    format!(
        "INSERT INTO {} (dataset, {DATE}, revision, row_count, committed_at, job, ended_at, fault) VALUES {}",
        table(config, NOTES),
        rows.join(", ")
    )
}

fn quoted(text: &str) -> String {
    let mut literal = String::from("'");
    for c in text.chars().take(FAULT_CHARACTERS_MAX) {
        match c {
            '\'' => literal.push_str("\\'"),
            '\\' => literal.push_str("\\\\"),
            '\n' | '\r' | '\t' => literal.push(' '),
            other => literal.push(other),
        }
    }
    literal.push('\'');
    literal
}

/// What the answers of `partitions` and `notes` say of these datasets. Other tables are nobody's business here.
pub(super) fn contents(
    datasets: &[DatasetName],
    partitions: &[TableRow],
    notes: &[TableRow],
) -> Result<Contents, String> {
    let mut contents = Contents::default();
    for row in notes {
        let cells = Cells::of(row, 8)?;
        let name = cells.text(0)?;
        let Some(dataset) = datasets.iter().find(|dataset| dataset.as_str() == name) else {
            continue;
        };
        let date = Date::parse(cells.text(1)?).map_err(|error| error.to_string())?;
        let unit = Unit { dataset: *dataset, date };
        let note = Note {
            unit,
            revision: Revision::parse(cells.text(2)?).ok_or_else(|| cells.odd(2))?,
            rows: cells.number(3)?,
            committed_at: cells.number::<Millis>(4)?,
            job: cells.text(5)?.to_owned(),
            ended_at: cells.number::<Millis>(6)?,
            fault: cells.optional(7).map(str::to_owned),
        };
        contents.notes.insert(unit, note);
    }
    for row in partitions {
        let cells = Cells::of(row, 4)?;
        let name = cells.text(0)?;
        let Some(dataset) = datasets.iter().find(|dataset| dataset.table() == name) else {
            continue;
        };
        let rows = cells.number(2)?;
        match date_of_partition(cells.text(1)?) {
            Some(date) => {
                let partition = Partition { rows, modified_at: cells.number::<Millis>(3)? };
                contents.partitions.insert(Unit { dataset: *dataset, date }, partition);
            }
            // `__NULL__` and the like: rows without a date.
            None => *contents.strays.entry(*dataset).or_default() += rows,
        }
    }
    Ok(contents)
}

fn date_of_partition(id: &str) -> Option<Date> {
    let digits = id.len() == 8 && id.bytes().all(|byte| byte.is_ascii_digit());
    let part = |range: std::ops::Range<usize>| id.get(range)?.parse().ok();
    digits.then(|| Date::of(id[0..4].parse().ok()?, part(4..6)?, part(6..8)?)).flatten()
}

/// The cells of a row of an answer: texts, or nulls.
struct Cells<'a>(Vec<Option<&'a str>>);

impl<'a> Cells<'a> {
    fn of(row: &'a TableRow, count: usize) -> Result<Self, String> {
        let cells: Vec<Option<&str>> =
            row.columns.iter().flatten().map(|cell| cell.value.as_ref().and_then(Value::as_str)).collect();
        if cells.len() == count {
            Ok(Self(cells))
        } else {
            Err(format!("a row of the answer has {} cells, expected {count}", cells.len()))
        }
    }

    fn optional(&self, at: usize) -> Option<&'a str> {
        self.0[at]
    }

    fn text(&self, at: usize) -> Result<&'a str, String> {
        self.0[at].ok_or_else(|| self.odd(at))
    }

    fn number<T: std::str::FromStr>(&self, at: usize) -> Result<T, String> {
        self.text(at)?.parse().map_err(|_| self.odd(at))
    }

    fn odd(&self, at: usize) -> String {
        format!("cell {at} of the answer is `{}`", self.0[at].unwrap_or("null"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_is_named_after_its_date() {
        assert_eq!(date_of_partition("20240126"), Date::of(2024, 1, 26));
        for other in ["__NULL__", "__UNPARTITIONED__", "202401", "20241301", "2024-1-6"] {
            assert_eq!(date_of_partition(other), None, "{other}");
        }
    }

    #[test]
    fn a_fault_cannot_end_its_text() {
        assert_eq!(quoted(r"it's \ bad"), r"'it\'s \\ bad'");
        assert_eq!(quoted("two\nlines"), "'two lines'");
    }
}
