//! Connections that are cut in the middle of things, and a server that is restarted or crashes: told as troubles that
//! pass, and they do; nothing is lost and nothing done twice.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tidegate::fleet::{Ledger, LedgerError};
use tidegate::flow::Failure;

use crate::cluster::Database;
use crate::concurrent::{Common, all_units, check_end, everybody};
use crate::suite::{A, Check, Reader, finish, new_run, ready, unit};

/// Operations between two harms.
const BETWEEN_HARMS: u64 = 400;

/// Work goes on while something is done to the server, again and again.
async fn work_under_harm(
    database: &Database,
    dates: i32,
    mut harm: impl AsyncFnMut(u32),
    harms: u32,
) -> Check {
    let ledger = database.ledger().await;
    let units = all_units(dates);
    let id = ledger.submit(new_run(1, &units.iter().copied().map(ready).collect::<Vec<_>>())).await?;
    let common = Common::of(id);
    let mut tasks = everybody(database, &common, &units, 4).await;
    let mut done = 0;
    while done < harms && !tasks.is_empty() {
        if common.operations.load(Ordering::SeqCst) >= BETWEEN_HARMS * u64::from(done + 1) {
            harm(done).await;
            done += 1;
        }
        // Lets the others go on; whoever ends early ends the test's harm, too.
        if let Some(ended) = tasks.try_join_next() {
            ended.expect("no panic");
        }
        tokio::task::yield_now().await;
    }
    tasks.join_all().await;
    check_end(&ledger, &common, &units).await?;
    let ends = common.ends.load(Ordering::SeqCst);
    assert!(ends <= 1, "the run's end was told {ends} times");
    let troubles = common.troubles.load(Ordering::SeqCst);
    assert!(done == harms && troubles > 0, "{done} of {harms} harms, {troubles} troubles");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn cut_connections_are_a_trouble_that_passes() -> Check {
    let database = Database::new().await;
    let cut = async |_| assert!(database.cut_connections().await > 0, "somebody was connected");
    work_under_harm(&database, 120, cut, 8).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_restarts_or_crashes_is_a_trouble_that_passes() -> Check {
    let database = Database::alone().await;
    let restart = async |done: u32| {
        database.restart_server(if done.is_multiple_of(2) { "immediate" } else { "fast" }).await;
    };
    work_under_harm(&database, 120, restart, 3).await
}

#[tokio::test]
async fn a_cut_connection_is_told_as_transient_and_the_next_call_works() -> Check {
    let database = Database::new().await;
    let ledger = Arc::new(database.ledger().await);
    let id = ledger.submit(new_run(1, &[ready(unit(A, 1))])).await?;
    // In the middle: the statement waits for a row that somebody has locked.
    let mut session = database.session().await;
    let lock = session.transaction().await.unwrap();
    lock.query("SELECT 1 FROM tasks FOR UPDATE", &[]).await.unwrap();
    let claim = ledger.claim(crate::suite::order(id, unit(A, 1)), 10, 110);
    let cut = async {
        let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND wait_event_type = 'Lock'";
        let watch = database.session().await;
        while watch.query_one(waits, &[&database.config.database]).await.unwrap().get::<_, i64>(0) == 0 {}
        database.cut_connections().await;
    };
    let (claim, ()) = futures::join!(claim, cut);
    let error = claim.expect_err("the connection was cut");
    assert!(matches!(error, LedgerError::Storage { operation: "claim", .. }), "{error}");
    assert!(matches!(Failure::from(error), Failure::Transient(_)));
    drop(lock);
    drop(session);
    let mut reader = Reader::default();
    finish(&*ledger, id, unit(A, 1), 1).await?;
    assert_eq!(reader.news(&*ledger).await?.len(), 1);
    Ok(())
}
