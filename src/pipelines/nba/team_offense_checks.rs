//! The checks of what teams did in a date's games, judged by the thresholds. In: the profile of the date. Out: one
//! row a check, whatever its verdict.

use super::checking::{CHECKS_CODE, checked, results};
use super::datasets::{TEAM_OFFENSE_CHECKS, TEAM_OFFENSE_PROFILE};
use crate::domain::nba::thresholds;
use crate::flow::{Computed, Inputs, Permanent, Processor};

/// `nba.team_offense_checks`.
pub(super) const PROCESSOR: Processor = Processor::compute(
    TEAM_OFFENSE_CHECKS,
    "The result of one check of what teams did in a date's games.",
    CHECKS_CODE,
    &[TEAM_OFFENSE_PROFILE.same_date()],
    compute,
);

fn compute(inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    Ok(checked(results(inputs, TEAM_OFFENSE_PROFILE, &thresholds()?.team_offense)?))
}
