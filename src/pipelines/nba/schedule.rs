//! The games of a date as rows, from the season's list. In: the landed schedule of the date.
//! Out: one row a game. Glue only: the rules are in `domain::nba`.

use super::datasets::{LANDED_SCHEDULE, SCHEDULE};
use crate::domain::nba;
use crate::flow::{Computed, Input, Inputs, Output, Permanent, Processor};

/// `nba.schedule`.
pub(super) const PROCESSOR: Processor =
    Processor::compute(SCHEDULE, "One game of a date.", 1, &[Input::same_date(LANDED_SCHEDULE)], compute);

fn compute(inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    let games = nba::scheduled_games(inputs.payloads(LANDED_SCHEDULE)?, inputs.date())?;
    // The date is in the calendar because the list has a game on it: none is too few.
    let expected = games.len().max(1) as u64;
    Ok(Computed::Rows(Output::of(games, expected)))
}
