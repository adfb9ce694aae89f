//! What is complete: one record a unit, its present content.

use std::ops::RangeInclusive;

use rusqlite::{Row, Transaction, named_params};

use super::fault::Fault;
use super::stored::{self, Declared, signed};
use crate::fleet::{Stored, UnitRecord};
use crate::flow::{DatasetName, Date, RunId, Unit};

macro_rules! columns {
    () => {
        "dataset, date, outcome, fingerprint, revision, digest, bytes, rows_expected, rows_written, \
         code, run, attempt, duration_ms, finished_at"
    };
}

/// All complete units of declared datasets.
pub(super) fn all(tx: &Transaction<'_>, declared: &Declared) -> Result<Vec<UnitRecord>, Fault> {
    let mut statement = tx.prepare_cached(concat!("SELECT ", columns!(), " FROM units"))?;
    let mut rows = statement.query([])?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        records.extend(record(row, declared)?);
    }
    Ok(records)
}

/// The complete units within these ranges.
pub(super) fn within(
    tx: &Transaction<'_>,
    declared: &Declared,
    ranges: &[(DatasetName, RangeInclusive<Date>)],
) -> Result<Vec<UnitRecord>, Fault> {
    let mut statement = tx.prepare_cached(concat!(
        "SELECT ",
        columns!(),
        " FROM units WHERE dataset = ?1 AND date BETWEEN ?2 AND ?3"
    ))?;
    let mut records = Vec::new();
    for (dataset, dates) in ranges {
        let (first, last) = (dates.start().days(), dates.end().days());
        let mut rows = statement.query((dataset.as_str(), first, last))?;
        while let Some(row) = rows.next()? {
            records.extend(record(row, declared)?);
        }
    }
    Ok(records)
}

/// Makes this the unit's record.
pub(super) fn put(tx: &Transaction<'_>, record: &UnitRecord) -> Result<(), Fault> {
    insert(
        tx,
        record,
        concat!(
            "INSERT OR REPLACE INTO units (",
            columns!(),
            ") ",
            values!()
        ),
    )
}

/// Makes this the unit's record where it has none.
pub(super) fn put_if_missing(tx: &Transaction<'_>, record: &UnitRecord) -> Result<(), Fault> {
    insert(
        tx,
        record,
        concat!("INSERT OR IGNORE INTO units (", columns!(), ") ", values!()),
    )
}

macro_rules! values {
    () => {
        "VALUES (:dataset, :date, :outcome, :fingerprint, :revision, :digest, :bytes, :rows_expected, \
         :rows_written, :code, :run, :attempt, :duration_ms, :finished_at)"
    };
}
use values;

fn insert(tx: &Transaction<'_>, record: &UnitRecord, sql: &str) -> Result<(), Fault> {
    let stored = record.stored.as_ref();
    tx.prepare_cached(sql)?.execute(named_params! {
        ":dataset": record.unit.dataset.as_str(),
        ":date": record.unit.date.days(),
        ":outcome": record.outcome.code(),
        ":fingerprint": record.fingerprint.bytes(),
        ":revision": stored.map(|stored| stored.revision.bytes()),
        ":digest": stored.map(|stored| &stored.digest),
        ":bytes": stored.map(|stored| signed(stored.bytes)),
        ":rows_expected": signed(record.rows_expected),
        ":rows_written": signed(record.rows_written),
        ":code": record.code,
        ":run": record.run.0,
        ":attempt": record.attempt,
        ":duration_ms": signed(record.duration_ms),
        ":finished_at": record.finished_at,
    })?;
    Ok(())
}

/// Forgets that a unit is complete.
pub(super) fn forget(tx: &Transaction<'_>, unit: Unit) -> Result<(), Fault> {
    tx.prepare_cached("DELETE FROM units WHERE dataset = ?1 AND date = ?2")?
        .execute((unit.dataset.as_str(), unit.date.days()))?;
    Ok(())
}

fn record(row: &Row<'_>, declared: &Declared) -> Result<Option<UnitRecord>, Fault> {
    let Some(unit) = declared.unit(row, 0)? else {
        return Ok(None);
    };
    let revision: Option<[u8; 32]> = row.get(4)?;
    let stored = match revision {
        Some(_) => Some(Stored {
            revision: stored::revision(row, 4)?,
            digest: row.get(5)?,
            bytes: stored::count(row, 6)?,
        }),
        None => None,
    };
    Ok(Some(UnitRecord {
        unit,
        outcome: stored::outcome(row, 2)?,
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
