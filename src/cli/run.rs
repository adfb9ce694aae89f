//! `tidegate run`: brings a pipeline up to date and waits until it is. Runs that an earlier process left
//! unfinished go on first; then the plan is made, submitted and followed.

use clap::Args;

use super::assemble::Fleet;
use super::completion::Completion;
use super::console::Console;
use super::ending::Ending;
use super::selection::Selection;
use super::settings::Settings;
use super::signals::Signals;
use super::source::SourceOptions;
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
    let completion = Completion::of(&mut fleet, settings, console, &mut signals);
    let outcome = bring_up_to_date(completion, &options.selection).await;
    fleet.stop_after(outcome, console, &mut signals).await
}

async fn bring_up_to_date(mut completion: Completion<'_>, selection: &Selection) -> anyhow::Result<Ending> {
    let selected = selection.lower(&completion.fleet.engine, completion.fleet.today.date())?;
    let mut plan = Plan::default();
    if completion.go_on().await? {
        plan = make_plan(&completion.fleet.engine, &selected.request).await?;
        let title = selected.title(Lane::Backfill);
        let name = title.name.clone();
        let run = submit(&completion.fleet.engine, &plan, title).await?;
        completion.follow(run.as_slice(), &name).await?;
    }
    completion.end(Some(&selected), plan.complete, &plan.held).await
}
