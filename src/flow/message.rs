//! The three messages of the fleet, as values. How they look on the wire is the Pub/Sub adapter's affair.

use super::fingerprint::Revision;
use super::unit::{Lane, Outcome, RunId, Unit};

/// "This unit is complete at this revision."
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// The run that it belongs to.
    pub run: RunId,
    /// The run's lane.
    pub lane: Lane,
    /// The unit.
    pub unit: Unit,
    /// How it ended.
    pub outcome: Outcome,
    /// The hash of its content; of nothing for a skip.
    pub revision: Revision,
    /// Rows that the schedule demanded.
    pub rows_expected: u64,
    /// Rows written.
    pub rows_written: u64,
    /// The attempt that ended so.
    pub attempt: u32,
}

/// "Do this unit": tells a processor to do one ready unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkOrder {
    /// The run that it belongs to.
    pub run: RunId,
    /// The run's lane.
    pub lane: Lane,
    /// The unit.
    pub unit: Unit,
}

/// A task that failed for good, as it is published on its processor's dead-letter topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetterNotice {
    /// The dead letter's number in the ledger.
    pub id: i64,
    /// The work order that failed.
    pub order: WorkOrder,
    /// The stable code of the reason.
    pub code: String,
    /// What happened, with causes.
    pub message: String,
    /// Attempts that were made.
    pub attempts: u32,
}
