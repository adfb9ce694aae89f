//! What the profiles, checks and gates share in their declarations: which dates a date is compared with, and
//! how rows become profiles, profiles results, and results a GO. No threshold, no formula, no IO.

use std::sync::Arc;

use crate::domain::checks::{
    BASELINE_DAYS, CheckRow, ColumnProfile, DatasetChecks, Day, GateRow, decide, judge, profile,
};
use crate::domain::nba::{THRESHOLDS_REVISION, thresholds};
use crate::flow::{Computed, Dataset, Inputs, Output, Permanent, Row, Window};

/// The date and the days before that it is compared with.
pub(super) const COMPARED: Window = Window::Days { back: BASELINE_DAYS, ahead: 0 };

/// The code revision of all checks: that of the code, and what the thresholds' file is.
pub(super) const CHECKS_CODE: u32 = THRESHOLDS_REVISION.wrapping_add(1);

/// The profile of a dataset's rows on a date.
pub(super) fn profile_of<R: Row>(dataset: Dataset<R>, segment: &Arc<str>, rows: &[R]) -> Vec<ColumnProfile> {
    profile(dataset.name(), segment, &R::to_frame(rows))
}

/// Profiles as the content of a unit; a profile of nothing is a fault of its declaration.
pub(super) fn profiles(rows: Vec<ColumnProfile>) -> Computed {
    Computed::Rows(Output::of(rows, 1))
}

/// The results of a place's checks on the date, judged by its profile and those of the days before.
pub(super) fn results(
    inputs: &Inputs<'_>,
    profiles: Dataset<ColumnProfile>,
    checks: &[DatasetChecks],
) -> Result<Vec<CheckRow>, Permanent> {
    let days: Vec<Day<'_>> =
        inputs.window(profiles)?.into_iter().map(|(date, profile)| Day { date, profile }).collect();
    let (before, today) = days.split_at(days.partition_point(|day| day.date < inputs.date()));
    let today = today.first().copied().unwrap_or(Day { date: inputs.date(), profile: &[] });
    Ok(judge(checks, thresholds()?.baseline, today, before))
}

/// Results as the content of a unit, whatever they are.
pub(super) fn checked(rows: Vec<CheckRow>) -> Computed {
    let expected = rows.len().max(1) as u64;
    Computed::Rows(Output::of(rows, expected))
}

/// The gate's GO by the results of the date, or its NO-GO as a failure for good.
pub(super) fn gate(
    inputs: &Inputs<'_>,
    letter: &'static str,
    checks: Dataset<CheckRow>,
) -> Result<Computed, Permanent> {
    let go: GateRow = decide(letter, inputs.same_date(checks)?)?;
    Ok(Computed::Rows(Output::of(vec![go], 1)))
}
