//! What has ended in this process so far: for progress bars, and for whoever waits for a run.
//! Only counts what this process saw; the truth about a run is in the ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use tokio::sync::watch;

use crate::flow::{DatasetName, RunId};

/// Tasks that ended, by how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ended {
    /// Computed and written.
    pub done: u64,
    /// Made from the same as before.
    pub unchanged: u64,
    /// Skipped with a reason.
    pub skipped: u64,
    /// Failed for good.
    pub dead: u64,
    /// Attempts that failed and will be tried again.
    pub retried: u64,
}

/// Counters that can be watched.
#[derive(Debug)]
pub struct Progress {
    ended: Mutex<BTreeMap<DatasetName, Ended>>,
    finished: Mutex<BTreeSet<RunId>>,
    changes: watch::Sender<u64>,
}

impl Default for Progress {
    fn default() -> Self {
        Self { ended: Mutex::default(), finished: Mutex::default(), changes: watch::Sender::new(0) }
    }
}

impl Progress {
    /// What has ended, by dataset.
    #[must_use]
    pub fn ended(&self) -> BTreeMap<DatasetName, Ended> {
        self.ended.lock().expect("nobody panics while counting").clone()
    }

    /// Whether the run is known to have finished.
    #[must_use]
    pub fn is_finished(&self, run: RunId) -> bool {
        self.finished.lock().expect("nobody panics while counting").contains(&run)
    }

    /// A receiver that sees a change whenever anything ends.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Comes back when the run has finished.
    pub async fn wait_finished(&self, run: RunId) {
        let mut changes = self.watch();
        while !self.is_finished(run) {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    pub(super) fn count(&self, dataset: DatasetName, count: impl FnOnce(&mut Ended)) {
        let mut ended = self.ended.lock().expect("nobody panics while counting");
        count(ended.entry(dataset).or_default());
        drop(ended);
        self.changes.send_modify(|changes| *changes += 1);
    }

    pub(super) fn run_finished(&self, run: RunId) {
        self.finished.lock().expect("nobody panics while counting").insert(run);
        self.changes.send_modify(|changes| *changes += 1);
    }
}
