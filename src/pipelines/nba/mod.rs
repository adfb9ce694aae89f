//! The NBA pipeline: its processors, one file each, and the calendar that they share.
//! Glue between datasets and the pure functions of `domain::nba`; no IO, no formula.

mod bootstrap;
mod datasets;
#[cfg(test)]
mod leakage;
mod ml_feature_store;
mod player_composite_factors;
mod player_daily_cache;
mod player_shot_zone_analysis;
#[cfg(test)]
mod sequential;
mod team_defense_zone_analysis;
mod upcoming_player_game_context;
mod upcoming_team_game_context;

pub use datasets::*;

/// What is computed from the summaries, in alphabetical order.
pub const FEATURES: [crate::flow::Processor; 7] = [
    ml_feature_store::PROCESSOR,
    player_composite_factors::PROCESSOR,
    player_daily_cache::PROCESSOR,
    player_shot_zone_analysis::PROCESSOR,
    team_defense_zone_analysis::PROCESSOR,
    upcoming_player_game_context::PROCESSOR,
    upcoming_team_game_context::PROCESSOR,
];
