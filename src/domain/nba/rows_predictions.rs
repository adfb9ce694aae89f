//! The rows of `nba.player_prop_predictions`: what each system says of a player's points before a game.
//! Declarations only; the formulas are in `system_*.rs`, `prediction.rs` and `recommendation.rs`. Nothing
//! of the date's outcome is in a row.

use std::sync::Arc;

use crate::flow::Date;

crate::rows! {
    /// One system's answer for one player of a date's population: a prediction, or the reason why not.
    pub struct PlayerPrediction key(player_id, system_id) {
        /// The league's id of the player: what every join is made on.
        pub player_id: i64,
        /// `moving_average`, `zone_matchup`, `similarity`, `gradient_boosting` or `ensemble`.
        pub system_id: Arc<str>,
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
        /// Whether the team is at home.
        pub is_home: bool,
        /// `latest_team` or `box_score`, as in the upcoming context.
        pub population_source: Arc<str>,
        /// Whether he is one of those whose predictions are published: known before the date, at least 15
        /// minutes a game in the 7 days before it, upcoming context production-ready. All others are
        /// predicted and graded too, apart from them.
        pub is_eligible: bool,
        /// The model behind `gradient_boosting`: its name and the first date that it has not seen, as
        /// `points_gbdt@2024-01-01`. Null for the other systems and without a model.
        pub model_id: Option<Arc<str>>,
        /// Points, 0 to 60, 2 decimals; null where the system refuses.
        pub predicted_points: Option<f64>,
        /// The share of such predictions that come within 5 points, 0 to 1, 4 decimals: the same scale for
        /// every system. Null where the system refuses.
        pub confidence: Option<f64>,
        /// Why there is no prediction: `missing_input`, `out_of_range`, `feature_version`, `low_quality`,
        /// `too_few_similar_games`, `no_model`, `feature_mismatch`, `model_sees_the_future`, `model_damaged`,
        /// `too_few_systems`, `panicked` or `not_finite`; null where there is one.
        pub refusal: Option<Arc<str>>,
        /// The same in words, with the value.
        pub refusal_detail: Option<Arc<str>>,
        /// What every system has to beat: points a game in his last 10 games (or all there are); null
        /// before his first game of the season.
        pub baseline_points: Option<f64>,
        /// Whether a bookmaker has a line on his points.
        pub has_prop_line: bool,
        /// The bookmaker's line; without one the mean of his last 5 games rounded to half a point, from 3
        /// games on; null otherwise.
        pub points_line: Option<f64>,
        /// Whose line it is: the bookmaker's key, `ESTIMATED_AVG` for the estimate, or null.
        pub line_source: Option<Arc<str>>,
        /// Prediction less line, 2 decimals.
        pub edge: Option<f64>,
        /// `OVER`, `UNDER` or `PASS`; null without a line or a prediction.
        pub recommendation: Option<Arc<str>>,
        /// As in the feature store.
        pub feature_quality_score: f64,
        /// As in the feature store.
        pub is_production_ready: bool,
        /// Accepted gaps in what the row is made from: `gap:<dataset>:<date>`.
        pub data_quality_issues: Arc<[Arc<str>]>,
    }
}
