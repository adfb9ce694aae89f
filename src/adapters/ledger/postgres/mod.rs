//! The ledger on Postgres, for many processes at once: the same functions as in `sqlite`, each one
//! statement or one short transaction on a pooled connection. Correct at READ COMMITTED: what two
//! transactions decide on, they decide on a row that both lock. Reads no clock, no file and no environment;
//! retries nothing but a collision of two transactions.

mod backlog;
mod commits;
mod config;
mod dead_letters;
mod fault;
mod front;
mod inspection;
mod outbox;
mod reopening;
mod runs;
mod schema;
mod sessions;
mod stored;
mod submission;
mod tasks;
mod tls;
mod units;
mod withdrawal;

pub use config::{PostgresConfig, Tls};
pub use front::PostgresLedger;
pub use inspection::inspect;
