//! The checks of what is known of players and teams before a date's games, judged by the thresholds. In, of the date:
//! A4, A5 and the schedule; and which dates of the season before have passed gates A and B. Out: one row a check,
//! whatever its verdict.

use super::checking::{CHECKS_CODE, checked, profile_of};
use super::datasets::{
    CONTEXT_CHECKS, GATE_A, GATE_B, SCHEDULE, UPCOMING_PLAYER_GAME_CONTEXT, UPCOMING_TEAM_GAME_CONTEXT,
};
use crate::domain::checks::{Day, counted, judge, judge_passed};
use crate::domain::nba::{is_bootstrap, segment, thresholds};
use crate::flow::{Computed, Inputs, Permanent, Processor, Window};

/// `nba.context_checks`.
pub(super) const PROCESSOR: Processor = Processor::compute(
    CONTEXT_CHECKS,
    "The result of one check of what is known before a date's games.",
    CHECKS_CODE,
    &[
        GATE_A.read(Window::SeasonBefore),
        GATE_B.read(Window::SeasonBefore),
        SCHEDULE.same_date(),
        UPCOMING_PLAYER_GAME_CONTEXT.same_date(),
        UPCOMING_TEAM_GAME_CONTEXT.same_date(),
    ],
    compute,
);

fn compute(inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    let games = inputs.same_date(SCHEDULE)?;
    let players = inputs.same_date(UPCOMING_PLAYER_GAME_CONTEXT)?;
    let issues = players.iter().flat_map(|row| row.quality_issues.iter());
    let is_bootstrap = is_bootstrap(inputs.calendar(), inputs.index());
    let segment = segment(inputs.date(), games, is_bootstrap, issues);
    let mut profile = vec![counted(SCHEDULE.name(), &segment, games.len())];
    profile.extend(profile_of(UPCOMING_PLAYER_GAME_CONTEXT, &segment, players));
    let teams = inputs.same_date(UPCOMING_TEAM_GAME_CONTEXT)?;
    profile.extend(profile_of(UPCOMING_TEAM_GAME_CONTEXT, &segment, teams));

    let thresholds = thresholds()?;
    let today = Day { date: inputs.date(), profile: &profile };
    let mut rows = judge(&thresholds.context, thresholds.baseline, today, &[]);
    let dates = Window::SeasonBefore.inputs(inputs.calendar(), inputs.index()).len();
    for gate in [GATE_A, GATE_B] {
        let passed = inputs.window(gate)?.len();
        rows.push(judge_passed(thresholds.dates_passed, gate.name(), passed, dates));
    }
    Ok(checked(rows))
}
