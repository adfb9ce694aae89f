//! Connecting: tables that are made once, by many at once, and refused where they are not ours or newer; a
//! ledger that was restored; encrypted connections.

use futures::future::join_all;
use tidegate::adapters::ledger::{PostgresConfig, PostgresLedger, Tls};
use tidegate::fleet::{Ledger, LedgerError};

use crate::cluster::Database;
use crate::suite::{A, Check, DATASETS, Reader, finish, new_run, ready, record, unit};

#[tokio::test]
async fn many_that_connect_at_once_make_the_tables_once() -> Check {
    let database = Database::new().await;
    let ledgers = join_all((0..16).map(|_| database.ledger())).await;
    let versions = database.session().await.query("SELECT version FROM ledger_schema", &[]).await.unwrap();
    assert_eq!(versions.iter().map(|row| row.get::<_, i32>(0)).collect::<Vec<_>>(), [2]);
    let id = ledgers[0].submit(new_run(1, &[ready(unit(A, 1))])).await?;
    finish(&ledgers[15], id, unit(A, 1), 1).await?;
    Ok(())
}

/// Version 1 had no traces.
#[tokio::test]
async fn tables_of_an_earlier_version_are_brought_up_to_date() -> Check {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    let id = ledger.submit(new_run(1, &[ready(unit(A, 1)), ready(unit(A, 2))])).await?;
    finish(&ledger, id, unit(A, 1), 1).await?;
    drop(ledger);
    let earlier = "ALTER TABLE outbox DROP COLUMN trace; ALTER TABLE dead_letters DROP COLUMN trace;
        UPDATE ledger_schema SET version = 1";
    database.session().await.batch_execute(earlier).await.unwrap();
    let ledger = database.ledger().await;
    finish(&ledger, id, unit(A, 2), 1).await?;
    assert_eq!(ledger.outbox().await?.len(), 2);
    Ok(())
}

fn refused(result: Result<PostgresLedger, LedgerError>, reason: &str) {
    match result {
        Err(LedgerError::Content(told)) if told.contains(reason) => {}
        Err(other) => panic!("expected `{reason}`: {other}"),
        Ok(_) => panic!("expected `{reason}`"),
    }
}

#[tokio::test]
async fn tables_that_are_not_of_this_version_are_refused_with_the_reason() {
    let newer = Database::new().await;
    drop(newer.ledger().await);
    newer.session().await.batch_execute("UPDATE ledger_schema SET version = 9").await.unwrap();
    refused(newer.connect(&DATASETS).await, "of version 9, this program knows 2");

    let foreign = Database::new().await;
    foreign.session().await.batch_execute("CREATE TABLE cats (name text)").await.unwrap();
    refused(foreign.connect(&DATASETS).await, "has a table `cats`, but no ledger of ours");

    let none = PostgresConfig { connections_max: 0, ..foreign.config.clone() };
    refused(PostgresLedger::connect(none, &DATASETS).await, "connections_max is 0");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_a_passing_trouble() {
    let database = Database::new().await;
    let elsewhere = PostgresConfig { port: 1, ..database.config.clone() };
    let missing = PostgresConfig { database: "nothing".to_owned(), ..database.config.clone() };
    for config in [elsewhere, missing] {
        let error = PostgresLedger::connect(config, &DATASETS).await.expect_err("no ledger there");
        assert!(matches!(error, LedgerError::Storage { operation: "connect", .. }), "{error}");
    }
}

#[tokio::test]
async fn an_encrypted_connection_is_checked() -> Check {
    let database = Database::new().await;
    let encrypted = PostgresConfig { tls: Tls::Require, ..database.config.clone() };
    let ledger = PostgresLedger::connect(encrypted.clone(), &DATASETS).await?;
    let id = ledger.submit(new_run(1, &[ready(unit(A, 1))])).await?;
    finish(&ledger, id, unit(A, 1), 1).await?;
    let in_use = "SELECT bool_and(s.ssl) FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid)
         WHERE a.datname = $1 AND a.application_name = 'tidegate'";
    let row = database.session().await.query_one(in_use, &[&database.config.database]).await.unwrap();
    assert_eq!(row.get::<_, Option<bool>>(0), Some(true));

    // The certificate is for 127.0.0.1.
    let another_name = PostgresConfig { host: "localhost".to_owned(), ..encrypted };
    let error = PostgresLedger::connect(another_name, &DATASETS).await.expect_err("not that server's name");
    assert!(error.to_string().contains("certificate"), "{error}");
    Ok(())
}

/// Numbers of transactions are a server's own: a ledger restored elsewhere brings some from the future.
#[tokio::test]
async fn a_restored_ledger_is_followed_from_where_it_is_now() -> Check {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    let id = ledger.submit(new_run(1, &[ready(unit(A, 1)), ready(unit(A, 2))])).await?;
    finish(&ledger, id, unit(A, 1), 1).await?;
    let session = database.session().await;
    session.batch_execute("UPDATE units SET changed_in = 1000000000000").await.unwrap();
    let (position_before, _) = ledger.changes_since(0).await?;
    assert!(position_before < 1_000_000_000_000, "what is running bounds it");

    let restored = database.ledger().await;
    let mut reader = Reader::default();
    assert_eq!(reader.news(&restored).await?, vec![(unit(A, 1), Some(record(id, unit(A, 1), 1)))]);
    finish(&restored, id, unit(A, 2), 2).await?;
    assert_eq!(reader.news(&restored).await?, vec![(unit(A, 2), Some(record(id, unit(A, 2), 2)))]);

    // Whoever has read what the ledger no longer has must not go on as if nothing were.
    let error = restored.changes_since(2_000_000_000_000).await.expect_err("a position from the future");
    assert!(matches!(&error, LedgerError::Content(told) if told.contains("restart this process")), "{error}");
    Ok(())
}
