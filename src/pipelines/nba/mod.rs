//! The NBA pipeline: its processors, one file each, and the calendar that they share.
//! Glue between datasets and the pure functions of `domain::nba`; no IO, no formula.

mod bootstrap;
mod checking;
mod context_checks;
mod datasets;
mod game_lines;
mod gate_a;
mod gate_b;
mod gate_c;
mod gate_d;
mod gate_e;
mod gate_f;
mod injury_report;
mod intake;
mod landed_injury_report;
mod landed_player_index;
mod landed_player_logs;
mod landed_player_props;
mod landed_schedule;
mod landed_shots;
mod landed_team_logs;
#[cfg(test)]
mod leakage;
mod ml_feature_store;
mod model_checks;
mod player_composite_factors;
mod player_daily_cache;
mod player_game_checks;
mod player_game_logs;
mod player_game_profile;
mod player_game_summary;
mod player_prop_predictions;
mod player_props;
mod player_shot_zone_analysis;
mod points_features;
mod points_model;
mod points_training;
mod precompute_checks;
mod precompute_profile;
mod prediction_accuracy;
mod prediction_checks;
mod prediction_leaderboard;
mod prediction_profile;
mod rhythm;
mod rosters;
mod schedule;
#[cfg(test)]
mod sequential;
mod shots;
mod site_model;
mod site_performance;
mod site_players;
mod site_predictions;
mod site_results;
mod team_defense_game_summary;
mod team_defense_zone_analysis;
mod team_game_logs;
mod team_offense_checks;
mod team_offense_game_summary;
mod team_offense_profile;
mod training_checks;
mod upcoming_player_game_context;
mod upcoming_team_game_context;

pub use datasets::*;
pub use intake::INTAKE;
pub use rhythm::NBA_RHYTHM;

use crate::domain::nba::calendar;
use crate::flow::{Pipeline, PipelineName, Processor};

/// All processors of the pipeline, in alphabetical order of what they write.
pub(super) const PROCESSORS: &[Processor] = &[
    context_checks::PROCESSOR,
    game_lines::PROCESSOR,
    gate_a::PROCESSOR,
    gate_b::PROCESSOR,
    gate_c::PROCESSOR,
    gate_d::PROCESSOR,
    gate_e::PROCESSOR,
    gate_f::PROCESSOR,
    injury_report::PROCESSOR,
    landed_injury_report::PROCESSOR,
    landed_player_index::PROCESSOR,
    landed_player_logs::PROCESSOR,
    landed_player_props::PROCESSOR,
    landed_schedule::PROCESSOR,
    landed_shots::PROCESSOR,
    landed_team_logs::PROCESSOR,
    ml_feature_store::PROCESSOR,
    model_checks::PROCESSOR,
    player_composite_factors::PROCESSOR,
    player_daily_cache::PROCESSOR,
    player_game_checks::PROCESSOR,
    player_game_logs::PROCESSOR,
    player_game_profile::PROCESSOR,
    player_game_summary::PROCESSOR,
    player_prop_predictions::PROCESSOR,
    player_props::PROCESSOR,
    player_shot_zone_analysis::PROCESSOR,
    points_features::PROCESSOR,
    points_model::PROCESSOR,
    points_training::PROCESSOR,
    precompute_checks::PROCESSOR,
    precompute_profile::PROCESSOR,
    prediction_accuracy::PROCESSOR,
    prediction_checks::PROCESSOR,
    prediction_leaderboard::PROCESSOR,
    prediction_profile::PROCESSOR,
    rosters::PROCESSOR,
    schedule::PROCESSOR,
    shots::PROCESSOR,
    site_model::PROCESSOR,
    site_performance::PROCESSOR,
    site_players::PROCESSOR,
    site_predictions::PROCESSOR,
    site_results::PROCESSOR,
    team_defense_game_summary::PROCESSOR,
    team_defense_zone_analysis::PROCESSOR,
    team_game_logs::PROCESSOR,
    team_offense_checks::PROCESSOR,
    team_offense_game_summary::PROCESSOR,
    team_offense_profile::PROCESSOR,
    training_checks::PROCESSOR,
    upcoming_player_game_context::PROCESSOR,
    upcoming_team_game_context::PROCESSOR,
];

/// The NBA pipeline. Its dates are the US dates that have a game by the season schedules.
pub const NBA: Pipeline =
    Pipeline { name: PipelineName::of("nba"), processors: PROCESSORS, calendar_source: "schedule", calendar };

/// The two processors that wait for enough rows to learn from, as a league smaller than the real one needs them:
/// they wait for `ROWS` rows of established players. In place of those of the same names in `NBA`.
#[must_use]
pub const fn learning_from<const ROWS: usize>() -> [Processor; 2] {
    [points_model::learning_from::<ROWS>(), training_checks::learning_from::<ROWS>()]
}
