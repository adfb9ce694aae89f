//! Runs, and the counts of their tasks: moved by each transaction in a shard of its connection, and summed
//! when somebody asks.
//!
//! A run is over when no task of it is open. Nothing opens one again: a task is reopened only for a dependent
//! that is claimed, which is open itself. So the end may be looked for after the transaction that may have
//! brought it: of two commits at once that end the last two tasks, neither sees the other, but whoever looks
//! afterwards sees both, and one of those who look is the first to write it down. A process that dies before
//! it looks takes nothing along: whether a run is over is told by the sums.

use std::collections::BTreeMap;

use tokio_postgres::Row;

use super::fault::Fault;
use super::sessions::Session;
use super::stored;
use crate::adapters::ledger::shift::Shift;
use crate::fleet::{Millis, RunRecord};
use crate::flow::{Date, RunId, TaskState};

/// The shard of the connection that runs the statement: more shards than connections of a busy fleet.
macro_rules! shard {
    () => {
        "(pg_backend_pid() % 64)::smallint"
    };
}
pub(super) use shard;

/// Counts a change of tasks in their run; last in a transaction, for it is what others may wait for. `ended_at`
/// is when, where open tasks came to an end.
pub(super) async fn shift(
    session: &Session,
    run: RunId,
    shift: Shift,
    ended_at: Option<Millis>,
) -> Result<(), Fault> {
    let [waiting, ready, claimed, finished, dead, held, superseded] = shift.by_state();
    let sql = concat!(
        "INSERT INTO run_tallies AS t
            (run, shard, waiting, ready, claimed, finished, dead, held, superseded, ended_at)
         VALUES ($1, ",
        shard!(),
        ", $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (run, shard) DO UPDATE SET waiting = t.waiting + excluded.waiting,
            ready = t.ready + excluded.ready, claimed = t.claimed + excluded.claimed,
            finished = t.finished + excluded.finished, dead = t.dead + excluded.dead,
            held = t.held + excluded.held, superseded = t.superseded + excluded.superseded,
            ended_at = greatest(t.ended_at, excluded.ended_at)"
    );
    session
        .execute(sql, &[&run.0, &waiting, &ready, &claimed, &finished, &dead, &held, &superseded, &ended_at])
        .await?;
    Ok(())
}

/// Looks whether runs are over, after the transaction that may have ended them: those for which this is
/// the first to see it.
pub(super) async fn look_for_end(session: &Session, runs: &[RunId], at: Millis) -> Result<Vec<RunId>, Fault> {
    let numbers: Vec<i64> = runs.iter().map(|run| run.0).collect();
    let rows = session
        .query(
            "UPDATE runs SET finished_at = $2
             WHERE id = ANY($1) AND finished_at IS NULL
                AND (SELECT sum(waiting + ready + claimed) FROM run_tallies WHERE run = id) = 0
             RETURNING id",
            &[&numbers, &at],
        )
        .await?;
    rows.iter().map(|row| Ok(RunId(row.try_get("id")?))).collect()
}

macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT r.id, r.pipeline, r.name, r.kind, r.lane, r.first_date, r.last_date, r.submitted_at,
                coalesce(r.finished_at, t.ended_at, r.submitted_at) AS finished_at,
                t.waiting, t.ready, t.claimed, t.finished, t.dead, t.held, t.superseded
             FROM runs r CROSS JOIN LATERAL (
                SELECT coalesce(sum(waiting), 0)::bigint AS waiting, coalesce(sum(ready), 0)::bigint AS ready,
                    coalesce(sum(claimed), 0)::bigint AS claimed,
                    coalesce(sum(finished), 0)::bigint AS finished,
                    coalesce(sum(dead), 0)::bigint AS dead, coalesce(sum(held), 0)::bigint AS held,
                    coalesce(sum(superseded), 0)::bigint AS superseded, max(ended_at) AS ended_at
                FROM run_tallies WHERE run = r.id) t ",
            $tail
        )
    };
}

/// One run; `None` for a number that was never given.
pub(super) async fn find(session: &Session, run: RunId) -> Result<Option<RunRecord>, Fault> {
    session.find(select!("WHERE r.id = $1"), &[&run.0]).await?.map(|row| record(&row)).transpose()
}

/// All runs, or the unfinished ones, the latest first.
pub(super) async fn list(session: &Session, unfinished_only: bool) -> Result<Vec<RunRecord>, Fault> {
    let rows = if unfinished_only {
        let sql =
            select!("WHERE r.finished_at IS NULL AND t.waiting + t.ready + t.claimed > 0 ORDER BY r.id DESC");
        session.query(sql, &[]).await?
    } else {
        session.query(select!("ORDER BY r.id DESC"), &[]).await?
    };
    rows.iter().map(record).collect()
}

fn record(row: &Row) -> Result<RunRecord, Fault> {
    let mut tasks = BTreeMap::new();
    for state in TaskState::ALL {
        let count = stored::count(row, state.as_str())?;
        if count > 0 {
            tasks.insert(state, count);
        }
    }
    let is_over = tasks.keys().all(|state| state.is_final());
    let date = |column| Ok::<_, Fault>(Date::from_days(row.try_get(column)?));
    Ok(RunRecord {
        id: RunId(row.try_get("id")?),
        pipeline: row.try_get("pipeline")?,
        name: row.try_get("name")?,
        kind: row.try_get("kind")?,
        lane: stored::lane(row)?,
        dates: date("first_date")?..=date("last_date")?,
        submitted_at: row.try_get("submitted_at")?,
        finished_at: if is_over { Some(row.try_get("finished_at")?) } else { None },
        tasks,
    })
}
