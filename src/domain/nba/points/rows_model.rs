//! The rows of `nba.points_model`: one trained model with its figures. Declarations only.

use std::sync::Arc;

use super::model::StoredModel;
use crate::flow::Date;

crate::rows! {
    /// One trained model. Figures are of the population `all` in the test part unless the name says
    /// otherwise; those of every population and part are in `metadata`.
    pub struct PointsModel key(name) {
        /// The model's name: `points_gbdt`.
        pub name: Arc<str>,
        /// It was trained on dates before this one alone, and predicts this one and later ones.
        pub cutoff_date: Date,
        /// The version of the features' meaning.
        pub feature_version: Arc<str>,
        /// The hash of names, units and order of the features that it was trained on.
        pub feature_schema: Arc<str>,
        /// How many features there are.
        pub feature_count: i64,
        /// The seed of all random choices.
        pub seed: i64,
        /// How many trees it has: as many as were best on the validation part.
        pub trees: i64,
        /// The first date of its rows, all parts.
        pub first_date: Date,
        /// The last date of its rows.
        pub last_date: Date,
        /// Rows that the stored trees were grown on: all parts, after the number of trees was found.
        pub rows: i64,
        /// Rows of the train part, all populations.
        pub rows_train: i64,
        /// Rows of the validation part.
        pub rows_validation: i64,
        /// Rows of the test part.
        pub rows_test: i64,
        /// Rows that the test figures are of.
        pub test_rows: i64,
        /// The first date of these.
        pub test_first_date: Date,
        /// The last date of these.
        pub test_last_date: Date,
        /// Mean absolute error of trees that never saw these rows, points, 4 decimals.
        pub test_mae: f64,
        /// Root mean squared error.
        pub test_rmse: f64,
        /// Mean of prediction less outcome.
        pub test_bias: f64,
        /// Mean absolute error of the mean of the last 5 games on the same rows.
        pub test_mae_last_5: f64,
        /// Mean absolute error of the mean of the last 10 games on the same rows.
        pub test_mae_last_10: f64,
        /// Mean absolute error of the season's mean on the same rows.
        pub test_mae_season: f64,
        /// Mean absolute error for players with a season mean of 20 or more minutes; null without such rows.
        pub test_mae_minutes_20: Option<f64>,
        /// Mean absolute error of the last 10 games for the same players.
        pub test_mae_minutes_20_last_10: Option<f64>,
        /// `excellent`, `good`, `acceptable` or `failure`, by limits that were set on other rows.
        pub test_band: Arc<str>,
        /// Settings, figures, importance and the data of the report's plots, as JSON.
        pub metadata: Arc<str>,
        /// The trees, as the library's JSON.
        pub model: StoredModel,
    }
}
