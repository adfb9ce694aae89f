//! A3: what each player did in each game. In: player logs, shots and A1 of the date (usage needs the
//! team's figures), behind gate A; without A1, accepted as a gap, usage is null. Out: one row for each line of
//! the logs. Bookmakers' offers, if there are any, tell on which side of his line a player came out.
//! Glue only: the formulas are in `domain::nba`.

use super::datasets::{
    GATE_A, PLAYER_GAME_LOGS, PLAYER_GAME_SUMMARY, PLAYER_PROPS, SHOTS, TEAM_OFFENSE_GAME_SUMMARY,
};
use crate::domain::nba::{self, PlayersOfDate, ShotChart};
use crate::flow::{Computed, Inputs, Output, Permanent, Processor};

/// `nba.player_game_summary`.
pub(super) const PROCESSOR: Processor = Processor::compute(
    PLAYER_GAME_SUMMARY,
    "What a player did in a game: box score, zones, usage and shooting.",
    3,
    &[
        GATE_A.same_date().optional(),
        PLAYER_GAME_LOGS.same_date(),
        SHOTS.same_date().optional(),
        TEAM_OFFENSE_GAME_SUMMARY.same_date().optional(),
        PLAYER_PROPS.same_date().optional(),
    ],
    compute,
);

fn compute(inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    let player_logs = inputs.same_date(PLAYER_GAME_LOGS)?;
    let gaps: Vec<_> = inputs.gaps().collect();
    let rows = nba::player_games(&PlayersOfDate {
        player_logs,
        teams: inputs.same_date(TEAM_OFFENSE_GAME_SUMMARY)?,
        shots: &ShotChart::of(inputs.same_date(SHOTS)?),
        props: inputs.same_date(PLAYER_PROPS)?,
        gaps: &gaps,
    })?;
    Ok(Computed::Rows(Output::of(rows, player_logs.len() as u64)))
}
