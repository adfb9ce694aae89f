//! Waiting for runs: shows how far they are, hears the signals, and notices when the service gives up.
//! The truth about a run is the ledger's; the counters of this process only say when to look.

use std::time::Duration;

use anyhow::Context;

use super::assemble::Fleet;
use super::bars::Display;
use super::console::Console;
use super::signals::Signals;
use crate::flow::RunId;

/// Between two looks at the counters.
const LOOK: Duration = Duration::from_millis(125);

/// Looks at the counters between two looks at the ledger: a run also ends when a later one takes over
/// what it had left, which the counters do not see.
const LOOKS_PER_LEDGER_LOOK: u32 = 16;

/// Looks in a row at the ledger of a fleet elsewhere that may fail, two seconds apart: a failover takes a minute or two.
const FAILURES_MAX: u32 = 300;

/// Why the wait is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waited {
    /// All runs have finished.
    Finished,
    /// A signal came first.
    Interrupted,
}

/// Waits until all these runs have finished, showing how far they are.
pub(super) async fn follow(
    fleet: &mut Fleet,
    runs: &[RunId],
    what: &str,
    console: &Console,
    signals: &mut Signals,
) -> anyhow::Result<Waited> {
    let mut display = Display::start(&fleet.engine, runs, what, console).await?;
    let waited = wait(fleet, runs, &mut display, signals).await;
    display.finish();
    waited
}

async fn wait(
    fleet: &mut Fleet,
    runs: &[RunId],
    display: &mut Display,
    signals: &mut Signals,
) -> anyhow::Result<Waited> {
    let mut looks = tokio::time::interval(LOOK);
    let (mut looked, mut failures) = (0_u32, 0_u32);
    let mut changes = fleet.engine.progress().watch();
    loop {
        tokio::select! {
            failure = fleet.failed() => {
                return Err(failure).context(
                    "the fleet has stopped because a store or the Pub/Sub server failed; \
                     nothing is lost: the same command goes on",
                );
            }
            () = signals.next() => return Ok(Waited::Interrupted),
            _ = looks.tick() => {
                looked += 1;
                let seen = display.update(&fleet.engine).await;
                let is_over = match seen {
                    Ok(()) if looked.is_multiple_of(LOOKS_PER_LEDGER_LOOK) => finished_in_ledger(fleet, runs).await,
                    Ok(()) => continue,
                    Err(error) => Err(error),
                };
                match is_over {
                    Ok(true) => return Ok(Waited::Finished),
                    Ok(false) => failures = 0,
                    // The run does not end because somebody cannot look at it for a while.
                    Err(error) if !fleet.works_here() && failures < FAILURES_MAX => {
                        failures += 1;
                        tracing::warn!(error = format!("{error:#}"), failures, "the ledger does not answer");
                        looks.reset_after(LOOK * LOOKS_PER_LEDGER_LOOK);
                    }
                    Err(error) => return Err(error),
                }
            }
            _ = changes.changed() => {
                if runs.iter().all(|run| fleet.engine.progress().is_finished(*run)) {
                    display.update(&fleet.engine).await?;
                    return Ok(Waited::Finished);
                }
            }
        }
    }
}

async fn finished_in_ledger(fleet: &Fleet, runs: &[RunId]) -> anyhow::Result<bool> {
    for run in runs {
        let record = fleet.engine.ports().ledger.run(*run).await?;
        if record.is_some_and(|record| record.finished_at.is_none()) {
            return Ok(false);
        }
    }
    Ok(true)
}
