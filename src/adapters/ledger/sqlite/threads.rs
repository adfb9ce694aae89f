//! Running operations on a file: one thread that writes and one that reads, each with a bounded queue.
//! A thread takes everything queued, runs it in one transaction and commits once (group commit): what is
//! durable costs one sync for all. Knows transactions, not what is done in them.

use std::future::Future;
use std::path::Path;
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

/// Runs operations on a file, on two threads of its own. Dropping it waits for what was queued.
#[derive(Debug)]
pub struct Threads {
    writer: Worker,
    reader: Worker,
}

impl Threads {
    pub(super) fn open(path: &Path) -> Result<Self, LedgerError> {
        let open = |fault: Fault| fault.during("open");
        let writing = schema::open_file(path).map_err(open)?;
        let reading = schema::open_file_for_reading(path).map_err(open)?;
        Ok(Self {
            writer: Worker::start("ledger-writer", writing, TransactionBehavior::Immediate)?,
            reader: Worker::start("ledger-reader", reading, TransactionBehavior::Deferred)?,
        })
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
            Access::Write => &self.writer,
        };
        worker.run(operation, work)
    }
}

/// One thread with its connection and its queue.
#[derive(Debug)]
struct Worker {
    name: &'static str,
    queue: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    fn start(
        name: &'static str,
        connection: Connection,
        behavior: TransactionBehavior,
    ) -> Result<Self, LedgerError> {
        let (queue, jobs) = mpsc::channel(QUEUED_MAX);
        let thread =
            Builder::new().name(name.to_owned()).spawn(move || serve(connection, behavior, jobs)).map_err(
                |error| LedgerError::Storage { operation: "start a thread", reason: error.to_string() },
            )?;
        Ok(Self { name, queue: Some(queue), thread: Some(thread) })
    }

    async fn run<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl Work<T>,
    ) -> Result<T, LedgerError> {
        // The queue closes, and an answer is dropped unsent, only when the thread has panicked.
        let stopped = || LedgerError::Storage {
            operation,
            reason: format!("the thread {} has stopped after a panic", self.name),
        };
        let (reply, answer) = oneshot::channel();
        let queued = Queued { operation, work, made: None, reply };
        let queue = self.queue.as_ref().ok_or_else(stopped)?;
        queue.send(Box::new(queued)).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!(thread = self.name, "the ledger's thread had panicked");
        }
    }
}

/// An operation in the queue, whatever it answers.
trait Job: Send {
    /// Runs it and keeps its answer.
    fn execute(&mut self, transaction: &Transaction<'_>) -> Result<(), Fault>;
    /// Gives the answer, now that it is durable, or the failure.
    fn finish(self: Box<Self>, result: Result<(), Fault>);
}

struct Queued<T, W> {
    operation: &'static str,
    work: W,
    made: Option<T>,
    reply: oneshot::Sender<Result<T, LedgerError>>,
}

impl<T: Send, W: Work<T>> Job for Queued<T, W> {
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

fn serve(mut connection: Connection, behavior: TransactionBehavior, mut jobs: mpsc::Receiver<Box<dyn Job>>) {
    let mut batch = Vec::with_capacity(BATCH_MAX);
    while jobs.blocking_recv_many(&mut batch, BATCH_MAX) > 0 {
        match together(&mut connection, behavior, &mut batch) {
            Ok(()) => batch.drain(..).for_each(|job| job.finish(Ok(()))),
            // All was rolled back. One by one, the failing operation spoils no other.
            Err(_) if batch.len() > 1 => {
                for mut job in batch.drain(..) {
                    let result = together(&mut connection, behavior, std::slice::from_mut(&mut job));
                    job.finish(result);
                }
            }
            Err(fault) => {
                if let Some(job) = batch.pop() {
                    job.finish(Err(fault));
                }
            }
        }
    }
}

/// Runs operations in one transaction: all of them or none.
fn together(
    connection: &mut Connection,
    behavior: TransactionBehavior,
    jobs: &mut [Box<dyn Job>],
) -> Result<(), Fault> {
    let transaction = connection.transaction_with_behavior(behavior)?;
    for job in jobs {
        job.execute(&transaction)?;
    }
    transaction.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worker(pragma: &str) -> Worker {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE blobs (bytes BLOB)").unwrap();
        connection.execute_batch(pragma).unwrap();
        Worker::start("test-writer", connection, TransactionBehavior::Immediate).unwrap()
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
            worker.run("small", insert(10)),
            worker.run("large", insert(1 << 20)),
            worker.run("other", insert(10))
        );
        assert_eq!((small.unwrap(), other.unwrap()), (1, 1));
        let error = large.unwrap_err().to_string();
        assert_eq!(error, "ledger: large failed: database or disk is full");
        assert_eq!(worker.run("rows", rows).await.unwrap(), 2);
    }

    #[tokio::test]
    async fn after_a_panic_calls_fail_and_do_not_hang() {
        let worker = worker("");
        let (_, panicked, _) = futures::join!(
            worker.run("before", insert(1)),
            worker.run("panics", |_: &Transaction<'_>| -> Result<(), Fault> { panic!("a broken invariant") }),
            worker.run("after", insert(1)),
        );
        for result in [panicked.map(|()| 0), worker.run("later", insert(1)).await] {
            let error = result.unwrap_err().to_string();
            assert!(error.contains("test-writer has stopped after a panic"), "{error}");
        }
    }

    #[tokio::test]
    async fn an_operation_whose_caller_has_gone_is_done_all_the_same() {
        let worker = worker("");
        {
            let mut asked = Box::pin(worker.run("asked", insert(1)));
            // One poll puts it into the queue; then the caller goes.
            let _pending = futures::poll!(asked.as_mut());
        }
        assert_eq!(worker.run("rows", rows).await.unwrap(), 1);
    }
}
