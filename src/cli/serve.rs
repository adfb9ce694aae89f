//! `tidegate serve`: the embedded fleet, kept running. Finishes what is unfinished, then looks at the source
//! at an interval and does what is new or has changed, on the daily lane, until it is stopped.

use std::time::Duration;

use clap::Args;

use super::assemble::Fleet;
use super::console::Console;
use super::ending::Ending;
use super::follow::{Waited, follow};
use super::settings::Settings;
use super::signals::Signals;
use super::source::SourceOptions;
use super::table::count;
use crate::fleet::{RunTitle, make_plan, submit};
use crate::flow::{Lane, PlanRequest, RunId};

const EXAMPLES: &str = "\
Examples:
  tidegate serve nba --landing data/nba
  tidegate serve nba --every 300 --log info --log-format json";

/// Options of `tidegate serve`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Options {
    /// The pipeline
    pipeline: String,
    /// Seconds between two looks at the source
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    every: u64,
    #[command(flatten)]
    source: SourceOptions,
}

/// Why a fleet was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stopped {
    /// Somebody asked for it.
    BySignal,
    /// The source has other dates now, and a fleet's calendar is fixed.
    NewCalendar,
}

/// Does it.
pub(super) async fn run(options: Options, settings: &Settings, console: &Console) -> anyhow::Result<Ending> {
    let mut signals = Signals::listen()?;
    loop {
        let mut fleet = Fleet::open(settings, Some(&options.pipeline), &options.source).await?;
        console.line(&format!(
            "serving {} from {}; Pub/Sub server at {}; Ctrl-C stops",
            settings.home.root().display(),
            fleet.source.describe(),
            fleet.endpoint()
        ));
        let stopped = serve(&mut fleet, &options, console, &mut signals).await;
        match fleet.stop_after(stopped, console, &mut signals).await? {
            Stopped::BySignal => return Ok(Ending::AllDone),
            Stopped::NewCalendar => console.line("the source has other dates now: beginning anew with them"),
        }
    }
}

async fn serve(
    fleet: &mut Fleet,
    options: &Options,
    console: &Console,
    signals: &mut Signals,
) -> anyhow::Result<Stopped> {
    let unfinished = fleet.embedded.unfinished.clone();
    if !unfinished.is_empty()
        && follow(fleet, &unfinished, "going on", console, signals).await? == Waited::Interrupted
    {
        return Ok(Stopped::BySignal);
    }
    loop {
        if fleet.calendar_has_changed().await? {
            return Ok(Stopped::NewCalendar);
        }
        if let Some((run, what)) = submit_what_changed(fleet, console).await?
            && follow(fleet, &[run], &what, console, signals).await? == Waited::Interrupted
        {
            return Ok(Stopped::BySignal);
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(options.every)) => {}
            () = signals.next() => return Ok(Stopped::BySignal),
            failure = fleet.embedded.service.failed() => return Err(failure.into()),
        }
    }
}

/// Submits a run of everything that is missing or out of date; `None` where there is nothing.
async fn submit_what_changed(fleet: &Fleet, console: &Console) -> anyhow::Result<Option<(RunId, String)>> {
    let engine = &fleet.engine;
    let dates = 0..engine.calendar().len();
    let plan =
        make_plan(engine, &PlanRequest { dates, datasets: Vec::new(), force: false, on_demand: false })
            .await?;
    let (Some(first), Some(last)) = (
        plan.tasks.iter().map(|task| task.unit.date).min(),
        plan.tasks.iter().map(|task| task.unit.date).max(),
    ) else {
        return Ok(None);
    };
    let name = format!("day-{first}-{last}");
    console.line(&format!("{name}: {} tasks", count(plan.tasks.len() as u64)));
    let title = RunTitle { name: name.clone(), kind: "day".to_owned(), lane: Lane::Daily };
    Ok(submit(engine, &plan, title).await?.map(|run| (run, name)))
}
