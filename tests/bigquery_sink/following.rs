//! A fleet with its Pub/Sub server, and a sink that follows it on its own subscriptions while it runs.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tidegate::adapters::bigquery::BigQuery as Client;
use tidegate::adapters::lake::ParquetLake;
use tidegate::adapters::ledger::SqliteLedger;
use tidegate::adapters::objects::MemoryStore;
use tidegate::adapters::pubsub::{Codec, PubsubBus, PubsubConfig, PubsubSubscriber, ensure_topology};
use tidegate::broker::{BrokerConfig, Server};
use tidegate::fleet::sink::{Sink, SinkLimits, SinkPorts};
use tidegate::fleet::{
    Clock as _, Engine, Found, Inline, Lake as _, Limits, Part, Ports, RunTitle, Service, Source,
    SystemClock, make_plan, submit,
};
use tidegate::flow::{
    Cascade, Computed, Dataset, DatasetName, Date, Failure, Input, Inputs, Lane, Output, Payload, Permanent,
    Pipeline, PipelineName, PlanRequest, Presence, Processor, Row as _, SkipReason, Topology, Window,
};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::bigquery::{BigQuery, Limits as ServerLimits};
use crate::bigquery_api;
use crate::cells::cells;
use crate::faults::Faults;
use crate::world::{config, read};

tidegate::rows! {
    /// A sum.
    struct Sum key(name) {
        /// Of what.
        name: Arc<str>,
        /// The sum.
        total: i64,
    }
}

const LANDED: DatasetName = DatasetName::of("sums.landed");
const NUMBERS: Dataset<Sum> = Dataset::of("sums.numbers");
const TOTALS: Dataset<Sum> = Dataset::of("sums.totals");

const SUMS: Pipeline = Pipeline {
    name: PipelineName::of("sums"),
    processors: &[
        Processor::land(LANDED, "numbers as they were sent", "sender", Presence::Required),
        Processor::compute(NUMBERS, "a number", 1, &[Input::same_date(LANDED)], numbers),
        Processor::compute(
            TOTALS,
            "the two days before",
            1,
            &[NUMBERS.read(Window::PreviousDates(2))],
            totals,
        ),
    ],
    calendar_source: "sender",
    calendar: Pipeline::dates_by_name,
};

fn numbers(inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    let row = |sent: &Payload| Ok(Sum { name: "sent".into(), total: sent.json()? });
    let rows: Vec<_> = inputs.payloads(LANDED)?.iter().map(row).collect::<Result<_, Permanent>>()?;
    Ok(Computed::Rows(Output::of(rows, 1)))
}

fn totals(inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    let past: Vec<i64> = inputs.window(NUMBERS)?.iter().map(|(_, rows)| rows[0].total).collect();
    if past.len() < 2 {
        return Ok(Computed::Skipped(SkipReason::Bootstrap));
    }
    Ok(Computed::Rows(Output::of(vec![Sum { name: "both".into(), total: past.iter().sum() }], 1)))
}

/// What was sent, by day.
struct Sender(Mutex<BTreeMap<String, i64>>);

impl Sender {
    fn sent(&self) -> BTreeMap<String, i64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn send(&self, day: &str, number: i64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(day.to_owned(), number);
    }
}

#[async_trait]
impl Source for Sender {
    async fn calendar(&self, _source: &str) -> Result<Vec<Payload>, Failure> {
        Ok(self.sent().into_keys().map(|day| Payload::of(day, "")).collect())
    }

    async fn payloads(&self, _source: &str, day: Date) -> Result<Found<Vec<Payload>>, Failure> {
        let day = day.to_string();
        Ok(self.sent().get(&day).map(|sent| vec![Payload::of(day.clone(), sent.to_string())]).into())
    }
}

async fn run(engine: &Arc<Engine>, name: &str, lane: Lane) -> usize {
    let dates = 0..engine.calendar().len();
    let request = PlanRequest { dates, datasets: Vec::new(), force: false, on_demand: false };
    let plan = make_plan(engine, &request).await.expect("a plan");
    let title = RunTitle { name: name.to_owned(), kind: "backfill".to_owned(), lane };
    if let Some(run) = submit(engine, &plan, title).await.expect("a run") {
        engine.progress().wait_finished(run).await;
    }
    plan.tasks.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sink_follows_a_fleet_by_its_own_subscriptions() {
    let directory = tempfile::tempdir().expect("a directory");
    let cascade = Cascade::of(&SUMS).expect("a cascade");
    let datasets: Vec<DatasetName> = cascade.datasets().collect();
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let broker = Server::start(BrokerConfig::in_memory(listen)).await.expect("a Pub/Sub server");
    let pubsub = PubsubConfig::local(broker.endpoint(), "test");
    ensure_topology(&pubsub, &Topology::of(&cascade).with_sink(&cascade)).await.expect("topics");
    let subscriber = PubsubSubscriber::connect(pubsub.clone(), Codec::of(datasets.clone())).await;
    let subscriber = Arc::new(subscriber.expect("a subscriber"));

    let root = directory.path().to_owned();
    let bigquery = BigQuery::new(
        ServerLimits::default(),
        5,
        Faults::none(),
        || SystemClock.now(),
        move |bucket, name| read(&root, bucket, name),
    );
    let bigquery = Arc::new(bigquery);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    let mut serving = JoinSet::new();
    serving.spawn(bigquery_api::serve(Arc::clone(&bigquery), listener));

    let days: BTreeMap<String, i64> = (10..30).map(|day| (format!("2024-01-{day}"), day * day)).collect();
    let sender = Arc::new(Sender(Mutex::new(days)));
    let calendar = (SUMS.calendar)(&sender.calendar("sender").await.expect("days")).expect("a calendar");
    let ledger = Arc::new(SqliteLedger::open(&directory.path().join("ledger"), &datasets).expect("a ledger"));
    let lake = Arc::new(ParquetLake::open(directory.path().join("bucket/lake")));
    let ports = Ports {
        ledger: ledger.clone(),
        lake: lake.clone(),
        source: sender.clone(),
        objects: Arc::new(MemoryStore::default()),
        bus: Arc::new(PubsubBus::connect(pubsub).await.expect("a bus")),
        clock: Arc::new(SystemClock),
        cpu: Arc::new(Inline),
    };
    let engine = Arc::new(Engine::new(cascade.clone(), Arc::new(calendar), ports, 1_000));
    let seconds = Duration::from_secs(5);
    let limits = Limits { attempts_max: 8, orders_max: 64, patience: seconds, grace: seconds };
    let service = Service::start(Arc::clone(&engine), subscriber.clone(), Part::whole(&cascade), limits);
    let service = service.await.expect("a fleet");
    let client = Client::connect(config(endpoint), datasets).await.expect("a client");
    let ports = SinkPorts {
        ledger,
        warehouse: Arc::new(client),
        subscriber: subscriber.clone(),
        clock: Arc::new(SystemClock),
    };
    // Looks of its own are hours apart: it must hear of what happens.
    let limits =
        SinkLimits { backfill_linger_ms: 0, look_every_ms: 4 * 60 * 60 * 1_000, ..SinkLimits::default() };
    let sink = Sink::start(ports, &cascade, limits).await.expect("a sink");

    assert!(run(&engine, "history", Lane::Backfill).await > 40);
    equal(&engine, &lake, &bigquery, &sink).await;
    sender.send("2024-01-20", -1);
    assert_eq!(run(&engine, "restated", Lane::Daily).await, 4, "landed, read, and two days that look back");
    equal(&engine, &lake, &bigquery, &sink).await;

    sink.stop().await;
    engine.stop();
    service.stop().await;
    subscriber.settle(Duration::from_secs(5)).await;
    drop(serving);
    broker.shutdown().await.expect("an end");
}

/// Waits until the tables are equal to the lake, row by row.
async fn equal(engine: &Engine, lake: &ParquetLake, bigquery: &BigQuery, sink: &Sink) {
    engine.refresh_catalog().await.expect("the ledger's word");
    let mut lag = sink.lag();
    for (dataset, schema) in engine.cascade().processors().iter().filter_map(Processor::table) {
        let records: Vec<_> =
            engine.catalog().complete(dataset).map(|(_, record)| Arc::clone(record)).collect();
        let mut expected = BTreeMap::new();
        for record in records {
            if let Some(stored) = &record.stored {
                let frame = lake.read(record.unit, schema, stored).await.expect("a unit");
                expected
                    .insert(record.unit.date.to_string().replace('-', ""), cells(record.unit.date, &frame));
            }
        }
        assert!(expected.len() > 15, "{dataset}");
        let table = dataset.table();
        let reached = async {
            while bigquery.rows("warehouse", table) != expected {
                lag.changed().await.expect("a sink");
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(30), reached).await;
        assert!(waited.is_ok(), "{dataset}: {:?} is not {expected:?}", bigquery.rows("warehouse", table));
    }
    assert_eq!(Sum::SCHEMA.key, ["name"]);
}
