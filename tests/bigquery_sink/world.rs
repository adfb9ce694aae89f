//! A lake on a disk, a ledger in memory, a BigQuery on loopback, and a clock that jumps ahead whenever the sink sleeps:
//! what survives a sink. Units are completed by the ledger's own steps, without a fleet.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tempfile::TempDir;
use tidegate::adapters::bigquery::{BigQuery as Client, BigQueryConfig};
use tidegate::adapters::lake::ParquetLake;
use tidegate::adapters::ledger::InlineLedger;
use tidegate::fleet::sink::{Lag, Sink, SinkLimits, SinkPorts, Warehouse, lagging, table_specs};
use tidegate::fleet::{
    Claim, Clock, Commit, Committed, Deliveries, Delivery, Lake, Ledger, Millis, NewRun, Provenance,
    Subscriber, UnitRecord,
};
use tidegate::flow::{
    Cascade, Computed, Dataset, DatasetName, Date, Failure, Fingerprint, Input, Inputs, Lane, Outcome,
    Output, Permanent, Pipeline, PipelineName, Presence, Processor, Row as _, RunId, SkipReason, TaskState,
    Unit, WorkOrder,
};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::bigquery::{BigQuery, Kind, Limits};
use crate::bigquery_api;
use crate::cells::cells;
use crate::faults::Faults;

tidegate::rows! {
    /// One of each kind of cell.
    pub struct Kinds key(name, share) {
        /// Text.
        pub name: Arc<str>,
        /// Nullable integer.
        pub count: Option<i64>,
        /// Float.
        pub share: f64,
        /// Nullable bool.
        pub flag: Option<bool>,
        /// A date of its own.
        pub day: Date,
        /// Floats.
        pub features: Arc<[f64]>,
        /// Texts.
        pub issues: Arc<[Arc<str>]>,
    }
}

pub const KINDS: Dataset<Kinds> = Dataset::of("test.kinds");
pub const OTHERS: Dataset<Kinds> = Dataset::of("test.others");
pub const LANDED: DatasetName = DatasetName::of("test.landed");

pub const TEST: Pipeline = Pipeline {
    name: PipelineName::of("test"),
    processors: &[
        Processor::compute(KINDS, "one of each kind", 1, &[Input::same_date(LANDED)], nothing),
        Processor::land(LANDED, "what was sent", "sender", Presence::Required),
        Processor::compute(OTHERS, "the same again", 1, &[Input::same_date(LANDED)], nothing),
    ],
    calendar_source: "sender",
    calendar: Pipeline::dates_by_name,
};

fn nothing(_inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    Ok(Computed::Rows(Output::of(Vec::<Kinds>::new(), 0)))
}

/// Rows of a date, that differ by `seed`; some lists are empty and some cells null.
pub fn rows(date: Date, seed: i64) -> Vec<Kinds> {
    let row = |number: i64| Kinds {
        name: format!("name '{number}' of {seed}").into(),
        count: (number % 2 == 0).then_some(seed * 1_000 + number),
        share: seed as f64 / 3.0 + number as f64,
        flag: [None, Some(true), Some(false)][usize::try_from(number % 3).expect("small")],
        day: date.plus_days(-1),
        features: (0..number % 4).map(|n| n as f64 / 7.0).collect(),
        issues: (0..number % 3).map(|n| Arc::from(format!("issue {n}"))).collect(),
    };
    (0..5 + seed % 3).map(row).collect()
}

pub fn unit(dataset: DatasetName, day: i32) -> Unit {
    Unit { dataset, date: Date::parse("2024-01-26").expect("a date").plus_days(day) }
}

/// What survives a sink.
pub struct World {
    pub ledger: Arc<InlineLedger>,
    pub lake: Arc<ParquetLake>,
    pub server: Arc<BigQuery>,
    pub clock: Arc<JumpingClock>,
    pub config: BigQueryConfig,
    pub limits: SinkLimits,
    cascade: Cascade,
    _directory: TempDir,
    _serving: JoinSet<std::io::Result<()>>,
}

impl World {
    pub async fn new() -> Self {
        Self::with(Faults::none(), Limits::default()).await
    }

    pub async fn with(faults: Faults<Kind>, limits: Limits) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let cascade = Cascade::of(&TEST).expect("a cascade");
        let datasets: Vec<DatasetName> = cascade.datasets().collect();
        let clock = Arc::new(JumpingClock(AtomicI64::new(1_700_000_000_000)));
        let (root, time) = (directory.path().to_owned(), Arc::clone(&clock));
        let server = BigQuery::new(
            limits,
            1_500,
            faults,
            move || time.now(),
            move |bucket, name| read(&root, bucket, name),
        );
        let server = Arc::new(server);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let mut serving = JoinSet::new();
        serving.spawn(bigquery_api::serve(Arc::clone(&server), listener));
        Self {
            ledger: Arc::new(InlineLedger::in_memory(&datasets).expect("a ledger")),
            lake: Arc::new(ParquetLake::open(directory.path().join("bucket/lake"))),
            config: config(endpoint),
            limits: SinkLimits { joint_load_from: 8, backfill_linger_ms: 3_000, ..SinkLimits::default() },
            server,
            clock,
            cascade,
            _directory: directory,
            _serving: serving,
        }
    }

    pub async fn client(&self) -> Client {
        Client::connect(self.config.clone(), self.cascade.datasets()).await.expect("a client")
    }

    /// A sink begins.
    pub async fn sink(&self) -> Sink {
        self.sink_of(&self.cascade).await
    }

    /// A sink of other declarations begins.
    pub async fn sink_of(&self, cascade: &Cascade) -> Sink {
        let ports = SinkPorts {
            ledger: Arc::clone(&self.ledger) as _,
            warehouse: Arc::new(self.client().await),
            subscriber: Arc::new(Silence),
            clock: Arc::clone(&self.clock) as _,
        };
        Sink::start(ports, cascade, self.limits.clone()).await.expect("a sink")
    }

    /// A sink runs until nothing lags.
    pub async fn level(&self) {
        let sink = self.sink().await;
        tokio::time::timeout(Duration::from_secs(60), sink.level()).await.expect("equal within a minute");
        sink.stop().await;
    }

    /// Completes a unit with rows, or as skipped, in a run of its own.
    pub async fn complete(&self, unit: Unit, lane: Lane, rows: Option<&[Kinds]>) {
        let (order, fence) = self.claim(unit, lane).await;
        let fingerprint = Fingerprint::of_parts([format!("{order:?}").as_bytes()]);
        let provenance = Provenance { unit, fingerprint, code: 1, run: "test".to_owned() };
        let stored = match rows {
            Some(rows) => Some(self.lake.replace(&provenance, &Kinds::to_frame(rows)).await.expect("a file")),
            None => {
                self.lake.remove(unit).await.expect("no file");
                None
            }
        };
        let count = rows.map_or(0, <[Kinds]>::len) as u64;
        let now = self.clock.tick();
        let outcome = if rows.is_some() { Outcome::Done } else { Outcome::Skipped(SkipReason::NotYet) };
        let record = UnitRecord {
            unit,
            outcome,
            fingerprint,
            stored,
            rows_expected: count,
            rows_written: count,
            code: 1,
            run: order.run,
            attempt: 1,
            duration_ms: 1,
            finished_at: now,
        };
        let commit = Commit { run: order.run, fence, outcome, record, at: now, trace: None };
        let committed = self.ledger.commit(commit).await.expect("a commit");
        assert!(matches!(committed, Committed::Yes { .. }), "{committed:?}");
    }

    async fn claim(&self, unit: Unit, lane: Lane) -> (WorkOrder, u32) {
        let now = self.clock.tick();
        let run = NewRun {
            pipeline: "test".to_owned(),
            name: "test".to_owned(),
            kind: "backfill".to_owned(),
            lane,
            dates: unit.date..=unit.date,
            tasks: vec![(unit, TaskState::Ready)],
            replays: Vec::new(),
            forget: Vec::new(),
            submitted_at: now,
        };
        let run: RunId = self.ledger.submit(run).await.expect("a run");
        let order = WorkOrder { run, lane, unit };
        match self.ledger.claim(order, now, now + 1_000).await.expect("a claim") {
            Claim::Granted { fence, .. } => (order, fence),
            other => panic!("{other:?}"),
        }
    }

    /// Completes days of a dataset with rows of a seed.
    pub async fn complete_days(
        &self,
        dataset: DatasetName,
        days: std::ops::Range<i32>,
        lane: Lane,
        seed: i64,
    ) {
        for day in days {
            let unit = unit(dataset, day);
            self.complete(unit, lane, Some(&rows(unit.date, seed + i64::from(day)))).await;
        }
    }

    pub async fn records(&self) -> BTreeMap<Unit, UnitRecord> {
        let (_, changes) = self.ledger.changes_since(0).await.expect("records");
        changes.into_iter().filter_map(|(unit, record)| Some((unit, record?))).collect()
    }

    /// Every row of every table is a row of the lake, and the other way round; and the notes say so.
    pub async fn assert_equal(&self) {
        let records = self.records().await;
        for dataset in [KINDS.name(), OTHERS.name()] {
            let mut expected = BTreeMap::new();
            for (unit, record) in records.iter().filter(|(unit, _)| unit.dataset == dataset) {
                if let Some(stored) = &record.stored {
                    let frame = self.lake.read(*unit, Kinds::SCHEMA, stored).await.expect("a unit");
                    expected.insert(unit.date.to_string().replace('-', ""), cells(unit.date, &frame));
                }
            }
            expected.retain(|_, rows| !rows.is_empty());
            let found = self.server.rows("warehouse", dataset.table());
            assert_eq!(found, expected, "{dataset}");
        }
        let lags = self.lags().await;
        assert!(lags.is_empty(), "{lags:?}");
        assert_eq!(self.server.over_limit(), [""; 0], "nothing beyond a limit");
    }

    /// What a client that is asked afterwards says of it.
    pub async fn lags(&self) -> BTreeMap<Unit, Lag> {
        let client = self.client().await;
        let contents = loop {
            match client.contents().await {
                Ok(contents) => break contents,
                Err(error) => drop(error),
            }
        };
        lagging(&table_specs(&self.cascade), &self.records().await, &contents)
    }

    /// The configurations of the jobs that were begun, those that load or empty something.
    pub fn jobs(&self) -> Vec<serde_json::Value> {
        let jobs = self.server.jobs().into_iter().map(|job| job["configuration"].clone());
        jobs.filter(|job| job["labels"]["tidegate_dataset"].is_string()).collect()
    }
}

pub fn config(endpoint: String) -> BigQueryConfig {
    BigQueryConfig {
        project: "acme".to_owned(),
        dataset: "warehouse".to_owned(),
        location: "europe-west1".to_owned(),
        endpoint: Some(endpoint),
        lake: "gs://bucket/lake".to_owned(),
    }
}

/// A file of a bucket that is a directory.
pub fn read(root: &std::path::Path, bucket: &str, name: &str) -> Option<Bytes> {
    std::fs::read(root.join(bucket).join(name)).ok().map(Bytes::from)
}

/// Time that moves only when somebody waits for it, and then at once.
pub struct JumpingClock(AtomicI64);

impl JumpingClock {
    /// A moment that nobody else has.
    pub fn tick(&self) -> Millis {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }
}

#[async_trait]
impl Clock for JumpingClock {
    fn now(&self) -> Millis {
        self.0.load(Ordering::SeqCst)
    }

    async fn sleep_until(&self, deadline: Millis) {
        tokio::task::yield_now().await;
        self.0.fetch_max(deadline, Ordering::SeqCst);
    }
}

/// Subscriptions on which nothing comes: what is missed must be found all the same.
pub struct Silence;

#[async_trait]
impl Subscriber for Silence {
    async fn subscribe(&self, _subscription: &str, _max: usize) -> Result<Box<dyn Deliveries>, Failure> {
        Ok(Box::new(Self))
    }
}

#[async_trait]
impl Deliveries for Silence {
    async fn next(&mut self) -> Result<Option<Box<dyn Delivery>>, Failure> {
        std::future::pending().await
    }

    async fn close(self: Box<Self>) {}
}
