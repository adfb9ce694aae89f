//! Tasks between waiting and their end: listing, readiness, claims under a lease and a fence, handing back.

use std::ops::RangeInclusive;

use tokio_postgres::Row;

use super::fault::Fault;
use super::runs::shard;
use super::sessions::Session;
use super::stored;
use crate::adapters::ledger::declared::Declared;
use crate::fleet::{Claim, Millis, TaskRecord};
use crate::flow::{Completion, DatasetName, Date, RunId, TaskState, Unit, WorkOrder};

macro_rules! columns {
    () => {
        "dataset, date, state, attempts, claims, outcome, dead_letter, not_before, lease_until"
    };
}

/// The tasks of a run in their order, of one dataset or of all.
pub(super) async fn list(
    session: &Session,
    declared: &Declared,
    run: RunId,
    dataset: Option<DatasetName>,
) -> Result<Vec<TaskRecord>, Fault> {
    let rows = match dataset {
        Some(dataset) => {
            let sql = concat!(
                "SELECT ",
                columns!(),
                " FROM tasks WHERE run = $1 AND dataset = $2 ORDER BY position, date"
            );
            session.query(sql, &[&run.0, &dataset.as_str()]).await?
        }
        None => {
            let sql =
                concat!("SELECT ", columns!(), " FROM tasks WHERE run = $1 ORDER BY position, date, dataset");
            session.query(sql, &[&run.0]).await?
        }
    };
    rows.iter().filter_map(|row| record(row, declared).transpose()).collect()
}

/// The tasks of these datasets and dates in a run that are neither finished nor superseded, as of one moment.
pub(super) async fn unfinished(
    session: &Session,
    declared: &Declared,
    run: RunId,
    datasets: &[DatasetName],
    dates: &RangeInclusive<Date>,
) -> Result<Vec<TaskRecord>, Fault> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM tasks WHERE run = $1 AND dataset = ANY($2) AND date BETWEEN $3 AND $4
            AND state NOT IN ('finished', 'superseded')"
    );
    let datasets: Vec<&str> = datasets.iter().map(|dataset| dataset.as_str()).collect();
    let (first, last) = (dates.start().days(), dates.end().days());
    let rows = session.query(sql, &[&run.0, &datasets, &first, &last]).await?;
    rows.iter().filter_map(|row| record(row, declared).transpose()).collect()
}

/// The task of a unit in the latest run that has one.
pub(super) async fn latest(
    session: &Session,
    declared: &Declared,
    unit: Unit,
) -> Result<Option<(RunId, TaskRecord)>, Fault> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        ", run FROM tasks WHERE dataset = $1 AND date = $2 ORDER BY run DESC LIMIT 1"
    );
    let Some(row) = session.find(sql, &[&unit.dataset.as_str(), &unit.date.days()]).await? else {
        return Ok(None);
    };
    let run = RunId(row.try_get("run")?);
    Ok(record(&row, declared)?.map(|task| (run, task)))
}

fn record(row: &Row, declared: &Declared) -> Result<Option<TaskRecord>, Fault> {
    let state = stored::state(row)?;
    let Some(unit) = stored::unit_of(declared, row, "a task", !state.is_final())? else {
        return Ok(None);
    };
    Ok(Some(TaskRecord {
        unit,
        state,
        attempts: stored::small(row, "attempts")?,
        claims: stored::small(row, "claims")?,
        outcome: stored::outcome_or_null(row)?,
        dead_letter: row.try_get("dead_letter")?,
        not_before: row.try_get("not_before")?,
        lease_until: row.try_get("lease_until")?,
    }))
}

/// Turns those of the units that wait into ready ones. Locks them in their order.
pub(super) async fn mark_ready(
    session: &Session,
    run: RunId,
    units: &[Unit],
    at: Millis,
) -> Result<(), Fault> {
    let sql = concat!(
        "WITH mine AS (
            SELECT t.dataset, t.date FROM tasks t
            JOIN unnest($2::text[], $3::integer[]) AS u (dataset, date)
                ON t.dataset = u.dataset AND t.date = u.date
            WHERE t.run = $1 AND t.state = 'waiting' ORDER BY t.dataset, t.date FOR UPDATE OF t),
         changed AS (
            UPDATE tasks t SET state = 'ready', not_before = greatest(t.not_before, $4) FROM mine
            WHERE t.run = $1 AND t.dataset = mine.dataset AND t.date = mine.date AND t.state = 'waiting'
            RETURNING 1)
         INSERT INTO run_tallies AS t (run, shard, waiting, ready)
         SELECT $1, ",
        shard!(),
        ", -count(*), count(*) FROM changed HAVING count(*) > 0
         ON CONFLICT (run, shard) DO UPDATE SET waiting = t.waiting + excluded.waiting,
            ready = t.ready + excluded.ready"
    );
    let (datasets, dates) = stored::columns(units.iter().copied());
    session.execute(sql, &[&run.0, &datasets, &dates, &at]).await?;
    Ok(())
}

/// How often a claim looks again at a task that changes between its two statements.
const LOOKS_MAX: u32 = 8;

/// Claims a ready task, or a claimed one whose lease is over. Both raise the fence and the attempts: an
/// attempt whose lease ran out was one. One statement where it is granted; where it is not, a second one
/// says why.
pub(super) async fn claim(
    session: &Session,
    order: WorkOrder,
    now: Millis,
    lease_until: Millis,
) -> Result<Claim, Fault> {
    for _ in 0..LOOKS_MAX {
        if let Some(granted) = grant(session, order, now, lease_until).await? {
            return Ok(granted);
        }
        if let Some(refused) = refusal(session, order, now).await? {
            return Ok(refused);
        }
    }
    // Others claim it and hand it back in turn: it is as if one of them had it now.
    Ok(Claim::Later(now))
}

async fn grant(
    session: &Session,
    order: WorkOrder,
    now: Millis,
    lease_until: Millis,
) -> Result<Option<Claim>, Fault> {
    let sql = concat!(
        "WITH fresh AS (
            UPDATE tasks SET state = 'claimed', claims = claims + 1, attempts = attempts + 1, lease_until = $5
            WHERE run = $1 AND dataset = $2 AND date = $3 AND state = 'ready' AND not_before <= $4
            RETURNING claims, attempts),
         taken_over AS (
            UPDATE tasks SET claims = claims + 1, attempts = attempts + 1, lease_until = $5
            WHERE run = $1 AND dataset = $2 AND date = $3 AND state = 'claimed' AND lease_until <= $4
            RETURNING claims, attempts),
         tally AS (
            INSERT INTO run_tallies AS t (run, shard, ready, claimed) SELECT $1, ",
        shard!(),
        ", -1, 1 FROM fresh
            ON CONFLICT (run, shard) DO UPDATE SET ready = t.ready - 1, claimed = t.claimed + 1)
         SELECT g.claims, g.attempts, r.name
         FROM (SELECT * FROM fresh UNION ALL SELECT * FROM taken_over) g JOIN runs r ON r.id = $1"
    );
    let (dataset, date) = (order.unit.dataset.as_str(), order.unit.date.days());
    let Some(row) = session.find(sql, &[&order.run.0, &dataset, &date, &now, &lease_until]).await? else {
        return Ok(None);
    };
    Ok(Some(Claim::Granted {
        fence: stored::small(&row, "claims")?,
        attempts: stored::small(&row, "attempts")?,
        run_name: row.try_get("name")?,
    }))
}

/// Why a task is not granted; `None` where it could be now, for it has changed.
async fn refusal(session: &Session, order: WorkOrder, now: Millis) -> Result<Option<Claim>, Fault> {
    let (dataset, date) = (order.unit.dataset.as_str(), order.unit.date.days());
    let row = session
        .find(
            "SELECT t.state, t.not_before, t.lease_until, t.outcome, t.revision, t.rows_expected,
                t.rows_written, t.attempts, r.lane,
                (SELECT max(o.id) FROM outbox o
                 WHERE o.run = t.run AND o.dataset = t.dataset AND o.date = t.date) AS outbox
             FROM tasks t JOIN runs r ON r.id = t.run WHERE t.run = $1 AND t.dataset = $2 AND t.date = $3",
            &[&order.run.0, &dataset, &date],
        )
        .await?;
    let Some(row) = row else {
        return Ok(Some(Claim::Void(None)));
    };
    let (not_before, lease_until): (Millis, Millis) =
        (row.try_get("not_before")?, row.try_get("lease_until")?);
    Ok(match stored::state(&row)? {
        TaskState::Ready => (not_before > now).then_some(Claim::Later(not_before)),
        TaskState::Claimed => (lease_until > now).then_some(Claim::Later(lease_until)),
        TaskState::Finished => Some(Claim::Finished {
            completion: Completion {
                run: order.run,
                lane: stored::lane(&row)?,
                unit: order.unit,
                outcome: stored::outcome(&row)?,
                revision: stored::revision(&row, "revision")?,
                rows_expected: stored::count(&row, "rows_expected")?,
                rows_written: stored::count(&row, "rows_written")?,
                attempt: stored::small(&row, "attempts")?,
            },
            outbox: row.try_get("outbox")?,
        }),
        state @ (TaskState::Waiting | TaskState::Dead | TaskState::Held | TaskState::Superseded) => {
            Some(Claim::Void(Some(state)))
        }
    })
}

/// Prolongs a claim, if the fence is the current one.
pub(super) async fn renew(
    session: &Session,
    order: WorkOrder,
    fence: u32,
    lease_until: Millis,
) -> Result<bool, Fault> {
    let (dataset, date) = (order.unit.dataset.as_str(), order.unit.date.days());
    let changed = session
        .execute(
            "UPDATE tasks SET lease_until = greatest(lease_until, $5)
             WHERE run = $1 AND dataset = $2 AND date = $3 AND state = 'claimed' AND claims = $4",
            &[&order.run.0, &dataset, &date, &fence.cast_signed(), &lease_until],
        )
        .await?;
    Ok(changed > 0)
}

/// Makes a claimed task ready again, if the fence is the current one. An attempt that does not count is
/// taken back.
pub(super) async fn hand_back(
    session: &Session,
    order: WorkOrder,
    fence: u32,
    not_before: Millis,
    counts: bool,
) -> Result<(), Fault> {
    let sql = concat!(
        "WITH changed AS (
            UPDATE tasks SET state = 'ready', not_before = $5, lease_until = 0, attempts = attempts - $6
            WHERE run = $1 AND dataset = $2 AND date = $3 AND state = 'claimed' AND claims = $4
            RETURNING 1)
         INSERT INTO run_tallies AS t (run, shard, claimed, ready) SELECT $1, ",
        shard!(),
        ", -1, 1 FROM changed
         ON CONFLICT (run, shard) DO UPDATE SET claimed = t.claimed - 1, ready = t.ready + 1"
    );
    let (dataset, date) = (order.unit.dataset.as_str(), order.unit.date.days());
    let (fence, taken_back) = (fence.cast_signed(), i32::from(!counts));
    session.execute(sql, &[&order.run.0, &dataset, &date, &fence, &not_before, &taken_back]).await?;
    Ok(())
}
