//! The bad end of an attempt: dead letters, what they hold, and how they are resolved.
//!
//! At most one dead letter of a unit is open: where a replay dies again, its new dead letter resolves the
//! one that it took up, as `replayed`. A task that several dead letters reach is held by the first. When
//! that one is resolved and the task is still held, it goes to the oldest open one of the run that
//! reaches it; where there is none, it stays, and the run that takes it up supersedes it.

use tokio_postgres::Row;

use super::fault::Fault;
use super::sessions::Session;
use super::{runs, stored, units};
use crate::adapters::ledger::declared::Declared;
use crate::adapters::ledger::shift::Shift;
use crate::fleet::{Burial, DeadLetter, Millis, TraceContext};
use crate::flow::{Fingerprint, RunId, TaskState, Unit};

macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT d.dataset, d.date, d.id, d.run, r.name, r.lane, d.class, d.code, d.message,
                d.attempts, d.fingerprint, d.inputs, d.code_revision, d.died_at, d.resolution,
                (SELECT count(*) FROM tasks t WHERE t.dead_letter = d.id AND t.state = 'held') AS held,
                d.published, d.trace
             FROM dead_letters d JOIN runs r ON r.id = d.run ",
            $tail
        )
    };
}

/// Buries a task, within a transaction; `None` where the attempt is stale. Without a fence (the work order
/// killed its workers) the task must be ready or claimed. The run may be over afterwards.
pub(super) async fn bury(
    session: &Session,
    declared: &Declared,
    burial: &Burial,
) -> Result<Option<DeadLetter>, Fault> {
    let Some((state, attempts)) = current(session, burial).await? else {
        return Ok(None);
    };
    resolve_of_unit(session, burial.unit, "replayed").await?;
    let id = insert(session, burial, attempts).await?;
    let (dataset, date) = (burial.unit.dataset.as_str(), burial.unit.date.days());
    session
        .execute(
            "UPDATE tasks SET state = 'dead', claims = claims + 1, lease_until = 0, dead_letter = $4
             WHERE run = $1 AND dataset = $2 AND date = $3",
            &[&burial.run.0, &dataset, &date, &id],
        )
        .await?;
    let held = hold(session, burial, id).await?;
    let mut shift = Shift::moved(TaskState::Waiting, TaskState::Held, held);
    shift.step(state, TaskState::Dead);
    runs::shift(session, burial.run, shift, Some(burial.at)).await?;
    find(session, declared, id).await
}

/// The state and attempts of the task, which stays locked, if the burial speaks for its current attempt.
async fn current(session: &Session, burial: &Burial) -> Result<Option<(TaskState, i32)>, Fault> {
    let (dataset, date) = (burial.unit.dataset.as_str(), burial.unit.date.days());
    let row = session
        .find(
            "SELECT state, attempts, claims FROM tasks WHERE run = $1 AND dataset = $2 AND date = $3
             FOR UPDATE",
            &[&burial.run.0, &dataset, &date],
        )
        .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let (state, claims) = (stored::state(&row)?, stored::small(&row, "claims")?);
    let is_current = match burial.fence {
        Some(fence) => state == TaskState::Claimed && claims == fence,
        None => matches!(state, TaskState::Ready | TaskState::Claimed),
    };
    Ok(if is_current { Some((state, row.try_get("attempts")?)) } else { None })
}

async fn insert(session: &Session, burial: &Burial, attempts: i32) -> Result<i64, Fault> {
    let row = session
        .query(
            "INSERT INTO dead_letters (run, dataset, date, class, code, message, attempts, fingerprint,
                inputs, code_revision, died_at, trace)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING id",
            &[
                &burial.run.0,
                &burial.unit.dataset.as_str(),
                &burial.unit.date.days(),
                &burial.class,
                &burial.code,
                &burial.message,
                &attempts,
                &burial.fingerprint.as_ref().map(|fingerprint| &fingerprint.bytes()[..]),
                &burial.inputs,
                &burial.code_revision.cast_signed(),
                &burial.at,
                &burial.trace.as_ref().map(TraceContext::stored),
            ],
        )
        .await?;
    match row.first() {
        Some(row) => Ok(row.try_get("id")?),
        None => Err(Fault::Content("a dead letter was given no number".to_owned())),
    }
}

/// Records what the dead letter reaches and holds what waits there; answers how many tasks it holds. Two
/// ranges of a dataset that begin on one date are one range: the longer.
async fn hold(session: &Session, burial: &Burial, id: i64) -> Result<usize, Fault> {
    let (mut datasets, mut firsts, mut lasts) = (Vec::new(), Vec::new(), Vec::new());
    for (dataset, dates) in &burial.holds {
        datasets.push(dataset.as_str());
        firsts.push(dates.start().days());
        lasts.push(dates.end().days());
    }
    session
        .execute(
            "INSERT INTO dead_letter_reach (dead_letter, dataset, first_date, last_date)
             SELECT $1, dataset, first, max(last)
             FROM unnest($2::text[], $3::integer[], $4::integer[]) AS h (dataset, first, last)
             GROUP BY dataset, first",
            &[&id, &datasets, &firsts, &lasts],
        )
        .await?;
    let held = session
        .execute(
            "WITH mine AS (
                SELECT t.dataset, t.date FROM tasks t JOIN dead_letter_reach h
                    ON h.dataset = t.dataset AND t.date BETWEEN h.first_date AND h.last_date
                WHERE h.dead_letter = $1 AND t.run = $2 AND t.state = 'waiting'
                ORDER BY t.dataset, t.date FOR UPDATE OF t)
             UPDATE tasks t SET state = 'held', dead_letter = $1 FROM mine
             WHERE t.run = $2 AND t.dataset = mine.dataset AND t.date = mine.date AND t.state = 'waiting'",
            &[&id, &burial.run.0],
        )
        .await?;
    Ok(usize::try_from(held).expect("no more tasks than memory"))
}

/// Resolves the open dead letter of a unit, where there is one.
pub(super) async fn resolve_of_unit(session: &Session, unit: Unit, resolution: &str) -> Result<(), Fault> {
    let (dataset, date) = (unit.dataset.as_str(), unit.date.days());
    let open = session
        .find(
            "SELECT id FROM dead_letters WHERE dataset = $1 AND date = $2 AND resolution IS NULL FOR UPDATE",
            &[&dataset, &date],
        )
        .await?;
    match open {
        Some(row) => resolve(session, row.try_get("id")?, resolution).await,
        None => Ok(()),
    }
}

async fn resolve(session: &Session, id: i64, resolution: &str) -> Result<(), Fault> {
    session.execute("UPDATE dead_letters SET resolution = $2 WHERE id = $1", &[&id, &resolution]).await?;
    // What other open ones of the run reach too is theirs now.
    session
        .execute(
            "UPDATE tasks t SET dead_letter = coalesce(
                (SELECT min(d.id) FROM dead_letters d JOIN dead_letter_reach h ON h.dead_letter = d.id
                 WHERE d.run = t.run AND d.resolution IS NULL AND h.dataset = t.dataset
                    AND t.date BETWEEN h.first_date AND h.last_date),
                dead_letter)
             WHERE dead_letter = $1 AND state = 'held'",
            &[&id],
        )
        .await?;
    Ok(())
}

/// All dead letters, the oldest first, or the open ones.
pub(super) async fn list(
    session: &Session,
    declared: &Declared,
    open_only: bool,
) -> Result<Vec<DeadLetter>, Fault> {
    let rows = if open_only {
        session.query(select!("WHERE d.resolution IS NULL ORDER BY d.id"), &[]).await?
    } else {
        session.query(select!("ORDER BY d.id"), &[]).await?
    };
    rows.iter().filter_map(|row| record(row, declared).transpose()).collect()
}

async fn find(session: &Session, declared: &Declared, id: i64) -> Result<Option<DeadLetter>, Fault> {
    match session.find(select!("WHERE d.id = $1"), &[&id]).await? {
        Some(row) => record(&row, declared),
        None => Ok(None),
    }
}

fn record(row: &Row, declared: &Declared) -> Result<Option<DeadLetter>, Fault> {
    let resolution: Option<String> = row.try_get("resolution")?;
    let Some(unit) = stored::unit_of(declared, row, "a dead letter", resolution.is_none())? else {
        return Ok(None);
    };
    Ok(Some(DeadLetter {
        id: row.try_get("id")?,
        run: RunId(row.try_get("run")?),
        run_name: row.try_get("name")?,
        unit,
        lane: stored::lane(row)?,
        class: row.try_get("class")?,
        code: row.try_get("code")?,
        message: row.try_get("message")?,
        attempts: stored::small(row, "attempts")?,
        fingerprint: stored::fingerprint(row, "fingerprint")?,
        inputs: row.try_get("inputs")?,
        code_revision: stored::small(row, "code_revision")?,
        died_at: row.try_get("died_at")?,
        resolution,
        held: stored::count(row, "held")?,
        published: row.try_get("published")?,
        trace: stored::trace(row)?,
    }))
}

/// Marks a dead letter's notice as published.
pub(super) async fn mark_published(session: &Session, id: i64) -> Result<(), Fault> {
    session.execute("UPDATE dead_letters SET published = true WHERE id = $1", &[&id]).await?;
    Ok(())
}

/// Resolves an open dead letter as an accepted gap, within a transaction: its unit is complete, without
/// content. `false` where it was not open.
pub(super) async fn accept(
    session: &Session,
    declared: &Declared,
    id: i64,
    fingerprint: Fingerprint,
    at: Millis,
) -> Result<bool, Fault> {
    // Locked: of two who accept, and of one who accepts and one whose attempt ends well, the second sees it.
    session.query("SELECT 1 FROM dead_letters WHERE id = $1 FOR UPDATE", &[&id]).await?;
    let letter = find(session, declared, id).await?.filter(|letter| letter.resolution.is_none());
    let Some(letter) = letter else {
        return Ok(false);
    };
    units::put(session, &letter.gap(fingerprint, at)).await?;
    resolve(session, id, "accepted").await?;
    Ok(true)
}
