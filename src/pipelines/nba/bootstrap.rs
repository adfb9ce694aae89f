//! What the precompute processors share in their declarations: the skip of a season's first days, the
//! windows over team games, and the accepted gaps as issues. No formula, no IO.

use std::sync::Arc;

use crate::domain::nba::{Issue, Quality, is_bootstrap};
use crate::flow::{Computed, Date, Inputs, SkipReason, Window};

/// The season before the date and, in its first six weeks, also the last hundred days of the season
/// before: by then nearly everybody has played for his new team, and the last season's end is in it.
pub(super) const CARRYING: Window = Window::SeasonBeforeCarrying { first_days: 42, carried_days: 100 };

/// `skipped` with the reason on a season's first 14 days; nothing on other dates.
pub(super) fn bootstrap(inputs: &Inputs<'_>) -> Option<Computed> {
    is_bootstrap(inputs.calendar(), inputs.index()).then_some(Computed::Skipped(SkipReason::Bootstrap))
}

/// The first date of the unit's season.
pub(super) fn opening(inputs: &Inputs<'_>) -> Date {
    inputs.calendar().opening(inputs.index())
}

/// The accepted gaps among the inputs, as issues of every row.
pub(super) fn gap_issues(inputs: &Inputs<'_>) -> Arc<[Arc<str>]> {
    let mut quality = Quality::of([]);
    for (dataset, date) in inputs.gaps() {
        quality.note(Issue::Gap(dataset, date));
    }
    quality.issues()
}
