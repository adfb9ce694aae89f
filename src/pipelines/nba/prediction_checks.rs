//! The checks of a date's predictions, alone and against those of the 90 days before. In: their profiles. Out: one row a
//! check, whatever its verdict. Nothing stands behind them: what was said is graded as it was said, and a date that
//! is dead would hold ninety days of whatever compares with it, which here are these checks alone.

use super::checking::{CHECKS_CODE, COMPARED, checked, results};
use super::datasets::{PREDICTION_CHECKS, PREDICTION_PROFILE};
use crate::domain::nba::thresholds;
use crate::flow::{Computed, Inputs, Permanent, Processor};

/// `nba.prediction_checks`.
pub(super) const PROCESSOR: Processor = Processor::compute(
    PREDICTION_CHECKS,
    "The result of one check of a date's predictions.",
    CHECKS_CODE,
    &[PREDICTION_PROFILE.read(COMPARED)],
    compute,
);

fn compute(inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    if let Some(reason) = inputs.skipped(PREDICTION_PROFILE.name())? {
        return Ok(Computed::Skipped(reason));
    }
    Ok(checked(results(inputs, PREDICTION_PROFILE, &thresholds()?.prediction)?))
}
