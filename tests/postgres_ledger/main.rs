//! The ledger in Postgres, at the server that `TIDEGATE_POSTGRES` names (`tests/postgres.sh` starts one): the cases
//! of every ledger, each in a database of its own; then what only this one promises: many processes at
//! once, lost connections and a restarted server, tables that are made once, whole engines at work on it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cluster;
mod concurrent;
mod losses;
mod tables;
mod world;

#[path = "../simulation/chance.rs"]
mod chance;
#[allow(dead_code, reason = "the simulation's bus wants to know more of a subscription")]
#[path = "../simulation/pipelines.rs"]
mod pipelines;
#[path = "../simulation/reference.rs"]
mod reference;
#[allow(dead_code, reason = "the simulation's world is another one; its payloads are used here")]
#[path = "../simulation/shadow.rs"]
mod shadow;
#[allow(dead_code, reason = "the simulation's world is another one; its payloads are used here")]
#[path = "../simulation/shared.rs"]
mod shared;

#[path = "../ledger_conformance/suite.rs"]
mod suite;

use suite::{A, Check, DATASETS, Home, each_case};

use cluster::Database;

macro_rules! conformance {
    (: $($case:ident),* $(,)?) => {
        mod conformance {
            $(#[tokio::test]
            async fn $case() -> super::Check {
                let database = super::Database::new().await;
                super::suite::$case(&database.ledger().await).await
            })*
        }
    };
}

each_case!(conformance!());

#[tokio::test]
async fn counts_hold_under_random_operations() -> Check {
    let database = Database::new().await;
    suite::counts_hold_under_random_operations(&database.ledger().await, Home::Shared).await
}

#[tokio::test]
async fn what_is_past_of_an_undeclared_dataset_is_left_out_and_what_is_open_is_an_error() -> Check {
    let database = Database::new().await;
    let later = database.connect(&[A]).await.expect("a ledger");
    suite::undeclared_datasets(&database.connect(&DATASETS).await.expect("a ledger"), &later).await
}
