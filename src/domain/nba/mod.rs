//! What basketball numbers mean: box scores, shots, form, features.
//! Pure; knows no topic, no table's place, no attempt, no clock. Text is what the league calls a thing.
//! `rows_*.rs` say what the columns are, the other files how they come about.

mod quality;
mod rows_player_game;
mod rows_schedule;
mod rows_team_defense;
mod rows_team_offense;

pub use quality::{Issue, Quality, tier};
pub use rows_player_game::PlayerGame;
pub use rows_schedule::ScheduledGame;
pub use rows_team_defense::TeamDefense;
pub use rows_team_offense::TeamOffense;
