//! Running operations on a file: one thread that writes and one that reads, each with a bounded queue.
//! A thread takes everything queued and commits it together (group commit): first the notes, in a transaction that
//! is not synced, then what must be durable, in one that is: one sync for all. Knows transactions, not what is done
//! in them.

use std::future::Future;
use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::execution::{Access, Execution, Work};
use super::fault::Fault;
use super::schema;
use crate::fleet::LedgerError;

/// Operations that may wait for a thread; whoever comes after waits to be queued.
const QUEUED_MAX: usize = 4_096;

/// Operations of one commit: enough to make the sync's share small, few enough to answer within 20 ms.
const BATCH_MAX: usize = 512;

/// Commits between two checkpoints: a few megabytes of log.
const COMMITS_MAX: u32 = 512;

/// Runs operations on a file, on threads of its own. Dropping it waits for what was queued.
#[derive(Debug)]
pub struct Threads {
    writer: Worker,
    reader: Worker,
    /// After those who may tell it something.
    _checkpoints: Joined,
}

impl Threads {
    pub(super) fn open(path: &Path) -> Result<Self, LedgerError> {
        let open = |fault: Fault| fault.during("open");
        let writing = schema::open_file(path).map_err(open)?;
        let reading = schema::open_file_for_reading(path).map_err(open)?;
        let (checkpoints, keeper) = keep_log_short(path)?;
        let (writing, reading) =
            (Transactions::of(writing, Some(checkpoints)), Transactions::of(reading, None));
        Ok(Self {
            writer: Worker::start("ledger-writer", writing)?,
            reader: Worker::start("ledger-reader", reading)?,
            _checkpoints: keeper,
        })
    }
}

/// Starts the thread that copies the log into the file when it is told to, so that no commit waits for that. It ends
/// when nobody can tell it any more.
fn keep_log_short(path: &Path) -> Result<(SyncSender<()>, Joined), LedgerError> {
    let connection = schema::open_beside(path).map_err(|fault| fault.during("open"))?;
    let (due, told) = sync_channel(1);
    let serve = move || {
        for () in told {
            if let Err(fault) = schema::checkpoint(&connection) {
                // The log grows until the writer copies it.
                tracing::warn!(%fault, "the ledger's log was not copied into its file");
            }
        }
    };
    Ok((due, Joined::start("ledger-checkpoints", serve)?))
}

/// A thread whose end is waited for when the value is dropped.
#[derive(Debug)]
struct Joined {
    name: &'static str,
    thread: Option<JoinHandle<()>>,
}

impl Joined {
    fn start(name: &'static str, serve: impl FnOnce() + Send + 'static) -> Result<Self, LedgerError> {
        let thread = Builder::new().name(name.to_owned()).spawn(serve).map_err(|error| {
            LedgerError::Storage { operation: "start a thread", reason: error.to_string() }
        })?;
        Ok(Self { name, thread: Some(thread) })
    }
}

impl Drop for Joined {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!(thread = self.name, "the ledger's thread had panicked");
        }
    }
}

impl Execution for Threads {
    fn run<T: Send + 'static>(
        &self,
        operation: &'static str,
        access: Access,
        work: impl Work<T>,
    ) -> impl Future<Output = Result<T, LedgerError>> + Send {
        let worker = match access {
            Access::Read => &self.reader,
            Access::Write | Access::Note => &self.writer,
        };
        worker.run(operation, access, work)
    }
}

/// One thread with its connection and its queue.
#[derive(Debug)]
struct Worker {
    name: &'static str,
    queue: mpsc::Sender<Box<dyn Job>>,
    /// After the queue, whose end is the thread's.
    _thread: Joined,
}

impl Worker {
    fn start(name: &'static str, transactions: Transactions) -> Result<Self, LedgerError> {
        let (queue, jobs) = mpsc::channel(QUEUED_MAX);
        let thread = Joined::start(name, move || serve(transactions, jobs))?;
        Ok(Self { name, queue, _thread: thread })
    }

    async fn run<T: Send + 'static>(
        &self,
        operation: &'static str,
        access: Access,
        work: impl Work<T>,
    ) -> Result<T, LedgerError> {
        // The queue closes, and an answer is dropped unsent, only when the thread has panicked.
        let stopped = || LedgerError::Storage {
            operation,
            reason: format!("the thread {} has stopped after a panic", self.name),
        };
        let (reply, answer) = oneshot::channel();
        let queued = Queued { operation, access, work, made: None, reply };
        self.queue.send(Box::new(queued)).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

/// An operation in the queue, whatever it answers.
trait Job: Send {
    /// How durable it must be.
    fn access(&self) -> Access;
    /// Runs it and keeps its answer.
    fn execute(&mut self, transaction: &Transaction<'_>) -> Result<(), Fault>;
    /// Gives the answer, now that it is durable, or the failure.
    fn finish(self: Box<Self>, result: Result<(), Fault>);
}

struct Queued<T, W> {
    operation: &'static str,
    access: Access,
    work: W,
    made: Option<T>,
    reply: oneshot::Sender<Result<T, LedgerError>>,
}

impl<T: Send, W: Work<T>> Job for Queued<T, W> {
    fn access(&self) -> Access {
        self.access
    }

    fn execute(&mut self, transaction: &Transaction<'_>) -> Result<(), Fault> {
        self.made = Some((self.work)(transaction)?);
        Ok(())
    }

    fn finish(self: Box<Self>, result: Result<(), Fault>) {
        let answer = match (result, self.made) {
            (Err(fault), _) => Err(fault.during(self.operation)),
            (Ok(()), Some(made)) => Ok(made),
            (Ok(()), None) => unreachable!("a job is finished well only after it was executed"),
        };
        // Whoever asked may have gone (a shutdown): what was done stays done.
        drop(self.reply.send(answer));
    }
}

fn serve(mut transactions: Transactions, mut jobs: mpsc::Receiver<Box<dyn Job>>) {
    let mut batch = Vec::new();
    while jobs.blocking_recv_many(&mut batch, BATCH_MAX) > 0 {
        // Nobody waits for two of them at once, so the order between them is free: what needs no sync does not wait
        // for that of the others.
        let synced: Vec<_> = batch.extract_if(.., |job| job.access() == Access::Write).collect();
        transactions.run(std::mem::take(&mut batch), false);
        transactions.run(synced, true);
    }
}

/// A connection with what its commits are like.
struct Transactions {
    connection: Connection,
    behavior: TransactionBehavior,
    /// Whether a commit waits for the disk, as last set.
    synced: Option<bool>,
    /// Who keeps the log short, if anything is written here; and the commits since it was told.
    checkpoints: Option<SyncSender<()>>,
    commits: u32,
}

impl Transactions {
    /// On a connection that writes where there is somebody to keep its log short, else reads.
    fn of(connection: Connection, checkpoints: Option<SyncSender<()>>) -> Self {
        let behavior = match checkpoints {
            Some(_) => TransactionBehavior::Immediate,
            None => TransactionBehavior::Deferred,
        };
        Self { connection, behavior, synced: None, checkpoints, commits: 0 }
    }

    /// Runs operations together, and where that fails one by one: a failing one spoils no other.
    fn run(&mut self, mut jobs: Vec<Box<dyn Job>>, synced: bool) {
        match self.together(&mut jobs, synced) {
            Ok(()) => jobs.into_iter().for_each(|job| job.finish(Ok(()))),
            Err(fault) => match <[_; 1]>::try_from(jobs) {
                Ok([job]) => job.finish(Err(fault)),
                // All was rolled back.
                Err(jobs) => jobs.into_iter().for_each(|mut job| {
                    let result = self.together(std::slice::from_mut(&mut job), synced);
                    job.finish(result);
                }),
            },
        }
    }

    /// Runs operations in one transaction: all of them or none.
    fn together(&mut self, jobs: &mut [Box<dyn Job>], synced: bool) -> Result<(), Fault> {
        if jobs.is_empty() {
            return Ok(());
        }
        if self.synced != Some(synced) {
            schema::sync_commits(&self.connection, synced)?;
            self.synced = Some(synced);
        }
        let transaction = self.connection.transaction_with_behavior(self.behavior)?;
        for job in jobs {
            job.execute(&transaction)?;
        }
        transaction.commit()?;
        self.commits += 1;
        if self.commits >= COMMITS_MAX
            && let Some(checkpoints) = &self.checkpoints
        {
            // One that is due already will see this too.
            let _ = checkpoints.try_send(());
            self.commits = 0;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worker(pragma: &str) -> Worker {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE blobs (bytes BLOB)").unwrap();
        connection.execute_batch(pragma).unwrap();
        Worker::start("test-writer", Transactions::of(connection, Some(sync_channel(1).0))).unwrap()
    }

    fn insert(bytes: usize) -> impl Work<usize> {
        move |tx: &Transaction<'_>| Ok(tx.execute("INSERT INTO blobs VALUES (zeroblob(?1))", [bytes as i64])?)
    }

    fn rows(tx: &Transaction<'_>) -> Result<i64, Fault> {
        Ok(tx.query_row("SELECT count(*) FROM blobs", [], |row| row.get(0))?)
    }

    #[tokio::test]
    async fn a_full_disk_fails_what_does_not_fit_and_nothing_else() {
        let worker = worker("PRAGMA max_page_count = 16");
        let (small, large, other) = futures::join!(
            worker.run("small", Access::Write, insert(10)),
            worker.run("large", Access::Write, insert(1 << 20)),
            worker.run("other", Access::Write, insert(10))
        );
        assert_eq!((small.unwrap(), other.unwrap()), (1, 1));
        let error = large.unwrap_err().to_string();
        assert_eq!(error, "ledger: large failed: database or disk is full");
        assert_eq!(worker.run("rows", Access::Read, rows).await.unwrap(), 2);
    }

    #[tokio::test]
    async fn after_a_panic_calls_fail_and_do_not_hang() {
        let worker = worker("");
        let (_, panicked, _) = futures::join!(
            worker.run("before", Access::Note, insert(1)),
            worker.run("panics", Access::Write, |_: &Transaction<'_>| -> Result<(), Fault> {
                panic!("a broken invariant")
            }),
            worker.run("after", Access::Write, insert(1)),
        );
        for result in [panicked.map(|()| 0), worker.run("later", Access::Note, insert(1)).await] {
            let error = result.unwrap_err().to_string();
            assert!(error.contains("test-writer has stopped after a panic"), "{error}");
        }
    }

    #[tokio::test]
    async fn an_operation_whose_caller_has_gone_is_done_all_the_same() {
        let worker = worker("");
        {
            let mut asked = Box::pin(worker.run("asked", Access::Note, insert(1)));
            // One poll puts it into the queue; then the caller goes.
            let _pending = futures::poll!(asked.as_mut());
        }
        assert_eq!(worker.run("rows", Access::Read, rows).await.unwrap(), 1);
    }
}
