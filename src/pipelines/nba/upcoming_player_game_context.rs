//! A4: what is known of each player before a game. In: the schedule around the date, the games before it
//! (A1, A2, A3) behind gate B, of the date bookmakers' offers and the injury report, if there are any,
//! and of its player log only *who* is in it. Out: one row a player of the date's
//! population. Waits for the log of the date and all summaries of the season before it.

use std::sync::Arc;

use super::bootstrap::{CARRYING, gap_issues, opening};
use super::datasets::{
    GAME_LINES, GATE_B, INJURY_REPORT, PLAYER_GAME_LOGS, PLAYER_GAME_SUMMARY, PLAYER_PROPS, SCHEDULE,
    TEAM_DEFENSE_GAME_SUMMARY, TEAM_OFFENSE_GAME_SUMMARY, UPCOMING_PLAYER_GAME_CONTEXT,
};
use crate::domain::nba::{ContextInput, Played, PlayerLog, player_contexts};
use crate::flow::{Computed, Inputs, Output, Permanent, Processor, SkipReason, Window};

/// Five play at a time: fewer rows for a team that plays mean that something is missing.
const PLAYERS_MIN: usize = 5;

/// The processor.
pub(super) const PROCESSOR: Processor = Processor::compute(
    UPCOMING_PLAYER_GAME_CONTEXT,
    "one player before one game: rest, load, form, usage, pace",
    3,
    &[
        SCHEDULE.read(Window::Days { back: 60, ahead: 7 }),
        PLAYER_GAME_LOGS.same_date().optional(),
        PLAYER_GAME_SUMMARY.read(CARRYING),
        TEAM_OFFENSE_GAME_SUMMARY.read(CARRYING),
        TEAM_DEFENSE_GAME_SUMMARY.read(CARRYING),
        GATE_B.read(CARRYING),
        PLAYER_PROPS.same_date().optional(),
        GAME_LINES.same_date().optional(),
        INJURY_REPORT.same_date().optional(),
    ],
    compute,
);

fn compute(inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    let played = inputs.same_date(PLAYER_GAME_LOGS)?;
    let is_played = inputs.skipped(PLAYER_GAME_LOGS.name())? != Some(SkipReason::NotYet);
    let gaps = gap_issues(inputs);
    let input = ContextInput {
        date: inputs.date(),
        opening: opening(inputs),
        schedule: &inputs.window(SCHEDULE)?,
        players: &inputs.window(PLAYER_GAME_SUMMARY)?,
        offense: &inputs.window(TEAM_OFFENSE_GAME_SUMMARY)?,
        defense: &inputs.window(TEAM_DEFENSE_GAME_SUMMARY)?,
        played: played.iter().map(who).collect(),
        injuries: inputs.same_date(INJURY_REPORT)?,
        props: inputs.same_date(PLAYER_PROPS)?,
        lines: inputs.same_date(GAME_LINES)?,
        gaps: Arc::clone(&gaps),
    };
    let rows = player_contexts(&input)
        .map_err(|fault| Permanent::new("box_score_not_scheduled", fault.to_string()))?;
    let games = inputs.same_date(SCHEDULE)?.len();
    // Before a first season's games nobody is known yet, and an accepted gap may leave a team without anybody.
    let players_min = if is_played && gaps.is_empty() { PLAYERS_MIN } else { 0 };
    let expected = rows.len().max(2 * games * players_min);
    Ok(Computed::Rows(Output::of(rows, expected as u64)))
}

/// Who has a row, and nothing of what he did.
fn who(row: &PlayerLog) -> Played<'_> {
    Played {
        player_id: row.player_id,
        player_lookup: &row.player_lookup,
        player_full_name: &row.player_name,
        team_abbr: &row.team_abbr,
    }
}
