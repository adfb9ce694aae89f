//! The conformance suite against Google's emulator, at the address in `TIDEGATE_PUBSUB_EMULATOR`
//! (`tests/pubsub_emulator.sh` starts one). Where the emulator does not follow the documentation, the case says
//! so, and this test notices when it no longer differs. Only by name: `cargo test --test pubsub_emulator`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(unreachable_pub, missing_docs, reason = "a test crate has no public interface")]

#[path = "pubsub_conformance/suite.rs"]
mod suite;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use std::time::Duration;
use suite::Bus;
use tidegate::adapters::pubsub::{Codec, PubsubBus, PubsubConfig, PubsubSubscriber, ensure_topology};
use tidegate::fleet::{Bus as _, Subscriber as _, Traced};
use tidegate::flow::{
    Cascade, Completion, DatasetName, Date, Lane, Outcome, Purpose, Revision, RunId, Topology, Unit,
};
use tidegate::pipelines::nba::NBA;

/// Streams that the emulator lets a connection carry.
const STREAMS_OF_A_CONNECTION: usize = 100;

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

/// A gate of all processors has more inputs than one connection carries; it hears of each.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gate_hears_of_every_input() {
    let address = std::env::var_os("TIDEGATE_PUBSUB_EMULATOR").expect("TIDEGATE_PUBSUB_EMULATOR=host:port");
    let config = PubsubConfig::local(format!("http://{}", address.to_string_lossy()), "many-inputs");
    let cascade = Cascade::of(&NBA).unwrap();
    let topology = Topology::of(&cascade);
    ensure_topology(&config, &topology).await.unwrap();
    let datasets: Vec<DatasetName> = cascade.datasets().collect();
    let codec = Codec::of(datasets.iter().copied());
    let subscriber = PubsubSubscriber::among_others(config.clone(), codec).await.unwrap();
    let gates = topology.subscriptions.iter().filter(|subscription| subscription.purpose == Purpose::Gate);
    let inputs = FuturesUnordered::new();
    for gate in gates {
        let mut deliveries = subscriber.subscribe(&gate.name, 10).await.unwrap();
        let (name, heard) =
            (gate.name.clone(), async move { deliveries.next().await.unwrap().unwrap().ack() });
        inputs.push(
            async move { tokio::time::timeout(Duration::from_secs(60), heard).await.map_err(|_| name) },
        );
    }
    assert!(inputs.len() > STREAMS_OF_A_CONNECTION, "{} inputs are no test of this", inputs.len());
    let bus = PubsubBus::connect(config).await.unwrap();
    let of = |dataset| {
        Traced::from(Completion {
            run: RunId(1),
            lane: Lane::Daily,
            unit: Unit { dataset, date: Date::parse("2024-01-26").unwrap() },
            outcome: Outcome::Done,
            revision: Revision::of_bytes(&[]),
            rows_expected: 0,
            rows_written: 0,
            attempt: 1,
        })
    };
    bus.publish_completions(&datasets.into_iter().map(of).collect::<Vec<_>>()).await.unwrap();
    let unheard: Vec<String> = inputs.filter_map(async |heard| heard.err()).collect().await;
    assert!(unheard.is_empty(), "nothing was heard of {unheard:?}");
    subscriber.settle(Duration::from_secs(10)).await;
}
