//! The wide features of each player before a game, for training and prediction alike. In, of the date: A4
//! (the population) and A5; before it, of this season and the whole one before: A1, A2 and A3. Out: one row
//! a player of the population with a few games. Skipped in the bootstrap days.

use super::bootstrap::{bootstrap, gap_issues, opening};
use super::datasets::{
    GATE_C, INJURY_REPORT, PLAYER_GAME_SUMMARY, POINTS_FEATURES, TEAM_DEFENSE_GAME_SUMMARY,
    TEAM_OFFENSE_GAME_SUMMARY, UPCOMING_PLAYER_GAME_CONTEXT, UPCOMING_TEAM_GAME_CONTEXT,
};
use crate::domain::nba::points::{PointsFeaturesInput, points_features};
use crate::flow::{Computed, Inputs, Output, Permanent, Processor, Window};

/// The season before the date and all of the one before that: longer than any season.
const TWO_SEASONS: Window = Window::SeasonBeforeCarrying { first_days: 400, carried_days: 400 };

/// The processor.
pub(super) const PROCESSOR: Processor = Processor::compute(
    POINTS_FEATURES,
    "one player before one game: everything that the points model sees",
    3,
    &[
        GATE_C.same_date().optional(),
        UPCOMING_PLAYER_GAME_CONTEXT.same_date(),
        INJURY_REPORT.same_date().optional(),
        UPCOMING_TEAM_GAME_CONTEXT.same_date(),
        PLAYER_GAME_SUMMARY.read(TWO_SEASONS),
        TEAM_OFFENSE_GAME_SUMMARY.read(TWO_SEASONS),
        TEAM_DEFENSE_GAME_SUMMARY.read(TWO_SEASONS),
    ],
    compute,
);

fn compute(inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    if let Some(skipped) = bootstrap(inputs) {
        return Ok(skipped);
    }
    let rows = points_features(&PointsFeaturesInput {
        date: inputs.date(),
        opening: opening(inputs),
        contexts: inputs.same_date(UPCOMING_PLAYER_GAME_CONTEXT)?,
        injuries: inputs.same_date(INJURY_REPORT)?,
        teams: inputs.same_date(UPCOMING_TEAM_GAME_CONTEXT)?,
        players: &inputs.window(PLAYER_GAME_SUMMARY)?,
        offense: &inputs.window(TEAM_OFFENSE_GAME_SUMMARY)?,
        defense: &inputs.window(TEAM_DEFENSE_GAME_SUMMARY)?,
        gaps: gap_issues(inputs),
    });
    let expected = rows.len() as u64;
    Ok(Computed::Rows(Output::of(rows, expected)))
}
