//! Taking back that a unit is complete, because its file is gone or damaged.

use rusqlite::Transaction;

use super::fault::Fault;
use super::runs;
use super::tasks::{key, standing};
use super::{outbox, units};
use crate::adapters::ledger::shift::Shift;
use crate::flow::{RunId, TaskState, Unit};

/// Forgets the unit's record and makes the unit a waiting task of the run (its gate says when it is ready,
/// for its own inputs may be tasks of the run); the dependent, if `fence` is
/// still its current one, waits again and its attempt does not count. A stale fence changes nothing: the
/// attempt that has the dependent now will find the damage by itself.
pub(super) fn reopen(
    tx: &Transaction<'_>,
    run: RunId,
    unit: Unit,
    dependent: Unit,
    fence: u32,
) -> Result<(), Fault> {
    let (_, dataset, date) = key(run, dependent);
    let changed = tx
        .prepare_cached(
            "UPDATE tasks SET state = 'waiting', lease_until = 0, attempts = attempts - 1
             WHERE run = ?1 AND dataset = ?2 AND date = ?3 AND state = 'claimed' AND claims = ?4",
        )?
        .execute((run.0, dataset, date, fence))?;
    if changed == 0 {
        return Ok(());
    }
    let mut shift = Shift::moved(TaskState::Claimed, TaskState::Waiting, 1);
    let was_complete = units::forget(tx, unit)?;
    outbox::withdraw(tx, run, unit)?;
    match standing(tx, run, unit)? {
        None => {
            insert(tx, run, unit, dependent)?;
            shift.enter(TaskState::Waiting);
        }
        // Somebody has reopened it already, or its own inputs come first.
        Some((TaskState::Waiting | TaskState::Ready, _)) => {}
        // It is being made: the dependent came too early, that is all.
        Some((TaskState::Claimed, _)) if !was_complete => {}
        // A live attempt may be about to say "unchanged" of the damaged content: it is fenced off.
        Some((
            state @ (TaskState::Claimed
            | TaskState::Finished
            | TaskState::Dead
            | TaskState::Held
            | TaskState::Superseded),
            _,
        )) => {
            tx.prepare_cached(
                "UPDATE tasks SET state = 'waiting', claims = claims + 1, not_before = 0, lease_until = 0,
                    dead_letter = NULL, outcome = NULL, revision = NULL, rows_expected = NULL,
                    rows_written = NULL
                 WHERE run = ?1 AND dataset = ?2 AND date = ?3",
            )?
            .execute(key(run, unit))?;
            shift.step(state, TaskState::Waiting);
        }
    }
    runs::shift(tx, run, shift, None)?;
    Ok(())
}

/// The unit becomes a task of the run, at the place of the dependent that needs it.
fn insert(tx: &Transaction<'_>, run: RunId, unit: Unit, dependent: Unit) -> Result<(), Fault> {
    let position = standing(tx, run, dependent)?.map_or(0, |(_, position)| position);
    let (_, dataset, date) = key(run, unit);
    tx.prepare_cached(
        "INSERT INTO tasks (run, dataset, date, position, state) VALUES (?1, ?2, ?3, ?4, 'waiting')",
    )?
    .execute((run.0, dataset, date, position))?;
    Ok(())
}
