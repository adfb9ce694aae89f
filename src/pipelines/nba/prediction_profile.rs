//! A date's predictions as figures of each column. In, of the date: the predictions, the features (of whose players
//! each must have one of every system) and the schedule. Out: one row a column of all predictions, and of each
//! system's points and confidence, under the dataset's name with the system's behind it. Skipped where there are no
//! predictions.

use std::sync::Arc;

use super::checking::{profile_of, profiles};
use super::datasets::{ML_FEATURE_STORE, PLAYER_PROP_PREDICTIONS, PREDICTION_PROFILE, SCHEDULE};
use crate::domain::checks::{ColumnProfile, KEY_COLUMN, counted};
use crate::domain::nba::{PlayerPrediction, System, segment};
use crate::flow::{Computed, Inputs, Permanent, Processor};

/// `nba.prediction_profile`.
pub(super) const PROCESSOR: Processor = Processor::compute(
    PREDICTION_PROFILE,
    "One column of a date's predictions as figures: nulls, zeros, mean, spread, least and greatest.",
    1,
    &[ML_FEATURE_STORE.same_date(), PLAYER_PROP_PREDICTIONS.same_date(), SCHEDULE.same_date()],
    compute,
);

/// What is looked at of each system.
const OF_EACH_SYSTEM: [&str; 3] = [KEY_COLUMN, "predicted_points", "confidence"];

fn compute(inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    let (games, features) = (inputs.same_date(SCHEDULE)?, inputs.same_date(ML_FEATURE_STORE)?);
    let predictions = inputs.same_date(PLAYER_PROP_PREDICTIONS)?;
    let issues = predictions.iter().flat_map(|row| row.data_quality_issues.iter());
    let segment = segment(inputs.date(), games, false, issues);
    let mut rows = vec![
        counted(SCHEDULE.name(), &segment, games.len()),
        counted(ML_FEATURE_STORE.name(), &segment, features.len()),
    ];
    rows.extend(profile_of(PLAYER_PROP_PREDICTIONS, &segment, predictions));
    for system in System::ALL {
        rows.extend(of_system(system, &segment, predictions));
    }
    Ok(profiles(rows))
}

/// The profile of one system's rows, as of a dataset of its own.
fn of_system(
    system: System,
    segment: &Arc<str>,
    predictions: &[PlayerPrediction],
) -> impl Iterator<Item = ColumnProfile> {
    let dataset: Arc<str> = format!("{}.{}", PLAYER_PROP_PREDICTIONS.name(), system.id()).into();
    let own: Vec<PlayerPrediction> =
        predictions.iter().filter(|row| *row.system_id == *system.id()).cloned().collect();
    let profile = profile_of(PLAYER_PROP_PREDICTIONS, segment, &own);
    let looked_at = profile.into_iter().filter(|row| OF_EACH_SYSTEM.contains(&&*row.column));
    looked_at.map(move |row| ColumnProfile { dataset: Arc::clone(&dataset), ..row })
}
