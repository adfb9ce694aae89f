//! The engine that runs declarations: gates, attempts, runs, dead letters.
//! Names no pipeline, no vendor, no file format and no setting.

mod ports;

pub use crate::flow::{Millis, Stored, UnitRecord};
pub use ports::{
    Burial, Bus, Claim, Clock, Commit, Committed, DeadLetter, Lake, LakeError, Ledger, LedgerError,
    NewRun, Provenance, RunRecord, Source, TaskRecord,
};
