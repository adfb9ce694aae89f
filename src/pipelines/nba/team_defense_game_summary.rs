//! A2: what each team allowed in each game. In: A1 of the date, of which this is the other side, behind gate A.
//! Out: two rows a game. Glue only: the turn of perspective is in `domain::nba`.

use super::datasets::{GATE_A, TEAM_DEFENSE_GAME_SUMMARY, TEAM_OFFENSE_GAME_SUMMARY};
use crate::domain::nba;
use crate::flow::{Computed, Inputs, Output, Permanent, Processor};

/// `nba.team_defense_game_summary`.
pub(super) const PROCESSOR: Processor = Processor::compute(
    TEAM_DEFENSE_GAME_SUMMARY,
    "What a team allowed in a game: its opponent's box score, zones and ratings.",
    1,
    &[GATE_A.same_date().optional(), TEAM_OFFENSE_GAME_SUMMARY.same_date()],
    compute,
);

fn compute(inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    let teams = inputs.same_date(TEAM_OFFENSE_GAME_SUMMARY)?;
    let gaps: Vec<_> = inputs.gaps().collect();
    let rows = nba::team_defense(teams, &gaps)?;
    Ok(Computed::Rows(Output::of(rows, teams.len() as u64)))
}
