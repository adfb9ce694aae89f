//! What all parts of the engine share: the cascade, the ports, and this process's view of the units.
//! Holds no rule of its own; gates, attempts and runs are in their own files.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio_util::sync::CancellationToken;

use super::cpu::Cpu;
use super::doubt::Doubt;
use super::gate::OpenGate;
use super::ports::{Bus, Clock, Lake, Ledger, LedgerError, ObjectStore, Source};
use super::progress::Progress;
use super::traces::Sampling;
use super::unit_cache::UnitCache;
use crate::flow::{Calendar, Cascade, Catalog, DatasetName, Date, Failure, Millis, Processor, RunId, Unit};

/// How long an attempt has a task from its claim, or from the last renewal, before another may take it over: so
/// long is a task of a process that died left alone. Not much longer than its order stays with that process, for
/// nobody is told of the task before.
pub const LEASE_MS: Millis = 15_000;

/// Between two renewals of a lease: a ledger may be away for most of a lease, and nothing is taken over.
pub(super) const RENEWAL_MS: Millis = 5_000;

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
    /// How many dates are traced; `None` where nothing is.
    pub(super) sampling: Option<Sampling>,
    doubt: Doubt,
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
    /// Where others share the ledger: the orders that this process has sent.
    sent: HashMap<(RunId, DatasetName), BTreeSet<usize>>,
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
            sampling: None,
            doubt: Doubt::default(),
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

    /// The same engine, which tells of what it does in traces.
    #[must_use]
    pub fn traced(self, sampling: Option<Sampling>) -> Self {
        Self { sampling, ..self }
    }

    /// Whether others work on its ledger.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.tenancy == Tenancy::Shared
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
            if record.is_some() {
                self.meet(unit.date);
            }
            catalog.put(unit, record);
        }
        drop(catalog);
        refreshed.position = position;
        refreshed.covers = covers;
        Ok(())
    }

    /// A date is met in the ledger. Among others, one that this process does not know puts its calendar in doubt.
    pub(super) fn meet(&self, date: Date) {
        if self.tenancy == Tenancy::Shared && self.calendar.index_of(date).is_none() {
            self.doubt.raise(date);
        }
    }

    /// A failure while this process's calendar is in doubt.
    pub(super) fn check_calendar(&self) -> Result<(), Failure> {
        self.doubt.check()
    }

    /// Comes back when this process's calendar is in doubt, with the dates that it does not know: somebody must read
    /// it again.
    pub async fn calendar_doubted(&self) -> BTreeSet<Date> {
        self.doubt.raised().await
    }

    /// The calendar was read again and is the same: the source does not have these dates.
    pub fn calendar_confirmed(&self, gone: &BTreeSet<Date>) {
        self.doubt.settle(gone);
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
        gates.sent.retain(|(of, _), _| *of != run);
        gates.finished.insert(run);
        drop(gates);
        self.progress.run_finished(run);
    }

    /// Lets go of a run's gates so that they are made anew from the ledger.
    pub(super) fn forget_gates(&self, run: RunId) {
        self.lock_gates().slots.retain(|(of, _), _| *of != run);
    }

    /// Notes orders that this process has sent.
    pub(super) fn orders_sent<'a>(
        &self,
        run: RunId,
        dataset: DatasetName,
        places: impl Iterator<Item = &'a usize>,
    ) {
        self.lock_gates().sent.entry((run, dataset)).or_default().extend(places);
    }

    /// Leaves those whose orders this process has not sent.
    pub(super) fn retain_unsent(&self, run: RunId, dataset: DatasetName, places: &mut Vec<usize>) {
        if let Some(sent) = self.lock_gates().sent.get(&(run, dataset)) {
            places.retain(|at| !sent.contains(at));
        }
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
