//! The engine that runs declarations: gates, attempts, runs, dead letters.
//! Names no pipeline, no vendor, no file format and no setting.

mod as_of;
mod attempt;
mod clock;
mod compute;
mod coverage;
mod cpu;
mod days;
mod dead_letter;
mod documents;
mod doubt;
mod engine;
mod gate;
mod lanes;
mod ledger_port;
mod loops;
mod orders;
mod ports;
mod progress;
mod retry;
mod runs;
mod scheduler;
mod sequential;
mod service;
pub mod sink;
mod status_document;
mod sweep;
mod trace_context;
mod traces;
mod unit_cache;
mod why;
mod withdrawal;

pub use as_of::{AsOf, Today};
pub use attempt::{lease_max, perform};
pub use clock::SystemClock;
pub use coverage::{CoverageLine, coverage};
pub use cpu::{Cpu, Inline, Job, Threads};
pub use days::{Days, Feeds, Turn};
pub use dead_letter::record_crash;
pub use engine::{Engine, LEASE_MS, Ports, Tenancy};
pub use gate::arrive;
pub use lanes::BACKFILL_SHARE;
pub use ports::{
    Backlog, Burial, Bus, Claim, Clock, Commit, Committed, DeadLetter, Deliveries, Delivery, Fetched, Found,
    Lake, LakeError, Ledger, LedgerError, Message, NewRun, ObjectError, ObjectStore, Provenance, Published,
    Retraction, RunRecord, Source, Subscriber, TaskRecord, TraceContext, Traced, Upstream,
};
pub use progress::{AttemptEnd, Ended, How, Progress};
pub use retry::{ATTEMPTS_MAX, Backoff};
pub use runs::{RunError, RunTitle, accept, findings, make_plan, recover, replay, submit, with_taken_over};
pub use scheduler::{Due, Landed, Outlook, Scheduler};
pub use sequential::sequential;
pub use service::{Limits, Part, Service};
pub use status_document::publish_status;
pub use sweep::Sweep;
pub use traces::{Sampling, TRACES, numbers_given};
pub use why::{Explanation, Present, Reads, Standing, why};
pub use withdrawal::withdraw;

pub use crate::flow::{Millis, Stored, UnitRecord};
