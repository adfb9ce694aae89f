//! The Pub/Sub adapter against the embedded server, as the fleet uses both: nothing is lost in either
//! direction, what is given back comes again, and closing ends in every answer having arrived.

use std::collections::HashSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use google_cloud_pubsub::client::BasePublisher;
use google_cloud_pubsub::model;
use prost::Message as _;
use tidegate::adapters::pubsub::{Codec, PubsubBus, PubsubConfig, PubsubSubscriber, ensure_topology};
use tidegate::broker::{BrokerConfig, Running, Server};
use tidegate::fleet::{Bus, Deliveries, Message, Subscriber, TraceContext, Traced};
use tidegate::flow::{
    Completion, DatasetName, Date, DeadLetterNotice, Failure, Lane, Outcome, Purpose, Revision, RunId,
    Subscription, Topic, Topology, Unit, WorkOrder, completed_topic, dead_letter_subscription,
    dead_letter_topic, work_subscription, work_topic,
};

const DATASET: DatasetName = DatasetName::of("nba.points");
const ORDERS: i32 = 10_000;

struct Bench {
    server: Running,
    config: PubsubConfig,
    bus: PubsubBus,
    subscriber: PubsubSubscriber,
}

impl Bench {
    async fn start() -> Self {
        Self::start_with(topology()).await
    }

    async fn start_with(topology: Topology) -> Self {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = Server::start(BrokerConfig::in_memory(listen)).await.expect("the server");
        let config = PubsubConfig::local(server.endpoint(), "tidegate");
        ensure_topology(&config, &topology).await.expect("the topology");
        let bus = PubsubBus::connect(config.clone()).await.expect("the bus");
        let codec = Codec::of([DATASET]);
        let subscriber = PubsubSubscriber::connect(config.clone(), codec).await.expect("the subscriber");
        Self { server, config, bus, subscriber }
    }

    async fn work(&self, outstanding_max: usize) -> Box<dyn Deliveries> {
        let name = work_subscription(DATASET, Lane::Backfill);
        self.subscriber.subscribe(&name, outstanding_max).await.expect("subscribed")
    }

    async fn stop(self) {
        self.subscriber.settle(Duration::from_secs(10)).await;
        drop(self.subscriber);
        drop(self.bus);
        self.server.shutdown().await.expect("the log is whole");
    }
}

/// A work topic, a dead-letter topic and a completion topic with a subscription each.
fn topology() -> Topology {
    let subscription = |name: String, topic: String, purpose| Subscription {
        name,
        topic,
        purpose,
        dataset: DATASET.as_str(),
        lane: None,
        ack_deadline_seconds: 60,
        retry_backoff_min_ms: 100,
        retry_backoff_max_ms: 10_000,
        dead_letter_topic: None,
        delivery_attempts_max: None,
    };
    let work = work_topic(DATASET, Lane::Backfill);
    let mut orders = subscription(work_subscription(DATASET, Lane::Backfill), work.clone(), Purpose::Work);
    orders.dead_letter_topic = Some(dead_letter_topic(DATASET));
    orders.delivery_attempts_max = Some(20);
    let topics = [work, dead_letter_topic(DATASET), completed_topic(DATASET)];
    Topology {
        pipeline: "nba",
        topics: topics.map(|name| Topic { name }).to_vec(),
        subscriptions: vec![
            orders,
            subscription(dead_letter_subscription(DATASET), dead_letter_topic(DATASET), Purpose::DeadLetters),
            subscription("nba.reader.gate.points".to_owned(), completed_topic(DATASET), Purpose::Gate),
        ],
    }
}

fn order(day: i32) -> WorkOrder {
    let unit = Unit { dataset: DATASET, date: Date::from_days(day) };
    WorkOrder { run: RunId(7), lane: Lane::Backfill, unit }
}

async fn next(deliveries: &mut Box<dyn Deliveries>) -> Box<dyn tidegate::fleet::Delivery> {
    deliveries.next().await.expect("a stream").expect("a delivery")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_orders_all_arrive_and_stay_answered() {
    let bench = Bench::start().await;
    let orders: Vec<Traced<WorkOrder>> = (0..ORDERS).map(order).map(Traced::from).collect();
    bench.bus.publish_work_orders(&orders).await.expect("published");
    let mut deliveries = bench.work(64).await;
    let mut seen = HashSet::new();
    while seen.len() < orders.len() {
        let delivery = next(&mut deliveries).await;
        match delivery.message() {
            Message::WorkOrder(order) => assert!(seen.insert(order.unit), "{order:?} came twice"),
            other => panic!("{other:?}"),
        }
        delivery.ack();
    }
    assert_eq!(seen, orders.iter().map(|order| order.message.unit).collect());
    deliveries.close().await;
    bench.subscriber.settle(Duration::from_secs(10)).await;
    // All answers have arrived: what is published now is all that is delivered.
    bench.bus.publish_work_orders(&[order(-1).into()]).await.expect("published");
    let mut again = bench.work(1).await;
    let last = next(&mut again).await;
    assert_eq!(last.message(), &Message::WorkOrder(order(-1)));
    last.ack();
    again.close().await;
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_given_back_or_dropped_comes_again() {
    let bench = Bench::start().await;
    bench.bus.publish_work_orders(&[order(1).into()]).await.expect("published");
    let mut deliveries = bench.work(1).await;
    let first = next(&mut deliveries).await;
    assert_eq!(first.message(), &Message::WorkOrder(order(1)));
    first.nack();
    let second = next(&mut deliveries).await;
    assert_eq!(second.message(), &Message::WorkOrder(order(1)));
    drop(second);
    let third = next(&mut deliveries).await;
    assert_eq!(third.message(), &Message::WorkOrder(order(1)));
    third.ack();
    deliveries.close().await;
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_than_the_limit_are_unanswered() {
    let bench = Bench::start().await;
    let orders: Vec<Traced<WorkOrder>> = (0..10).map(order).map(Traced::from).collect();
    bench.bus.publish_work_orders(&orders).await.expect("published");
    let mut deliveries = bench.work(3).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(next(&mut deliveries).await);
    }
    assert!(futures::FutureExt::now_or_never(deliveries.next()).is_none(), "a fourth one");
    held.pop().expect("three").ack();
    held.push(next(&mut deliveries).await);
    // What was handed out may still be answered after the subscription is closed.
    deliveries.close().await;
    held.into_iter().for_each(tidegate::fleet::Delivery::ack);
    bench.subscriber.settle(Duration::from_secs(10)).await;
    let mut rest = bench.work(10).await;
    let mut seen = HashSet::new();
    while seen.len() < 6 {
        let delivery = next(&mut rest).await;
        if let Message::WorkOrder(order) = delivery.message() {
            seen.insert(order.unit.date.days());
        }
        delivery.ack();
    }
    assert_eq!(seen.len(), 6, "four of ten were answered");
    rest.close().await;
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn completions_and_dead_letters_travel_on_their_topics() {
    let bench = Bench::start().await;
    let completion = Completion {
        run: RunId(7),
        lane: Lane::Backfill,
        unit: order(3).unit,
        outcome: Outcome::Done,
        revision: Revision::of_bytes(b"content"),
        rows_expected: 2,
        rows_written: 2,
        attempt: 1,
    };
    bench.bus.publish_completions(&[completion.clone().into()]).await.expect("published");
    let notice = DeadLetterNotice {
        id: 4,
        order: order(4),
        code: "payload_malformed".to_owned(),
        message: "cut in half".to_owned(),
        attempts: 1,
    };
    bench.bus.publish_dead_letter(&notice.clone().into()).await.expect("published");
    let expected = [
        ("nba.reader.gate.points".to_owned(), Message::Completion(completion)),
        (dead_letter_subscription(DATASET), Message::DeadLetter(notice)),
    ];
    for (subscription, message) in expected {
        let mut deliveries = bench.subscriber.subscribe(&subscription, 5).await.expect("subscribed");
        let delivery = next(&mut deliveries).await;
        assert_eq!(delivery.message(), &message);
        delivery.ack();
        deliveries.close().await;
    }
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dataset_that_is_not_declared_is_undecodable_and_says_so() {
    let bench = Bench::start().await;
    let codec = Codec::of([DatasetName::of("nba.other")]);
    let stranger = PubsubSubscriber::connect(bench.config.clone(), codec).await.expect("the subscriber");
    bench.bus.publish_work_orders(&[order(1).into()]).await.expect("published");
    let name = work_subscription(DATASET, Lane::Backfill);
    let mut deliveries = stranger.subscribe(&name, 1).await.expect("subscribed");
    let delivery = next(&mut deliveries).await;
    let expected = "dataset `nba.points` is not declared in this program";
    assert_eq!(delivery.message(), &Message::Undecodable(expected.to_owned()));
    delivery.ack();
    deliveries.close().await;
    stranger.settle(Duration::from_secs(10)).await;
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_publishers_at_once_lose_nothing() {
    let bench = Arc::new(Bench::start().await);
    let mut publishers = tokio::task::JoinSet::new();
    for publisher in 0..50 {
        let bench = Arc::clone(&bench);
        publishers.spawn(async move {
            for at in 0..20 {
                let one = order(publisher * 20 + at);
                bench.bus.publish_work_orders(&[one.into()]).await.expect("published");
            }
        });
    }
    let mut deliveries = bench.work(100).await;
    let mut seen = HashSet::new();
    while seen.len() < 1_000 {
        let delivery = next(&mut deliveries).await;
        if let Message::WorkOrder(order) = delivery.message() {
            assert!(seen.insert(order.unit));
        }
        delivery.ack();
    }
    deliveries.close().await;
    publishers.join_all().await;
    Arc::into_inner(bench).expect("the publishers have ended").stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trace_travels_beside_its_message_also_to_where_it_is_set_aside() {
    let mut soon = topology();
    soon.subscriptions[0].delivery_attempts_max = Some(5);
    let bench = Bench::start_with(soon).await;
    let trace = TraceContext::new(9 << 90, 5, true, Some("rojo=00f067aa0ba902b7"));
    let traced = Traced { message: order(1), trace: trace.clone() };
    bench.bus.publish_work_orders(&[traced]).await.expect("published");
    let mut work = bench.work(1).await;
    // Given back until the server sets it aside.
    for _ in 0..5 {
        let delivery = next(&mut work).await;
        assert_eq!((delivery.message(), delivery.trace()), (&Message::WorkOrder(order(1)), trace.as_ref()));
        delivery.nack();
    }
    let aside = dead_letter_subscription(DATASET);
    let mut aside = bench.subscriber.subscribe(&aside, 1).await.expect("subscribed");
    let delivery = next(&mut aside).await;
    assert_eq!((delivery.message(), delivery.trace()), (&Message::WorkOrder(order(1)), trace.as_ref()));
    delivery.ack();
    aside.close().await;
    work.close().await;
    bench.stop().await;
}

/// A work order as other programs write it.
#[derive(Clone, PartialEq, prost::Message)]
struct OthersEnvelope {
    #[prost(uint32, tag = "1")]
    major: u32,
    #[prost(message, optional, tag = "4")]
    order: Option<OthersOrder>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct OthersOrder {
    #[prost(int64, tag = "1")]
    run: i64,
    #[prost(int32, tag = "2")]
    lane: i32,
    #[prost(message, optional, tag = "3")]
    unit: Option<OthersUnit>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct OthersUnit {
    #[prost(string, tag = "1")]
    dataset: String,
    #[prost(string, tag = "2")]
    date: String,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attributes_that_name_no_trace_are_passed_over() {
    let bench = Bench::start().await;
    let endpoint = bench.config.endpoint.clone().expect("a local server");
    let anonymous = google_cloud_auth::credentials::anonymous::Builder::new().build();
    let publishers = BasePublisher::builder().with_endpoint(endpoint).with_credentials(anonymous);
    let publishers = publishers.build().await.expect("a client");
    let topic = publishers.publisher(bench.config.topic(&work_topic(DATASET, Lane::Backfill))).build();
    let unit = OthersUnit { dataset: "nba.points".to_owned(), date: "1970-01-02".to_owned() };
    let envelope =
        OthersEnvelope { major: 1, order: Some(OthersOrder { run: 7, lane: 2, unit: Some(unit) }) };
    let whole = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let cases = [
        ([("traceparent", "00-xyz"), ("tracestate", "a=b")], None),
        ([("traceparent", ""), ("tracestate", "\n\u{1F3C0}")], None),
        ([("traceparent", whole), ("tracestate", "\n\u{1F3C0}")], TraceContext::parse(whole, None)),
        ([("traceparent", whole), ("tracestate", "a=b")], TraceContext::parse(whole, Some("a=b"))),
    ];
    let mut work = bench.work(1).await;
    for (attributes, trace) in cases {
        let message = model::Message::new().set_data(envelope.encode_to_vec()).set_attributes(attributes);
        let published = topic.publish(message);
        topic.flush().await;
        published.await.expect("published");
        let delivery = next(&mut work).await;
        assert_eq!((delivery.message(), delivery.trace()), (&Message::WorkOrder(order(1)), trace.as_ref()));
        delivery.ack();
    }
    work.close().await;
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_topology_may_be_ensured_again_and_grow() {
    let bench = Bench::start().await;
    let mut grown = topology();
    for number in 0..60 {
        let topic = format!("nba.more.{number}");
        grown.topics.push(Topic { name: topic.clone() });
        for reader in 0..2 {
            let mut another = topology().subscriptions.remove(2);
            another.name = format!("nba.reader.{number}.{reader}");
            another.topic.clone_from(&topic);
            grown.subscriptions.push(another);
        }
    }
    for _ in 0..2 {
        ensure_topology(&bench.config, &grown).await.expect("the topology");
    }
    let mut deliveries = bench.subscriber.subscribe("nba.reader.59.1", 1).await.expect("subscribed");
    assert!(futures::FutureExt::now_or_never(deliveries.next()).is_none());
    deliveries.close().await;
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_that_is_not_there_is_refused_and_a_server_that_is_not_there_is_a_transient_failure() {
    let bench = Bench::start().await;
    let missing = WorkOrder { lane: Lane::Daily, ..order(1) };
    let refused = bench.bus.publish_work_orders(&[missing.into()]).await;
    let Err(Failure::Permanent(permanent)) = &refused else { panic!("{refused:?}") };
    assert_eq!(permanent.code, "pubsub_refused");
    assert!(permanent.message.contains("nba.points.work.daily"), "{permanent}");

    let nowhere = PubsubConfig::local("http://127.0.0.1:1", "tidegate");
    let absent = tokio::time::timeout(Duration::from_secs(5), ensure_topology(&nowhere, &topology())).await;
    if let Ok(absent) = absent {
        let failure = Failure::from(absent.expect_err("nobody listens there"));
        assert!(matches!(failure, Failure::Transient(_)), "{failure:?}");
    }
    bench.stop().await;
}
