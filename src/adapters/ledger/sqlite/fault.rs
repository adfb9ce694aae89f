//! What can go wrong inside the ledger, and how it is told to the engine.
//! The only file that looks into SQLite's errors.

use rusqlite::ErrorCode;

use crate::fleet::LedgerError;

/// A failure inside a transaction, before it is known which operation it was part of.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// SQLite's word.
    #[error(transparent)]
    Sql(#[from] rusqlite::Error),
    /// What is stored, or was to be stored, does not make sense to this program.
    #[error("{0}")]
    Content(String),
}

impl Fault {
    /// The port's error. What no repetition can mend (a broken constraint, a value of the wrong type) is
    /// about the content; all else is about the storage (disk full, file damaged, locked).
    #[must_use]
    pub fn during(self, operation: &'static str) -> LedgerError {
        match self {
            Self::Content(reason) => LedgerError::Content(reason),
            Self::Sql(error) if is_about_content(&error) => {
                LedgerError::Content(format!("{operation}: {error}"))
            }
            Self::Sql(error) => LedgerError::Storage { operation, reason: error.to_string() },
        }
    }
}

fn is_about_content(error: &rusqlite::Error) -> bool {
    match error {
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::InvalidColumnType(..) => true,
        other => other.sqlite_error_code() == Some(ErrorCode::ConstraintViolation),
    }
}
