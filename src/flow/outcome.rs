//! How the work on a unit ends: computed rows, a skip with its reason, or a failure by kind.
//! The kind decides what the fleet does next; a string never does.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use super::document::Document;
use super::frame::Frame;
use super::row::Row;

/// What a processor made of a unit.
#[derive(Debug)]
pub enum Computed {
    /// Rows, to replace the unit's content.
    Rows(Output),
    /// Nothing, and rightly so; counted in the coverage, never taken for data.
    Skipped(SkipReason),
}

/// What a processor that publishes made of a unit.
#[derive(Debug)]
pub enum Documents {
    /// Documents, to be put where readers outside find them.
    Made(Vec<Document>),
    /// Nothing, and rightly so.
    Skipped(SkipReason),
}

/// Why a unit rightly has no content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SkipReason {
    /// The season's first days, in which there is too little to compute from.
    Bootstrap,
    /// An optional payload that the source does not have.
    NotInSource,
    /// Too few rows to compute from, and no fault: there were not more yet.
    TooFew,
    /// What the unit is made from was accepted as a gap.
    Gap,
    /// The date's games are not over: what they bring comes later, and restates the unit.
    NotYet,
}

impl SkipReason {
    /// All reasons.
    pub const ALL: [Self; 5] = [Self::Bootstrap, Self::NotInSource, Self::TooFew, Self::Gap, Self::NotYet];

    /// The stable code, in the ledger, the messages and what people see.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Bootstrap => "bootstrap",
            Self::NotInSource => "not_in_source",
            Self::TooFew => "too_few_rows",
            Self::Gap => "gap",
            Self::NotYet => "not_yet",
        }
    }

    /// The reason of a code, the inverse of `code`.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// The content of a unit as a processor made it.
pub struct Output {
    frame: Frame,
    expected: u64,
    rows: Arc<dyn Any + Send + Sync>,
}

impl Output {
    /// These rows, of which the schedule (or the input) demanded at least `expected`. Fewer rows than
    /// that fail the unit.
    #[must_use]
    pub fn of<R: Row>(mut rows: Vec<R>, expected: u64) -> Self {
        // They stay in memory for all who read the unit.
        rows.shrink_to_fit();
        Self { frame: R::to_frame(&rows), expected, rows: Arc::new(rows) }
    }

    /// The rows as columns.
    #[must_use]
    pub fn frame(&self) -> &Frame {
        &self.frame
    }

    /// How many rows were demanded.
    #[must_use]
    pub fn expected(&self) -> u64 {
        self.expected
    }

    /// The typed rows (`Vec<R>`), for whoever reads the unit next in this process.
    #[must_use]
    pub fn typed_rows(&self) -> Arc<dyn Any + Send + Sync> {
        Arc::clone(&self.rows)
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Output({} of {} rows)", self.frame.rows(), self.expected)
    }
}

/// A failure that another try cannot mend: the same input gives the same answer. Becomes a dead letter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Permanent {
    /// The stable code by which dead letters are chosen: `payload_malformed`.
    pub code: &'static str,
    /// What happened, where (file, field, value) and what to do, with causes.
    pub message: String,
}

impl Permanent {
    /// A permanent failure.
    #[must_use]
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// A failure that another try may mend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Transient {
    /// The stable code.
    pub code: &'static str,
    /// What happened and where.
    pub message: String,
}

/// A failed attempt, by what the fleet must do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Tried again with backoff; becomes a dead letter when the attempts are used up.
    #[error(transparent)]
    Transient(#[from] Transient),
    /// A dead letter at once.
    #[error(transparent)]
    Permanent(#[from] Permanent),
}
