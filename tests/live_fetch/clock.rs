//! A clock that a test holds in its hand. Pauses between requests pass at once; a time limit passes only when
//! the server moves the clock, so that nothing sleeps on the wall clock and nothing times out by chance.

use std::sync::Mutex;

use async_trait::async_trait;
use tidegate::fleet::{Clock, Millis};
use tokio::sync::watch;

/// The time limit of a request: a sleep of just this length is one.
pub(crate) const TIME_LIMIT: Millis = 20_000;

pub(crate) struct HandClock {
    now: watch::Sender<Millis>,
    pauses: Mutex<Vec<Millis>>,
}

impl HandClock {
    /// A clock that stands at this moment, `2024-01-27T09:00:00Z`.
    pub(crate) fn at(moment: &str) -> Self {
        let clock = Self { now: watch::Sender::new(0), pauses: Mutex::default() };
        clock.set(moment);
        clock
    }

    pub(crate) fn set(&self, moment: &str) {
        let moment = chrono::DateTime::parse_from_rfc3339(moment).expect("a moment").timestamp_millis();
        self.now.send_replace(moment);
    }

    pub(crate) fn advance(&self, millis: Millis) {
        self.now.send_modify(|now| *now += millis);
    }

    /// The pauses since the last time that this was asked, in milliseconds.
    pub(crate) fn pauses(&self) -> Vec<Millis> {
        std::mem::take(&mut self.pauses.lock().expect("pauses"))
    }
}

#[async_trait]
impl Clock for HandClock {
    fn now(&self) -> Millis {
        *self.now.borrow()
    }

    async fn sleep_until(&self, deadline: Millis) {
        let length = deadline - self.now();
        if length == TIME_LIMIT {
            let mut now = self.now.subscribe();
            now.wait_for(|now| *now >= deadline).await.expect("the clock is there");
        } else if length > 0 {
            self.pauses.lock().expect("pauses").push(length);
            self.advance(length);
        }
    }
}
