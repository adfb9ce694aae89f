//! What is complete: one record a unit, its present content.
//!
//! Readers follow the changes. A number drawn from a sequence would not do as their position: transactions
//! commit in another order than they draw, and a reader that has seen number 8 would never see number 7 that is
//! committed after it. So a row has the number of the transaction that changed it last, and a position is a
//! bound below which all transactions were over when the reader looked: the oldest that was still running then,
//! or the one after the last that changed a unit, whichever is less. What lies at or above it is told
//! again next time; what lies below has been told. The second bound also stands when the server crashes and
//! gives numbers anew that it had given to transactions without a trace.

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::fault::Fault;
use super::sessions::Session;
use super::stored::{self, signed};
use crate::adapters::ledger::declared::Declared;
use crate::fleet::{Stored, UnitRecord};
use crate::flow::{Revision, RunId, Unit};

/// What happened to a unit: its record now, or `None` where it was forgotten.
pub(super) type Change = (Unit, Option<UnitRecord>);

/// What happened to units of declared datasets since a position, each unit's latest change only, and the
/// position from which to ask next; see the port.
pub(super) async fn changes_since(
    session: &Session,
    declared: &Declared,
    position: i64,
) -> Result<(i64, Vec<Change>), Fault> {
    let rows = session
        .query(
            "WITH told AS (
                SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS running,
                    (SELECT max(changed_in) FROM units) AS last)
             SELECT told.running, told.last, u.dataset IS NOT NULL AS is_change, u.*
             FROM told LEFT JOIN units u
                ON u.changed_in >= $1 AND (u.outcome IS NOT NULL OR $1 > 0)
             ORDER BY u.position",
            &[&position],
        )
        .await?;
    let mut next = position;
    let mut changes = Vec::with_capacity(rows.len());
    for row in &rows {
        if let Some(last) = row.try_get::<_, Option<i64>>("last")? {
            next = row.try_get::<_, i64>("running")?.min(last + 1);
        }
        if row.try_get("is_change")?
            && let Some(unit) = stored::unit(declared, row)?
        {
            changes.push((unit, record(row, unit)?));
        }
    }
    if next < position {
        return Err(Fault::Content(format!(
            "the ledger is older than what this process has read of it (change {next} after {position}): \
             it was restored to an earlier moment; restart this process"
        )));
    }
    Ok((next, changes))
}

/// The columns of a record and their parameters, from `$1`; to be followed by where they come from.
macro_rules! insert_record {
    () => {
        "INSERT INTO units AS u (dataset, date, outcome, fingerprint, revision, digest, bytes, rows_expected,
            rows_written, code, run, attempt, duration_ms, finished_at, changed_in, position)
         SELECT $1, $2, $3::text, $4::bytea, $5::bytea, $6::bytea, $7::bigint, $8::bigint, $9::bigint,
            $10::integer, $11::bigint, $12::integer, $13::bigint, $14::bigint,
            pg_current_xact_id()::text::bigint, nextval('unit_changes')"
    };
}
pub(super) use insert_record;

/// What becomes of the record that is there.
macro_rules! replace_record {
    () => {
        " ON CONFLICT (dataset, date) DO UPDATE SET outcome = excluded.outcome,
            fingerprint = excluded.fingerprint, revision = excluded.revision, digest = excluded.digest,
            bytes = excluded.bytes, rows_expected = excluded.rows_expected,
            rows_written = excluded.rows_written, code = excluded.code, run = excluded.run,
            attempt = excluded.attempt, duration_ms = excluded.duration_ms,
            finished_at = excluded.finished_at, changed_in = excluded.changed_in,
            position = excluded.position"
    };
}
pub(super) use replace_record;

/// A record as the parameters of `insert_record!`.
pub(super) struct Columns<'a> {
    dataset: &'a str,
    date: i32,
    outcome: String,
    fingerprint: &'a [u8],
    revision: Option<&'a [u8]>,
    digest: Option<&'a [u8]>,
    bytes: Option<i64>,
    rows_expected: i64,
    rows_written: i64,
    code: i32,
    run: i64,
    attempt: i32,
    duration_ms: i64,
    finished_at: i64,
}

impl<'a> Columns<'a> {
    pub(super) fn of(record: &'a UnitRecord) -> Self {
        let stored = record.stored.as_ref();
        Self {
            dataset: record.unit.dataset.as_str(),
            date: record.unit.date.days(),
            outcome: record.outcome.code(),
            fingerprint: record.fingerprint.bytes(),
            revision: stored.map(|stored| &stored.revision.bytes()[..]),
            digest: stored.map(|stored| &stored.digest[..]),
            bytes: stored.map(|stored| signed(stored.bytes)),
            rows_expected: signed(record.rows_expected),
            rows_written: signed(record.rows_written),
            code: record.code.cast_signed(),
            run: record.run.0,
            attempt: record.attempt.cast_signed(),
            duration_ms: signed(record.duration_ms),
            finished_at: record.finished_at,
        }
    }

    pub(super) fn arguments(&self) -> [&(dyn ToSql + Sync); 14] {
        [
            &self.dataset,
            &self.date,
            &self.outcome,
            &self.fingerprint,
            &self.revision,
            &self.digest,
            &self.bytes,
            &self.rows_expected,
            &self.rows_written,
            &self.code,
            &self.run,
            &self.attempt,
            &self.duration_ms,
            &self.finished_at,
        ]
    }
}

/// Makes this the unit's record.
pub(super) async fn put(session: &Session, record: &UnitRecord) -> Result<(), Fault> {
    let sql = concat!(insert_record!(), replace_record!());
    session.execute(sql, &Columns::of(record).arguments()).await?;
    Ok(())
}

/// Forgets that units are complete; how many of them were.
pub(super) async fn forget(session: &Session, units: &[Unit]) -> Result<u64, Fault> {
    let (datasets, dates) = stored::columns(units.iter().copied());
    session
        .execute(
            "WITH mine AS (
                SELECT u.dataset, u.date FROM units u
                JOIN unnest($1::text[], $2::integer[]) AS g (dataset, date)
                    ON u.dataset = g.dataset AND u.date = g.date
                WHERE u.outcome IS NOT NULL ORDER BY u.dataset, u.date FOR UPDATE OF u)
             UPDATE units u SET changed_in = pg_current_xact_id()::text::bigint,
                position = nextval('unit_changes'), outcome = NULL, fingerprint = NULL, revision = NULL,
                digest = NULL, bytes = NULL, rows_expected = NULL, rows_written = NULL, code = NULL,
                run = NULL, attempt = NULL, duration_ms = NULL, finished_at = NULL
             FROM mine WHERE u.dataset = mine.dataset AND u.date = mine.date AND u.outcome IS NOT NULL",
            &[&datasets, &dates],
        )
        .await
}

/// The unit's record in a row; `None` where it was forgotten.
fn record(row: &Row, unit: Unit) -> Result<Option<UnitRecord>, Fault> {
    let Some(outcome) = stored::outcome_or_null(row)? else {
        return Ok(None);
    };
    let stored = match stored::hash(row, "revision")? {
        Some(revision) => Some(Stored {
            revision: Revision::from_bytes(revision),
            digest: stored::hash_there(row, "digest")?,
            bytes: stored::count(row, "bytes")?,
        }),
        None => None,
    };
    Ok(Some(UnitRecord {
        unit,
        outcome,
        fingerprint: stored::fingerprint(row, "fingerprint")?
            .ok_or_else(|| Fault::Content(format!("{unit} has no fingerprint")))?,
        stored,
        rows_expected: stored::count(row, "rows_expected")?,
        rows_written: stored::count(row, "rows_written")?,
        code: stored::small(row, "code")?,
        run: RunId(row.try_get("run")?),
        attempt: stored::small(row, "attempt")?,
        duration_ms: stored::count(row, "duration_ms")?,
        finished_at: row.try_get("finished_at")?,
    }))
}
