//! Lands the payloads of the source `player_game_logs`: bytes as they are, one unit a date.
//! Waits for nothing. A declaration only.

use super::datasets::LANDED_PLAYER_LOGS;
use crate::flow::{Presence, Processor};

/// `nba.landed_player_logs`.
pub(super) const PROCESSOR: Processor = Processor::land(
    LANDED_PLAYER_LOGS,
    "The league's player logs of the date.",
    "player_game_logs",
    Presence::Required,
);
