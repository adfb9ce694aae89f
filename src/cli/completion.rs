//! From submitted runs to the program's end: follow them, sum them up, print, and choose the exit code.
//! Shared by all commands that run something to completion.

use anyhow::Context;
use serde_json::Value;

use super::assemble::Fleet;
use super::console::Console;
use super::ending::Ending;
use super::follow::{Waited, follow};
use super::selection::Selected;
use super::settings::Settings;
use super::signals::Signals;
use super::summary::Summary;
use crate::fleet::{Millis, publish_status};
use crate::flow::{RunId, Unit};

/// A command that runs something to completion.
pub(super) struct Completion<'a> {
    /// The fleet that does it.
    pub(super) fleet: &'a mut Fleet,
    /// How the answer is printed.
    pub(super) settings: &'a Settings,
    /// Where progress is shown.
    pub(super) console: &'a Console,
    /// What interrupts it.
    pub(super) signals: &'a mut Signals,
    runs: Vec<RunId>,
    begun: Millis,
    interrupted: bool,
    /// What is said of gates beside the sums: for people, and for machines under `gates`.
    gates: Option<(String, Value)>,
}

impl<'a> Completion<'a> {
    /// Nothing has been followed yet.
    pub(super) fn of(
        fleet: &'a mut Fleet,
        settings: &'a Settings,
        console: &'a Console,
        signals: &'a mut Signals,
    ) -> Self {
        let begun = fleet.begun;
        Self { fleet, settings, console, signals, runs: Vec::new(), begun, interrupted: false, gates: None }
    }

    /// Waits for what an earlier process had left unfinished. `false` where a signal came first.
    pub(super) async fn go_on(&mut self) -> anyhow::Result<bool> {
        let unfinished = self.fleet.unfinished();
        self.follow(&unfinished, "going on").await
    }

    /// Waits for runs. `false` where a signal came first.
    pub(super) async fn follow(&mut self, runs: &[RunId], what: &str) -> anyhow::Result<bool> {
        if !runs.is_empty() {
            self.runs.extend_from_slice(runs);
            let waited = follow(self.fleet, runs, what, self.console, self.signals).await?;
            self.interrupted |= waited == Waited::Interrupted;
        }
        Ok(!self.interrupted)
    }

    /// Says this of gates too, in the end.
    pub(super) fn say_of_gates(&mut self, verdicts: (String, Value)) {
        self.gates = Some(verdicts);
    }

    /// Sums up and prints. `complete` counts the units that were up to date before, `held` are those that a
    /// plan left out because they are held.
    pub(super) async fn end(
        self,
        selected: Option<&Selected>,
        complete: usize,
        held: &[Unit],
    ) -> anyhow::Result<Ending> {
        if self.fleet.works_here() {
            publish_status(&self.fleet.engine).await.context("the status was not published")?;
        }
        let summary = Summary::of(&self.fleet.engine, &self.runs, selected, held, self.begun).await?;
        let ending = if self.interrupted { Ending::Interrupted } else { summary.ending() };
        let (mut text, mut json) = (summary.render(ending, complete), summary.json(ending, complete));
        if let Some((of_gates, gates)) = self.gates {
            text = format!("{of_gates}\n{text}");
            json["gates"] = gates;
        }
        self.settings.print(&text, || json);
        Ok(ending)
    }
}
