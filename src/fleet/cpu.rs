//! Where processors' computations run: on a bounded number of threads, or inline under simulation.
//! A computation that panics fails its unit for good and nothing else.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::sync::oneshot;

use super::lanes::{ByLane, Turns};
use crate::flow::{Lane, Permanent};

/// A computation to run.
pub type Job = Box<dyn FnOnce() + Send>;

/// Something that runs computations.
#[async_trait]
pub trait Cpu: Send + Sync {
    /// Runs the job to its end; days go first, within the shares of the lanes.
    async fn run(&self, lane: Lane, job: Job);
}

/// Threads beside the ones that wait for IO, as many at a time as there are cores.
#[derive(Debug)]
pub struct Threads(Arc<Mutex<Queue>>);

#[derive(Debug)]
struct Queue {
    free: usize,
    waiting: ByLane<VecDeque<oneshot::Sender<Slot>>>,
    turns: Turns,
}

/// The right to compute; passed on to whoever is next when it is dropped.
#[derive(Debug)]
struct Slot(Option<Arc<Mutex<Queue>>>);

impl Threads {
    /// At most `cores` computations at a time.
    #[must_use]
    pub fn new(cores: usize) -> Self {
        let (waiting, turns) = (ByLane::default(), Turns::default());
        Self(Arc::new(Mutex::new(Queue { free: cores.max(1), waiting, turns })))
    }

    async fn slot(&self, lane: Lane) -> Slot {
        let turn = {
            let mut queue = lock(&self.0);
            if queue.free > 0 {
                queue.free -= 1;
                return Slot(Some(Arc::clone(&self.0)));
            }
            let (sender, turn) = oneshot::channel();
            queue.waiting.of_mut(lane).push_back(sender);
            turn
        };
        turn.await
            .unwrap_or_else(|_| unreachable!("whoever waits is called, for the queue outlives its slots"))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let Some(threads) = self.0.take() else { return };
        loop {
            let mut queue = lock(&threads);
            let is_waited = |lane: Lane| !queue.waiting.of(lane).is_empty();
            let (daily, backfill) = (is_waited(Lane::Daily), is_waited(Lane::Backfill));
            let Some(lane) = queue.turns.next(daily, backfill) else {
                queue.free += 1;
                return;
            };
            let next = queue.waiting.of_mut(lane).pop_front();
            drop(queue);
            match next.map(|next| next.send(Slot(Some(Arc::clone(&threads))))) {
                Some(Ok(())) => return,
                // Nobody waits there any more: it is the turn of the one after.
                Some(Err(mut unwanted)) => unwanted.0 = None,
                None => {}
            }
        }
    }
}

fn lock(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Cpu for Threads {
    async fn run(&self, lane: Lane, job: Job) {
        let slot = self.slot(lane).await;
        let finished = tokio::task::spawn_blocking(move || {
            job();
            drop(slot);
        })
        .await;
        if let Err(error) = finished {
            tracing::error!(%error, "a computation was lost");
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
                let message = panic
                    .downcast_ref::<String>()
                    .map(String::as_str)
                    .or_else(|| panic.downcast_ref::<&str>().copied())
                    .unwrap_or("no message");
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
