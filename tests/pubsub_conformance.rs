//! The conformance suite against the embedded server, on a disk in memory. The cases are in
//! `tests/pubsub_conformance/`; `tests/pubsub_emulator.rs` runs the same ones against Google's emulator.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(unreachable_pub, missing_docs, reason = "a test crate has no public interface")]

#[path = "pubsub_conformance/suite.rs"]
mod suite;

use std::net::{Ipv4Addr, SocketAddr};
use suite::Bus;
use tidegate::broker::{BrokerConfig, Server};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_embedded_server_follows_the_documentation() {
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = Server::start(BrokerConfig::in_memory(listen)).await.unwrap();
    let outcomes = suite::run(Bus::at(&server.local_addr().to_string()).await).await;
    server.shutdown().await.unwrap();
    print!("{}", suite::table("ours", &outcomes));
    let failed: Vec<_> = outcomes.iter().filter(|(_, outcome)| outcome.is_err()).collect();
    assert!(failed.is_empty(), "cases that do not hold: {failed:#?}");
}
