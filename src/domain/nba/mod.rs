//! What basketball numbers mean: box scores, shots, form, features.
//! Pure; knows no topic, no table's place, no attempt, no clock. Text is what the league calls a thing.
//! `rows_*.rs` say what the columns are, the other files how they come about.

pub mod box_score;
mod day;
mod identity;
mod payload;
mod payload_fault;
mod player_game;
mod player_logs;
mod quality;
mod rows_player_game;
mod rows_raw;
mod rows_schedule;
mod rows_team_defense;
mod rows_team_offense;
mod schedule;
mod shots;
mod summary_fault;
mod team_defense;
mod team_logs;
mod team_offense;
mod zones;

pub use identity::{canonical_game_id, league_date, player_lookup};
pub use payload_fault::PayloadFault;
pub use player_game::{PlayersOfDate, player_games};
pub use player_logs::{PLAYERS_PER_TEAM_MIN, player_logs};
pub use quality::{Issue, Quality, tier};
pub use rows_player_game::PlayerGame;
pub use rows_raw::{PlayerLog, Shot, TeamLog};
pub use rows_schedule::ScheduledGame;
pub use rows_team_defense::TeamDefense;
pub use rows_team_offense::TeamOffense;
pub use schedule::{calendar, scheduled_games};
pub use shots::shots;
pub use summary_fault::SummaryFault;
pub use team_defense::team_defense;
pub use team_logs::team_logs;
pub use team_offense::{GamesOfDate, team_offense};
pub use zones::{ShotChart, Tally, Zone, ZoneCounts};
