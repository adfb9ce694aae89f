//! The whole NBA pipeline with the real engine and the real loops over messages, ledger and lake in memory, on
//! a clock that only the test moves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock, Mutex};
use std::task::{Poll, Waker};
use std::time::Duration;

use async_trait::async_trait;
use tidegate::adapters::lake::MemoryLake;
use tidegate::adapters::ledger::InlineLedger;
use tidegate::adapters::objects::MemoryStore;
use tidegate::fleet::{
    Clock, Engine, Inline, Lake, Ledger, Limits, Millis, Part, Ports, RunTitle, Service, Source, Stored,
    UnitRecord, make_plan, recover, submit, withdraw,
};
use tidegate::flow::{
    Calendar, Cascade, DatasetName, Date, Frame, Lane, Pipeline, Plan, PlanRequest, Processor, Rhythm, Step,
    TaskState, Unit,
};
use tidegate::pipelines::nba::{NBA, NBA_RHYTHM, learning_from};

use crate::bus::MemoryBus;

/// Rows of established players that a model of a small league is made of.
pub(crate) const MODEL_ROWS_MIN: usize = 150;

/// The pipeline as it is declared, but that a model needs fewer rows than the real league has.
pub(crate) static PIPELINE: LazyLock<Pipeline> = LazyLock::new(|| {
    let learning = learning_from::<MODEL_ROWS_MIN>();
    let own = |declared: &Processor| learning.iter().find(|own| own.writes == declared.writes).copied();
    let processors: Vec<Processor> =
        NBA.processors.iter().map(|declared| own(declared).unwrap_or(*declared)).collect();
    Pipeline { processors: processors.leak(), ..NBA }
});

/// What survives a process.
pub(crate) struct World {
    pipeline: Pipeline,
    pub(crate) cascade: Cascade,
    pub(crate) ledger: Arc<InlineLedger>,
    pub(crate) lake: Arc<MemoryLake>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) objects: Arc<MemoryStore>,
    bus: Arc<MemoryBus>,
}

/// A process: ends, like one that is killed, when it is dropped.
pub(crate) struct Process {
    pub(crate) engine: Arc<Engine>,
    /// Ends with the value, whatever it is at.
    _loops: Service,
}

impl World {
    pub(crate) fn new(now: Millis) -> Self {
        Self::of(&PIPELINE, now)
    }

    /// A world of another pipeline.
    pub(crate) fn of(pipeline: &Pipeline, now: Millis) -> Self {
        let cascade = Cascade::of(pipeline).expect("a cascade");
        let datasets: Vec<DatasetName> = cascade.datasets().collect();
        Self {
            ledger: Arc::new(InlineLedger::in_memory(&datasets).expect("a ledger")),
            lake: Arc::new(MemoryLake::new()),
            clock: Arc::new(ManualClock::at(now)),
            objects: Arc::new(MemoryStore::default()),
            bus: Arc::new(MemoryBus::of(&cascade)),
            cascade,
            pipeline: *pipeline,
        }
    }

    /// A process begins, with the dates that the source has now.
    pub(crate) async fn start(&self, source: Arc<dyn Source>) -> Process {
        let payloads = source.calendar(self.pipeline.calendar_source).await.expect("payloads");
        let calendar = Arc::new((self.pipeline.calendar)(&payloads).expect("a calendar"));
        let ports = Ports {
            ledger: Arc::clone(&self.ledger) as _,
            lake: Arc::clone(&self.lake) as _,
            objects: Arc::clone(&self.objects) as _,
            source,
            bus: Arc::clone(&self.bus) as _,
            clock: Arc::clone(&self.clock) as _,
            cpu: Arc::new(Inline),
        };
        let engine = Arc::new(Engine::new(self.cascade.clone(), calendar, ports, 40 << 20));
        withdraw(&engine, &NBA_RHYTHM.foretold(self.pipeline.calendar_source))
            .await
            .expect("dates that are no more");
        recover(&engine, true).await.expect("a recovery");
        let subscriber = Arc::clone(&self.bus) as _;
        let (patience, grace) = (Duration::ZERO, Duration::from_secs(20));
        let limits = Limits { attempts_max: 8, orders_max: 64, patience, grace };
        let part = Part::whole(engine.cascade());
        let service = Service::start(Arc::clone(&engine), subscriber, part, limits).await.expect("its loops");
        Process { engine, _loops: service }
    }

    /// Every unit's record.
    pub(crate) async fn records(&self) -> BTreeMap<Unit, UnitRecord> {
        let (_, changes) = self.ledger.changes_since(0).await.expect("records");
        changes.into_iter().filter_map(|(unit, record)| Some((unit, record?))).collect()
    }

    /// That both have made the same of the same units, row for row and document for document.
    pub(crate) async fn assert_same(&self, other: &Self) {
        let (found, expected) = (self.records().await, other.records().await);
        let units = |records: &BTreeMap<Unit, _>| records.keys().copied().collect::<Vec<_>>();
        assert_eq!(units(&found), units(&expected));
        for (unit, expected) in &expected {
            let made = |record: &UnitRecord| {
                let revision = record.stored.as_ref().map(|stored| stored.revision);
                (record.outcome, record.fingerprint, revision, record.rows_written, record.rows_expected)
            };
            assert_eq!(made(&found[unit]), made(expected), "{unit}");
        }
        let kept = |world: &Self| -> BTreeMap<Unit, _> {
            world.lake.contents().into_iter().map(|(unit, stored)| (unit, stored.revision)).collect()
        };
        assert_eq!(kept(self), kept(other));
        assert_eq!(self.objects.contents(), other.objects.contents());
    }

    /// The units whose latest tasks wait for a dead letter.
    pub(crate) async fn held(&self) -> BTreeSet<Unit> {
        let mut held = BTreeSet::new();
        for run in self.ledger.runs(false).await.expect("runs") {
            let tasks = self.ledger.tasks(run.id, None).await.expect("tasks");
            held.extend(tasks.iter().filter(|task| task.state == TaskState::Held).map(|task| task.unit));
        }
        held
    }

    /// The rows of a unit that has some.
    pub(crate) async fn rows(&self, unit: Unit) -> Option<Frame> {
        let records = self.records().await;
        let stored: Stored = records.get(&unit)?.stored.clone()?;
        let processor = self.cascade.processor(unit.dataset).expect("a dataset of the cascade");
        match processor.step {
            Step::Compute { schema, .. } => Some(self.lake.read(unit, schema, &stored).await.expect("rows")),
            Step::Land { .. } | Step::Publish { .. } => None,
        }
    }
}

impl Process {
    pub(crate) fn calendar(&self) -> &Calendar {
        self.engine.calendar()
    }

    /// Brings every date up to `today` up to date; answers with the number of tasks that it took.
    pub(crate) async fn bring_up_to_date(&self, today: Date) -> usize {
        let dates = Rhythm::until(self.calendar(), today);
        let request = PlanRequest { dates, datasets: Vec::new(), force: false, on_demand: false };
        self.carry_out(&request).await.tasks.len()
    }

    /// Runs what is asked for to its end; answers with the plan.
    pub(crate) async fn carry_out(&self, request: &PlanRequest) -> Plan {
        let plan = make_plan(&self.engine, request).await.expect("a plan");
        let title =
            RunTitle { name: "history".to_owned(), kind: "backfill".to_owned(), lane: Lane::Backfill };
        if let Some(run) = submit(&self.engine, &plan, title).await.expect("a run") {
            self.engine.progress().wait_finished(run).await;
        }
        plan
    }
}

/// A clock that stands still until the test moves it.
pub(crate) struct ManualClock(Mutex<(Millis, Vec<(Millis, Waker)>)>);

impl ManualClock {
    fn at(now: Millis) -> Self {
        Self(Mutex::new((now, Vec::new())))
    }

    /// Moves on to this moment and wakes who slept till then.
    pub(crate) fn move_to(&self, now: Millis) {
        let mut state = self.0.lock().expect("one thread");
        state.0 = state.0.max(now);
        state.1.drain(..).for_each(|(_, waker)| waker.wake());
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Millis {
        self.0.lock().expect("one thread").0
    }

    async fn sleep_until(&self, deadline: Millis) {
        std::future::poll_fn(|context| {
            let mut state = self.0.lock().expect("one thread");
            if state.0 >= deadline {
                return Poll::Ready(());
            }
            state.1.push((deadline, context.waker().clone()));
            Poll::Pending
        })
        .await;
    }
}
