//! The rows of `nba.player_composite_factors`: what a game's circumstances should do to a player.
//! Declarations only; the formulas are in `composite_factors.rs`. Nothing of the date itself is in a row.

use std::sync::Arc;

use crate::flow::Date;

crate::rows! {
    /// One player of a date's population.
    pub struct CompositeFactors key(player_id) {
        /// The league's id of the player: what every join is made on.
        pub player_id: i64,
        /// The normalised name.
        pub player_lookup: Arc<str>,
        /// Always null: there is no player registry; `player_id` is the stable id.
        pub universal_player_id: Option<Arc<str>>,
        /// The US date of the game.
        pub game_date: Date,
        /// The civil year in which the season starts.
        pub season_year: i64,
        /// The canonical id of the game, `YYYYMMDD_AWAY_HOME`.
        pub game_id: Arc<str>,
        /// The league's ten-digit id of the game.
        pub nba_game_id: Arc<str>,
        /// The team, as in the upcoming context.
        pub team_abbr: Arc<str>,
        /// The other team.
        pub opponent_team_abbr: Arc<str>,
        /// `latest_team` or `box_score`, as in the upcoming context.
        pub population_source: Arc<str>,
        /// 100 is fresh, 0 exhausted: 100 less rest, load and age deductions, held to 0..100. His age is
        /// unknown, so it deducts nothing.
        pub fatigue_score: i64,
        /// His zone against the opponent's defence there: above 0 helps him; held to -10..10, 1 decimal.
        /// Null where his zones or the opponent's are unknown; it then adds nothing.
        pub shot_zone_mismatch_score: Option<f64>,
        /// Half the pace differential, held to -3..3, 1 decimal; null where that is null.
        pub pace_score: Option<f64>,
        /// 0.3 of projected less baseline usage, held to -3..3, 1 decimal; null where either is null.
        pub usage_spike_score: Option<f64>,
        /// Always null: no source names the referees.
        pub referee_favorability_score: Option<f64>,
        /// Always null: no formula is defined for it.
        pub look_ahead_pressure_score: Option<f64>,
        /// Always null: no source has arenas or distances.
        pub travel_impact_score: Option<f64>,
        /// Always null: no formula is defined for it; the opponent enters by its zones.
        pub opponent_strength_score: Option<f64>,
        /// (fatigue_score - 100) / 20, from -5 to 0.
        pub fatigue_adjustment: f64,
        /// What the zone adds: the score, or 0 where it is null.
        pub shot_zone_adjustment: f64,
        /// What the pace adds: the score, or 0 where it is null.
        pub pace_adjustment: f64,
        /// What usage adds: the score, or 0 where it is null.
        pub usage_spike_adjustment: f64,
        /// The sum of the four adjustments, 2 decimals.
        pub total_composite_adjustment: f64,
        /// The values behind `fatigue_score`, as JSON.
        pub fatigue_context_json: Arc<str>,
        /// The values behind `shot_zone_mismatch_score`, as JSON.
        pub shot_zone_context_json: Arc<str>,
        /// The values behind `pace_score`, as JSON.
        pub pace_context_json: Arc<str>,
        /// The values behind `usage_spike_score`, as JSON.
        pub usage_context_json: Arc<str>,
        /// Of days_rest, projected_usage_rate, pace_differential, his zones and the opponent's: how many
        /// are there, per cent.
        pub data_completeness_pct: f64,
        /// Which of these are not.
        pub missing_data_fields: Arc<[Arc<str>]>,
        /// Whether a warning applies.
        pub has_warnings: bool,
        /// `EXTREME_FATIGUE` (score below 50), `EXTREME_MATCHUP` (zone beyond 8), `EXTREME_ADJUSTMENT`
        /// (total beyond 12).
        pub warnings: Arc<[Arc<str>]>,
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
        /// Whether the player's context and zones and the opponent's context and zones all are ready.
        pub is_production_ready: bool,
        /// Whether he has fewer than 10 games this season.
        pub early_season_flag: bool,
        /// The version of the formulas: `v1_4factors`.
        pub calculation_version: Arc<str>,
    }
}
