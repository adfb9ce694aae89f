//! The ports: what the engine needs of the world. Each trait has two real implementations, one of them
//! the simulation's; each adapter classifies its own errors by conversion into `Failure`.
//! Nothing here knows a vendor, a file format or a setting. The ledger's port is in `ledger_port.rs`.

use std::collections::BTreeMap;

use async_trait::async_trait;

pub use super::ledger_port::{
    Backlog, Burial, Claim, Commit, Committed, DeadLetter, Ledger, LedgerError, NewRun, RunRecord, TaskRecord,
};
pub use super::trace_context::{TraceContext, Traced};
use crate::flow::{
    Completion, DatasetName, Date, DeadLetterNotice, Document, DocumentPath, Failure, Fingerprint, Frame,
    Keep, Listing, Millis, Payload, Schema, Season, Stored, Transient, Unit, WorkOrder,
};

/// What a unit's file says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// The unit.
    pub unit: Unit,
    /// All that it was made from.
    pub fingerprint: Fingerprint,
    /// The processor's code revision.
    pub code: u32,
    /// The name of the run for which it was made. A replay carries on the name of the run that failed,
    /// so that mending a date ends in the bytes of a run in which nothing failed.
    pub run: String,
}

/// Why the lake did not give or take a unit.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// There is no file for the unit.
    #[error("{unit}: the lake has no file at {place}")]
    Missing {
        /// The unit.
        unit: Unit,
        /// Where it should be.
        place: String,
    },
    /// The file is not the one that the ledger recorded.
    #[error("{unit}: {place} is damaged: {reason}")]
    Damaged {
        /// The unit.
        unit: Unit,
        /// Where it is.
        place: String,
        /// What does not match.
        reason: String,
    },
    /// The storage failed; it may work another time.
    #[error("{unit}: {operation} {place} failed: {reason}")]
    Storage {
        /// The unit.
        unit: Unit,
        /// What was tried: `write`, `read`, `rename`.
        operation: &'static str,
        /// Where.
        place: String,
        /// The cause, as the system says it (`No space left on device`).
        reason: String,
    },
    /// Looking which units have a file failed; it may work another time.
    #[error("{dataset}: {operation} {place} failed: {reason}")]
    Listing {
        /// The dataset.
        dataset: DatasetName,
        /// What was tried: `list`, `look at`.
        operation: &'static str,
        /// Where.
        place: String,
        /// The cause, as the system says it (`Permission denied`).
        reason: String,
    },
}

/// The lake: one immutable file a unit, replaced as a whole.
#[async_trait]
pub trait Lake: Send + Sync {
    /// Replaces the unit's content atomically and durably: a reader sees the old or the new content.
    async fn replace(&self, provenance: &Provenance, frame: &Frame) -> Result<Stored, LakeError>;

    /// The unit's content, checked against what the ledger recorded.
    async fn read(&self, unit: Unit, schema: Schema, stored: &Stored) -> Result<Frame, LakeError>;

    /// Takes the unit's content away, durably; nothing happens where there is none.
    async fn remove(&self, unit: Unit) -> Result<(), LakeError>;

    /// The units of a dataset that have a file, with its length: a cheap look that finds what was
    /// deleted or cut, without reading any content.
    async fn present(&self, dataset: DatasetName) -> Result<BTreeMap<Date, u64>, LakeError>;
}

/// What became of the documents of a unit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Published {
    /// Written anew.
    pub written: u64,
    /// The same bytes were there already.
    pub unchanged: u64,
    /// What is there is as of a later date.
    pub later: u64,
}

/// Why the object store did not take a document. It may work another time.
#[derive(Debug, thiserror::Error)]
#[error("{operation} {place} failed: {reason}")]
pub struct ObjectError {
    /// What was tried: `write`, `rename`.
    pub operation: &'static str,
    /// Where.
    pub place: String,
    /// The cause, as the system says it.
    pub reason: String,
}

impl From<ObjectError> for Failure {
    fn from(error: ObjectError) -> Self {
        Transient { code: "object_store", message: error.to_string() }.into()
    }
}

/// A document that a date no longer has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retraction {
    /// Where it is.
    pub path: DocumentPath,
    /// Whose it was.
    pub keep: Keep,
    /// The date that no longer has it.
    pub as_of: Date,
    /// What the latest of the dates that still have it says, and that date. None has one's own.
    pub heir: Option<(Date, Document)>,
}

/// Where documents for readers outside go: a website's files, a model's report; and a list for each unit of what it
/// has had there, which is no document itself. `documents.rs` says in which order these are called.
#[async_trait]
pub trait ObjectStore: Send + Sync {
    /// Puts a unit's documents in their places, each atomically and durably. What is equal is not written
    /// again, and of documents that several dates write (`Keep::Latest`) the one of the latest date stays.
    async fn publish(&self, as_of: Date, documents: Vec<Document>) -> Result<Published, ObjectError>;

    /// Adds to the list of a unit, atomically and durably. Answers with the whole list.
    async fn list(&self, unit: Unit, more: Listing) -> Result<Listing, ObjectError>;

    /// The list of a unit; empty where nothing was ever added to it.
    async fn listed(&self, unit: Unit) -> Result<Listing, ObjectError>;

    /// Takes a document back, durably: its heir takes its place, or nothing. What is there of a date that is later
    /// than both stays.
    async fn retract(&self, retraction: Retraction) -> Result<(), ObjectError>;
}

/// What a source has for a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found<T> {
    /// This.
    There(T),
    /// Nothing yet: the date's games are not over, and it will have something.
    NotYet,
    /// Nothing, although there could be.
    Nothing,
}

impl<T> Found<T> {
    /// What is there, if anything is.
    #[must_use]
    pub fn there(self) -> Option<T> {
        match self {
            Self::There(found) => Some(found),
            Self::NotYet | Self::Nothing => None,
        }
    }

    /// The same of something that is made from it.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Found<U> {
        match self {
            Self::There(found) => Found::There(make(found)),
            Self::NotYet => Found::NotYet,
            Self::Nothing => Found::Nothing,
        }
    }
}

impl<T> From<Option<T>> for Found<T> {
    /// Of a source whose dates are all over.
    fn from(found: Option<T>) -> Self {
        found.map_or(Self::Nothing, Self::There)
    }
}

impl Found<String> {
    /// The stamp that goes into a landed unit's fingerprint: "not yet" is another one than any payload's
    /// and than none, so that a plan finds the date again when its payload comes, and when it does not.
    #[must_use]
    pub fn into_stamp(self) -> Option<String> {
        match self {
            Self::There(stamp) => Some(stamp),
            Self::NotYet => Some("not yet".to_owned()),
            Self::Nothing => None,
        }
    }
}

/// Where raw payloads come from: a landing zone, the simulated league.
#[async_trait]
pub trait Source: Send + Sync {
    /// All payloads that say which dates exist, in order.
    async fn calendar(&self, source: &str) -> Result<Vec<Payload>, Failure>;

    /// A cheap text that changes whenever `payloads` would answer otherwise. As it is here it hashes the
    /// payloads; a source that knows a cheaper text has its own.
    async fn stamp(&self, source: &str, date: Date) -> Result<Found<String>, Failure> {
        let payloads = self.payloads(source, date).await?;
        Ok(payloads.map(|payloads| {
            let mut hasher = blake3::Hasher::new();
            for payload in payloads {
                hasher.update(&(payload.bytes.len() as u64).to_le_bytes());
                hasher.update(&payload.bytes);
            }
            hasher.finalize().to_hex().to_string()
        }))
    }

    /// The payloads of a date, unchanged.
    async fn payloads(&self, source: &str, date: Date) -> Result<Found<Vec<Payload>>, Failure>;
}

/// What a fetch brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fetched {
    /// A payload that the landing zone did not have, or has now with other content.
    New,
    /// The landing zone had it already, byte for byte.
    Unchanged,
    /// The upstream has none for the date, and needs none.
    Nothing,
}

/// Brings payloads from an upstream service into the landing zone, from which the `Source` reads them.
/// A fetch that fails leaves the landing zone's payload as it was.
#[async_trait]
pub trait Upstream: Send + Sync {
    /// Fetches a source's payload of a date; it is in the landing zone on return. A date whose games are
    /// not over has none: `Failure::Transient` with the code `not_final`.
    async fn fetch(&self, source: &str, date: Date) -> Result<Fetched, Failure>;

    /// Fetches the season's schedule.
    async fn fetch_schedule(&self, season: Season) -> Result<Fetched, Failure>;
}

/// Publishing, each message with the trace that it belongs to. Each call returns when the server has made every message
/// durable.
#[async_trait]
pub trait Bus: Send + Sync {
    /// Publishes on the completion topics of the units' datasets.
    async fn publish_completions(&self, completions: &[Traced<Completion>]) -> Result<(), Failure>;

    /// Publishes on the work topics of the units' processors, on the orders' lanes.
    async fn publish_work_orders(&self, orders: &[Traced<WorkOrder>]) -> Result<(), Failure>;

    /// Publishes on the dead-letter topic of the unit's processor.
    async fn publish_dead_letter(&self, notice: &Traced<DeadLetterNotice>) -> Result<(), Failure>;
}

/// What a subscription delivers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A unit is complete.
    Completion(Completion),
    /// A unit is to be done.
    WorkOrder(WorkOrder),
    /// A task failed for good.
    DeadLetter(DeadLetterNotice),
    /// Bytes that are none of these, with the reason.
    Undecodable(String),
}

/// One delivery of a message. Dropping it unanswered gives it back to the server.
pub trait Delivery: Send {
    /// The message.
    fn message(&self) -> &Message;
    /// The trace that it belongs to; `None` where its attributes name none, or something else.
    fn trace(&self) -> Option<&TraceContext> {
        None
    }
    /// It has been dealt with.
    fn ack(self: Box<Self>);
    /// It is to be delivered again.
    fn nack(self: Box<Self>);
}

/// An open subscription.
#[async_trait]
pub trait Deliveries: Send {
    /// The next delivery; `None` after the subscription was closed from outside.
    async fn next(&mut self) -> Result<Option<Box<dyn Delivery>>, Failure>;
    /// Takes nothing new; what was handed out may still be answered.
    async fn close(self: Box<Self>);
}

/// Subscribing.
#[async_trait]
pub trait Subscriber: Send + Sync {
    /// Opens a subscription with at most `outstanding_max` unanswered deliveries at a time.
    async fn subscribe(
        &self,
        subscription: &str,
        outstanding_max: usize,
    ) -> Result<Box<dyn Deliveries>, Failure>;
}

/// Time. Only its implementations read a clock.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Millis;
    /// Comes back when `now` has reached `deadline`.
    async fn sleep_until(&self, deadline: Millis);
}
