//! `tidegate status`: the runs of a home with their tasks by state, the open dead letters, and what they
//! hold. Reads the ledger only; works while another process has the home open.

use std::collections::BTreeMap;

use clap::Args;
use serde_json::{Value, json};

use super::assemble;
use super::cloud;
use super::dead_letters;
use super::ending::Ending;
use super::settings::Settings;
use super::table::{Align, Table, count, span};
use crate::fleet::{Clock, DeadLetter, Millis, RunRecord, SystemClock};
use crate::flow::TaskState;

const EXAMPLES: &str = "\
Examples:
  tidegate status
  tidegate status --all --json";

/// Runs that are shown unless all are asked for.
const RUNS_SHOWN: usize = 10;

/// Options of `tidegate status`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Options {
    /// Show all runs, not only the latest ten
    #[arg(long)]
    all: bool,
}

/// Does it.
pub(super) async fn run(options: Options, settings: &Settings) -> anyhow::Result<Ending> {
    let pipeline = assemble::pipeline(None, &settings.home)?;
    let ledger = assemble::ledger_that_exists(&settings.home, pipeline).await?;
    let mut runs = ledger.runs(false).await?;
    let letters = ledger.dead_letters(true).await?;
    if !options.all {
        runs.truncate(RUNS_SHOWN);
    }
    let now = SystemClock.now();
    let source = if settings.home.is_cloud() {
        cloud::settings(&settings.home)?.describe()
    } else {
        settings.home.remembered()?.map_or_else(String::new, |(_, source)| source.describe())
    };
    let text =
        format!("home {}: {source}\n\n{}", settings.home.root().display(), render(&runs, &letters, now));
    settings.print(&text, || json_of(&runs, &letters, &source));
    Ok(Ending::AllDone)
}

fn render(runs: &[RunRecord], letters: &[DeadLetter], now: Millis) -> String {
    if runs.is_empty() {
        return "no run was ever submitted\n".to_owned();
    }
    let mut table = Table::of(&[
        ("run", Align::Right),
        ("name", Align::Left),
        ("kind", Align::Left),
        ("lane", Align::Left),
        ("state", Align::Left),
        ("tasks", Align::Left),
    ]);
    for run in runs {
        let state = match run.finished_at {
            Some(end) => format!("finished in {}", span((end - run.submitted_at).unsigned_abs())),
            None => format!("under way for {}", span((now - run.submitted_at).unsigned_abs())),
        };
        let tasks: Vec<String> =
            by_state(run).map(|(state, number)| format!("{} {}", count(number), state.as_str())).collect();
        table.row([
            run.id.to_string(),
            run.name.clone(),
            run.kind.clone(),
            run.lane.as_str().to_owned(),
            state,
            tasks.join(", "),
        ]);
    }
    let mut text = table.render();
    if letters.is_empty() {
        text.push_str("\nno open dead letters\n");
        return text;
    }
    let mut by_code: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for letter in letters {
        let entry = by_code.entry(&letter.code).or_default();
        entry.0 += 1;
        entry.1 += letter.held;
    }
    text.push('\n');
    for (code, (number, held)) in by_code {
        text.push_str(&format!(
            "{} open dead letters {code}, holding {} tasks\n",
            count(number),
            count(held)
        ));
    }
    text.push_str("next: tidegate dead-letters list\n");
    text
}

fn by_state(run: &RunRecord) -> impl Iterator<Item = (TaskState, u64)> {
    run.tasks.iter().map(|(state, number)| (*state, *number)).filter(|(_, number)| *number > 0)
}

fn json_of(runs: &[RunRecord], letters: &[DeadLetter], source: &str) -> Value {
    let run = |run: &RunRecord| {
        json!({
            "id": run.id.0,
            "pipeline": run.pipeline,
            "name": run.name,
            "kind": run.kind,
            "lane": run.lane.as_str(),
            "from": run.dates.start().to_string(),
            "to": run.dates.end().to_string(),
            "submitted_at_ms": run.submitted_at,
            "finished_at_ms": run.finished_at,
            "tasks": by_state(run).map(|(state, number)| (state.as_str().to_owned(), Value::from(number))).collect::<serde_json::Map<_, _>>(),
        })
    };
    json!({
        "source": source,
        "runs": runs.iter().map(run).collect::<Vec<_>>(),
        "dead_letters": letters.iter().map(dead_letters::json_of).collect::<Vec<_>>(),
        "held": letters.iter().map(|letter| letter.held).sum::<u64>(),
    })
}
