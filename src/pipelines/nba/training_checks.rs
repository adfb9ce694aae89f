//! The checks of all that a model learns from, judged by the thresholds. In, of all dates before: the training rows,
//! the profiles of the precompute, and which dates have passed gate D. Out: one row a check, whatever its verdict.
//! One unit a month. Skipped where there is too little to learn from, like the model.

use super::checking::{CHECKS_CODE, checked};
use super::datasets::{GATE_D, ML_FEATURE_STORE, POINTS_TRAINING, PRECOMPUTE_PROFILE, TRAINING_CHECKS};
use crate::domain::checks::judge_passed;
use crate::domain::nba::points::rows_to_learn_from;
use crate::domain::nba::{RowsToLearnFrom, StoreDay, thresholds, training_checks, training_rows_check};
use crate::flow::{Compute, Computed, Input, Inputs, Permanent, Processor, SkipReason, Window};

/// `nba.training_checks`.
pub(super) const PROCESSOR: Processor = processor(|inputs| compute(inputs, thresholds()?.training.rows));

const READS: &[Input] = &[
    GATE_D.read(Window::AllBefore),
    POINTS_TRAINING.read(Window::AllBefore),
    PRECOMPUTE_PROFILE.read(Window::AllBefore),
];

/// The processor of a league that has a model from so many rows to learn from on.
pub(super) const fn learning_from<const ROWS: usize>() -> Processor {
    processor(|inputs| compute(inputs, RowsToLearnFrom { skip_below: ROWS, ..thresholds()?.training.rows }))
}

const fn processor(compute: Compute) -> Processor {
    Processor::compute(
        TRAINING_CHECKS,
        "The result of one check of all that a model learns from.",
        CHECKS_CODE,
        READS,
        compute,
    )
    .monthly()
}

fn compute(inputs: &Inputs<'_>, limits: RowsToLearnFrom) -> Result<Computed, Permanent> {
    let rows = inputs.window(POINTS_TRAINING)?;
    let number = rows_to_learn_from(&rows);
    if number < limits.skip_below {
        return Ok(Computed::Skipped(SkipReason::TooFew));
    }
    let calendar = inputs.calendar();
    let season = |date| calendar.index_of(date).map_or(0, |at| i64::from(calendar.season(at).start_year()));
    let day = |(date, profile)| StoreDay { date, season_year: season(date), profile };
    let days: Vec<StoreDay<'_>> = inputs.window(PRECOMPUTE_PROFILE)?.into_iter().map(day).collect();
    let thresholds = thresholds()?;
    let training = (POINTS_TRAINING.name(), rows.as_slice());
    let store = (ML_FEATURE_STORE.name(), days.as_slice());
    let mut checks = vec![training_rows_check(limits, POINTS_TRAINING.name(), number)];
    checks.extend(training_checks(&thresholds.training, training, store));
    // Dates that rightly have nothing, such as a season's first ones, are none that have not passed.
    let passed = inputs.window(GATE_D)?.len();
    let accepted = inputs.gaps().filter(|(dataset, _)| *dataset == GATE_D.name()).count();
    checks.push(judge_passed(thresholds.dates_passed, GATE_D.name(), passed, passed + accepted));
    Ok(checked(checks))
}
