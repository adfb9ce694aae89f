//! The vocabulary and its rules: dates, windows, processors, cascade, plan, readiness.
//! Pure: no IO, no clock, no async, no randomness; imports no other room.
//! WHEN IS A DATE READY is answered in `readiness.rs`, WHICH TASKS A RUN HAS in `plan.rs`.

mod cadence;
mod cascade;
mod catalog;
mod date;
mod document;
mod fingerprint;
mod frame;
mod inputs;
mod intake;
mod listing;
mod message;
mod names;
mod outcome;
mod panics;
mod plan;
mod processor;
mod readiness;
mod record;
mod rhythm;
mod row;
pub mod sheet;
mod topology;
mod unit;
mod window;

pub use cadence::Cadence;
pub use cascade::{Cascade, CascadeError};
pub use catalog::Catalog;
pub use date::{Calendar, CalendarError, Date, DateError, Season};
pub use document::{Document, DocumentError, DocumentPath, DocumentPathError, DocumentSchema, Keep};
pub use fingerprint::{Fingerprint, RangeSum, Revision};
pub use frame::{Column, ColumnType, Field, Frame, FrameError, Schema};
pub use inputs::{Content, Inputs, InputsError, Payload, Upstream};
pub use intake::{Due, Intake, Over, PartAnswer, Unfit};
pub use listing::{Listing, ListingError};
pub use message::{Completion, DeadLetterNotice, WorkOrder};
pub use names::{DatasetName, PipelineName};
pub use outcome::{Computed, Documents, Failure, Output, Permanent, SkipReason, Transient};
pub use panics::panic_message;
pub use plan::{Findings, Plan, PlanError, PlanRequest, PlannedTask, Why, plan};
pub use processor::{
    Compute, Dataset, Decode, Input, Pipeline, Presence, Processor, Publish, SLOWEST_SECONDS_MAX, Step,
};
pub use readiness::{Blocker, Gate};
pub use record::{Millis, Stored, UnitRecord};
pub use rhythm::{Rhythm, Starts};
pub use row::{Cell, Row};
pub use topology::{
    ACK_DEADLINE_SECONDS, DELIVERY_ATTEMPTS_MAX, Purpose, RETENTION_SECONDS, RETRY_BACKOFF_MAX_MS,
    RETRY_BACKOFF_MIN_MS, Subscription, Topic, Topology, completed_topic, dead_letter_subscription,
    dead_letter_topic, gate_subscription, sink_subscription, work_subscription, work_topic,
};
pub use unit::{Lane, Outcome, RunId, TaskState, Unit};
pub use window::Window;
