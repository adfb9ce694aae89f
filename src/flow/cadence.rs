//! Cadence: on which dates of the calendar a processor has units of its own accord. Most have one on every
//! date; what is made rarely (a trained model) has one a month, and more where somebody asks for them.

use super::date::Calendar;

/// On which dates a processor has units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cadence {
    /// On every date.
    EveryDate,
    /// On the first date of each civil month. A unit of any other date is made only on demand; once made,
    /// it is kept up to date like the others.
    MonthOpening,
}

impl Cadence {
    /// Whether the date at `at` has a unit of its own accord.
    #[must_use]
    pub fn falls_on(self, calendar: &Calendar, at: usize) -> bool {
        match self {
            Self::EveryDate => true,
            Self::MonthOpening => calendar.month_opening(at) == at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::date::{Date, Season};
    use super::*;

    #[test]
    fn a_month_opens_on_its_first_date_of_the_calendar() {
        let days = ["2023-12-30", "2023-12-31", "2024-01-03", "2024-01-31", "2024-02-01", "2025-02-01"];
        let dates = days.map(|day| (Date::parse(day).expect("a date"), Season::starting(2023)));
        let calendar = Calendar::of(dates).expect("a calendar");
        let falls = |cadence: Cadence| -> Vec<usize> {
            (0..calendar.len()).filter(|at| cadence.falls_on(&calendar, *at)).collect()
        };
        assert_eq!(falls(Cadence::MonthOpening), [0, 2, 4, 5]);
        assert_eq!(falls(Cadence::EveryDate), [0, 1, 2, 3, 4, 5]);
    }
}
