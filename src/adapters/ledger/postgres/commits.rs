//! The good end of an attempt: the unit's record, the task's end, the outbox row and the end of a dead
//! letter, all in one statement and only for the current fence; then a look whether that was the run's end.

use tokio_postgres::types::ToSql;

use super::fault::Fault;
use super::runs::{self, shard};
use super::sessions::Session;
use super::stored::{self, signed};
use super::units::{Columns, insert_record, replace_record};
use crate::fleet::{Commit, Committed, TraceContext};
use crate::flow::{Completion, Outcome, Revision};

/// Everything but the look. `$1` to `$14` are the record; `task` decides whether anything else happens. A unit
/// that is unchanged keeps its present record (`$22` is false); where another run has forgotten it
/// meanwhile (its file is damaged), it comes back, and the next reader finds the damage again: nothing is
/// finished without a record. The tally is named first because it is what others may wait for: what nobody
/// reads from is done in the end, the first last.
const COMMIT: &str = concat!(
    "WITH task AS (
        UPDATE tasks SET state = 'finished', lease_until = 0, outcome = $17, revision = $18,
            rows_expected = $19, rows_written = $20
        WHERE run = $15 AND dataset = $1 AND date = $2 AND state = 'claimed' AND claims = $16
        RETURNING attempts),
     tally AS (
        INSERT INTO run_tallies AS t (run, shard, claimed, finished, ended_at) SELECT $15, ",
    shard!(),
    ", -1, 1, $21::bigint FROM task
        ON CONFLICT (run, shard) DO UPDATE SET claimed = t.claimed - 1, finished = t.finished + 1,
            ended_at = greatest(t.ended_at, excluded.ended_at)),
     letter AS (
        UPDATE dead_letters d SET resolution = 'replayed' FROM task
        WHERE d.dataset = $1 AND d.date = $2 AND d.resolution IS NULL RETURNING d.id),
     freed AS (
        UPDATE tasks t SET dead_letter = coalesce(
            (SELECT min(d.id) FROM dead_letters d JOIN dead_letter_reach h ON h.dead_letter = d.id
             WHERE d.run = t.run AND d.resolution IS NULL AND d.id <> letter.id AND h.dataset = t.dataset
                AND t.date BETWEEN h.first_date AND h.last_date),
            t.dead_letter)
        FROM letter WHERE t.dead_letter = letter.id AND t.state = 'held'),
     record AS (",
    insert_record!(),
    " FROM task",
    replace_record!(),
    " WHERE $22 OR u.outcome IS NULL),
     message AS (
        INSERT INTO outbox (run, dataset, date, outcome, revision, rows_expected, rows_written, attempt,
            trace)
        SELECT $15, $1, $2, $17, $18, $19, $20, attempts, $23 FROM task RETURNING id)
     SELECT task.attempts, message.id, r.lane FROM task, message, runs r WHERE r.id = $15"
);

/// Commits an attempt, or says that it is stale. The look comes after the commit, and from whoever has ended a
/// task: one that is stale has nobody to tell that the run is over.
pub(super) async fn commit(session: &Session, commit: &Commit) -> Result<Committed, Fault> {
    let record = &commit.record;
    let revision = revision(commit);
    let (outcome, columns) = (commit.outcome.code(), Columns::of(record));
    let (run, fence) = (commit.run.0, commit.fence.cast_signed());
    let (expected, written) = (signed(record.rows_expected), signed(record.rows_written));
    let (hash, replaces) = (&revision.bytes()[..], commit.outcome != Outcome::Unchanged);
    let mut arguments = columns.arguments().to_vec();
    let trace = commit.trace.as_ref().map(TraceContext::stored);
    arguments.extend::<[&(dyn ToSql + Sync); 9]>([
        &run, &fence, &outcome, &hash, &expected, &written, &commit.at, &replaces, &trace,
    ]);
    let Some(row) = session.find(COMMIT, &arguments).await? else {
        return Ok(Committed::Stale);
    };
    let ended = runs::look_for_end(session, &[commit.run], commit.at).await?;
    let completion = Completion {
        run: commit.run,
        lane: stored::lane(&row)?,
        unit: record.unit,
        outcome: commit.outcome,
        revision,
        rows_expected: record.rows_expected,
        rows_written: record.rows_written,
        attempt: stored::small(&row, "attempts")?,
    };
    Ok(Committed::Yes { outbox: row.try_get("id")?, completion, run_finished: !ended.is_empty() })
}

/// The revision of what is stored; of nothing, where nothing is.
fn revision(commit: &Commit) -> Revision {
    match &commit.record.stored {
        Some(stored) => stored.revision,
        None => Revision::of_bytes(&[]),
    }
}
