//! Predicting a player's points: the features, the rows to learn from, the model and its honest figures.
//! Pure: knows no topic, no file, no clock; a seed is a constant, so equal rows give an equal model.

mod artefact;
mod booster;
mod features;
mod form;
mod league;
mod matchup;
mod metrics;
mod model;
mod recency;
mod report;
mod report_html;
mod report_markdown;
mod report_table;
mod rotation;
mod rows_features;
mod rows_model;
mod schema;
mod split;
mod train;
mod training;

pub use artefact::model_files;
#[cfg(test)]
pub(super) use booster::tests::panicking_model;
pub use features::{PointsFeaturesInput, points_features};
pub use form::GAMES_MIN;
pub use metrics::{Band, Score};
pub use model::{Refusal, StoredModel};
pub use report::{
    BandReport, Bin, CurvePoint, GridCell, Importance, ModelReport, PopulationScore, Settings, SpotCheck,
};
pub use report_table::{SCORE_COLUMNS, score_cells};
pub use rows_features::{PointsFeatures, PointsTraining};
pub use rows_model::PointsModel;
pub use schema::{ABSENT, FEATURE_SLOTS, FEATURE_VERSION, FeatureSlot, feature_schema};
pub use split::{Part, Population};
#[cfg(test)]
pub(crate) use train::tests::trained;
pub use train::{MODEL_NAME, SEASONS_MAX, TrainingFault, points_model, rows_to_learn_from};
pub use training::points_training;
