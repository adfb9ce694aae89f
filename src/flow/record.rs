//! What is known of a complete unit: its outcome, its content's hashes, what it was made from.
//! A plain value; the ledger stores it, the catalog answers questions over many of them.

use super::fingerprint::{Fingerprint, Revision};
use super::unit::{Outcome, RunId, Unit};

/// A moment, in milliseconds since 1970-01-01 UTC. Only the clock makes them.
pub type Millis = i64;

/// What the lake and the ledger keep of a unit that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The content's hash.
    pub revision: Revision,
    /// BLAKE3 of the stored file's bytes; what a reader checks first.
    pub digest: [u8; 32],
    /// The stored file's length in bytes.
    pub bytes: u64,
}

/// What the ledger holds of a complete unit: its present content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitRecord {
    /// The unit.
    pub unit: Unit,
    /// `Done` or `Skipped`; never `Unchanged`, which leaves the record as it was.
    pub outcome: Outcome,
    /// What it was made from.
    pub fingerprint: Fingerprint,
    /// What is stored, for units with rows or payloads. Landed units have no file: their digest is the
    /// revision and their bytes the payloads' length.
    pub stored: Option<Stored>,
    /// Rows that the schedule demanded.
    pub rows_expected: u64,
    /// Rows that are there.
    pub rows_written: u64,
    /// The processor's code revision.
    pub code: u32,
    /// The run that made it.
    pub run: RunId,
    /// The attempt that made it.
    pub attempt: u32,
    /// How long the attempt took, in milliseconds.
    pub duration_ms: u64,
    /// When it was committed.
    pub finished_at: Millis,
}
