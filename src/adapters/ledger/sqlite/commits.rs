//! The good end of an attempt: the unit's record, the task's end, the outbox row and the end of a dead
//! letter, all in one transaction and only for the current fence.

use rusqlite::{OptionalExtension, Transaction};

use super::fault::Fault;
use super::runs;
use super::stored::signed;
use super::tasks::key;
use super::{dead_letters, outbox, units};
use crate::adapters::ledger::shift::Shift;
use crate::fleet::{Commit, Committed};
use crate::flow::{Completion, Lane, Outcome, Revision, TaskState};

/// Commits an attempt, or says that it is stale.
pub(super) fn commit(tx: &Transaction<'_>, commit: &Commit) -> Result<Committed, Fault> {
    let record = &commit.record;
    let mut completion = Completion {
        run: commit.run,
        lane: Lane::Backfill,
        unit: record.unit,
        outcome: commit.outcome,
        revision: revision(commit),
        rows_expected: record.rows_expected,
        rows_written: record.rows_written,
        attempt: 0,
    };
    let Some(attempt) = finish(tx, commit, &completion)? else {
        return Ok(Committed::Stale);
    };
    completion.attempt = attempt;
    match commit.outcome {
        // The present record stays. Where another run has forgotten it meanwhile (its file is damaged),
        // it comes back, and the next reader finds the damage again: nothing is finished without a record.
        Outcome::Unchanged => units::put_if_missing(tx, record)?,
        Outcome::Done | Outcome::Skipped(_) => units::put(tx, record)?,
    }
    dead_letters::resolve_of_unit(tx, record.unit, "replayed")?;
    let shift = Shift::moved(TaskState::Claimed, TaskState::Finished, 1);
    let run = runs::shift(tx, commit.run, shift, Some(commit.at))?;
    completion.lane = run.lane;
    let outbox = outbox::add(tx, &completion, commit.trace.as_ref())?;
    Ok(Committed::Yes { outbox, completion, run_finished: run.is_finished })
}

/// The revision of what is stored; of nothing, where nothing is.
fn revision(commit: &Commit) -> Revision {
    match &commit.record.stored {
        Some(stored) => stored.revision,
        None => Revision::of_bytes(&[]),
    }
}

/// Ends the task and answers its attempts; `None` where the fence is not the current one.
fn finish(tx: &Transaction<'_>, commit: &Commit, completion: &Completion) -> Result<Option<u32>, Fault> {
    let (run, dataset, date) = key(commit.run, commit.record.unit);
    let attempts = tx
        .prepare_cached(
            "UPDATE tasks SET state = 'finished', lease_until = 0, outcome = ?5, revision = ?6,
                rows_expected = ?7, rows_written = ?8
             WHERE run = ?1 AND dataset = ?2 AND date = ?3 AND state = 'claimed' AND claims = ?4
             RETURNING attempts",
        )?
        .query_row(
            (
                run,
                dataset,
                date,
                commit.fence,
                completion.outcome.code(),
                completion.revision.bytes(),
                signed(completion.rows_expected),
                signed(completion.rows_written),
            ),
            |row| row.get(0),
        )
        .optional()?;
    Ok(attempts)
}
