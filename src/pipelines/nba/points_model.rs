//! The model that predicts points. In: the training rows of all dates before its own, of every season, behind
//! gate E. Out: one row, the model with its figures. One unit a month; others on demand. Skipped where there is
//! not yet enough to learn from.

use super::datasets::{GATE_E, POINTS_MODEL, POINTS_TRAINING};
use crate::domain::nba::points::{ROWS_MIN, TrainingFault, points_model};
use crate::flow::{Computed, Inputs, Output, Permanent, Processor, SkipReason, Window};

/// The processor.
pub(super) const PROCESSOR: Processor = Processor::compute(
    POINTS_MODEL,
    "one trained model: trees, figures and the data of its report",
    2,
    &[GATE_E.same_date().optional(), POINTS_TRAINING.read(Window::AllBefore)],
    |inputs| compute(inputs, ROWS_MIN),
)
.monthly()
.taking_up_to(900);

pub(super) fn compute(inputs: &Inputs<'_>, rows_min: usize) -> Result<Computed, Permanent> {
    match points_model(&inputs.window(POINTS_TRAINING)?, inputs.date(), rows_min) {
        Ok(model) => Ok(Computed::Rows(Output::of(vec![model], 1))),
        Err(TrainingFault::TooFew { .. }) => Ok(Computed::Skipped(SkipReason::TooFew)),
        Err(fault) => Err(fault.into()),
    }
}
