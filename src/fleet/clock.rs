//! Time as a port: the machine's clock, and a manual one that moves only when it is told to.
//! The only file that reads the machine's clock; everything else takes a moment as an argument.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::task::{Poll, Waker};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;

use super::ports::Clock;
use crate::flow::Millis;

/// The machine's clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Millis {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
    }

    async fn sleep_until(&self, deadline: Millis) {
        let wait = u64::try_from(deadline - self.now()).unwrap_or(0);
        tokio::time::sleep(Duration::from_millis(wait)).await;
    }
}

/// A clock that stands still until it is moved.
#[derive(Debug, Default)]
pub struct ManualClock {
    state: Mutex<Manual>,
}

#[derive(Debug, Default)]
struct Manual {
    now: Millis,
    sleepers: BTreeMap<Millis, Vec<Waker>>,
}

impl ManualClock {
    /// A clock that shows `now`.
    #[must_use]
    pub fn at(now: Millis) -> Self {
        let state = Mutex::new(Manual { now, sleepers: BTreeMap::new() });
        Self { state }
    }

    /// Moves on to the earliest moment that somebody sleeps for, and wakes them; `false` where nobody does.
    pub fn advance(&self) -> bool {
        let mut state = self.lock();
        let Some((deadline, wakers)) = state.sleepers.pop_first() else {
            return false;
        };
        state.now = state.now.max(deadline);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
        true
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Manual> {
        self.state.lock().expect("nobody panics while holding the manual clock")
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Millis {
        self.lock().now
    }

    async fn sleep_until(&self, deadline: Millis) {
        std::future::poll_fn(|context| {
            let mut state = self.lock();
            if state.now >= deadline {
                return Poll::Ready(());
            }
            state.sleepers.entry(deadline).or_default().push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}
