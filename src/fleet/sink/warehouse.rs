//! The port to a warehouse: tables with a partition a date, filled by jobs that it carries out by itself and
//! remembers by name. Says what the sink needs of one and what can go wrong. Names no vendor.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::job::{Begun, Job, JobState};
use crate::flow::{DatasetName, Date, Failure, Millis, Permanent, Revision, Schema, Transient, Unit};

/// A table as the declarations want it.
#[derive(Debug, Clone, Copy)]
pub struct TableSpec {
    /// The dataset whose rows it has.
    pub dataset: DatasetName,
    /// Its columns.
    pub schema: Schema,
    /// What a row is, for people.
    pub summary: &'static str,
}

/// What a table is beside its declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// As declared.
    AsDeclared,
    /// There is none; `prepare` makes it.
    Missing,
    /// Something is missing that `prepare` adds without touching a row: a column, a description.
    Behind(Vec<String>),
}

/// What storage has of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    /// Rows.
    pub rows: u64,
    /// When they were written last, by the warehouse's clock.
    pub modified_at: Millis,
}

/// What the sink has written down, in the warehouse itself, of the last job for a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The unit.
    pub unit: Unit,
    /// The content that was to be loaded.
    pub revision: Revision,
    /// Its rows.
    pub rows: u64,
    /// When the ledger's record of that content was committed. A content that went away and came back has
    /// another record, so a note never speaks of rows that were replaced since.
    pub committed_at: Millis,
    /// The job's name.
    pub job: String,
    /// When the job ended, by the warehouse's clock.
    pub ended_at: Millis,
    /// Why it failed; `None` where the rows are there.
    pub fault: Option<String>,
}

/// All that a warehouse has of the tables of a pipeline.
#[derive(Debug, Clone, Default)]
pub struct Contents {
    /// Rows by date.
    pub partitions: BTreeMap<Unit, Partition>,
    /// The latest note of each unit.
    pub notes: BTreeMap<Unit, Note>,
    /// Rows that are in no date's partition, by dataset: somebody else wrote them.
    pub strays: BTreeMap<DatasetName, u64>,
}

/// Why a warehouse did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WarehouseError {
    /// Too much in a short time: ask again after some seconds.
    #[error("too many requests: {message}")]
    RateLimited {
        /// What the service asked for, where it did.
        retry_after: Option<Millis>,
        /// The service's words.
        message: String,
    },
    /// Too much in a day: ask again after ten minutes or more.
    #[error("a quota is used up: {message}")]
    QuotaExceeded {
        /// The service's words.
        message: String,
    },
    /// It did not answer, or not now.
    #[error("the warehouse failed to {operation}: {message}")]
    Unavailable {
        /// What was asked for.
        operation: &'static str,
        /// What happened.
        message: String,
    },
    /// It does not allow it.
    #[error("not allowed to {operation}: {message}")]
    Denied {
        /// What was asked for.
        operation: &'static str,
        /// The service's words.
        message: String,
    },
    /// It cannot be done with this content: trying again changes nothing until something else does.
    #[error("refused to {operation}: {message}")]
    Invalid {
        /// What was asked for.
        operation: &'static str,
        /// The service's words.
        message: String,
    },
    /// The table is not one into which the dataset's rows could be loaded.
    #[error("table {table}: {reason}; take the table away and it is made and filled anew")]
    Incompatible {
        /// The table.
        table: String,
        /// The first difference that cannot be mended.
        reason: String,
    },
    /// A job loaded another number of rows than the ledger says. Either the file is being replaced, which the
    /// ledger says soon, or it is not the one that was recorded.
    #[error("{loaded} rows were loaded, the ledger says {expected}")]
    Rows {
        /// What the ledger says.
        expected: u64,
        /// What was loaded.
        loaded: u64,
    },
}

/// What is to be done about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Ask again soon, each time later.
    Later,
    /// Ask again after this many milliseconds.
    After(Millis),
    /// Ask again when something may have changed.
    Seldom,
}

/// How long to wait where a day's quota is used up, as the documentation demands.
const QUOTA_WAIT_MS: Millis = 10 * 60 * 1_000;

impl WarehouseError {
    /// What is to be done about it.
    #[must_use]
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::RateLimited { retry_after: Some(wait), .. } => Remedy::After(*wait),
            Self::RateLimited { retry_after: None, .. } | Self::Unavailable { .. } | Self::Rows { .. } => {
                Remedy::Later
            }
            Self::QuotaExceeded { .. } => Remedy::After(QUOTA_WAIT_MS),
            Self::Denied { .. } | Self::Invalid { .. } | Self::Incompatible { .. } => Remedy::Seldom,
        }
    }
}

impl From<WarehouseError> for Failure {
    fn from(error: WarehouseError) -> Self {
        let message = error.to_string();
        match error.remedy() {
            Remedy::Later | Remedy::After(_) => Transient { code: "warehouse_unavailable", message }.into(),
            Remedy::Seldom => Permanent::new("warehouse_refused", message).into(),
        }
    }
}

/// A warehouse. No call tries again by itself; each may be made again at any time without harm.
#[async_trait]
pub trait Warehouse: Send + Sync {
    /// Makes what all tables need: the place of the notes, and what they are in.
    async fn open(&self) -> Result<(), WarehouseError>;

    /// What the table is, changing nothing.
    async fn shape(&self, table: TableSpec) -> Result<Shape, WarehouseError>;

    /// Makes the table, or adds to it what is missing; answers with what it was before. No row is touched: a
    /// table that could not take the dataset's rows is `Incompatible`.
    async fn prepare(&self, table: TableSpec) -> Result<Shape, WarehouseError>;

    /// All partitions and notes; nothing of a warehouse that was never opened.
    async fn contents(&self) -> Result<Contents, WarehouseError>;

    /// Begins a job, or finds that it was begun already: the job's name decides.
    async fn begin(&self, job: &Job) -> Result<Begun, WarehouseError>;

    /// What has become of a job that was begun.
    async fn look(&self, job: &Job) -> Result<JobState, WarehouseError>;
}

impl Contents {
    /// All dates of which a table has rows or a note.
    pub(super) fn dates(&self, dataset: DatasetName) -> impl Iterator<Item = Date> + '_ {
        let of = move |unit: &&Unit| unit.dataset == dataset;
        let noted = self.notes.keys().filter(of).map(|unit| unit.date);
        self.partitions.keys().filter(of).map(|unit| unit.date).chain(noted)
    }
}
