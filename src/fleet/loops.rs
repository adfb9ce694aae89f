//! Tasks that run until they are stopped: one that ends before is a failure of all. Knows nothing of what they do.

use std::future::Future;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::flow::Failure;

/// Tasks with the token that stops them.
pub(super) struct Loops {
    stop: CancellationToken,
    tasks: JoinSet<Result<(), Failure>>,
}

impl Loops {
    /// None yet; `stop` tells them to end.
    pub(super) fn until(stop: CancellationToken) -> Self {
        Self { stop, tasks: JoinSet::new() }
    }

    /// One more.
    pub(super) fn spawn(&mut self, task: impl Future<Output = Result<(), Failure>> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// Comes back when one has ended although nobody asked it to: with its failure.
    pub(super) async fn failed(&mut self) -> Failure {
        loop {
            match self.tasks.join_next().await {
                Some(Ok(Err(failure))) => return failure,
                Some(Ok(Ok(()))) => {}
                Some(Err(panic)) => std::panic::resume_unwind(panic.into_panic()),
                None => std::future::pending().await,
            }
        }
    }

    /// Tells them to end, and waits until they have. `of` names whose they are in the log.
    pub(super) async fn stop(mut self, of: &'static str) {
        self.stop.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            match ended {
                Ok(Ok(())) => {}
                Ok(Err(failure)) => {
                    tracing::warn!(of, %failure, "a loop ended with a failure while stopping")
                }
                Err(error) => tracing::error!(of, %error, "a loop panicked while stopping"),
            }
        }
    }
}
