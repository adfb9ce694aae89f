//! Gate C: GO or NO-GO by the checks of what is known of players and teams before a date's games. In: their results of the date.
//! Out: one row, GO; a NO-GO is a failure for good, and holds the precompute of the date.

use super::checking::gate;
use super::datasets::{CONTEXT_CHECKS, GATE_C};
use crate::flow::Processor;

/// `nba.gate_c`.
pub(super) const PROCESSOR: Processor = Processor::compute(
    GATE_C,
    "The GO of gate C: what is known of players and teams before a date's games may be built on.",
    1,
    &[CONTEXT_CHECKS.same_date()],
    |inputs| gate(inputs, "C", CONTEXT_CHECKS),
);
