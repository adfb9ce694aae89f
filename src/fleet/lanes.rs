//! WHO GOES NEXT where both lanes have work: days before backfills, within shares that neither can take from
//! the other. Plain values; what waits and what is at work is told.

use crate::flow::{Lane, Millis};

/// Of every so many attempts at a time, one is kept free of backfills: a day that comes in the middle of one
/// begins at once, instead of waiting for one of its attempts to end.
const KEPT_FOR_DAYS: usize = 4;

/// Of every so many attempts at a time, and of every so many computations in turn, one is the backfill's
/// however many days there are: its stated minimum share. Eight, so that a flood of days slows it down to an
/// eighth and never stops it, and costs the days an eighth.
pub const BACKFILL_SHARE: usize = 8;

/// How long after a day's latest order, or computation, a day counts as under way, in milliseconds: longer than any
/// step of its cascade waits for the one before it. Meanwhile a backfill has few attempts, for each of them has writes
/// and messages of its own in the queues of the ledger and the server, where a day's would stand behind them; and its
/// threads rest most of the time, for those who hand the day's messages on.
pub(super) const DAY_UNDER_WAY_MS: Millis = 2_000;

/// Of every so many attempts at a time, a backfill has one while a day is under way: enough for its share of the
/// computations.
const BESIDE_A_DAY: usize = 16;

/// A place for each lane.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ByLane<T> {
    daily: T,
    backfill: T,
}

impl<T> ByLane<T> {
    pub(super) fn of(&self, lane: Lane) -> &T {
        match lane {
            Lane::Daily => &self.daily,
            Lane::Backfill => &self.backfill,
        }
    }

    pub(super) fn of_mut(&mut self, lane: Lane) -> &mut T {
        match lane {
            Lane::Daily => &mut self.daily,
            Lane::Backfill => &mut self.backfill,
        }
    }
}

/// The attempts that are under way at a time.
#[derive(Debug)]
pub(super) struct Slots {
    most: ByLane<usize>,
    /// The backfill's most while a day is under way.
    beside_a_day: usize,
    total: usize,
    taken: ByLane<usize>,
    day_until: Millis,
}

impl Slots {
    /// So many at a time, at least two: one for each lane. Where only one lane is taken, it may have all.
    pub(super) fn of(total: usize, lanes: &[Lane]) -> Self {
        let total = total.max(2);
        let kept = |one_in: usize| (total / one_in).max(1);
        let most = |lane: Lane, of_other: usize| {
            if lanes == [lane] { total } else { total - kept(of_other) }
        };
        let most = ByLane {
            daily: most(Lane::Daily, BACKFILL_SHARE),
            backfill: most(Lane::Backfill, KEPT_FOR_DAYS),
        };
        Self {
            most,
            beside_a_day: kept(BESIDE_A_DAY),
            total,
            taken: ByLane::default(),
            day_until: Millis::MIN,
        }
    }

    /// Whether an order of this lane may be begun now.
    pub(super) fn has_room(&self, lane: Lane, now: Millis) -> bool {
        let most = match lane {
            Lane::Backfill if now < self.day_until => self.beside_a_day,
            Lane::Daily | Lane::Backfill => *self.most.of(lane),
        };
        self.taken.daily + self.taken.backfill < self.total && *self.taken.of(lane) < most
    }

    /// Whether nothing of this lane is under way.
    pub(super) fn is_idle(&self, lane: Lane) -> bool {
        *self.taken.of(lane) == 0
    }

    /// One is begun.
    pub(super) fn take(&mut self, lane: Lane, now: Millis) {
        *self.taken.of_mut(lane) += 1;
        if lane == Lane::Daily {
            self.day_until = now + DAY_UNDER_WAY_MS;
        }
    }

    /// One has ended.
    pub(super) fn give(&mut self, lane: Lane) {
        *self.taken.of_mut(lane) -= 1;
    }
}

/// Whose turn it is where one thing is done at a time.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// Turns of days in a row for which a backfill waited.
    passed_over: usize,
}

impl Turns {
    /// The lane whose turn it is, of those that wait.
    pub(super) fn next(&mut self, daily: bool, backfill: bool) -> Option<Lane> {
        let lane = match (daily, backfill) {
            (false, false) => return None,
            (true, false) => Lane::Daily,
            (false, true) => Lane::Backfill,
            (true, true) if self.passed_over + 1 < BACKFILL_SHARE => {
                self.passed_over += 1;
                return Some(Lane::Daily);
            }
            (true, true) => Lane::Backfill,
        };
        self.passed_over = 0;
        Some(lane)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_lane_can_take_all() {
        for (total, daily_most, backfill_most) in [(128, 112, 96), (8, 7, 6), (2, 1, 1), (0, 1, 1)] {
            for (lane, most) in [(Lane::Daily, daily_most), (Lane::Backfill, backfill_most)] {
                let mut slots = Slots::of(total, &Lane::ALL);
                let mut begun = 0;
                while slots.has_room(lane, 0) {
                    slots.take(lane, 0);
                    begun += 1;
                }
                assert_eq!(begun, most, "{total} {lane:?}");
                let other = if lane == Lane::Daily { Lane::Backfill } else { Lane::Daily };
                assert!(slots.has_room(other, 0), "{total}: {lane:?} took all");
                slots.give(lane);
                assert!(slots.has_room(lane, 0));
            }
        }
    }

    #[test]
    fn a_lane_that_is_taken_alone_has_everything() {
        let mut slots = Slots::of(8, &[Lane::Backfill]);
        for _ in 0..8 {
            assert!(slots.has_room(Lane::Backfill, 0));
            slots.take(Lane::Backfill, 0);
        }
        assert!(!slots.has_room(Lane::Backfill, 0));
    }

    #[test]
    fn while_a_day_is_under_way_a_backfill_has_few() {
        let mut slots = Slots::of(128, &Lane::ALL);
        let begin = |slots: &mut Slots, now| {
            let mut begun = 0;
            while slots.has_room(Lane::Backfill, now) {
                slots.take(Lane::Backfill, now);
                begun += 1;
            }
            begun
        };
        slots.take(Lane::Daily, 1_000);
        assert_eq!(begin(&mut slots, 1_001), 128 / BESIDE_A_DAY);
        slots.give(Lane::Daily);
        assert_eq!(begin(&mut slots, 2_999), 0);
        assert_eq!(begin(&mut slots, 3_000), 96 - 8, "the day is over");
    }

    #[test]
    fn one_turn_in_eight_is_the_backfills() {
        let mut turns = Turns::default();
        let order: Vec<Lane> = (0..24).filter_map(|_| turns.next(true, true)).collect();
        let backfills: Vec<usize> = (0..24).filter(|turn| order[*turn] == Lane::Backfill).collect();
        assert_eq!(backfills, [7, 15, 23]);
        assert_eq!(
            [turns.next(false, true), turns.next(true, false)],
            [Some(Lane::Backfill), Some(Lane::Daily)]
        );
        assert_eq!(turns.next(false, false), None);
    }
}
