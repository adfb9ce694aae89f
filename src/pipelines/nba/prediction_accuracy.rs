//! Each prediction beside what happened. In, of the date: the predictions and A3. Out: one row for each
//! prediction or refusal. Glue only: the rules are in `domain::nba`.

use super::datasets::{PLAYER_GAME_SUMMARY, PLAYER_PROP_PREDICTIONS, PREDICTION_ACCURACY};
use crate::domain::nba::grades;
use crate::flow::{Computed, Inputs, Output, Permanent, Processor};

/// The processor.
pub(super) const PROCESSOR: Processor = Processor::compute(
    PREDICTION_ACCURACY,
    "one prediction beside what happened",
    1,
    &[PLAYER_PROP_PREDICTIONS.same_date(), PLAYER_GAME_SUMMARY.same_date()],
    compute,
);

fn compute(inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    let predictions = inputs.same_date(PLAYER_PROP_PREDICTIONS)?;
    let rows = grades(predictions, inputs.same_date(PLAYER_GAME_SUMMARY)?);
    Ok(Computed::Rows(Output::of(rows, predictions.len() as u64)))
}
