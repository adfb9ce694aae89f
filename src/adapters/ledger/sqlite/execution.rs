//! Where the ledger's functions run: `Inline`, within the call, for deterministic simulation; or
//! `Threads`, in `threads.rs`. Knows transactions, not what is done in them.

use std::future::{Future, ready};
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, Transaction};

use super::fault::Fault;
use super::schema;
use crate::fleet::LedgerError;

/// Whether an operation changes anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It reads one consistent state.
    Read,
    /// It may write, and what it wrote must outlive a loss of power.
    Write,
    /// It may write what only this process's life needs, and recovery finds out anew: durable with the next write.
    Note,
}

/// One operation on a transaction. It may run more than once, each time on a state without its effects:
/// when another operation of the same commit failed, and everything was rolled back.
pub trait Work<T>: FnMut(&Transaction<'_>) -> Result<T, Fault> + Send + 'static {}

impl<T, W: FnMut(&Transaction<'_>) -> Result<T, Fault> + Send + 'static> Work<T> for W {}

/// Runs operations, each in a transaction, and answers when what it wrote is as durable as its access asks for.
pub trait Execution: Send + Sync + 'static {
    /// Runs one operation; its name goes into errors.
    fn run<T: Send + 'static>(
        &self,
        operation: &'static str,
        access: Access,
        work: impl Work<T>,
    ) -> impl Future<Output = Result<T, LedgerError>> + Send;
}

/// Runs operations on a connection in memory, within the call: no thread, no waiting, no disk.
#[derive(Debug)]
pub struct Inline {
    connection: Mutex<Connection>,
}

impl Inline {
    pub(super) fn open() -> Result<Self, Fault> {
        Ok(Self { connection: Mutex::new(schema::open_in_memory()?) })
    }

    fn run_now<T>(&self, mut work: impl Work<T>) -> Result<T, Fault> {
        // A panic rolled its transaction back, so the connection behind a poisoned lock is sound.
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = connection.transaction()?;
        let answer = work(&transaction)?;
        transaction.commit()?;
        Ok(answer)
    }
}

impl Execution for Inline {
    fn run<T: Send + 'static>(
        &self,
        operation: &'static str,
        _access: Access,
        work: impl Work<T>,
    ) -> impl Future<Output = Result<T, LedgerError>> + Send {
        ready(self.run_now(work).map_err(|fault| fault.during(operation)))
    }
}
