//! P2: where each player took his shots in his last 10 and 20 games. In: the date's population (A4), A3
//! before it. Out: one row a player of the population. Skipped in the bootstrap days.

use super::bootstrap::{bootstrap, gap_issues};
use super::datasets::{GATE_C, PLAYER_GAME_SUMMARY, PLAYER_SHOT_ZONE_ANALYSIS, UPCOMING_PLAYER_GAME_CONTEXT};
use crate::domain::nba::player_shot_zones;
use crate::flow::{Computed, Inputs, Output, Permanent, Processor, Window};

/// The processor.
pub(super) const PROCESSOR: Processor = Processor::compute(
    PLAYER_SHOT_ZONE_ANALYSIS,
    "one player's shots by zone over his last 10 and 20 games",
    1,
    &[
        GATE_C.same_date().optional(),
        UPCOMING_PLAYER_GAME_CONTEXT.same_date(),
        PLAYER_GAME_SUMMARY.read(Window::SeasonBefore),
    ],
    compute,
);

fn compute(inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    if let Some(skipped) = bootstrap(inputs) {
        return Ok(skipped);
    }
    let contexts = inputs.same_date(UPCOMING_PLAYER_GAME_CONTEXT)?;
    let rows = player_shot_zones(contexts, &inputs.window(PLAYER_GAME_SUMMARY)?, &gap_issues(inputs));
    Ok(Computed::Rows(Output::of(rows, contexts.len() as u64)))
}
