//! The declarations: one file a processor. Pure; no IO.

pub mod nba;
