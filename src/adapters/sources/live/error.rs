//! What can go wrong with a fetch, what the fleet must do about each case, and whether asking again at once
//! may help. A message names host and path, never a whole URL: a key may be in one.

use crate::adapters::sources::SourceError;
use crate::fleet::Millis;
use crate::flow::{Date, Failure, Permanent, Transient};

/// Why a fetch brought no payload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum FetchError {
    /// No connection, or none that speaks HTTP.
    #[error("{host}{path} cannot be reached: {reason}")]
    Unreachable { host: &'static str, path: String, reason: String },
    /// The connection broke before the answer was whole.
    #[error("{host}{path}: the answer broke off after {bytes} bytes: {reason}")]
    BrokenOff { host: &'static str, path: String, bytes: usize, reason: String },
    /// No whole answer in time.
    #[error("{host}{path} gave no whole answer within {} s", .millis / 1000)]
    TimedOut { host: &'static str, path: String, millis: Millis },
    /// The host has had enough of us.
    #[error("{host}{path} answered {status}: too many requests{}", rest(.retry_after))]
    TooMany { host: &'static str, path: String, status: u16, retry_after: Option<Millis> },
    /// The host is to be left alone for longer than a fetch waits.
    #[error("{host} asked to be left alone for another {} s", .millis / 1000)]
    Resting { host: &'static str, millis: Millis },
    /// The host has trouble of its own.
    #[error("{host}{path} answered {status}{}", rest(.retry_after))]
    Failing { host: &'static str, path: String, status: u16, retry_after: Option<Millis> },
    /// The host does not want us, or not from here.
    #[error(
        "{host}{path} answered {status}: it refuses this address or these headers; a proxy (HTTPS_PROXY) may help"
    )]
    Forbidden { host: &'static str, path: String, status: u16 },
    /// The request itself is wrong.
    #[error("{host}{path} answered {status}: it does not know this request")]
    Refused { host: &'static str, path: String, status: u16 },
    /// Something else than JSON, as a rule a page for people that says that something is wrong.
    #[error("{host}{path} answered with no JSON: it begins with `{begins}`")]
    NotJson { host: &'static str, path: String, begins: String },
    /// Something else than a PDF.
    #[error("{host}{path} answered with no PDF: it begins with `{begins}`")]
    NotPdf { host: &'static str, path: String, begins: String },
    /// What is asked for by its name is not there.
    #[error("{host}{path} answered {status}: there is none of this name")]
    NotThere { host: &'static str, path: String, status: u16 },
    /// JSON or a PDF that stops before its end, or is none from some place on.
    #[error("{host}{path} answered with {bytes} bytes that are damaged: {reason}")]
    Damaged { host: &'static str, path: String, bytes: usize, reason: String },
    /// More bytes than any real answer has.
    #[error("{host}{path} answered with more than {limit} bytes")]
    TooLarge { host: &'static str, path: String, limit: usize },
    /// A sound answer that lacks what the schedule says must be there.
    #[error("{host}{path}: {reason}")]
    Incomplete { host: &'static str, path: String, reason: String },
    /// A sound answer that is not what the pipeline reads.
    #[error("{host}{path}: {reason}")]
    Faulty { host: &'static str, path: String, reason: Permanent },
    /// The games of the date are not over.
    #[error("{source_name}: the games of {date} are not over")]
    NotFinal { source_name: String, date: Date },
    /// The schedule has no game on the date, or there is none.
    #[error("the landed schedule has no game on {date}; fetch the season's schedule first")]
    NoGames { date: Date },
    /// The landed schedule cannot be read.
    #[error("the landed schedule: {0}")]
    Schedule(Permanent),
    /// What the service has of the present only, and the date is not today.
    #[error("{source_name} of {date}: the service has today's only")]
    NotToday { source_name: &'static str, date: Date },
    /// A source that needs a key, and there is none.
    #[error(
        "{source_name} needs a key; name the variable or the file that has it (--odds-key-variable, --odds-key-file)"
    )]
    NoKey { source_name: &'static str },
    /// A source that is not fetched.
    #[error("no source `{source_name}` is fetched by date; there are {known}")]
    UnknownSource { source_name: String, known: String },
    /// The landing zone's disk failed.
    #[error("{operation} {path} failed: {reason}")]
    Storage { operation: &'static str, path: String, reason: String },
    /// The landing zone cannot be read.
    #[error(transparent)]
    Landing(#[from] SourceError),
    /// The client could not be made.
    #[error("no HTTP client: {reason}")]
    Client { reason: String },
    /// Work on a thread of its own came to no end.
    #[error("work on the landing zone came to no end: {reason}")]
    Interrupted { reason: String },
}

fn rest(retry_after: &Option<Millis>) -> String {
    retry_after.map_or_else(String::new, |millis| format!("; it asks for {} s of rest", millis / 1_000))
}

impl FetchError {
    /// Whether the same request may do better in a moment.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::BrokenOff { .. }
            | Self::TimedOut { .. }
            | Self::TooMany { .. }
            | Self::Failing { .. }
            | Self::NotJson { .. }
            | Self::NotPdf { .. }
            | Self::Damaged { .. } => true,
            Self::Resting { .. }
            | Self::Forbidden { .. }
            | Self::Refused { .. }
            | Self::NotThere { .. }
            | Self::TooLarge { .. }
            | Self::Incomplete { .. }
            | Self::Faulty { .. }
            | Self::NotFinal { .. }
            | Self::NoGames { .. }
            | Self::NotToday { .. }
            | Self::NoKey { .. }
            | Self::Schedule(_)
            | Self::UnknownSource { .. }
            | Self::Storage { .. }
            | Self::Landing(_)
            | Self::Client { .. }
            | Self::Interrupted { .. } => false,
        }
    }

    /// How long the host wants to be left alone, where it said so.
    pub(super) fn retry_after(&self) -> Option<Millis> {
        let (Self::TooMany { retry_after, .. } | Self::Failing { retry_after, .. }) = self else {
            return None;
        };
        *retry_after
    }

    /// The stable code, in receipts and failures.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "upstream_unreachable",
            Self::BrokenOff { .. } => "upstream_broken_off",
            Self::TimedOut { .. } => "upstream_timed_out",
            Self::TooMany { .. } => "upstream_too_many_requests",
            Self::Resting { .. } => "upstream_resting",
            Self::Failing { .. } => "upstream_failing",
            Self::Forbidden { .. } => "upstream_forbidden",
            Self::Refused { .. } => "upstream_refused",
            Self::NotJson { .. } => "upstream_not_json",
            Self::NotPdf { .. } => "upstream_not_pdf",
            Self::NotThere { .. } => "upstream_not_there",
            Self::Damaged { .. } => "upstream_damaged",
            Self::TooLarge { .. } => "upstream_too_large",
            Self::Incomplete { .. } => "upstream_incomplete",
            Self::Faulty { reason, .. } | Self::Schedule(reason) => reason.code,
            Self::NotFinal { .. } => "not_final",
            Self::NoGames { .. } => "no_games",
            Self::NotToday { .. } => "not_today",
            Self::NoKey { .. } => "no_key",
            Self::UnknownSource { .. } => "source_unknown",
            Self::Storage { .. } => "landing_storage",
            Self::Landing(_) => "landing_zone",
            Self::Client { .. } => "upstream_client",
            Self::Interrupted { .. } => "landing_interrupted",
        }
    }
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        let (code, message) = (error.code(), error.to_string());
        match error {
            FetchError::Unreachable { .. }
            | FetchError::BrokenOff { .. }
            | FetchError::TimedOut { .. }
            | FetchError::TooMany { .. }
            | FetchError::Resting { .. }
            | FetchError::Failing { .. }
            | FetchError::Forbidden { .. }
            | FetchError::NotJson { .. }
            | FetchError::NotPdf { .. }
            | FetchError::NotThere { .. }
            | FetchError::Damaged { .. }
            | FetchError::Incomplete { .. }
            | FetchError::NotFinal { .. }
            | FetchError::Storage { .. }
            | FetchError::Interrupted { .. } => Transient { code, message }.into(),
            FetchError::Refused { .. }
            | FetchError::TooLarge { .. }
            | FetchError::Faulty { .. }
            | FetchError::NoGames { .. }
            | FetchError::NotToday { .. }
            | FetchError::NoKey { .. }
            | FetchError::Schedule(_)
            | FetchError::UnknownSource { .. }
            | FetchError::Client { .. } => Permanent::new(code, message).into(),
            FetchError::Landing(error) => error.into(),
        }
    }
}
