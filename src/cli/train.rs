//! `tidegate train`: makes the model of a date on demand, beside those that come once a month, with all
//! that it lacks upstream and the gates before and behind it. Runs to completion like `run`, and says what those say.

use clap::Args;

use super::assemble::Fleet;
use super::check;
use super::completion::Completion;
use super::console::Console;
use super::ending::Ending;
use super::model::MODEL;
use super::selection::{self, Selection};
use super::settings::Settings;
use super::signals::Signals;
use super::source::SourceOptions;
use crate::fleet::{make_plan, submit};
use crate::flow::{Date, Lane, Plan};

const EXAMPLES: &str = "\
Examples:
  tidegate train nba --date 2024-03-14     learns from all dates before, and predicts from that one on
  tidegate model show nba                  what came of it

There is a model of a date with games alone; of another one the command names the nearest (exit code 2).
A model made on demand is judged like the others: gate E before it is trained, gate F before it predicts. It is used
from its date to the end of its month, and kept up to date. A NO-GO is a dead letter, and holds those predictions.";

/// Options of `tidegate train`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Options {
    /// The pipeline
    pipeline: String,
    /// The model's cutoff, a date with games: it learns from the dates before this one alone, YYYY-MM-DD
    #[arg(long, value_name = "DATE")]
    date: Date,
    /// Train anew even where nothing has changed
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    source: SourceOptions,
}

/// Does it.
pub(super) async fn run(options: Options, settings: &Settings, console: &Console) -> anyhow::Result<Ending> {
    let mut signals = Signals::listen()?;
    let mut fleet = Fleet::open(settings, Some(&options.pipeline), &options.source).await?;
    let completion = Completion::of(&mut fleet, settings, console, &mut signals);
    let outcome = train(completion, &options).await;
    fleet.stop_after(outcome, console, &mut signals).await
}

async fn train(mut completion: Completion<'_>, options: &Options) -> anyhow::Result<Ending> {
    let (engine, today) = (&completion.fleet.engine, completion.fleet.today.date());
    selection::check_date(engine.calendar(), today, options.date)?;
    let selection = Selection {
        from: Some(options.date),
        to: Some(options.date),
        only: vec![MODEL.name().to_string()],
        force: options.force,
    };
    let mut selected = selection.lower(&completion.fleet.engine, completion.fleet.today.date())?;
    selected.request.on_demand = true;
    let mut plan = Plan::default();
    if completion.go_on().await? {
        plan = make_plan(&completion.fleet.engine, &selected.request).await?;
        let title = selected.title(Lane::Backfill);
        let name = title.name.clone();
        let run = submit(&completion.fleet.engine, &plan, title).await?;
        if completion.follow(run.as_slice(), &name).await? {
            let engine = &completion.fleet.engine;
            engine.refresh_catalog().await?;
            let together = engine.cascade().companions(MODEL.name());
            let verdicts = check::verdicts(engine, selected.request.dates.start, &together).await?;
            completion.say_of_gates(verdicts);
        }
    }
    completion.end(Some(&selected), plan.complete, &plan.held).await
}
