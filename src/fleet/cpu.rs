//! Where processors' computations run: on a bounded number of threads, or inline under simulation.
//! A computation that panics fails its unit for good and nothing else.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::{Semaphore, oneshot};

use crate::flow::Permanent;

/// A computation to run.
pub type Job = Box<dyn FnOnce() + Send>;

/// Something that runs computations.
#[async_trait]
pub trait Cpu: Send + Sync {
    /// Runs the job to its end.
    async fn run(&self, job: Job);
}

/// Threads beside the ones that wait for IO, as many at a time as there are cores.
#[derive(Debug)]
pub struct Threads {
    slots: Arc<Semaphore>,
}

impl Threads {
    /// At most `cores` computations at a time.
    #[must_use]
    pub fn new(cores: usize) -> Self {
        Self { slots: Arc::new(Semaphore::new(cores.max(1))) }
    }
}

#[async_trait]
impl Cpu for Threads {
    async fn run(&self, job: Job) {
        let slot = Arc::clone(&self.slots).acquire_owned().await;
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
    async fn run(&self, job: Job) {
        job();
    }
}

/// Runs a computation and brings back its answer; a panic comes back as a permanent failure.
pub(super) async fn compute_on<T: Send + 'static>(
    cpu: &dyn Cpu,
    job: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Permanent> {
    let (sender, receiver) = oneshot::channel();
    cpu.run(Box::new(move || {
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
    }))
    .await;
    receiver
        .await
        .unwrap_or_else(|_| Err(Permanent::new("processor_lost", "the computation did not come back")))
}
