//! What the roles of a cloud home have in common: they tell of themselves, do their part until a signal or a failure,
//! begin anew when the source has other dates, and stop in order: take nothing new, finish or hand back, flush, exit.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::Args;

use super::cloud::{self, Cloud};
use super::cloud_settings::CloudSettings;
use super::console::Console;
use super::ending::{Ending, wrong_usage};
use super::fleet_figures::Figures;
use super::selection;
use super::settings::Settings;
use super::signals::Signals;
use super::telemetry::{Phase, Telemetry};
use crate::fleet::{Limits, Part, Service};
use crate::flow::{Cascade, DatasetName};

/// Between two looks at the clock's date.
const CLOCK_EVERY: Duration = Duration::from_secs(1);

/// Between two looks at whether the source has other dates.
const CALENDAR_EVERY: Duration = Duration::from_secs(60);

/// How long a port may be away while a role holds what it has and tries again: a ledger's failover, a server's outage.
pub(super) const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// Which processors a role works for.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Processors {
    /// Only these processors, with or without `nba.` [default: all]
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    processors: Vec<String>,
}

impl Processors {
    /// The datasets that they write.
    pub(super) fn lower(&self, cascade: &Cascade) -> anyhow::Result<Vec<DatasetName>> {
        if self.processors.is_empty() {
            return Ok(cascade.datasets().collect());
        }
        self.processors.iter().map(|name| selection::dataset(cascade, name)).collect()
    }
}

/// The settings of the cloud home that a role needs.
pub(super) fn settings(settings: &Settings, role: &str) -> anyhow::Result<CloudSettings> {
    if !settings.home.is_cloud() {
        return Err(wrong_usage(format!(
            "`{role}` is a role of a cloud home, and {} has no tidegate.toml; `tidegate serve` runs everything on \
             one machine",
            settings.home.root().display()
        )));
    }
    cloud::settings(&settings.home)
}

/// What a role does of the engine's work.
pub(super) struct Duty {
    /// Its name.
    pub(super) role: &'static str,
    /// Its loops.
    pub(super) part: Part,
    /// How much of it at a time.
    pub(super) limits: Limits,
    /// Whether it tells the fleet's figures.
    pub(super) tells_figures: bool,
}

/// Why a role's loops were stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stopped {
    BySignal,
    NewCalendar,
}

/// Does a duty until a signal comes.
pub(super) async fn perform(
    settings: &Settings,
    console: &Console,
    cloud_settings: &CloudSettings,
    duty: impl Fn(&Cascade) -> anyhow::Result<Duty>,
) -> anyhow::Result<Ending> {
    let mut signals = Signals::listen()?;
    let pipeline = super::assemble::named(&cloud_settings.pipeline)?;
    let duty = duty(&super::assemble::cascade(pipeline)?)?;
    let telemetry = Telemetry::start(duty.role, cloud_settings.telemetry).await?;
    loop {
        telemetry.phase(Phase::Starting);
        let begun = tokio::select! {
            begun = Begun::begin(cloud_settings, &duty, &telemetry) => begun?,
            () = signals.next() => return Ok(Ending::AllDone),
        };
        telemetry.phase(Phase::Running);
        let (role, home, at) = (duty.role, settings.home.root().display(), telemetry.address());
        console
            .line(&format!("{role} of {home}; health and metrics at http://{at}; Ctrl-C or SIGTERM stops"));
        let mut begun = begun;
        let stopped = begun.watch(&mut signals).await;
        telemetry.phase(Phase::Stopping);
        let ended = begun.stop();
        tokio::select! {
            () = ended => {}
            () = signals.next() => {
                console.line("ended at once; nothing is lost: what it held comes again elsewhere");
                std::process::exit(1)
            }
        }
        match stopped? {
            Stopped::BySignal => return Ok(Ending::AllDone),
            Stopped::NewCalendar => console.line("the source has other dates now: beginning anew with them"),
        }
    }
}

/// A role at work.
struct Begun {
    cloud: Cloud,
    service: Service,
    subscriber: Arc<crate::adapters::pubsub::PubsubSubscriber>,
}

impl Begun {
    async fn begin(settings: &CloudSettings, duty: &Duty, telemetry: &Telemetry) -> anyhow::Result<Self> {
        let cloud = Cloud::open(settings, None, cloud::bus(settings).await?).await?;
        let figures = duty.tells_figures.then(|| Figures::of(Arc::clone(&cloud.today)));
        telemetry.watch(&cloud.engine, figures);
        let subscriber = cloud::subscriber(settings).await?;
        let engine = Arc::clone(&cloud.engine);
        let service = Service::start(engine, subscriber.clone(), duty.part.clone(), duty.limits).await?;
        Ok(Self { cloud, service, subscriber })
    }

    async fn watch(&mut self, signals: &mut Signals) -> anyhow::Result<Stopped> {
        let mut clock = tokio::time::interval(CLOCK_EVERY);
        let mut calendar = tokio::time::interval(CALENDAR_EVERY);
        calendar.reset();
        loop {
            tokio::select! {
                () = signals.next() => return Ok(Stopped::BySignal),
                failure = self.service.failed() => {
                    return Err(failure).context("the role gives up: a store or the Pub/Sub server has failed");
                }
                _ = clock.tick() => self.cloud.look_at_the_clock(),
                _ = calendar.tick() => {
                    if other_dates(&self.cloud).await {
                        return Ok(Stopped::NewCalendar);
                    }
                }
                unknown = self.cloud.engine.calendar_doubted() => {
                    if other_dates(&self.cloud).await {
                        return Ok(Stopped::NewCalendar);
                    }
                    self.cloud.engine.calendar_confirmed(&unknown);
                }
            }
        }
    }

    async fn stop(self) {
        self.cloud.engine.stop();
        self.service.stop().await;
        cloud::settle(&self.subscriber).await;
    }
}

/// Whether the source has other dates; where it cannot be read now, it is asked again later.
pub(super) async fn other_dates(cloud: &Cloud) -> bool {
    match cloud.has_other_dates().await {
        Ok(has) => has,
        Err(error) => {
            tracing::warn!(
                error = format!("{error:#}"),
                "the source's dates cannot be read; asked again later"
            );
            false
        }
    }
}
