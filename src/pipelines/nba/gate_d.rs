//! Gate D: GO or NO-GO by the checks of what was computed before a date's games. In: their results of the date.
//! Out: one row, GO; a NO-GO is a failure for good, and holds features and predictions of the date.

use super::checking::gate;
use super::datasets::{GATE_D, PRECOMPUTE_CHECKS};
use crate::flow::Processor;

/// `nba.gate_d`.
pub(super) const PROCESSOR: Processor = Processor::compute(
    GATE_D,
    "The GO of gate D: what was computed before a date's games may be built on.",
    1,
    &[PRECOMPUTE_CHECKS.same_date()],
    |inputs| gate(inputs, "D", PRECOMPUTE_CHECKS),
);
