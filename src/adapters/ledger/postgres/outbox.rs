//! Completions that were committed and wait to be published. A row goes when it is published, so the
//! table is as long as what is under way.

use super::fault::Fault;
use super::sessions::Session;
use super::stored;
use crate::adapters::ledger::declared::Declared;
use crate::fleet::Traced;
use crate::flow::{Completion, RunId, Unit};

/// All that waits to be published, the oldest first.
pub(super) async fn list(
    session: &Session,
    declared: &Declared,
) -> Result<Vec<(i64, Traced<Completion>)>, Fault> {
    let rows = session
        .query(
            "SELECT o.dataset, o.date, o.id, o.run, r.lane, o.outcome, o.revision, o.rows_expected,
                o.rows_written, o.attempt, o.trace
             FROM outbox o JOIN runs r ON r.id = o.run ORDER BY o.id",
            &[],
        )
        .await?;
    let mut waiting = Vec::with_capacity(rows.len());
    for row in &rows {
        let Some(unit) = stored::unit_of(declared, row, "a completion", true)? else {
            continue;
        };
        let completion = Completion {
            run: RunId(row.try_get("run")?),
            lane: stored::lane(row)?,
            unit,
            outcome: stored::outcome(row)?,
            revision: stored::revision(row, "revision")?,
            rows_expected: stored::count(row, "rows_expected")?,
            rows_written: stored::count(row, "rows_written")?,
            attempt: stored::small(row, "attempt")?,
        };
        let trace = stored::trace(row)?;
        waiting.push((row.try_get("id")?, Traced { message: completion, trace }));
    }
    Ok(waiting)
}

/// Takes out what was published.
pub(super) async fn mark_published(session: &Session, numbers: &[i64]) -> Result<(), Fault> {
    session.execute("DELETE FROM outbox WHERE id = ANY($1)", &[&numbers]).await?;
    Ok(())
}

/// Takes out what says that a unit is complete which no longer is.
pub(super) async fn withdraw(session: &Session, run: RunId, unit: Unit) -> Result<(), Fault> {
    let (dataset, date) = (unit.dataset.as_str(), unit.date.days());
    session
        .execute(
            "DELETE FROM outbox WHERE run = $1 AND dataset = $2 AND date = $3",
            &[&run.0, &dataset, &date],
        )
        .await?;
    Ok(())
}
