//! Taking back that a unit is complete, because its file is gone or damaged.

use super::fault::Fault;
use super::sessions::Session;
use super::{outbox, runs, stored, units};
use crate::adapters::ledger::shift::Shift;
use crate::flow::{RunId, TaskState, Unit};

/// One reopening at a time: two dependents may find one damage, and only one of them makes the task.
const REOPENING: i64 = 0x7469_6465_0003;

/// Forgets the unit's record and makes the unit a waiting task of the run (its gate says when it is ready,
/// for its own inputs may be tasks of the run); the dependent, if `fence` is
/// still its current one, waits again and its attempt does not count. A stale fence changes nothing: the
/// attempt that has the dependent now will find the damage by itself. Within a transaction.
pub(super) async fn reopen(
    session: &Session,
    run: RunId,
    unit: Unit,
    dependent: Unit,
    fence: u32,
) -> Result<(), Fault> {
    session.query("SELECT pg_advisory_xact_lock($1)", &[&REOPENING]).await?;
    let Some(standing) = lock(session, run, unit, dependent, fence).await? else {
        return Ok(());
    };
    let (dataset, date) = (dependent.dataset.as_str(), dependent.date.days());
    session
        .execute(
            "UPDATE tasks SET state = 'waiting', lease_until = 0, attempts = attempts - 1
             WHERE run = $1 AND dataset = $2 AND date = $3",
            &[&run.0, &dataset, &date],
        )
        .await?;
    let mut shift = Shift::moved(TaskState::Claimed, TaskState::Waiting, 1);
    let was_complete = units::forget(session, &[unit]).await? > 0;
    outbox::withdraw(session, run, unit).await?;
    let (dataset, date) = (unit.dataset.as_str(), unit.date.days());
    match standing.unit {
        // It becomes a task of the run, at the place of the dependent that needs it.
        None => {
            session
                .execute(
                    "INSERT INTO tasks (run, dataset, date, position, state)
                     VALUES ($1, $2, $3, $4, 'waiting')",
                    &[&run.0, &dataset, &date, &standing.position],
                )
                .await?;
            shift.enter(TaskState::Waiting);
        }
        // Somebody has reopened it already, or its own inputs come first.
        Some(TaskState::Waiting | TaskState::Ready) => {}
        // It is being made: the dependent came too early, that is all.
        Some(TaskState::Claimed) if !was_complete => {}
        // A live attempt may be about to say "unchanged" of the damaged content: it is fenced off.
        Some(
            state @ (TaskState::Claimed
            | TaskState::Finished
            | TaskState::Dead
            | TaskState::Held
            | TaskState::Superseded),
        ) => {
            session
                .execute(
                    "UPDATE tasks SET state = 'waiting', claims = claims + 1, not_before = 0,
                        lease_until = 0, dead_letter = NULL, outcome = NULL, revision = NULL,
                        rows_expected = NULL, rows_written = NULL
                     WHERE run = $1 AND dataset = $2 AND date = $3",
                    &[&run.0, &dataset, &date],
                )
                .await?;
            shift.step(state, TaskState::Waiting);
        }
    }
    runs::shift(session, run, shift, None).await
}

/// Where the two tasks stand, both locked.
struct Standing {
    /// The dependent's place in the run.
    position: i64,
    /// The unit's state; `None` where it is no task of the run.
    unit: Option<TaskState>,
}

/// Locks both tasks, in their order; `None` where `fence` is not the dependent's current one.
async fn lock(
    session: &Session,
    run: RunId,
    unit: Unit,
    dependent: Unit,
    fence: u32,
) -> Result<Option<Standing>, Fault> {
    let (datasets, dates) = stored::columns([unit, dependent].into_iter());
    let rows = session
        .query(
            "SELECT t.dataset, t.date, t.state, t.claims, t.position
             FROM tasks t JOIN unnest($2::text[], $3::integer[]) AS u (dataset, date)
                ON t.dataset = u.dataset AND t.date = u.date
             WHERE t.run = $1 ORDER BY t.dataset, t.date FOR UPDATE OF t",
            &[&run.0, &datasets, &dates],
        )
        .await?;
    let (mut position, mut of_unit) = (None, None);
    for row in &rows {
        let (dataset, date): (&str, i32) = (row.try_get("dataset")?, row.try_get("date")?);
        if (dataset, date) == (unit.dataset.as_str(), unit.date.days()) {
            of_unit = Some(stored::state(row)?);
        } else if stored::state(row)? == TaskState::Claimed && stored::small(row, "claims")? == fence {
            position = Some(row.try_get("position")?);
        }
    }
    Ok(position.map(|position| Standing { position, unit: of_unit }))
}
