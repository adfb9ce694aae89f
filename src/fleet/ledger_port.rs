//! The port `Ledger`: the small transactional store, and what goes in and comes out of it. Its implementations answer
//! the same to the same; `tests/ledger_conformance` holds them to it. Knows no storage.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use async_trait::async_trait;

use super::trace_context::{TraceContext, Traced};
use crate::flow::{
    Completion, DatasetName, Date, Failure, Fingerprint, Lane, Millis, Outcome, RunId, SkipReason, TaskState,
    Unit, UnitRecord, WorkOrder,
};

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
    /// Not to be tried before this moment; while ready, since when it is.
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
    /// It is finished.
    Finished {
        /// What was published, or is to be.
        completion: Completion,
        /// Its outbox row, where nobody has marked it as published.
        outbox: Option<i64>,
    },
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
    /// The trace to which its completion belongs.
    pub trace: Option<TraceContext>,
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
    /// The trace of what failed, to which its notice belongs.
    pub trace: Option<TraceContext>,
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
    /// The trace of what failed.
    pub trace: Option<TraceContext>,
}

impl DeadLetter {
    /// The record of its unit once somebody has accepted it as a gap, made from `fingerprint`.
    #[must_use]
    pub fn gap(&self, fingerprint: Fingerprint, at: Millis) -> UnitRecord {
        UnitRecord {
            unit: self.unit,
            outcome: Outcome::Skipped(SkipReason::Gap),
            fingerprint,
            stored: None,
            rows_expected: 0,
            rows_written: 0,
            code: self.code_revision,
            run: self.run,
            attempt: self.attempts,
            duration_ms: 0,
            finished_at: at,
        }
    }
}

/// What is to be done for a processor on a lane, over all runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backlog {
    /// The processor's dataset.
    pub dataset: DatasetName,
    /// The lane of the runs.
    pub lane: Lane,
    /// Tasks that are ready or claimed: what workers can be busy with now.
    pub runnable: u64,
    /// Since when the oldest ready task waits to be claimed.
    pub ready_since: Option<Millis>,
    /// Tasks that a dead letter holds.
    pub held: u64,
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
    /// Everything committed before the call is told; where other processes write at the same time, it may be told
    /// again.
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

    /// The tasks of a run that are neither finished nor superseded, of these datasets on these dates: what a gate
    /// must know.
    async fn unfinished(
        &self,
        run: RunId,
        datasets: &[DatasetName],
        dates: RangeInclusive<Date>,
    ) -> Result<Vec<TaskRecord>, LedgerError>;

    /// One run; `None` for a number that was never given.
    async fn run(&self, run: RunId) -> Result<Option<RunRecord>, LedgerError>;

    /// The latest task of a unit with the run that has it.
    async fn latest_task(&self, unit: Unit) -> Result<Option<(RunId, TaskRecord)>, LedgerError>;

    /// Turns waiting tasks into ready ones, since `at`; those in any other state stay as they are.
    async fn mark_ready(&self, run: RunId, units: &[Unit], at: Millis) -> Result<(), LedgerError>;

    /// Claims a task until `lease_until`: a ready one, or a claimed one whose lease is over at `now`.
    async fn claim(&self, order: WorkOrder, now: Millis, lease_until: Millis) -> Result<Claim, LedgerError>;

    /// Prolongs the lease of a claim whose fence is still the current one; `false` where it is not.
    async fn renew(&self, order: WorkOrder, fence: u32, lease_until: Millis) -> Result<bool, LedgerError>;

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
    /// have open, when it opens. Returns how many there were. A ledger that several processes
    /// share releases none: a claim there ends with its lease.
    async fn release_claims(&self) -> Result<u64, LedgerError>;

    /// Completions that were committed and not yet marked as published, with their outbox numbers and the traces that
    /// they were committed in.
    async fn outbox(&self) -> Result<Vec<(i64, Traced<Completion>)>, LedgerError>;

    /// Marks outbox rows as published.
    async fn mark_published(&self, outbox: &[i64]) -> Result<(), LedgerError>;

    /// Marks a dead letter's notice as published.
    async fn mark_notice_published(&self, id: i64) -> Result<(), LedgerError>;

    /// Dead letters, the oldest first; only open ones if so asked.
    async fn dead_letters(&self, open_only: bool) -> Result<Vec<DeadLetter>, LedgerError>;

    /// What is to be done now in a pipeline's runs, for each processor and lane that has any of it.
    async fn backlog(&self, pipeline: &str) -> Result<Vec<Backlog>, LedgerError>;

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
