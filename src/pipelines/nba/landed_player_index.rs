//! Lands the payloads of the source `player_index`: bytes as they are, one unit a date. The service gives
//! today's only, so the dates before the first fetch have none.
//! Waits for nothing. A declaration only.

use super::datasets::LANDED_PLAYER_INDEX;
use crate::flow::{Presence, Processor};

/// `nba.landed_player_index`.
pub(super) const PROCESSOR: Processor = Processor::land(
    LANDED_PLAYER_INDEX,
    "All players with their teams, on the dates on which this was fetched.",
    "player_index",
    Presence::Optional,
);
