//! The ports: what the engine needs of the world. Each trait has two real implementations, one of them
//! the simulation's; each adapter classifies its own errors by conversion into `Failure`.
//! Nothing here knows a vendor, a file format or a setting.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use async_trait::async_trait;

use crate::flow::{
    Completion, DatasetName, Date, DeadLetterNotice, Document, Failure, Fingerprint, Frame, Lane, Millis,
    Outcome, Payload, RunId, Schema, Season, Stored, TaskState, Transient, Unit, UnitRecord, WorkOrder,
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

/// Where documents for readers outside go: a website's files, a model's report.
#[async_trait]
pub trait ObjectStore: Send + Sync {
    /// Puts a unit's documents in their places, each atomically and durably. What is equal is not written
    /// again, and of documents that several dates write (`Keep::Latest`) the one of the latest date stays.
    async fn publish(&self, as_of: Date, documents: Vec<Document>) -> Result<Published, ObjectError>;
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

/// Publishing. Each call returns when the server has made every message durable.
#[async_trait]
pub trait Bus: Send + Sync {
    /// Publishes on the completion topics of the units' datasets.
    async fn publish_completions(&self, completions: &[Completion]) -> Result<(), Failure>;

    /// Publishes on the work topics of the units' processors, on the orders' lanes.
    async fn publish_work_orders(&self, orders: &[WorkOrder]) -> Result<(), Failure>;

    /// Publishes on the dead-letter topic of the unit's processor.
    async fn publish_dead_letter(&self, notice: &DeadLetterNotice) -> Result<(), Failure>;
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

/// A run as it is submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRun {
    /// The pipeline's name.
    pub pipeline: String,
    /// The run's name for people and in files: `backfill-2020-12-22-2024-06-17`.
    pub name: String,
    /// `day`, `backfill`, `replay` or `restatement`.
    pub kind: String,
    /// Its lane.
    pub lane: Lane,
    /// First and last date that were asked for.
    pub dates: RangeInclusive<Date>,
    /// Its tasks, each with whether it is ready at once, in the order in which they should be done.
    pub tasks: Vec<(Unit, TaskState)>,
    /// The dead letters that a replay takes up; they stay open until their unit finishes.
    pub replays: Vec<i64>,
    /// Units whose records are forgotten, so that they are made anew although they seem complete: their
    /// files are gone, or somebody asked for it.
    pub forget: Vec<Unit>,
    /// When it was submitted.
    pub submitted_at: Millis,
}

/// A run as the ledger holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRecord {
    /// Its number.
    pub id: RunId,
    /// The pipeline's name.
    pub pipeline: String,
    /// Its name.
    pub name: String,
    /// `day`, `backfill`, `replay` or `restatement`.
    pub kind: String,
    /// Its lane.
    pub lane: Lane,
    /// First and last date that were asked for.
    pub dates: RangeInclusive<Date>,
    /// When it was submitted.
    pub submitted_at: Millis,
    /// When its last task came to an end; `None` while any has not.
    pub finished_at: Option<Millis>,
    /// Number of tasks by state.
    pub tasks: BTreeMap<TaskState, u64>,
}

/// A task as the ledger holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskRecord {
    /// The unit.
    pub unit: Unit,
    /// Where it stands.
    pub state: TaskState,
    /// Attempts that were begun and count.
    pub attempts: u32,
    /// The fencing number: raised by every claim, whether it counts or not.
    pub claims: u32,
    /// How it ended, when finished.
    pub outcome: Option<Outcome>,
    /// The dead letter that holds it, or that it became.
    pub dead_letter: Option<i64>,
    /// Not to be tried before this moment.
    pub not_before: Millis,
    /// When its lease ends, while claimed.
    pub lease_until: Millis,
}

/// The answer to a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// The task is the caller's: `fence` must accompany whatever it commits; `attempts` counts this one.
    Granted {
        /// The fencing number.
        fence: u32,
        /// Attempts so far, this one included.
        attempts: u32,
        /// The run's name, for the file's provenance.
        run_name: String,
    },
    /// It is finished: this completion is to be published again.
    Finished(Completion),
    /// Somebody else has it until then, or it waits for its backoff: come back at that moment.
    Later(Millis),
    /// It is not for anybody now (waiting, dead, held, superseded or unknown): the order is void.
    Void(Option<TaskState>),
}

/// How an attempt ended well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The run.
    pub run: RunId,
    /// The fencing number of the claim.
    pub fence: u32,
    /// How it ended. For `Unchanged` the unit's record stays as it is.
    pub outcome: Outcome,
    /// The unit's new record; for `Unchanged`, the present one.
    pub record: UnitRecord,
    /// When; the end of the run, where this was its last task.
    pub at: Millis,
}

/// The answer to a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Committed {
    /// Done. The completion is in the outbox under this number, to be published and then marked.
    Yes {
        /// The outbox row.
        outbox: i64,
        /// What to publish.
        completion: Completion,
        /// Whether no task of the run is left that is not final.
        run_finished: bool,
    },
    /// The attempt is no longer the current one; nothing was changed.
    Stale,
}

/// How an attempt ended badly, for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Burial {
    /// The run.
    pub run: RunId,
    /// The unit.
    pub unit: Unit,
    /// The fencing number of the claim; `None` where the work order itself killed its workers.
    pub fence: Option<u32>,
    /// `permanent`, `transient` (attempts used up) or `crash` (the work order kills its worker).
    pub class: String,
    /// The stable code.
    pub code: String,
    /// What happened, with causes.
    pub message: String,
    /// What it would have been made from.
    pub fingerprint: Option<Fingerprint>,
    /// Revisions that it read: `dataset date revision` by line, for people.
    pub inputs: String,
    /// The processor's code revision.
    pub code_revision: u32,
    /// Everything that cannot become ready now: by dataset, the dates that depend on the unit, directly
    /// or not. Tasks of the run among them that wait become held.
    pub holds: Vec<(DatasetName, RangeInclusive<Date>)>,
    /// When.
    pub at: Millis,
}

/// A dead letter as the ledger holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its number.
    pub id: i64,
    /// The run in which it died.
    pub run: RunId,
    /// That run's name.
    pub run_name: String,
    /// The unit.
    pub unit: Unit,
    /// The lane of its run.
    pub lane: Lane,
    /// `permanent`, `transient` or `crash`.
    pub class: String,
    /// The stable code.
    pub code: String,
    /// What happened.
    pub message: String,
    /// Attempts that were made.
    pub attempts: u32,
    /// What it would have been made from.
    pub fingerprint: Option<Fingerprint>,
    /// Revisions that it read, for people.
    pub inputs: String,
    /// The processor's code revision.
    pub code_revision: u32,
    /// When it died.
    pub died_at: Millis,
    /// How it ended: `None` while open, else `replayed` or `accepted`.
    pub resolution: Option<String>,
    /// How many tasks it holds now.
    pub held: u64,
    /// Whether its notice was published.
    pub published: bool,
}

/// Why the ledger did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The storage failed (disk full, file damaged, connection lost).
    #[error("ledger: {operation} failed: {reason}")]
    Storage {
        /// What was tried.
        operation: &'static str,
        /// The cause.
        reason: String,
    },
    /// What is stored cannot be read by this version, or names a dataset that is not declared.
    #[error("ledger: {0}")]
    Content(String),
}

/// The ledger: the small transactional store. Every method is one transaction, durable on return.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Everything that has happened to units' records after `position`, in order, each unit's latest only,
    /// and the position from which to ask next. From position 0: all present records. A record that was
    /// forgotten comes as `None`.
    async fn changes_since(
        &self,
        position: i64,
    ) -> Result<(i64, Vec<(Unit, Option<UnitRecord>)>), LedgerError>;

    /// Stores a run with its tasks. Tasks of earlier runs for the same units that are dead, held, waiting
    /// or ready become superseded; claimed ones are fenced off (their commit is stale).
    async fn submit(&self, run: NewRun) -> Result<RunId, LedgerError>;

    /// All runs, the latest first; only unfinished ones if so asked.
    async fn runs(&self, unfinished_only: bool) -> Result<Vec<RunRecord>, LedgerError>;

    /// The tasks of a run, of one dataset or of all.
    async fn tasks(&self, run: RunId, dataset: Option<DatasetName>) -> Result<Vec<TaskRecord>, LedgerError>;

    /// One run; `None` for a number that was never given.
    async fn run(&self, run: RunId) -> Result<Option<RunRecord>, LedgerError>;

    /// The latest task of a unit with the run that has it.
    async fn latest_task(&self, unit: Unit) -> Result<Option<(RunId, TaskRecord)>, LedgerError>;

    /// Turns waiting tasks into ready ones; those in any other state stay as they are.
    async fn mark_ready(&self, run: RunId, units: &[Unit]) -> Result<(), LedgerError>;

    /// Claims a task until `lease_until`: a ready one, or a claimed one whose lease is over at `now`.
    async fn claim(&self, order: WorkOrder, now: Millis, lease_until: Millis) -> Result<Claim, LedgerError>;

    /// Commits an attempt's good end if its fence is still the current one: the unit's record, the task's
    /// state, the outbox row, the end of a dead letter of that unit, all at once.
    async fn commit(&self, commit: Commit) -> Result<Committed, LedgerError>;

    /// Hands a task back: ready again, not before `not_before`. `counts` says whether the attempt is used
    /// up (a transient failure) or not (not ready, shutdown). A stale fence changes nothing.
    async fn hand_back(
        &self,
        order: WorkOrder,
        fence: u32,
        not_before: Millis,
        counts: bool,
    ) -> Result<(), LedgerError>;

    /// Commits an attempt's bad end if its fence is still the current one: the dead letter, and what it
    /// holds. `None` where the attempt was stale.
    async fn bury(&self, burial: Burial) -> Result<Option<DeadLetter>, LedgerError>;

    /// Forgets the record of a unit because its file is gone or damaged, and makes it a task of the
    /// run again, with `dependent`, whose claim had found this out, waiting again. It waits too, for its own
    /// inputs may be tasks of the run: the gates say when it is ready.
    async fn reopen(&self, run: RunId, unit: Unit, dependent: Unit, fence: u32) -> Result<(), LedgerError>;

    /// Hands back every claimed task without using up its attempt: for a home that only one process can
    /// have open, when it opens. Returns how many there were.
    async fn release_claims(&self) -> Result<u64, LedgerError>;

    /// Completions that were committed and not yet marked as published, with their outbox numbers.
    async fn outbox(&self) -> Result<Vec<(i64, Completion)>, LedgerError>;

    /// Marks outbox rows as published.
    async fn mark_published(&self, outbox: &[i64]) -> Result<(), LedgerError>;

    /// Marks a dead letter's notice as published.
    async fn mark_notice_published(&self, id: i64) -> Result<(), LedgerError>;

    /// Dead letters, the oldest first; only open ones if so asked.
    async fn dead_letters(&self, open_only: bool) -> Result<Vec<DeadLetter>, LedgerError>;

    /// Resolves an open dead letter as `accepted`: its unit gets a record with outcome `Skipped(Gap)`
    /// and this fingerprint. `false` where it was not open.
    async fn accept(&self, id: i64, fingerprint: Fingerprint, at: Millis) -> Result<bool, LedgerError>;

    /// Takes units back whose date is no more: forgets their records, supersedes what is still to be done
    /// for them, and closes their open dead letters as `withdrawn`.
    async fn withdraw(&self, units: &[Unit], at: Millis) -> Result<(), LedgerError>;
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Storage { .. } => {
                Self::Transient(crate::flow::Transient { code: "ledger_storage", message: error.to_string() })
            }
            LedgerError::Content(_) => {
                Self::Permanent(crate::flow::Permanent::new("ledger_content", error.to_string()))
            }
        }
    }
}
