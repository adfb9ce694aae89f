//! `tidegate gate`: hears of completions, finds out what is ready, and sends work orders. Any number of them, on a cloud
//! home: each gate is made anew from the ledger whenever something arrives.

use std::time::Duration;

use clap::Args;

use super::console::Console;
use super::ending::Ending;
use super::role::{self, Duty, PATIENCE, Processors};
use super::settings::Settings;
use crate::fleet::{Limits, Part};

const EXAMPLES: &str = "\
Examples:
  tidegate gate --home /etc/tidegate
  tidegate gate --processors points_features,points_training

It records the dead letters of its processors too, and tells the fleet's backlog at telemetry.listen.";

/// How long a batch of completions may take when it is stopped.
const GRACE: Duration = Duration::from_secs(20);

/// Options of `tidegate gate`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Options {
    #[command(flatten)]
    processors: Processors,
}

/// Does it.
pub(super) async fn run(options: Options, settings: &Settings, console: &Console) -> anyhow::Result<Ending> {
    let cloud = role::settings(settings, "gate")?;
    role::perform(settings, console, &cloud, |cascade| {
        Ok(Duty {
            role: "gate",
            part: Part::gates(options.processors.lower(cascade)?),
            limits: Limits { attempts_max: 0, orders_max: 0, patience: PATIENCE, grace: GRACE },
            tells_figures: true,
        })
    })
    .await
}
