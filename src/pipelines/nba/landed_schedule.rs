//! Lands the payloads of the source `schedule`: bytes as they are, one unit a date.
//! Waits for nothing. A declaration only.

use super::datasets::LANDED_SCHEDULE;
use crate::flow::{Presence, Processor};

/// `nba.landed_schedule`.
pub(super) const PROCESSOR: Processor = Processor::land(
    LANDED_SCHEDULE,
    "The season's list of games, cut to the date.",
    "schedule",
    Presence::Required,
);
