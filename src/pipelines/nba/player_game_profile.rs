//! What players did and teams allowed on a date, as figures of each column. In: A3, A2 and the schedule of the date.
//! Out: one row a column; of the schedule only how many games there are.

use super::checking::{profile_of, profiles};
use super::datasets::{PLAYER_GAME_PROFILE, PLAYER_GAME_SUMMARY, SCHEDULE, TEAM_DEFENSE_GAME_SUMMARY};
use crate::domain::checks::counted;
use crate::domain::nba::segment;
use crate::flow::{Computed, Inputs, Permanent, Processor};

/// `nba.player_game_profile`.
pub(super) const PROCESSOR: Processor = Processor::compute(
    PLAYER_GAME_PROFILE,
    "One column of a date as figures: nulls, zeros, mean, spread, least and greatest.",
    2,
    &[
        PLAYER_GAME_SUMMARY.same_date(),
        SCHEDULE.same_date(),
        TEAM_DEFENSE_GAME_SUMMARY.same_date().optional(),
    ],
    compute,
);

fn compute(inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    let games = inputs.same_date(SCHEDULE)?;
    let players = inputs.same_date(PLAYER_GAME_SUMMARY)?;
    let issues = players.iter().flat_map(|row| row.quality_issues.iter());
    let segment = segment(inputs.date(), games, false, issues);
    let mut rows = vec![counted(SCHEDULE.name(), &segment, games.len())];
    rows.extend(profile_of(PLAYER_GAME_SUMMARY, &segment, players));
    // Teams accepted as a gap have allowed nothing that could be looked at.
    if inputs.skipped(TEAM_DEFENSE_GAME_SUMMARY.name())?.is_none() {
        let allowed = inputs.same_date(TEAM_DEFENSE_GAME_SUMMARY)?;
        rows.extend(profile_of(TEAM_DEFENSE_GAME_SUMMARY, &segment, allowed));
    }
    Ok(profiles(rows))
}
