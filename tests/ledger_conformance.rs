//! What every ledger must do, on both kinds of SQLite: in a file with its threads, and in memory within the
//! call. Then what a ledger of one process promises besides, and what only the file can show: surviving a
//! reopening, a torn tail, a newer version. `tests/postgres_ledger` runs the same cases on Postgres.

#[path = "ledger_conformance/suite.rs"]
mod suite;

use std::path::Path;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tidegate::adapters::ledger::{InlineLedger, SqliteLedger};
use tidegate::fleet::{Committed, Ledger, LedgerError};

use suite::{
    A, Check, DATASETS, Home, consistent, done, each_case, finish, granted, new_run, random_step, ready,
    record, undeclared_datasets, unit,
};

macro_rules! suite {
    ($ledger:ident, $open:ident, $drive:ident: $($case:ident),* $(,)?) => {
        mod $ledger {
            $(#[test]
            fn $case() {
                let (ledger, _folder) = super::$open();
                super::$drive(super::suite::$case(&ledger)).expect("no error");
            })*
        }
    };
}

each_case!(suite!(in_a_file, in_a_file, with_threads));
each_case!(suite!(in_memory, in_memory, at_the_first_poll));

/// What a ledger that only one process has open promises besides.
mod of_one_process {
    use super::*;

    #[test]
    fn claims_of_a_process_that_is_gone_are_released() {
        on_both(|ledger| Box::pin(released(ledger)));
    }

    #[test]
    fn what_was_told_is_not_told_again() {
        on_both(|ledger| Box::pin(told_once(ledger)));
    }

    #[test]
    fn counts_hold_under_random_operations() {
        for home in [Home::OfOne, Home::Shared] {
            on_both(move |ledger| Box::pin(suite::counts_hold_under_random_operations(ledger, home)));
        }
    }

    fn on_both(case: impl for<'a> Fn(&'a dyn Ledger) -> LocalBoxFuture<'a, Check>) {
        let (ledger, _folder) = in_a_file();
        with_threads(case(&ledger)).expect("no error");
        at_the_first_poll(case(&in_memory().0)).expect("no error");
    }

    async fn released(ledger: &dyn Ledger) -> Check {
        let id =
            ledger.submit(new_run(1, &[ready(unit(A, 1)), ready(unit(A, 2)), ready(unit(A, 3))])).await?;
        let (fence, _) = granted(ledger, id, unit(A, 1), 10).await?;
        granted(ledger, id, unit(A, 2), 10).await?;
        assert_eq!(ledger.release_claims().await?, 2);
        assert_eq!(ledger.release_claims().await?, 0);
        assert_eq!(ledger.commit(done(id, unit(A, 1), fence, 1)).await?, Committed::Stale);
        assert_eq!(granted(ledger, id, unit(A, 1), 11).await?, (fence + 1, 1));
        Ok(())
    }

    async fn told_once(ledger: &dyn Ledger) -> Check {
        assert_eq!(ledger.changes_since(0).await?, (0, Vec::new()));
        let id = ledger.submit(new_run(1, &[ready(unit(A, 1)), ready(unit(A, 2))])).await?;
        finish(ledger, id, unit(A, 1), 1).await?;
        let (position, changes) = ledger.changes_since(0).await?;
        assert_eq!(changes, vec![(unit(A, 1), Some(record(id, unit(A, 1), 1)))]);
        assert_eq!(ledger.changes_since(position).await?, (position, Vec::new()));
        finish(ledger, id, unit(A, 2), 2).await?;
        let (next, changes) = ledger.changes_since(position).await?;
        assert!(next > position);
        assert_eq!(changes, vec![(unit(A, 2), Some(record(id, unit(A, 2), 2)))]);
        Ok(())
    }
}

fn in_a_file() -> (SqliteLedger, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    (open(&folder.path().join("ledger.sqlite")), folder)
}

fn in_memory() -> (InlineLedger, ()) {
    (InlineLedger::in_memory(&DATASETS).expect("a ledger"), ())
}

fn with_threads(case: impl Future<Output = Check>) -> Check {
    futures::executor::block_on(case)
}

/// A simulation polls once: in memory nothing is ever pending.
fn at_the_first_poll(case: impl Future<Output = Check>) -> Check {
    case.now_or_never().expect("complete at the first poll")
}

fn open(path: &Path) -> SqliteLedger {
    SqliteLedger::open(path, &DATASETS).expect("a ledger")
}

/// A few operations of every kind; the readable state before the first and after each.
async fn a_short_history(ledger: &dyn Ledger) -> Result<Vec<String>, LedgerError> {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let mut states = vec![consistent(ledger).await?];
    for now in 0..120 {
        random_step(ledger, Home::OfOne, &mut random, now).await?;
        states.push(consistent(ledger).await?);
    }
    Ok(states)
}

#[tokio::test]
async fn what_was_answered_survives_the_process() -> Check {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ledger.sqlite");
    let ledger = open(&path);
    a_short_history(&ledger).await?;
    let id = ledger.submit(new_run(500, &[ready(unit(A, 9))])).await?;
    finish(&ledger, id, unit(A, 9), 1).await?;
    let state = consistent(&ledger).await?;
    assert!(state.contains("Completion"), "some completion waits in the outbox");
    drop(ledger);
    assert_eq!(consistent(&open(&path)).await?, state);
    Ok(())
}

/// Power loss at any byte: the log of a live ledger is cut there, and the ledger opened from the copy.
#[tokio::test]
async fn a_torn_log_loses_whole_operations_from_the_end_and_no_part_of_one() -> Check {
    let folder = tempfile::tempdir().expect("a folder");
    let ledger = open(&folder.path().join("ledger.sqlite"));
    let states = a_short_history(&ledger).await?;
    let bytes = |name: &str| std::fs::read(folder.path().join(name)).expect("a file of the ledger");
    let (main, log) = (bytes("ledger.sqlite"), bytes("ledger.sqlite-wal"));

    let mut reached = 0;
    let mut cuts: Vec<usize> = (0..log.len()).step_by(log.len() / 60).collect();
    cuts.push(log.len());
    for cut in cuts {
        let copy = tempfile::tempdir().expect("a folder");
        std::fs::write(copy.path().join("ledger.sqlite"), &main).expect("a copy");
        std::fs::write(copy.path().join("ledger.sqlite-wal"), &log[..cut]).expect("a copy");
        let state = consistent(&open(&copy.path().join("ledger.sqlite"))).await?;
        let at = states.iter().rposition(|known| *known == state);
        let at = at.unwrap_or_else(|| panic!("cut at {cut} of {}: a state that never was", log.len()));
        assert!(at >= reached, "cut at {cut}: state {at} after {reached}");
        reached = at;
    }
    assert_eq!(reached, states.len() - 1, "the whole log has the last state");
    Ok(())
}

#[tokio::test]
async fn what_is_past_of_an_undeclared_dataset_is_left_out_and_what_is_open_is_an_error() -> Check {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ledger.sqlite");
    let ledger = open(&path);
    let later = SqliteLedger::open(&path, &[A]).expect("a ledger");
    undeclared_datasets(&ledger, &later).await
}

#[test]
fn a_file_that_is_no_ledger_of_this_version_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let newer = folder.path().join("newer");
    drop(open(&newer));
    let write = |path: &Path, sql: &str| {
        rusqlite::Connection::open(path).and_then(|file| file.execute_batch(sql)).expect("written");
    };
    write(&newer, "PRAGMA user_version = 9");
    let foreign = folder.path().join("foreign");
    write(&foreign, "CREATE TABLE cats (name TEXT)");
    let text = folder.path().join("text");
    std::fs::write(&text, "this is not a database, and it is longer than a header".repeat(9))
        .expect("written");
    let cases = [
        (newer, "of version 9, this program knows 2"),
        (foreign, "not a ledger of ours"),
        (text, "not a database"),
        (folder.path().join("missing/ledger"), "unable to open"),
    ];
    for (path, reason) in cases {
        let error = SqliteLedger::open(&path, &DATASETS).expect_err(reason).to_string();
        assert!(error.contains(reason), "{}: {error}", path.display());
    }
}

/// Version 1 had no traces.
#[tokio::test]
async fn a_ledger_of_an_earlier_version_goes_on() -> Check {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ledger.sqlite");
    let ledger = open(&path);
    let id = ledger.submit(new_run(500, &[ready(unit(A, 9)), ready(unit(A, 8))])).await?;
    finish(&ledger, id, unit(A, 9), 1).await?;
    let state = consistent(&ledger).await?;
    drop(ledger);
    let earlier = "ALTER TABLE outbox DROP COLUMN trace; ALTER TABLE dead_letters DROP COLUMN trace;
        PRAGMA user_version = 1";
    rusqlite::Connection::open(&path).and_then(|file| file.execute_batch(earlier)).expect("written");
    let ledger = open(&path);
    assert_eq!(consistent(&ledger).await?, state);
    finish(&ledger, id, unit(A, 8), 1).await?;
    drop(ledger);
    assert_eq!(open(&path).outbox().await?.len(), 2);
    Ok(())
}

#[tokio::test]
async fn a_cleared_ledger_is_as_new() -> Check {
    let ledger = InlineLedger::in_memory(&DATASETS)?;
    let first = a_short_history(&ledger).await?;
    ledger.clear().await?;
    assert_eq!(a_short_history(&ledger).await?, first);
    Ok(())
}
