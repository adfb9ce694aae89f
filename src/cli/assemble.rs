//! Puts the parts together: a fleet that runs in this process with its own Pub/Sub server, and a view that
//! only reads, beside whatever process has the home open. The list of pipelines is here.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;

use super::console::Console;
use super::ending::wrong_usage;
use super::home::{Home, HomeLock};
use super::settings::Settings;
use super::signals::Signals;
use super::source::{Remembered, SourceOptions};
use crate::adapters::lake::ParquetLake;
use crate::adapters::ledger::{InlineLedger, SqliteLedger};
use crate::adapters::pubsub::{Codec, PubsubBus, PubsubConfig, PubsubSubscriber, ensure_topology};
use crate::broker::{BrokerConfig, Running, Server};
use crate::fleet::{
    Bus, Clock, Engine, Ledger, Limits, Millis, Ports, Service, Source, SystemClock, Threads, recover,
};
use crate::flow::{
    Calendar, Cascade, Completion, DatasetName, DeadLetterNotice, Failure, Permanent, Pipeline, RunId,
    Topology, WorkOrder,
};
use crate::pipelines::nba::NBA;

/// All pipelines.
const PIPELINES: [&Pipeline; 1] = [&NBA];

/// Cells (rows times columns) of decoded units that are kept in memory: all that the windows of a season
/// read, at some twenty bytes a cell.
const CACHE_CELLS_MAX: usize = 8_000_000;

/// Attempts under way for each core; most of them wait for the disk.
const ATTEMPTS_PER_CORE: usize = 8;

/// How long answers to deliveries may take to reach the server when the fleet stops.
const SETTLE: Duration = Duration::from_secs(5);

/// The project of the embedded server's topics.
const PROJECT: &str = "tidegate";

/// The pipeline of a name; where none is given, the one that the home remembers, or the only one.
pub(super) fn pipeline(name: Option<&str>, home: &Home) -> anyhow::Result<&'static Pipeline> {
    let remembered = home.remembered()?.map(|(pipeline, _)| pipeline);
    let name = name.map(str::to_owned).or(remembered).unwrap_or_else(|| PIPELINES[0].name.to_string());
    PIPELINES.into_iter().find(|pipeline| pipeline.name.as_str() == name).ok_or_else(|| {
        let known = PIPELINES.map(|pipeline| pipeline.name.as_str()).join(", ");
        wrong_usage(format!("there is no pipeline `{name}`; there is {known}"))
    })
}

/// The pipeline's cascade.
pub(super) fn cascade(pipeline: &Pipeline) -> anyhow::Result<Cascade> {
    Cascade::of(pipeline).with_context(|| format!("pipeline {} is declared wrongly", pipeline.name))
}

/// The ledger of a home as it is, for reading beside its owner; an empty one where there is none yet.
pub(super) fn ledger_to_read(home: &Home, pipeline: &Pipeline) -> anyhow::Result<Arc<dyn Ledger>> {
    let datasets = datasets(pipeline);
    if home.exists() {
        Ok(Arc::new(SqliteLedger::open(&home.ledger(), &datasets)?))
    } else {
        Ok(Arc::new(InlineLedger::in_memory(&datasets)?))
    }
}

/// The ledger of a home that must have one.
pub(super) fn ledger_that_exists(home: &Home, pipeline: &Pipeline) -> anyhow::Result<Arc<dyn Ledger>> {
    must_exist(home)?;
    ledger_to_read(home, pipeline)
}

/// Refuses a home in which nothing was ever run.
pub(super) fn must_exist(home: &Home) -> anyhow::Result<()> {
    if home.exists() {
        return Ok(());
    }
    Err(wrong_usage(format!(
        "there is nothing at the home {}; `tidegate run nba --simulate` would make it, or give another --home",
        home.root().display()
    )))
}

/// An engine that looks and never publishes, with what the ledger holds now.
pub(super) async fn view(
    settings: &Settings,
    name: Option<&str>,
    source: &SourceOptions,
) -> anyhow::Result<Engine> {
    let pipeline = pipeline(name, &settings.home)?;
    let source = Remembered::choose(source, &settings.home)?;
    let ledger = ledger_to_read(&settings.home, pipeline)?;
    let engine = engine(&settings.home, pipeline, &source, ledger, Arc::new(Silent)).await?;
    engine.refresh_catalog().await?;
    Ok(engine)
}

async fn engine(
    home: &Home,
    pipeline: &Pipeline,
    source: &Remembered,
    ledger: Arc<dyn Ledger>,
    bus: Arc<dyn Bus>,
) -> anyhow::Result<Engine> {
    let cascade = cascade(pipeline)?;
    let opened: Arc<dyn Source> = source.open()?;
    let calendar = calendar(pipeline, source, &*opened).await?;
    let ports = Ports {
        ledger,
        lake: Arc::new(ParquetLake::open(home.lake())),
        source: opened,
        bus,
        clock: Arc::new(SystemClock),
        cpu: Arc::new(Threads::new(cores())),
    };
    Ok(Engine::new(cascade, Arc::new(calendar), ports, CACHE_CELLS_MAX))
}

/// The embedded server, durable in the home, on a free port of this machine.
async fn start_server(home: &Home) -> anyhow::Result<Running> {
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let config = BrokerConfig::durable(&home.broker(), listen)?;
    Server::start(config).await.context("the embedded Pub/Sub server did not start")
}

async fn calendar(
    pipeline: &Pipeline,
    described: &Remembered,
    source: &dyn Source,
) -> anyhow::Result<Calendar> {
    let read = async {
        let payloads = source.calendar(pipeline.calendar_source).await?;
        Ok::<_, Failure>((pipeline.calendar)(&payloads)?)
    };
    read.await.with_context(|| format!("cannot read which dates exist from {}", described.describe()))
}

/// A fleet that runs in this process.
pub(super) struct Fleet {
    /// The engine.
    pub(super) engine: Arc<Engine>,
    /// Its loops.
    pub(super) service: Service,
    /// Runs that an earlier process had left unfinished; they go on already.
    pub(super) unfinished: Vec<RunId>,
    /// When it was opened.
    pub(super) begun: Millis,
    /// What the home holds data of.
    pub(super) source: Remembered,
    pipeline: &'static Pipeline,
    subscriber: Arc<PubsubSubscriber>,
    server: Running,
    _lock: HomeLock,
}

impl Fleet {
    /// Takes the home and begins: server, topology, ledger, lake, source, engine, loops. What an earlier
    /// process had left unfinished goes on at once.
    pub(super) async fn open(
        settings: &Settings,
        name: Option<&str>,
        source: &SourceOptions,
    ) -> anyhow::Result<Self> {
        let begun = SystemClock.now();
        let home = &settings.home;
        let pipeline = pipeline(name, home)?;
        let source = Remembered::choose(source, home)?;
        let lock = home.lock()?;
        let ledger: Arc<dyn Ledger> = Arc::new(SqliteLedger::open(&home.ledger(), &datasets(pipeline))?);
        let server = start_server(home).await?;
        let pubsub = PubsubConfig::local(server.endpoint(), PROJECT);
        ensure_topology(&pubsub, &Topology::of(&cascade(pipeline)?)).await?;
        let bus = Arc::new(PubsubBus::connect(pubsub.clone()).await?);
        let codec = Codec::of(datasets(pipeline));
        let subscriber = Arc::new(PubsubSubscriber::connect(pubsub, codec).await?);
        let engine = Arc::new(engine(home, pipeline, &source, ledger, bus).await?);
        home.remember(&lock, pipeline.name.as_str(), &source)?;
        let unfinished = recover(&engine, true).await?;
        let limits = Limits { attempts_max: cores() * ATTEMPTS_PER_CORE };
        let service = Service::start(Arc::clone(&engine), subscriber.clone(), limits).await?;
        Ok(Self {
            engine,
            service,
            unfinished,
            begun,
            source,
            pipeline,
            subscriber,
            server,
            _lock: lock,
        })
    }

    /// Where its Pub/Sub server listens.
    pub(super) fn endpoint(&self) -> String {
        self.server.endpoint()
    }

    /// Whether the source has other dates than the engine's calendar.
    pub(super) async fn calendar_has_changed(&self) -> anyhow::Result<bool> {
        let present = calendar(self.pipeline, &self.source, &*self.engine.ports().source).await?;
        Ok(present != **self.engine.calendar())
    }

    /// Takes nothing new, lets what is under way end, closes the streams, syncs the server's log, and hands
    /// on how the work ended. A second signal ends the process at once, which loses nothing either.
    pub(super) async fn stop_after<T>(
        self,
        outcome: anyhow::Result<T>,
        console: &Console,
        signals: &mut Signals,
    ) -> anyhow::Result<T> {
        let stop = async {
            self.service.stop().await;
            self.subscriber.settle(SETTLE).await;
            drop(self.subscriber);
            drop(self.engine);
            self.server.shutdown().await.context("the Pub/Sub server's log was not written to its end")
        };
        tokio::select! {
            stopped = stop => outcome.and_then(|outcome| stopped.map(|()| outcome)),
            () = signals.next() => {
                console.line("ended at once; nothing is lost: the same command goes on");
                std::process::exit(1)
            }
        }
    }
}

fn datasets(pipeline: &Pipeline) -> Vec<DatasetName> {
    pipeline.processors.iter().map(|processor| processor.writes).collect()
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, NonZero::get)
}

/// The bus of a view: nothing is ever published through it.
struct Silent;

fn refused() -> Failure {
    Permanent::new("read_only", "a command that only reads tried to publish a message").into()
}

#[async_trait]
impl Bus for Silent {
    async fn publish_completions(&self, _completions: &[Completion]) -> Result<(), Failure> {
        Err(refused())
    }

    async fn publish_work_orders(&self, _orders: &[WorkOrder]) -> Result<(), Failure> {
        Err(refused())
    }

    async fn publish_dead_letter(&self, _notice: &DeadLetterNotice) -> Result<(), Failure> {
        Err(refused())
    }
}
