//! Runs, and the count of their tasks by state: kept in the run's row, never counted.

use rusqlite::{Row, Transaction};

use super::fault::Fault;
use super::stored;
use crate::adapters::ledger::shift::Shift;
use crate::fleet::{Millis, RunRecord};
use crate::flow::{Date, Lane, RunId, TaskState};

/// A run after a change of its tasks.
#[derive(Debug)]
pub(super) struct Shifted {
    pub(super) lane: Lane,
    /// Whether nothing waits, is ready or is claimed.
    pub(super) is_finished: bool,
}

/// Counts a change of tasks in their run. The run ends at `at` where nothing
/// waits, is ready or is claimed any more, and is unfinished again where something does.
pub(super) fn shift(
    tx: &Transaction<'_>,
    run: RunId,
    shift: Shift,
    at: Option<Millis>,
) -> Result<Shifted, Fault> {
    let mut statement = tx.prepare_cached(
        "UPDATE runs SET waiting = waiting + ?2, ready = ready + ?3, claimed = claimed + ?4,
            finished = finished + ?5, dead = dead + ?6, held = held + ?7, superseded = superseded + ?8,
            finished_at = CASE WHEN waiting + ready + claimed + ?2 + ?3 + ?4 > 0
                THEN NULL ELSE coalesce(finished_at, ?9) END
         WHERE id = ?1 RETURNING lane, waiting + ready + claimed = 0",
    )?;
    let [waiting, ready, claimed, finished, dead, held, superseded] = shift.by_state();
    let counts = (run.0, waiting, ready, claimed, finished, dead, held, superseded, at);
    let mut rows = statement.query(counts)?;
    match rows.next()? {
        Some(row) => Ok(Shifted { lane: stored::lane(row, 0)?, is_finished: row.get(1)? }),
        None => Err(Fault::Content(format!("there is no run {run}"))),
    }
}

macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT id, pipeline, name, kind, lane, first_date, last_date, submitted_at, finished_at,
                waiting, ready, claimed, finished, dead, held, superseded FROM runs ",
            $tail
        )
    };
}

/// One run; `None` for a number that was never given.
pub(super) fn find(tx: &Transaction<'_>, run: RunId) -> Result<Option<RunRecord>, Fault> {
    let mut statement = tx.prepare_cached(select!("WHERE id = ?1"))?;
    let mut rows = statement.query([run.0])?;
    rows.next()?.map(record).transpose()
}

/// All runs, or the unfinished ones, the latest first.
pub(super) fn list(tx: &Transaction<'_>, unfinished_only: bool) -> Result<Vec<RunRecord>, Fault> {
    let mut statement = tx.prepare_cached(select!("WHERE finished_at IS NULL OR NOT ?1 ORDER BY id DESC"))?;
    let mut rows = statement.query([unfinished_only])?;
    let mut runs = Vec::new();
    while let Some(row) = rows.next()? {
        runs.push(record(row)?);
    }
    Ok(runs)
}

fn record(row: &Row<'_>) -> Result<RunRecord, Fault> {
    const COUNTS_AT: usize = 9;
    let mut tasks = std::collections::BTreeMap::new();
    for state in TaskState::ALL {
        let count = stored::count(row, COUNTS_AT + state as usize)?;
        if count > 0 {
            tasks.insert(state, count);
        }
    }
    let dates: (Date, Date) = (stored::date(row, 5)?, stored::date(row, 6)?);
    Ok(RunRecord {
        id: RunId(row.get(0)?),
        pipeline: row.get(1)?,
        name: row.get(2)?,
        kind: row.get(3)?,
        lane: stored::lane(row, 4)?,
        dates: dates.0..=dates.1,
        submitted_at: row.get(7)?,
        finished_at: row.get(8)?,
        tasks,
    })
}
