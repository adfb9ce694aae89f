//! The rows of `nba.prediction_accuracy`: each prediction beside what happened. Declarations only; the
//! rules are in `grading.rs`.

use std::sync::Arc;

use crate::flow::Date;

crate::rows! {
    /// One prediction, graded, or the reason why not.
    pub struct PredictionGrade key(player_id, system_id) {
        /// The league's id of the player: what every join is made on.
        pub player_id: i64,
        /// The system.
        pub system_id: Arc<str>,
        /// The normalised name.
        pub player_lookup: Arc<str>,
        /// The US date of the game.
        pub game_date: Date,
        /// The canonical id of the game, `YYYYMMDD_AWAY_HOME`.
        pub game_id: Arc<str>,
        /// The civil year in which the season starts.
        pub season_year: i64,
        /// `Regular Season`, `PlayIn` or `Playoffs`.
        pub season_type: Arc<str>,
        /// The team.
        pub team_abbr: Arc<str>,
        /// The other team.
        pub opponent_team_abbr: Arc<str>,
        /// Whether the team was at home.
        pub is_home: bool,
        /// `latest_team` or `box_score`, as in the upcoming context.
        pub population_source: Arc<str>,
        /// Whether the prediction is one of the published ones.
        pub is_eligible: bool,
        /// The model behind `gradient_boosting`.
        pub model_id: Option<Arc<str>>,
        /// `graded`; `voided`: he did not play; `refused`: there was no prediction.
        pub status: Arc<str>,
        /// `did_not_play`: the game has a box score without him; `game_not_played`: it has none. Null
        /// unless voided.
        pub voided_reason: Option<Arc<str>>,
        /// The code of the refusal; null unless refused.
        pub refusal: Option<Arc<str>>,
        /// Points predicted.
        pub predicted_points: Option<f64>,
        /// Points that he made; null where he did not play.
        pub actual_points: Option<i64>,
        /// Minutes that he played.
        pub minutes_played: Option<i64>,
        /// Predicted less actual, 2 decimals: above 0 is too many. Null unless graded, like all that follows
        /// from it.
        pub signed_error: Option<f64>,
        /// The same without its sign.
        pub absolute_error: Option<f64>,
        /// Whether the error is at most 3 points.
        pub within_3_points: Option<bool>,
        /// Whether the error is at most 5 points.
        pub within_5_points: Option<bool>,
        /// The confidence of the prediction.
        pub confidence: Option<f64>,
        /// 1 for a confidence below 0.1, and so on to 10.
        pub confidence_decile: Option<i64>,
        /// Points a game in his last 10 games before this one.
        pub baseline_points: Option<f64>,
        /// How far these were from the actual points.
        pub baseline_absolute_error: Option<f64>,
        /// Whether the line is a bookmaker's.
        pub has_prop_line: bool,
        /// The line.
        pub points_line: Option<f64>,
        /// The bookmaker's key, or `ESTIMATED_AVG`.
        pub line_source: Option<Arc<str>>,
        /// The recommendation.
        pub recommendation: Option<Arc<str>>,
        /// Predicted less line.
        pub predicted_margin: Option<f64>,
        /// Actual less line.
        pub actual_margin: Option<f64>,
        /// Whether the recommended side came in. Null for an estimated line, for `PASS`, without a
        /// recommendation, and where the points were exactly the line (a push).
        pub prediction_correct: Option<bool>,
    }
}
