//! How far runs are: a bar for each dataset on a terminal, else a line every few seconds. Reads the
//! engine's counters and, when something died, the ledger; changes nothing.

use std::collections::BTreeMap;

use indicatif::{ProgressBar, ProgressStyle};

use super::console::Console;
use super::table::{count, span};
use crate::fleet::{Ended, Engine, Millis};
use crate::flow::{DatasetName, RunId, TaskState};

/// Between two lines where no bars are seen, in milliseconds.
const LINE_EVERY_MS: Millis = 5_000;

/// Between two looks at the ledger where the work is done elsewhere, in milliseconds.
const LOOK_EVERY_MS: Millis = 2_000;

/// Below this the rate of a run that has just begun says nothing, in milliseconds.
const RATE_AFTER_MS: Millis = 1_500;

/// What is shown of some runs.
pub(super) struct Display {
    what: String,
    console: Console,
    runs: Vec<RunId>,
    begun: Millis,
    lines: Vec<Line>,
    total: Option<ProgressBar>,
    next_line: Millis,
    deaths: u64,
    /// Of a fleet that works elsewhere: when to look at the ledger again.
    next_look: Millis,
}

/// One dataset.
struct Line {
    dataset: DatasetName,
    /// All its tasks in these runs.
    tasks: u64,
    /// Those that had come to an end before this process counted, held ones not among them.
    over: u64,
    /// Those and the ones that were held then.
    begun: u64,
    /// What had ended before in this process.
    before: Ended,
    held: u64,
    bar: Option<ProgressBar>,
}

impl Display {
    /// Begins to show these runs.
    pub(super) async fn start(
        engine: &Engine,
        runs: &[RunId],
        what: &str,
        console: &Console,
    ) -> anyhow::Result<Self> {
        let ended = engine.progress().ended();
        let tasks = counted(engine, runs).await?;
        let now = engine.ports().clock.now();
        let width = tasks.keys().map(|dataset| dataset.as_str().len()).max().unwrap_or(0);
        let mut lines = Vec::new();
        for dataset in engine.cascade().datasets() {
            if let Some((tasks, over, held)) = tasks.get(&dataset).copied() {
                let before = ended.get(&dataset).copied().unwrap_or_default();
                let bar = console.is_terminal().then(|| dataset_bar(console, dataset, tasks, width));
                lines.push(Line { dataset, tasks, over, begun: over + held, before, held, bar });
            }
        }
        let all = lines.iter().map(|line| line.tasks).sum();
        let total = console.is_terminal().then(|| total_bar(console, what, all, width));
        Ok(Self {
            what: what.to_owned(),
            console: console.clone(),
            runs: runs.to_vec(),
            begun: now,
            lines,
            total,
            next_line: now + LINE_EVERY_MS,
            deaths: 0,
            next_look: now + LOOK_EVERY_MS,
        })
    }

    /// Shows how far they are now.
    pub(super) async fn update(&mut self, engine: &Engine) -> anyhow::Result<()> {
        let ended = engine.progress().ended();
        let deaths = ended.values().map(|ended| ended.dead).sum();
        if deaths != self.deaths {
            self.deaths = deaths;
            self.count_held(engine).await?;
        }
        let now = engine.ports().clock.now();
        if engine.is_shared() && now >= self.next_look {
            self.next_look = now + LOOK_EVERY_MS;
            self.count_over(engine).await?;
        }
        let elapsed = now - self.begun;
        let (mut over, mut all, mut fresh) = (0, 0, 0);
        for line in &self.lines {
            let now = ended.get(&line.dataset).copied().unwrap_or_default();
            let finished = line.finished(now);
            over += finished;
            all += line.tasks;
            fresh += line.fresh(finished);
            if let Some(bar) = &line.bar {
                bar.set_position(finished);
                bar.set_message(line.remarks(now, rate(line.fresh(finished), elapsed)));
            }
        }
        let pace = pace(fresh, all - over, elapsed);
        if let Some(total) = &self.total {
            total.set_position(over);
            total.set_message(pace);
        } else if engine.ports().clock.now() >= self.next_line {
            self.next_line += LINE_EVERY_MS;
            self.console.line(&format!("{}: {} of {} tasks, {pace}", self.what, count(over), count(all)));
        }
        Ok(())
    }

    /// Takes the bars away; what comes after is the summary.
    pub(super) fn finish(self) {
        for bar in self.lines.iter().filter_map(|line| line.bar.as_ref()).chain(&self.total) {
            bar.finish_and_clear();
        }
    }

    /// Counts what others have done.
    async fn count_over(&mut self, engine: &Engine) -> anyhow::Result<()> {
        let tasks = counted(engine, &self.runs).await?;
        for line in &mut self.lines {
            if let Some((_, over, held)) = tasks.get(&line.dataset) {
                (line.over, line.held) = (*over, *held);
            }
        }
        Ok(())
    }

    async fn count_held(&mut self, engine: &Engine) -> anyhow::Result<()> {
        for line in &mut self.lines {
            line.held = 0;
            for run in &self.runs {
                let tasks = engine.ports().ledger.tasks(*run, Some(line.dataset)).await?;
                line.held += tasks.iter().filter(|task| task.state == TaskState::Held).count() as u64;
            }
        }
        Ok(())
    }
}

/// By dataset: all tasks of these runs, those that have come to an end, and those that are held.
async fn counted(engine: &Engine, runs: &[RunId]) -> anyhow::Result<BTreeMap<DatasetName, (u64, u64, u64)>> {
    let mut tasks: BTreeMap<DatasetName, (u64, u64, u64)> = BTreeMap::new();
    for run in runs {
        for task in engine.ports().ledger.tasks(*run, None).await? {
            let (all, over, held) = tasks.entry(task.unit.dataset).or_default();
            *all += 1;
            if task.state == TaskState::Held {
                *held += 1;
            } else {
                *over += u64::from(task.state.is_final());
            }
        }
    }
    Ok(tasks)
}

impl Line {
    fn finished(&self, now: Ended) -> u64 {
        let sum = |ended: Ended| ended.done + ended.unchanged + ended.skipped + ended.dead;
        (self.over + sum(now).saturating_sub(sum(self.before)) + self.held).min(self.tasks)
    }

    /// Of these, how many came to an end since the wait began.
    fn fresh(&self, finished: u64) -> u64 {
        finished.saturating_sub(self.begun)
    }

    fn remarks(&self, now: Ended, rate: Option<f64>) -> String {
        let mut text = rate.map(|rate| format!("{rate:.0}/s")).unwrap_or_default();
        for (number, name) in [
            (now.dead - self.before.dead, "dead"),
            (self.held, "held"),
            (now.retried - self.before.retried, "tried again"),
        ] {
            if number > 0 {
                text.push_str(&format!("  {} {name}", count(number)));
            }
        }
        text
    }
}

fn rate(finished: u64, elapsed: Millis) -> Option<f64> {
    (elapsed >= RATE_AFTER_MS).then(|| finished as f64 * 1_000.0 / elapsed as f64)
}

/// The rate at which tasks ended since the wait began, and the time that the others take at that rate.
fn pace(ended: u64, left: u64, elapsed: Millis) -> String {
    match rate(ended, elapsed) {
        Some(rate) if rate > 0.0 => {
            let left = left as f64 / rate * 1_000.0;
            format!("{rate:.0}/s, {} left", span(left as u64))
        }
        Some(_) | None => format!("after {}", span(elapsed.unsigned_abs())),
    }
}

fn dataset_bar(console: &Console, dataset: DatasetName, tasks: u64, width: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix} {bar:24.cyan/black.bright} {pos:>6}/{len:<6} {msg}");
    styled(console, style, tasks, format!("{:width$}", dataset.as_str()))
}

fn total_bar(console: &Console, what: &str, tasks: u64, width: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix} {bar:24.green/black.bright} {pos:>6}/{len:<6} {msg}");
    styled(console, style, tasks, format!("{what:width$}"))
}

fn styled(
    console: &Console,
    style: Result<ProgressStyle, indicatif::style::TemplateError>,
    tasks: u64,
    prefix: String,
) -> ProgressBar {
    let style = style.expect("the templates above are well-formed").progress_chars("━╸─");
    let bar = console.bars().add(ProgressBar::new(tasks).with_style(style));
    bar.set_prefix(prefix);
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_says_rate_and_time_left() {
        let cases = [
            (0, 100, 200, "after 0.2 s"),
            (0, 100, 4_000, "after 4.0 s"),
            (50, 50, 5_000, "10/s, 5.0 s left"),
            (100, 0, 5_000, "20/s, 0.0 s left"),
        ];
        for (ended, left, elapsed, expected) in cases {
            assert_eq!(pace(ended, left, elapsed), expected);
        }
    }
}
