//! The ledger, twice: in SQLite (`sqlite`) for one machine, in Postgres (`postgres`) for many. Each has its
//! own statements; what a stored value means to this program is told once, here. Imports flow and the port;
//! decides no readiness and reads no clock.

mod declared;
mod postgres;
mod shift;
mod sqlite;

pub use postgres::{PostgresConfig, PostgresLedger, Tls, inspect};
pub use sqlite::{
    Access, Execution, Fault, Inline, InlineLedger, SqlLedger, SqliteLedger, Threads, Work, tables_version,
};
