//! P1: how each team defended by zone in its last 15 games. In: the season's schedule up to the date, A2
//! before it. Out: one row for each team of the season. Skipped in the bootstrap days.

use super::bootstrap::{bootstrap, gap_issues, opening};
use super::datasets::{GATE_C, SCHEDULE, TEAM_DEFENSE_GAME_SUMMARY, TEAM_DEFENSE_ZONE_ANALYSIS};
use crate::domain::nba::{ZonesInput, since, team_defense_zones};
use crate::flow::{Computed, Inputs, Output, Permanent, Processor, Window};

/// The processor.
pub(super) const PROCESSOR: Processor = Processor::compute(
    TEAM_DEFENSE_ZONE_ANALYSIS,
    "one team's defence by zone over its last 15 games",
    1,
    &[
        GATE_C.same_date().optional(),
        SCHEDULE.read(Window::Days { back: 280, ahead: 0 }),
        TEAM_DEFENSE_GAME_SUMMARY.read(Window::SeasonBefore),
    ],
    compute,
);

fn compute(inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    if let Some(skipped) = bootstrap(inputs) {
        return Ok(skipped);
    }
    let schedule = inputs.window(SCHEDULE)?;
    let rows = team_defense_zones(&ZonesInput {
        date: inputs.date(),
        season_year: i64::from(inputs.calendar().season(inputs.index()).start_year()),
        schedule: since(&schedule, opening(inputs)),
        defense: &inputs.window(TEAM_DEFENSE_GAME_SUMMARY)?,
        gaps: gap_issues(inputs),
    });
    let expected = rows.len().max(2 * inputs.same_date(SCHEDULE)?.len());
    Ok(Computed::Rows(Output::of(rows, expected as u64)))
}
