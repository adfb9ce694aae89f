//! What basketball numbers mean: box scores, shots, form, features.
//! Pure; knows no topic, no table's place, no attempt, no clock. Text is what the league calls a thing.
//! `rows_*.rs` say what the columns are, the other files how they come about.

mod completeness;
mod composite_factors;
mod feature_store;
mod features;
#[cfg(test)]
pub(crate) mod fixture;
mod gaps;
mod history;
mod player_cache;
mod player_context;
mod player_shot_zones;
mod population;
mod quality;
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
mod season;
mod statistics;
mod team_context;
mod team_defense_zones;

pub use composite_factors::{FactorsInput, composite_factors};
pub use feature_store::{FeatureInput, feature_rows};
pub use history::{Units, since};
pub use player_cache::{CacheInput, player_cache};
pub use player_context::{ContextInput, player_contexts};
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
pub use season::{BOOTSTRAP_DAYS, is_bootstrap};
pub use team_context::{TeamContextInput, team_contexts};
pub use team_defense_zones::{ZonesInput, team_defense_zones};
