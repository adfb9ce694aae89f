//! `tidegate dead-letters`: what failed for good and why; replaying it with all that it holds; accepting
//! it as a gap. Replaying and accepting run to completion like `run`.

use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::assemble::{self, Fleet};
use super::completion::Completion;
use super::console::Console;
use super::ending::{Ending, wrong_usage};
use super::settings::Settings;
use super::signals::Signals;
use super::source::SourceOptions;
use super::table::{Align, Table, count, moment};
use crate::fleet::{DeadLetter, Engine, RunError, accept, replay};
use crate::flow::{Lane, RunId};

const EXAMPLES: &str = "\
Examples:
  tidegate dead-letters list
  tidegate dead-letters show 3
  tidegate dead-letters replay                           all, after their payloads were mended
  tidegate dead-letters replay 3
  tidegate dead-letters replay --cause payload_malformed
  tidegate dead-letters accept 3                         run what it holds without it

A dead letter whose inputs and code are the same as when it died is not replayed unless forced, because it
would die again.";

/// Options of `tidegate dead-letters`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the open ones
    List {
        /// List those that were replayed or accepted, too
        #[arg(long)]
        all: bool,
    },
    /// Show one with everything that is known of it
    Show {
        /// Its number
        id: i64,
    },
    /// Try them again, with all that they hold
    Replay(Replay),
    /// Accept one as a gap: what it held runs without it
    Accept {
        /// Its number
        id: i64,
        #[command(flatten)]
        source: SourceOptions,
    },
}

#[derive(Debug, Args)]
struct Replay {
    /// Their numbers; all open ones where none is given
    #[arg(conflicts_with_all = ["cause", "all"])]
    ids: Vec<i64>,
    /// All that died for this reason
    #[arg(long, value_name = "CODE", conflicts_with = "all")]
    cause: Option<String>,
    /// All open ones
    #[arg(long)]
    all: bool,
    /// Even if they would die again
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    source: SourceOptions,
}

/// Does it.
pub(super) async fn run(options: Options, settings: &Settings, console: &Console) -> anyhow::Result<Ending> {
    match options.action {
        Action::List { all } => list(all, settings).await,
        Action::Show { id } => show(id, settings).await,
        Action::Replay(options) => run_replay(options, settings, console).await,
        Action::Accept { id, source } => run_accept(id, &source, settings, console).await,
    }
}

/// A dead letter for machines.
pub(super) fn json_of(letter: &DeadLetter) -> Value {
    json!({
        "id": letter.id,
        "dataset": letter.unit.dataset.as_str(),
        "date": letter.unit.date.to_string(),
        "class": letter.class,
        "code": letter.code,
        "message": letter.message,
        "attempts": letter.attempts,
        "held": letter.held,
        "run": letter.run.0,
        "run_name": letter.run_name,
        "lane": letter.lane.as_str(),
        "inputs": letter.inputs,
        "fingerprint": letter.fingerprint.map(|fingerprint| fingerprint.to_string()),
        "code_revision": letter.code_revision,
        "died_at_ms": letter.died_at,
        "resolution": letter.resolution,
    })
}

async fn letters(settings: &Settings, open_only: bool) -> anyhow::Result<Vec<DeadLetter>> {
    let pipeline = assemble::pipeline(None, &settings.home)?;
    let ledger = assemble::ledger_that_exists(&settings.home, pipeline).await?;
    Ok(ledger.dead_letters(open_only).await?)
}

async fn list(all: bool, settings: &Settings) -> anyhow::Result<Ending> {
    let letters = letters(settings, !all).await?;
    let mut table = Table::of(&[
        ("id", Align::Right),
        ("unit", Align::Left),
        ("code", Align::Left),
        ("attempts", Align::Right),
        ("holds", Align::Right),
        ("state", Align::Left),
        ("reason", Align::Left),
    ]);
    for letter in &letters {
        table.row([
            letter.id.to_string(),
            letter.unit.to_string(),
            letter.code.clone(),
            letter.attempts.to_string(),
            count(letter.held),
            letter.resolution.clone().unwrap_or_else(|| "open".to_owned()),
            letter.message.lines().next().unwrap_or_default().to_owned(),
        ]);
    }
    let text = if letters.is_empty() { "no dead letters\n".to_owned() } else { table.render() };
    settings.print(&text, || json!({ "dead_letters": letters.iter().map(json_of).collect::<Vec<_>>() }));
    Ok(Ending::AllDone)
}

async fn show(id: i64, settings: &Settings) -> anyhow::Result<Ending> {
    let letters = letters(settings, false).await?;
    let letter = letters.iter().find(|letter| letter.id == id).ok_or_else(|| {
        wrong_usage(format!("there is no dead letter {id}; see tidegate dead-letters list --all"))
    })?;
    settings.print(&describe(letter), || json_of(letter));
    Ok(Ending::AllDone)
}

fn describe(letter: &DeadLetter) -> String {
    let inputs = letter.inputs.trim_end().replace('\n', "\n              ");
    let next = match letter.resolution {
        Some(_) => String::new(),
        None => format!(
            "\nmend what the message names, then: tidegate dead-letters replay {id}\n\
             or run what it holds without it:   tidegate dead-letters accept {id}\n",
            id = letter.id
        ),
    };
    format!(
        "dead letter   {}\nunit          {}\nreason        {} ({})\nmessage       {}\nattempts      {}\n\
         holds         {} tasks\nrun           {} {} (lane {})\ninputs        {}\ncode revision {}\n\
         died          {}\nstate         {}\n{next}",
        letter.id,
        letter.unit,
        letter.code,
        letter.class,
        letter.message,
        letter.attempts,
        count(letter.held),
        letter.run,
        letter.run_name,
        letter.lane.as_str(),
        if inputs.is_empty() { "none" } else { &inputs },
        letter.code_revision,
        moment(letter.died_at),
        letter.resolution.as_deref().unwrap_or("open"),
    )
}

async fn run_replay(options: Replay, settings: &Settings, console: &Console) -> anyhow::Result<Ending> {
    let mut signals = Signals::listen()?;
    let mut fleet = Fleet::open(settings, None, &options.source).await?;
    let completion = Completion::of(&mut fleet, settings, console, &mut signals);
    let outcome = replay_to_completion(completion, &options).await;
    fleet.stop_after(outcome, console, &mut signals).await
}

async fn replay_to_completion(mut completion: Completion<'_>, options: &Replay) -> anyhow::Result<Ending> {
    if completion.go_on().await? {
        let runs = submit_replay(&completion.fleet.engine, options, completion.console).await?;
        completion.follow(&runs, "replay").await?;
    }
    completion.end(None, 0, &[]).await
}

/// Submits the replay. Chosen by number, a dead letter that would die again is refused; chosen by reason
/// or all together, it is left where it is and named.
async fn submit_replay(engine: &Engine, options: &Replay, console: &Console) -> anyhow::Result<Vec<RunId>> {
    let open = engine.ports().ledger.dead_letters(true).await?;
    let by_number = !options.ids.is_empty();
    let mut ids: Vec<i64> = match &options.cause {
        _ if by_number => options.ids.clone(),
        Some(cause) => open.iter().filter(|letter| letter.code == *cause).map(|letter| letter.id).collect(),
        None => open.iter().map(|letter| letter.id).collect(),
    };
    if let (Some(cause), true) = (&options.cause, ids.is_empty()) {
        return Err(wrong_usage(format!("no open dead letter has the reason {cause}")));
    }
    while !ids.is_empty() {
        match replay(engine, &ids, options.force, Lane::Daily).await {
            Ok(runs) => return Ok(runs),
            Err(RunError::WouldDieAgain { id, unit, code }) if !by_number => {
                console.line(&format!(
                    "dead letter {id} ({unit}, {code}) is left: nothing has changed since it died"
                ));
                ids.retain(|other| *other != id);
            }
            Err(error) => return Err(usage_or_failure(error)),
        }
    }
    Ok(Vec::new())
}

fn usage_or_failure(error: RunError) -> anyhow::Error {
    match error {
        RunError::NoDeadLetter(_) | RunError::WouldDieAgain { .. } => wrong_usage(error.to_string()),
        RunError::Plan(_) | RunError::Port(_) | RunError::Ledger(_) => anyhow::Error::new(error),
    }
}

async fn run_accept(
    id: i64,
    source: &SourceOptions,
    settings: &Settings,
    console: &Console,
) -> anyhow::Result<Ending> {
    let mut signals = Signals::listen()?;
    let mut fleet = Fleet::open(settings, None, source).await?;
    let completion = Completion::of(&mut fleet, settings, console, &mut signals);
    let outcome = accept_to_completion(completion, id).await;
    fleet.stop_after(outcome, console, &mut signals).await
}

async fn accept_to_completion(mut completion: Completion<'_>, id: i64) -> anyhow::Result<Ending> {
    if completion.go_on().await? {
        let run = accept(&completion.fleet.engine, id, Lane::Daily)
            .await
            .map_err(usage_or_failure)
            .with_context(|| format!("dead letter {id} was not accepted"))?;
        completion.follow(run.as_slice(), "without it").await?;
    }
    completion.end(None, 0, &[]).await
}
