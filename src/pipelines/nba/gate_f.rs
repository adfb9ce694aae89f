//! Gate F: GO or NO-GO by the checks of a trained model. In: their results of the date, once a month. Out: one
//! row, GO; a NO-GO is a failure for good, and holds the predictions of the month.

use super::checking::gate;
use super::datasets::{GATE_F, MODEL_CHECKS};
use crate::flow::Processor;

/// `nba.gate_f`.
pub(super) const PROCESSOR: Processor = Processor::compute(
    GATE_F,
    "The GO of gate F: a trained model may be built on.",
    1,
    &[MODEL_CHECKS.same_date()],
    |inputs| gate(inputs, "F", MODEL_CHECKS),
)
.monthly();
