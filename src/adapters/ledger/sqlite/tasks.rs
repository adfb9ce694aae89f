//! Tasks between waiting and their end: listing, readiness, claims under a lease and a fence, handing back.

use std::ops::RangeInclusive;

use rusqlite::{OptionalExtension, Row, Transaction};

use super::fault::Fault;
use super::outbox;
use super::runs;
use super::stored;
use crate::adapters::ledger::declared::Declared;
use crate::adapters::ledger::shift::Shift;
use crate::fleet::{Claim, Millis, TaskRecord};
use crate::flow::{Completion, DatasetName, Date, RunId, TaskState, Unit, WorkOrder};

macro_rules! columns {
    () => {
        "dataset, date, state, attempts, claims, outcome, dead_letter, not_before, lease_until"
    };
}

/// The tasks of a run in their order, of one dataset or of all.
pub(super) fn list(
    tx: &Transaction<'_>,
    declared: &Declared,
    run: RunId,
    dataset: Option<DatasetName>,
) -> Result<Vec<TaskRecord>, Fault> {
    let mut tasks = Vec::new();
    let mut collect = |mut rows: rusqlite::Rows<'_>| -> Result<(), Fault> {
        while let Some(row) = rows.next()? {
            tasks.extend(record(row, declared)?);
        }
        Ok(())
    };
    match dataset {
        Some(dataset) => collect(
            tx.prepare_cached(concat!(
                "SELECT ",
                columns!(),
                " FROM tasks WHERE run = ?1 AND dataset = ?2 ORDER BY position, date"
            ))?
            .query((run.0, dataset.as_str()))?,
        )?,
        None => collect(
            tx.prepare_cached(concat!(
                "SELECT ",
                columns!(),
                " FROM tasks WHERE run = ?1 ORDER BY position, date, dataset"
            ))?
            .query([run.0])?,
        )?,
    }
    Ok(tasks)
}

/// The tasks of these datasets in a run that are neither finished nor superseded.
pub(super) fn unfinished(
    tx: &Transaction<'_>,
    declared: &Declared,
    run: RunId,
    datasets: &[DatasetName],
    dates: &RangeInclusive<Date>,
) -> Result<Vec<TaskRecord>, Fault> {
    let mut statement = tx.prepare_cached(concat!(
        "SELECT ",
        columns!(),
        " FROM tasks WHERE run = ?1 AND dataset = ?2 AND date BETWEEN ?3 AND ?4
            AND state NOT IN ('finished', 'superseded') ORDER BY date"
    ))?;
    let mut tasks = Vec::new();
    for dataset in datasets {
        let (first, last) = (dates.start().days(), dates.end().days());
        let mut rows = statement.query((run.0, dataset.as_str(), first, last))?;
        while let Some(row) = rows.next()? {
            tasks.extend(record(row, declared)?);
        }
    }
    Ok(tasks)
}

/// The task of a unit in the latest run that has one.
pub(super) fn latest(
    tx: &Transaction<'_>,
    declared: &Declared,
    unit: Unit,
) -> Result<Option<(RunId, TaskRecord)>, Fault> {
    let mut statement = tx.prepare_cached(concat!(
        "SELECT ",
        columns!(),
        ", run FROM tasks WHERE dataset = ?1 AND date = ?2 ORDER BY run DESC LIMIT 1"
    ))?;
    let mut rows = statement.query((unit.dataset.as_str(), unit.date.days()))?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let run = RunId(row.get(9)?);
    Ok(record(row, declared)?.map(|task| (run, task)))
}

fn record(row: &Row<'_>, declared: &Declared) -> Result<Option<TaskRecord>, Fault> {
    let state = stored::state(row, 2)?;
    let Some(unit) = stored::unit_of(declared, row, 0, "a task", !state.is_final())? else {
        return Ok(None);
    };
    Ok(Some(TaskRecord {
        unit,
        state,
        attempts: row.get(3)?,
        claims: row.get(4)?,
        outcome: stored::outcome_or_null(row, 5)?,
        dead_letter: row.get(6)?,
        not_before: row.get(7)?,
        lease_until: row.get(8)?,
    }))
}

/// Turns those of the units that wait into ready ones.
pub(super) fn mark_ready(tx: &Transaction<'_>, run: RunId, units: &[Unit], at: Millis) -> Result<(), Fault> {
    let mut statement = tx.prepare_cached(
        "UPDATE tasks SET state = 'ready', not_before = max(not_before, ?4)
         WHERE run = ?1 AND dataset = ?2 AND date = ?3 AND state = 'waiting'",
    )?;
    let mut changed = 0;
    for unit in units {
        changed += statement.execute((run.0, unit.dataset.as_str(), unit.date.days(), at))?;
    }
    if changed > 0 {
        let shift = Shift::moved(TaskState::Waiting, TaskState::Ready, changed);
        runs::shift(tx, run, shift, None)?;
    }
    Ok(())
}

/// What a claim must know of a task.
struct Claimable {
    state: TaskState,
    claims: u32,
    attempts: u32,
    not_before: Millis,
    lease_until: Millis,
    run_name: String,
}

/// Claims a ready task, or a claimed one whose lease is over. Both raise the fence and the attempts: an
/// attempt whose lease ran out was one.
pub(super) fn claim(
    tx: &Transaction<'_>,
    order: WorkOrder,
    now: Millis,
    lease_until: Millis,
) -> Result<Claim, Fault> {
    let Some(task) = claimable(tx, order)? else {
        return Ok(Claim::Void(None));
    };
    match task.state {
        TaskState::Ready if task.not_before > now => Ok(Claim::Later(task.not_before)),
        TaskState::Claimed if task.lease_until > now => Ok(Claim::Later(task.lease_until)),
        TaskState::Ready => {
            let shift = Shift::moved(TaskState::Ready, TaskState::Claimed, 1);
            runs::shift(tx, order.run, shift, None)?;
            grant(tx, order, task, lease_until)
        }
        TaskState::Claimed => grant(tx, order, task, lease_until),
        TaskState::Finished => Ok(Claim::Finished {
            completion: completion(tx, order)?,
            outbox: outbox::number_of(tx, order.run, order.unit)?,
        }),
        TaskState::Waiting | TaskState::Dead | TaskState::Held | TaskState::Superseded => {
            Ok(Claim::Void(Some(task.state)))
        }
    }
}

fn claimable(tx: &Transaction<'_>, order: WorkOrder) -> Result<Option<Claimable>, Fault> {
    let mut statement = tx.prepare_cached(
        "SELECT t.state, t.claims, t.attempts, t.not_before, t.lease_until, r.name
         FROM tasks t JOIN runs r ON r.id = t.run
         WHERE t.run = ?1 AND t.dataset = ?2 AND t.date = ?3",
    )?;
    let mut rows = statement.query(key(order.run, order.unit))?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    Ok(Some(Claimable {
        state: stored::state(row, 0)?,
        claims: row.get(1)?,
        attempts: row.get(2)?,
        not_before: row.get(3)?,
        lease_until: row.get(4)?,
        run_name: row.get(5)?,
    }))
}

fn grant(
    tx: &Transaction<'_>,
    order: WorkOrder,
    task: Claimable,
    lease_until: Millis,
) -> Result<Claim, Fault> {
    let (fence, attempts) = (task.claims + 1, task.attempts + 1);
    let (run, dataset, date) = key(order.run, order.unit);
    tx.prepare_cached(
        "UPDATE tasks SET state = 'claimed', claims = ?4, attempts = ?5, lease_until = ?6
         WHERE run = ?1 AND dataset = ?2 AND date = ?3",
    )?
    .execute((run, dataset, date, fence, attempts, lease_until))?;
    Ok(Claim::Granted { fence, attempts, run_name: task.run_name })
}

/// Prolongs a claim, if the fence is the current one.
pub(super) fn renew(
    tx: &Transaction<'_>,
    order: WorkOrder,
    fence: u32,
    lease_until: Millis,
) -> Result<bool, Fault> {
    let (run, dataset, date) = key(order.run, order.unit);
    let changed = tx
        .prepare_cached(
            "UPDATE tasks SET lease_until = max(lease_until, ?5)
             WHERE run = ?1 AND dataset = ?2 AND date = ?3 AND state = 'claimed' AND claims = ?4",
        )?
        .execute((run, dataset, date, fence, lease_until))?;
    Ok(changed > 0)
}

/// The completion of a finished task, as it was published.
fn completion(tx: &Transaction<'_>, order: WorkOrder) -> Result<Completion, Fault> {
    let mut statement = tx.prepare_cached(
        "SELECT t.outcome, t.revision, t.rows_expected, t.rows_written, t.attempts, r.lane
         FROM tasks t JOIN runs r ON r.id = t.run
         WHERE t.run = ?1 AND t.dataset = ?2 AND t.date = ?3",
    )?;
    let mut rows = statement.query(key(order.run, order.unit))?;
    let Some(row) = rows.next()? else {
        return Err(Fault::Content(format!("there is no task {order:?}")));
    };
    Ok(Completion {
        run: order.run,
        lane: stored::lane(row, 5)?,
        unit: order.unit,
        outcome: stored::outcome(row, 0)?,
        revision: stored::revision(row, 1)?,
        rows_expected: stored::count(row, 2)?,
        rows_written: stored::count(row, 3)?,
        attempt: row.get(4)?,
    })
}

/// Makes a claimed task ready again, if the fence is the current one. An attempt that does not count is
/// taken back.
pub(super) fn hand_back(
    tx: &Transaction<'_>,
    order: WorkOrder,
    fence: u32,
    not_before: Millis,
    counts: bool,
) -> Result<(), Fault> {
    let (run, dataset, date) = key(order.run, order.unit);
    let changed = tx
        .prepare_cached(
            "UPDATE tasks SET state = 'ready', not_before = ?5, lease_until = 0, attempts = attempts - ?6
             WHERE run = ?1 AND dataset = ?2 AND date = ?3 AND state = 'claimed' AND claims = ?4",
        )?
        .execute((run, dataset, date, fence, not_before, u32::from(!counts)))?;
    if changed > 0 {
        let shift = Shift::moved(TaskState::Claimed, TaskState::Ready, 1);
        runs::shift(tx, order.run, shift, None)?;
    }
    Ok(())
}

/// Hands back every claimed task of every run, without using up its attempt. What a live attempt commits
/// afterwards is stale, for its task is no longer claimed under its fence.
pub(super) fn release_claims(tx: &Transaction<'_>) -> Result<u64, Fault> {
    let runs: Vec<i64> = tx
        .prepare_cached("SELECT id FROM runs WHERE claimed > 0")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut released = 0;
    for run in runs {
        let changed = tx
            .prepare_cached(
                "UPDATE tasks SET state = 'ready', lease_until = 0, attempts = attempts - 1
                 WHERE run = ?1 AND state = 'claimed'",
            )?
            .execute([run])?;
        let shift = Shift::moved(TaskState::Claimed, TaskState::Ready, changed);
        runs::shift(tx, RunId(run), shift, None)?;
        released += changed as u64;
    }
    Ok(released)
}

/// Takes claims back with their fence and attempt, then the readiness of tasks that were never claimed.
pub(super) fn forget_notes(tx: &Transaction<'_>) -> Result<(), Fault> {
    let runs: Vec<i64> = tx
        .prepare_cached("SELECT id FROM runs WHERE claimed + ready > 0")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for run in runs {
        let claimed = tx
            .prepare_cached(
                "UPDATE tasks SET state = 'ready', lease_until = 0, claims = claims - 1, attempts = attempts - 1
                 WHERE run = ?1 AND state = 'claimed'",
            )?
            .execute([run])?;
        let ready = tx
            .prepare_cached(
                "UPDATE tasks SET state = 'waiting' WHERE run = ?1 AND state = 'ready' AND claims = 0",
            )?
            .execute([run])?;
        let mut shift = Shift::moved(TaskState::Claimed, TaskState::Ready, claimed);
        shift.join(Shift::moved(TaskState::Ready, TaskState::Waiting, ready));
        runs::shift(tx, RunId(run), shift, None)?;
    }
    Ok(())
}

/// A task's state and position; `None` where the run has no such task.
pub(super) fn standing(
    tx: &Transaction<'_>,
    run: RunId,
    unit: Unit,
) -> Result<Option<(TaskState, i64)>, Fault> {
    tx.prepare_cached("SELECT state, position FROM tasks WHERE run = ?1 AND dataset = ?2 AND date = ?3")?
        .query_row(key(run, unit), |row| Ok(stored::state(row, 0).and_then(|state| Ok((state, row.get(1)?)))))
        .optional()?
        .transpose()
}

/// A task's key, as the statements take it.
pub(super) fn key(run: RunId, unit: Unit) -> (i64, &'static str, i32) {
    (run.0, unit.dataset.as_str(), unit.date.days())
}
