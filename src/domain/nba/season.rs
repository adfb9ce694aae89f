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

/// The part of a season that a game belongs to. Only its games count in the part's own figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SeasonKind {
    /// The 82 games of each team.
    Regular,
    /// The games for the last places in the playoffs: of neither of the other two.
    PlayIn,
    /// The games for the title.
    Playoffs,
}

impl SeasonKind {
    /// All parts, in order of time.
    pub(super) const ALL: [Self; 3] = [Self::Regular, Self::PlayIn, Self::Playoffs];

    /// How the league calls it, and how rows have it as `season_type`.
    #[must_use]
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Regular => "Regular Season",
            Self::PlayIn => "PlayIn",
            Self::Playoffs => "Playoffs",
        }
    }

    /// The part of a `season_type`; none for any other text.
    #[must_use]
    pub(super) fn of(season_type: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind.code() == *season_type)
    }
}

/// Whether the date at `index` lies in its season's bootstrap days (day 0 to 13).
#[must_use]
pub fn is_bootstrap(calendar: &Calendar, index: usize) -> bool {
    calendar.season_day(index) < BOOTSTRAP_DAYS
}

/// Whether a season type is the playoffs; the play-in is not.
#[must_use]
pub(super) fn is_playoffs(season_type: &str) -> bool {
    SeasonKind::of(season_type) == Some(SeasonKind::Playoffs)
}

/// Whether a season type is the regular season; the play-in is not.
#[must_use]
pub(super) fn is_regular(season_type: &str) -> bool {
    SeasonKind::of(season_type) == Some(SeasonKind::Regular)
}

/// `playoffs` by the season type; before them, the play-in included, `early` (October and November), `mid` (December to
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
    fn the_play_in_is_of_neither_part() {
        let cases = [
            ("Regular Season", true, false),
            ("PlayIn", false, false),
            ("Playoffs", false, true),
            ("regular season", false, false),
        ];
        for (season_type, regular, playoffs) in cases {
            assert_eq!(
                (is_regular(season_type), is_playoffs(season_type)),
                (regular, playoffs),
                "{season_type}"
            );
        }
    }

    #[test]
    fn a_late_season_game_in_may_is_no_playoff_game() {
        let cases = [
            ("Regular Season", "2021-05-16", "late"),
            ("PlayIn", "2024-04-16", "late"),
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
