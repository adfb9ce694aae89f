//! A5: what is known of each team before a game. In: the season's schedule up to a week after the date,
//! the results before it (A1) behind gate A, and of the date bookmakers' lines and the injury report, if there are any. Out: two rows a game. Waits for the results of the season before.

use super::bootstrap::{gap_issues, opening};
use super::datasets::{
    GAME_LINES, GATE_A, INJURY_REPORT, SCHEDULE, TEAM_OFFENSE_GAME_SUMMARY, UPCOMING_TEAM_GAME_CONTEXT,
};
use crate::domain::nba::{TeamContextInput, team_contexts};
use crate::flow::{Computed, Inputs, Output, Permanent, Processor, Window};

/// The processor.
pub(super) const PROCESSOR: Processor = Processor::compute(
    UPCOMING_TEAM_GAME_CONTEXT,
    "one team before one game: rest, load, record, streak",
    4,
    &[
        SCHEDULE.read(Window::Days { back: 280, ahead: 7 }),
        TEAM_OFFENSE_GAME_SUMMARY.read(Window::SeasonBefore),
        GATE_A.read(Window::SeasonBefore),
        GAME_LINES.same_date().optional(),
        INJURY_REPORT.same_date().optional(),
    ],
    compute,
);

fn compute(inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    let rows = team_contexts(&TeamContextInput {
        date: inputs.date(),
        opening: opening(inputs),
        schedule: &inputs.window(SCHEDULE)?,
        offense: &inputs.window(TEAM_OFFENSE_GAME_SUMMARY)?,
        lines: inputs.same_date(GAME_LINES)?,
        injuries: inputs.same_date(INJURY_REPORT)?,
        gaps: gap_issues(inputs),
    });
    let expected = 2 * inputs.same_date(SCHEDULE)?.len();
    Ok(Computed::Rows(Output::of(rows, expected as u64)))
}
