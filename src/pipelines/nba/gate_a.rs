//! Gate A: GO or NO-GO by the checks of what teams did in a date's games. In: their results of the date.
//! Out: one row, GO; a NO-GO is a failure for good, and holds player summaries, the teams' other side and their contexts.

use super::checking::gate;
use super::datasets::{GATE_A, TEAM_OFFENSE_CHECKS};
use crate::flow::Processor;

/// `nba.gate_a`.
pub(super) const PROCESSOR: Processor = Processor::compute(
    GATE_A,
    "The GO of gate A: what teams did in a date's games may be built on.",
    1,
    &[TEAM_OFFENSE_CHECKS.same_date()],
    |inputs| gate(inputs, "A", TEAM_OFFENSE_CHECKS),
);
