//! What has ended in this process so far: for progress bars, and for whoever waits for a run.
//! Only counts what this process saw; the truth about a run is in the ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use tokio::sync::watch;

use crate::flow::{DatasetName, Lane, Millis, RunId};

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

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// Computed and written.
    Done,
    /// Made from the same as before.
    Unchanged,
    /// Skipped with a reason.
    Skipped,
    /// Failed for good.
    Dead,
    /// Failed; it will be tried again.
    Retried,
}

impl How {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Done, Self::Unchanged, Self::Skipped, Self::Dead, Self::Retried];

    /// A stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Unchanged => "unchanged",
            Self::Skipped => "skipped",
            Self::Dead => "dead",
            Self::Retried => "retried",
        }
    }
}

/// The end of an attempt, for whoever measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptEnd {
    /// The processor's dataset.
    pub dataset: DatasetName,
    /// The run's lane.
    pub lane: Lane,
    /// How.
    pub how: How,
    /// From the claim on.
    pub duration_ms: Millis,
}

/// What is told of each end of an attempt.
type Listener = Box<dyn Fn(&AttemptEnd) + Send + Sync>;

/// Counters that can be watched.
pub struct Progress {
    ended: Mutex<BTreeMap<DatasetName, Ended>>,
    computed: Mutex<BTreeMap<DatasetName, Duration>>,
    finished: Mutex<BTreeSet<RunId>>,
    leases_renewed: AtomicU64,
    listener: OnceLock<Listener>,
    changes: watch::Sender<u64>,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            ended: Mutex::default(),
            computed: Mutex::default(),
            finished: Mutex::default(),
            leases_renewed: AtomicU64::new(0),
            listener: OnceLock::new(),
            changes: watch::Sender::new(0),
        }
    }
}

impl Progress {
    /// What has ended, by dataset.
    #[must_use]
    pub fn ended(&self) -> BTreeMap<DatasetName, Ended> {
        self.ended.lock().expect("nobody panics while counting").clone()
    }

    /// How long cores have worked in processors' functions, by dataset: without reading, writing and waiting.
    #[must_use]
    pub fn compute_time(&self) -> BTreeMap<DatasetName, Duration> {
        self.computed.lock().expect("nobody panics while counting").clone()
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

    /// How often the lease of a long attempt was renewed.
    #[must_use]
    pub fn leases_renewed(&self) -> u64 {
        self.leases_renewed.load(Ordering::Relaxed)
    }

    pub(super) fn lease_renewed(&self) {
        self.leases_renewed.fetch_add(1, Ordering::Relaxed);
    }

    /// Has this told of every end of an attempt from now on; asked for once.
    pub fn listen(&self, listener: impl Fn(&AttemptEnd) + Send + Sync + 'static) {
        let is_first = self.listener.set(Box::new(listener)).is_ok();
        assert!(is_first, "one listener is enough");
    }

    pub(super) fn computed(&self, dataset: DatasetName, took: Duration) {
        *self.computed.lock().expect("nobody panics while counting").entry(dataset).or_default() += took;
    }

    pub(super) fn attempt_ended(&self, end: AttemptEnd) {
        let mut ended = self.ended.lock().expect("nobody panics while counting");
        let counts = ended.entry(end.dataset).or_default();
        let count = match end.how {
            How::Done => &mut counts.done,
            How::Unchanged => &mut counts.unchanged,
            How::Skipped => &mut counts.skipped,
            How::Dead => &mut counts.dead,
            How::Retried => &mut counts.retried,
        };
        *count += 1;
        drop(ended);
        if let Some(listener) = self.listener.get() {
            listener(&end);
        }
        self.changes.send_modify(|changes| *changes += 1);
    }

    pub(super) fn run_finished(&self, run: RunId) {
        self.finished.lock().expect("nobody panics while counting").insert(run);
        self.changes.send_modify(|changes| *changes += 1);
    }
}
