//! The rows of `nba.player_shot_zone_analysis`: where a player took his shots in his last games.
//! Declarations only; the formulas are in `player_shot_zones.rs`. Nothing of the date itself is in a row.

use std::sync::Arc;

use crate::flow::Date;

crate::rows! {
    /// One player of a date's population.
    pub struct PlayerShotZones key(player_id) {
        /// The league's id of the player: what every join is made on.
        pub player_id: i64,
        /// The normalised name.
        pub player_lookup: Arc<str>,
        /// The date that the row is for; every game in it lies before.
        pub analysis_date: Date,
        /// The civil year in which the season starts.
        pub season_year: i64,
        /// `latest_team` or `box_score`, as in the upcoming context.
        pub population_source: Arc<str>,
        /// Games of this season in the sample: the last 10 before the date, or all there are. A game
        /// counts if he has a minute or a shot in it.
        pub games_in_sample_10: i64,
        /// The same for the last 20.
        pub games_in_sample_20: i64,
        /// Those of the last 10 that have a shot chart. All zone columns count these alone, and are null
        /// below 5.
        pub zone_games_in_sample: i64,
        /// Those of the last 20 that have a shot chart.
        pub zone_games_in_sample_20: i64,
        /// Attempts in the paint of all zone attempts (paint, mid-range, three; not the backcourt), per
        /// cent, 2 decimals. All three from the shot charts of the same games.
        pub paint_rate_last_10: Option<f64>,
        /// The same from mid-range.
        pub mid_range_rate_last_10: Option<f64>,
        /// The same from the three-point zones.
        pub three_pt_rate_last_10: Option<f64>,
        /// The attempts behind the rates.
        pub total_shots_last_10: Option<i64>,
        /// Attempts from the backcourt in the same games, in no rate.
        pub backcourt_shots_last_10: Option<i64>,
        /// Makes of attempts in the paint, a share, 3 decimals.
        pub paint_pct_last_10: Option<f64>,
        /// The same from mid-range.
        pub mid_range_pct_last_10: Option<f64>,
        /// The same from the three-point zones.
        pub three_pt_pct_last_10: Option<f64>,
        /// Attempts in the paint a charted game, 1 decimal.
        pub paint_attempts_per_game: Option<f64>,
        /// The same from mid-range.
        pub mid_range_attempts_per_game: Option<f64>,
        /// The same from the three-point zones.
        pub three_pt_attempts_per_game: Option<f64>,
        /// `paint_rate_last_10` over the last 20 games; null below 15 charted ones.
        pub paint_rate_last_20: Option<f64>,
        /// `paint_pct_last_10` over the last 20 games; null below 15 charted ones.
        pub paint_pct_last_20: Option<f64>,
        /// Always null: no source ties an assist to a shot.
        pub assisted_rate_last_10: Option<f64>,
        /// Always null: no source ties an assist to a shot.
        pub unassisted_rate_last_10: Option<f64>,
        /// `paint` from 40 % there, else `perimeter` from 40 % threes, else `mid_range` from 35 %, else
        /// `balanced`; null without attempts.
        pub primary_scoring_zone: Option<Arc<str>>,
        /// Always null: no source has positions.
        pub player_position: Option<Arc<str>>,
        /// Charted games of the last 10: `excellent` (10), `good` (7), `limited` (5) or `insufficient`.
        pub sample_quality_10: Arc<str>,
        /// Charted games of the last 20: `excellent` (20), `good` (14), `limited` (10) or `insufficient`.
        pub sample_quality_20: Arc<str>,
        /// `high` from 10 charted games, `medium` from 7, else `low`.
        pub data_quality_tier: Arc<str>,
        /// As in the upcoming context: the team's last 10 games before the date in his tenure.
        pub expected_games_count: i64,
        /// Those of them that he has a row for.
        pub actual_games_count: i64,
        /// Those of them that he has none for.
        pub missing_games_count: i64,
        /// Actual of expected less not played, per cent, 2 decimals; null where that leaves none.
        pub completeness_percentage: Option<f64>,
        /// Accepted gaps in what the row is made from: `gap:<dataset>:<date>`.
        pub data_quality_issues: Arc<[Arc<str>]>,
        /// Whether there are 5 charted games and the upcoming context is ready too.
        pub is_production_ready: bool,
        /// Whether he has fewer than 10 games this season.
        pub early_season_flag: bool,
        /// `zone_games_in_sample:<n>/5` where the zone columns are null for too few charted games.
        pub insufficient_data_reason: Option<Arc<str>>,
    }
}
