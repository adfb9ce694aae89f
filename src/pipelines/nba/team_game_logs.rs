//! The league's team logs as rows. In: the landed payloads and the schedule of
//! the date. Out: two rows a game. Glue only: the rules are in `domain::nba`.

use super::datasets::{LANDED_TEAM_LOGS, SCHEDULE, TEAM_GAME_LOGS};
use crate::domain::nba;
use crate::flow::{Computed, Input, Inputs, Output, Permanent, Processor};

/// `nba.team_game_logs`.
pub(super) const PROCESSOR: Processor = Processor::compute(
    TEAM_GAME_LOGS,
    "One team's line in the league's log of a game.",
    1,
    &[Input::same_date(LANDED_TEAM_LOGS), SCHEDULE.same_date()],
    compute,
);

fn compute(inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    let games = inputs.same_date(SCHEDULE)?;
    let rows = nba::team_logs(inputs.payloads(LANDED_TEAM_LOGS)?, inputs.date(), games)?;
    let expected = 2 * games.len();
    Ok(Computed::Rows(Output::of(rows, expected as u64)))
}
