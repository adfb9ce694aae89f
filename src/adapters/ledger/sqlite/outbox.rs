//! Completions that were committed and wait to be published. A row goes when it is published, so the
//! table is as long as what is under way.

use rusqlite::Transaction;

use super::fault::Fault;
use super::stored::{self, signed};
use super::tasks::key;
use crate::adapters::ledger::declared::Declared;
use crate::fleet::{TraceContext, Traced};
use crate::flow::{Completion, RunId, Unit};

/// Puts a completion into the outbox and answers its number.
pub(super) fn add(
    tx: &Transaction<'_>,
    completion: &Completion,
    trace: Option<&TraceContext>,
) -> Result<i64, Fault> {
    let (run, dataset, date) = key(completion.run, completion.unit);
    tx.prepare_cached(
        "INSERT INTO outbox (run, dataset, date, outcome, revision, rows_expected, rows_written, attempt, trace)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute((
        run,
        dataset,
        date,
        completion.outcome.code(),
        completion.revision.bytes(),
        signed(completion.rows_expected),
        signed(completion.rows_written),
        completion.attempt,
        trace.map(TraceContext::stored),
    ))?;
    Ok(tx.last_insert_rowid())
}

/// All that waits to be published, the oldest first.
pub(super) fn list(
    tx: &Transaction<'_>,
    declared: &Declared,
) -> Result<Vec<(i64, Traced<Completion>)>, Fault> {
    let mut statement = tx.prepare_cached(
        "SELECT o.dataset, o.date, o.id, o.run, r.lane, o.outcome, o.revision, o.rows_expected,
            o.rows_written, o.attempt, o.trace
         FROM outbox o JOIN runs r ON r.id = o.run ORDER BY o.id",
    )?;
    let mut rows = statement.query([])?;
    let mut waiting = Vec::new();
    while let Some(row) = rows.next()? {
        let Some(unit) = stored::unit_of(declared, row, 0, "a completion", true)? else {
            continue;
        };
        let completion = Completion {
            run: RunId(row.get(3)?),
            lane: stored::lane(row, 4)?,
            unit,
            outcome: stored::outcome(row, 5)?,
            revision: stored::revision(row, 6)?,
            rows_expected: stored::count(row, 7)?,
            rows_written: stored::count(row, 8)?,
            attempt: row.get(9)?,
        };
        let trace = stored::trace(row, 10)?;
        waiting.push((row.get(2)?, Traced { message: completion, trace }));
    }
    Ok(waiting)
}

/// The number of a unit's completion that waits to be published, if one does.
pub(super) fn number_of(tx: &Transaction<'_>, run: RunId, unit: Unit) -> Result<Option<i64>, Fault> {
    let mut statement =
        tx.prepare_cached("SELECT max(id) FROM outbox WHERE run = ?1 AND dataset = ?2 AND date = ?3")?;
    Ok(statement.query_row(key(run, unit), |row| row.get(0))?)
}

/// Takes out what was published.
pub(super) fn mark_published(tx: &Transaction<'_>, numbers: &[i64]) -> Result<(), Fault> {
    let mut statement = tx.prepare_cached("DELETE FROM outbox WHERE id = ?1")?;
    for number in numbers {
        statement.execute([number])?;
    }
    Ok(())
}

/// Takes out what says that a unit is complete which no longer is.
pub(super) fn withdraw(tx: &Transaction<'_>, run: RunId, unit: Unit) -> Result<(), Fault> {
    tx.prepare_cached("DELETE FROM outbox WHERE run = ?1 AND dataset = ?2 AND date = ?3")?
        .execute(key(run, unit))?;
    Ok(())
}
