//! Windows: which units of an input a unit reads, and which units read a given one.
//! Every window is a contiguous range of the calendar whose two ends never move backwards as the date
//! moves on; therefore the dependents of a date are a contiguous range too, found by bisection.

use std::ops::Range;

use super::date::Calendar;

/// Which dates of an input a date reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Window {
    /// The date itself.
    SameDate,
    /// Up to this many dates of the calendar before the date, seasons notwithstanding.
    PreviousDates(u16),
    /// All dates before the date, of every season.
    AllBefore,
    /// From the first date of the date's civil month to the date itself, included. Of a monthly dataset
    /// these are the month's unit and those made on demand since: the last of them is the latest one.
    MonthToDate,
    /// All dates of the season before the date.
    SeasonBefore,
    /// All dates of the season up to the date, itself included.
    SeasonToDate,
    /// All dates of the season before the date and, in the season's first `first_days` days, also the
    /// last `carried_days` days of the season before it.
    SeasonBeforeCarrying {
        /// For how many days after the season's opening the last season is read too.
        first_days: u16,
        /// How many calendar days of the last season, counted back from its last date.
        carried_days: u16,
    },
    /// Dates at most `back` days before and `ahead` days after the date, itself included.
    Days {
        /// Calendar days before.
        back: u16,
        /// Calendar days after.
        ahead: u16,
    },
}

impl Window {
    /// The indexes that the date at `at` reads.
    #[must_use]
    pub fn inputs(self, calendar: &Calendar, at: usize) -> Range<usize> {
        let season_start = || calendar.season_range(calendar.season(at)).start;
        match self {
            Self::SameDate => at..at + 1,
            Self::PreviousDates(count) => at.saturating_sub(usize::from(count))..at,
            Self::AllBefore => 0..at,
            Self::MonthToDate => calendar.month_opening(at)..at + 1,
            Self::SeasonBefore => season_start()..at,
            Self::SeasonToDate => season_start()..at + 1,
            Self::SeasonBeforeCarrying { first_days, carried_days } => {
                let start = season_start();
                if start == 0 || calendar.season_day(at) >= i32::from(first_days) {
                    return start..at;
                }
                let last = start - 1;
                let from = calendar.date(last).plus_days(-i32::from(carried_days));
                let previous = calendar.season_range(calendar.season(last));
                calendar.between(from, calendar.date(last)).start.max(previous.start)..at
            }
            Self::Days { back, ahead } => {
                let date = calendar.date(at);
                let from = date.plus_days(-i32::from(back));
                calendar.between(from, date.plus_days(i32::from(ahead)))
            }
        }
    }

    /// The indexes of all dates that read the one at `at`.
    #[must_use]
    pub fn dependents(self, calendar: &Calendar, at: usize) -> Range<usize> {
        let first = bisect(calendar.len(), |date| self.inputs(calendar, date).end <= at);
        let end = bisect(calendar.len(), |date| self.inputs(calendar, date).start <= at);
        first..end.max(first)
    }

    /// Whether a window holds nothing after its date's own payloads: what feeds a prediction may only
    /// read windows that end before the date.
    #[must_use]
    pub const fn is_strictly_before(self) -> bool {
        match self {
            Self::SameDate | Self::MonthToDate | Self::SeasonToDate | Self::Days { .. } => false,
            Self::AllBefore
            | Self::PreviousDates(_)
            | Self::SeasonBefore
            | Self::SeasonBeforeCarrying { .. } => true,
        }
    }
}

/// The first index in `0..len` for which `before` no longer holds.
fn bisect(len: usize, before: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, len);
    while low < high {
        let middle = usize::midpoint(low, high);
        if before(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::super::date::{Date, Season};
    use super::*;

    fn calendar() -> Calendar {
        let season = |year, days: &[i32]| -> Vec<_> {
            days.iter().map(|d| (Date::from_days(*d), Season::starting(year))).collect()
        };
        let mut dates = season(2020, &[0, 1, 3, 4, 9, 10, 30, 31]);
        dates.extend(season(2021, &[100, 101, 104, 105, 120, 140]));
        dates.extend(season(2022, &[300, 302]));
        Calendar::of(dates).expect("calendar")
    }

    const ALL: [Window; 10] = [
        Window::SameDate,
        Window::PreviousDates(1),
        Window::PreviousDates(4),
        Window::SeasonBefore,
        Window::SeasonBeforeCarrying { first_days: 5, carried_days: 22 },
        Window::Days { back: 3, ahead: 1 },
        Window::Days { back: 0, ahead: 0 },
        Window::AllBefore,
        Window::MonthToDate,
        Window::SeasonToDate,
    ];

    #[test]
    fn dependents_are_exactly_the_dates_that_read_it() {
        let calendar = calendar();
        for window in ALL {
            for at in 0..calendar.len() {
                let expected: Vec<usize> =
                    (0..calendar.len()).filter(|d| window.inputs(&calendar, *d).contains(&at)).collect();
                let found: Vec<usize> = window.dependents(&calendar, at).collect();
                assert_eq!(found, expected, "{window:?} at {at}");
            }
        }
    }

    #[test]
    fn inputs_by_window() {
        let calendar = calendar();
        let cases = [
            (Window::SameDate, 4, 4..5),
            (Window::PreviousDates(4), 2, 0..2),
            (Window::PreviousDates(4), 9, 5..9),
            (Window::SeasonBefore, 8, 8..8),
            (Window::SeasonBefore, 11, 8..11),
            (ALL[4], 0, 0..0),
            (ALL[4], 8, 4..8),
            (ALL[4], 10, 4..10),
            (ALL[4], 11, 8..11),
            (ALL[5], 3, 1..4),
            (Window::AllBefore, 9, 0..9),
            (Window::SeasonToDate, 8, 8..9),
            (Window::SeasonToDate, 11, 8..12),
            (Window::MonthToDate, 7, 7..8),
            (Window::MonthToDate, 10, 8..11),
        ];
        for (window, at, expected) in cases {
            assert_eq!(window.inputs(&calendar, at), expected, "{window:?} at {at}");
        }
    }
}
