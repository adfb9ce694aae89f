//! The jobs of the sink, as values: what each is to do, and its name. The name follows from what is to be done
//! (dataset, dates, contents, how often it was tried), so that whoever asks for the same again finds the job that
//! is there already: after a crash, after an answer that was lost, and in another process. Does nothing itself.

use std::fmt;

use super::warehouse::{Note, WarehouseError};
use crate::flow::{DatasetName, Date, Lane, Millis, Revision, Unit};

/// The name of a job: letters, digits, `_` and `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId {
    /// What is to be done, hashed.
    base: String,
    /// The number of the try, from 1.
    attempt: u32,
}

/// A content of a unit that is to be loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content {
    /// Its hash.
    pub revision: Revision,
    /// Its rows.
    pub rows: u64,
    /// When the ledger's record was committed.
    pub committed_at: Millis,
}

/// What a job does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// Replaces the rows of one date by those of its file, at once.
    LoadDate {
        /// The unit.
        unit: Unit,
        /// What the file has.
        content: Content,
    },
    /// Replaces all rows of a table by those of these dates' files, at once.
    LoadTable {
        /// The dataset.
        dataset: DatasetName,
        /// All dates that have a content, in order.
        contents: Vec<(Date, Content)>,
    },
    /// Takes the rows of these dates away, at once.
    Empty {
        /// The dataset.
        dataset: DatasetName,
        /// The dates, in order, each with when its partition was written last.
        dates: Vec<(Date, Millis)>,
    },
    /// Writes down what other jobs have done.
    Write {
        /// The notes.
        notes: Vec<Note>,
    },
}

/// A job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its name.
    pub id: JobId,
    /// How urgent it is.
    pub lane: Lane,
    /// What it does.
    pub work: Work,
}

/// Whether a job is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// It has been begun by this call.
    Now,
    /// A job of this name was there; it may have ended long ago.
    Before,
}

/// What has become of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobState {
    /// It has not ended.
    UnderWay,
    /// All that it was to do is done.
    Done {
        /// When, by the warehouse's clock.
        at: Millis,
        /// The rows that it loaded; `None` for a job that loads nothing.
        rows: Option<u64>,
    },
    /// Nothing of it is done.
    Failed {
        /// When, by the warehouse's clock.
        at: Millis,
        /// Why.
        error: WarehouseError,
    },
}

impl Work {
    /// The name that a job of this work has when it is tried for the `attempt`th time.
    #[must_use]
    pub fn named(&self, attempt: u32) -> JobId {
        JobId { base: self.base(), attempt }
    }

    /// The dataset whose table it changes; `None` for notes.
    #[must_use]
    pub fn dataset(&self) -> Option<DatasetName> {
        match self {
            Self::LoadDate { unit, .. } => Some(unit.dataset),
            Self::LoadTable { dataset, .. } | Self::Empty { dataset, .. } => Some(*dataset),
            Self::Write { .. } => None,
        }
    }

    /// How many partitions it changes.
    #[must_use]
    pub fn partitions(&self) -> usize {
        match self {
            Self::LoadDate { .. } => 1,
            Self::LoadTable { contents, .. } => contents.len(),
            Self::Empty { dates, .. } => dates.len(),
            Self::Write { .. } => 0,
        }
    }

    /// The contents that are in the table when it is done.
    pub(super) fn contents(&self) -> Vec<(Unit, Content)> {
        match self {
            Self::LoadDate { unit, content } => vec![(*unit, *content)],
            Self::LoadTable { dataset, contents } => {
                let of =
                    |(date, content): &(Date, Content)| (Unit { dataset: *dataset, date: *date }, *content);
                contents.iter().map(of).collect()
            }
            Self::Empty { .. } | Self::Write { .. } => Vec::new(),
        }
    }

    /// The rows that it must load.
    pub(super) fn rows(&self) -> u64 {
        self.contents().iter().map(|(_, content)| content.rows).sum()
    }

    fn base(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        let mut feed = |part: &str| {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        };
        let content =
            |date: Date, content: &Content| format!("{date} {} {}", content.revision, content.committed_at);
        let (what, table, dates) = match self {
            Self::LoadDate { unit, content: loaded } => {
                feed(&content(unit.date, loaded));
                ("date", unit.dataset.table(), Some((unit.date, unit.date)))
            }
            Self::LoadTable { dataset, contents } => {
                contents.iter().for_each(|(date, loaded)| feed(&content(*date, loaded)));
                let ends = contents.first().zip(contents.last());
                ("table", dataset.table(), ends.map(|(first, last)| (first.0, last.0)))
            }
            Self::Empty { dataset, dates } => {
                dates.iter().for_each(|(date, modified_at)| feed(&format!("{date} {modified_at}")));
                let ends = dates.first().zip(dates.last());
                ("empty", dataset.table(), ends.map(|(first, last)| (first.0, last.0)))
            }
            Self::Write { notes } => {
                notes.iter().for_each(|note| feed(&format!("{note:?}")));
                ("notes", "", None)
            }
        };
        let range = dates.map_or_else(String::new, |(first, last)| format!("{first}_{last}_"));
        let hash = hasher.finalize().to_hex();
        format!("{what}_{table}_{range}{}", &hash[..20])
    }
}

impl JobId {
    /// What is to be done, whatever the number of the try.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// The number of the try.
    pub(super) fn attempt(&self) -> u32 {
        self.attempt
    }

    /// The number of the try of a job's name as text, if it is one for this work.
    pub(super) fn attempt_in(base: &str, name: &str) -> Option<u32> {
        name.strip_prefix(base)?.strip_prefix('_')?.parse().ok()
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.base, self.attempt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(date: &str, revision: u8, committed_at: Millis) -> Work {
        let unit = Unit { dataset: DatasetName::of("a.b"), date: Date::parse(date).expect("date") };
        let revision = Revision::from_bytes([revision; 32]);
        Work::LoadDate { unit, content: Content { revision, rows: 3, committed_at } }
    }

    #[test]
    fn a_name_follows_from_what_is_to_be_done_and_from_nothing_else() {
        let first = load("2024-01-26", 1, 5).named(1).to_string();
        assert_eq!(first, load("2024-01-26", 1, 5).named(1).to_string());
        assert!(first.starts_with("date_b_2024-01-26_2024-01-26_"), "{first}");
        for other in [load("2024-01-27", 1, 5), load("2024-01-26", 2, 5), load("2024-01-26", 1, 6)] {
            assert_ne!(first, other.named(1).to_string());
        }
        let work = load("2024-01-26", 1, 5);
        let base = work.named(1).base().to_owned();
        assert_eq!(JobId::attempt_in(&base, &work.named(7).to_string()), Some(7));
        assert_eq!(JobId::attempt_in(&base, &load("2024-01-26", 2, 5).named(7).to_string()), None);
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        assert!(first.chars().all(allowed), "{first}");
    }
}
