//! The port `Ledger`, on whatever runs the operations: each method names its function and its access.

use std::ops::RangeInclusive;
use std::path::Path;

use async_trait::async_trait;

use super::execution::{Access, Execution, Inline};
use super::fault::Fault;
use super::threads::Threads;
use super::{
    backlog, commits, dead_letters, outbox, reopening, runs, schema, submission, tasks, units, withdrawal,
};
use crate::adapters::ledger::declared::Declared;
use crate::fleet::{
    Backlog, Burial, Claim, Commit, Committed, DeadLetter, Ledger, LedgerError, Millis, NewRun, RunRecord,
    TaskRecord, Traced,
};
use crate::flow::{Completion, DatasetName, Date, Fingerprint, RunId, TaskState, Unit, WorkOrder};

/// A ledger in SQLite.
#[derive(Debug)]
pub struct SqlLedger<E> {
    execution: E,
    declared: Declared,
}

/// The ledger in a file: durable on return, with group commit.
pub type SqliteLedger = SqlLedger<Threads>;

/// The ledger in memory: every future is complete at its first poll.
pub type InlineLedger = SqlLedger<Inline>;

impl SqliteLedger {
    /// Opens the ledger in the file, and makes it where there is none. `datasets` are those that the
    /// program declares: what the file says of others is left out where it is past, and is a content
    /// error where it is still open (an unpublished completion, an unfinished task, an open dead letter).
    pub fn open(path: &Path, datasets: &[DatasetName]) -> Result<Self, LedgerError> {
        Ok(Self { execution: Threads::open(path)?, declared: Declared::new(datasets) })
    }
}

impl InlineLedger {
    /// An empty ledger in memory.
    pub fn in_memory(datasets: &[DatasetName]) -> Result<Self, LedgerError> {
        Ok(Self {
            execution: Inline::open().map_err(|fault| fault.during("open"))?,
            declared: Declared::new(datasets),
        })
    }

    /// Forgets everything, numbers included. Cheaper than a new ledger, for its statements stay compiled.
    pub async fn clear(&self) -> Result<(), LedgerError> {
        self.write("clear", schema::clear).await
    }

    /// What a loss of power may leave: claims, and readiness that nobody had claimed yet, are gone as if they had
    /// never been noted. Whoever notes something more must take it back here.
    pub async fn forget_notes(&self) -> Result<(), LedgerError> {
        self.write("forget_notes", tasks::forget_notes).await
    }
}

impl<E: Execution> SqlLedger<E> {
    async fn read<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnMut(&rusqlite::Transaction<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, LedgerError> {
        self.execution.run(operation, Access::Read, work).await
    }

    async fn write<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnMut(&rusqlite::Transaction<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, LedgerError> {
        self.execution.run(operation, Access::Write, work).await
    }

    async fn note<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnMut(&rusqlite::Transaction<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, LedgerError> {
        self.execution.run(operation, Access::Note, work).await
    }
}

#[async_trait]
impl<E: Execution> Ledger for SqlLedger<E> {
    async fn changes_since(&self, position: i64) -> Result<(i64, Vec<units::Change>), LedgerError> {
        let declared = self.declared.clone();
        self.read("changes_since", move |tx| units::changes_since(tx, &declared, position)).await
    }

    async fn submit(&self, run: NewRun) -> Result<RunId, LedgerError> {
        for (unit, state) in &run.tasks {
            assert!(
                matches!(state, TaskState::Waiting | TaskState::Ready),
                "{unit} cannot begin as {state:?}"
            );
        }
        self.write("submit", move |tx| submission::submit(tx, &run)).await
    }

    async fn runs(&self, unfinished_only: bool) -> Result<Vec<RunRecord>, LedgerError> {
        self.read("runs", move |tx| runs::list(tx, unfinished_only)).await
    }

    async fn tasks(&self, run: RunId, dataset: Option<DatasetName>) -> Result<Vec<TaskRecord>, LedgerError> {
        let declared = self.declared.clone();
        self.read("tasks", move |tx| tasks::list(tx, &declared, run, dataset)).await
    }

    async fn unfinished(
        &self,
        run: RunId,
        datasets: &[DatasetName],
        dates: RangeInclusive<Date>,
    ) -> Result<Vec<TaskRecord>, LedgerError> {
        let (declared, datasets) = (self.declared.clone(), datasets.to_vec());
        self.read("unfinished", move |tx| tasks::unfinished(tx, &declared, run, &datasets, &dates)).await
    }

    async fn run(&self, run: RunId) -> Result<Option<RunRecord>, LedgerError> {
        self.read("run", move |tx| runs::find(tx, run)).await
    }

    async fn latest_task(&self, unit: Unit) -> Result<Option<(RunId, TaskRecord)>, LedgerError> {
        let declared = self.declared.clone();
        self.read("latest_task", move |tx| tasks::latest(tx, &declared, unit)).await
    }

    async fn mark_ready(&self, run: RunId, units: &[Unit], at: Millis) -> Result<(), LedgerError> {
        let units = units.to_vec();
        self.note("mark_ready", move |tx| tasks::mark_ready(tx, run, &units, at)).await
    }

    async fn claim(&self, order: WorkOrder, now: Millis, lease_until: Millis) -> Result<Claim, LedgerError> {
        self.note("claim", move |tx| tasks::claim(tx, order, now, lease_until)).await
    }

    async fn renew(&self, order: WorkOrder, fence: u32, lease_until: Millis) -> Result<bool, LedgerError> {
        self.note("renew", move |tx| tasks::renew(tx, order, fence, lease_until)).await
    }

    async fn commit(&self, commit: Commit) -> Result<Committed, LedgerError> {
        self.write("commit", move |tx| commits::commit(tx, &commit)).await
    }

    async fn hand_back(
        &self,
        order: WorkOrder,
        fence: u32,
        not_before: Millis,
        counts: bool,
    ) -> Result<(), LedgerError> {
        self.write("hand_back", move |tx| tasks::hand_back(tx, order, fence, not_before, counts)).await
    }

    async fn bury(&self, burial: Burial) -> Result<Option<DeadLetter>, LedgerError> {
        let declared = self.declared.clone();
        self.write("bury", move |tx| dead_letters::bury(tx, &declared, &burial)).await
    }

    async fn reopen(&self, run: RunId, unit: Unit, dependent: Unit, fence: u32) -> Result<(), LedgerError> {
        self.write("reopen", move |tx| reopening::reopen(tx, run, unit, dependent, fence)).await
    }

    async fn release_claims(&self) -> Result<u64, LedgerError> {
        self.write("release_claims", tasks::release_claims).await
    }

    async fn outbox(&self) -> Result<Vec<(i64, Traced<Completion>)>, LedgerError> {
        let declared = self.declared.clone();
        self.read("outbox", move |tx| outbox::list(tx, &declared)).await
    }

    async fn mark_published(&self, numbers: &[i64]) -> Result<(), LedgerError> {
        let numbers = numbers.to_vec();
        self.note("mark_published", move |tx| outbox::mark_published(tx, &numbers)).await
    }

    async fn mark_notice_published(&self, id: i64) -> Result<(), LedgerError> {
        self.write("mark_notice_published", move |tx| dead_letters::mark_published(tx, id)).await
    }

    async fn dead_letters(&self, open_only: bool) -> Result<Vec<DeadLetter>, LedgerError> {
        let declared = self.declared.clone();
        self.read("dead_letters", move |tx| dead_letters::list(tx, &declared, open_only)).await
    }

    async fn backlog(&self, pipeline: &str) -> Result<Vec<Backlog>, LedgerError> {
        let (declared, pipeline) = (self.declared.clone(), pipeline.to_owned());
        self.read("backlog", move |tx| backlog::list(tx, &declared, &pipeline)).await
    }

    async fn accept(&self, id: i64, fingerprint: Fingerprint, at: Millis) -> Result<bool, LedgerError> {
        let declared = self.declared.clone();
        self.write("accept", move |tx| dead_letters::accept(tx, &declared, id, fingerprint, at)).await
    }

    async fn withdraw(&self, units: &[Unit], at: Millis) -> Result<(), LedgerError> {
        let units = units.to_vec();
        self.write("withdraw", move |tx| withdrawal::withdraw(tx, &units, at)).await
    }
}
