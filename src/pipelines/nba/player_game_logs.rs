//! The league's player logs as rows. In: the landed payloads and the schedule of
//! the date. Out: one row for each player of each game. Glue only: the rules are in `domain::nba`.

use super::datasets::{LANDED_PLAYER_LOGS, PLAYER_GAME_LOGS, SCHEDULE};
use crate::domain::nba;
use crate::flow::{Computed, Input, Inputs, Output, Permanent, Processor};

/// `nba.player_game_logs`.
pub(super) const PROCESSOR: Processor = Processor::compute(
    PLAYER_GAME_LOGS,
    "One player's line in the league's log of a game.",
    2,
    &[Input::same_date(LANDED_PLAYER_LOGS), SCHEDULE.same_date()],
    compute,
);

fn compute(inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    let games = inputs.same_date(SCHEDULE)?;
    let rows = nba::player_logs(inputs.payloads(LANDED_PLAYER_LOGS)?, inputs.date(), games)?;
    let expected = 2 * nba::PLAYERS_PER_TEAM_MIN * games.len();
    Ok(Computed::Rows(Output::of(rows, expected as u64)))
}
