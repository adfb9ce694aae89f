//! Google Cloud Storage and BigQuery on this machine, for trying a cloud home and for tests: `cargo run --example
//! local_cloud -- --storage 127.0.0.1:4443 --bigquery 127.0.0.1:9050 --dir DIR --faults SEED`. Objects survive a
//! restart where a directory is given; tables do not, and are filled anew by the sink. No credentials are asked for,
//! so it must listen on this machine only.
//!
//! Tests take the parts by `#[path]`: `faults.rs`, `connections.rs`, `storage.rs`, `storage_api.rs` and the
//! `bigquery*.rs`, side by side.

mod bigquery;
mod bigquery_api;
mod bigquery_load;
mod bigquery_sql;
mod connections;
mod faults;
mod storage;
mod storage_api;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use clap::Parser;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

use bigquery::BigQuery;
use faults::Faults;
use storage::Storage;

/// How long a load job takes here, in milliseconds.
const JOB_MS: i64 = 200;

/// Cloud services on this machine, with the faults of real ones.
#[derive(Parser)]
struct Arguments {
    /// Where Cloud Storage listens.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4443")]
    storage: SocketAddr,
    /// Where BigQuery listens. It loads from the Cloud Storage beside it.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9050")]
    bigquery: SocketAddr,
    /// Where objects are kept; without it they are lost at the end.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Lets requests go wrong, which and how as this number says.
    #[arg(long, value_name = "SEED")]
    faults: Option<u64>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let faults = || arguments.faults.map_or_else(Faults::none, Faults::of_seed);
    let storage = match &arguments.dir {
        Some(directory) => {
            let opened = Storage::open(&directory.join("storage"), faults());
            opened.with_context(|| format!("open {}", directory.display()))?
        }
        None => Storage::in_memory(faults()),
    };
    let storage = Arc::new(storage);
    let mut servers = JoinSet::new();
    let listener = listen("Cloud Storage", arguments.storage).await?;
    servers.spawn(storage_api::serve(Arc::clone(&storage), listener));
    let beside = Arc::clone(&storage);
    let read = move |bucket: &str, name: &str| beside.get(bucket, name).map(|(content, _)| content);
    let faults = arguments.faults.map_or_else(Faults::none, Faults::of_seed);
    let bigquery = Arc::new(BigQuery::new(bigquery::Limits::default(), JOB_MS, faults, now, read));
    if let Some(seed) = arguments.faults {
        bigquery.jobs_of_seed(seed);
    }
    let listener = listen("BigQuery", arguments.bigquery).await?;
    servers.spawn(bigquery_api::serve(Arc::clone(&bigquery), listener));

    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
        Some(ended) = servers.join_next() => ended?.context("a server ended")?,
    }
    for (kind, requests) in storage.faults.counts() {
        println!("{kind:?}: {requests} requests");
    }
    for (kind, requests) in bigquery.faults.counts() {
        println!("BigQuery {kind:?}: {requests} requests");
    }
    for over in bigquery.over_limit() {
        println!("BigQuery, beyond a limit: {over}");
    }
    Ok(())
}

async fn listen(what: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener =
        TcpListener::bind(address).await.with_context(|| format!("{what}: listen on {address}"))?;
    println!("{what} at http://{}", listener.local_addr()?);
    Ok(listener)
}

#[expect(clippy::disallowed_methods, reason = "the service's own clock")]
fn now() -> i64 {
    chrono::Utc::now().timestamp_millis()
}
