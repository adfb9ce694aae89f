//! What the texts in a ledger mean to this program: the datasets that it declares, and the names of lanes,
//! states and outcomes. What it does not know is told with the value; knows no database.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::flow::{DatasetName, Date, Lane, Outcome, TaskState, Unit};

/// The datasets that this program declares.
///
/// A ledger may name others (a retired dataset, an older program). Reads leave out what is past: complete
/// units, finished tasks, resolved dead letters. What is still open (an unpublished completion, an
/// unfinished task, an open dead letter) is a content error, for leaving it out would lose it silently.
#[derive(Debug, Clone)]
pub(super) struct Declared(Arc<BTreeMap<&'static str, DatasetName>>);

impl Declared {
    pub(super) fn new(datasets: &[DatasetName]) -> Self {
        Self(Arc::new(datasets.iter().map(|name| (name.as_str(), *name)).collect()))
    }

    /// The unit; `None` where its dataset is not declared. `days` since 1970-01-01.
    pub(super) fn unit(&self, dataset: &str, days: i32) -> Option<Unit> {
        let dataset = *self.0.get(dataset)?;
        Some(Unit { dataset, date: Date::from_days(days) })
    }

    /// The unit of something that is `open` or past; the content error of something that is open and of no
    /// declared dataset.
    pub(super) fn unit_of(
        &self,
        dataset: &str,
        days: i32,
        what: &str,
        open: bool,
    ) -> Result<Option<Unit>, String> {
        match self.unit(dataset, days) {
            None if open => Err(format!(
                "{what} of dataset `{dataset}`, which this program does not declare, is still open; \
                 finish it with the program that declares it"
            )),
            found => Ok(found),
        }
    }
}

/// The lane of a name, or the content error.
pub(super) fn lane(name: &str) -> Result<Lane, String> {
    Lane::parse(name).ok_or_else(|| format!("`{name}` is no lane"))
}

/// The task state of a name, or the content error.
pub(super) fn state(name: &str) -> Result<TaskState, String> {
    TaskState::parse(name).ok_or_else(|| format!("`{name}` is no task state"))
}

/// The outcome of a code, or the content error.
pub(super) fn outcome(code: &str) -> Result<Outcome, String> {
    Outcome::parse(code).ok_or_else(|| format!("`{code}` is no outcome"))
}
