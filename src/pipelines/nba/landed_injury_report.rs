//! Lands the payloads of the source `injury_report`: PDFs as they are, one unit a date. Where nobody fetched one
//! there is none, and everything works without.
//! Waits for nothing. A declaration only.

use super::datasets::LANDED_INJURY_REPORT;
use crate::flow::{Presence, Processor};

/// `nba.landed_injury_report`.
pub(super) const PROCESSOR: Processor = Processor::land(
    LANDED_INJURY_REPORT,
    "The league's injury report, the last one before the date's first game.",
    "injury_report",
    Presence::Optional,
);
