//! The rows of `nba.team_defense_zone_analysis`: how a team defended in its last 15 games, by zone.
//! Declarations only; the formulas are in `team_defense_zones.rs`. Nothing of the date itself is in a row.

use std::sync::Arc;

use crate::flow::Date;

crate::rows! {
    /// One team before a date, whether or not it plays that date.
    pub struct TeamDefenseZones key(team_abbr) {
        /// The team.
        pub team_abbr: Arc<str>,
        /// The date that the row is for; every game in it lies before.
        pub analysis_date: Date,
        /// The civil year in which the season starts.
        pub season_year: i64,
        /// Games of this season in the sample: the last 15 before the date, or all there are.
        pub games_in_sample: i64,
        /// Those of them with a shot chart. All zone columns count these alone, and are null below 5.
        pub zone_games_in_sample: i64,
        /// Opponents' makes of attempts in the paint, a share, 4 decimals.
        pub paint_pct_allowed_last_15: Option<f64>,
        /// Opponents' makes of attempts from mid-range, a share, 4 decimals.
        pub mid_range_pct_allowed_last_15: Option<f64>,
        /// Opponents' makes of attempts from the three-point zones, a share, 4 decimals.
        pub three_pt_pct_allowed_last_15: Option<f64>,
        /// Opponents' attempts in the paint a game, 2 decimals.
        pub paint_attempts_allowed_per_game: Option<f64>,
        /// Opponents' attempts from mid-range a game, 2 decimals.
        pub mid_range_attempts_allowed_per_game: Option<f64>,
        /// Opponents' attempts from the three-point zones a game, 2 decimals.
        pub three_pt_attempts_allowed_per_game: Option<f64>,
        /// Opponents' points in the paint a game, 2 decimals.
        pub paint_points_allowed_per_game: Option<f64>,
        /// Always null: the shot chart does not name the blocker.
        pub paint_blocks_per_game: Option<f64>,
        /// Always null: the shot chart does not name the blocker.
        pub mid_range_blocks_per_game: Option<f64>,
        /// Always null: the shot chart does not name the blocker.
        pub three_pt_blocks_per_game: Option<f64>,
        /// Share allowed in the paint less the league's, in percentage points, 2 decimals; above 0 is a
        /// worse defence. Null without shot charts, or where the league has no mean.
        pub paint_defense_vs_league_avg: Option<f64>,
        /// The same from mid-range.
        pub mid_range_defense_vs_league_avg: Option<f64>,
        /// The same from the three-point zones.
        pub three_pt_defense_vs_league_avg: Option<f64>,
        /// The league's share in the paint: the mean over teams with at least 5 charted games in the 30
        /// days before the date, if there are 10 such teams; 4 decimals.
        pub league_avg_paint_pct: Option<f64>,
        /// The same from mid-range.
        pub league_avg_mid_range_pct: Option<f64>,
        /// The same from the three-point zones.
        pub league_avg_three_pt_pct: Option<f64>,
        /// Points allowed for 100 possessions, mean over the sample, 2 decimals; null below 5 games.
        pub defensive_rating_last_15: Option<f64>,
        /// Opponents' possessions for 48 minutes, mean over the sample, 2 decimals; null below 5 games.
        pub opponent_pace: Option<f64>,
        /// Points allowed a game, 2 decimals; null below 5 games.
        pub opponent_points_per_game: Option<f64>,
        /// The zone that is defended best against the league: `paint`, `mid_range` or `perimeter`.
        pub strongest_zone: Option<Arc<str>>,
        /// The zone that is defended worst against the league.
        pub weakest_zone: Option<Arc<str>>,
        /// `high` from 15 games in the sample, `medium` from 10, else `low`.
        pub data_quality_tier: Arc<str>,
        /// `excellent` (15 games), `good` (11), `limited` (8) or `insufficient`.
        pub sample_quality: Arc<str>,
        /// `No <zone> attempts` for each zone without any.
        pub calculation_notes: Option<Arc<str>>,
        /// The team's last 15 scheduled games of this season before the date: how many.
        pub expected_games_count: i64,
        /// Those of them that have a row.
        pub actual_games_count: i64,
        /// Those of them that have none.
        pub missing_games_count: i64,
        /// Actual of expected, per cent, 2 decimals; null where none is expected.
        pub completeness_percentage: Option<f64>,
        /// Accepted gaps in what the row is made from: `gap:<dataset>:<date>`.
        pub data_quality_issues: Arc<[Arc<str>]>,
        /// Whether the sample has 5 games and at least 70 % of the expected ones are there.
        pub is_production_ready: bool,
        /// Whether the season has fewer than 15 games of the team so far.
        pub early_season_flag: bool,
        /// `games_in_sample:<n>/5` where values are null for too few games.
        pub insufficient_data_reason: Option<Arc<str>>,
    }
}
