//! The embedded fleet of one pipeline: its own durable Pub/Sub server, ledger, lake, engine and loops, all in
//! this process and one directory. What `run` and `serve` stand on, and how a pipeline of your own is run.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;

use crate::adapters::lake::ParquetLake;
use crate::adapters::ledger::SqliteLedger;
use crate::adapters::objects::DiskStore;
use crate::adapters::pubsub::{Codec, PubsubBus, PubsubConfig, PubsubSubscriber, ensure_topology};
use crate::adapters::query::{LakeSql, RowSink, SqlValue};
use crate::broker::{BrokerConfig, Refusal, Running, Server};
use crate::fleet::{
    Bus, Engine, Lake, Limits, Part, Ports, RunTitle, Service, Source, SystemClock, Threads, make_plan,
    recover, submit, withdraw,
};
use crate::flow::{
    Calendar, Cascade, DatasetName, Failure, Lane, Pipeline, PlanRequest, Processor, RunId, Topology,
};

/// The project whose topics the embedded server holds.
const PROJECT: &str = "tidegate";

/// Bytes of decoded units that are kept in memory: what the windows of a season read.
pub(super) const CACHE_BYTES_MAX: usize = 160 << 20;

/// Attempts under way for each core: most of them wait for the disk, and the more of them wait together
/// the more of them one sync of the disk serves.
const ATTEMPTS_PER_CORE: usize = 64;

/// Unanswered work orders of each processor and lane.
const ORDERS_MAX: usize = 64;

/// How long attempts at work may take to end when the fleet stops.
const GRACE: Duration = Duration::from_secs(20);

/// How long messages that were answered last may take to reach the server when the fleet stops.
const SETTLE: Duration = Duration::from_secs(5);

/// Between two looks at whether the server still takes writes.
const LOOK: Duration = Duration::from_millis(250);

/// A fleet that runs in this process.
pub struct Embedded {
    /// The engine.
    pub engine: Arc<Engine>,
    /// Its loops.
    pub service: Service,
    /// Runs that an earlier process had left unfinished; they go on already.
    pub unfinished: Vec<RunId>,
    subscriber: Arc<PubsubSubscriber>,
    server: Running,
    lake: PathBuf,
}

impl Embedded {
    /// Begins in `directory` (`broker/`, `ledger.sqlite`, `lake/`), which no other process may have open. What
    /// an earlier process had left unfinished goes on at once.
    pub async fn start(
        directory: &Path,
        pipeline: &Pipeline,
        source: Arc<dyn Source>,
    ) -> anyhow::Result<Self> {
        let calendar = Arc::new(read_calendar(pipeline, &*source).await?);
        let lake = Arc::new(ParquetLake::open(directory.join("lake")));
        Self::start_on(directory, pipeline, calendar, source, lake, Threads::new(cores())?).await
    }

    /// The same with a calendar that is known already, and a lake and threads of the caller's.
    pub(super) async fn start_on(
        directory: &Path,
        pipeline: &Pipeline,
        calendar: Arc<Calendar>,
        source: Arc<dyn Source>,
        lake: Arc<dyn Lake>,
        threads: Threads,
    ) -> anyhow::Result<Self> {
        Self::start_through(directory, pipeline, calendar, source, lake, threads, |bus| bus).await
    }

    /// The same with something of the caller's between the engine and the bus.
    pub(super) async fn start_through(
        directory: &Path,
        pipeline: &Pipeline,
        calendar: Arc<Calendar>,
        source: Arc<dyn Source>,
        lake: Arc<dyn Lake>,
        threads: Threads,
        between: impl FnOnce(Arc<dyn Bus>) -> Arc<dyn Bus>,
    ) -> anyhow::Result<Self> {
        let cascade = Cascade::of(pipeline)?;
        let datasets: Vec<DatasetName> = cascade.datasets().collect();
        let ledger = Arc::new(SqliteLedger::open(&directory.join("ledger.sqlite"), &datasets)?);
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let config = BrokerConfig::durable(&directory.join("broker"), listen)?;
        let server = Server::start(config).await.context("the embedded Pub/Sub server did not start")?;
        let pubsub = PubsubConfig::local(server.endpoint(), PROJECT);
        ensure_topology(&pubsub, &Topology::of(&cascade)).await?;
        let bus = between(Arc::new(PubsubBus::connect(pubsub.clone()).await?));
        let subscriber = Arc::new(PubsubSubscriber::connect(pubsub, Codec::of(datasets)).await?);
        let clock = Arc::new(SystemClock);
        let cpu = Arc::new(threads);
        let objects = Arc::new(DiskStore::open(directory.join("published")));
        let ports = Ports { ledger, lake, source, objects, bus, clock, cpu };
        let engine = Arc::new(Engine::new(cascade, calendar, ports, CACHE_BYTES_MAX));
        withdraw(&engine, &super::assemble::foretold(pipeline)).await?;
        let unfinished = recover(&engine, true).await?;
        let part = Part::whole(engine.cascade());
        let service = Service::start(Arc::clone(&engine), subscriber.clone(), part, limits()).await?;
        Ok(Self { engine, service, unfinished, subscriber, server, lake: directory.join("lake") })
    }

    /// Brings every date of the calendar up to date and waits until that is done. Answers with the number of
    /// tasks that it took.
    pub async fn run_to_end(&mut self, name: &str) -> anyhow::Result<usize> {
        let dates = 0..self.engine.calendar().len();
        let plan = make_plan(
            &self.engine,
            &PlanRequest { dates, datasets: Vec::new(), force: false, on_demand: false },
        )
        .await?;
        let title = RunTitle { name: name.to_owned(), kind: "backfill".to_owned(), lane: Lane::Backfill };
        if let Some(run) = submit(&self.engine, &plan, title).await? {
            let engine = Arc::clone(&self.engine);
            tokio::select! {
                () = engine.progress().wait_finished(run) => {}
                failure = self.failed() => return Err(failure).context("the fleet has stopped"),
            }
        }
        Ok(plan.tasks.len())
    }

    /// Asks the lake's files in SQL: each dataset is a table, `nba.schedule`, and each table has a column
    /// `date` beside its own. Answers with the cells of every row as text; a null is an empty one.
    pub async fn query(&self, sql: &str) -> anyhow::Result<Vec<Vec<String>>> {
        let (lake, sql) = (self.lake.clone(), sql.to_owned());
        let processors = self.engine.cascade().processors().iter();
        let datasets: Vec<_> = processors.filter_map(Processor::table).collect();
        let work = move || {
            let mut rows = Cells(Vec::new());
            LakeSql::open(&lake, &datasets)?.run(&sql, &mut rows)?;
            Ok(rows.0)
        };
        tokio::task::spawn_blocking(work).await.context("the query panicked")?
    }

    /// Where its Pub/Sub server listens.
    #[must_use]
    pub fn endpoint(&self) -> String {
        self.server.endpoint()
    }

    /// Comes back when the fleet cannot go on: a loop has given up, or the server's disk has failed. Such a
    /// server refuses everything until it is restarted, and the client tries again for minutes.
    pub async fn failed(&mut self) -> anyhow::Error {
        tokio::select! {
            failure = self.service.failed() => failure.into(),
            refusal = distrusted(&self.server) => refusal.into(),
        }
    }

    /// Takes nothing new, lets what is under way end, closes the streams, syncs the server's log.
    pub async fn stop(self) -> anyhow::Result<()> {
        let Self { engine, service, subscriber, server, .. } = self;
        engine.stop();
        let ended = async {
            service.stop().await;
            subscriber.settle(SETTLE).await;
        };
        // Where the server takes nothing any more, what is under way has no end; it comes again at the next start.
        tokio::select! {
            () = ended => {}
            _ = distrusted(&server) => {}
        }
        drop(subscriber);
        drop(engine);
        server.shutdown().await.context("the Pub/Sub server's log was not written to its end")
    }
}

/// Comes back when the server's disk has failed.
async fn distrusted(server: &Running) -> Refusal {
    let mut looks = tokio::time::interval(LOOK);
    loop {
        looks.tick().await;
        if let Err(refusal) = server.trusted() {
            return refusal;
        }
    }
}

/// The cells of a result as text.
struct Cells(Vec<Vec<String>>);

impl RowSink for Cells {
    fn columns(&mut self, _names: &[String]) -> io::Result<()> {
        Ok(())
    }

    fn row(&mut self, cells: &[SqlValue<'_>]) -> io::Result<()> {
        let text = |cell: &SqlValue<'_>| match cell {
            SqlValue::Null => String::new(),
            SqlValue::Int(number) => number.to_string(),
            SqlValue::Float(number) => number.to_string(),
            SqlValue::Text(text) => (*text).to_owned(),
            SqlValue::Bytes(bytes) => format!("{bytes:?}"),
        };
        self.0.push(cells.iter().map(text).collect());
        Ok(())
    }
}

/// Which dates exist, as the source says now.
pub(super) async fn read_calendar(pipeline: &Pipeline, source: &dyn Source) -> Result<Calendar, Failure> {
    let payloads = source.calendar(pipeline.calendar_source).await?;
    Ok((pipeline.calendar)(&payloads)?)
}

fn limits() -> Limits {
    Limits {
        attempts_max: cores() * ATTEMPTS_PER_CORE,
        orders_max: ORDERS_MAX,
        // The stores are in this process: one that fails is broken, and waiting mends nothing.
        patience: Duration::ZERO,
        grace: GRACE,
    }
}

/// Cores of this machine.
pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, NonZero::get)
}
