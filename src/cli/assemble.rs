//! Puts the parts together: a fleet that runs in this process with its own Pub/Sub server, and a view that
//! only reads, beside whatever process has the home open. The list of pipelines is here.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use async_trait::async_trait;

use super::console::Console;
use super::embedded::{CACHE_BYTES_MAX, Embedded, cores, read_calendar};
use super::ending::wrong_usage;
use super::home::{Home, HomeLock};
use super::settings::Settings;
use super::signals::Signals;
use super::source::{Remembered, SourceOptions};
use crate::adapters::lake::ParquetLake;
use crate::adapters::ledger::{InlineLedger, SqliteLedger};
use crate::adapters::objects::{DiskStore, MemoryStore};
use crate::fleet::{
    AsOf, Bus, Clock, Days, Engine, Feeds, Ledger, Millis, Ports, Source, SystemClock, Threads, Today,
};
use crate::flow::{
    Calendar, Cascade, Completion, DatasetName, DeadLetterNotice, Failure, Permanent, Pipeline, Rhythm,
    WorkOrder,
};
use crate::pipelines::nba::{NBA, NBA_RHYTHM};

/// All pipelines, each with its day.
const PIPELINES: [(&Pipeline, Rhythm); 1] = [(&NBA, NBA_RHYTHM)];

/// The pipeline of a name; where none is given, the one that the home remembers, or the only one.
pub(super) fn pipeline(name: Option<&str>, home: &Home) -> anyhow::Result<&'static Pipeline> {
    let remembered = home.remembered()?.map(|(pipeline, _)| pipeline);
    let name = name.map(str::to_owned).or(remembered).unwrap_or_else(|| PIPELINES[0].0.name.to_string());
    let found = PIPELINES.into_iter().find(|(pipeline, _)| pipeline.name.as_str() == name);
    found.map(|(pipeline, _)| pipeline).ok_or_else(|| {
        let known = PIPELINES.map(|(pipeline, _)| pipeline.name.as_str()).join(", ");
        wrong_usage(format!("there is no pipeline `{name}`; there is {known}"))
    })
}

/// The day of a pipeline.
pub(super) fn rhythm(pipeline: &Pipeline) -> Rhythm {
    let found = PIPELINES.into_iter().find(|(other, _)| other.name == pipeline.name);
    found.map(|(_, rhythm)| rhythm).expect("a pipeline that was chosen is in the list")
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

/// An engine that looks and never publishes.
pub(super) struct View {
    /// The engine, with what the ledger holds now.
    pub(super) engine: Engine,
    /// Which day it is.
    pub(super) today: Arc<Today>,
}

/// Opens a view of a home.
pub(super) async fn view(
    settings: &Settings,
    name: Option<&str>,
    source: &SourceOptions,
) -> anyhow::Result<View> {
    let home = &settings.home;
    let pipeline = pipeline(name, home)?;
    let remembered = Remembered::choose(source, home)?;
    let (opened, today) = open_source(pipeline, &remembered, source)?;
    let calendar = calendar(pipeline, &remembered, &*opened).await?;
    let ports = Ports {
        ledger: ledger_to_read(home, pipeline)?,
        lake: Arc::new(ParquetLake::open(home.lake())),
        source: opened,
        objects: Arc::new(MemoryStore::default()),
        bus: Arc::new(Silent),
        clock: Arc::new(SystemClock),
        cpu: Arc::new(Threads::new(cores())),
    };
    let engine = Engine::new(cascade(pipeline)?, Arc::new(calendar), ports, CACHE_BYTES_MAX);
    engine.refresh_catalog().await?;
    Ok(View { engine, today })
}

/// The source as it is seen today, or as it was on the morning that the options name.
fn open_source(
    pipeline: &Pipeline,
    remembered: &Remembered,
    options: &SourceOptions,
) -> anyhow::Result<(Arc<dyn Source>, Arc<Today>)> {
    let source = remembered.open()?;
    let today = Today::on(options.as_of.unwrap_or_else(|| rhythm(pipeline).today(SystemClock.now())));
    let shared = Arc::clone(&today);
    let seen = match options.as_of {
        Some(_) => AsOf::morning(source, shared, pipeline.calendar_source),
        None => AsOf::now(source, shared),
    };
    Ok((Arc::new(seen), today))
}

async fn calendar(
    pipeline: &Pipeline,
    described: &Remembered,
    source: &dyn Source,
) -> anyhow::Result<Calendar> {
    read_calendar(pipeline, source)
        .await
        .with_context(|| format!("cannot read which dates exist from {}", described.describe()))
}

/// A fleet that runs in this process on a home that it has locked.
pub(super) struct Fleet {
    /// The engine.
    pub(super) engine: Arc<Engine>,
    /// The fleet's parts.
    pub(super) embedded: Embedded,
    /// When it was opened.
    pub(super) begun: Millis,
    /// What the home holds data of.
    pub(super) source: Remembered,
    /// Which day it is.
    pub(super) today: Arc<Today>,
    pipeline: &'static Pipeline,
    _lock: HomeLock,
}

impl Fleet {
    /// Takes the home and begins. What an earlier process had left unfinished goes on at once.
    pub(super) async fn open(
        settings: &Settings,
        name: Option<&str>,
        options: &SourceOptions,
    ) -> anyhow::Result<Self> {
        let begun = SystemClock.now();
        let home = &settings.home;
        let pipeline = pipeline(name, home)?;
        let source = Remembered::choose(options, home)?;
        let lock = home.lock()?;
        let (opened, today) = open_source(pipeline, &source, options)?;
        let calendar = Arc::new(calendar(pipeline, &source, &*opened).await?);
        home.remember(&lock, pipeline.name.as_str(), &source)?;
        let lake = Arc::new(ParquetLake::open(home.lake()));
        let embedded = Embedded::start_on(home.root(), pipeline, calendar, opened, lake).await?;
        let engine = Arc::clone(&embedded.engine);
        Ok(Self { engine, embedded, begun, source, today, pipeline, _lock: lock })
    }

    /// The day of its pipeline.
    pub(super) fn rhythm(&self) -> Rhythm {
        rhythm(self.pipeline)
    }

    /// Its days.
    pub(super) fn days(&self, feeds: Option<Feeds>) -> Days {
        let (engine, today) = (Arc::clone(&self.engine), Arc::clone(&self.today));
        Days::of(engine, self.pipeline, self.rhythm(), today, feeds)
    }

    /// Where its Pub/Sub server listens.
    pub(super) fn endpoint(&self) -> String {
        self.embedded.endpoint()
    }

    /// Takes nothing new, lets what is under way end, closes the streams, syncs the server's log, and hands
    /// on how the work ended. A second signal ends the process at once, which loses nothing either.
    pub(super) async fn stop_after<T>(
        self,
        outcome: anyhow::Result<T>,
        console: &Console,
        signals: &mut Signals,
    ) -> anyhow::Result<T> {
        drop(self.engine);
        tokio::select! {
            stopped = self.embedded.stop() => outcome.and_then(|outcome| stopped.map(|()| outcome)),
            () = signals.next() => {
                console.line("ended at once; nothing is lost: the same command goes on");
                std::process::exit(1)
            }
        }
    }
}

/// An engine without messages over a directory of its own, for the plain sequential loop.
pub(super) async fn plain_engine(directory: &Path, source: Arc<dyn Source>) -> anyhow::Result<Engine> {
    let pipeline = &NBA;
    let calendar = Arc::new(read_calendar(pipeline, &*source).await?);
    let ports = Ports {
        ledger: Arc::new(InlineLedger::in_memory(&datasets(pipeline))?),
        lake: Arc::new(ParquetLake::open(directory.join("lake"))),
        source,
        objects: Arc::new(DiskStore::open(directory.join("published"))),
        bus: Arc::new(Silent),
        clock: Arc::new(SystemClock),
        cpu: Arc::new(Threads::new(1)),
    };
    Ok(Engine::new(cascade(pipeline)?, calendar, ports, CACHE_BYTES_MAX))
}

fn datasets(pipeline: &Pipeline) -> Vec<DatasetName> {
    pipeline.processors.iter().map(|processor| processor.writes).collect()
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
