//! How well each system did in a month. In: the grades of the month's dates up to the date. Out: one row a
//! system and population. Glue only: the sums are in `domain::nba`.

use super::datasets::{PREDICTION_ACCURACY, PREDICTION_LEADERBOARD};
use crate::domain::nba::leaderboard;
use crate::flow::{Computed, Inputs, Output, Permanent, Processor, Window};

/// The processor.
pub(super) const PROCESSOR: Processor = Processor::compute(
    PREDICTION_LEADERBOARD,
    "one system's month up to the date: error, bias, accuracy",
    2,
    &[PREDICTION_ACCURACY.read(Window::MonthToDate)],
    compute,
);

fn compute(inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    if let Some(reason) = inputs.skipped(PREDICTION_ACCURACY.name())? {
        return Ok(Computed::Skipped(reason));
    }
    let rows = leaderboard(inputs.date(), &inputs.window(PREDICTION_ACCURACY)?);
    let expected = rows.len();
    Ok(Computed::Rows(Output::of(rows, expected as u64)))
}
