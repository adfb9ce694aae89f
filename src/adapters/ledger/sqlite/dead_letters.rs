//! The bad end of an attempt: dead letters, what they hold, and how they are resolved.
//!
//! At most one dead letter of a unit is open: where a replay dies again, its new dead letter resolves the
//! one that it took up, as `replayed`. A task that several dead letters reach is held by the first. When
//! that one is resolved and the task is still held, it goes to the oldest open one of the run that
//! reaches it; where there is none, it stays, and the run that takes it up supersedes it.

use rusqlite::{OptionalExtension, Row, Transaction, named_params};

use super::fault::Fault;
use super::runs;
use super::stored;
use super::tasks::key;
use super::units;
use crate::adapters::ledger::declared::Declared;
use crate::adapters::ledger::shift::Shift;
use crate::fleet::{Burial, DeadLetter, Millis, TraceContext};
use crate::flow::{Fingerprint, RunId, TaskState};

macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT d.dataset, d.date, d.id, d.run, r.name, r.lane, d.class, d.code, d.message,
                d.attempts, d.fingerprint, d.inputs, d.code_revision, d.died_at, d.resolution,
                (SELECT count(*) FROM tasks t WHERE t.dead_letter = d.id AND t.state = 'held'),
                d.published, d.trace
             FROM dead_letters d JOIN runs r ON r.id = d.run ",
            $tail
        )
    };
}

/// Buries a task; `None` where the attempt is stale. Without a fence (the work order killed its workers)
/// the task must be ready or claimed.
pub(super) fn bury(
    tx: &Transaction<'_>,
    declared: &Declared,
    burial: &Burial,
) -> Result<Option<DeadLetter>, Fault> {
    let Some((state, attempts)) = current(tx, burial)? else {
        return Ok(None);
    };
    resolve_of_unit(tx, burial.unit, "replayed")?;
    let id = insert(tx, burial, attempts)?;
    let (run, dataset, date) = key(burial.run, burial.unit);
    tx.prepare_cached(
        "UPDATE tasks SET state = 'dead', claims = claims + 1, lease_until = 0, dead_letter = ?4
         WHERE run = ?1 AND dataset = ?2 AND date = ?3",
    )?
    .execute((run, dataset, date, id))?;
    let held = hold(tx, burial, id)?;
    let mut shift = Shift::moved(TaskState::Waiting, TaskState::Held, held);
    shift.step(state, TaskState::Dead);
    runs::shift(tx, burial.run, shift, Some(burial.at))?;
    find(tx, declared, id)
}

/// The state and attempts of the task, if the burial speaks for its current attempt.
fn current(tx: &Transaction<'_>, burial: &Burial) -> Result<Option<(TaskState, u32)>, Fault> {
    let mut statement = tx.prepare_cached(
        "SELECT state, attempts, claims FROM tasks WHERE run = ?1 AND dataset = ?2 AND date = ?3",
    )?;
    let mut rows = statement.query(key(burial.run, burial.unit))?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let (state, claims): (_, u32) = (stored::state(row, 0)?, row.get(2)?);
    let is_current = match burial.fence {
        Some(fence) => state == TaskState::Claimed && claims == fence,
        None => matches!(state, TaskState::Ready | TaskState::Claimed),
    };
    Ok(if is_current { Some((state, row.get(1)?)) } else { None })
}

fn insert(tx: &Transaction<'_>, burial: &Burial, attempts: u32) -> Result<i64, Fault> {
    tx.prepare_cached(
        "INSERT INTO dead_letters (run, dataset, date, class, code, message, attempts, fingerprint,
            inputs, code_revision, died_at, trace)
         VALUES (:run, :dataset, :date, :class, :code, :message, :attempts, :fingerprint, :inputs,
            :code_revision, :died_at, :trace)",
    )?
    .execute(named_params! {
        ":run": burial.run.0,
        ":dataset": burial.unit.dataset.as_str(),
        ":date": burial.unit.date.days(),
        ":class": burial.class,
        ":code": burial.code,
        ":message": burial.message,
        ":attempts": attempts,
        ":fingerprint": burial.fingerprint.as_ref().map(Fingerprint::bytes),
        ":inputs": burial.inputs,
        ":code_revision": burial.code_revision,
        ":died_at": burial.at,
        ":trace": burial.trace.as_ref().map(TraceContext::stored),
    })?;
    Ok(tx.last_insert_rowid())
}

/// Records what the dead letter reaches and holds what waits there; answers how many tasks it holds.
fn hold(tx: &Transaction<'_>, burial: &Burial, id: i64) -> Result<usize, Fault> {
    // Two ranges of a dataset that begin on one date are one range: the longer.
    let mut reach = tx.prepare_cached(
        "INSERT INTO dead_letter_reach (dead_letter, dataset, first_date, last_date)
         VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET last_date = max(last_date, excluded.last_date)",
    )?;
    let mut change = tx.prepare_cached(
        "UPDATE tasks SET state = 'held', dead_letter = ?1
         WHERE run = ?5 AND dataset = ?2 AND date BETWEEN ?3 AND ?4 AND state = 'waiting'",
    )?;
    let mut held = 0;
    for (dataset, dates) in &burial.holds {
        let (first, last) = (dates.start().days(), dates.end().days());
        reach.execute((id, dataset.as_str(), first, last))?;
        held += change.execute((id, dataset.as_str(), first, last, burial.run.0))?;
    }
    Ok(held)
}

/// Resolves the open dead letter of a unit, where there is one.
pub(super) fn resolve_of_unit(
    tx: &Transaction<'_>,
    unit: crate::flow::Unit,
    resolution: &str,
) -> Result<(), Fault> {
    let open: Option<i64> = tx
        .prepare_cached(
            "SELECT id FROM dead_letters WHERE dataset = ?1 AND date = ?2 AND resolution IS NULL",
        )?
        .query_row((unit.dataset.as_str(), unit.date.days()), |row| row.get(0))
        .optional()?;
    match open {
        Some(id) => resolve(tx, id, resolution),
        None => Ok(()),
    }
}

fn resolve(tx: &Transaction<'_>, id: i64, resolution: &str) -> Result<(), Fault> {
    tx.prepare_cached("UPDATE dead_letters SET resolution = ?2 WHERE id = ?1")?.execute((id, resolution))?;
    // What other open ones of the run reach too is theirs now.
    tx.prepare_cached(
        "UPDATE tasks SET dead_letter = coalesce(
            (SELECT min(d.id) FROM dead_letters d JOIN dead_letter_reach h ON h.dead_letter = d.id
             WHERE d.run = tasks.run AND d.resolution IS NULL AND h.dataset = tasks.dataset
                AND tasks.date BETWEEN h.first_date AND h.last_date),
            dead_letter)
         WHERE dead_letter = ?1 AND state = 'held'",
    )?
    .execute([id])?;
    Ok(())
}

/// All dead letters, the oldest first, or the open ones.
pub(super) fn list(
    tx: &Transaction<'_>,
    declared: &Declared,
    open_only: bool,
) -> Result<Vec<DeadLetter>, Fault> {
    let mut statement = tx.prepare_cached(select!("WHERE d.resolution IS NULL OR NOT ?1 ORDER BY d.id"))?;
    let mut rows = statement.query([open_only])?;
    let mut letters = Vec::new();
    while let Some(row) = rows.next()? {
        letters.extend(record(row, declared)?);
    }
    Ok(letters)
}

fn find(tx: &Transaction<'_>, declared: &Declared, id: i64) -> Result<Option<DeadLetter>, Fault> {
    let mut statement = tx.prepare_cached(select!("WHERE d.id = ?1"))?;
    let mut rows = statement.query([id])?;
    match rows.next()? {
        Some(row) => record(row, declared),
        None => Ok(None),
    }
}

fn record(row: &Row<'_>, declared: &Declared) -> Result<Option<DeadLetter>, Fault> {
    let resolution: Option<String> = row.get(14)?;
    let Some(unit) = stored::unit_of(declared, row, 0, "a dead letter", resolution.is_none())? else {
        return Ok(None);
    };
    Ok(Some(DeadLetter {
        id: row.get(2)?,
        run: RunId(row.get(3)?),
        run_name: row.get(4)?,
        unit,
        lane: stored::lane(row, 5)?,
        class: row.get(6)?,
        code: row.get(7)?,
        message: row.get(8)?,
        attempts: row.get(9)?,
        fingerprint: stored::fingerprint(row, 10)?,
        inputs: row.get(11)?,
        code_revision: row.get(12)?,
        died_at: row.get(13)?,
        resolution,
        held: stored::count(row, 15)?,
        published: row.get(16)?,
        trace: stored::trace(row, 17)?,
    }))
}

/// Marks a dead letter's notice as published.
pub(super) fn mark_published(tx: &Transaction<'_>, id: i64) -> Result<(), Fault> {
    tx.prepare_cached("UPDATE dead_letters SET published = 1 WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// Resolves an open dead letter as an accepted gap: its unit is complete, without content. `false` where
/// it was not open.
pub(super) fn accept(
    tx: &Transaction<'_>,
    declared: &Declared,
    id: i64,
    fingerprint: Fingerprint,
    at: Millis,
) -> Result<bool, Fault> {
    let Some(letter) = find(tx, declared, id)?.filter(|letter| letter.resolution.is_none()) else {
        return Ok(false);
    };
    units::put(tx, &letter.gap(fingerprint, at))?;
    resolve(tx, id, "accepted")?;
    Ok(true)
}
