//! Lands the payloads of the source `player_props`: bytes as they are, one unit a date. No keyless service
//! has bookmakers' offers, so most landing zones have none, and everything works without.
//! Waits for nothing. A declaration only.

use super::datasets::LANDED_PLAYER_PROPS;
use crate::flow::{Presence, Processor};

/// `nba.landed_player_props`.
pub(super) const PROCESSOR: Processor = Processor::land(
    LANDED_PLAYER_PROPS,
    "Bookmakers' offers on players' points; most landing zones have none.",
    "player_props",
    Presence::Optional,
);
