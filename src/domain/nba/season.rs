//! What a date's place in its season means: the bootstrap days, the phase, the kinds of season.
//! Pure; dates come from the calendar that the caller hands in.

use crate::flow::{Calendar, Date, Season};

/// The first days of a season, opening night included, in which there is too little to compute from.
pub const BOOTSTRAP_DAYS: i32 = 14;

/// The season of a date: no season has begun before September since there is a league.
#[must_use]
pub fn season_of(date: Date) -> Season {
    Season::starting(if date.month() >= 9 { date.year() } else { date.year() - 1 })
}

/// How the league calls the games after the regular season.
const PLAYOFFS: &str = "Playoffs";

/// Whether the date at `index` lies in its season's bootstrap days (day 0 to 13).
#[must_use]
pub fn is_bootstrap(calendar: &Calendar, index: usize) -> bool {
    calendar.season_day(index) < BOOTSTRAP_DAYS
}

/// Whether a season type is the playoffs.
#[must_use]
pub(super) fn is_playoffs(season_type: &str) -> bool {
    season_type == PLAYOFFS
}

/// `playoffs` by the season type; before them `early` (October and November), `mid` (December to
/// February) or `late`, by the month.
#[must_use]
pub(super) fn phase(season_type: &str, date: Date) -> &'static str {
    if is_playoffs(season_type) {
        return "playoffs";
    }
    match date.month() {
        10 | 11 => "early",
        12 | 1 | 2 => "mid",
        _ => "late",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_belongs_to_the_season_that_began_before_it() {
        for (date, year) in
            [("2023-10-24", 2023), ("2024-06-17", 2023), ("2020-12-22", 2020), ("2021-07-20", 2020)]
        {
            assert_eq!(season_of(Date::parse(date).expect(date)), Season::starting(year), "{date}");
        }
    }

    #[test]
    fn the_first_fourteen_days_are_bootstrap() {
        let day = |days| (Date::from_days(days), Season::starting(2023));
        let calendar = Calendar::of([day(100), day(113), day(114)]).expect("calendar");
        let found: Vec<bool> = (0..3).map(|at| is_bootstrap(&calendar, at)).collect();
        assert_eq!(found, [true, true, false]);
    }

    #[test]
    fn a_late_season_game_in_may_is_no_playoff_game() {
        let cases = [
            ("Regular Season", "2021-05-16", "late"),
            ("Playoffs", "2024-04-20", "playoffs"),
            ("Regular Season", "2023-10-24", "early"),
            ("Regular Season", "2024-02-01", "mid"),
        ];
        for (season_type, date, expected) in cases {
            let date = Date::parse(date).expect(date);
            assert_eq!(phase(season_type, date), expected, "{date}");
        }
    }
}
