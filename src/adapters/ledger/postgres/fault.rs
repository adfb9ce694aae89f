//! What can go wrong inside the ledger, and how it is told to the engine.
//! The only file that looks into Postgres' errors.

use std::error::Error;
use std::time::Duration;

use deadpool_postgres::PoolError;
use tokio_postgres::error::SqlState;

use crate::doctor::Door;
use crate::fleet::LedgerError;

/// The index that keeps two dead letters of one unit from being open; two burials at once meet there.
const OPEN_LETTERS: &str = "dead_letters_open";

/// A failure inside an operation, before it is known which one.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// Postgres' word, or the connection's.
    #[error("{}", told(.0))]
    Sql(#[from] tokio_postgres::Error),
    /// There was no connection to be had.
    #[error("no connection: {}", told(.0))]
    Pool(#[from] PoolError),
    /// The server said nothing.
    #[error("no answer within {} s", .0.as_secs())]
    NoAnswer(Duration),
    /// What is stored, or was to be stored, does not make sense to this program.
    #[error("{0}")]
    Content(String),
}

impl Fault {
    /// The port's error. What no repetition can mend is about the content: a broken constraint, a value of the
    /// wrong type, a table that is not as this program knows it. All else is about the storage: a connection
    /// that is lost or refused, a server that shuts down, starts up or fails over, a full disk.
    pub(super) fn during(self, operation: &'static str) -> LedgerError {
        match &self {
            Self::Content(_) => LedgerError::Content(self.to_string()),
            Self::Sql(error) if is_about_content(error) => {
                LedgerError::Content(format!("{operation}: {self}"))
            }
            Self::Sql(_) | Self::Pool(_) | Self::NoAnswer(_) => {
                LedgerError::Storage { operation, reason: self.to_string() }
            }
        }
    }

    /// What it means for somebody who comes in.
    pub(super) fn at_the_door(&self) -> Door {
        let (error, reason) = match self {
            Self::Sql(error) | Self::Pool(PoolError::Backend(error)) => (error, told(error)),
            Self::Content(reason) => return Door::Denied(reason.clone()),
            Self::Pool(_) | Self::NoAnswer(_) => return Door::Silent(self.to_string()),
        };
        let Some(code) = error.code() else {
            // Not Postgres' word, but the connection's; its kind is in nothing but its words.
            return match error.to_string() {
                words if words.contains("TLS") => Door::Encryption(reason),
                words if words.contains("read only") || reason.contains("read only") => {
                    Door::ReadOnly(reason)
                }
                words if words.contains("password") => Door::Login(reason),
                _ => Door::Silent(reason),
            };
        };
        if *code == SqlState::INVALID_CATALOG_NAME {
            Door::Database(reason)
        } else if *code == SqlState::INSUFFICIENT_PRIVILEGE {
            Door::Denied(reason)
        } else if code.code().starts_with("28") {
            Door::Login(reason)
        } else {
            Door::Silent(reason)
        }
    }

    /// Whether two transactions got in each other's way, so that this one left no trace and may be run again
    /// at once.
    pub(super) fn is_collision(&self) -> bool {
        let Self::Sql(error) = self else {
            return false;
        };
        match error.code() {
            Some(code) if *code == SqlState::UNIQUE_VIOLATION => {
                error.as_db_error().and_then(|error| error.constraint()) == Some(OPEN_LETTERS)
            }
            Some(code) => {
                *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED
            }
            None => false,
        }
    }
}

fn is_about_content(error: &tokio_postgres::Error) -> bool {
    match error.code() {
        Some(code) if *code == SqlState::INSUFFICIENT_PRIVILEGE => false,
        // Data exceptions, broken constraints, names that are not there.
        Some(code) => ["22", "23", "42"].iter().any(|class| code.code().starts_with(class)),
        // Without a code, and not from the connection: a column that is not what it is read as.
        None => error.source().is_some_and(|cause| {
            cause.is::<tokio_postgres::types::WrongType>() || cause.is::<tokio_postgres::types::WasNull>()
        }),
    }
}

/// An error with all its causes.
fn told(error: &(dyn Error + 'static)) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let reason = error.to_string();
        if !told.contains(&reason) {
            told = format!("{told}: {reason}");
        }
        cause = error.source();
    }
    told
}
