//! Storing a run with its tasks, and superseding what earlier runs still had open for the same units.

use rusqlite::{OptionalExtension, Transaction};

use super::fault::Fault;
use super::runs;
use super::stored;
use super::units;
use crate::adapters::ledger::shift::Shift;
use crate::fleet::NewRun;
use crate::flow::{RunId, TaskState, Unit};

/// Stores a run with its tasks; see the port for what becomes of earlier ones. A run without tasks is
/// finished at once.
pub(super) fn submit(tx: &Transaction<'_>, new: &NewRun) -> Result<RunId, Fault> {
    let run = insert_run(tx, new)?;
    let mut shift = Shift::default();
    let mut statement = tx.prepare_cached(
        "INSERT INTO tasks (run, dataset, date, position, state, not_before) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for (position, (unit, state)) in (0_i64..).zip(&new.tasks) {
        let (dataset, date) = (unit.dataset.as_str(), unit.date.days());
        let since = if *state == TaskState::Ready { new.submitted_at } else { 0 };
        statement.execute((run.0, dataset, date, position, state.as_str(), since))?;
        shift.enter(*state);
    }
    runs::shift(tx, run, shift, Some(new.submitted_at))?;
    let mut taken_up =
        tx.prepare_cached("UPDATE dead_letters SET taken_up_by = ?1 WHERE id = ?2 AND resolution IS NULL")?;
    for dead_letter in &new.replays {
        taken_up.execute((run.0, dead_letter))?;
    }
    for unit in &new.forget {
        units::forget(tx, *unit)?;
    }
    for earlier in runs_with_open_tasks(tx, Some(run))? {
        let shift = supersede(tx, earlier, new.tasks.iter().map(|(unit, _)| *unit))?;
        if shift != Shift::default() {
            runs::shift(tx, earlier, shift, Some(new.submitted_at))?;
        }
    }
    Ok(run)
}

fn insert_run(tx: &Transaction<'_>, new: &NewRun) -> Result<RunId, Fault> {
    tx.prepare_cached(
        "INSERT INTO runs (pipeline, name, kind, lane, first_date, last_date, submitted_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute((
        &new.pipeline,
        &new.name,
        &new.kind,
        new.lane.as_str(),
        new.dates.start().days(),
        new.dates.end().days(),
        new.submitted_at,
    ))?;
    Ok(RunId(tx.last_insert_rowid()))
}

/// Few at any time, so that looking up every new unit in each of them is cheap.
pub(super) fn runs_with_open_tasks(tx: &Transaction<'_>, but: Option<RunId>) -> Result<Vec<RunId>, Fault> {
    let mut statement = tx.prepare_cached(
        "SELECT id FROM runs WHERE waiting + ready + claimed + dead + held > 0 AND id IS NOT ?1",
    )?;
    let mut rows = statement.query([but.map(|run| run.0)])?;
    let mut open = Vec::new();
    while let Some(row) = rows.next()? {
        open.push(RunId(row.get(0)?));
    }
    Ok(open)
}

/// Supersedes what a run has open of these units. The fence is raised, so that a live attempt is stale.
pub(super) fn supersede(
    tx: &Transaction<'_>,
    run: RunId,
    units: impl Iterator<Item = Unit>,
) -> Result<Shift, Fault> {
    let mut look = tx.prepare_cached(
        "SELECT state FROM tasks WHERE run = ?1 AND dataset = ?2 AND date = ?3
            AND state NOT IN ('finished', 'superseded')",
    )?;
    let mut change = tx.prepare_cached(
        "UPDATE tasks SET state = 'superseded', claims = claims + 1, lease_until = 0
         WHERE run = ?1 AND dataset = ?2 AND date = ?3",
    )?;
    let mut shift = Shift::default();
    for unit in units {
        let key = (run.0, unit.dataset.as_str(), unit.date.days());
        let state = look.query_row(key, |row| Ok(stored::state(row, 0))).optional()?.transpose()?;
        if let Some(state) = state {
            change.execute(key)?;
            shift.step(state, TaskState::Superseded);
        }
    }
    Ok(shift)
}
