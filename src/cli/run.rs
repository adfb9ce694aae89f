//! `tidegate run`: brings a pipeline up to date and waits until it is. Runs that an earlier process left
//! unfinished go on first; then the plan is made, submitted and followed.

use clap::Args;

use super::assemble::Fleet;
use super::console::Console;
use super::ending::Ending;
use super::follow::{Waited, follow};
use super::selection::Selection;
use super::settings::Settings;
use super::signals::Signals;
use super::source::SourceOptions;
use super::summary::Summary;
use crate::fleet::{make_plan, submit};
use crate::flow::{Lane, Plan};

const EXAMPLES: &str = "\
Examples:
  tidegate run nba --simulate
  tidegate run nba --landing data/nba --from 2020-12-22 --to 2024-06-17 --home X
  tidegate run nba --only ml_feature_store --from 2024-01-26 --to 2024-01-26

The same command again does what is missing or out of date, and nothing else. Ctrl-C stops cleanly, and
the same command goes on.";

/// Options of `tidegate run`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Options {
    /// The pipeline
    pub(super) pipeline: String,
    #[command(flatten)]
    pub(super) source: SourceOptions,
    #[command(flatten)]
    pub(super) selection: Selection,
}

/// Does it.
pub(super) async fn run(options: Options, settings: &Settings, console: &Console) -> anyhow::Result<Ending> {
    let mut signals = Signals::listen()?;
    let mut fleet = Fleet::open(settings, Some(&options.pipeline), &options.source).await?;
    let outcome = to_completion(&mut fleet, &options.selection, settings, console, &mut signals).await;
    fleet.stop(console, &mut signals).await?;
    outcome
}

async fn to_completion(
    fleet: &mut Fleet,
    selection: &Selection,
    settings: &Settings,
    console: &Console,
    signals: &mut Signals,
) -> anyhow::Result<Ending> {
    let begun = fleet.engine.ports().clock.now();
    let selected = selection.lower(&fleet.engine)?;
    let mut runs = fleet.unfinished.clone();
    let mut plan = Plan::default();
    let mut waited = Waited::Finished;
    if !runs.is_empty() {
        waited = follow(fleet, &runs, "going on", console, signals).await?;
    }
    if waited == Waited::Finished {
        plan = make_plan(&fleet.engine, &selected.request).await?;
        let title = selected.title(Lane::Backfill);
        if let Some(run) = submit(&fleet.engine, &plan, title.clone()).await? {
            runs.push(run);
            waited = follow(fleet, &[run], &title.name, console, signals).await?;
        }
    }
    let summary = Summary::of(&fleet.engine, &runs, Some(&selected), &plan.held, begun).await?;
    let ending = match waited {
        Waited::Finished => summary.ending(),
        Waited::Interrupted => Ending::Interrupted,
    };
    settings.print(&summary.render(ending, plan.complete), || summary.json(ending, plan.complete));
    Ok(ending)
}
