//! The ledger on SQLite: `SqliteLedger` on a file with one writer thread and group commit, `InlineLedger`
//! in memory and inside the call, for deterministic simulation. Both run the same small functions on a
//! transaction, grouped by topic. Imports flow and the port; decides no readiness and reads no clock.

mod backlog;
mod commits;
mod dead_letters;
mod execution;
mod fault;
mod front;
mod outbox;
mod reopening;
mod runs;
mod schema;
mod stored;
mod submission;
mod tasks;
mod threads;
mod units;
mod withdrawal;

pub use execution::{Access, Execution, Inline, Work};
pub use fault::Fault;
pub use front::{InlineLedger, SqlLedger, SqliteLedger};
pub use schema::tables_version;
pub use threads::Threads;
