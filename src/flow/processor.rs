//! What a declaration consists of: a pipeline is a list of processors, a processor is a value that says
//! what it reads (with windows), what it writes and how it computes. Everything else is derived.

use std::any::Any;
use std::marker::PhantomData;
use std::sync::Arc;

use super::cadence::Cadence;
use super::date::{Calendar, Date, Season};
use super::frame::{Frame, FrameError, Schema};
use super::inputs::{Inputs, Payload};
use super::names::{DatasetName, PipelineName};
use super::outcome::{Computed, Documents, Permanent};
use super::row::Row;
use super::window::Window;

/// A dataset with the type of its rows.
pub struct Dataset<R> {
    name: DatasetName,
    rows: PhantomData<fn() -> R>,
}

impl<R> Clone for Dataset<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Dataset<R> {}

impl<R> Dataset<R> {
    /// The dataset of this name.
    #[must_use]
    pub const fn of(name: &'static str) -> Self {
        Self { name: DatasetName::of(name), rows: PhantomData }
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> DatasetName {
        self.name
    }

    /// Read through a window.
    #[must_use]
    pub const fn read(self, window: Window) -> Input {
        Input { dataset: self.name, window, presence: Presence::Required }
    }

    /// Read on the same date.
    #[must_use]
    pub const fn same_date(self) -> Input {
        self.read(Window::SameDate)
    }
}

/// One dataset that a processor reads, with the window. A processor reads a dataset only once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Input {
    /// The dataset.
    pub dataset: DatasetName,
    /// Which of its units.
    pub window: Window,
    /// What follows when the unit of the same date was skipped. `Required`: the unit that reads it is
    /// skipped too, for the same reason, and nothing is computed. `Optional`: it is computed without it.
    /// Skipped units on other dates of a window never matter.
    pub presence: Presence,
}

impl Input {
    /// A dataset read on the same date: for landed datasets, which have payloads and no row type.
    #[must_use]
    pub const fn same_date(dataset: DatasetName) -> Self {
        Self { dataset, window: Window::SameDate, presence: Presence::Required }
    }

    /// The same input, declared optional.
    #[must_use]
    pub const fn optional(self) -> Self {
        Self { presence: Presence::Optional, ..self }
    }
}

/// Whether there may be nothing: no payload in a source, no content in an input's unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It must be there; a missing payload is a dead letter.
    Required,
    /// It may be missing; a landed unit is then skipped with that reason, which satisfies the gates.
    Optional,
}

/// How a processor turns its inputs into rows.
pub type Compute = fn(&Inputs<'_>) -> Result<Computed, Permanent>;

/// How a processor turns its inputs into documents.
pub type Publish = fn(&Inputs<'_>) -> Result<Documents, Permanent>;

/// Turns stored columns back into typed rows (`Vec<R>`).
pub type Decode = fn(&Frame) -> Result<Arc<dyn Any + Send + Sync>, FrameError>;

/// What a processor does for a unit.
#[derive(Clone, Copy)]
pub enum Step {
    /// Takes the date's payload from the source of this name into the landing zone.
    Land {
        /// The source's name: `player_game_logs`.
        source: &'static str,
        /// Whether the payload may be missing.
        presence: Presence,
    },
    /// Computes rows.
    Compute {
        /// The columns.
        schema: Schema,
        /// The computation.
        compute: Compute,
        /// Stored columns to typed rows.
        decode: Decode,
    },
    /// Makes documents for readers outside, which go to the object store. No processor reads them.
    Publish {
        /// The documents of a unit.
        publish: Publish,
    },
}

/// What the slowest task of a processor takes that says nothing of it, in seconds.
const SLOWEST_SECONDS: u32 = 120;

/// More than any processor may declare: orders are held by a client that works on them for four times as long.
pub const SLOWEST_SECONDS_MAX: u32 = 6 * 60 * 60;

/// A declared step: reads datasets, writes one, publishes one topic. A value, made in a `const`.
#[derive(Clone, Copy)]
pub struct Processor {
    /// The dataset that it alone writes; its own name too.
    pub writes: DatasetName,
    /// One line for people: what a row is.
    pub summary: &'static str,
    /// Raised by whoever changes what it computes; part of the fingerprint.
    pub code: u32,
    /// On which dates it has units.
    pub cadence: Cadence,
    /// What its slowest task takes once it is its turn, in seconds. A worker is given so long to stop, and whoever
    /// is at it ten times as long is taken for hanging.
    pub slowest_seconds: u32,
    /// What it reads.
    pub reads: &'static [Input],
    /// What it does.
    pub step: Step,
}

impl Processor {
    /// A processor that computes rows of type `R`.
    #[must_use]
    pub const fn compute<R: Row>(
        writes: Dataset<R>,
        summary: &'static str,
        code: u32,
        reads: &'static [Input],
        compute: Compute,
    ) -> Self {
        const { assert!(!R::SCHEMA.fields.is_empty(), "a dataset has columns") };
        Self {
            writes: writes.name(),
            summary,
            code,
            cadence: Cadence::EveryDate,
            slowest_seconds: SLOWEST_SECONDS,
            reads,
            step: Step::Compute {
                schema: R::SCHEMA,
                compute,
                decode: |frame| Ok(Arc::new(R::from_frame(frame)?)),
            },
        }
    }

    /// The dataset's name and columns; `None` for payloads and documents, which have none.
    #[must_use]
    pub fn table(&self) -> Option<(DatasetName, Schema)> {
        match self.step {
            Step::Compute { schema, .. } => Some((self.writes, schema)),
            Step::Land { .. } | Step::Publish { .. } => None,
        }
    }

    /// A processor that lands a source's payload of each date.
    #[must_use]
    pub const fn land(
        writes: DatasetName,
        summary: &'static str,
        source: &'static str,
        presence: Presence,
    ) -> Self {
        let step = Step::Land { source, presence };
        let (cadence, slowest_seconds) = (Cadence::EveryDate, SLOWEST_SECONDS);
        Self { writes, summary, code: 1, cadence, slowest_seconds, reads: &[], step }
    }

    /// A processor that publishes documents.
    #[must_use]
    pub const fn publish(
        writes: DatasetName,
        summary: &'static str,
        code: u32,
        reads: &'static [Input],
        publish: Publish,
    ) -> Self {
        let (cadence, slowest_seconds) = (Cadence::EveryDate, SLOWEST_SECONDS);
        Self { writes, summary, code, cadence, slowest_seconds, reads, step: Step::Publish { publish } }
    }

    /// The same processor, whose slowest task takes up to so many seconds.
    #[must_use]
    pub const fn taking_up_to(self, seconds: u32) -> Self {
        assert!(seconds > 0 && seconds <= SLOWEST_SECONDS_MAX, "a task takes up to six hours");
        Self { slowest_seconds: seconds, ..self }
    }

    /// The same processor with one unit a month, on the month's first date.
    #[must_use]
    pub const fn monthly(self) -> Self {
        Self { cadence: Cadence::MonthOpening, ..self }
    }
}

/// Processors that belong together, and the calendar that they share.
#[derive(Clone, Copy)]
pub struct Pipeline {
    /// Its name.
    pub name: PipelineName,
    /// All processors, in alphabetical order of what they write.
    pub processors: &'static [Processor],
    /// The source whose payloads say which dates exist.
    pub calendar_source: &'static str,
    /// Reads the calendar from all payloads of `calendar_source`.
    pub calendar: fn(&[Payload]) -> Result<Calendar, Permanent>,
}

impl Pipeline {
    /// The calendar of a source whose payloads are named after their dates, where each civil year is a
    /// season: for pipelines that have no seasons of their own.
    pub fn dates_by_name(payloads: &[Payload]) -> Result<Calendar, Permanent> {
        let broken = |reason: String| Permanent::new("calendar_malformed", reason);
        let date = |payload: &Payload| Date::parse(&payload.name).map_err(|error| broken(error.to_string()));
        let dates: Vec<Date> = payloads.iter().map(date).collect::<Result<_, _>>()?;
        Calendar::of(dates.into_iter().map(|date| (date, Season::starting(date.year()))))
            .map_err(|error| broken(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_by_name_are_in_order_and_a_year_is_a_season() {
        let named = |names: &[&str]| {
            let payloads: Vec<Payload> = names.iter().map(|name| Payload::of(*name, "")).collect();
            Pipeline::dates_by_name(&payloads)
        };
        let calendar = named(&["2026-01-01", "2025-12-31", "2026-01-01"]).expect("a calendar");
        let seasons: Vec<i32> = (0..calendar.len()).map(|at| calendar.season(at).start_year()).collect();
        assert_eq!(seasons, [2025, 2026]);
        assert_eq!(named(&["2026-1-1"]).map_err(|error| error.code), Err("calendar_malformed"));
    }
}
