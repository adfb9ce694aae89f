//! Gate E: GO or NO-GO by the checks of all that a model learns from. In: their results of the date, once a
//! month. Out: one row, GO; a NO-GO is a failure for good, and holds the model of the month.

use super::checking::gate;
use super::datasets::{GATE_E, TRAINING_CHECKS};
use crate::flow::Processor;

/// `nba.gate_e`.
pub(super) const PROCESSOR: Processor = Processor::compute(
    GATE_E,
    "The GO of gate E: all that a model learns from may be built on.",
    1,
    &[TRAINING_CHECKS.same_date()],
    |inputs| gate(inputs, "E", TRAINING_CHECKS),
)
.monthly();
