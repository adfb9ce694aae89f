//! Sends again what nobody else would: the orders of a submission or a gate that died in between, a completion whose
//! worker died before it was out and whose order is lost, a notice. A run in which something happens needs no help;
//! one that stands still for a while gets all its gates opened anew, ever more rarely if it goes on to stand still.
//! Whatever it sends twice is answered as any second delivery is.

use std::collections::{BTreeMap, BTreeSet};

use super::engine::Engine;
use super::runs::RunError;
use super::{dead_letter, gate, traces};
use crate::flow::{Millis, RunId, TaskState};

/// How long a run may stand still before its orders are sent again, in milliseconds: longer than a delivery or a task
/// stays with a process that died, so that only what is really lost is sent again.
const STILL_MS: Millis = 75_000;

/// The longest wait between two tries to move a run that stands still: nobody works for it.
const STILL_MS_MAX: Millis = 30 * 60_000;

/// What was seen at the last turn.
#[derive(Debug, Default)]
pub struct Sweep {
    runs: BTreeMap<RunId, Seen>,
    outbox: BTreeSet<i64>,
    notices: BTreeSet<i64>,
}

#[derive(Debug)]
struct Seen {
    tasks: BTreeMap<TaskState, u64>,
    since: Millis,
    wait: Millis,
}

impl Sweep {
    /// Looks at everything unfinished; to be called every few seconds, by any number of processes. Answers with the
    /// runs whose orders were sent again.
    pub async fn turn(&mut self, engine: &Engine) -> Result<Vec<RunId>, RunError> {
        self.send_what_lies_here(engine).await?;
        let now = engine.ports.clock.now();
        let pipeline = engine.cascade.pipeline();
        let runs = engine.ports.ledger.runs(true).await?;
        self.runs.retain(|seen, _| runs.iter().any(|run| run.id == *seen));
        let mut sent = Vec::new();
        for run in runs.into_iter().filter(|run| run.pipeline == pipeline.as_str()) {
            if self.stands_still(run.id, run.tasks, now) {
                tracing::warn!(run = %run.id, "the run stands still; its orders are sent again");
                gate::open_again(engine, run.id).await?;
                sent.push(run.id);
            }
        }
        Ok(sent)
    }

    /// Whether it is time to move this run.
    fn stands_still(&mut self, run: RunId, tasks: BTreeMap<TaskState, u64>, now: Millis) -> bool {
        let seen =
            self.runs.entry(run).or_insert_with(|| Seen { tasks: tasks.clone(), since: now, wait: STILL_MS });
        if seen.tasks != tasks {
            *seen = Seen { tasks, since: now, wait: STILL_MS };
            return false;
        }
        let is_time = now >= seen.since + seen.wait;
        if is_time {
            (seen.since, seen.wait) = (now, (seen.wait * 2).min(STILL_MS_MAX));
        }
        is_time
    }

    /// Publishes completions and notices that were there at the last turn already: whoever committed them would have
    /// done so long ago.
    async fn send_what_lies_here(&mut self, engine: &Engine) -> Result<(), RunError> {
        let ledger = &engine.ports.ledger;
        let outbox = ledger.outbox().await?;
        let now: BTreeSet<i64> = outbox.iter().map(|(number, _)| *number).collect();
        let (numbers, completions): (Vec<_>, Vec<_>) =
            outbox.into_iter().filter(|(number, _)| self.outbox.contains(number)).unzip();
        if !completions.is_empty() {
            tracing::warn!(
                completions = completions.len(),
                "completions of a process that is gone are published"
            );
            traces::publish_left(engine, completions).await?;
            ledger.mark_published(&numbers).await?;
        }
        self.outbox = now;
        let mut notices = BTreeSet::new();
        for letter in ledger.dead_letters(true).await?.into_iter().filter(|letter| !letter.published) {
            if self.notices.contains(&letter.id) {
                dead_letter::publish(engine, &letter).await?;
            }
            notices.insert(letter.id);
        }
        self.notices = notices;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_moved_when_it_stands_still_and_ever_more_rarely() {
        let (mut sweep, run) = (Sweep::default(), RunId(1));
        let tasks = |ready| BTreeMap::from([(TaskState::Ready, ready)]);
        let mut at = |ready, now| sweep.stands_still(run, tasks(ready), now);
        assert!(!at(5, 0));
        assert!(!at(5, STILL_MS - 1));
        assert!(at(5, STILL_MS));
        assert!(!at(5, STILL_MS + 1), "just moved");
        assert!(!at(5, 3 * STILL_MS - 1));
        assert!(at(5, 3 * STILL_MS), "twice as long");
        assert!(!at(4, 3 * STILL_MS + 1), "something happens");
        assert!(at(4, 4 * STILL_MS + 1));
        let (mut now, mut moved) = (5 * STILL_MS, 0);
        while moved < 20 {
            now += STILL_MS_MAX;
            assert!(at(4, now), "never given up");
            moved += 1;
        }
    }
}
