//! Which rows count for what: the parts in time and the populations that figures are given for.
//! Pure. No date is in two parts, and no figure is without the population that it is of.

use std::collections::BTreeSet;

use super::rows_features::PointsTraining;
use crate::domain::nba::season::{is_playoffs, is_regular};
use crate::flow::Date;

/// Games of the season from which a player belongs to the regular population.
const GAMES_ESTABLISHED: i64 = 10;
/// Minutes a game of the season from which he belongs to the rotation players.
const MINUTES_ROTATION: f64 = 20.0;
/// Of the dates, in per cent: those before the validation part, and those before the test part.
const TRAIN_PER_CENT: usize = 70;
const VALIDATION_END_PER_CENT: usize = 85;

/// A part of the dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// What the trees are grown on: the first 70 % of the dates.
    Train,
    /// What says how many trees: the next 15 %.
    Validation,
    /// What nothing was decided by: the last 15 %.
    Test,
}

impl Part {
    /// All, in order of date.
    pub const ALL: [Self; 3] = [Self::Train, Self::Validation, Self::Test];

    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }
}

/// Rows that figures are given for. Season days before the 15th have no rows at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Population {
    /// Regular season, at least 10 earlier games of the season: the one that targets are set on.
    All,
    /// Of these, who has a season mean of at least 20 minutes.
    TwentyMinutes,
    /// Regular season, 1 to 9 earlier games of the season.
    Newcomers,
    /// Playoffs, at least 10 earlier games of the season.
    Playoffs,
}

impl Population {
    /// All, the one that targets are set on first.
    pub const ALL: [Self; 4] = [Self::All, Self::TwentyMinutes, Self::Newcomers, Self::Playoffs];

    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::TwentyMinutes => "minutes_20",
            Self::Newcomers => "newcomers",
            Self::Playoffs => "playoffs",
        }
    }

    /// What it is, for people.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::All => "regular season from day 15, players with 10 or more earlier games of the season",
            Self::TwentyMinutes => "of `all`, players with a season mean of 20 or more minutes",
            Self::Newcomers => "regular season from day 15, players with 1 to 9 earlier games of the season",
            Self::Playoffs => "playoffs, players with 10 or more earlier games of the season",
        }
    }

    /// Whether a row belongs to it. A row of the play-in belongs to none.
    #[must_use]
    pub fn holds(self, row: &PointsTraining) -> bool {
        let (regular, playoffs) = (is_regular(&row.season_type), is_playoffs(&row.season_type));
        let established = row.games_season >= GAMES_ESTABLISHED;
        match self {
            Self::All => regular && established,
            Self::TwentyMinutes => {
                Self::All.holds(row) && row.minutes_avg_season.is_some_and(|m| m >= MINUTES_ROTATION)
            }
            Self::Newcomers => regular && !established && row.games_season > 0,
            Self::Playoffs => playoffs && established,
        }
    }
}

/// Where the parts begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Split {
    validation_from: Date,
    test_from: Date,
}

impl Split {
    /// Cuts the dates that have rows of the population `All` at 70 and 85 %; rows of other populations
    /// follow by their dates. `None` where a part would have no date.
    pub(super) fn of<'a>(rows: impl IntoIterator<Item = &'a PointsTraining>) -> Option<Self> {
        let dates: BTreeSet<Date> =
            rows.into_iter().filter(|row| Population::All.holds(row)).map(|row| row.game_date).collect();
        let dates: Vec<Date> = dates.into_iter().collect();
        let at = |per_cent: usize| dates.len() * per_cent / 100;
        let (train, validation) = (at(TRAIN_PER_CENT), at(VALIDATION_END_PER_CENT));
        let whole = train > 0 && validation > train && validation < dates.len();
        whole.then(|| Self { validation_from: dates[train], test_from: dates[validation] })
    }

    /// The part of a date.
    pub(super) fn part(self, date: Date) -> Part {
        if date < self.validation_from {
            Part::Train
        } else if date < self.test_from {
            Part::Validation
        } else {
            Part::Test
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::nba::points::schema::{FEATURE_SLOTS, feature_schema};

    /// A row of an established player whose features are all `value`.
    pub(in crate::domain::nba::points) fn row(day: i32, player_id: i64, points: i64) -> PointsTraining {
        PointsTraining {
            player_id,
            player_lookup: format!("player{player_id}").into(),
            game_date: Date::from_days(day),
            game_id: "".into(),
            season_year: 2023,
            season_type: "Regular Season".into(),
            points,
            minutes_played: 30,
            games_season: 10,
            minutes_avg_season: Some(20.0),
            points_avg_last_5: Some(10.0),
            points_avg_last_10: Some(10.0),
            points_avg_season: Some(10.0),
            features: vec![10.0; FEATURE_SLOTS.len()].into(),
            feature_schema: feature_schema(),
        }
    }

    #[test]
    fn populations() {
        let playoffs = PointsTraining { season_type: "Playoffs".into(), ..row(1, 1, 1) };
        let play_in = PointsTraining { season_type: "PlayIn".into(), ..row(1, 1, 1) };
        let new_play_in = PointsTraining { games_season: 9, ..play_in.clone() };
        let newcomer = PointsTraining { games_season: 9, ..row(1, 1, 1) };
        let first_game = PointsTraining { games_season: 0, ..row(1, 1, 1) };
        let reserve = PointsTraining { minutes_avg_season: Some(19.9), ..row(1, 1, 1) };
        let cases = [
            ("rotation", row(1, 1, 1), [true, true, false, false]),
            ("reserve", reserve, [true, false, false, false]),
            ("newcomer", newcomer, [false, false, true, false]),
            ("first game", first_game, [false, false, false, false]),
            ("play-in", play_in, [false, false, false, false]),
            ("a newcomer's play-in", new_play_in, [false, false, false, false]),
            ("playoffs", playoffs, [false, false, false, true]),
        ];
        for (name, row, expected) in cases {
            assert_eq!(Population::ALL.map(|population| population.holds(&row)), expected, "{name}");
        }
    }

    #[test]
    fn no_date_is_in_two_parts_and_the_parts_follow_each_other() {
        let rows: Vec<PointsTraining> = (0..20).flat_map(|day| [row(day, 1, 5), row(day, 2, 5)]).collect();
        let split = Split::of(&rows).expect("three parts");
        let parts: Vec<Part> = (0..20).map(|day| split.part(Date::from_days(day))).collect();
        assert!(parts.is_sorted());
        let count = |part| parts.iter().filter(|p| **p == part).count();
        assert_eq!(Part::ALL.map(count), [14, 3, 3]);
        assert_eq!(Split::of(&rows[..4]), None, "two dates are no three parts");
    }
}
