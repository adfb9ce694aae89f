//! The rows of `nba.prediction_leaderboard`: how well each system did in a month, up to a date.
//! Declarations only; the sums are in `leaderboard.rs`.

use std::sync::Arc;

use crate::flow::Date;

crate::rows! {
    /// One system in one population, over the graded dates of a civil month up to a date. The row of the
    /// month's last date is the month's result.
    pub struct SystemStanding key(system_id, population) {
        /// The system.
        pub system_id: Arc<str>,
        /// `all`, or `eligible`: the published predictions alone.
        pub population: Arc<str>,
        /// The last date that is counted.
        pub game_date: Date,
        /// The first day of the month.
        pub month: Date,
        /// Dates that are counted.
        pub dates: i64,
        /// Rows of the system: the four that follow.
        pub predictions: i64,
        /// Predictions of players who played: what all means and shares below are over.
        pub graded: i64,
        /// Predictions of players who did not play.
        pub voided: i64,
        /// Players for whom the system refused a prediction.
        pub refused: i64,
        /// Mean absolute error, 4 decimals; null without a graded row, like the others.
        pub mae: Option<f64>,
        /// Mean signed error, 4 decimals; above 0 is too many points.
        pub bias: Option<f64>,
        /// Share of errors of at most 3 points, 4 decimals.
        pub within_3_share: Option<f64>,
        /// Share of errors of at most 5 points, 4 decimals: what the mean confidence should be.
        pub within_5_share: Option<f64>,
        /// Mean confidence of the graded rows, 4 decimals.
        pub mean_confidence: Option<f64>,
        /// Graded rows that have a last-10 mean too.
        pub baseline_graded: i64,
        /// Mean absolute error of the system on exactly these rows, 4 decimals.
        pub mae_on_baseline_rows: Option<f64>,
        /// Mean absolute error of the last-10 mean on exactly these rows, 4 decimals.
        pub baseline_mae: Option<f64>,
        /// Graded recommendations of a side against a bookmaker's line, pushes left out.
        pub lines_graded: i64,
        /// Those of them that came in.
        pub lines_correct: i64,
        /// Came in of graded, 4 decimals. Estimated lines are never in it.
        pub line_accuracy: Option<f64>,
    }
}
