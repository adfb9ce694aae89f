//! The checks of what was computed before a date's games, judged by the thresholds. In: the profile of the date. Out:
//! one row a check, whatever its verdict.

use super::checking::{CHECKS_CODE, checked, results};
use super::datasets::{PRECOMPUTE_CHECKS, PRECOMPUTE_PROFILE};
use crate::domain::nba::thresholds;
use crate::flow::{Computed, Inputs, Permanent, Processor};

/// `nba.precompute_checks`.
pub(super) const PROCESSOR: Processor = Processor::compute(
    PRECOMPUTE_CHECKS,
    "The result of one check of what was computed before a date's games.",
    CHECKS_CODE,
    &[PRECOMPUTE_PROFILE.same_date()],
    compute,
);

fn compute(inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    Ok(checked(results(inputs, PRECOMPUTE_PROFILE, &thresholds()?.precompute)?))
}
