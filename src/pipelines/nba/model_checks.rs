//! The checks of a trained model, judged by the thresholds. In: the model of the date. Out: one row a check, whatever
//! its verdict. One unit a month, like the model; skipped where that is.

use super::checking::{CHECKS_CODE, checked};
use super::datasets::{MODEL_CHECKS, POINTS_MODEL};
use crate::domain::nba::{model_checks, thresholds};
use crate::flow::{Computed, Inputs, Permanent, Processor};

/// `nba.model_checks`.
pub(super) const PROCESSOR: Processor = Processor::compute(
    MODEL_CHECKS,
    "The result of one check of a trained model.",
    CHECKS_CODE,
    &[POINTS_MODEL.same_date()],
    compute,
)
.monthly();

fn compute(inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    let limits = thresholds()?.model;
    let models = inputs.same_date(POINTS_MODEL)?;
    let checks = models.iter().flat_map(|model| model_checks(limits, POINTS_MODEL.name(), model));
    Ok(checked(checks.collect()))
}
