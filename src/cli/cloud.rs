//! A cloud home put together: ledger in Postgres, lake and documents on Cloud Storage, messages on Pub/Sub, and the
//! landing zone where it is mounted, as `tidegate.toml` says. Shared with any number of other processes, so nothing
//! here is locked, released or recovered at start. The engine is the same as everywhere.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;

use super::assemble;
use super::cloud_settings::{BucketSettings, CloudSettings, LedgerSettings, PREFIX, Secret, Usual};
use super::embedded::{CACHE_BYTES_MAX, cores, read_calendar};
use super::ending::wrong_usage;
use super::home::Home;
use super::settings::{named_variable, variables};
use super::telemetry::{CountedBus, count_lost_answers};
use crate::adapters::gcs::GcsConfig;
use crate::adapters::lake::GcsLake;
use crate::adapters::ledger::{PostgresConfig, PostgresLedger, Tls};
use crate::adapters::objects::GcsStore;
use crate::adapters::pubsub::{Codec, PubsubBus, PubsubSubscriber, ensure_topology};
use crate::adapters::sources::LandingZone;
use crate::fleet::{
    AsOf, Bus, Clock, Engine, Lake, Ledger, ObjectStore, Ports, Source, SystemClock, Threads, Today,
};
use crate::flow::{Calendar, Cascade, DatasetName, Date, Pipeline, Rhythm, Topology};

/// How long messages that were answered last may take to reach the server when a role stops.
const SETTLE: Duration = Duration::from_secs(10);

/// The settings of a cloud home.
pub(super) fn settings(home: &Home) -> anyhow::Result<CloudSettings> {
    let usual = Usual {
        emulator: named_variable("PUBSUB_EMULATOR_HOST").ok(),
        collector: named_variable("OTEL_EXPORTER_OTLP_ENDPOINT").ok(),
    };
    CloudSettings::read(home.root(), &variables(PREFIX), usual)
}

/// Where the ledger of a cloud home is.
pub(super) fn ledger_config(settings: &CloudSettings) -> anyhow::Result<PostgresConfig> {
    let LedgerSettings { host, port, database, user, password, connections_max, tls } = &settings.ledger;
    Ok(PostgresConfig {
        host: host.clone(),
        port: *port,
        database: database.clone(),
        user: user.clone(),
        password: password.as_ref().map(Secret::read).transpose()?,
        connections_max: *connections_max,
        tls: if *tls { Tls::Require } else { Tls::Disable },
    })
}

/// The ledger of a cloud home.
pub(super) async fn ledger(
    settings: &CloudSettings,
    datasets: &[DatasetName],
) -> anyhow::Result<Arc<dyn Ledger>> {
    let LedgerSettings { host, port, database, user, .. } = &settings.ledger;
    let ledger = PostgresLedger::connect(ledger_config(settings)?, datasets).await;
    Ok(Arc::new(
        ledger.with_context(|| format!("the ledger at {host}:{port} (database {database}, user {user})"))?,
    ))
}

/// Its lake.
pub(super) fn lake(settings: &CloudSettings) -> anyhow::Result<Arc<dyn Lake>> {
    Ok(Arc::new(GcsLake::open(bucket(&settings.lake)).context("the lake")?))
}

/// Its documents.
pub(super) fn objects(settings: &CloudSettings) -> anyhow::Result<Arc<dyn ObjectStore>> {
    Ok(Arc::new(GcsStore::open(bucket(&settings.published)).context("the documents for readers outside")?))
}

/// Where a bucket is.
pub(super) fn bucket(settings: &BucketSettings) -> GcsConfig {
    let BucketSettings { bucket, prefix, endpoint } = settings.clone();
    GcsConfig { bucket, prefix, endpoint }
}

/// The parts of a cloud home in this process.
pub(super) struct Cloud {
    /// The engine, one among others.
    pub(super) engine: Arc<Engine>,
    /// The pipeline.
    pub(super) pipeline: &'static Pipeline,
    /// Which day it is.
    pub(super) today: Arc<Today>,
    source: Arc<dyn Source>,
}

impl Cloud {
    /// Connects to everything. `as_of` looks at the payloads as on the morning of that date.
    pub(super) async fn open(
        settings: &CloudSettings,
        as_of: Option<Date>,
        bus: Arc<dyn Bus>,
    ) -> anyhow::Result<Self> {
        let pipeline = assemble::named(&settings.pipeline)?;
        let landing = LandingZone::open(&settings.landing).map_err(|error| wrong_usage(error.to_string()))?;
        let today = Today::on(as_of.unwrap_or_else(|| present_day(pipeline)));
        let (shared, landing) = (Arc::clone(&today), Arc::new(landing));
        let source: Arc<dyn Source> = Arc::new(match as_of {
            Some(_) => AsOf::morning(landing, shared, pipeline.calendar_source),
            None => AsOf::now(landing, shared),
        });
        let calendar = Self::calendar(pipeline, &*source, settings).await?;
        let datasets = assemble::datasets(pipeline);
        let ports = Ports {
            ledger: ledger(settings, &datasets).await?,
            lake: lake(settings)?,
            source: Arc::clone(&source),
            objects: objects(settings)?,
            bus,
            clock: Arc::new(SystemClock),
            cpu: Arc::new(Threads::new(cores())?),
        };
        let cascade = assemble::cascade(pipeline)?;
        let engine = Engine::new(cascade, Arc::new(calendar), ports, CACHE_BYTES_MAX).sharing();
        let engine = engine.traced(settings.traces.as_ref().map(|traces| traces.sampling));
        Ok(Self { engine: Arc::new(engine), pipeline, today, source })
    }

    async fn calendar(
        pipeline: &Pipeline,
        source: &dyn Source,
        settings: &CloudSettings,
    ) -> anyhow::Result<Calendar> {
        let calendar = read_calendar(pipeline, source).await;
        calendar.with_context(|| {
            format!("cannot read which dates exist from the landing zone {}", settings.landing.display())
        })
    }

    /// Whether the source has other dates now than when this began.
    pub(super) async fn has_other_dates(&self) -> anyhow::Result<bool> {
        Ok(read_calendar(self.pipeline, &*self.source).await? != **self.engine.calendar())
    }

    /// Lets it be the day that the clock says.
    pub(super) fn look_at_the_clock(&self) {
        self.today.becomes(present_day(self.pipeline));
    }
}

/// The topics and subscriptions that a cloud home needs.
pub(super) fn topology(settings: &CloudSettings, cascade: &Cascade) -> Topology {
    let topology = Topology::of(cascade);
    if settings.bigquery.is_some() { topology.with_sink(cascade) } else { topology }
}

/// What an emulator lacks is created: it forgets everything when it ends. In the cloud a fleet may create nothing;
/// topics and subscriptions are the terraform's.
pub(super) async fn make_topology(settings: &CloudSettings) -> anyhow::Result<()> {
    if settings.pubsub.endpoint.is_some() {
        let cascade = assemble::cascade(assemble::named(&settings.pipeline)?)?;
        ensure_topology(&settings.pubsub, &topology(settings, &cascade)).await?;
    }
    Ok(())
}

/// The bus of a cloud home; its failures are counted.
pub(super) async fn bus(settings: &CloudSettings) -> anyhow::Result<Arc<dyn Bus>> {
    make_topology(settings).await?;
    Ok(Arc::new(CountedBus(Arc::new(PubsubBus::connect(settings.pubsub.clone()).await?))))
}

/// What takes messages from the subscriptions of a cloud home.
pub(super) async fn subscriber(settings: &CloudSettings) -> anyhow::Result<Arc<PubsubSubscriber>> {
    let codec = Codec::of(assemble::datasets(assemble::named(&settings.pipeline)?));
    let subscriber = PubsubSubscriber::among_others(settings.pubsub.clone(), codec).await?;
    Ok(Arc::new(subscriber.telling(count_lost_answers)))
}

/// Waits until every answer has reached the server; what has not comes again.
pub(super) async fn settle(subscriber: &PubsubSubscriber) {
    count_lost_answers(subscriber.settle(SETTLE).await);
}

fn present_day(pipeline: &Pipeline) -> Date {
    let rhythm: Rhythm = assemble::rhythm(pipeline);
    rhythm.today(SystemClock.now())
}
