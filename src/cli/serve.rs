//! `tidegate serve`: the embedded fleet, kept running for months. Goes on with what is unfinished, then lives
//! day after day: fetches what is due, opens days, and does whatever is new or has changed, until it is stopped.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::Args;

use super::assemble::Fleet;
use super::console::Console;
use super::ending::{Ending, wrong_usage};
use super::settings::Settings;
use super::signals::Signals;
use super::source::{Remembered, SourceOptions};
use super::table::{count, moment};
use super::upstream::UpstreamOptions;
use crate::fleet::{Clock, Due, Engine, Feeds, Scheduler, SystemClock, Turn, publish_status};
use crate::flow::{RunId, TaskState};

const EXAMPLES: &str = "\
Examples:
  tidegate serve nba --landing data/nba
  tidegate serve nba --landing data/nba --fetch
  tidegate serve nba --every 300 --log info --log-format json

Days go by the pipeline's own clock (nba: US/Eastern, from six in the morning). Ctrl-C or SIGTERM stops cleanly; the
same command goes on, and catches up on whatever was missed.";

/// Options of `tidegate serve`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, mut_arg("as_of", |option| option.hide(true)))]
pub(super) struct Options {
    /// The pipeline
    pipeline: String,
    /// Seconds between two looks at the source, at most
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    every: u64,
    /// Fetch what is due from the league's public service into the landing zone
    #[arg(long)]
    fetch: bool,
    #[command(flatten)]
    source: SourceOptions,
    #[command(flatten)]
    upstream: UpstreamOptions,
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
    if options.source.as_of.is_some() {
        return Err(wrong_usage("`serve` lives today; --as-of is for `run` and `plan`"));
    }
    if settings.home.is_cloud() {
        return Err(wrong_usage("a cloud home is served by its roles: tidegate scheduler, gate, worker"));
    }
    let mut signals = Signals::listen()?;
    let feeds = if options.fetch { Some(feeds(&options, settings).await?) } else { None };
    let mut scheduler = None;
    loop {
        let mut fleet = Fleet::open_for_days(settings, Some(&options.pipeline), &options.source).await?;
        console.line(&format!(
            "serving {} from {}; Pub/Sub server at {}; Ctrl-C stops",
            settings.home.root().display(),
            fleet.source.describe(),
            fleet.endpoint().as_deref().unwrap_or("no address")
        ));
        let scheduler = scheduler.get_or_insert_with(|| Scheduler::new(fleet.rhythm()));
        let every = Duration::from_secs(options.every);
        let stopped = serve(&mut fleet, feeds.clone(), scheduler, every, console, &mut signals).await;
        match fleet.stop_after(stopped, console, &mut signals).await? {
            Stopped::BySignal => return Ok(Ending::AllDone),
            Stopped::NewCalendar => console.line("the source has other dates now: beginning anew with them"),
        }
    }
}

/// What is fetched, into the landing zone that was named or that the home remembers.
async fn feeds(options: &Options, settings: &Settings) -> anyhow::Result<Feeds> {
    if let Some(landing) = &options.source.landing {
        return options.upstream.feeds(landing).await;
    }
    match Remembered::choose(&options.source, &settings.home)? {
        Remembered::Landing { directory } => options.upstream.feeds(&directory).await,
        Remembered::Simulated { .. } => Err(wrong_usage(
            "--fetch fills a landing zone: name it with --landing; a simulated league has none",
        )),
    }
}

async fn serve(
    fleet: &mut Fleet,
    feeds: Option<Feeds>,
    scheduler: &mut Scheduler,
    every: Duration,
    console: &Console,
    signals: &mut Signals,
) -> anyhow::Result<Stopped> {
    let engine = Arc::clone(&fleet.engine);
    let days = fleet.days(feeds);
    let mut under_way = fleet.unfinished();
    loop {
        let turn = tokio::select! {
            turn = days.turn(scheduler) => turn?,
            () = signals.next() => return Ok(Stopped::BySignal),
            failure = fleet.failed() => return Err(failure),
        };
        tell(&turn, console);
        if turn.has_other_dates {
            return Ok(Stopped::NewCalendar);
        }
        under_way.extend(turn.run.as_ref().map(|(run, _, _)| *run));
        tell_ended(&engine, &mut under_way, console).await?;
        let next = u64::try_from(turn.next - SystemClock.now()).unwrap_or(0);
        let deadline = tokio::time::Instant::now() + every.min(Duration::from_millis(next));
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(deadline) => break,
                () = any_ended(&engine, &under_way) => tell_ended(&engine, &mut under_way, console).await?,
                () = signals.next() => return Ok(Stopped::BySignal),
                failure = fleet.failed() => return Err(failure),
            }
        }
    }
}

/// What a turn did, a line each.
pub(super) fn tell(turn: &Turn, console: &Console) {
    for due in &turn.done {
        match due {
            Due::Day(date) => console.line(&format!("{date} is open")),
            Due::Schedule(season) => tracing::info!(%season, "the schedule was fetched"),
            Due::Payload { date, source } => tracing::info!(%date, source, "a payload was fetched"),
        }
    }
    for (due, failure) in &turn.failed {
        console.line(&format!("{}: {failure}; it is tried again", what(due)));
    }
    if let Some((run, name, tasks)) = &turn.run {
        let next = moment(turn.next);
        console.line(&format!("{name}: run {run} of {} tasks; next look by {next}", count(*tasks as u64)));
    }
}

fn what(due: &Due) -> String {
    match due {
        Due::Day(date) => date.to_string(),
        Due::Schedule(season) => format!("the schedule of {season}"),
        Due::Payload { date, source } => format!("{source} of {date}"),
    }
}

/// Comes back when one of these runs has ended in this process.
async fn any_ended(engine: &Engine, runs: &[RunId]) {
    let mut changes = engine.progress().watch();
    while !runs.iter().any(|run| engine.progress().is_finished(*run)) {
        if changes.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Says of which of these runs the ledger knows the end, strikes them off, and publishes how far all is.
pub(super) async fn tell_ended(
    engine: &Engine,
    runs: &mut Vec<RunId>,
    console: &Console,
) -> anyhow::Result<()> {
    let under_way = runs.len();
    let mut left = Vec::new();
    for run in runs.drain(..) {
        let Some(record) = engine.ports().ledger.run(run).await? else { continue };
        if record.finished_at.is_none() {
            left.push(run);
            continue;
        }
        let number = |state: TaskState| record.tasks.get(&state).copied().unwrap_or(0);
        let (finished, dead, held) =
            (number(TaskState::Finished), number(TaskState::Dead), number(TaskState::Held));
        let mut text = format!("{}: run {run} is over, {} tasks finished", record.name, count(finished));
        if dead + held > 0 {
            text.push_str(&format!(
                ", {} dead, {} held: tidegate dead-letters list",
                count(dead),
                count(held)
            ));
        }
        console.line(&text);
    }
    *runs = left;
    if runs.len() < under_way {
        publish_status(engine).await.context("the status was not published")?;
    }
    Ok(())
}
