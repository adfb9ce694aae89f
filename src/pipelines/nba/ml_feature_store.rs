//! P5: the 25 features of each player before a game, each with its source. In, of the date: A4 (the
//! population), P1 to P4; before it: A3 and A1. Out: one row a player of the population. Skipped in the
//! bootstrap days.

use super::bootstrap::{bootstrap, gap_issues};
use super::datasets::{
    GATE_C, ML_FEATURE_STORE, PLAYER_COMPOSITE_FACTORS, PLAYER_DAILY_CACHE, PLAYER_GAME_SUMMARY,
    PLAYER_SHOT_ZONE_ANALYSIS, TEAM_DEFENSE_ZONE_ANALYSIS, TEAM_OFFENSE_GAME_SUMMARY,
    UPCOMING_PLAYER_GAME_CONTEXT,
};
use crate::domain::nba::{FeatureInput, feature_rows};
use crate::flow::{Computed, Inputs, Output, Permanent, Processor, Window};

/// The processor.
pub(super) const PROCESSOR: Processor = Processor::compute(
    ML_FEATURE_STORE,
    "one player's 25 features before a game, each with its source",
    3,
    &[
        GATE_C.same_date().optional(),
        UPCOMING_PLAYER_GAME_CONTEXT.same_date(),
        TEAM_DEFENSE_ZONE_ANALYSIS.same_date(),
        PLAYER_SHOT_ZONE_ANALYSIS.same_date(),
        PLAYER_DAILY_CACHE.same_date(),
        PLAYER_COMPOSITE_FACTORS.same_date(),
        PLAYER_GAME_SUMMARY.read(Window::SeasonBefore),
        TEAM_OFFENSE_GAME_SUMMARY.read(Window::SeasonBefore),
    ],
    compute,
);

fn compute(inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    if let Some(skipped) = bootstrap(inputs) {
        return Ok(skipped);
    }
    let contexts = inputs.same_date(UPCOMING_PLAYER_GAME_CONTEXT)?;
    let rows = feature_rows(&FeatureInput {
        contexts,
        defense_zones: inputs.same_date(TEAM_DEFENSE_ZONE_ANALYSIS)?,
        shot_zones: inputs.same_date(PLAYER_SHOT_ZONE_ANALYSIS)?,
        caches: inputs.same_date(PLAYER_DAILY_CACHE)?,
        factors: inputs.same_date(PLAYER_COMPOSITE_FACTORS)?,
        players: &inputs.window(PLAYER_GAME_SUMMARY)?,
        offense: &inputs.window(TEAM_OFFENSE_GAME_SUMMARY)?,
        gaps: gap_issues(inputs),
    });
    Ok(Computed::Rows(Output::of(rows, contexts.len() as u64)))
}
