//! The checks of what players did and teams allowed in a date's games, and of players and teams against the 90 days before. In: the
//! profiles of the date and of these days. Out: one row a check, whatever its verdict. Skipped where the players'
//! profile is. Whoever reads the gate behind it waits for all these dates anyway.

use super::checking::{CHECKS_CODE, COMPARED, checked, results};
use super::datasets::{
    PLAYER_GAME_CHECKS, PLAYER_GAME_PROFILE, TEAM_DEFENSE_GAME_SUMMARY, TEAM_OFFENSE_PROFILE,
};
use crate::domain::nba::thresholds;
use crate::flow::{Computed, Inputs, Permanent, Processor};

/// `nba.player_game_checks`.
pub(super) const PROCESSOR: Processor = Processor::compute(
    PLAYER_GAME_CHECKS,
    "The result of one check of what players did in a date's games.",
    CHECKS_CODE,
    &[PLAYER_GAME_PROFILE.read(COMPARED), TEAM_OFFENSE_PROFILE.read(COMPARED)],
    compute,
);

fn compute(inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    if let Some(reason) = inputs.skipped(PLAYER_GAME_PROFILE.name())? {
        return Ok(Computed::Skipped(reason));
    }
    let thresholds = thresholds()?;
    let mut rows = results(inputs, PLAYER_GAME_PROFILE, &thresholds.player_game)?;
    // Teams accepted as a gap have no profile of the date, and nothing to judge or compare.
    let defense = TEAM_DEFENSE_GAME_SUMMARY.name();
    if inputs.same_date(PLAYER_GAME_PROFILE)?.iter().any(|column| *column.dataset == *defense.as_str()) {
        rows.extend(results(inputs, PLAYER_GAME_PROFILE, &thresholds.team_defense)?);
    }
    if inputs.skipped(TEAM_OFFENSE_PROFILE.name())?.is_none() {
        rows.extend(results(inputs, TEAM_OFFENSE_PROFILE, &thresholds.regression)?);
    }
    Ok(checked(rows))
}
