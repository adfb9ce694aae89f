//! The shot chart as rows. In: the landed payloads and the schedule of
//! the date. Out: one row a shot. Glue only: the rules are in `domain::nba`.

use super::datasets::{LANDED_SHOTS, SCHEDULE, SHOTS};
use crate::domain::nba;
use crate::flow::{Computed, Input, Inputs, Output, Permanent, Processor};

/// `nba.shots`.
pub(super) const PROCESSOR: Processor = Processor::compute(
    SHOTS,
    "One shot of the shot chart.",
    1,
    &[Input::same_date(LANDED_SHOTS), SCHEDULE.same_date()],
    compute,
);

fn compute(inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    let games = inputs.same_date(SCHEDULE)?;
    let rows = nba::shots(inputs.payloads(LANDED_SHOTS)?, inputs.date(), games)?;
    // The source does not have the shots of every game, so the schedule demands none.
    let expected = 0;
    Ok(Computed::Rows(Output::of(rows, expected as u64)))
}
