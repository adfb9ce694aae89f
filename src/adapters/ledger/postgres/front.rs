//! The port `Ledger` on Postgres: each method names its function, and what of it is one transaction.

use std::ops::RangeInclusive;
use std::sync::Arc;

use async_trait::async_trait;

use super::config::PostgresConfig;
use super::fault::Fault;
use super::sessions::{Session, Sessions};
use super::{
    backlog, commits, dead_letters, outbox, reopening, runs, schema, submission, tasks, units, withdrawal,
};
use crate::adapters::ledger::declared::Declared;
use crate::fleet::{
    Backlog, Burial, Claim, Commit, Committed, DeadLetter, Ledger, LedgerError, Millis, NewRun, RunRecord,
    TaskRecord, Traced,
};
use crate::flow::{Completion, DatasetName, Date, Fingerprint, RunId, TaskState, Unit, WorkOrder};

/// A ledger in Postgres, shared by any number of processes.
#[derive(Debug)]
pub struct PostgresLedger {
    sessions: Sessions,
    declared: Declared,
}

impl PostgresLedger {
    /// Connects, makes the tables where there are none and brings them up to date; refuses tables that are
    /// another program's or a newer one's. `datasets` are those that the program declares: what the ledger
    /// says of others is left out where it is past, and is a content error where it is still open (an
    /// unpublished completion, an unfinished task, an open dead letter).
    pub async fn connect(config: PostgresConfig, datasets: &[DatasetName]) -> Result<Self, LedgerError> {
        const OPERATION: &str = "connect";
        let what = format!("the database {} at {}:{}", config.database, config.host, config.port);
        let sessions = Sessions::new(&config).map_err(|fault| fault.during(OPERATION))?;
        let ledger = Self { sessions, declared: Declared::new(datasets) };
        let what = what.as_str();
        ledger
            .sessions
            .run(OPERATION, |session| async move { schema::migrate(&session, what).await })
            .await?;
        Ok(ledger)
    }

    /// Runs an operation that is one statement, or several that need no common state.
    async fn during<T, F>(
        &self,
        operation: &'static str,
        work: impl Fn(Arc<Session>) -> F,
    ) -> Result<T, LedgerError>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        self.sessions.run(operation, work).await
    }
}

/// A transaction, and after it a look whether it has brought runs to their end.
async fn with_end<T>(
    session: &Session,
    at: Millis,
    work: impl Future<Output = Result<(T, Vec<RunId>), Fault>>,
) -> Result<T, Fault> {
    let (answer, runs) = session.transaction(work).await?;
    if !runs.is_empty() {
        runs::look_for_end(session, &runs, at).await?;
    }
    Ok(answer)
}

#[async_trait]
impl Ledger for PostgresLedger {
    async fn changes_since(&self, position: i64) -> Result<(i64, Vec<units::Change>), LedgerError> {
        let declared = &self.declared;
        self.during("changes_since", |session| async move {
            units::changes_since(&session, declared, position).await
        })
        .await
    }

    async fn submit(&self, run: NewRun) -> Result<RunId, LedgerError> {
        for (unit, state) in &run.tasks {
            assert!(
                matches!(state, TaskState::Waiting | TaskState::Ready),
                "{unit} cannot begin as {state:?}"
            );
        }
        let run = &run;
        self.during("submit", |session| async move {
            with_end(&session, run.submitted_at, submission::submit(&session, run)).await
        })
        .await
    }

    async fn runs(&self, unfinished_only: bool) -> Result<Vec<RunRecord>, LedgerError> {
        self.during("runs", |session| async move { runs::list(&session, unfinished_only).await }).await
    }

    async fn tasks(&self, run: RunId, dataset: Option<DatasetName>) -> Result<Vec<TaskRecord>, LedgerError> {
        let declared = &self.declared;
        self.during("tasks", |session| async move { tasks::list(&session, declared, run, dataset).await })
            .await
    }

    async fn unfinished(
        &self,
        run: RunId,
        datasets: &[DatasetName],
        dates: RangeInclusive<Date>,
    ) -> Result<Vec<TaskRecord>, LedgerError> {
        let (declared, dates) = (&self.declared, &dates);
        self.during("unfinished", |session| async move {
            tasks::unfinished(&session, declared, run, datasets, dates).await
        })
        .await
    }

    async fn run(&self, run: RunId) -> Result<Option<RunRecord>, LedgerError> {
        self.during("run", |session| async move { runs::find(&session, run).await }).await
    }

    async fn latest_task(&self, unit: Unit) -> Result<Option<(RunId, TaskRecord)>, LedgerError> {
        let declared = &self.declared;
        self.during("latest_task", |session| async move { tasks::latest(&session, declared, unit).await })
            .await
    }

    async fn mark_ready(&self, run: RunId, units: &[Unit], at: Millis) -> Result<(), LedgerError> {
        self.during("mark_ready", |session| async move { tasks::mark_ready(&session, run, units, at).await })
            .await
    }

    async fn claim(&self, order: WorkOrder, now: Millis, lease_until: Millis) -> Result<Claim, LedgerError> {
        self.during("claim", |session| async move { tasks::claim(&session, order, now, lease_until).await })
            .await
    }

    async fn renew(&self, order: WorkOrder, fence: u32, lease_until: Millis) -> Result<bool, LedgerError> {
        self.during("renew", |session| async move { tasks::renew(&session, order, fence, lease_until).await })
            .await
    }

    async fn commit(&self, commit: Commit) -> Result<Committed, LedgerError> {
        let commit = &commit;
        self.during("commit", |session| async move { commits::commit(&session, commit).await }).await
    }

    async fn hand_back(
        &self,
        order: WorkOrder,
        fence: u32,
        not_before: Millis,
        counts: bool,
    ) -> Result<(), LedgerError> {
        self.during("hand_back", |session| async move {
            tasks::hand_back(&session, order, fence, not_before, counts).await
        })
        .await
    }

    async fn bury(&self, burial: Burial) -> Result<Option<DeadLetter>, LedgerError> {
        let (declared, burial) = (&self.declared, &burial);
        self.during("bury", |session| async move {
            let work = async {
                let letter = dead_letters::bury(&session, declared, burial).await?;
                let ended = letter.iter().map(|_| burial.run).collect();
                Ok((letter, ended))
            };
            with_end(&session, burial.at, work).await
        })
        .await
    }

    async fn reopen(&self, run: RunId, unit: Unit, dependent: Unit, fence: u32) -> Result<(), LedgerError> {
        self.during("reopen", |session| async move {
            session.transaction(reopening::reopen(&session, run, unit, dependent, fence)).await
        })
        .await
    }

    /// None: other processes are at work, and a claim of one that is gone cannot be told from theirs. It ends
    /// with its lease, and whoever claims the task then takes it over.
    async fn release_claims(&self) -> Result<u64, LedgerError> {
        Ok(0)
    }

    async fn outbox(&self) -> Result<Vec<(i64, Traced<Completion>)>, LedgerError> {
        let declared = &self.declared;
        self.during("outbox", |session| async move { outbox::list(&session, declared).await }).await
    }

    async fn mark_published(&self, numbers: &[i64]) -> Result<(), LedgerError> {
        self.during(
            "mark_published",
            |session| async move { outbox::mark_published(&session, numbers).await },
        )
        .await
    }

    async fn mark_notice_published(&self, id: i64) -> Result<(), LedgerError> {
        self.during("mark_notice_published", |session| async move {
            dead_letters::mark_published(&session, id).await
        })
        .await
    }

    async fn dead_letters(&self, open_only: bool) -> Result<Vec<DeadLetter>, LedgerError> {
        let declared = &self.declared;
        self.during("dead_letters", |session| async move {
            dead_letters::list(&session, declared, open_only).await
        })
        .await
    }

    async fn backlog(&self, pipeline: &str) -> Result<Vec<Backlog>, LedgerError> {
        let declared = &self.declared;
        self.during("backlog", |session| async move { backlog::list(&session, declared, pipeline).await })
            .await
    }

    async fn accept(&self, id: i64, fingerprint: Fingerprint, at: Millis) -> Result<bool, LedgerError> {
        let declared = &self.declared;
        self.during("accept", |session| async move {
            session.transaction(dead_letters::accept(&session, declared, id, fingerprint, at)).await
        })
        .await
    }

    async fn withdraw(&self, units: &[Unit], at: Millis) -> Result<(), LedgerError> {
        self.during("withdraw", |session| async move {
            let work = async { Ok(((), withdrawal::withdraw(&session, units, at).await?)) };
            with_end(&session, at, work).await
        })
        .await
    }
}
