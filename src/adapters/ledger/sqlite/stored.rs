//! How our values lie in SQLite's columns: names as text, dates as days, hashes as 32 bytes.
//! Reading is the inverse of writing; what cannot be read is a content error that names the value.

use rusqlite::Row;
use rusqlite::types::ValueRef;

use super::fault::Fault;
use crate::adapters::ledger::declared::{self, Declared};
use crate::fleet::TraceContext;
use crate::flow::{Date, Fingerprint, Lane, Outcome, Revision, TaskState, Unit};

/// The unit in the two columns from `at`; `None` where its dataset is not declared.
pub(super) fn unit(declared: &Declared, row: &Row<'_>, at: usize) -> Result<Option<Unit>, Fault> {
    Ok(declared.unit(text(row, at)?, row.get(at + 1)?))
}

/// The unit in the two columns from `at`, of something that is `open` or past.
pub(super) fn unit_of(
    declared: &Declared,
    row: &Row<'_>,
    at: usize,
    what: &str,
    open: bool,
) -> Result<Option<Unit>, Fault> {
    declared.unit_of(text(row, at)?, row.get(at + 1)?, what, open).map_err(Fault::Content)
}

/// The text in a column.
pub(super) fn text<'r>(row: &'r Row<'_>, at: usize) -> Result<&'r str, Fault> {
    row.get_ref(at)?.as_str().map_err(|error| Fault::Content(format!("column {at}: {error}")))
}

/// The trace in a column that may be null. A text that is none is as good as none: nothing is decided by it.
pub(super) fn trace(row: &Row<'_>, at: usize) -> Result<Option<TraceContext>, Fault> {
    let text: Option<String> = row.get(at)?;
    Ok(text.as_deref().and_then(TraceContext::parse_stored))
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
    declared::lane(text(row, at)?).map_err(Fault::Content)
}

/// The task state in a column.
pub(super) fn state(row: &Row<'_>, at: usize) -> Result<TaskState, Fault> {
    declared::state(text(row, at)?).map_err(Fault::Content)
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
    declared::outcome(text(row, at)?).map_err(Fault::Content)
}
