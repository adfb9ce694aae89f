//! A warehouse's limits as settings, and how much of each is used up at a moment. Windows slide: what was done is
//! forgotten exactly as long after as the limit says. Reads no clock.

use std::collections::VecDeque;

use crate::flow::{Lane, Millis};

/// A day, in milliseconds.
const DAY_MS: Millis = 24 * 60 * 60 * 1_000;

/// The window of the short limit, in milliseconds.
const SHORT_MS: Millis = 10_000;

/// Of a day's limits, one part in so many is never given to a backfill, so that a day's units find room.
const DAILY_SHARE: u64 = 10;

/// What a warehouse allows, and how the sink gathers. The defaults are BigQuery's documented numbers
/// (cloud.google.com/bigquery/quotas); what fails counts as much as what succeeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkLimits {
    /// Load jobs of a project in a day.
    pub load_jobs_per_project_per_day: u64,
    /// Jobs that write to one unpartitioned table in a day: to the table of notes, here.
    pub jobs_per_unpartitioned_table_per_day: u64,
    /// Partitions of one table that jobs change in a day.
    pub partition_modifications_per_table_per_day: u64,
    /// Changes of one table's metadata, which every job is, in ten seconds.
    pub updates_per_table_per_10_seconds: u64,
    /// Partitions that one job changes.
    pub partitions_per_job: usize,
    /// Files that one job names.
    pub files_per_job: usize,
    /// Jobs under way at a time. The service queues them itself; this bounds what is asked about.
    pub jobs_under_way: usize,
    /// From how many lagging dates on a whole table is loaded by one job, if they are at least half of its dates.
    pub joint_load_from: usize,
    /// How long units of a backfill are gathered, in milliseconds, counted from the first that lags.
    pub backfill_linger_ms: Millis,
    /// Between two looks at everything that the warehouse has, in milliseconds.
    pub look_every_ms: Millis,
}

impl Default for SinkLimits {
    fn default() -> Self {
        Self {
            load_jobs_per_project_per_day: 100_000,
            jobs_per_unpartitioned_table_per_day: 1_500,
            partition_modifications_per_table_per_day: 30_000,
            updates_per_table_per_10_seconds: 50,
            partitions_per_job: 4_000,
            files_per_job: 10_000,
            jobs_under_way: 32,
            joint_load_from: 16,
            backfill_linger_ms: 30_000,
            look_every_ms: 10 * 60 * 1_000,
        }
    }
}

/// How much was used in a sliding window of time.
#[derive(Debug, Clone)]
pub(super) struct Window {
    length: Millis,
    limit: u64,
    used: u64,
    spent: VecDeque<(Millis, u64)>,
}

impl Window {
    /// A day's limit.
    pub(super) fn day(limit: u64) -> Self {
        Self { length: DAY_MS, limit, used: 0, spent: VecDeque::new() }
    }

    /// A limit of ten seconds.
    pub(super) fn short(limit: u64) -> Self {
        Self { length: SHORT_MS, ..Self::day(limit) }
    }

    /// Uses `cost`, at `now`. Moments do not go back.
    pub(super) fn spend(&mut self, now: Millis, cost: u64) {
        self.forget(now);
        self.used += cost;
        self.spent.push_back((now, cost));
    }

    /// `None` where there is room for `cost` now, else when there will be.
    pub(super) fn wait(&mut self, now: Millis, cost: u64, lane: Lane) -> Option<Millis> {
        self.forget(now);
        let limit = match lane {
            Lane::Daily => self.limit,
            Lane::Backfill if self.length == DAY_MS => self.limit - self.limit / DAILY_SHARE,
            Lane::Backfill => self.limit,
        };
        // More than ever fits goes alone, when nothing else is in the window: the service says what it thinks of it.
        let mut over = (self.used + cost).saturating_sub(limit);
        for (at, cost) in &self.spent {
            if over == 0 {
                break;
            }
            over = over.saturating_sub(*cost);
            if over == 0 {
                return Some(at + self.length + 1);
            }
        }
        self.spent.back().filter(|_| over > 0).map(|(at, _)| at + self.length + 1)
    }

    fn forget(&mut self, now: Millis) {
        while let Some((at, cost)) = self.spent.front().filter(|(at, _)| at + self.length < now) {
            debug_assert!(*at <= now);
            self.used -= cost;
            self.spent.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_is_free_again_when_the_window_has_passed() {
        let mut window = Window::short(50);
        (0..50).for_each(|at| window.spend(at, 1));
        assert_eq!(window.wait(60, 1, Lane::Daily), Some(10_001));
        assert_eq!(window.wait(60, 3, Lane::Daily), Some(10_003));
        assert_eq!(window.wait(10_001, 1, Lane::Daily), None);
        assert_eq!(window.wait(10_001, 2, Lane::Daily), Some(10_002));
        assert_eq!(window.wait(30_000, 51, Lane::Daily), None, "alone, whatever it costs");
    }

    #[test]
    fn a_backfill_leaves_a_tenth_of_a_day() {
        let mut window = Window::day(100);
        window.spend(0, 90);
        assert_eq!(window.wait(1, 10, Lane::Daily), None);
        assert_eq!(window.wait(1, 1, Lane::Backfill), Some(DAY_MS + 1));
        assert_eq!(window.wait(DAY_MS + 1, 1, Lane::Backfill), None);
    }
}
