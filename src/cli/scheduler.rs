//! `tidegate scheduler`: opens the days of a cloud home, submits what is new, and sends again what nobody else would.
//! One is enough; two do each other no harm, for the ledger takes each task once.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::Args;

use super::cloud::{self, Cloud};
use super::cloud_settings::CloudSettings;
use super::console::Console;
use super::ending::Ending;
use super::fleet_figures::Figures;
use super::role::{self, PATIENCE, other_dates};
use super::serve::{tell, tell_ended};
use super::settings::Settings;
use super::signals::Signals;
use super::telemetry::{Phase, Telemetry};
use super::upstream::UpstreamOptions;
use crate::fleet::{Clock, Days, Feeds, Millis, Scheduler, Sweep, SystemClock, recover, withdraw};
use crate::flow::RunId;

const EXAMPLES: &str = "\
Examples:
  tidegate scheduler --home /etc/tidegate
  tidegate scheduler --home /etc/tidegate --fetch

Days go by the pipeline's own clock (nba: US/Eastern, from six in the morning).";

/// Between two looks at what stands still.
const SWEEP_EVERY: Duration = Duration::from_secs(15);

/// Between a failure and the next try.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

/// Options of `tidegate scheduler`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Options {
    /// Seconds between two looks at the landing zone, at most
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    every: u64,
    /// Fetch what is due from the league's public service into the landing zone
    #[arg(long)]
    fetch: bool,
    #[command(flatten)]
    upstream: UpstreamOptions,
}

/// Does it.
pub(super) async fn run(options: Options, settings: &Settings, console: &Console) -> anyhow::Result<Ending> {
    let cloud_settings = role::settings(settings, "scheduler")?;
    let mut signals = Signals::listen()?;
    let telemetry = Telemetry::start("scheduler", cloud_settings.telemetry).await?;
    let feeds =
        if options.fetch { Some(options.upstream.feeds(&cloud_settings.landing).await?) } else { None };
    let mut scheduler = None;
    loop {
        telemetry.phase(Phase::Starting);
        let begun = begin(&cloud_settings, feeds.clone(), &telemetry);
        let mut watch = tokio::select! {
            begun = begun => begun?,
            () = signals.next() => return Ok(Ending::AllDone),
        };
        telemetry.phase(Phase::Running);
        let rhythm = super::assemble::rhythm(watch.cloud.pipeline);
        let scheduler = scheduler.get_or_insert_with(|| Scheduler::new(rhythm));
        console.line(&format!(
            "scheduler of {}; health and metrics at http://{}; Ctrl-C or SIGTERM stops",
            settings.home.root().display(),
            telemetry.address()
        ));
        // A turn may be dropped at any point: what it has not done is due again.
        tokio::select! {
            ended = watch.over(scheduler, Duration::from_secs(options.every), console) => ended?,
            () = signals.next() => return Ok(Ending::AllDone),
        }
        console.line("the source has other dates now: beginning anew with them");
    }
}

/// A scheduler at work.
struct Watch {
    cloud: Cloud,
    days: Days,
    sweep: Sweep,
    /// Runs whose end is to be told.
    under_way: Vec<RunId>,
}

async fn begin(
    settings: &CloudSettings,
    feeds: Option<Feeds>,
    telemetry: &Telemetry,
) -> anyhow::Result<Watch> {
    let cloud = Cloud::open(settings, None, cloud::bus(settings).await?).await?;
    telemetry.watch(&cloud.engine, Some(Figures::of(Arc::clone(&cloud.today))));
    withdraw(&cloud.engine, &super::assemble::foretold(cloud.pipeline)).await?;
    let under_way = recover(&cloud.engine, false).await?;
    let rhythm = super::assemble::rhythm(cloud.pipeline);
    let (engine, today) = (Arc::clone(&cloud.engine), Arc::clone(&cloud.today));
    let days = Days::of(engine, cloud.pipeline, rhythm, today, feeds);
    Ok(Watch { cloud, days, sweep: Sweep::default(), under_way })
}

impl Watch {
    /// Comes back when the source has other dates, or when nothing has worked for too long.
    async fn over(
        &mut self,
        scheduler: &mut Scheduler,
        every: Duration,
        console: &Console,
    ) -> anyhow::Result<()> {
        let (mut next_turn, mut worked_at) = (Millis::MIN, SystemClock.now());
        loop {
            let now = SystemClock.now();
            let pause = match self.once(scheduler, &mut next_turn, every, console).await {
                Ok(true) => return Ok(()),
                Ok(false) => {
                    worked_at = now;
                    SWEEP_EVERY
                }
                Err(error) if now - worked_at < millis(PATIENCE) => {
                    tracing::warn!(error = format!("{error:#}"), "a look failed; the next one comes soon");
                    AFTER_FAILURE
                }
                Err(error) => return Err(error).context("nothing has worked for a quarter of an hour"),
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                unknown = self.cloud.engine.calendar_doubted() => {
                    if other_dates(&self.cloud).await {
                        return Ok(());
                    }
                    self.cloud.engine.calendar_confirmed(&unknown);
                }
            }
        }
    }

    /// One look at everything; whether the source has other dates.
    async fn once(
        &mut self,
        scheduler: &mut Scheduler,
        next_turn: &mut Millis,
        every: Duration,
        console: &Console,
    ) -> anyhow::Result<bool> {
        let engine = Arc::clone(&self.cloud.engine);
        if SystemClock.now() >= *next_turn {
            let turn = self.days.turn(scheduler).await?;
            tell(&turn, console);
            if turn.has_other_dates {
                return Ok(true);
            }
            *next_turn = turn.next.min(SystemClock.now() + millis(every));
        }
        self.sweep.turn(&engine).await?;
        for run in engine.ports().ledger.runs(true).await? {
            if !self.under_way.contains(&run.id) {
                self.under_way.push(run.id);
            }
        }
        tell_ended(&engine, &mut self.under_way, console).await?;
        Ok(false)
    }
}

fn millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}
