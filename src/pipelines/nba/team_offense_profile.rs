//! What teams did on a date, as figures of each column. In: A1 and the schedule of the date. Out: one row a
//! column; of the schedule only how many games there are.

use super::checking::{profile_of, profiles};
use super::datasets::{SCHEDULE, TEAM_OFFENSE_GAME_SUMMARY, TEAM_OFFENSE_PROFILE};
use crate::domain::checks::counted;
use crate::domain::nba::segment;
use crate::flow::{Computed, Inputs, Permanent, Processor};

/// `nba.team_offense_profile`.
pub(super) const PROCESSOR: Processor = Processor::compute(
    TEAM_OFFENSE_PROFILE,
    "One column of a date as figures: nulls, zeros, mean, spread, least and greatest.",
    1,
    &[SCHEDULE.same_date(), TEAM_OFFENSE_GAME_SUMMARY.same_date()],
    compute,
);

fn compute(inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    let games = inputs.same_date(SCHEDULE)?;
    let teams = inputs.same_date(TEAM_OFFENSE_GAME_SUMMARY)?;
    let issues = teams.iter().flat_map(|row| row.quality_issues.iter());
    let segment = segment(inputs.date(), games, false, issues);
    let mut rows = vec![counted(SCHEDULE.name(), &segment, games.len())];
    rows.extend(profile_of(TEAM_OFFENSE_GAME_SUMMARY, &segment, teams));
    Ok(profiles(rows))
}
