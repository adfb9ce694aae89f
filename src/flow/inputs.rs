//! What a processor is handed: the content of exactly the units in its windows, already read and decoded,
//! and the calendar. There is no other way for it to learn anything, so it cannot see the future.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::date::{Calendar, Date};
use super::names::DatasetName;
use super::outcome::{Permanent, SkipReason};
use super::processor::Dataset;
use super::row::Row;

/// Raw bytes as a source sent them, and what to call them in an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// Where it came from, for people: `player_game_logs/2023-24.zip#2023-12-25.json`.
    pub name: Arc<str>,
    /// The bytes, unchanged.
    pub bytes: bytes::Bytes,
}

impl Payload {
    /// These bytes under this name.
    #[must_use]
    pub fn of(name: impl Into<Arc<str>>, bytes: impl Into<bytes::Bytes>) -> Self {
        Self { name: name.into(), bytes: bytes.into() }
    }

    /// The value that the bytes say in JSON; else a permanent failure with the payload's name and the place.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, Permanent> {
        serde_json::from_slice(&self.bytes)
            .map_err(|error| Permanent::new("payload_malformed", format!("{}: {error}", self.name)))
    }
}

/// The content of one input unit.
#[derive(Clone)]
pub enum Content {
    /// The typed rows (`Vec<R>` of the dataset's row type).
    Rows(Arc<dyn Any + Send + Sync>),
    /// Payloads of a landed unit, in the order of the source: one for most, more where a date has several.
    Payloads(Arc<[Payload]>),
    /// Nothing, with the reason.
    Skipped(SkipReason),
}

/// One input unit.
#[derive(Clone)]
pub struct Upstream {
    /// Its date.
    pub date: Date,
    /// What it holds.
    pub content: Content,
}

/// Why an input cannot be used as the processor declared it: a fault of the declaration, found at once.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InputsError {
    /// The dataset is not among the declared reads.
    #[error("{0} is not declared in `reads`")]
    Undeclared(DatasetName),
    /// The rows have another type than the dataset says.
    #[error("{0} holds rows of another type")]
    WrongType(DatasetName),
}

impl From<InputsError> for Permanent {
    fn from(error: InputsError) -> Self {
        Self::new("declaration_broken", error.to_string())
    }
}

/// All that a processor may know about the unit it computes.
pub struct Inputs<'a> {
    calendar: &'a Calendar,
    at: usize,
    units: BTreeMap<DatasetName, Vec<Upstream>>,
}

impl<'a> Inputs<'a> {
    /// The inputs of the unit at index `at`; the units of each dataset in order of date.
    #[must_use]
    pub fn new(calendar: &'a Calendar, at: usize, units: BTreeMap<DatasetName, Vec<Upstream>>) -> Self {
        Self { calendar, at, units }
    }

    /// The unit's date.
    #[must_use]
    pub fn date(&self) -> Date {
        self.calendar.date(self.at)
    }

    /// The unit's place in the calendar.
    #[must_use]
    pub fn index(&self) -> usize {
        self.at
    }

    /// The pipeline's calendar.
    #[must_use]
    pub fn calendar(&self) -> &'a Calendar {
        self.calendar
    }

    /// All rows that the window of this dataset holds, unit by unit in order of date. Skipped units are
    /// left out; `gaps` names those that were accepted as gaps.
    pub fn window<R: Row>(&self, dataset: Dataset<R>) -> Result<Vec<(Date, &[R])>, InputsError> {
        let mut dates = Vec::new();
        for unit in self.upstreams(dataset.name())? {
            match &unit.content {
                Content::Rows(rows) => {
                    let rows = rows.downcast_ref::<Vec<R>>().ok_or(InputsError::WrongType(dataset.name()))?;
                    dates.push((unit.date, rows.as_slice()));
                }
                Content::Skipped(_) => {}
                Content::Payloads(_) => return Err(InputsError::WrongType(dataset.name())),
            }
        }
        Ok(dates)
    }

    /// The rows of this unit's own date; empty where that unit was skipped.
    pub fn same_date<R: Row>(&self, dataset: Dataset<R>) -> Result<&[R], InputsError> {
        let date = self.date();
        let rows = self.window(dataset)?;
        Ok(rows.into_iter().find(|(day, _)| *day == date).map_or(&[], |(_, rows)| rows))
    }

    /// The payloads of a landed dataset on this unit's own date; empty where that unit was skipped.
    pub fn payloads(&self, dataset: DatasetName) -> Result<&[Payload], InputsError> {
        let date = self.date();
        let unit = self.upstreams(dataset)?.iter().find(|unit| unit.date == date);
        match unit.map(|unit| &unit.content) {
            Some(Content::Payloads(payloads)) => Ok(payloads),
            Some(Content::Skipped(_)) | None => Ok(&[]),
            Some(Content::Rows(_)) => Err(InputsError::WrongType(dataset)),
        }
    }

    /// Why this unit's own date of a dataset is skipped, if it is.
    pub fn skipped(&self, dataset: DatasetName) -> Result<Option<SkipReason>, InputsError> {
        let date = self.date();
        Ok(self.upstreams(dataset)?.iter().find_map(|unit| match &unit.content {
            Content::Skipped(reason) if unit.date == date => Some(*reason),
            Content::Skipped(_) | Content::Rows(_) | Content::Payloads(_) => None,
        }))
    }

    /// The input units that a person accepted as gaps (or that hang on such a one): a quality issue of
    /// every row that is computed without them.
    pub fn gaps(&self) -> impl Iterator<Item = (DatasetName, Date)> + '_ {
        self.units.iter().flat_map(|(dataset, units)| {
            units.iter().filter_map(|unit| match unit.content {
                Content::Skipped(SkipReason::Gap) => Some((*dataset, unit.date)),
                Content::Skipped(_) | Content::Rows(_) | Content::Payloads(_) => None,
            })
        })
    }

    fn upstreams(&self, dataset: DatasetName) -> Result<&[Upstream], InputsError> {
        let units = self.units.get(&dataset).ok_or(InputsError::Undeclared(dataset))?;
        Ok(units)
    }
}
