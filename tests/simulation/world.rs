//! The world of a seed: a scheduler that polls one future at a time, chosen by the dice, among gates,
//! attempts, recoveries and a person's errands of one to three processes; that delivers, loses, repeats
//! and reorders messages; that kills, restarts and stalls processes and moves the clock.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures::FutureExt;
use tidegate::fleet::{
    Engine, Inline, Ledger, Message, Ports, RunError, RunTitle, Traced, accept, arrive, make_plan, perform,
    record_crash, recover, replay, submit,
};
use tidegate::flow::{Calendar, Completion, DatasetName, Failure, Lane, PlanRequest, Purpose, WorkOrder};

use crate::ports::ProcessPorts;
use crate::shared::{Handed, Shared};

/// Steps after which a seed counts as running in circles.
const STEPS_MAX: u64 = 400_000;

/// Work orders that a process has in hand at a time.
const IN_HAND_MAX: usize = 12;

/// How much trouble there is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trouble {
    pub(crate) crashes_left: u32,
    pub(crate) stalls_left: u32,
    pub(crate) jumps_left: u32,
    pub(crate) losses_left: u32,
    pub(crate) repeats_left: u32,
    /// Crashes, stalls, jumps and changes: out of a thousand steps.
    pub(crate) per_mille: u32,
    /// How often a delivery comes before a poll.
    pub(crate) deliver_per_mille: u32,
}

/// Something that a person asks a process to do.
#[derive(Debug, Clone)]
pub(crate) enum Errand {
    Run(PlanRequest, Lane),
    Replay { ids: Vec<i64>, force: bool, lane: Lane },
    Accept { id: i64, lane: Lane },
}

enum Job {
    Recover,
    Answer(Vec<Handed>),
    Errand(Errand),
}

type End = Result<(), RunError>;

struct Task {
    future: Pin<Box<dyn Future<Output = End> + Send>>,
    awake: Arc<Flag>,
    process: usize,
    job: Job,
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct Process {
    engine: Option<Arc<Engine>>,
    recovered: bool,
    stalled_until: u64,
}

/// Something that happens outside.
pub(crate) type Happening = Box<dyn FnOnce(&Shared) + Send>;

pub(crate) struct World {
    pub(crate) shared: Arc<Shared>,
    pub(crate) calendar: Arc<Calendar>,
    pub(crate) trouble: Trouble,
    processes: Vec<Process>,
    tasks: Vec<Task>,
    pub(crate) errands: VecDeque<Errand>,
    errand_under_way: bool,
    /// What happens outside, each at some step: payloads change, files are damaged.
    pub(crate) happenings: Vec<Happening>,
    step: u64,
    deadline: u64,
}

/// Every run of a seed has one name, so that its files can be compared with those of the plain order.
pub(crate) const RUN_NAME: &str = "history";

impl World {
    pub(crate) fn new(shared: Arc<Shared>, calendar: Arc<Calendar>, processes: usize) -> Self {
        shared.shadow().calendar = Arc::clone(&calendar);
        let down = || Process { engine: None, recovered: false, stalled_until: 0 };
        Self {
            shared,
            calendar,
            trouble: Trouble::default(),
            processes: (0..processes).map(|_| down()).collect(),
            tasks: Vec::new(),
            errands: VecDeque::new(),
            errand_under_way: false,
            happenings: Vec::new(),
            step: 0,
            deadline: STEPS_MAX,
        }
    }

    /// Goes on until nothing can be polled, nothing delivered, nobody sleeps and nobody is down.
    pub(crate) fn run_until_quiet(&mut self) {
        self.deadline = self.step + STEPS_MAX;
        while self.take_a_step() {
            self.step += 1;
            assert!(self.step < self.deadline, "the world does not come to rest");
        }
        assert!(self.tasks.is_empty(), "a future waits for something that will never happen");
    }

    fn take_a_step(&mut self) -> bool {
        if self.shared.per_mille(self.trouble.per_mille) {
            self.make_trouble();
        }
        let deliver_first = self.shared.per_mille(self.trouble.deliver_per_mille);
        if deliver_first && self.deliver() {
            return true;
        }
        if self.poll_one() || self.deliver() {
            return true;
        }
        self.when_nothing_moves()
    }

    fn when_nothing_moves(&mut self) -> bool {
        if self.shared.bus().find_lost() {
            return true;
        }
        let step = self.step;
        let stalled = self.processes.iter_mut().filter(|process| process.stalled_until > step);
        let mut woke = false;
        for process in stalled {
            process.stalled_until = 0;
            woke = true;
        }
        if woke {
            return true;
        }
        for process in 0..self.processes.len() {
            if self.processes[process].engine.is_none() {
                self.start(process);
                return true;
            }
        }
        if self.begin_errand() {
            return true;
        }
        if let Some(happening) = self.happenings.pop() {
            happening(&self.shared);
            return true;
        }
        let further = [0, 0, 1_000, 130_000][self.shared.below(4)];
        self.shared.clock.advance(further)
    }

    fn make_trouble(&mut self) {
        let process = self.shared.below(self.processes.len());
        let is_up = self.processes[process].engine.is_some();
        match self.shared.below(6) {
            0 if is_up && self.trouble.crashes_left > 0 => {
                self.trouble.crashes_left -= 1;
                self.crash(process);
            }
            1 if is_up && self.trouble.stalls_left > 0 => {
                self.trouble.stalls_left -= 1;
                self.processes[process].stalled_until = self.step + self.shared.between(20, 400) as u64;
                self.shared.count("stalls");
                self.shared.tell(|| format!("p{process} stalls"));
            }
            2 if self.trouble.jumps_left > 0 => {
                self.trouble.jumps_left -= 1;
                let further = if self.shared.per_mille(500) { 0 } else { 125_000 };
                if self.shared.clock.advance(further) {
                    self.shared.count("clock jumps under load");
                }
            }
            3 if !self.happenings.is_empty() => {
                let at = self.shared.below(self.happenings.len());
                let happening = self.happenings.swap_remove(at);
                happening(&self.shared);
            }
            4 => {
                if !is_up {
                    self.start(process);
                }
            }
            _ => {
                self.begin_errand();
            }
        }
    }

    /// The process starts: a new engine that knows nothing, and a recovery.
    fn start(&mut self, process: usize) {
        self.shared.tell(|| format!("p{process} starts"));
        let cache_bytes = if self.shared.per_mille(500) { 160_000 } else { 64 };
        let engine = engine(&self.shared, &self.calendar, process, cache_bytes);
        let engine = Arc::new(if self.processes.len() == 1 { engine } else { engine.sharing() });
        self.processes[process] = Process { engine: Some(engine), recovered: false, stalled_until: 0 };
        self.recover(process);
    }

    fn recover(&mut self, process: usize) {
        let exclusive = self.processes.len() == 1;
        self.spawn(
            process,
            Job::Recover,
            |engine| async move { recover(&engine, exclusive).await.map(drop) },
        );
    }

    /// The process dies: all that it had in memory is gone, what it had in hand comes again.
    fn crash(&mut self, process: usize) {
        self.shared.count("crashes");
        self.shared.tell(|| format!("p{process} is killed"));
        let tasks = std::mem::take(&mut self.tasks);
        let (gone, left) = tasks.into_iter().partition(|task| task.process == process);
        self.tasks = left;
        let gone: Vec<Task> = gone;
        for task in gone {
            drop(task.future);
            match task.job {
                Job::Recover => {}
                Job::Answer(handed) => {
                    handed.into_iter().for_each(|handed| self.shared.bus().give_back(handed));
                }
                Job::Errand(errand) => {
                    self.errands.push_front(errand);
                    self.errand_under_way = false;
                }
            }
        }
        self.processes[process] = Process { engine: None, recovered: false, stalled_until: 0 };
        // The machine of an embedded fleet loses power: the disk has what was synced.
        if self.processes.len() == 1 && self.shared.per_mille(400) {
            self.shared.count("losses of power");
            self.shared.tell(|| "what was noted is forgotten".to_owned());
            let forgotten = self.shared.ledger.forget_notes().now_or_never();
            forgotten.expect("the ledger in memory does not wait").expect("a sound ledger");
        }
    }

    fn spawn<F>(&mut self, process: usize, job: Job, work: impl FnOnce(Arc<Engine>) -> F)
    where
        F: Future<Output = End> + Send + 'static,
    {
        let Some(engine) = &self.processes[process].engine else {
            return;
        };
        let future = Box::pin(work(Arc::clone(engine)));
        let awake = Arc::new(Flag(AtomicBool::new(true)));
        self.tasks.push(Task { future, awake, process, job });
    }

    fn begin_errand(&mut self) -> bool {
        let up: Vec<usize> = (0..self.processes.len())
            .filter(|process| self.processes[*process].engine.is_some() && self.processes[*process].recovered)
            .collect();
        if self.errand_under_way || up.is_empty() {
            return false;
        }
        let Some(errand) = self.errands.pop_front() else {
            return false;
        };
        let process = up[self.shared.below(up.len())];
        self.shared.tell(|| format!("p{process} is asked: {errand:?}"));
        self.errand_under_way = true;
        let asked = errand.clone();
        self.spawn(process, Job::Errand(errand), |engine| async move {
            match asked {
                Errand::Run(request, lane) => {
                    let plan = make_plan(&engine, &request).await?;
                    submit(&engine, &plan, title(lane)).await.map(drop)
                }
                Errand::Replay { ids, force, lane } => replay(&engine, &ids, force, lane).await.map(drop),
                Errand::Accept { id, lane } => accept(&engine, id, lane).await.map(drop),
            }
        });
        true
    }

    fn poll_one(&mut self) -> bool {
        let runnable = |task: &Task, processes: &[Process], step: u64| {
            task.awake.0.load(Ordering::Relaxed) && processes[task.process].stalled_until <= step
        };
        let count = self.tasks.iter().filter(|task| runnable(task, &self.processes, self.step)).count();
        if count == 0 {
            return false;
        }
        let chosen = self.shared.below(count);
        let at = (0..self.tasks.len())
            .filter(|at| runnable(&self.tasks[*at], &self.processes, self.step))
            .nth(chosen)
            .expect("one of those that were counted");
        let task = &mut self.tasks[at];
        task.awake.0.store(false, Ordering::Relaxed);
        let waker = Waker::from(Arc::clone(&task.awake));
        if let Poll::Ready(end) = task.future.as_mut().poll(&mut Context::from_waker(&waker)) {
            let task = self.tasks.swap_remove(at);
            self.ended(task.process, task.job, end);
        }
        true
    }

    fn ended(&mut self, process: usize, job: Job, end: End) {
        match (job, end) {
            (Job::Recover, Ok(())) => self.processes[process].recovered = true,
            (Job::Recover, Err(error)) => {
                self.shared.tell(|| format!("p{process} fails to recover and tries again: {error}"));
                self.recover(process);
            }
            (Job::Answer(handed), Ok(())) => {
                for handed in handed {
                    let late_counts = self.shared.per_mille(500);
                    self.shared.bus().ack(handed, late_counts);
                }
            }
            (Job::Answer(handed), Err(error)) => {
                self.shared.tell(|| format!("p{process} gives back a delivery: {error}"));
                handed.into_iter().for_each(|handed| self.shared.bus().give_back(handed));
            }
            (Job::Errand(_), Ok(())) => self.errand_under_way = false,
            (Job::Errand(errand), Err(error)) => {
                self.shared.tell(|| format!("p{process} answers a person: {error}"));
                self.errand_under_way = false;
                match error {
                    RunError::Port(Failure::Permanent(permanent)) if permanent.code == "input_lost" => {
                        self.shared.count("gaps refused, as an input is lost");
                    }
                    RunError::Port(_) | RunError::Ledger(_) => self.errands.push_front(errand),
                    RunError::Plan(_) => panic!("{errand:?} has no plan: {error}"),
                    RunError::NoDeadLetter(_) => {}
                    RunError::WouldDieAgain { .. } => self.shared.count("replays refused"),
                }
            }
        }
    }

    fn deliver(&mut self) -> bool {
        let free = self.shared.bus().free();
        if free == 0 {
            return false;
        }
        let at = self.shared.below(free);
        let ready: Vec<usize> = (0..self.processes.len()).filter(|at| self.takes_orders(*at)).collect();
        let Some(process) = self.shared.pick(&ready) else {
            return false;
        };
        if self.trouble.losses_left > 0 && self.shared.per_mille(80) {
            self.trouble.losses_left -= 1;
            self.shared.count("lost deliveries");
            self.shared.bus().lose(at);
            return true;
        }
        if self.set_aside(at) {
            return true;
        }
        let handed = self.shared.bus().take(at);
        self.hand_out(process, handed);
        let is_there = self.shared.bus().get(handed.message).is_some();
        if is_there && self.trouble.repeats_left > 0 && self.shared.per_mille(60) {
            self.repeat_now(handed);
        }
        true
    }

    /// A message is delivered once more although it is being worked on.
    fn repeat_now(&mut self, handed: Handed) {
        let ready: Vec<usize> = (0..self.processes.len()).filter(|at| self.takes_orders(*at)).collect();
        if let Some(process) = self.shared.pick(&ready) {
            self.trouble.repeats_left -= 1;
            self.shared.count("repeated deliveries");
            let again = self.shared.bus().hand(handed.message);
            self.hand_out(process, again);
        }
    }

    fn takes_orders(&self, process: usize) -> bool {
        let Process { engine, recovered, stalled_until } = &self.processes[process];
        let in_hand = self.tasks.iter().filter(|task| task.process == process).count();
        engine.is_some() && *recovered && *stalled_until <= self.step && in_hand < IN_HAND_MAX
    }

    /// What was delivered too often goes to the dead-letter topic, as the server does it.
    fn set_aside(&mut self, at: usize) -> bool {
        let message = self.shared.bus().peek_free(at);
        let (subscription, deliveries) = match self.shared.bus().get(message) {
            Some(queued) => (queued.subscription, queued.deliveries),
            None => return false,
        };
        let subscription = &self.shared.fixture.subscriptions[subscription];
        let (Some(topic), Some(max)) = (&subscription.dead_letter_topic, subscription.deliveries_max) else {
            return false;
        };
        if deliveries < max {
            return false;
        }
        self.shared.count("set aside by the server");
        let queued = self.shared.bus().remove(at);
        if let Some(queued) = queued {
            self.shared.publish(topic, &queued.message);
        }
        true
    }

    fn hand_out(&mut self, process: usize, handed: Handed) {
        let (dataset, purpose, message, name) = {
            let bus = self.shared.bus();
            let queued = bus.get(handed.message).expect("a message that is there");
            let subscription = &self.shared.fixture.subscriptions[queued.subscription];
            (subscription.dataset, subscription.purpose, queued.message.clone(), &subscription.name)
        };
        self.shared.tell(|| format!("p{process} is handed {handed:?} of {name}: {}", brief(&message)));
        match (purpose, message) {
            (Purpose::Gate, Message::Completion(completion)) => {
                self.gate(process, dataset, handed, completion);
            }
            (Purpose::Work, Message::WorkOrder(order)) => {
                self.spawn(process, Job::Answer(vec![handed]), |engine| async move {
                    perform(&engine, &order.into()).await.map_err(RunError::from)
                });
            }
            (Purpose::DeadLetters, Message::WorkOrder(order)) => self.crashed_order(process, handed, order),
            (Purpose::DeadLetters, Message::DeadLetter(_)) => self.shared.bus().ack(handed, true),
            (purpose, message) => panic!("{message:?} on a subscription for {purpose:?}"),
        }
    }

    fn crashed_order(&mut self, process: usize, handed: Handed, order: WorkOrder) {
        self.spawn(process, Job::Answer(vec![handed]), |engine| async move {
            record_crash(&engine, &order.into()).await.map_err(RunError::from)
        });
    }

    /// A gate answers a whole batch of what its subscription has at once.
    fn gate(&mut self, process: usize, reader: DatasetName, first: Handed, completion: Completion) {
        let (mut handed, mut completions) = (vec![first], vec![completion]);
        {
            let mut bus = self.shared.bus();
            let subscription = bus.get(first.message).map(|queued| queued.subscription);
            let mut at = 0;
            while at < bus.free() && handed.len() < 8 {
                let message = bus.peek_free(at);
                let same = bus.get(message).filter(|queued| Some(queued.subscription) == subscription);
                if let Some(Message::Completion(completion)) = same.map(|queued| queued.message.clone())
                    && self.shared.per_mille(400)
                {
                    completions.push(completion);
                    handed.push(bus.take(at));
                } else {
                    at += 1;
                }
            }
        }
        self.spawn(process, Job::Answer(handed), |engine| async move {
            let completions: Vec<_> = completions.into_iter().map(Traced::from).collect();
            arrive(&engine, reader, &completions).await.map_err(RunError::from)
        });
    }

    /// The ledger as it is, without a pause.
    pub(crate) fn ledger(&self) -> &dyn Ledger {
        &*self.shared.ledger
    }
}

/// A new engine that knows nothing, on the ports of the process with this number.
pub(crate) fn engine(
    shared: &Arc<Shared>,
    calendar: &Arc<Calendar>,
    process: usize,
    cache_bytes: usize,
) -> Engine {
    let port = Arc::new(ProcessPorts { shared: Arc::clone(shared), process });
    let ports = Ports {
        ledger: Arc::clone(&port) as _,
        lake: Arc::clone(&port) as _,
        source: Arc::clone(&port) as _,
        objects: Arc::clone(&port) as _,
        bus: Arc::clone(&port) as _,
        clock: port,
        cpu: Arc::new(Inline),
    };
    Engine::new(shared.fixture.cascade.clone(), Arc::clone(calendar), ports, cache_bytes)
}

pub(crate) fn title(lane: Lane) -> RunTitle {
    RunTitle { name: RUN_NAME.to_owned(), kind: "backfill".to_owned(), lane }
}

fn brief(message: &Message) -> String {
    match message {
        Message::Completion(completion) => {
            format!("completion of {} of run {}", completion.unit, completion.run)
        }
        Message::WorkOrder(order) => format!("work order {} of run {}", order.unit, order.run),
        Message::DeadLetter(notice) => format!("dead letter {}", notice.id),
        Message::Undecodable(reason) => reason.clone(),
    }
}
