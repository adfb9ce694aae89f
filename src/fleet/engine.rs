//! What all parts of the engine share: the cascade, the ports, and this process's view of the units.
//! Holds no rule of its own; gates, attempts and runs are in their own files.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio_util::sync::CancellationToken;

use super::cpu::Cpu;
use super::gate::OpenGate;
use super::ports::{Bus, Clock, Lake, Ledger, LedgerError, ObjectStore, Source};
use super::progress::Progress;
use super::unit_cache::UnitCache;
use crate::flow::{Calendar, Cascade, Catalog, DatasetName, Millis, Processor, RunId, Unit};

/// How long an attempt may have a task before another may take it over.
pub const LEASE_MS: Millis = 120_000;

/// The outside world of an engine.
#[derive(Clone)]
pub struct Ports {
    /// Runs, tasks, records, dead letters.
    pub ledger: Arc<dyn Ledger>,
    /// The content of units.
    pub lake: Arc<dyn Lake>,
    /// Raw payloads.
    pub source: Arc<dyn Source>,
    /// Documents for readers outside.
    pub objects: Arc<dyn ObjectStore>,
    /// Publishing.
    pub bus: Arc<dyn Bus>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Threads for computations.
    pub cpu: Arc<dyn Cpu>,
}

/// Whether other processes work on the same ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tenancy {
    /// This process hears of every completion, so it may keep its gates in memory.
    Alone,
    /// Each process hears of some completions only: every gate is made anew from the ledger, every time.
    Shared,
}

/// The engine of one pipeline in one process.
pub struct Engine {
    pub(super) cascade: Cascade,
    pub(super) calendar: Arc<Calendar>,
    pub(super) ports: Ports,
    pub(super) cache: UnitCache,
    pub(super) progress: Progress,
    pub(super) stop: CancellationToken,
    pub(super) tenancy: Tenancy,
    catalog: Mutex<Catalog>,
    refresh: tokio::sync::Mutex<Refreshed>,
    tickets: AtomicU64,
    gates: Mutex<Gates>,
}

/// The gate of a processor in a run; empty until a message asks for it, and after a failure.
pub(super) type GateSlot = Arc<tokio::sync::Mutex<Option<OpenGate>>>;

#[derive(Default)]
struct Gates {
    slots: HashMap<(RunId, DatasetName), GateSlot>,
    opened: BTreeSet<RunId>,
    finished: BTreeSet<RunId>,
}

#[derive(Default)]
struct Refreshed {
    position: i64,
    covers: u64,
}

impl Engine {
    /// An engine that knows nothing yet of what the ledger holds.
    #[must_use]
    pub fn new(cascade: Cascade, calendar: Arc<Calendar>, ports: Ports, cache_bytes_max: usize) -> Self {
        let catalog = Catalog::empty(&cascade, Arc::clone(&calendar));
        Self {
            progress: Progress::default(),
            stop: CancellationToken::new(),
            tenancy: Tenancy::Alone,
            cascade,
            calendar,
            ports,
            cache: UnitCache::new(cache_bytes_max),
            catalog: Mutex::new(catalog),
            refresh: tokio::sync::Mutex::new(Refreshed::default()),
            tickets: AtomicU64::new(0),
            gates: Mutex::new(Gates::default()),
        }
    }

    /// The same engine, among other processes that work on its ledger.
    #[must_use]
    pub fn sharing(self) -> Self {
        Self { tenancy: Tenancy::Shared, ..self }
    }

    /// The cascade.
    #[must_use]
    pub fn cascade(&self) -> &Cascade {
        &self.cascade
    }

    /// The pipeline's calendar.
    #[must_use]
    pub fn calendar(&self) -> &Arc<Calendar> {
        &self.calendar
    }

    /// The ports.
    #[must_use]
    pub fn ports(&self) -> &Ports {
        &self.ports
    }

    /// What has ended in this process, for whoever waits for a run or shows its progress.
    #[must_use]
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Told once: nothing new is begun, and attempts that only wait give their orders back.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Brings this process's view up to what the ledger held at some moment after the call began. Callers
    /// that come together share one look at the ledger.
    pub async fn refresh_catalog(&self) -> Result<(), LedgerError> {
        let ticket = self.tickets.fetch_add(1, Ordering::SeqCst) + 1;
        let mut refreshed = self.refresh.lock().await;
        if refreshed.covers >= ticket {
            return Ok(());
        }
        let covers = self.tickets.load(Ordering::SeqCst);
        let (position, changes) = self.ports.ledger.changes_since(refreshed.position).await?;
        let mut catalog = self.catalog();
        for (unit, record) in changes {
            catalog.put(unit, record);
        }
        drop(catalog);
        refreshed.position = position;
        refreshed.covers = covers;
        Ok(())
    }

    /// This process's view of the units, as of the last refresh.
    pub fn catalog(&self) -> MutexGuard<'_, Catalog> {
        self.catalog.lock().expect("nobody panics while holding the catalog")
    }

    pub(super) fn gate_slot(&self, run: RunId, reader: DatasetName) -> Option<GateSlot> {
        let mut gates = self.lock_gates();
        if gates.finished.contains(&run) {
            return None;
        }
        Some(Arc::clone(gates.slots.entry((run, reader)).or_default()))
    }

    /// Lets go of a finished run's gates.
    pub(super) fn run_finished(&self, run: RunId) {
        let mut gates = self.lock_gates();
        gates.slots.retain(|(of, _), _| *of != run);
        gates.finished.insert(run);
        drop(gates);
        self.progress.run_finished(run);
    }

    /// Lets go of a run's gates so that they are made anew from the ledger.
    pub(super) fn forget_gates(&self, run: RunId) {
        self.lock_gates().slots.retain(|(of, _), _| *of != run);
    }

    /// Notes that this process has opened all gates of the run once.
    pub(super) fn gates_opened(&self, run: RunId) {
        self.lock_gates().opened.insert(run);
    }

    /// Whether it has.
    pub(super) fn has_opened_gates(&self, run: RunId) -> bool {
        self.lock_gates().opened.contains(&run)
    }

    /// Everything that depends on a unit, by dataset, as ranges of the calendar's indexes.
    pub fn reach(&self, dataset: DatasetName, at: usize) -> Vec<(DatasetName, Range<usize>)> {
        let catalog = self.catalog();
        let exists = |processor: &Processor, at: usize| catalog.exists(processor, at);
        self.cascade.reach(&self.calendar, exists, dataset, at)
    }

    pub(super) fn unit(&self, dataset: DatasetName, at: usize) -> Unit {
        Unit { dataset, date: self.calendar.date(at) }
    }

    fn lock_gates(&self) -> MutexGuard<'_, Gates> {
        self.gates.lock().expect("nobody panics while holding the gates")
    }
}
