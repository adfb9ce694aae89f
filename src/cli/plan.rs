//! `tidegate plan`: exactly which tasks a run would have, and why, before it runs. Changes nothing, and
//! works while another process has the home open.

use std::collections::BTreeMap;

use clap::Args;
use serde_json::{Value, json};

use super::assemble::{self, View};
use super::ending::Ending;
use super::selection::{Selected, Selection};
use super::settings::Settings;
use super::source::SourceOptions;
use super::table::{Align, Table, count};
use crate::fleet::{Engine, make_plan, with_taken_over};
use crate::flow::{DatasetName, Plan, PlannedTask, Unit, Why};

const EXAMPLES: &str = "\
Examples:
  tidegate plan nba --landing data/nba
  tidegate plan nba --from 2024-01-26 --to 2024-01-26 --tasks
  tidegate plan nba --json";

/// Options of `tidegate plan`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Options {
    /// The pipeline
    pipeline: String,
    #[command(flatten)]
    source: SourceOptions,
    #[command(flatten)]
    selection: Selection,
    /// Print every task, not only the counts
    #[arg(long)]
    tasks: bool,
}

/// Does it.
pub(super) async fn run(options: Options, settings: &Settings) -> anyhow::Result<Ending> {
    let View { engine, today } = assemble::view(settings, Some(&options.pipeline), &options.source).await?;
    let selected = options.selection.lower(&engine, today.date())?;
    let plan = with_taken_over(&engine, make_plan(&engine, &selected.request).await?).await?;
    let text = if options.tasks { all_tasks(&plan) } else { String::new() };
    let text = text + &summary(&engine, &selected, &plan);
    settings.print(&text, || json_of(&engine, &selected, &plan));
    Ok(Ending::AllDone)
}

/// Why, as a stable word.
fn code(why: Why) -> &'static str {
    match why {
        Why::Missing => "missing",
        Why::FileGone => "file_gone",
        Why::CodeChanged => "code_changed",
        Why::PayloadChanged => "payload_changed",
        Why::InputsChanged => "inputs_changed",
        Why::InputInPlan(_) => "input_in_plan",
        Why::Forced => "forced",
        Why::DeadLetterOpen => "dead_letter_open",
        Why::TakenOver => "taken_over",
    }
}

fn all_tasks(plan: &Plan) -> String {
    let mut table = Table::of(&[("date", Align::Left), ("dataset", Align::Left), ("why", Align::Left)]);
    for PlannedTask { unit, why, ready } in &plan.tasks {
        let at_once = if *ready { ", ready at once" } else { "" };
        table.row([unit.date.to_string(), unit.dataset.to_string(), format!("{why}{at_once}")]);
    }
    for (units, why) in [(&plan.dead, "left dead: nothing has changed since"), (&plan.held, "held")] {
        for unit in units {
            table.row([unit.date.to_string(), unit.dataset.to_string(), why.to_owned()]);
        }
    }
    format!("{}\n", table.render())
}

fn summary(engine: &Engine, selected: &Selected, plan: &Plan) -> String {
    let columns = [
        ("dataset", Align::Left),
        ("tasks", Align::Right),
        ("ready", Align::Right),
        ("dead", Align::Right),
        ("held", Align::Right),
        ("why", Align::Left),
    ];
    let mut table = Table::of(&columns);
    for line in lines(engine, plan) {
        let why: Vec<String> =
            line.why.values().map(|(text, number)| format!("{}: {text}", count(*number))).collect();
        let numbers = [line.tasks, line.ready, line.dead, line.held]
            .map(|number| if number == 0 { "·".to_owned() } else { count(number) });
        table.row([line.dataset.to_string()].into_iter().chain(numbers).chain([why.join("; ")]));
    }
    let range = format!("{} to {}", selected.from, selected.to);
    let complete = count(plan.complete as u64);
    if plan.tasks.is_empty() && plan.dead.is_empty() && plan.held.is_empty() {
        return format!("{range}: nothing to do, {complete} units are up to date\n");
    }
    format!(
        "{}\n{range}: {} tasks, {complete} units up to date, {} left dead, {} held\n",
        table.render(),
        count(plan.tasks.len() as u64),
        count(plan.dead.len() as u64),
        count(plan.held.len() as u64)
    )
}

/// One dataset of a plan.
struct Line {
    dataset: DatasetName,
    tasks: u64,
    ready: u64,
    dead: u64,
    held: u64,
    /// By code: the text for people, and how many.
    why: BTreeMap<String, (String, u64)>,
}

fn lines(engine: &Engine, plan: &Plan) -> Vec<Line> {
    let of = |units: &[Unit], dataset| units.iter().filter(|unit| unit.dataset == dataset).count() as u64;
    let mut lines = Vec::new();
    for dataset in engine.cascade().datasets() {
        let mut line = Line {
            dataset,
            tasks: 0,
            ready: 0,
            dead: of(&plan.dead, dataset),
            held: of(&plan.held, dataset),
            why: BTreeMap::new(),
        };
        for task in plan.tasks.iter().filter(|task| task.unit.dataset == dataset) {
            line.tasks += 1;
            line.ready += u64::from(task.ready);
            let why = line.why.entry(task.why.to_string()).or_insert((task.why.to_string(), 0));
            why.1 += 1;
        }
        if line.tasks + line.dead + line.held > 0 {
            lines.push(line);
        }
    }
    lines
}

fn json_of(engine: &Engine, selected: &Selected, plan: &Plan) -> Value {
    let unit = |unit: &Unit| json!({"dataset": unit.dataset.as_str(), "date": unit.date.to_string()});
    let task = |task: &PlannedTask| {
        json!({
            "dataset": task.unit.dataset.as_str(),
            "date": task.unit.date.to_string(),
            "why": code(task.why),
            "explanation": task.why.to_string(),
            "ready": task.ready,
        })
    };
    let line = |line: Line| {
        json!({
            "dataset": line.dataset.as_str(),
            "tasks": line.tasks,
            "ready": line.ready,
            "dead": line.dead,
            "held": line.held,
        })
    };
    json!({
        "from": selected.from.to_string(),
        "to": selected.to.to_string(),
        "up_to_date": plan.complete,
        "datasets": lines(engine, plan).into_iter().map(line).collect::<Vec<_>>(),
        "tasks": plan.tasks.iter().map(task).collect::<Vec<_>>(),
        "dead": plan.dead.iter().map(unit).collect::<Vec<_>>(),
        "held": plan.held.iter().map(unit).collect::<Vec<_>>(),
    })
}
