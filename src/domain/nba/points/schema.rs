//! Which features the points model sees: name, unit and meaning of each, their order and their version, as
//! data. The one place that training and prediction share; a row made by another list is refused.
//! Declarations and the encoding of a vector; no formula.

use std::sync::{Arc, LazyLock};

use crate::domain::nba::statistics::rounded;

/// The version of the features' meaning: raised by whoever changes a formula under a name that stays.
pub const FEATURE_VERSION: &str = "points_wide_v1";

/// What a slot holds where a feature has no value: below all that a feature can be. The model takes it for
/// missing; it is never averaged and never guessed at.
pub const ABSENT: f64 = -1000.0;

/// Decimals of a stored feature.
const DECIMALS: i32 = 4;

/// One feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeatureSlot {
    /// Its name, unique.
    pub name: &'static str,
    /// In what it is measured.
    pub unit: &'static str,
    /// What it is, for people.
    pub meaning: &'static str,
}

macro_rules! features {
    ($($name:ident [$unit:literal] $meaning:literal;)*) => {
        /// All features, in the order of the vector.
        pub const FEATURE_SLOTS: &[FeatureSlot] = &[
            $(FeatureSlot { name: stringify!($name), unit: $unit, meaning: $meaning },)*
        ];

        /// The features of one player before one game, by name; `None` where there is no value.
        #[derive(Debug, Clone, Default, PartialEq)]
        pub(super) struct PointsVector {
            $(#[doc = $meaning] pub(super) $name: Option<f64>,)*
        }

        impl PointsVector {
            /// The values in the order of `FEATURE_SLOTS`, 4 decimals, `ABSENT` where there is none.
            pub(super) fn encode(&self) -> Arc<[f64]> {
                [$(self.$name,)*].map(encoded).into()
            }
        }
    };
}

fn encoded(value: Option<f64>) -> f64 {
    let value = value.map_or(ABSENT, |value| rounded(value, DECIMALS));
    assert!(value.is_finite() && value >= ABSENT, "a feature is a number above {ABSENT}: {value}");
    value
}

/// The hash of names, units, order and version, as 16 hexadecimal digits: equal exactly where vectors mean
/// the same.
#[must_use]
pub fn feature_schema() -> Arc<str> {
    static SCHEMA: LazyLock<Arc<str>> = LazyLock::new(|| {
        let mut hasher = blake3::Hasher::new();
        for text in FEATURE_SLOTS.iter().flat_map(|slot| [slot.name, slot.unit]).chain([FEATURE_VERSION]) {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
        hasher.finalize().to_hex()[..16].into()
    });
    Arc::clone(&SCHEMA)
}

features! {
    points_ewm_2 ["points"] "his points a game, half-life 2 games, this season and the one before";
    points_ewm_5 ["points"] "his points a game, half-life 5 games";
    points_ewm_10 ["points"] "his points a game, half-life 10 games";
    points_ewm_25 ["points"] "his points a game, half-life 25 games";
    points_avg_season ["points"] "his points a game this season";
    points_avg_last_5 ["points"] "his points a game, last 5 games of this season";
    points_avg_last_10 ["points"] "his points a game, last 10 games of this season";
    points_median_last_10 ["points"] "median of his points, last 10 games of this season";
    points_std_last_10 ["points"] "sample standard deviation of his points, last 10 games of this season";
    points_last_game ["points"] "his points in his last game of this season";
    minutes_ewm_2 ["minutes"] "his minutes a game, half-life 2 games";
    minutes_ewm_5 ["minutes"] "his minutes a game, half-life 5 games";
    minutes_ewm_10 ["minutes"] "his minutes a game, half-life 10 games";
    minutes_avg_season ["minutes"] "his minutes a game this season";
    minutes_last_game ["minutes"] "his minutes in his last game of this season";
    minutes_std_last_10 ["minutes"] "sample standard deviation of his minutes, last 10 games of this season";
    minutes_max_last_10 ["minutes"] "most minutes in a game, last 10 games of this season";
    points_per_minute_ewm_10 ["points/minute"] "points_ewm_10 over minutes_ewm_10 (1 at least)";
    points_per_minute_ewm_25 ["points/minute"] "points over minutes, half-life 25 games";
    points_projected ["points"] "points_per_minute_ewm_25 times the mean of minutes_ewm_2 and minutes_ewm_5";
    true_shooting_ewm_10 ["share"] "points of 2 (FGA + 0.44 FTA), half-life 10 games that have attempts";
    usage_ewm_3 ["per cent"] "his usage rate, half-life 3 games";
    usage_ewm_10 ["per cent"] "his usage rate, half-life 10 games";
    field_goal_attempts_ewm_3 ["attempts"] "his field goal attempts a game, half-life 3 games";
    field_goal_attempts_ewm_10 ["attempts"] "his field goal attempts a game, half-life 10 games";
    free_throw_attempts_ewm_10 ["attempts"] "his free throw attempts a game, half-life 10 games";
    three_point_attempts_ewm_10 ["attempts"] "his three-point attempts a game, half-life 10 games";
    possessions_used_ewm_3 ["possessions"] "FGA + 0.44 FTA + turnovers a game, half-life 3 games";
    possessions_used_ewm_10 ["possessions"] "FGA + 0.44 FTA + turnovers a game, half-life 10 games";
    rebounds_ewm_15 ["rebounds"] "his rebounds a game, half-life 15 games";
    assists_ewm_15 ["assists"] "his assists a game, half-life 15 games";
    blocks_ewm_15 ["blocks"] "his blocks a game, half-life 15 games";
    fouls_ewm_15 ["fouls"] "his personal fouls a game, half-life 15 games";
    plus_minus_ewm_15 ["points"] "his plus-minus a game, half-life 15 games";
    paint_attempts_ewm_15 ["attempts"] "his attempts in the paint, half-life 15 charted games";
    mid_range_attempts_ewm_15 ["attempts"] "his mid-range attempts, half-life 15 charted games";
    points_avg_previous_season ["points"] "his points a game in the last regular season";
    minutes_avg_previous_season ["minutes"] "his minutes a game in the last regular season";
    days_rest ["days"] "days since his last game of this season, at most 30";
    games_last_7_days ["games"] "his games in the 7 days before the date";
    minutes_last_7_days ["minutes"] "his minutes in the 7 days before the date";
    team_games_missed ["games"] "his team's games in a row, up to the last one, that he missed, at most 20";
    share_played_last_10 ["share"] "how many of his team's last 10 games he played";
    team_games_in_a_row ["games"] "his team's games in a row, up to the last one, that he played, at most 20";
    games_season ["games"] "his games of this season";
    season_day ["days"] "the date's day of the season, opening night is 1";
    is_home ["flag"] "1 at home, 0 away";
    is_playoffs ["flag"] "1 in the playoffs, else 0";
    team_off_rating_ewm_15 ["points/100"] "his team's offensive rating, half-life 15 games";
    team_pace_ewm_15 ["possessions/48"] "his team's pace, half-life 15 games";
    team_margin_ewm_15 ["points"] "his team's margin of victory, half-life 15 games";
    team_days_since_game ["days"] "days since his team's last game of this season, at most 10";
    opponent_def_rating_ewm_5 ["points/100"] "the opponent's defensive rating, half-life 5 games";
    opponent_def_rating_ewm_15 ["points/100"] "the opponent's defensive rating, half-life 15 games";
    opponent_pace_ewm_15 ["possessions/48"] "the opponent's pace, half-life 15 games";
    opponent_margin_ewm_15 ["points"] "the opponent's margin of victory, half-life 15 games";
    opponent_days_since_game ["days"] "days since the opponent's last game of this season, at most 10";
    opponent_allowed_to_role ["points"] "what players of his role scored against the opponent beyond their own season's mean, summed by game, half-life 12 games";
    expected_margin ["points"] "team_margin_ewm_15 less opponent_margin_ewm_15, and 2 for the home side, mirrored";
    expected_pace ["possessions/48"] "mean of both teams' pace";
    mates_available_last_game ["points"] "points_ewm_10 of who played his team's last game, himself left out, summed";
    mates_available_last_3 ["points"] "the same, mean of his team's last 3 games";
    mates_available_in_his_games ["points"] "the same over the games that he played for his team, half-life 10 games";
    mates_available_change ["points"] "mates_available_last_game less mates_available_in_his_games";
    mates_missing_points ["points"] "points_ewm_10 of team-mates of the last 15 games who missed the last one, summed";
    mates_missing_minutes ["minutes"] "minutes_ewm_10 of the same, summed";
    mates_missing_role_minutes ["minutes"] "minutes_ewm_10 of those of the same who have his role, summed";
    best_mate_missing ["points"] "the highest points_ewm_10 among the same";
    minutes_rank_last_game ["rank"] "his rank by minutes in his team's last game, 0 is most; 20 if he did not play";
    points_rank ["rank"] "his rank by points_ewm_10 among his team's players of the last 15 games, 0 is most";
    points_share ["share"] "his points_ewm_10 of rotation_points";
    rotation_points ["points"] "points_ewm_10 of who played his team's last game, summed";
    minutes_a_team_game_last_5 ["minutes"] "his minutes over his team's last 5 games, 0 where he missed one, mean";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_the_vector_has_them_all() {
        let names: BTreeSet<&str> = FEATURE_SLOTS.iter().map(|slot| slot.name).collect();
        assert_eq!(names.len(), FEATURE_SLOTS.len());
        assert!((40..=80).contains(&names.len()), "{}", names.len());
        let vector = PointsVector { points_ewm_5: Some(12.345_678), ..PointsVector::default() };
        let values = vector.encode();
        assert_eq!(values.len(), FEATURE_SLOTS.len());
        assert_eq!((values[0], values[1]), (ABSENT, 12.3457));
    }

    #[test]
    fn the_document_lists_every_feature_in_order() {
        let document = include_str!("../../../../docs/MODEL.md");
        let (_, table) =
            document.split_once("| # | feature | unit | meaning |\n|---|---|---|---|\n").expect("a table");
        let listed: Vec<&str> = table.lines().take_while(|line| line.starts_with('|')).collect();
        let line = |(at, slot): (usize, &FeatureSlot)| {
            format!("| {at} | `{}` | {} | {} |", slot.name, slot.unit, slot.meaning)
        };
        let expected: Vec<String> = FEATURE_SLOTS.iter().enumerate().map(line).collect();
        assert_eq!(listed, expected, "docs/MODEL.md is not what the code says");
        let count = format!("| date | {} features of each player", FEATURE_SLOTS.len());
        assert!(document.contains(&count), "docs/MODEL.md does not say `{count}`");
    }

    #[test]
    fn the_schema_is_a_short_hash_that_stays() {
        assert_eq!(feature_schema().len(), 16);
        assert_eq!(feature_schema(), feature_schema());
    }

    #[test]
    #[should_panic(expected = "a feature is a number")]
    fn no_feature_is_not_a_number() {
        let vector = PointsVector { is_home: Some(f64::NAN), ..PointsVector::default() };
        vector.encode();
    }
}
