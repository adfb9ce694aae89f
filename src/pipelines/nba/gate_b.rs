//! Gate B: GO or NO-GO by the checks of what players did in a date's games. In: their results of the date.
//! Out: one row, GO; a NO-GO is a failure for good, and holds everything that is known of players before later games.

use super::checking::gate;
use super::datasets::{GATE_B, PLAYER_GAME_CHECKS};
use crate::flow::Processor;

/// `nba.gate_b`.
pub(super) const PROCESSOR: Processor = Processor::compute(
    GATE_B,
    "The GO of gate B: what players did in a date's games may be built on.",
    1,
    &[PLAYER_GAME_CHECKS.same_date()],
    |inputs| gate(inputs, "B", PLAYER_GAME_CHECKS),
);
