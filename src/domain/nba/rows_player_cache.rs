//! The rows of `nba.player_daily_cache`: a player's form, load, team and shot profile before a date.
//! Declarations only; the formulas are in `player_cache.rs`. Nothing of the date itself is in a row.

use std::sync::Arc;

use crate::flow::Date;

crate::rows! {
    /// One player of a date's population. Form columns are null below 5 games of this season.
    pub struct PlayerCache key(player_id) {
        /// The league's id of the player: what every join is made on.
        pub player_id: i64,
        /// The normalised name.
        pub player_lookup: Arc<str>,
        /// Always null: there is no player registry; `player_id` is the stable id.
        pub universal_player_id: Option<Arc<str>>,
        /// The date that the row is for; every game in it lies before.
        pub cache_date: Date,
        /// The civil year in which the season starts.
        pub season_year: i64,
        /// The canonical id of the game, `YYYYMMDD_AWAY_HOME`.
        pub game_id: Arc<str>,
        /// The league's ten-digit id of the game.
        pub nba_game_id: Arc<str>,
        /// The team, as in the upcoming context.
        pub team_abbr: Arc<str>,
        /// `latest_team` or `box_score`, as in the upcoming context.
        pub population_source: Arc<str>,
        /// Points a game in his last 5 games, 4 decimals.
        pub points_avg_last_5: Option<f64>,
        /// Points a game in his last 10 games, or all there are, 4 decimals.
        pub points_avg_last_10: Option<f64>,
        /// Points a game this season before the date, playoffs included, 4 decimals.
        pub points_avg_season: Option<f64>,
        /// Sample standard deviation (n - 1) of the points of his last 10 games, 4 decimals.
        pub points_std_last_10: Option<f64>,
        /// Minutes a game in his last 10 games, 4 decimals.
        pub minutes_avg_last_10: Option<f64>,
        /// Minutes a game this season before the date, 4 decimals.
        pub minutes_avg_season: Option<f64>,
        /// Mean usage rate of his last 10 games, per cent, 4 decimals; games without one are left out.
        pub usage_rate_last_10: Option<f64>,
        /// Mean true shooting of his last 10 games, a share, 4 decimals; games without one are left out.
        pub ts_pct_last_10: Option<f64>,
        /// Mean usage rate of the season before the date, per cent, 4 decimals.
        pub player_usage_rate_season: Option<f64>,
        /// Games of this season before the date.
        pub games_played_season: i64,
        /// His team's pace, mean of its last 10 games (the season before included), 4 decimals.
        pub team_pace_last_10: Option<f64>,
        /// His team's offensive rating, mean of its last 10 games, 4 decimals.
        pub team_off_rating_last_10: Option<f64>,
        /// Games in the 7 days before the date.
        pub games_in_last_7_days: i64,
        /// Games in the 14 days before the date.
        pub games_in_last_14_days: i64,
        /// Minutes in the 7 days before the date.
        pub minutes_in_last_7_days: i64,
        /// Minutes in the 14 days before the date.
        pub minutes_in_last_14_days: i64,
        /// Pairs of games on consecutive days, both in the 14 days before the date.
        pub back_to_backs_last_14_days: i64,
        /// Minutes a game in the 7 days before the date; null without a game in them.
        pub avg_minutes_per_game_last_7: Option<f64>,
        /// Always null: no source has minutes by quarter.
        pub fourth_quarter_minutes_last_7: Option<f64>,
        /// Always null: no source has ages.
        pub player_age: Option<i64>,
        /// Copied from the shot zones; null where these are.
        pub primary_scoring_zone: Option<Arc<str>>,
        /// Copied from the shot zones, per cent.
        pub paint_rate_last_10: Option<f64>,
        /// Copied from the shot zones, per cent.
        pub three_pt_rate_last_10: Option<f64>,
        /// Always null: no source ties an assist to a shot.
        pub assisted_rate_last_10: Option<f64>,
        /// Whether the shot zones have rates.
        pub shot_zone_data_available: bool,
        /// As in the upcoming context: the team's last 10 games before the date in his tenure.
        pub expected_games_count: i64,
        /// Those of them that he has a row for.
        pub actual_games_count: i64,
        /// Those of them that he has none for.
        pub missing_games_count: i64,
        /// Actual of expected less not played, per cent, 2 decimals; null where that leaves none.
        pub completeness_percentage: Option<f64>,
        /// As in the upcoming context, for the team's last 5 games.
        pub l5_completeness_pct: Option<f64>,
        /// Whether nothing of them is missing but games that he did not play.
        pub l5_is_complete: bool,
        /// As in the upcoming context, for the team's last 10 games.
        pub l10_completeness_pct: Option<f64>,
        /// Whether nothing of them is missing but games that he did not play.
        pub l10_is_complete: bool,
        /// As in the upcoming context, for the 7 days before the date.
        pub l7d_completeness_pct: Option<f64>,
        /// Whether nothing of them is missing but games that he did not play.
        pub l7d_is_complete: bool,
        /// As in the upcoming context, for the 14 days before the date.
        pub l14d_completeness_pct: Option<f64>,
        /// Whether nothing of them is missing but games that he did not play.
        pub l14d_is_complete: bool,
        /// Whether all four are complete.
        pub all_windows_complete: bool,
        /// `gold` (score 95 or more), `silver` (75), `bronze` (50), `poor` (25) or `unusable`.
        pub quality_tier: Arc<str>,
        /// `l5_completeness_pct`, 0 where nothing was expected.
        pub cache_quality_score: f64,
        /// Accepted gaps in what the row is made from: `gap:<dataset>:<date>`.
        pub data_quality_issues: Arc<[Arc<str>]>,
        /// Whether he has 5 games this season and the upcoming context is ready too.
        pub is_production_ready: bool,
        /// Whether he has fewer than 10 games this season.
        pub early_season_flag: bool,
        /// `games_played_season:<n>/5` where the form columns are null for too few games.
        pub insufficient_data_reason: Option<Arc<str>>,
        /// The version of the columns' meaning: `v1`.
        pub cache_version: Arc<str>,
    }
}
