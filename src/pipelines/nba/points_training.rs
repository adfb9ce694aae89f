//! What the points model learns from. In, of the date: its features and A3, the outcomes. Out: one row for
//! each player of the features who played. Skipped in the bootstrap days, as the features are.

use super::datasets::{PLAYER_GAME_SUMMARY, POINTS_FEATURES, POINTS_TRAINING};
use crate::domain::nba::points::points_training;
use crate::flow::{Computed, Inputs, Output, Permanent, Processor};

/// The processor.
pub(super) const PROCESSOR: Processor = Processor::compute(
    POINTS_TRAINING,
    "one player's features before a game with the points that he then scored",
    1,
    &[POINTS_FEATURES.same_date(), PLAYER_GAME_SUMMARY.same_date()],
    compute,
);

fn compute(inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    let rows = points_training(inputs.same_date(POINTS_FEATURES)?, inputs.same_date(PLAYER_GAME_SUMMARY)?);
    let expected = rows.len() as u64;
    Ok(Computed::Rows(Output::of(rows, expected)))
}
