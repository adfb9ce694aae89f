//! Units, runs, lanes and tasks: the things that messages and the ledger speak of.

use std::fmt;

use super::date::Date;
use super::names::DatasetName;

/// What a processor does at a time: one date of one dataset.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Unit {
    /// The dataset.
    pub dataset: DatasetName,
    /// The date.
    pub date: Date,
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.dataset, self.date)
    }
}

impl fmt::Debug for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The number of a run in its ledger, from 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RunId(pub i64);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Which queue a run's work orders take; the backfill never delays a day.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Lane {
    /// Days as they happen, and replays that somebody waits for.
    Daily,
    /// History.
    Backfill,
}

impl Lane {
    /// Both lanes, the more urgent first.
    pub const ALL: [Self; 2] = [Self::Daily, Self::Backfill];

    /// The lane's name, in topics and for people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Backfill => "backfill",
        }
    }

    /// The lane of a name, the inverse of `as_str`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lane| lane.as_str() == text)
    }
}

/// How a finished task ended; what its completion says.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Outcome {
    /// Computed and written.
    Done,
    /// Made from the same as before; nothing was computed.
    Unchanged,
    /// Rightly without content.
    Skipped(super::outcome::SkipReason),
}

impl Outcome {
    /// The stable code: `done`, `unchanged`, or `skipped:` and the reason.
    #[must_use]
    pub fn code(self) -> String {
        match self {
            Self::Done => "done".to_owned(),
            Self::Unchanged => "unchanged".to_owned(),
            Self::Skipped(reason) => format!("skipped:{reason}"),
        }
    }

    /// The outcome of a code, the inverse of `code`.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        match code {
            "done" => Some(Self::Done),
            "unchanged" => Some(Self::Unchanged),
            other => {
                other.strip_prefix("skipped:").and_then(super::outcome::SkipReason::parse).map(Self::Skipped)
            }
        }
    }
}

/// Where a task of a run stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum TaskState {
    /// Some unit in its windows is a task of the run that is not finished.
    Waiting,
    /// Its work order may be done by anybody.
    Ready,
    /// An attempt has it, under a lease.
    Claimed,
    /// Finished; its completion is or will be published.
    Finished,
    /// Failed for good.
    Dead,
    /// Cannot become ready because a dead letter stands in its window.
    Held,
    /// A later run has taken it over.
    Superseded,
}

impl TaskState {
    /// All states.
    pub const ALL: [Self; 7] =
        [Self::Waiting, Self::Ready, Self::Claimed, Self::Finished, Self::Dead, Self::Held, Self::Superseded];

    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Ready => "ready",
            Self::Claimed => "claimed",
            Self::Finished => "finished",
            Self::Dead => "dead",
            Self::Held => "held",
            Self::Superseded => "superseded",
        }
    }

    /// The state of a name, the inverse of `as_str`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether nothing more happens to the task in its run.
    #[must_use]
    pub const fn is_final(self) -> bool {
        match self {
            Self::Waiting | Self::Ready | Self::Claimed => false,
            Self::Finished | Self::Dead | Self::Held | Self::Superseded => true,
        }
    }
}
