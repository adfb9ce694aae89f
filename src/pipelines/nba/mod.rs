//! The NBA pipeline: its processors, one file each, and the calendar that they share.
//! Glue between datasets and the pure functions of `domain::nba`; no IO, no formula.

mod datasets;
mod landed_player_logs;
mod landed_schedule;
mod landed_shots;
mod landed_team_logs;
mod player_game_logs;
mod player_game_summary;
mod schedule;
mod shots;
mod team_defense_game_summary;
mod team_game_logs;
mod team_offense_game_summary;

pub use datasets::*;

use crate::domain::nba::calendar;
use crate::flow::{Pipeline, PipelineName, Processor};

/// All processors of the pipeline, in alphabetical order of what they write.
pub(super) const PROCESSORS: &[Processor] = &[
    landed_player_logs::PROCESSOR,
    landed_schedule::PROCESSOR,
    landed_shots::PROCESSOR,
    landed_team_logs::PROCESSOR,
    player_game_logs::PROCESSOR,
    player_game_summary::PROCESSOR,
    schedule::PROCESSOR,
    shots::PROCESSOR,
    team_defense_game_summary::PROCESSOR,
    team_game_logs::PROCESSOR,
    team_offense_game_summary::PROCESSOR,
];

/// The NBA pipeline. Its dates are the US dates that have a game by the season schedules.
pub const NBA: Pipeline =
    Pipeline { name: PipelineName::of("nba"), processors: PROCESSORS, calendar_source: "schedule", calendar };
