//! What basketball numbers mean: box scores, shots, form, features.
//! Pure; knows no topic, no table's place, no attempt, no clock. Text is what the league calls a thing.
//! `rows_*.rs` say what the columns are, the other files how they come about.

pub mod box_score;
mod completeness;
mod composite_factors;
mod day;
mod feature_spread;
mod feature_store;
mod features;
#[cfg(test)]
pub(crate) mod fixture;
mod game_lines;
mod gaps;
mod gate_rules;
mod grading;
mod history;
mod identity;
mod injury;
mod leaderboard;
mod model_checks;
mod offers;
mod payload;
mod payload_fault;
mod player_cache;
mod player_context;
mod player_game;
mod player_logs;
mod player_props;
mod player_shot_zones;
pub mod points;
mod population;
mod prediction;
mod predictions;
mod quality;
#[cfg(test)]
mod raw_faults;
mod recommendation;
mod rosters;
mod rows_composite_factors;
mod rows_feature_store;
mod rows_game_lines;
mod rows_player_cache;
mod rows_player_context;
mod rows_player_game;
mod rows_player_props;
mod rows_player_shot_zones;
mod rows_prediction_accuracy;
mod rows_prediction_leaderboard;
mod rows_predictions;
mod rows_raw;
mod rows_rosters;
mod rows_schedule;
mod rows_team_context;
mod rows_team_defense;
mod rows_team_defense_zones;
mod rows_team_offense;
mod schedule;
mod season;
mod season_list;
mod shots;
pub mod site;
mod statistics;
#[cfg(test)]
mod summary_cases;
mod summary_fault;
mod system_ensemble;
mod system_gradient_boosting;
mod system_moving_average;
mod system_similarity;
mod system_zone_matchup;
mod team_context;
mod team_defense;
mod team_defense_zones;
mod team_logs;
mod team_names;
mod team_offense;
mod zones;

pub use composite_factors::{FactorsInput, composite_factors};
pub use feature_spread::{FeatureSpread, Spread, constant_over_a_season, feature_spread};
pub use feature_store::{FeatureInput, feature_rows};
pub use game_lines::game_lines;
pub use gate_rules::{
    ModelLimits, RowsToLearnFrom, THRESHOLDS_REVISION, Thresholds, ThresholdsError, TrainingLimits, segment,
    thresholds,
};
pub use grading::grades;
pub use history::{Units, since};
pub use identity::{canonical_game_id, league_date, player_lookup};
pub use injury::{
    InjuryInput, InjuryListing, InjuryStatus, ReasonCategory, check_injury_report, injury_listings,
};
pub use leaderboard::leaderboard;
pub use model_checks::{StoreDay, model_checks, training_checks, training_rows_check};
pub use offers::DateOffers;
pub use payload_fault::PayloadFault;
pub use player_cache::{CacheInput, player_cache};
pub use player_context::{ContextInput, player_contexts};
pub use player_game::{PlayersOfDate, player_games};
pub use player_logs::{PLAYERS_PER_TEAM_MIN, player_logs};
pub use player_props::player_props;
pub use player_shot_zones::player_shot_zones;
pub use population::{NotScheduled, Played};
pub use prediction::System;
pub use predictions::{PredictionInput, predictions};
pub use quality::{Issue, Quality, tier};
pub use recommendation::Side;
pub use rosters::{check_rosters, rosters};
pub use rows_composite_factors::CompositeFactors;
pub use rows_feature_store::FeatureRow;
pub use rows_game_lines::GameLine;
pub use rows_player_cache::PlayerCache;
pub use rows_player_context::PlayerContext;
pub use rows_player_game::PlayerGame;
pub use rows_player_props::PlayerProp;
pub use rows_player_shot_zones::PlayerShotZones;
pub use rows_prediction_accuracy::PredictionGrade;
pub use rows_prediction_leaderboard::SystemStanding;
pub use rows_predictions::PlayerPrediction;
pub use rows_raw::{PlayerLog, Shot, TeamLog};
pub use rows_rosters::Rostered;
pub use rows_schedule::ScheduledGame;
pub use rows_team_context::TeamContext;
pub use rows_team_defense::TeamDefense;
pub use rows_team_defense_zones::TeamDefenseZones;
pub use rows_team_offense::TeamOffense;
pub use schedule::{calendar, check_schedule, game_states, scheduled_games, starts};
pub use season::{BOOTSTRAP_DAYS, is_bootstrap, season_of};
pub use season_list::GameState;
pub use shots::{check_shots, shots};
pub use summary_fault::SummaryFault;
pub use team_context::{TeamContextInput, team_contexts};
pub use team_defense::team_defense;
pub use team_defense_zones::{ZonesInput, team_defense_zones};
pub use team_logs::team_logs;
pub use team_offense::{GamesOfDate, team_offense};
pub use zones::{ShotChart, Tally, Zone, ZoneCounts};
