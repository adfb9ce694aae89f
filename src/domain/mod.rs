//! What the numbers mean. Pure; knows no topic, no table's place, no attempt, no clock.

pub mod checks;
pub mod nba;
