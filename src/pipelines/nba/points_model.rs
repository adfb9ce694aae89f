//! The model that predicts points. In: the training rows of all dates before its own, of every season, behind
//! gate E. Out: one row, the model with its figures. One unit a month; others on demand. Skipped where there is
//! not yet enough to learn from.

use super::datasets::{GATE_E, POINTS_MODEL, POINTS_TRAINING};
use crate::domain::nba::points::{TrainingFault, points_model};
use crate::domain::nba::thresholds;
use crate::flow::{Compute, Computed, Input, Inputs, Output, Permanent, Processor, SkipReason, Window};

/// The processor. From how many rows on there is a model, gate E's thresholds say.
pub(super) const PROCESSOR: Processor =
    processor(|inputs| compute(inputs, thresholds()?.training.rows.skip_below));

const READS: &[Input] = &[GATE_E.same_date().optional(), POINTS_TRAINING.read(Window::AllBefore)];

/// The processor of a league that has a model from so many rows to learn from on.
pub(super) const fn learning_from<const ROWS: usize>() -> Processor {
    processor(|inputs| compute(inputs, ROWS))
}

const fn processor(compute: Compute) -> Processor {
    Processor::compute(
        POINTS_MODEL,
        "one trained model: trees, figures and the data of its report",
        2,
        READS,
        compute,
    )
    .monthly()
    .taking_up_to(900)
}

fn compute(inputs: &Inputs<'_>, rows_min: usize) -> Result<Computed, Permanent> {
    match points_model(&inputs.window(POINTS_TRAINING)?, inputs.date(), rows_min) {
        Ok(model) => Ok(Computed::Rows(Output::of(vec![model], 1))),
        Err(TrainingFault::TooFew { .. }) => Ok(Computed::Skipped(SkipReason::TooFew)),
        Err(fault) => Err(fault.into()),
    }
}
