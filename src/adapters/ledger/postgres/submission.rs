//! Storing a run with its tasks, and superseding what earlier runs still had open for the same units.

use std::collections::BTreeMap;

use super::fault::Fault;
use super::sessions::Session;
use super::{runs, stored, units};
use crate::adapters::ledger::shift::Shift;
use crate::fleet::NewRun;
use crate::flow::{RunId, TaskState, Unit};

/// One submission (or withdrawal) at a time: of two runs that have a unit, one must see the other's task.
const SUBMITTING: i64 = 0x7469_6465_0002;

/// Waits until no other run is being submitted.
pub(super) async fn wait_for_turn(session: &Session) -> Result<(), Fault> {
    session.query("SELECT pg_advisory_xact_lock($1)", &[&SUBMITTING]).await?;
    Ok(())
}

/// Stores a run with its tasks, within a transaction; see the port for what becomes of earlier ones, which
/// may be over afterwards: they are answered. A run without tasks is finished at once.
pub(super) async fn submit(session: &Session, new: &NewRun) -> Result<(RunId, Vec<RunId>), Fault> {
    wait_for_turn(session).await?;
    let run = insert_run(session, new).await?;
    insert_tasks(session, run, new).await?;
    session
        .execute(
            "UPDATE dead_letters SET taken_up_by = $1 WHERE id = ANY($2) AND resolution IS NULL",
            &[&run.0, &new.replays],
        )
        .await?;
    let earlier = supersede(session, Some(run), new.tasks.iter().map(|(unit, _)| *unit)).await?;
    if !new.forget.is_empty() {
        units::forget(session, &new.forget).await?;
    }
    for (earlier, shift) in &earlier {
        runs::shift(session, *earlier, *shift, Some(new.submitted_at)).await?;
    }
    Ok((run, earlier.into_keys().collect()))
}

/// Runs are numbered without a gap, in the order in which they are submitted: a submitter tells by its number whether
/// another came between. Only one at a time takes the next.
async fn insert_run(session: &Session, new: &NewRun) -> Result<RunId, Fault> {
    let (first, last) = (new.dates.start().days(), new.dates.end().days());
    let finished_at = new.tasks.is_empty().then_some(new.submitted_at);
    let rows = session
        .query(
            "INSERT INTO runs (id, pipeline, name, kind, lane, first_date, last_date, submitted_at, finished_at)
             SELECT coalesce(max(id), 0) + 1, $1, $2, $3, $4, $5, $6, $7, $8 FROM runs RETURNING id",
            &[
                &new.pipeline,
                &new.name,
                &new.kind,
                &new.lane.as_str(),
                &first,
                &last,
                &new.submitted_at,
                &finished_at,
            ],
        )
        .await?;
    match rows.first() {
        Some(row) => Ok(RunId(row.try_get("id")?)),
        None => Err(Fault::Content("a run was given no number".to_owned())),
    }
}

async fn insert_tasks(session: &Session, run: RunId, new: &NewRun) -> Result<(), Fault> {
    let (datasets, dates) = stored::columns(new.tasks.iter().map(|(unit, _)| *unit));
    let states: Vec<&str> = new.tasks.iter().map(|(_, state)| state.as_str()).collect();
    session
        .execute(
            "INSERT INTO tasks (run, dataset, date, position, state, not_before)
             SELECT $1, dataset, date, place - 1, state, CASE state WHEN 'ready' THEN $5::bigint ELSE 0 END
             FROM unnest($2::text[], $3::integer[], $4::text[])
                WITH ORDINALITY AS t (dataset, date, state, place)",
            &[&run.0, &datasets, &dates, &states, &new.submitted_at],
        )
        .await?;
    let mut shift = Shift::default();
    for (_, state) in &new.tasks {
        shift.enter(*state);
    }
    runs::shift(session, run, shift, None).await
}

/// Supersedes what runs have open of these units, but for one run; answers what that changes in each. The
/// fence is raised, so that a live attempt is stale.
pub(super) async fn supersede(
    session: &Session,
    but: Option<RunId>,
    units: impl Iterator<Item = Unit>,
) -> Result<BTreeMap<RunId, Shift>, Fault> {
    let (datasets, dates) = stored::columns(units);
    let rows = session
        .query(
            "WITH mine AS (
                SELECT t.run, t.dataset, t.date, t.state
                FROM tasks t JOIN unnest($2::text[], $3::integer[]) AS u (dataset, date)
                    ON t.dataset = u.dataset AND t.date = u.date
                WHERE t.state NOT IN ('finished', 'superseded') AND t.run IS DISTINCT FROM $1::bigint
                ORDER BY t.dataset, t.date, t.run FOR UPDATE OF t),
             changed AS (
                UPDATE tasks t SET state = 'superseded', claims = claims + 1, lease_until = 0 FROM mine
                WHERE t.run = mine.run AND t.dataset = mine.dataset AND t.date = mine.date
                RETURNING t.run, mine.state)
             SELECT run, state, count(*) AS tasks FROM changed GROUP BY run, state",
            &[&but.map(|run| run.0), &datasets, &dates],
        )
        .await?;
    let mut shifts: BTreeMap<RunId, Shift> = BTreeMap::new();
    for row in &rows {
        let tasks = usize::try_from(row.try_get::<_, i64>("tasks")?).expect("a count");
        let shift = Shift::moved(stored::state(row)?, TaskState::Superseded, tasks);
        shifts.entry(RunId(row.try_get("run")?)).or_default().join(shift);
    }
    Ok(shifts)
}
