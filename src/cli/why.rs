//! `tidegate why`: the causal chain of a unit down to the root, as an indented text or as JSON.
//! What it says is decided in `fleet::why`.

use clap::Args;
use serde_json::{Value, json};

use super::assemble;
use super::ending::{Ending, wrong_usage};
use super::selection;
use super::settings::Settings;
use super::source::SourceOptions;
use super::table::{count, moment, span};
use crate::fleet::{Explanation, Present, Reads, Standing, why};
use crate::flow::{Calendar, Date, Outcome, SkipReason, Unit};

const EXAMPLES: &str = "\
Examples:
  tidegate why nba.ml_feature_store 2024-01-26
  tidegate why player_daily_cache 2023-12-26 --json";

/// Options of `tidegate why`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Options {
    /// The dataset, with or without `nba.`
    dataset: String,
    /// The date, YYYY-MM-DD
    date: Date,
    #[command(flatten)]
    source: SourceOptions,
}

/// Does it.
pub(super) async fn run(options: Options, settings: &Settings) -> anyhow::Result<Ending> {
    let engine = assemble::view(settings, None, &options.source).await?.engine;
    let dataset = selection::dataset(engine.cascade(), &options.dataset)?;
    let unit = Unit { dataset, date: options.date };
    let explanation =
        why(&engine, unit).await?.ok_or_else(|| no_such_date(engine.calendar(), options.date))?;
    let mut text = String::new();
    render(&explanation, 0, &mut text);
    settings.print(&text, || json_of(&explanation));
    Ok(Ending::AllDone)
}

fn no_such_date(calendar: &Calendar, date: Date) -> anyhow::Error {
    let show = |date: Option<&Date>| date.map_or_else(|| "none".to_owned(), Date::to_string);
    let before = calendar.dates().iter().rev().find(|other| **other < date);
    let after = calendar.dates().iter().find(|other| **other > date);
    wrong_usage(format!(
        "{date} is no game date, so nothing is to be done for it; the one before is {}, the one after {}",
        show(before),
        show(after)
    ))
}

fn render(explanation: &Explanation, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    text.push_str(&format!("{indent}{}: {}\n", explanation.unit, standing(explanation)));
    if let (Some(present), false) = (&explanation.present, explanation.standing == Standing::Complete) {
        text.push_str(&format!("{indent}  its content until then: {}\n", made(present)));
    }
    for reads in &explanation.reads {
        text.push_str(&format!("{indent}  reads {}\n", window(reads)));
    }
    for cause in &explanation.because {
        render(cause, depth + 1, text);
    }
}

fn standing(explanation: &Explanation) -> String {
    match (&explanation.standing, &explanation.present) {
        (Standing::Complete, Some(present)) => made(present),
        (Standing::Complete, None) => "complete".to_owned(),
        (Standing::Dead(letter), _) => format!(
            "dead letter {} after {} attempts: {}: {}",
            letter.id, letter.attempts, letter.code, letter.message
        ),
        (Standing::Held(letter), _) => {
            format!("held by dead letter {} ({}): {}", letter.id, letter.unit, letter.code)
        }
        (Standing::Waiting { run, lane }, _) => {
            format!("waits in run {run} on lane {} for what is not finished below", lane.as_str())
        }
        (Standing::Ready { run, lane, attempts, not_before, behind }, _) => {
            let mut text = format!("ready in run {run} on lane {}", lane.as_str());
            if *attempts > 0 {
                text.push_str(&format!(
                    ", {attempts} attempts failed, next one after {}",
                    moment(*not_before)
                ));
            }
            if *behind > 0 {
                text.push_str(&format!(", behind {} tasks on lane daily", count(*behind)));
            }
            text
        }
        (Standing::Claimed { run, attempt, lease_until }, _) => {
            format!("attempt {attempt} of run {run} is at it; its lease ends {}", moment(*lease_until))
        }
        (Standing::NotPlanned, _) => "no run has ever had it as a task".to_owned(),
    }
}

fn made(present: &Present) -> String {
    let record = &present.record;
    let by = format!("by attempt {} of run {} ({})", record.attempt, record.run, present.run_name);
    let confirmed =
        present.confirmed_by.map(|run| format!("; run {run} found it unchanged")).unwrap_or_default();
    match (record.outcome, &record.stored) {
        (Outcome::Skipped(SkipReason::NotYet), _) => {
            format!(
                "skipped: not_yet, {by}{confirmed}; its games are not over, and their payload will restate it"
            )
        }
        (Outcome::Skipped(reason), _) => format!("skipped: {reason}, {by}{confirmed}"),
        (Outcome::Done | Outcome::Unchanged, stored) => format!(
            "done {by} in {}, {} rows ({} demanded), revision {}{confirmed}",
            span(record.duration_ms),
            count(record.rows_written),
            count(record.rows_expected),
            stored.as_ref().map_or_else(|| "none".to_owned(), |stored| stored.revision.short()),
        ),
    }
}

fn window(reads: &Reads) -> String {
    let Some((first, last)) = reads.dates else {
        return format!("{}: an empty window", reads.dataset);
    };
    let dates =
        if first == last { first.to_string() } else { format!("{first} to {last}, {} dates", reads.units) };
    let mut text = format!("{} {dates}: {} complete", reads.dataset, count(reads.complete as u64));
    if reads.skipped > 0 {
        text.push_str(&format!(" ({} skipped)", count(reads.skipped as u64)));
    }
    if reads.unfinished > 0 {
        text.push_str(&format!(", {} unfinished", count(reads.unfinished as u64)));
    }
    if let Some(revision) = reads.revision {
        text.push_str(&format!(", revision {}", revision.short()));
    }
    text
}

fn json_of(explanation: &Explanation) -> Value {
    let (state, detail) = match &explanation.standing {
        Standing::Complete => ("complete", Value::Null),
        Standing::Dead(letter) => ("dead", super::dead_letters::json_of(letter)),
        Standing::Held(letter) => ("held", super::dead_letters::json_of(letter)),
        Standing::Waiting { run, lane } => ("waiting", json!({"run": run.0, "lane": lane.as_str()})),
        Standing::Ready { run, lane, attempts, not_before, behind } => (
            "ready",
            json!({"run": run.0, "lane": lane.as_str(), "attempts": attempts, "not_before_ms": not_before, "behind": behind}),
        ),
        Standing::Claimed { run, attempt, lease_until } => {
            ("claimed", json!({"run": run.0, "attempt": attempt, "lease_until_ms": lease_until}))
        }
        Standing::NotPlanned => ("not_planned", Value::Null),
    };
    let present = explanation.present.as_ref().map(|present| {
        let record = &present.record;
        json!({
            "outcome": record.outcome.code(),
            "run": record.run.0,
            "run_name": present.run_name,
            "confirmed_by": present.confirmed_by.map(|run| run.0),
            "attempt": record.attempt,
            "duration_ms": record.duration_ms,
            "finished_at_ms": record.finished_at,
            "rows_expected": record.rows_expected,
            "rows_written": record.rows_written,
            "revision": record.stored.as_ref().map(|stored| stored.revision.to_string()),
            "fingerprint": record.fingerprint.to_string(),
            "code_revision": record.code,
        })
    });
    let reads = |reads: &Reads| {
        json!({
            "dataset": reads.dataset.as_str(),
            "from": reads.dates.map(|(first, _)| first.to_string()),
            "to": reads.dates.map(|(_, last)| last.to_string()),
            "units": reads.units,
            "complete": reads.complete,
            "skipped": reads.skipped,
            "unfinished": reads.unfinished,
            "revision": reads.revision.map(|revision| revision.to_string()),
        })
    };
    json!({
        "dataset": explanation.unit.dataset.as_str(),
        "date": explanation.unit.date.to_string(),
        "state": state,
        "detail": detail,
        "present": present,
        "reads": explanation.reads.iter().map(reads).collect::<Vec<_>>(),
        "because": explanation.because.iter().map(json_of).collect::<Vec<_>>(),
    })
}
