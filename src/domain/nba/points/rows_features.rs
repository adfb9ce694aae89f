//! The rows of `nba.points_features` and `nba.points_training`. Declarations only; the features are listed
//! in `schema.rs`. Nothing of the date's outcome is in a feature.

use std::sync::Arc;

use crate::flow::Date;

crate::rows! {
    /// One player before one game: everything that the points model sees.
    pub struct PointsFeatures key(player_id) {
        /// The league's id of the player.
        pub player_id: i64,
        /// The normalised name.
        pub player_lookup: Arc<str>,
        /// The US date of the game.
        pub game_date: Date,
        /// The canonical id of the game, `YYYYMMDD_AWAY_HOME`.
        pub game_id: Arc<str>,
        /// The league's ten-digit id of the game.
        pub nba_game_id: Arc<str>,
        /// The civil year in which the season starts.
        pub season_year: i64,
        /// `Regular Season`, `PlayIn` or `Playoffs`.
        pub season_type: Arc<str>,
        /// The team, as in the upcoming context.
        pub team_abbr: Arc<str>,
        /// The other team.
        pub opponent_team_abbr: Arc<str>,
        /// `latest_team` or `box_score`, as in the upcoming context.
        pub population_source: Arc<str>,
        /// His games of this season before the date.
        pub games_season: i64,
        /// Minutes a game this season before the date; null before his first one.
        pub minutes_avg_season: Option<f64>,
        /// Points a game in his last 5 games of this season.
        pub points_avg_last_5: Option<f64>,
        /// Points a game in his last 10 games of this season, or all there are.
        pub points_avg_last_10: Option<f64>,
        /// Points a game this season.
        pub points_avg_season: Option<f64>,
        /// The features, in the order of the schema; -1000 where one has no value.
        pub features: Arc<[f64]>,
        /// The version of the features' meaning.
        pub feature_version: Arc<str>,
        /// The hash of names, units and order of the features, 16 hexadecimal digits.
        pub feature_schema: Arc<str>,
        /// Accepted gaps in what the row is made from: `gap:<dataset>:<date>`.
        pub data_quality_issues: Arc<[Arc<str>]>,
    }
}

crate::rows! {
    /// One player of a date's features who played the game that they are of, with what he scored.
    pub struct PointsTraining key(player_id) {
        /// The league's id of the player.
        pub player_id: i64,
        /// The normalised name.
        pub player_lookup: Arc<str>,
        /// The US date of the game.
        pub game_date: Date,
        /// The canonical id of the game.
        pub game_id: Arc<str>,
        /// The civil year in which the season starts.
        pub season_year: i64,
        /// `Regular Season`, `PlayIn` or `Playoffs`.
        pub season_type: Arc<str>,
        /// The outcome: the points that he scored.
        pub points: i64,
        /// The minutes that he played, whole.
        pub minutes_played: i64,
        /// His games of this season before the date.
        pub games_season: i64,
        /// Minutes a game this season before the date.
        pub minutes_avg_season: Option<f64>,
        /// Points a game in his last 5 games of this season.
        pub points_avg_last_5: Option<f64>,
        /// Points a game in his last 10 games of this season, or all there are.
        pub points_avg_last_10: Option<f64>,
        /// Points a game this season.
        pub points_avg_season: Option<f64>,
        /// The features, as in `nba.points_features`.
        pub features: Arc<[f64]>,
        /// The hash of names, units and order of the features.
        pub feature_schema: Arc<str>,
    }
}
