//! When a failed attempt is tried again. The one place that uses the backoff library; jitter is derived
//! from the unit, so that a simulated fleet behaves the same again.

use std::time::Duration;

use backoff::ExponentialBackoffBuilder;
use backoff::backoff::Backoff;

use crate::flow::{Millis, Unit};

/// Attempts at a task that may fail for passing reasons before it becomes a dead letter.
pub const ATTEMPTS_MAX: u32 = 5;

const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
const FACTOR: f64 = 4.0;

/// How long to wait after the failed attempt number `attempts` (from 1), in milliseconds: half a second,
/// two, eight, ... up to a minute, each up to a quarter longer, differently for each unit.
#[must_use]
pub(super) fn wait_after(attempts: u32, unit: Unit) -> Millis {
    let mut backoff = ExponentialBackoffBuilder::new()
        .with_initial_interval(FIRST_WAIT)
        .with_max_interval(LONGEST_WAIT)
        .with_multiplier(FACTOR)
        .with_randomization_factor(0.0)
        .with_max_elapsed_time(None)
        .build();
    let mut wait = FIRST_WAIT;
    for _ in 0..attempts.max(1) {
        wait = backoff.next_backoff().unwrap_or(LONGEST_WAIT);
    }
    let seed = blake3::hash(format!("{unit} {attempts}").as_bytes()).as_bytes()[0];
    let jitter = wait.mul_f64(f64::from(seed) / 255.0 / 4.0);
    Millis::try_from((wait + jitter).as_millis()).unwrap_or(Millis::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::{DatasetName, Date};

    #[test]
    fn waits_grow_and_stay_bounded() {
        let unit = Unit { dataset: DatasetName::of("a.b"), date: Date::from_days(1) };
        for (attempts, least) in [(1, 500), (2, 2_000), (3, 8_000), (4, 32_000), (5, 60_000), (30, 60_000)] {
            let wait = wait_after(attempts, unit);
            assert!((least..=least + least / 4).contains(&wait), "{attempts}: {wait}");
            assert_eq!(wait, wait_after(attempts, unit));
        }
    }
}
