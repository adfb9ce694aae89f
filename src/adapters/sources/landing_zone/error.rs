//! What can go wrong with a landing zone, and what the fleet must do about each case. A file that is
//! damaged stays so until somebody mends it; a disk that does not answer may answer later.

use crate::flow::{Date, Failure, Permanent, Transient};

/// Why a landing zone gave no payload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// The directory is not there, or is a file.
    #[error("{path} is no directory; give a landing zone with schedule/, player_game_logs/ and so on")]
    NoDirectory {
        /// The path as it was given.
        path: String,
    },
    /// There is no list of games, so no date exists.
    #[error("{path} has no season list (`<season>.json.gz` or `<season>.json`), so there are no dates")]
    NoCalendar {
        /// The folder in which it was looked for.
        path: String,
    },
    /// A file cannot be opened as what it should be, and the date may be in it.
    #[error("{file} cannot be read: {reason}; the payload of {date} may be in it")]
    FileUnreadable {
        /// The file, within the landing zone.
        file: String,
        /// The date that was asked for.
        date: Date,
        /// What is wrong.
        reason: String,
    },
    /// A season list cannot be read.
    #[error("{file} cannot be read: {reason}")]
    ListUnreadable {
        /// The file, within the landing zone.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// A member of an archive is damaged; others may be sound.
    #[error("{file}#{member} cannot be read: {reason}")]
    MemberUnreadable {
        /// The archive, within the landing zone.
        file: String,
        /// The member.
        member: String,
        /// What is wrong.
        reason: String,
    },
    /// A payload is larger than any real one, and is not taken into memory.
    #[error("{name} has {bytes} bytes; more than {limit} are not taken for a payload")]
    TooLarge {
        /// The payload's name.
        name: String,
        /// How large it says it is.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// The storage failed; it may work another time.
    #[error("{operation} {path} failed: {reason}")]
    Storage {
        /// What was tried: `open`, `read`, `list`.
        operation: &'static str,
        /// Where.
        path: String,
        /// The cause, as the system says it.
        reason: String,
    },
    /// The reading task came to no end.
    #[error("reading the landing zone came to no end: {reason}")]
    Interrupted {
        /// What the runtime says.
        reason: String,
    },
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        let message = error.to_string();
        match error {
            SourceError::NoDirectory { .. } | SourceError::NoCalendar { .. } => {
                Permanent::new("landing_zone_missing", message).into()
            }
            SourceError::FileUnreadable { .. }
            | SourceError::ListUnreadable { .. }
            | SourceError::MemberUnreadable { .. }
            | SourceError::TooLarge { .. } => Permanent::new("payload_unreadable", message).into(),
            SourceError::Storage { .. } => Transient { code: "landing_storage", message }.into(),
            SourceError::Interrupted { .. } => Transient { code: "landing_interrupted", message }.into(),
        }
    }
}
