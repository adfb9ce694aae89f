//! What was computed before a date's games, as figures of each column. In, of the date: P1 to P5, the
//! population (A4) and the schedule. Out: one row a column; of the population and the schedule only how many
//! there are. Skipped where all five are, as in a season's first days; where only some are, the others have no
//! rows, and the counts say so.

use std::sync::Arc;

use super::checking::{profile_of, profiles};
use super::datasets::{
    ML_FEATURE_STORE, PLAYER_COMPOSITE_FACTORS, PLAYER_DAILY_CACHE, PLAYER_SHOT_ZONE_ANALYSIS,
    PRECOMPUTE_PROFILE, SCHEDULE, TEAM_DEFENSE_ZONE_ANALYSIS, UPCOMING_PLAYER_GAME_CONTEXT,
};
use crate::domain::checks::{ColumnProfile, counted};
use crate::domain::nba::segment;
use crate::flow::{Computed, Dataset, DatasetName, Inputs, Permanent, Processor, Row};

/// `nba.precompute_profile`.
pub(super) const PROCESSOR: Processor = Processor::compute(
    PRECOMPUTE_PROFILE,
    "One column of a date as figures: nulls, zeros, mean, spread, least and greatest.",
    1,
    &[
        ML_FEATURE_STORE.same_date().optional(),
        PLAYER_COMPOSITE_FACTORS.same_date().optional(),
        PLAYER_DAILY_CACHE.same_date().optional(),
        PLAYER_SHOT_ZONE_ANALYSIS.same_date().optional(),
        SCHEDULE.same_date(),
        TEAM_DEFENSE_ZONE_ANALYSIS.same_date().optional(),
        UPCOMING_PLAYER_GAME_CONTEXT.same_date(),
    ],
    compute,
);

const PRECOMPUTED: [DatasetName; 5] = [
    ML_FEATURE_STORE.name(),
    PLAYER_COMPOSITE_FACTORS.name(),
    PLAYER_DAILY_CACHE.name(),
    PLAYER_SHOT_ZONE_ANALYSIS.name(),
    TEAM_DEFENSE_ZONE_ANALYSIS.name(),
];

fn compute(inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    let mut skipped = Vec::new();
    for dataset in PRECOMPUTED {
        skipped.extend(inputs.skipped(dataset)?);
    }
    if let (true, Some(reason)) = (skipped.len() == PRECOMPUTED.len(), skipped.first()) {
        return Ok(Computed::Skipped(*reason));
    }
    let games = inputs.same_date(SCHEDULE)?;
    let population = inputs.same_date(UPCOMING_PLAYER_GAME_CONTEXT)?;
    let issues = population.iter().flat_map(|row| row.quality_issues.iter());
    let segment = segment(inputs.date(), games, false, issues);
    let mut rows = vec![
        counted(SCHEDULE.name(), &segment, games.len()),
        counted(UPCOMING_PLAYER_GAME_CONTEXT.name(), &segment, population.len()),
    ];
    add(&mut rows, inputs, &segment, TEAM_DEFENSE_ZONE_ANALYSIS)?;
    add(&mut rows, inputs, &segment, PLAYER_SHOT_ZONE_ANALYSIS)?;
    add(&mut rows, inputs, &segment, PLAYER_DAILY_CACHE)?;
    add(&mut rows, inputs, &segment, PLAYER_COMPOSITE_FACTORS)?;
    add(&mut rows, inputs, &segment, ML_FEATURE_STORE)?;
    Ok(profiles(rows))
}

/// Adds the profile of a dataset; only that it has no rows where it was skipped.
fn add<R: Row>(
    rows: &mut Vec<ColumnProfile>,
    inputs: &Inputs<'_>,
    segment: &Arc<str>,
    dataset: Dataset<R>,
) -> Result<(), Permanent> {
    match inputs.skipped(dataset.name())? {
        Some(_) => rows.push(counted(dataset.name(), segment, 0)),
        None => rows.extend(profile_of(dataset, segment, inputs.same_date(dataset)?)),
    }
    Ok(())
}
