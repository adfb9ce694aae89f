//! What is complete: one record a unit, its present content, in the order of the last changes.

use rusqlite::{Row, Transaction, params};

use super::fault::Fault;
use super::stored::{self, signed};
use crate::adapters::ledger::declared::Declared;
use crate::fleet::{Stored, UnitRecord};
use crate::flow::{Revision, RunId, Unit};

/// What happened to a unit: its record now, or `None` where it was forgotten.
pub(super) type Change = (Unit, Option<UnitRecord>);

macro_rules! columns {
    () => {
        "dataset, date, outcome, fingerprint, revision, digest, bytes, rows_expected, rows_written, \
         code, run, attempt, duration_ms, finished_at"
    };
}

/// What happened to units of declared datasets after a position, each unit's latest change only, and the
/// position from which to ask next; see the port.
pub(super) fn changes_since(
    tx: &Transaction<'_>,
    declared: &Declared,
    position: i64,
) -> Result<(i64, Vec<Change>), Fault> {
    let mut statement = tx.prepare_cached(concat!(
        "SELECT ",
        columns!(),
        ", position FROM units WHERE position > ?1 AND (outcome IS NOT NULL OR ?1 > 0) \
         ORDER BY position"
    ))?;
    let mut rows = statement.query([position])?;
    let mut changes = Vec::new();
    while let Some(row) = rows.next()? {
        if let Some(unit) = stored::unit(declared, row, 0)? {
            changes.push((unit, record(row, unit)?));
        }
    }
    let last: Option<i64> =
        tx.prepare_cached("SELECT max(position) FROM units")?.query_row([], |row| row.get(0))?;
    Ok((last.unwrap_or(position), changes))
}

/// Makes this the unit's record.
pub(super) fn put(tx: &Transaction<'_>, record: &UnitRecord) -> Result<(), Fault> {
    let stored = record.stored.as_ref();
    tx.prepare_cached(concat!(
        "INSERT OR REPLACE INTO units (",
        columns!(),
        ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"
    ))?
    .execute(params![
        record.unit.dataset.as_str(),
        record.unit.date.days(),
        record.outcome.code(),
        record.fingerprint.bytes(),
        stored.map(|stored| stored.revision.bytes()),
        stored.map(|stored| &stored.digest),
        stored.map(|stored| signed(stored.bytes)),
        signed(record.rows_expected),
        signed(record.rows_written),
        record.code,
        record.run.0,
        record.attempt,
        signed(record.duration_ms),
        record.finished_at,
    ])?;
    Ok(())
}

/// Makes this the unit's record where it has none.
pub(super) fn put_if_missing(tx: &Transaction<'_>, record: &UnitRecord) -> Result<(), Fault> {
    let is_there: bool = tx
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM units
                WHERE dataset = ?1 AND date = ?2 AND outcome IS NOT NULL)",
        )?
        .query_row((record.unit.dataset.as_str(), record.unit.date.days()), |row| row.get(0))?;
    if is_there { Ok(()) } else { put(tx, record) }
}

/// Forgets that a unit is complete; whether it was.
pub(super) fn forget(tx: &Transaction<'_>, unit: Unit) -> Result<bool, Fault> {
    let forgotten = tx
        .prepare_cached(
            "INSERT OR REPLACE INTO units (dataset, date)
             SELECT dataset, date FROM units WHERE dataset = ?1 AND date = ?2 AND outcome IS NOT NULL",
        )?
        .execute((unit.dataset.as_str(), unit.date.days()))?;
    Ok(forgotten > 0)
}

/// The unit's record in a row; `None` where it was forgotten.
fn record(row: &Row<'_>, unit: Unit) -> Result<Option<UnitRecord>, Fault> {
    let Some(outcome) = stored::outcome_or_null(row, 2)? else {
        return Ok(None);
    };
    let stored = match row.get::<_, Option<[u8; 32]>>(4)? {
        Some(revision) => Some(Stored {
            revision: Revision::from_bytes(revision),
            digest: row.get(5)?,
            bytes: stored::count(row, 6)?,
        }),
        None => None,
    };
    Ok(Some(UnitRecord {
        unit,
        outcome,
        fingerprint: stored::fingerprint(row, 3)?
            .ok_or_else(|| Fault::Content(format!("{unit} has no fingerprint")))?,
        stored,
        rows_expected: stored::count(row, 7)?,
        rows_written: stored::count(row, 8)?,
        code: row.get(9)?,
        run: RunId(row.get(10)?),
        attempt: row.get(11)?,
        duration_ms: stored::count(row, 12)?,
        finished_at: row.get(13)?,
    }))
}
