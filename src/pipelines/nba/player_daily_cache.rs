//! P3: each player's form, load, team and shot profile before the date. In: the date's population (A4)
//! and shot zones (P2), A3 and A1 before it. Out: one row a player of the population. Skipped in the
//! bootstrap days.

use super::bootstrap::{CARRYING, bootstrap, gap_issues};
use super::datasets::{
    GATE_C, PLAYER_DAILY_CACHE, PLAYER_GAME_SUMMARY, PLAYER_SHOT_ZONE_ANALYSIS, TEAM_OFFENSE_GAME_SUMMARY,
    UPCOMING_PLAYER_GAME_CONTEXT,
};
use crate::domain::nba::{CacheInput, player_cache};
use crate::flow::{Computed, Inputs, Output, Permanent, Processor, Window};

/// The processor.
pub(super) const PROCESSOR: Processor = Processor::compute(
    PLAYER_DAILY_CACHE,
    "one player's form over 5 games, 10 games and the season",
    1,
    &[
        GATE_C.same_date().optional(),
        UPCOMING_PLAYER_GAME_CONTEXT.same_date(),
        PLAYER_SHOT_ZONE_ANALYSIS.same_date(),
        PLAYER_GAME_SUMMARY.read(Window::SeasonBefore),
        TEAM_OFFENSE_GAME_SUMMARY.read(CARRYING),
    ],
    compute,
);

fn compute(inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    if let Some(skipped) = bootstrap(inputs) {
        return Ok(skipped);
    }
    let contexts = inputs.same_date(UPCOMING_PLAYER_GAME_CONTEXT)?;
    let rows = player_cache(&CacheInput {
        contexts,
        shot_zones: inputs.same_date(PLAYER_SHOT_ZONE_ANALYSIS)?,
        players: &inputs.window(PLAYER_GAME_SUMMARY)?,
        offense: &inputs.window(TEAM_OFFENSE_GAME_SUMMARY)?,
        gaps: gap_issues(inputs),
    });
    Ok(Computed::Rows(Output::of(rows, contexts.len() as u64)))
}
