//! Whether the warehouse has what the ledger says, unit by unit, and if not, why: the one rule that the sink, its
//! status and its verification share. Pure.
//!
//! A date is equal exactly when the latest note names the ledger's very record, storage has as many rows as that
//! record, and nobody has written to the partition since the noted job ended. So a note alone is never believed:
//! it is written after the job and may be missing, but it cannot claim what is not there.

use std::fmt;

use super::job::Content;
use super::warehouse::{Note, Partition};
use crate::flow::{Outcome, UnitRecord};

/// What a date's partition should have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wanted {
    /// Rows.
    Content(Content),
    /// None: the unit was skipped, was taken back, or never was complete.
    #[default]
    Nothing,
}

/// What a date's partition has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Held {
    /// In storage.
    pub partition: Option<Partition>,
    /// Written down.
    pub note: Option<Note>,
}

/// Why a date's partition is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lag {
    /// Nothing was ever loaded for it.
    NotLoaded,
    /// Another content was.
    OtherContent,
    /// Storage has another number of rows than were loaded.
    OtherRows {
        /// What the ledger says.
        expected: u64,
        /// What is there.
        found: u64,
    },
    /// Somebody else wrote to it after it was loaded.
    WrittenSince,
    /// There should be no rows, and there are.
    NotEmpty {
        /// What is there.
        rows: u64,
    },
    /// The last job for it failed.
    Failed {
        /// Why.
        fault: String,
    },
}

impl Wanted {
    /// What a unit's record asks for.
    #[must_use]
    pub fn of(record: Option<&UnitRecord>) -> Self {
        let Some(record) = record else {
            return Self::Nothing;
        };
        match (&record.outcome, &record.stored) {
            (Outcome::Done | Outcome::Unchanged, Some(stored)) => Self::Content(Content {
                revision: stored.revision,
                rows: record.rows_written,
                committed_at: record.finished_at,
            }),
            (Outcome::Done | Outcome::Unchanged, None) | (Outcome::Skipped(_), _) => Self::Nothing,
        }
    }
}

/// Why the date's partition is not as wanted; `None` where it is.
#[must_use]
pub fn lag(wanted: Wanted, held: &Held) -> Option<Lag> {
    let found = held.partition.map_or(0, |partition| partition.rows);
    let Wanted::Content(content) = wanted else {
        return (found > 0).then_some(Lag::NotEmpty { rows: found });
    };
    let Some(note) = &held.note else {
        return Some(Lag::NotLoaded);
    };
    if (note.revision, note.committed_at) != (content.revision, content.committed_at) {
        return Some(Lag::OtherContent);
    }
    if let Some(fault) = &note.fault {
        return Some(Lag::Failed { fault: fault.clone() });
    }
    if found != content.rows {
        return Some(Lag::OtherRows { expected: content.rows, found });
    }
    held.partition.filter(|partition| partition.modified_at > note.ended_at).map(|_| Lag::WrittenSince)
}

impl fmt::Display for Lag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLoaded => f.write_str("not loaded yet"),
            Self::OtherContent => f.write_str("changed since it was loaded"),
            Self::OtherRows { expected, found } => {
                write!(f, "storage has {found} rows instead of {expected}")
            }
            Self::WrittenSince => f.write_str("written to by somebody else"),
            Self::NotEmpty { rows } => write!(f, "{rows} rows should be gone"),
            Self::Failed { fault } => write!(f, "failed: {fault}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::{DatasetName, Date, Revision, Unit};

    #[test]
    fn a_date_is_equal_only_when_record_note_and_storage_agree() {
        let content = Content { revision: Revision::from_bytes([1; 32]), rows: 7, committed_at: 50 };
        let wanted = Wanted::Content(content);
        let unit = Unit { dataset: DatasetName::of("a.b"), date: Date::from_days(0) };
        let note = Note {
            unit,
            revision: content.revision,
            rows: 7,
            committed_at: 50,
            job: "j".to_owned(),
            ended_at: 100,
            fault: None,
        };
        let held = |note: Option<Note>, rows: u64, modified_at| Held {
            partition: (rows > 0).then_some(Partition { rows, modified_at }),
            note,
        };
        let noted = |change: &dyn Fn(&mut Note)| {
            let mut note = note.clone();
            change(&mut note);
            Some(note)
        };
        let same = || noted(&|_| {});
        let cases = [
            ("equal", wanted, held(same(), 7, 99), None),
            ("written by the job itself", wanted, held(same(), 7, 100), None),
            ("not noted", wanted, held(None, 7, 99), Some(Lag::NotLoaded)),
            ("gone", wanted, held(same(), 0, 0), Some(Lag::OtherRows { expected: 7, found: 0 })),
            ("fewer", wanted, held(same(), 6, 99), Some(Lag::OtherRows { expected: 7, found: 6 })),
            ("written since", wanted, held(same(), 7, 101), Some(Lag::WrittenSince)),
            (
                "another content",
                wanted,
                held(noted(&|n| n.revision = Revision::from_bytes([2; 32])), 7, 99),
                Some(Lag::OtherContent),
            ),
            (
                "the same content, gone and come back",
                wanted,
                held(noted(&|n| n.committed_at = 49), 7, 99),
                Some(Lag::OtherContent),
            ),
            (
                "failed",
                wanted,
                held(noted(&|n| n.fault = Some("bad".to_owned())), 7, 99),
                Some(Lag::Failed { fault: "bad".to_owned() }),
            ),
            ("should be empty and is", Wanted::Nothing, held(same(), 0, 0), None),
            ("should be empty", Wanted::Nothing, held(None, 2, 9), Some(Lag::NotEmpty { rows: 2 })),
        ];
        for (name, wanted, held, expected) in cases {
            assert_eq!(lag(wanted, &held), expected, "{name}");
        }
    }
}
