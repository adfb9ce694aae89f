//! What runs came to, by dataset, as a table or as JSON, and how the program therefore ends.
//! Everything but the time of computing is read from the ledger, so that it counts what other processes did for these
//! runs too.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::ending::Ending;
use super::selection::Selected;
use super::table::{Align, Table, count, span};
use crate::fleet::{DeadLetter, Engine, Millis};
use crate::flow::{DatasetName, Outcome, RunId, TaskState, Unit};

/// What became of one dataset's tasks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Line {
    done: u64,
    unchanged: u64,
    skipped: u64,
    dead: u64,
    held: u64,
    left: u64,
    rows: u64,
    /// What the processor's function took of this process's cores.
    compute_ms: u64,
}

/// What runs came to.
pub(super) struct Summary {
    runs: Vec<RunId>,
    lines: Vec<(DatasetName, Line)>,
    /// Open dead letters among the dates that were asked for.
    letters: Vec<DeadLetter>,
    /// Units that a dead letter holds.
    held: u64,
    /// Tasks that came to no end.
    left: u64,
    duration_ms: u64,
}

impl Summary {
    /// Looks at what the runs came to. `held_by_plan` are units that a plan left out because they are held.
    pub(super) async fn of(
        engine: &Engine,
        runs: &[RunId],
        selected: Option<&Selected>,
        held_by_plan: &[Unit],
        begun: Millis,
    ) -> anyhow::Result<Self> {
        engine.refresh_catalog().await?;
        let ledger = &engine.ports().ledger;
        let mut lines: BTreeMap<DatasetName, Line> = BTreeMap::new();
        let mut held: BTreeSet<Unit> = held_by_plan.iter().copied().collect();
        for run in runs {
            for task in ledger.tasks(*run, None).await? {
                let line = lines.entry(task.unit.dataset).or_default();
                if task.state == TaskState::Held {
                    held.insert(task.unit);
                }
                line.count(task.state, task.outcome);
                if task.outcome == Some(Outcome::Done) {
                    line.rows += rows_of(engine, task.unit);
                }
            }
        }
        for (dataset, took) in engine.progress().compute_time() {
            if let Some(line) = lines.get_mut(&dataset) {
                line.compute_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
            }
        }
        let asked = |unit: Unit| selected.is_none_or(|s| (s.from..=s.to).contains(&unit.date));
        let letters = ledger.dead_letters(true).await?;
        let now = engine.ports().clock.now();
        Ok(Self {
            runs: runs.to_vec(),
            left: lines.values().map(|line| line.left).sum(),
            lines: engine
                .cascade()
                .datasets()
                .filter_map(|dataset| Some((dataset, lines.remove(&dataset)?)))
                .collect(),
            letters: letters.into_iter().filter(|letter| asked(letter.unit)).collect(),
            held: held.into_iter().filter(|unit| asked(*unit)).count() as u64,
            duration_ms: u64::try_from(now - begun).unwrap_or(0),
        })
    }

    /// How the program ends when nothing interrupted it.
    pub(super) fn ending(&self) -> Ending {
        if self.letters.is_empty() && self.held == 0 { Ending::AllDone } else { Ending::Remains }
    }

    /// For people.
    pub(super) fn render(&self, ending: Ending, complete: usize) -> String {
        let mut text = self.table();
        let tasks: u64 = self.lines.iter().map(|(_, line)| line.total()).sum();
        let time = span(self.duration_ms);
        match (ending, tasks) {
            (Ending::Interrupted, _) => {
                text.push_str(&format!(
                    "stopped after {time}: {} tasks are left and nothing is lost; the same command goes on\n",
                    count(self.left)
                ));
            }
            (_, 0) => text.push_str(&format!(
                "nothing to do: {} units are up to date ({time})\n",
                count(complete as u64)
            )),
            (Ending::AllDone | Ending::Remains | Ending::NoGo | Ending::Unasked, _) => {
                let computing = match self.lines.iter().map(|(_, line)| line.compute_ms).sum() {
                    // Other processes did it.
                    0 => String::new(),
                    took => format!(", with {} of computing", span(took)),
                };
                text.push_str(&format!("{} tasks in {time}{computing}\n", count(tasks)));
            }
        }
        text.push_str(&self.remarks(ending));
        text
    }

    fn table(&self) -> String {
        if self.lines.is_empty() {
            return String::new();
        }
        let names = ["done", "unchanged", "skipped", "dead", "held", "left", "rows", "computing"];
        let columns: Vec<_> =
            [("dataset", Align::Left)].into_iter().chain(names.map(|name| (name, Align::Right))).collect();
        let mut table = Table::of(&columns);
        for (dataset, line) in &self.lines {
            let cells = line.cells().map(|number| if number == 0 { "·".to_owned() } else { count(number) });
            let computing = if line.compute_ms == 0 { "·".to_owned() } else { span(line.compute_ms) };
            table.row([dataset.to_string()].into_iter().chain(cells).chain([computing]));
        }
        format!("{}\n", table.render())
    }

    fn remarks(&self, ending: Ending) -> String {
        let mut text = String::new();
        for letter in self.letters.iter().take(5) {
            text.push_str(&format!(
                "dead letter {}: {} ({}) {}\n",
                letter.id, letter.unit, letter.code, letter.message
            ));
        }
        if !self.letters.is_empty() || self.held > 0 {
            let letters = if self.letters.len() == 1 { "dead letter" } else { "dead letters" };
            text.push_str(&format!(
                "{} {letters}, {} units held. Next: mend what the reason names, then tidegate dead-letters replay; \
                 tidegate dead-letters list has all\n",
                count(self.letters.len() as u64),
                count(self.held),
            ));
        }
        if ending == Ending::AllDone && !self.lines.is_empty() {
            text.push_str(
                "next: tidegate coverage; tidegate query \"SELECT ...\"; tidegate why DATASET DATE\n",
            );
        }
        text
    }

    /// For machines.
    pub(super) fn json(&self, ending: Ending, complete: usize) -> Value {
        let datasets: Vec<Value> = self
            .lines
            .iter()
            .map(|(dataset, line)| {
                json!({
                    "dataset": dataset.as_str(),
                    "done": line.done,
                    "unchanged": line.unchanged,
                    "skipped": line.skipped,
                    "dead": line.dead,
                    "held": line.held,
                    "left": line.left,
                    "rows": line.rows,
                    "compute_ms": line.compute_ms,
                })
            })
            .collect();
        json!({
            "ending": match ending {
                Ending::AllDone => "all_done",
                Ending::Remains => "remains",
                Ending::NoGo => "no_go",
                Ending::Unasked => "unasked",
                Ending::Interrupted => "interrupted",
            },
            "runs": self.runs.iter().map(|run| run.0).collect::<Vec<_>>(),
            "datasets": datasets,
            "up_to_date_before": complete,
            "dead_letters": self.letters.iter().map(super::dead_letters::json_of).collect::<Vec<_>>(),
            "held": self.held,
            "left": self.left,
            "duration_ms": self.duration_ms,
        })
    }
}

impl Line {
    fn count(&mut self, state: TaskState, outcome: Option<Outcome>) {
        let field = match (state, outcome) {
            (TaskState::Finished, Some(Outcome::Unchanged)) => &mut self.unchanged,
            (TaskState::Finished, Some(Outcome::Skipped(_))) => &mut self.skipped,
            (TaskState::Finished, Some(Outcome::Done) | None) => &mut self.done,
            (TaskState::Dead, _) => &mut self.dead,
            (TaskState::Held, _) => &mut self.held,
            (TaskState::Waiting | TaskState::Ready | TaskState::Claimed, _) => &mut self.left,
            (TaskState::Superseded, _) => return,
        };
        *field += 1;
    }

    fn total(&self) -> u64 {
        self.done + self.unchanged + self.skipped + self.dead + self.held + self.left
    }

    fn cells(&self) -> impl Iterator<Item = u64> {
        [self.done, self.unchanged, self.skipped, self.dead, self.held, self.left, self.rows].into_iter()
    }
}

fn rows_of(engine: &Engine, unit: Unit) -> u64 {
    let Some(at) = engine.calendar().index_of(unit.date) else {
        return 0;
    };
    engine.catalog().get(unit.dataset, at).map_or(0, |record| record.rows_written)
}
