//! How our values lie in SQLite's columns: names as text, dates as days, hashes as 32 bytes.
//! Reading is the inverse of writing; what cannot be read is a content error that names the value.
//! Dataset names are looked up among the declared ones, for the program's names are constants.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::Row;
use rusqlite::types::ValueRef;

use super::fault::Fault;
use crate::flow::{DatasetName, Date, Fingerprint, Lane, Outcome, Revision, TaskState, Unit};

/// The datasets that this program declares.
///
/// A ledger may name others (a retired dataset, an older program). Reads leave out what is past: complete
/// units, finished tasks, resolved dead letters. What is still open (an unpublished completion, an
/// unfinished task, an open dead letter) is a content error, for leaving it out would lose it silently.
#[derive(Debug, Clone)]
pub(super) struct Declared(Arc<BTreeMap<&'static str, DatasetName>>);

impl Declared {
    pub(super) fn new(datasets: &[DatasetName]) -> Self {
        Self(Arc::new(datasets.iter().map(|name| (name.as_str(), *name)).collect()))
    }

    /// The unit in the two columns from `at`; `None` where its dataset is not declared.
    pub(super) fn unit(&self, row: &Row<'_>, at: usize) -> Result<Option<Unit>, Fault> {
        let name = text(row, at)?;
        let Some(dataset) = self.0.get(name) else {
            return Ok(None);
        };
        Ok(Some(Unit { dataset: *dataset, date: date(row, at + 1)? }))
    }

    /// The unit in the two columns from `at`, of something that is `open` or past.
    pub(super) fn unit_of(
        &self,
        row: &Row<'_>,
        at: usize,
        what: &str,
        open: bool,
    ) -> Result<Option<Unit>, Fault> {
        match self.unit(row, at)? {
            None if open => Err(Fault::Content(format!(
                "{what} of dataset `{}`, which this program does not declare, is still open; \
                 finish it with the program that declares it",
                text(row, at)?
            ))),
            found => Ok(found),
        }
    }
}

/// The text in a column.
pub(super) fn text<'r>(row: &'r Row<'_>, at: usize) -> Result<&'r str, Fault> {
    row.get_ref(at)?.as_str().map_err(|error| Fault::Content(format!("column {at}: {error}")))
}

/// The date in a column.
pub(super) fn date(row: &Row<'_>, at: usize) -> Result<Date, Fault> {
    Ok(Date::from_days(row.get(at)?))
}

/// A count that SQLite keeps as a signed integer. Every value comes back as it went in.
pub(super) const fn signed(count: u64) -> i64 {
    count.cast_signed()
}

/// The count in a column, the inverse of `signed`.
pub(super) fn count(row: &Row<'_>, at: usize) -> Result<u64, Fault> {
    Ok(row.get::<_, i64>(at)?.cast_unsigned())
}

/// The revision in a column.
pub(super) fn revision(row: &Row<'_>, at: usize) -> Result<Revision, Fault> {
    Ok(Revision::from_bytes(row.get(at)?))
}

/// The fingerprint in a column that may be null.
pub(super) fn fingerprint(row: &Row<'_>, at: usize) -> Result<Option<Fingerprint>, Fault> {
    Ok(row.get::<_, Option<_>>(at)?.map(Fingerprint::from_bytes))
}

/// The lane in a column.
pub(super) fn lane(row: &Row<'_>, at: usize) -> Result<Lane, Fault> {
    let name = text(row, at)?;
    Lane::parse(name).ok_or_else(|| Fault::Content(format!("`{name}` is no lane")))
}

/// The task state in a column.
pub(super) fn state(row: &Row<'_>, at: usize) -> Result<TaskState, Fault> {
    let name = text(row, at)?;
    TaskState::parse(name).ok_or_else(|| Fault::Content(format!("`{name}` is no task state")))
}

/// The outcome in a column that may be null.
pub(super) fn outcome_or_null(row: &Row<'_>, at: usize) -> Result<Option<Outcome>, Fault> {
    match row.get_ref(at)? {
        ValueRef::Null => Ok(None),
        _ => outcome(row, at).map(Some),
    }
}

/// The outcome in a column.
pub(super) fn outcome(row: &Row<'_>, at: usize) -> Result<Outcome, Fault> {
    let code = text(row, at)?;
    Outcome::parse(code).ok_or_else(|| Fault::Content(format!("`{code}` is no outcome")))
}
