//! The injury report of a date as rows. In: its landed PDF, the date's games and, to know whom a name is of, its
//! rosters, if there are any, and the logs before it. Out: one row a player whom a team names, and one a team that
//! has not submitted. Glue only: the report's shape and the rules are in `domain::nba::injury`.

use super::bootstrap::CARRYING;
use super::datasets::{INJURY_REPORT, LANDED_INJURY_REPORT, PLAYER_GAME_LOGS, ROSTERS, SCHEDULE};
use crate::domain::nba::{InjuryInput, injury_listings};
use crate::flow::{Computed, Input, Inputs, Output, Permanent, Processor};

/// `nba.injury_report`.
pub(super) const PROCESSOR: Processor = Processor::compute(
    INJURY_REPORT,
    "One player of the league's injury report, or one team that has not submitted, before a game.",
    1,
    &[
        Input::same_date(LANDED_INJURY_REPORT),
        SCHEDULE.same_date(),
        ROSTERS.same_date().optional(),
        PLAYER_GAME_LOGS.read(CARRYING),
    ],
    compute,
);

fn compute(inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    let rows = injury_listings(&InjuryInput {
        date: inputs.date(),
        payloads: inputs.payloads(LANDED_INJURY_REPORT)?,
        games: inputs.same_date(SCHEDULE)?,
        rosters: inputs.same_date(ROSTERS)?,
        logs: &inputs.window(PLAYER_GAME_LOGS)?,
    })?;
    // A report that lists no game of the date is found before it lands; all of them may have been put off since.
    Ok(Computed::Rows(Output::of(rows, 0)))
}
