//! How our values lie in Postgres' columns: names as text, dates as days, hashes as bytes, counts signed.
//! Reading is the inverse of writing; what cannot be read is a content error that names the value.

use tokio_postgres::Row;

use super::fault::Fault;
use crate::adapters::ledger::declared::{self, Declared};
use crate::fleet::TraceContext;
use crate::flow::{Fingerprint, Lane, Outcome, Revision, TaskState, Unit};

/// The unit in the columns `dataset` and `date`; `None` where its dataset is not declared.
pub(super) fn unit(declared: &Declared, row: &Row) -> Result<Option<Unit>, Fault> {
    Ok(declared.unit(row.try_get("dataset")?, row.try_get("date")?))
}

/// The unit in the columns `dataset` and `date`, of something that is `open` or past.
pub(super) fn unit_of(declared: &Declared, row: &Row, what: &str, open: bool) -> Result<Option<Unit>, Fault> {
    declared.unit_of(row.try_get("dataset")?, row.try_get("date")?, what, open).map_err(Fault::Content)
}

/// A count as a column keeps it. Every value comes back as it went in.
pub(super) const fn signed(count: u64) -> i64 {
    count.cast_signed()
}

/// The count in a column, the inverse of `signed`.
pub(super) fn count(row: &Row, column: &str) -> Result<u64, Fault> {
    Ok(row.try_get::<_, i64>(column)?.cast_unsigned())
}

/// The small number in a column: attempts, claims, a code revision.
pub(super) fn small(row: &Row, column: &str) -> Result<u32, Fault> {
    Ok(row.try_get::<_, i32>(column)?.cast_unsigned())
}

/// The 32 bytes in a column that may be null.
pub(super) fn hash(row: &Row, column: &str) -> Result<Option<[u8; 32]>, Fault> {
    let Some(bytes) = row.try_get::<_, Option<&[u8]>>(column)? else {
        return Ok(None);
    };
    let hash = bytes.try_into();
    hash.map(Some).map_err(|_| Fault::Content(format!("{column}: a hash of {} bytes", bytes.len())))
}

/// The 32 bytes in a column.
pub(super) fn hash_there(row: &Row, column: &str) -> Result<[u8; 32], Fault> {
    hash(row, column)?.ok_or_else(|| Fault::Content(format!("{column} is missing")))
}

/// The revision in a column.
pub(super) fn revision(row: &Row, column: &str) -> Result<Revision, Fault> {
    Ok(Revision::from_bytes(hash_there(row, column)?))
}

/// The fingerprint in a column that may be null.
pub(super) fn fingerprint(row: &Row, column: &str) -> Result<Option<Fingerprint>, Fault> {
    Ok(hash(row, column)?.map(Fingerprint::from_bytes))
}

/// The trace in the column `trace`, which may be null. A text that is none is as good as none: nothing is decided by it.
pub(super) fn trace(row: &Row) -> Result<Option<TraceContext>, Fault> {
    let text: Option<&str> = row.try_get("trace")?;
    Ok(text.and_then(TraceContext::parse_stored))
}

/// The lane in the column `lane`.
pub(super) fn lane(row: &Row) -> Result<Lane, Fault> {
    declared::lane(row.try_get("lane")?).map_err(Fault::Content)
}

/// The task state in the column `state`.
pub(super) fn state(row: &Row) -> Result<TaskState, Fault> {
    declared::state(row.try_get("state")?).map_err(Fault::Content)
}

/// The outcome in the column `outcome`, which may be null.
pub(super) fn outcome_or_null(row: &Row) -> Result<Option<Outcome>, Fault> {
    let code: Option<&str> = row.try_get("outcome")?;
    code.map(declared::outcome).transpose().map_err(Fault::Content)
}

/// The outcome in the column `outcome`.
pub(super) fn outcome(row: &Row) -> Result<Outcome, Fault> {
    declared::outcome(row.try_get("outcome")?).map_err(Fault::Content)
}

/// Units as two columns, for a statement that unnests them.
pub(super) fn columns(units: impl Iterator<Item = Unit>) -> (Vec<&'static str>, Vec<i32>) {
    units.map(|unit| (unit.dataset.as_str(), unit.date.days())).unzip()
}
