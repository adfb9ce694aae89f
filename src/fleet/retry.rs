//! When something that failed is tried again. The one place that uses the backoff library; jitter is derived
//! from a text, so that a simulated fleet behaves the same again.

use std::time::Duration;

use backoff::ExponentialBackoffBuilder;
use backoff::backoff::Backoff as _;

use crate::flow::Millis;

/// Attempts at a task that may fail for passing reasons before it becomes a dead letter.
pub const ATTEMPTS_MAX: u32 = 5;

/// The waits between attempts at a task: half a second, two, eight, ... up to a minute.
pub(super) const BETWEEN_ATTEMPTS: Backoff =
    Backoff { first: Duration::from_millis(500), longest: Duration::from_secs(60), factor: 4.0 };

/// How waits grow from one failure to the next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backoff {
    /// The wait after the first failure.
    pub first: Duration,
    /// No wait is longer, jitter apart.
    pub longest: Duration,
    /// How much longer each wait is than the one before.
    pub factor: f64,
}

impl Backoff {
    /// How long to wait after the failed attempt number `attempts` (from 1), in milliseconds; up to a quarter
    /// longer than the plain wait, differently for each `salt`.
    #[must_use]
    pub fn wait_after(&self, attempts: u32, salt: &str) -> Millis {
        let mut backoff = ExponentialBackoffBuilder::new()
            .with_initial_interval(self.first)
            .with_max_interval(self.longest)
            .with_multiplier(self.factor)
            .with_randomization_factor(0.0)
            .with_max_elapsed_time(None)
            .build();
        let mut wait = self.first;
        for _ in 0..attempts.max(1) {
            wait = backoff.next_backoff().unwrap_or(self.longest);
        }
        let seed = blake3::hash(format!("{salt} {attempts}").as_bytes()).as_bytes()[0];
        let jitter = wait.mul_f64(f64::from(seed) / 255.0 / 4.0);
        Millis::try_from((wait + jitter).as_millis()).unwrap_or(Millis::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_stay_bounded() {
        for (attempts, least) in [(1, 500), (2, 2_000), (3, 8_000), (4, 32_000), (5, 60_000), (30, 60_000)] {
            let wait = BETWEEN_ATTEMPTS.wait_after(attempts, "a.b 1970-01-02");
            assert!((least..=least + least / 4).contains(&wait), "{attempts}: {wait}");
            assert_eq!(wait, BETWEEN_ATTEMPTS.wait_after(attempts, "a.b 1970-01-02"));
        }
    }

    #[test]
    fn what_failed_together_is_not_tried_again_together() {
        for (attempts, least) in [(1, 500), (5, 60_000)] {
            let wait = |day: i32| BETWEEN_ATTEMPTS.wait_after(attempts, &format!("a.b day {day}"));
            let waits: std::collections::BTreeSet<Millis> = (0..100).map(wait).collect();
            assert!(waits.len() > 50, "{attempts}: {waits:?}");
            let (first, last) = (waits.first().expect("waits"), waits.last().expect("waits"));
            assert!(
                *first < least + least / 20 && *last > least + least / 5,
                "{attempts}: {first} to {last}"
            );
        }
    }
}
