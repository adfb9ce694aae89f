//! P4: what a game's circumstances should do to each player: fatigue, zone match-up, pace, usage. In, all
//! of the date: A4 (the population), A5, P1, P2. Out: one row a player of the population. Skipped in the
//! bootstrap days.

use super::bootstrap::{bootstrap, gap_issues};
use super::datasets::{
    GATE_C, PLAYER_COMPOSITE_FACTORS, PLAYER_SHOT_ZONE_ANALYSIS, TEAM_DEFENSE_ZONE_ANALYSIS,
    UPCOMING_PLAYER_GAME_CONTEXT, UPCOMING_TEAM_GAME_CONTEXT,
};
use crate::domain::nba::{FactorsInput, composite_factors};
use crate::flow::{Computed, Inputs, Output, Permanent, Processor};

/// The processor.
pub(super) const PROCESSOR: Processor = Processor::compute(
    PLAYER_COMPOSITE_FACTORS,
    "one player's four factors before a game",
    1,
    &[
        GATE_C.same_date().optional(),
        UPCOMING_PLAYER_GAME_CONTEXT.same_date(),
        UPCOMING_TEAM_GAME_CONTEXT.same_date(),
        TEAM_DEFENSE_ZONE_ANALYSIS.same_date(),
        PLAYER_SHOT_ZONE_ANALYSIS.same_date(),
    ],
    compute,
);

fn compute(inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    if let Some(skipped) = bootstrap(inputs) {
        return Ok(skipped);
    }
    let contexts = inputs.same_date(UPCOMING_PLAYER_GAME_CONTEXT)?;
    let rows = composite_factors(&FactorsInput {
        contexts,
        teams: inputs.same_date(UPCOMING_TEAM_GAME_CONTEXT)?,
        defense_zones: inputs.same_date(TEAM_DEFENSE_ZONE_ANALYSIS)?,
        shot_zones: inputs.same_date(PLAYER_SHOT_ZONE_ANALYSIS)?,
        gaps: gap_issues(inputs),
    });
    Ok(Computed::Rows(Output::of(rows, contexts.len() as u64)))
}
