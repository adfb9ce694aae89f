//! Lands the payloads of the source `shot_chart_detail`: bytes as they are, one unit a date.
//! Waits for nothing. A declaration only.

use super::datasets::LANDED_SHOTS;
use crate::flow::{Presence, Processor};

/// `nba.landed_shots`.
pub(super) const PROCESSOR: Processor = Processor::land(
    LANDED_SHOTS,
    "The league's shot chart of the date; not every date has one.",
    "shot_chart_detail",
    Presence::Optional,
);
