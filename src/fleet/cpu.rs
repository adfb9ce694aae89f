//! Where processors' computations run: on a bounded number of threads, or inline under simulation.
//! A computation that panics fails its unit for good and nothing else.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use async_trait::async_trait;
use thread_priority::{
    NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy,
    thread_native_id,
};
use tokio::sync::oneshot;

use super::clock::SystemClock;
use super::lanes::{BACKFILL_SHARE, ByLane, DAY_UNDER_WAY_MS, Turns};
use super::ports::Clock;
use crate::flow::{Lane, Millis, Permanent, panic_message};

/// A computation to run.
pub type Job = Box<dyn FnOnce() + Send>;

/// Something that runs computations.
#[async_trait]
pub trait Cpu: Send + Sync {
    /// Runs the job to its end; days go first, within the shares of the lanes.
    async fn run(&self, lane: Lane, job: Job);
}

/// Threads of its own, beside the ones that wait for IO: as many computations at a time as there are cores.
#[derive(Debug)]
pub struct Threads {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    queue: Mutex<Queue>,
    /// Something waits that an ordinary thread may take; a background thread; a spare one.
    ordinary: Condvar,
    background: Condvar,
    spare: Condvar,
    /// Nobody needs to rest any more: it is the end.
    resting: Condvar,
    /// Whether backfills have threads of their own.
    apart: bool,
    clock: SystemClock,
}

#[derive(Default)]
struct Queue {
    waiting: ByLane<VecDeque<Job>>,
    turns: Turns,
    /// Until when a day counts as under way.
    day_until: Millis,
    closed: bool,
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waiting = |lane: Lane| self.waiting.of(lane).len();
        let (daily, backfill) = (waiting(Lane::Daily), waiting(Lane::Backfill));
        f.debug_struct("Queue").field("daily", &daily).field("backfill", &backfill).finish_non_exhaustive()
    }
}

/// What a thread takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Both lanes in turns; where backfills have threads of their own, a backfill only in its turn among days.
    Ordinary,
    /// Backfills, with what the cores have left: the system takes them from it when anything else wants to run, be
    /// it the thread that hands a day's message on. But not always at once. Linux's fair scheduler may leave a thread
    /// that woke behind a background one until its next tick, 4 milliseconds later, even beside a core with nothing
    /// to do. So while a day is under way it computes an eighth of the time and rests otherwise.
    Background,
    /// The same, and rests as long as a day is under way.
    Spare,
}

impl Kind {
    /// Until when a thread rests after a computation, while a day is under way.
    fn rests_until(self, began: Millis, ended: Millis) -> Millis {
        match self {
            Self::Ordinary => ended,
            Self::Background => ended + (BACKFILL_SHARE as Millis - 1) * (ended - began).max(0),
            Self::Spare => Millis::MAX,
        }
    }
}

impl Threads {
    /// At most `cores` computations at a time, whichever lane they are of.
    pub fn new(cores: usize) -> io::Result<Self> {
        Self::start(&vec![Kind::Ordinary; cores.max(1)])
    }

    /// The same for days, and as many threads more for backfills, which run when nothing else wants the cores, and
    /// beside a day that is under way an eighth of the time. For a fleet that has days to do in time: on a machine
    /// whose cores others keep busy, a backfill has little more than its turns among days.
    pub fn with_background(cores: usize) -> io::Result<Self> {
        let cores = cores.max(1);
        let mut kinds = vec![Kind::Ordinary; cores];
        kinds.extend((0..cores).map(|core| if core == 1 { Kind::Spare } else { Kind::Background }));
        Self::start(&kinds)
    }

    fn start(kinds: &[Kind]) -> io::Result<Self> {
        let apart = kinds.contains(&Kind::Background);
        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            ordinary: Condvar::new(),
            background: Condvar::new(),
            spare: Condvar::new(),
            resting: Condvar::new(),
            apart,
            clock: SystemClock,
        });
        let mut started = Self { shared, threads: Vec::with_capacity(kinds.len()) };
        for kind in kinds.iter().copied() {
            let shared = Arc::clone(&started.shared);
            let name = match kind {
                Kind::Ordinary => "compute",
                Kind::Background | Kind::Spare => "background",
            };
            let serve = move || {
                match kind {
                    Kind::Background | Kind::Spare => step_back(),
                    Kind::Ordinary => {}
                }
                shared.serve(kind);
            };
            started.threads.push(Builder::new().name(name.to_owned()).spawn(serve)?);
        }
        Ok(started)
    }
}

/// Makes this thread one that runs when no other wants to.
fn step_back() {
    #[cfg(target_os = "linux")]
    let policy = NormalThreadSchedulePolicy::Idle;
    #[cfg(not(target_os = "linux"))]
    let policy = NormalThreadSchedulePolicy::Other;
    let policy = ThreadSchedulePolicy::Normal(policy);
    if let Err(error) = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, policy) {
        tracing::warn!(?error, "backfills compute beside days, not behind them: the system refuses it");
    }
}

impl Shared {
    fn put(&self, lane: Lane, job: Job) {
        let mut queue = self.queue();
        queue.waiting.of_mut(lane).push_back(job);
        match lane {
            Lane::Backfill if self.apart => {
                self.background.notify_one();
                self.spare.notify_one();
            }
            Lane::Backfill => self.ordinary.notify_one(),
            Lane::Daily => {
                queue.day_until = self.clock.now() + DAY_UNDER_WAY_MS;
                self.ordinary.notify_one();
            }
        }
    }

    /// Computes until the end.
    fn serve(&self, kind: Kind) {
        let mut began = self.clock.now();
        while let Some(job) = self.next(kind, kind.rests_until(began, self.clock.now())) {
            began = self.clock.now();
            job();
        }
    }

    /// What is to be done next, where a day is under way after a rest; `None` at the end.
    fn next(&self, kind: Kind, rests_until: Millis) -> Option<Job> {
        let mut queue = self.queue();
        // A job that finds a thread at rest takes nobody's turn.
        let mut rested = false;
        loop {
            queue = self.rest(queue, rests_until);
            if queue.closed {
                return None;
            }
            if let Some(job) = queue.take(kind, rested, self.apart) {
                return Some(job);
            }
            rested = true;
            let more = match kind {
                Kind::Ordinary => &self.ordinary,
                Kind::Background => &self.background,
                Kind::Spare => &self.spare,
            };
            queue = more.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Comes back at `until`, or when no day is under way.
    fn rest<'a>(&self, mut queue: MutexGuard<'a, Queue>, until: Millis) -> MutexGuard<'a, Queue> {
        while let left @ 1..=DAY_UNDER_WAY_MS = queue.day_until.min(until).saturating_sub(self.clock.now())
            && !queue.closed
        {
            let rested = self.resting.wait_timeout(queue, Duration::from_millis(left.unsigned_abs()));
            queue = rested.unwrap_or_else(PoisonError::into_inner).0;
        }
        queue
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn take(&mut self, kind: Kind, rested: bool, apart: bool) -> Option<Job> {
        let is_waited = |lane: Lane| !self.waiting.of(lane).is_empty();
        let (daily, backfill) = (is_waited(Lane::Daily), is_waited(Lane::Backfill));
        let lane = match kind {
            Kind::Background | Kind::Spare => Lane::Backfill,
            Kind::Ordinary if rested && daily => Lane::Daily,
            Kind::Ordinary => self.turns.next(daily, backfill && (daily || !apart))?,
        };
        self.waiting.of_mut(lane).pop_front()
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.shared.queue().closed = true;
        self.shared.ordinary.notify_all();
        self.shared.background.notify_all();
        self.shared.spare.notify_all();
        self.shared.resting.notify_all();
        for thread in self.threads.drain(..) {
            // The last owner may be one of them: a computation holds what it was made of.
            if thread.thread().id() != std::thread::current().id() && thread.join().is_err() {
                tracing::error!("a thread for computations had panicked");
            }
        }
    }
}

#[async_trait]
impl Cpu for Threads {
    async fn run(&self, lane: Lane, job: Job) {
        let (sender, finished) = oneshot::channel();
        let job = move || {
            job();
            // Whoever asked may have gone: the attempt was cancelled.
            let _ = sender.send(());
        };
        self.shared.put(lane, Box::new(job));
        if finished.await.is_err() {
            tracing::error!("a computation was lost");
        }
    }
}

/// At once, where it is asked for.
#[derive(Debug, Default, Clone, Copy)]
pub struct Inline;

#[async_trait]
impl Cpu for Inline {
    async fn run(&self, _lane: Lane, job: Job) {
        job();
    }
}

/// Runs a computation and brings back its answer; a panic comes back as a permanent failure.
pub(super) async fn compute_on<T: Send + 'static>(
    cpu: &dyn Cpu,
    lane: Lane,
    job: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Permanent> {
    let (sender, receiver) = oneshot::channel();
    cpu.run(
        lane,
        Box::new(move || {
            let outcome = catch_unwind(AssertUnwindSafe(job)).map_err(|panic| {
                let message = panic_message(&*panic);
                Permanent::new("processor_panicked", format!("the processor panicked: {message}"))
            });
            // The receiver is gone only when the attempt was cancelled: nobody is left to tell.
            drop(sender.send(outcome));
        }),
    )
    .await;
    receiver
        .await
        .unwrap_or_else(|_| Err(Permanent::new("processor_lost", "the computation did not come back")))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// A computation that says its name and then waits until it may end.
    struct Held {
        names: Sender<(Lane, String)>,
        ends: Arc<Mutex<Receiver<()>>>,
    }

    impl Held {
        fn job(&self, lane: Lane) -> Job {
            let (names, ends) = (self.names.clone(), Arc::clone(&self.ends));
            Box::new(move || {
                let name = std::thread::current().name().unwrap_or_default().to_owned();
                names.send((lane, name)).unwrap();
                ends.lock().unwrap().recv().unwrap();
            })
        }
    }

    fn held() -> (Held, Receiver<(Lane, String)>, Sender<()>) {
        let (names, named) = channel();
        let (end, ends) = channel();
        (Held { names, ends: Arc::new(Mutex::new(ends)) }, named, end)
    }

    #[test]
    fn a_day_finds_a_thread_free_however_many_backfills_compute() {
        let threads = Threads::with_background(1).unwrap();
        let (held, named, end) = held();
        for _ in 0..3 {
            threads.shared.put(Lane::Backfill, held.job(Lane::Backfill));
        }
        assert_eq!(named.recv().unwrap(), (Lane::Backfill, "background".to_owned()));
        threads.shared.put(Lane::Daily, held.job(Lane::Daily));
        assert_eq!(named.recv().unwrap(), (Lane::Daily, "compute".to_owned()));
        for _ in 0..4 {
            end.send(()).unwrap();
        }
    }

    #[test]
    fn one_turn_in_eight_of_the_days_threads_is_the_backfills() {
        let threads = Threads::with_background(1).unwrap();
        let (held, named, end) = held();
        // The first of each lane keeps its thread until all others wait.
        let (daily, backfill) = (Lane::Daily, Lane::Backfill);
        for lane in [daily, backfill] {
            threads.shared.put(lane, held.job(lane));
            named.recv().unwrap();
        }
        let order: Vec<Lane> = {
            let mut queue = threads.shared.queue();
            let job = || -> Job { Box::new(|| ()) };
            for lane in [daily, backfill] {
                queue.waiting.of_mut(lane).extend((0..16).map(|_| job()));
            }
            let left = |queue: &Queue| queue.waiting.of(backfill).len();
            let mut taken = Vec::new();
            for _ in 0..16 {
                let before = left(&queue);
                drop(queue.take(Kind::Ordinary, false, true).unwrap());
                taken.push(if left(&queue) < before { backfill } else { daily });
            }
            queue.waiting = ByLane::default();
            taken
        };
        let turns: Vec<usize> = (0..16).filter(|turn| order[*turn] == backfill).collect();
        assert_eq!(turns, [7, 15]);
        // Where no day waits, an ordinary thread stays free for one.
        threads.shared.queue().waiting.of_mut(backfill).push_back(Box::new(|| ()));
        assert!(threads.shared.queue().take(Kind::Ordinary, false, true).is_none());
        assert!(threads.shared.queue().take(Kind::Ordinary, false, false).is_some());
        for _ in 0..2 {
            end.send(()).unwrap();
        }
    }

    #[test]
    fn beside_a_day_a_background_thread_computes_an_eighth_of_the_time() {
        let rests = |kind: Kind| kind.rests_until(100, 103);
        assert_eq!(rests(Kind::Ordinary), 103);
        assert_eq!((103 - 100) * BACKFILL_SHARE as Millis, rests(Kind::Background) - 100);
        assert_eq!(rests(Kind::Spare), Millis::MAX);
        // A clock that was put back asks for no rest, nor for one into the past.
        assert_eq!(Kind::Background.rests_until(103, 100), 100);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_background_thread_runs_when_no_other_wants_to() {
        use thread_priority::thread_schedule_policy;
        let threads = Threads::with_background(1).unwrap();
        let (policies, policy) = channel();
        for lane in Lane::ALL {
            let policies = policies.clone();
            threads.shared.put(lane, Box::new(move || policies.send(thread_schedule_policy()).unwrap()));
            let expected = match lane {
                Lane::Daily => NormalThreadSchedulePolicy::Other,
                Lane::Backfill => NormalThreadSchedulePolicy::Idle,
            };
            assert_eq!(policy.recv().unwrap(), Ok(ThreadSchedulePolicy::Normal(expected)), "{lane:?}");
        }
    }

    #[tokio::test]
    async fn a_computation_that_panics_takes_no_thread_with_it() {
        let threads = Threads::new(1).unwrap();
        let lane = Lane::Daily;
        let panicked = compute_on(&threads, lane, || -> u8 { panic!("a broken formula") }).await;
        assert_eq!(panicked.map_err(|error| error.code), Err("processor_panicked"));
        assert_eq!(compute_on(&threads, lane, || 7).await.ok(), Some(7));
    }
}
