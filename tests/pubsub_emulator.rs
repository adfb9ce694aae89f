//! The conformance suite against Google's emulator, at the address in `TIDEGATE_PUBSUB_EMULATOR`
//! (`tests/pubsub_emulator.sh` starts one). Where the emulator does not follow the documentation, the case says
//! so, and this test notices when it no longer differs. Only by name: `cargo test --test pubsub_emulator`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(unreachable_pub, missing_docs, reason = "a test crate has no public interface")]

#[path = "pubsub_conformance/suite.rs"]
mod suite;

use suite::Bus;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn googles_emulator_differs_only_where_the_cases_say_so() {
    let address = std::env::var_os("TIDEGATE_PUBSUB_EMULATOR").expect("TIDEGATE_PUBSUB_EMULATOR=host:port");
    let outcomes = suite::run(Bus::at(&address.to_string_lossy()).await).await;
    print!("{}", suite::table("emulator", &outcomes));
    let surprising: Vec<_> = outcomes
        .iter()
        .filter(|(case, outcome)| outcome.is_ok() == case.emulator_differs.is_some())
        .collect();
    assert!(surprising.is_empty(), "not as the cases say: {surprising:#?}");
}
