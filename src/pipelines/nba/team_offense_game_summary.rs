//! A1: what each team did in each game. In: schedule, team logs, player logs and shots of the date; a log
//! accepted as a gap leaves the other one (a log that has not come yet does not), and shots that no source
//! has leave the zones null. Out: two rows a game. Glue only: the formulas are in `domain::nba`.

use super::datasets::{PLAYER_GAME_LOGS, SCHEDULE, SHOTS, TEAM_GAME_LOGS, TEAM_OFFENSE_GAME_SUMMARY};
use crate::domain::nba::{self, GamesOfDate, ShotChart};
use crate::flow::{Computed, Inputs, Output, Permanent, Processor, SkipReason};

/// `nba.team_offense_game_summary`.
pub(super) const PROCESSOR: Processor = Processor::compute(
    TEAM_OFFENSE_GAME_SUMMARY,
    "What a team did in a game: box score, zones, possessions and ratings.",
    1,
    &[
        PLAYER_GAME_LOGS.same_date().optional(),
        SCHEDULE.same_date(),
        SHOTS.same_date().optional(),
        TEAM_GAME_LOGS.same_date().optional(),
    ],
    compute,
);

fn compute(inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    match (inputs.skipped(PLAYER_GAME_LOGS.name())?, inputs.skipped(TEAM_GAME_LOGS.name())?) {
        (Some(SkipReason::NotYet), _) | (_, Some(SkipReason::NotYet)) => {
            return Ok(Computed::Skipped(SkipReason::NotYet));
        }
        (Some(reason), Some(_)) => return Ok(Computed::Skipped(reason)),
        (Some(_), None) | (None, Some(_)) | (None, None) => {}
    }
    let games = inputs.same_date(SCHEDULE)?;
    let gaps: Vec<_> = inputs.gaps().collect();
    let rows = nba::team_offense(&GamesOfDate {
        games,
        team_logs: inputs.same_date(TEAM_GAME_LOGS)?,
        player_logs: inputs.same_date(PLAYER_GAME_LOGS)?,
        shots: &ShotChart::of(inputs.same_date(SHOTS)?),
        gaps: &gaps,
    })?;
    let expected = 2 * games.len();
    Ok(Computed::Rows(Output::of(rows, expected as u64)))
}
