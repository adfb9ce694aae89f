//! What basketball numbers mean: box scores, shots, form, features.
//! Pure; knows no topic, no table's place, no attempt, no clock. Text is what the league calls a thing.
//! `rows_*.rs` say what the columns are, the other files how they come about.

pub mod box_score;
mod completeness;
mod composite_factors;
mod day;
mod feature_store;
mod features;
#[cfg(test)]
pub(crate) mod fixture;
mod gaps;
mod history;
mod identity;
mod payload;
mod payload_fault;
mod player_cache;
mod player_context;
mod player_game;
mod player_logs;
mod player_shot_zones;
mod population;
mod quality;
#[cfg(test)]
mod raw_faults;
mod rows_composite_factors;
mod rows_feature_store;
mod rows_player_cache;
mod rows_player_context;
mod rows_player_game;
mod rows_player_shot_zones;
mod rows_raw;
mod rows_schedule;
mod rows_team_context;
mod rows_team_defense;
mod rows_team_defense_zones;
mod rows_team_offense;
mod schedule;
mod season;
mod shots;
mod statistics;
#[cfg(test)]
mod summary_cases;
mod summary_fault;
mod team_context;
mod team_defense;
mod team_defense_zones;
mod team_logs;
mod team_offense;
mod zones;

pub use composite_factors::{FactorsInput, composite_factors};
pub use feature_store::{FeatureInput, feature_rows};
pub use history::{Units, since};
pub use identity::{canonical_game_id, league_date, player_lookup};
pub use payload_fault::PayloadFault;
pub use player_cache::{CacheInput, player_cache};
pub use player_context::{ContextInput, player_contexts};
pub use player_game::{PlayersOfDate, player_games};
pub use player_logs::{PLAYERS_PER_TEAM_MIN, player_logs};
pub use player_shot_zones::player_shot_zones;
pub use population::{NotScheduled, Played};
pub use quality::{Issue, Quality, tier};
pub use rows_composite_factors::CompositeFactors;
pub use rows_feature_store::FeatureRow;
pub use rows_player_cache::PlayerCache;
pub use rows_player_context::PlayerContext;
pub use rows_player_game::PlayerGame;
pub use rows_player_shot_zones::PlayerShotZones;
pub use rows_raw::{PlayerLog, Shot, TeamLog};
pub use rows_schedule::ScheduledGame;
pub use rows_team_context::TeamContext;
pub use rows_team_defense::TeamDefense;
pub use rows_team_defense_zones::TeamDefenseZones;
pub use rows_team_offense::TeamOffense;
pub use schedule::{calendar, scheduled_games};
pub use season::{BOOTSTRAP_DAYS, is_bootstrap};
pub use shots::shots;
pub use summary_fault::SummaryFault;
pub use team_context::{TeamContextInput, team_contexts};
pub use team_defense::team_defense;
pub use team_defense_zones::{ZonesInput, team_defense_zones};
pub use team_logs::team_logs;
pub use team_offense::{GamesOfDate, team_offense};
pub use zones::{ShotChart, Tally, Zone, ZoneCounts};
