//! `tidegate worker`: takes the work orders of processors on lanes and carries them out. Any number of them, on a
//! cloud home.

use std::time::Duration;

use clap::Args;

use super::console::Console;
use super::embedded::cores;
use super::ending::{Ending, wrong_usage};
use super::role::{self, Duty, PATIENCE, Processors};
use super::settings::Settings;
use crate::fleet::{Limits, Part};
use crate::flow::{Cascade, DatasetName, Lane};

const EXAMPLES: &str = "\
Examples:
  tidegate worker --home /etc/tidegate
  tidegate worker --processors points_model --lane backfill --attempts 2

SIGTERM stops cleanly: nothing new is taken, what is under work comes to its end within --grace seconds, or is given
back. Health and metrics are told at telemetry.listen.";

/// Attempts at a time for each core: most of them wait for the ledger, the lake or the server.
const ATTEMPTS_PER_CORE: usize = 16;

/// Over the slowest task, so that it can be published and acknowledged.
const GRACE_OVER: Duration = Duration::from_secs(10);

/// Options of `tidegate worker`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Options {
    #[command(flatten)]
    processors: Processors,
    /// Only this lane: daily or backfill [default: both]
    #[arg(long, value_name = "LANE")]
    lane: Option<String>,
    /// Attempts at a time; as many orders are held of each processor and lane [default: 16 a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=4_096))]
    attempts: Option<u16>,
    /// Seconds for what is under work when it is stopped [default: what the slowest task takes, and ten more]
    #[arg(long, value_name = "SECONDS")]
    grace: Option<u64>,
}

/// Does it.
pub(super) async fn run(options: Options, settings: &Settings, console: &Console) -> anyhow::Result<Ending> {
    let cloud = role::settings(settings, "worker")?;
    role::perform(settings, console, &cloud, |cascade| duty(&options, cascade)).await
}

fn duty(options: &Options, cascade: &Cascade) -> anyhow::Result<Duty> {
    let processors = options.processors.lower(cascade)?;
    let lanes = match options.lane.as_deref() {
        None => Lane::ALL.to_vec(),
        Some(text) => {
            let found = Lane::ALL.into_iter().find(|lane| lane.as_str() == text);
            vec![found.ok_or_else(|| {
                wrong_usage(format!("there is no lane `{text}`; there are daily, backfill"))
            })?]
        }
    };
    let attempts_max = options.attempts.map_or(cores() * ATTEMPTS_PER_CORE, usize::from);
    let grace = options.grace.map_or_else(|| slowest(cascade, &processors) + GRACE_OVER, Duration::from_secs);
    Ok(Duty {
        role: "worker",
        part: Part::workers(processors, lanes),
        // An order that waits here is one that nobody else can take.
        limits: Limits { attempts_max, orders_max: attempts_max, patience: PATIENCE, grace },
        tells_figures: false,
    })
}

/// What the slowest task of these processors takes.
fn slowest(cascade: &Cascade, processors: &[DatasetName]) -> Duration {
    let seconds = processors.iter().filter_map(|name| Some(cascade.processor(*name)?.slowest_seconds));
    Duration::from_secs(seconds.max().unwrap_or(0).into())
}
