//! The vocabulary and its rules: dates, windows, processors, cascade, plan, readiness.
//! Pure: no IO, no clock, no async, no randomness; imports no other room.
//! WHEN IS A DATE READY is answered in `readiness.rs`, WHICH TASKS A RUN HAS in `plan.rs`.

mod date;
mod fingerprint;
mod frame;
mod inputs;
mod message;
mod names;
mod outcome;
mod processor;
mod record;
mod row;
mod unit;
mod window;

pub use date::{Calendar, CalendarError, Date, DateError, Season};
pub use fingerprint::{Fingerprint, RangeSum, Revision};
pub use frame::{Column, ColumnType, Field, Frame, FrameError, Schema};
pub use inputs::{Content, Inputs, InputsError, Payload, Upstream};
pub use message::{Completion, DeadLetterNotice, WorkOrder};
pub use names::{DatasetName, PipelineName};
pub use outcome::{Computed, Failure, Output, Permanent, SkipReason, Transient};
pub use processor::{Compute, Dataset, Decode, Input, Pipeline, Presence, Processor, Step};
pub use record::{Millis, Stored, UnitRecord};
pub use row::{Cell, Row};
pub use unit::{Lane, Outcome, RunId, TaskState, Unit};
pub use window::Window;
