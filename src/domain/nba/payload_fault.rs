//! Why a payload is not what its source promises: every fault names the payload, the row and column where
//! it can, and the value. The same payload gives the same fault, so each one is a permanent failure.

use std::sync::Arc;

use crate::flow::{Date, Permanent};

/// A fault of a payload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PayloadFault {
    /// The bytes are no JSON of the promised form.
    #[error(
        "{payload}: not readable as JSON of the promised form: {reason} (the payload has {length} bytes)"
    )]
    Malformed {
        /// The payload's name.
        payload: Arc<str>,
        /// What the parser says, with line and column.
        reason: String,
        /// Bytes that there are.
        length: usize,
    },
    /// The bytes are no readable PDF, or no table of the promised form is in it.
    #[error("{payload}: {reason} (the payload has {length} bytes)")]
    Unreadable {
        /// The payload's name.
        payload: Arc<str>,
        /// What is wrong, with the page where it is of one.
        reason: String,
        /// Bytes that there are.
        length: usize,
    },
    /// The payload is of another resource, or lacks the result set.
    #[error("{payload}: expected {expected}, found {found}")]
    WrongResource {
        /// The payload's name.
        payload: Arc<str>,
        /// The resource and result set that belong here.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A column that must be there is not.
    #[error("{payload}: column {column} is missing")]
    ColumnMissing {
        /// The payload's name.
        payload: Arc<str>,
        /// The header.
        column: &'static str,
    },
    /// A header stands twice, so that reading by name would be a guess.
    #[error("{payload}: column {column} is there twice")]
    ColumnTwice {
        /// The payload's name.
        payload: Arc<str>,
        /// The header.
        column: String,
    },
    /// A row has more or fewer cells than there are headers.
    #[error("{payload}: row {row} has {found} cells, but there are {expected} headers")]
    RowLength {
        /// The payload's name.
        payload: Arc<str>,
        /// The row, from 1.
        row: usize,
        /// Number of headers.
        expected: usize,
        /// Number of cells.
        found: usize,
    },
    /// A cell holds another kind of value.
    #[error("{payload}: row {row}, {column}: expected {expected}, found {found}")]
    WrongType {
        /// The payload's name.
        payload: Arc<str>,
        /// The row, from 1.
        row: usize,
        /// The header.
        column: &'static str,
        /// What belongs there.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// A value of the right kind that cannot be right.
    #[error("{payload}: row {row}, {column}: {found} {why}")]
    Value {
        /// The payload's name.
        payload: Arc<str>,
        /// The row, from 1.
        row: usize,
        /// The header.
        column: &'static str,
        /// The value.
        found: String,
        /// What is wrong with it.
        why: String,
    },
    /// A row of another date.
    #[error("{payload}: row {row}, {column}: {found} is not the date of this payload, {date}")]
    ForeignDate {
        /// The payload's name.
        payload: Arc<str>,
        /// The row, from 1.
        row: usize,
        /// The header.
        column: &'static str,
        /// The value.
        found: String,
        /// The date that the payload is for.
        date: Date,
    },
    /// A game that the schedule does not have on this date.
    #[error("{payload}: row {row}, {column}: game {found} is not on the schedule of {date}")]
    UnknownGame {
        /// The payload's name.
        payload: Arc<str>,
        /// The row, from 1.
        row: usize,
        /// The header.
        column: &'static str,
        /// The league's id of the game.
        found: String,
        /// The date.
        date: Date,
    },
    /// Two rows for the same thing that say different things.
    #[error("{payload}: row {row} contradicts an earlier row for {key}")]
    Contradiction {
        /// The payload's name.
        payload: Arc<str>,
        /// The row, from 1.
        row: usize,
        /// What both rows are for.
        key: String,
    },
    /// The schedule demands rows that no payload of the date has.
    #[error("{payloads}: {missing}")]
    Incomplete {
        /// The names of the date's payloads.
        payloads: String,
        /// What is missing: game, team and how many rows there are.
        missing: String,
    },
}

impl PayloadFault {
    /// The stable code by which dead letters are chosen.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } | Self::Unreadable { .. } => "payload_malformed",
            Self::WrongResource { .. } => "payload_wrong_resource",
            Self::ColumnMissing { .. } => "payload_column_missing",
            Self::ColumnTwice { .. } | Self::RowLength { .. } => "payload_misshapen",
            Self::WrongType { .. } => "payload_wrong_type",
            Self::Value { .. } => "payload_value",
            Self::ForeignDate { .. } => "payload_foreign_date",
            Self::UnknownGame { .. } => "payload_unknown_game",
            Self::Contradiction { .. } => "payload_contradiction",
            Self::Incomplete { .. } => "payload_incomplete",
        }
    }
}

impl From<PayloadFault> for Permanent {
    fn from(fault: PayloadFault) -> Self {
        Self::new(fault.code(), fault.to_string())
    }
}
