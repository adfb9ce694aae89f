//! Whole engines at work on one Postgres, for real: several processes (an engine with a ledger connection pool of
//! its own) and several workers in each, on as many threads as there are; random small pipelines; a queue that
//! reorders and repeats; workers that die at any point. In the end the lake is that of the plain order.
//! The pipelines, the payloads and the plain order are those of `tests/simulation`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use tidegate::adapters::lake::MemoryLake;
use tidegate::adapters::objects::MemoryStore;
use tidegate::fleet::{
    Bus, Clock, Engine, Found, Inline, Ledger, Message, Millis, Ports, RunError, RunTitle, Source, Stored,
    Sweep, Traced, UnitRecord, arrive, make_plan, perform, recover, replay, submit,
};
use tidegate::flow::{
    Calendar, Completion, Date, DeadLetterNotice, Failure, Lane, Payload, Permanent, PlanRequest, Purpose,
    Unit, WorkOrder, completed_topic, dead_letter_topic, work_topic,
};
use tokio::task::JoinSet;

use crate::chance::Dice;
use crate::cluster::Database;
use crate::pipelines::{self, Fixture};
use crate::reference::{Reference, reference};
use crate::shared::Payloads;

/// Every run has one name, so that its files can be compared with those of the plain order.
pub(crate) const RUN_NAME: &str = "history";

const SOURCES: [&str; 3] = ["l0", "l1", "l2"];

/// Histories that are played.
const SEEDS: u64 = 40;

/// Engines, and workers of each.
const PROCESSES: usize = 3;
const WORKERS: usize = 4;

/// How far the clock goes while one who waits looks at it once.
const STEP_MS: Millis = 20;

/// How often what stands still is moved at most: more is going in circles.
const SWEEPS_MAX: u32 = 8;

/// Longer than a run may stand still.
const STILL_MS: Millis = 80_000;

/// What lies between the processes: the queue, the lake, the payloads, the clock.
struct World {
    fixture: &'static Fixture,
    calendar: Arc<Calendar>,
    lake: Arc<MemoryLake>,
    objects: Arc<MemoryStore>,
    payloads: Mutex<Payloads>,
    queue: Mutex<Queue>,
    now: AtomicI64,
    deaths: AtomicU64,
    repeats: AtomicU64,
    sweeps: AtomicU64,
}

/// Messages that wait, each with its subscription, and how many are in somebody's hands.
struct Queue {
    dice: Dice,
    waiting: Vec<(usize, Message)>,
    in_hand: usize,
}

impl World {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().expect("nobody panics with it")
    }

    fn payloads(&self) -> MutexGuard<'_, Payloads> {
        self.payloads.lock().expect("nobody panics with it")
    }

    fn per_mille(&self, cases: u32) -> bool {
        self.queue().dice.per_mille(cases)
    }

    fn publish(&self, topic: &str, message: &Message) {
        let subscriptions = self.fixture.by_topic.get(topic).map_or(&[][..], Vec::as_slice);
        let mut queue = self.queue();
        for subscription in subscriptions {
            queue.waiting.push((*subscription, message.clone()));
        }
    }

    /// Any message; now and then it also stays, to be delivered again.
    fn take(&self) -> Option<(usize, Message)> {
        let mut queue = self.queue();
        let Queue { dice, waiting, in_hand } = &mut *queue;
        if waiting.is_empty() {
            return None;
        }
        let taken = waiting.swap_remove(dice.below(waiting.len()));
        if dice.per_mille(60) {
            self.repeats.fetch_add(1, Ordering::Relaxed);
            waiting.push(taken.clone());
        }
        *in_hand += 1;
        Some(taken)
    }

    fn answered(&self, given_back: Option<(usize, Message)>) {
        let mut queue = self.queue();
        queue.in_hand -= 1;
        queue.waiting.extend(given_back);
    }

    fn is_quiet(&self) -> bool {
        let queue = self.queue();
        queue.waiting.is_empty() && queue.in_hand == 0
    }

    /// Waits until nothing moves and every run is over; what stands still is moved as it would be in time.
    async fn until_over(&self, engine: &Engine) -> Result<(), RunError> {
        let mut sweep = Sweep::default();
        for _ in 0..SWEEPS_MAX {
            while !self.is_quiet() {
                tokio::task::yield_now().await;
            }
            if engine.ports().ledger.runs(true).await?.is_empty() {
                return Ok(());
            }
            self.now.fetch_add(STILL_MS, Ordering::SeqCst);
            self.sweeps.fetch_add(1, Ordering::Relaxed);
            sweep.turn(engine).await?;
        }
        panic!("a run does not come to its end: {:?}", engine.ports().ledger.runs(true).await?);
    }

    fn fill(&self, dice: &mut Dice) {
        for source in SOURCES {
            for date in self.calendar.dates() {
                let number = dice.below(1_000);
                let text = match dice.below(24) {
                    0 => Some(format!("broken {number}")),
                    1 => Some(format!("tainted {number}")),
                    2 => None,
                    _ => Some(format!("good {number}")),
                };
                self.payloads().put(source, *date, text);
            }
        }
    }

    fn mend(&self) {
        for source in SOURCES {
            for date in self.calendar.dates() {
                let mut payloads = self.payloads();
                if !payloads.get(source, *date).is_some_and(|(text, _)| text.starts_with("good")) {
                    payloads.put(source, *date, Some("good and mended".to_owned()));
                }
            }
        }
    }

    /// A process: an engine that knows nothing yet, with a ledger of its own.
    async fn engine(self: &Arc<Self>, database: &Database, cache_bytes: usize) -> Arc<Engine> {
        let ledger = database.connect(&pipelines::datasets()).await.expect("a ledger");
        let outside = Arc::new(Outside(Arc::clone(self)));
        let ports = Ports {
            ledger: Arc::new(ledger),
            lake: Arc::clone(&self.lake) as _,
            source: Arc::clone(&outside) as _,
            objects: Arc::clone(&self.objects) as _,
            bus: Arc::clone(&outside) as _,
            clock: outside,
            cpu: Arc::new(Inline),
        };
        let cascade = self.fixture.cascade.clone();
        Arc::new(Engine::new(cascade, Arc::clone(&self.calendar), ports, cache_bytes).sharing())
    }

    /// Takes messages and answers them till it is told to stop; dies at any point, now and then.
    async fn worker(self: Arc<Self>, engine: Arc<Engine>, stop: Arc<AtomicU64>) {
        while stop.load(Ordering::Relaxed) == 0 {
            let Some((subscription, message)) = self.take() else {
                tokio::task::yield_now().await;
                continue;
            };
            let answer = self.answer(&engine, subscription, &message);
            let survived = if self.per_mille(30) {
                let steps = self.queue().dice.below(3_000);
                tokio::select! {
                    biased;
                    answer = answer => Some(answer),
                    () = some_time(steps) => None,
                }
            } else {
                Some(answer.await)
            };
            match survived {
                Some(Ok(())) => self.answered(None),
                Some(Err(failure)) => panic!("nothing fails here: {failure}"),
                None => {
                    self.deaths.fetch_add(1, Ordering::Relaxed);
                    self.answered(Some((subscription, message)));
                }
            }
        }
    }

    async fn answer(&self, engine: &Engine, subscription: usize, message: &Message) -> Result<(), Failure> {
        let subscription = &self.fixture.subscriptions[subscription];
        match (subscription.purpose, message) {
            (Purpose::Gate, Message::Completion(completion)) => {
                arrive(engine, subscription.dataset, &[completion.clone().into()]).await
            }
            (Purpose::Work, Message::WorkOrder(order)) => perform(engine, &(*order).into()).await,
            (Purpose::DeadLetters, Message::DeadLetter(_)) => Ok(()),
            (purpose, message) => panic!("{message:?} on a subscription for {purpose:?}"),
        }
    }
}

async fn some_time(steps: usize) {
    for _ in 0..steps {
        tokio::task::yield_now().await;
    }
}

/// What the processes see of the world.
struct Outside(Arc<World>);

#[async_trait]
impl Bus for Outside {
    async fn publish_completions(&self, completions: &[Traced<Completion>]) -> Result<(), Failure> {
        for Traced { message: completion, .. } in completions {
            let topic = completed_topic(completion.unit.dataset);
            self.0.publish(&topic, &Message::Completion(completion.clone()));
        }
        Ok(())
    }

    async fn publish_work_orders(&self, orders: &[Traced<WorkOrder>]) -> Result<(), Failure> {
        for Traced { message: order, .. } in orders {
            self.0.publish(&work_topic(order.unit.dataset, order.lane), &Message::WorkOrder(*order));
        }
        Ok(())
    }

    async fn publish_dead_letter(&self, notice: &Traced<DeadLetterNotice>) -> Result<(), Failure> {
        let notice = &notice.message;
        let topic = dead_letter_topic(notice.order.unit.dataset);
        self.0.publish(&topic, &Message::DeadLetter(notice.clone()));
        Ok(())
    }
}

#[async_trait]
impl Source for Outside {
    async fn calendar(&self, _source: &str) -> Result<Vec<Payload>, Failure> {
        Err(Permanent::new("no_calendar", "the test hands the calendar over itself").into())
    }

    async fn stamp(&self, source: &str, date: Date) -> Result<Found<String>, Failure> {
        Ok(self.0.payloads().stamp(source, date).into())
    }

    async fn payloads(&self, source: &str, date: Date) -> Result<Found<Vec<Payload>>, Failure> {
        let found = self.0.payloads().get(source, date).map(|(text, _)| {
            let name = format!("{source}/{date}").into();
            vec![Payload { name, bytes: text.clone().into_bytes().into() }]
        });
        Ok(Found::from(found))
    }
}

/// A clock that runs as fast as anybody waits: now and then a lease runs out under a live attempt, too.
#[async_trait]
impl Clock for Outside {
    fn now(&self) -> Millis {
        self.0.now.load(Ordering::SeqCst)
    }

    async fn sleep_until(&self, deadline: Millis) {
        while self.0.now.fetch_add(STEP_MS, Ordering::SeqCst) < deadline {
            tokio::task::yield_now().await;
        }
    }
}

fn title() -> RunTitle {
    RunTitle { name: RUN_NAME.to_owned(), kind: "backfill".to_owned(), lane: Lane::Backfill }
}

async fn ask(engine: &Engine, dates: std::ops::Range<usize>, force: bool) -> Result<(), RunError> {
    let request = PlanRequest { dates, datasets: Vec::new(), force, on_demand: false };
    let plan = make_plan(engine, &request).await?;
    submit(engine, &plan, title()).await?;
    Ok(())
}

/// The history of a seed.
async fn play(seed: u64) -> [u64; 3] {
    let database = Database::new().await;
    let mut dice = Dice::of_seed(seed);
    let fixture = pipelines::choose(&mut dice);
    let world = Arc::new(World {
        fixture,
        calendar: Arc::new(pipelines::calendar(&mut dice)),
        lake: Arc::new(MemoryLake::new()),
        objects: Arc::default(),
        payloads: Mutex::default(),
        queue: Mutex::new(Queue { dice: dice.clone(), waiting: Vec::new(), in_hand: 0 }),
        now: AtomicI64::new(1_000),
        deaths: AtomicU64::new(0),
        repeats: AtomicU64::new(0),
        sweeps: AtomicU64::new(0),
    });
    world.fill(&mut dice);
    let stop = Arc::new(AtomicU64::new(0));
    let (mut engines, mut workers) = (Vec::new(), JoinSet::new());
    for process in 0..PROCESSES {
        let engine = world.engine(&database, [64, 160_000][process % 2]).await;
        recover(&engine, false).await.expect("a recovery");
        for _ in 0..WORKERS {
            workers.spawn(Arc::clone(&world).worker(Arc::clone(&engine), Arc::clone(&stop)));
        }
        engines.push(engine);
    }
    let len = world.calendar.len();
    let outcome = tokio::select! {
        outcome = errands(&world, &engines, len, &mut dice) => outcome,
        Some(died) = workers.join_next() => {
            died.expect("a worker panicked");
            panic!("a worker ended before it was told to")
        }
    };
    outcome.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    stop.store(1, Ordering::Relaxed);
    workers.join_all().await;
    compare(&world, &*engines[0].ports().ledger, seed).await;
    [&world.deaths, &world.repeats, &world.sweeps].map(|count| count.load(Ordering::Relaxed))
}

/// Runs of all and of some dates over each other, a mending with a replay, and a calm last run.
async fn errands(
    world: &World,
    engines: &[Arc<Engine>],
    len: usize,
    dice: &mut Dice,
) -> Result<(), RunError> {
    ask(&engines[0], 0..len, false).await?;
    for _ in 0..dice.below(3) {
        let from = dice.below(len);
        some_time(dice.below(2_000)).await;
        ask(&engines[dice.below(PROCESSES)], from..len, dice.per_mille(300)).await?;
    }
    world.until_over(&engines[0]).await?;
    if dice.per_mille(500) {
        world.mend();
        let open = engines[1].ports().ledger.dead_letters(true).await?;
        replay(&engines[1], &open.iter().map(|letter| letter.id).collect::<Vec<_>>(), true, Lane::Daily)
            .await?;
        world.until_over(&engines[1]).await?;
    }
    // What a late attempt wrote over a newer one's file, and nobody has read since: somebody deletes it.
    let records = records(&*engines[0].ports().ledger).await;
    for (unit, stored) in world.lake.contents() {
        let recorded = records.get(&unit).and_then(|record| record.stored.as_ref());
        if recorded.is_some_and(|recorded| *recorded != stored) {
            world.lake.lose(unit);
        }
    }
    ask(&engines[2], 0..len, false).await?;
    world.until_over(&engines[0]).await?;
    Ok(())
}

async fn records(ledger: &dyn Ledger) -> BTreeMap<Unit, UnitRecord> {
    let (_, changes) = ledger.changes_since(0).await.expect("records");
    changes.into_iter().filter_map(|(unit, record)| Some((unit, record?))).collect()
}

/// Every task has come to an end, and everything is as in the plain order.
async fn compare(world: &World, ledger: &dyn Ledger, seed: u64) {
    crate::suite::consistent(ledger).await.expect("a consistent ledger");
    for run in ledger.runs(false).await.expect("runs") {
        assert!(run.finished_at.is_some(), "seed {seed}: run {} has no end: {:?}", run.id, run.tasks);
    }
    let expected = {
        let payloads = world.payloads();
        reference(&world.fixture.cascade, &world.calendar, &payloads, &BTreeMap::new())
    };
    let Reference { lake, records: of_units, dead, held, .. } = &expected;
    let letters = ledger.dead_letters(true).await.expect("dead letters");
    let letters: BTreeSet<Unit> = letters.iter().map(|letter| letter.unit).collect();
    assert!(dead.is_subset(&letters), "seed {seed}: {dead:?} should be dead, {letters:?} are");
    for unit in &letters {
        assert!(dead.contains(unit) || held.contains(unit), "seed {seed}: {unit} has no reason to be dead");
    }
    let found = records(ledger).await;
    for (unit, (outcome, fingerprint, stored)) in of_units {
        let found = found.get(unit).unwrap_or_else(|| panic!("seed {seed}: {unit} is not complete"));
        let found = (found.outcome, found.fingerprint, found.stored.clone());
        assert_eq!(found, (*outcome, *fingerprint, stored.clone()), "seed {seed}: {unit}");
    }
    let settled = |units: BTreeMap<Unit, Stored>| -> BTreeMap<Unit, Stored> {
        units.into_iter().filter(|(unit, _)| !dead.contains(unit) && !held.contains(unit)).collect()
    };
    let differs = format!("seed {seed}: the lake differs from the plain order's");
    assert_eq!(settled(world.lake.contents()), settled(lake.clone()), "{differs}");
    expected.check_documents(&world.objects.contents());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn engines_that_share_a_ledger_end_as_the_plain_order_does() {
    let mut counts = [0; 3];
    for seed in 1..=SEEDS {
        for (count, more) in counts.iter_mut().zip(play(seed).await) {
            *count += more;
        }
    }
    let [deaths, repeats, sweeps] = counts;
    println!("{SEEDS} histories: {deaths} deaths, {repeats} repeated deliveries, {sweeps} sweeps");
    assert!(deaths > SEEDS && repeats > SEEDS, "{deaths} deaths, {repeats} repeats");
}
