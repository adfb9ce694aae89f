//! Lands the payloads of the source `team_game_logs`: bytes as they are, one unit a date.
//! Waits for nothing. A declaration only.

use super::datasets::LANDED_TEAM_LOGS;
use crate::flow::{Presence, Processor};

/// `nba.landed_team_logs`.
pub(super) const PROCESSOR: Processor = Processor::land(
    LANDED_TEAM_LOGS,
    "The league's team logs of the date.",
    "team_game_logs",
    Presence::Required,
);
