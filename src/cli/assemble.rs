//! Puts the parts together: a fleet that runs in this process with its own Pub/Sub server, and a view that
//! only reads, beside whatever process has the home open. The list of pipelines is here.

use std::io;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use async_trait::async_trait;

use super::cloud::{self, Cloud};
use super::cloud_settings::CloudSettings;
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
    AsOf, Bus, Clock, Days, Engine, Feeds, Ledger, Millis, Ports, Source, SystemClock, Threads, Today, Traced,
};
use crate::flow::{
    Calendar, Cascade, Completion, DatasetName, DeadLetterNotice, Failure, Permanent, Pipeline, Rhythm,
    RunId, WorkOrder,
};
use crate::pipelines::nba::{NBA, NBA_RHYTHM};

/// All pipelines, each with its day.
const PIPELINES: [(&Pipeline, Rhythm); 1] = [(&NBA, NBA_RHYTHM)];

/// The pipeline of a name; where none is given, the one that the home remembers, or the only one.
pub(super) fn pipeline(name: Option<&str>, home: &Home) -> anyhow::Result<&'static Pipeline> {
    if home.is_cloud() {
        let of_home = cloud::settings(home)?.pipeline;
        return match name {
            Some(name) if name != of_home => Err(wrong_usage(format!(
                "the cloud home {} is of the pipeline {of_home}, not of {name}",
                home.root().display()
            ))),
            Some(_) | None => named(&of_home),
        };
    }
    let remembered = home.remembered()?.map(|(pipeline, _)| pipeline);
    let name = name.map(str::to_owned).or(remembered).unwrap_or_else(|| PIPELINES[0].0.name.to_string());
    named(&name)
}

/// The pipeline of this name.
pub(super) fn named(name: &str) -> anyhow::Result<&'static Pipeline> {
    let found = PIPELINES.into_iter().find(|(pipeline, _)| pipeline.name.as_str() == name);
    found.map(|(pipeline, _)| pipeline).ok_or_else(|| {
        let known = PIPELINES.map(|(pipeline, _)| pipeline.name.as_str()).join(", ");
        wrong_usage(format!("there is no pipeline `{name}`; there is {known}"))
    })
}

/// The day of a pipeline; a pipeline of somebody's own has none.
fn known_rhythm(pipeline: &Pipeline) -> Option<Rhythm> {
    PIPELINES.into_iter().find(|(other, _)| other.name == pipeline.name).map(|(_, rhythm)| rhythm)
}

/// The day of a pipeline that was chosen.
pub(super) fn rhythm(pipeline: &Pipeline) -> Rhythm {
    known_rhythm(pipeline).expect("a pipeline that was chosen is in the list")
}

/// The sources of which something may land before a date's events; of a pipeline of somebody's own the calendar's.
pub(super) fn foretold(pipeline: &Pipeline) -> Vec<&'static str> {
    let source = pipeline.calendar_source;
    known_rhythm(pipeline).map_or_else(|| vec![source], |rhythm| rhythm.foretold(source))
}

/// The pipeline's cascade.
pub(super) fn cascade(pipeline: &Pipeline) -> anyhow::Result<Cascade> {
    Cascade::of(pipeline).with_context(|| format!("pipeline {} is declared wrongly", pipeline.name))
}

/// The ledger of a home as it is, for reading beside its owner; an empty one where there is none yet.
async fn ledger_to_read(home: &Home, pipeline: &Pipeline) -> anyhow::Result<Arc<dyn Ledger>> {
    let datasets = datasets(pipeline);
    if home.is_cloud() {
        cloud::ledger(&cloud::settings(home)?, &datasets).await
    } else if home.exists() {
        Ok(Arc::new(SqliteLedger::open(&home.ledger(), &datasets)?))
    } else {
        Ok(Arc::new(InlineLedger::in_memory(&datasets)?))
    }
}

/// The ledger of a home that must have one.
pub(super) async fn ledger_that_exists(home: &Home, pipeline: &Pipeline) -> anyhow::Result<Arc<dyn Ledger>> {
    must_exist(home)?;
    ledger_to_read(home, pipeline).await
}

/// Refuses a home in which nothing was ever run.
pub(super) fn must_exist(home: &Home) -> anyhow::Result<()> {
    if home.exists() || home.is_cloud() {
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
    pub(super) engine: Arc<Engine>,
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
    if home.is_cloud() {
        let Cloud { engine, today, .. } =
            Cloud::open(&cloud_settings(home, source)?, source.as_of, Arc::new(Silent)).await?;
        engine.refresh_catalog().await?;
        return Ok(View { engine, today });
    }
    let remembered = Remembered::choose(source, home)?;
    let (opened, today) = open_source(pipeline, &remembered, source)?;
    let calendar = calendar(pipeline, &remembered, &*opened).await?;
    let ports = Ports {
        ledger: ledger_to_read(home, pipeline).await?,
        lake: Arc::new(ParquetLake::open(home.lake())),
        source: opened,
        objects: Arc::new(MemoryStore::default()),
        bus: Arc::new(Silent),
        clock: Arc::new(SystemClock),
        cpu: Arc::new(Threads::new(cores())?),
    };
    let engine = Arc::new(Engine::new(cascade(pipeline)?, Arc::new(calendar), ports, CACHE_BYTES_MAX));
    engine.refresh_catalog().await?;
    Ok(View { engine, today })
}

/// The settings of a cloud home, which says where its payloads come from.
fn cloud_settings(home: &Home, source: &SourceOptions) -> anyhow::Result<CloudSettings> {
    if source.landing.is_some() || source.simulate {
        return Err(wrong_usage(format!(
            "the cloud home {} says itself where its payloads come from: landing.directory of its tidegate.toml",
            home.root().display()
        )));
    }
    cloud::settings(home)
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

/// What does a command's work: a fleet in this process on a home that it has locked, or the roles of a cloud home,
/// which are elsewhere.
pub(super) struct Fleet {
    /// The engine.
    pub(super) engine: Arc<Engine>,
    /// When it was opened.
    pub(super) begun: Millis,
    /// What the home holds data of.
    pub(super) source: Remembered,
    /// Which day it is.
    pub(super) today: Arc<Today>,
    pipeline: &'static Pipeline,
    works: Works,
}

/// Where a fleet works.
enum Works {
    Here(Box<Embedded>, HomeLock),
    Elsewhere,
}

impl Fleet {
    /// Takes the home and begins. What an earlier process had left unfinished goes on at once. On a cloud home,
    /// connects to be able to submit.
    pub(super) async fn open(
        settings: &Settings,
        name: Option<&str>,
        options: &SourceOptions,
    ) -> anyhow::Result<Self> {
        Self::open_on(settings, name, options, Threads::new).await
    }

    /// The same for a fleet that has days to do in time, whatever backfill it has besides.
    pub(super) async fn open_for_days(
        settings: &Settings,
        name: Option<&str>,
        options: &SourceOptions,
    ) -> anyhow::Result<Self> {
        Self::open_on(settings, name, options, Threads::with_background).await
    }

    async fn open_on(
        settings: &Settings,
        name: Option<&str>,
        options: &SourceOptions,
        threads: fn(usize) -> io::Result<Threads>,
    ) -> anyhow::Result<Self> {
        let begun = SystemClock.now();
        let home = &settings.home;
        let pipeline = pipeline(name, home)?;
        if home.is_cloud() {
            let settings = cloud_settings(home, options)?;
            let bus = cloud::bus(&settings).await?;
            let Cloud { engine, today, .. } = Cloud::open(&settings, options.as_of, bus).await?;
            let source = Remembered::Landing { directory: settings.landing };
            return Ok(Self { engine, begun, source, today, pipeline, works: Works::Elsewhere });
        }
        let source = Remembered::choose(options, home)?;
        let lock = home.lock()?;
        let (opened, today) = open_source(pipeline, &source, options)?;
        let calendar = Arc::new(calendar(pipeline, &source, &*opened).await?);
        home.remember(&lock, pipeline.name.as_str(), &source)?;
        let lake = Arc::new(ParquetLake::open(home.lake()));
        let threads = threads(cores())?;
        let embedded = Embedded::start_on(home.root(), pipeline, calendar, opened, lake, threads).await?;
        let engine = Arc::clone(&embedded.engine);
        Ok(Self { engine, begun, source, today, pipeline, works: Works::Here(Box::new(embedded), lock) })
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

    /// Whether the work is done in this process.
    pub(super) fn works_here(&self) -> bool {
        matches!(self.works, Works::Here(..))
    }

    /// Runs that an earlier process on this home had left unfinished; they go on already. Those of a cloud home
    /// are not this process's affair.
    pub(super) fn unfinished(&self) -> Vec<RunId> {
        match &self.works {
            Works::Here(embedded, _) => embedded.unfinished.clone(),
            Works::Elsewhere => Vec::new(),
        }
    }

    /// Comes back when a fleet in this process cannot go on.
    pub(super) async fn failed(&mut self) -> anyhow::Error {
        match &mut self.works {
            Works::Here(embedded, _) => embedded.failed().await,
            Works::Elsewhere => std::future::pending().await,
        }
    }

    /// Where its Pub/Sub server listens, if it is in this process.
    pub(super) fn endpoint(&self) -> Option<String> {
        match &self.works {
            Works::Here(embedded, _) => Some(embedded.endpoint()),
            Works::Elsewhere => None,
        }
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
        let Works::Here(embedded, _lock) = self.works else {
            return outcome;
        };
        tokio::select! {
            stopped = embedded.stop() => outcome.and_then(|outcome| stopped.map(|()| outcome)),
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
        cpu: Arc::new(Threads::new(1)?),
    };
    Ok(Engine::new(cascade(pipeline)?, calendar, ports, CACHE_BYTES_MAX))
}

/// All that a pipeline declares.
pub(super) fn datasets(pipeline: &Pipeline) -> Vec<DatasetName> {
    pipeline.processors.iter().map(|processor| processor.writes).collect()
}

/// The bus of a view: nothing is ever published through it.
struct Silent;

fn refused() -> Failure {
    Permanent::new("read_only", "a command that only reads tried to publish a message").into()
}

#[async_trait]
impl Bus for Silent {
    async fn publish_completions(&self, _completions: &[Traced<Completion>]) -> Result<(), Failure> {
        Err(refused())
    }

    async fn publish_work_orders(&self, _orders: &[Traced<WorkOrder>]) -> Result<(), Failure> {
        Err(refused())
    }

    async fn publish_dead_letter(&self, _notice: &Traced<DeadLetterNotice>) -> Result<(), Failure> {
        Err(refused())
    }
}
