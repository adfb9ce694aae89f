//! The rosters of a date as rows. In: the landed player index of the date. Out: one row a player who belongs to
//! a team. Glue only: the payload's shape and the rules are in `domain::nba`.

use super::datasets::{LANDED_PLAYER_INDEX, ROSTERS};
use crate::domain::nba;
use crate::flow::{Computed, Input, Inputs, Output, Permanent, Processor};

/// `nba.rosters`.
pub(super) const PROCESSOR: Processor = Processor::compute(
    ROSTERS,
    "One player of a team, as the league's index had him on the date.",
    2,
    &[Input::same_date(LANDED_PLAYER_INDEX)],
    compute,
);

fn compute(inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    let rows = nba::rosters(inputs.payloads(LANDED_PLAYER_INDEX)?, inputs.date())?;
    // An index without anybody in a team is none.
    Ok(Computed::Rows(Output::of(rows, 1)))
}
