//! From a unit to its new content: gather exactly the units in its windows, then compute. Writes nothing,
//! publishes nothing. The fleet's attempts and the plain sequential loop both go through here.

use std::collections::BTreeMap;
use std::sync::Arc;

use tracing::Instrument;

use super::clock::thread_time;
use super::cpu::compute_on;
use super::engine::Engine;
use super::ports::{Found, LakeError};
use super::traces::step;
use crate::flow::{
    Catalog, Computed, Content, DatasetName, Date, Document, Documents, Failure, Frame, Input, Inputs, Lane,
    Outcome, Payload, Permanent, Presence, Processor, Revision, SkipReason, Step, Transient, Unit,
    UnitRecord, Upstream, Window,
};

/// The new content of a unit.
pub(super) enum Made {
    /// Rows or nothing, as the processor decided.
    Computed(Computed),
    /// Documents for readers outside.
    Documents(Vec<Document>),
    /// Payloads that the source has for the date.
    Landed {
        /// The hash of the payloads.
        revision: Revision,
        /// Their length in bytes.
        bytes: u64,
        /// How many there are.
        payloads: u64,
    },
}

/// Why there is no new content.
pub(super) enum Trouble {
    /// The computation or a port failed.
    Failure(Failure),
    /// An input unit is not there as the ledger recorded it; it must be made again first.
    InputLost(Unit, String),
    /// A document is to become that of another unit, which cannot be made: something that it reads is lost.
    HeirLost {
        /// The unit.
        heir: Unit,
        /// What it reads.
        input: Unit,
        /// What is wrong with that.
        reason: String,
    },
}

impl Trouble {
    /// For whoever is at no attempt, and can have nothing made again.
    pub(super) fn into_failure(self) -> Failure {
        let message = match self {
            Self::Failure(failure) => return failure,
            Self::InputLost(unit, reason) => format!("{unit}: {reason}"),
            Self::HeirLost { heir, input, reason } => {
                format!("a document is to become that of {heir} again, which reads {input}: {reason}")
            }
        };
        Permanent::new("input_lost", format!("{message}; a run makes it again, then ask once more")).into()
    }
}

impl<F: Into<Failure>> From<F> for Trouble {
    fn from(failure: F) -> Self {
        Self::Failure(failure.into())
    }
}

/// What is known at one moment of the units in a unit's windows: by input, as declared, each unit's place
/// and its record. The fingerprint and the content must be made from the same.
pub(super) type Known = Vec<Vec<(usize, Option<Arc<UnitRecord>>)>>;

/// Looks up what is known for the unit at `at`.
pub(super) fn known(engine: &Engine, catalog: &Catalog, processor: &Processor, at: usize) -> Known {
    let of_input = |input: &Input| {
        let upstream = engine.cascade.processor(input.dataset);
        let exists = |place: &usize| upstream.is_some_and(|upstream| catalog.exists(upstream, *place));
        let window = input.window.inputs(catalog.calendar(), at).filter(exists);
        window.map(|place| (place, catalog.get(input.dataset, place).cloned())).collect()
    };
    processor.reads.iter().map(of_input).collect()
}

/// Makes the content of the unit at `at` from what is known.
pub(super) async fn make(
    engine: &Engine,
    processor: &Processor,
    at: usize,
    lane: Lane,
    known: &Known,
) -> Result<Made, Trouble> {
    match processor.step {
        Step::Land { source, presence } => {
            let date = engine.calendar.date(at);
            land(engine, source, presence, date).instrument(step("read")).await.map_err(Trouble::Failure)
        }
        Step::Publish { publish } => {
            if let Some(reason) = skipped_input(engine, processor, known)? {
                return Ok(Made::Computed(Computed::Skipped(reason)));
            }
            let units = gather(engine, processor, lane, known).instrument(step("read")).await?;
            let calendar = Arc::clone(&engine.calendar);
            let job = move || publish(&Inputs::new(&calendar, at, units));
            Ok(match compute_timed(engine, processor, lane, job).await?? {
                Documents::Made(documents) => Made::Documents(documents),
                Documents::Skipped(reason) => Made::Computed(Computed::Skipped(reason)),
            })
        }
        Step::Compute { compute, .. } => {
            if let Some(reason) = skipped_input(engine, processor, known)? {
                return Ok(Made::Computed(Computed::Skipped(reason)));
            }
            let units = gather(engine, processor, lane, known).instrument(step("read")).await?;
            let calendar = Arc::clone(&engine.calendar);
            let date = calendar.date(at);
            let job = move || compute(&Inputs::new(&calendar, at, units));
            let computed = compute_timed(engine, processor, lane, job).await??;
            if let Computed::Rows(output) = &computed {
                check_rows(output.frame().rows() as u64, output.expected())?;
                check_dates(output.frame(), date)?;
            }
            Ok(Made::Computed(computed))
        }
    }
}

/// Runs a processor's function and counts what it took.
async fn compute_timed<T: Send + 'static>(
    engine: &Engine,
    processor: &Processor,
    lane: Lane,
    job: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Permanent> {
    let timed = move || {
        let before = thread_time();
        let made = job();
        (made, thread_time().saturating_sub(before))
    };
    let (made, took) = compute_on(&*engine.ports.cpu, lane, timed).instrument(step("compute")).await?;
    engine.progress.computed(processor.writes, took);
    Ok(made)
}

fn check_rows(written: u64, expected: u64) -> Result<(), Permanent> {
    if written < expected {
        return Err(Permanent::new(
            "rows_missing",
            format!("{written} rows were made where at least {expected} are demanded"),
        ));
    }
    Ok(())
}

/// That the unit's date is what the rows say, where they have a column for it (`Schema::date_column`).
fn check_dates(frame: &Frame, unit: Date) -> Result<(), Permanent> {
    let (Some(column), Some((row, date))) = (frame.schema().date_column(), frame.of_another_date(unit))
    else {
        return Ok(());
    };
    let name = frame.schema().fields[column].name;
    Err(Permanent::new(
        "other_date",
        format!(
            "row {row} has {date} in `{name}`, in a unit of {unit}: the first date column that is never null holds \
             the unit's date; put another one behind a column for it, or let it be nullable"
        ),
    ))
}

async fn land(engine: &Engine, source: &str, presence: Presence, date: Date) -> Result<Made, Failure> {
    let skipped = |reason| Ok(Made::Computed(Computed::Skipped(reason)));
    match (engine.ports.source.payloads(source, date).await?, presence) {
        (Found::There(payloads), _) => Ok(Made::Landed {
            revision: revision_of(&payloads),
            bytes: payloads.iter().map(|payload| payload.bytes.len() as u64).sum(),
            payloads: payloads.len() as u64,
        }),
        (Found::NotYet, _) => skipped(SkipReason::NotYet),
        (Found::Nothing, Presence::Optional) => skipped(SkipReason::NotInSource),
        (Found::Nothing, Presence::Required) => Err(Permanent::new(
            "payload_missing",
            format!("the schedule has games on {date}, but source `{source}` has no payload for it"),
        )
        .into()),
    }
}

fn revision_of(payloads: &[Payload]) -> Revision {
    Revision::of_parts(payloads.iter().map(|payload| &*payload.bytes))
}

/// The reason for which the unit is skipped because a required input of the same date is.
fn skipped_input(
    engine: &Engine,
    processor: &Processor,
    known: &Known,
) -> Result<Option<SkipReason>, Trouble> {
    for (input, units) in processor.reads.iter().zip(known) {
        if input.window != Window::SameDate || input.presence == Presence::Optional {
            continue;
        }
        for (at, record) in units {
            let record = record.as_ref().ok_or_else(|| lost(engine, input.dataset, *at))?;
            if let Outcome::Skipped(reason) = record.outcome {
                return Ok(Some(reason));
            }
        }
    }
    Ok(None)
}

fn lost(engine: &Engine, dataset: DatasetName, at: usize) -> Trouble {
    let unit = engine.unit(dataset, at);
    Trouble::InputLost(unit, format!("{unit} is not complete"))
}

/// The content of all units in the windows.
async fn gather(
    engine: &Engine,
    processor: &Processor,
    lane: Lane,
    known: &Known,
) -> Result<BTreeMap<DatasetName, Vec<Upstream>>, Trouble> {
    let mut units = BTreeMap::new();
    for (input, window) in processor.reads.iter().zip(known) {
        // Before anything is read: what is not complete at all.
        if let Some((at, _)) = window.iter().find(|(_, record)| record.is_none()) {
            return Err(lost(engine, input.dataset, *at));
        }
        let mut upstreams = Vec::with_capacity(window.len());
        for record in window.iter().filter_map(|(_, record)| record.as_ref()) {
            upstreams
                .push(Upstream { date: record.unit.date, content: content(engine, lane, record).await? });
        }
        units.insert(input.dataset, upstreams);
    }
    Ok(units)
}

async fn content(engine: &Engine, lane: Lane, record: &UnitRecord) -> Result<Content, Trouble> {
    if let Outcome::Skipped(reason) = record.outcome {
        return Ok(Content::Skipped(reason));
    }
    let unit = record.unit;
    let (Some(stored), Some(processor)) = (&record.stored, engine.cascade.processor(unit.dataset)) else {
        return Err(Trouble::InputLost(unit, format!("{unit} has no stored content")));
    };
    match processor.step {
        Step::Land { source, .. } => {
            let payloads = engine.ports.source.payloads(source, unit.date).await?.there().unwrap_or_default();
            if revision_of(&payloads) == stored.revision {
                return Ok(Content::Payloads(payloads.into()));
            }
            Err(Trouble::InputLost(unit, format!("{unit}: the landed payload has changed since")))
        }
        Step::Publish { .. } => {
            let message = format!("{unit}: published documents are nobody's input");
            Err(Trouble::Failure(Permanent::new("declaration_broken", message).into()))
        }
        Step::Compute { schema, decode, .. } => {
            let place = engine.cache.place(unit, stored.revision);
            let rows = place
                .get_or_try_init(|| async {
                    let frame = engine.ports.lake.read(unit, schema, stored).await?;
                    let damaged = |error: crate::flow::FrameError| LakeError::Damaged {
                        unit,
                        place: "the lake".to_owned(),
                        reason: error.to_string(),
                    };
                    let bytes = frame.memory();
                    let rows = compute_on(&*engine.ports.cpu, lane, move || decode(&frame))
                        .await
                        .map_err(|panic| Trouble::Failure(panic.into()))?
                        .map_err(|error| Trouble::from_lake(damaged(error)))?;
                    engine.cache.weigh(unit, stored.revision, bytes);
                    Ok::<_, Trouble>(rows)
                })
                .await?;
            Ok(Content::Rows(Arc::clone(rows)))
        }
    }
}

impl Trouble {
    fn from_lake(error: LakeError) -> Self {
        match error {
            LakeError::Missing { unit, .. } | LakeError::Damaged { unit, .. } => {
                Self::InputLost(unit, error.to_string())
            }
            LakeError::Storage { .. } | LakeError::Listing { .. } => Self::Failure(Failure::from(error)),
        }
    }
}

impl From<LakeError> for Failure {
    fn from(error: LakeError) -> Self {
        let code = match error {
            LakeError::Missing { .. } => "lake_missing",
            LakeError::Damaged { .. } => "lake_damaged",
            LakeError::Storage { .. } | LakeError::Listing { .. } => "lake_storage",
        };
        Self::Transient(Transient { code, message: error.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::Row;

    crate::rows! {
        /// A row that could be filed under two dates.
        struct Born key(name) {
            /// Who.
            name: i64,
            /// Nullable, so it is no unit's date.
            born_on: Option<Date>,
            /// The unit's.
            seen_on: Date,
        }
    }

    #[test]
    fn rows_of_another_date_than_the_units_are_refused() {
        let unit = Date::parse("2024-01-26").expect("a date");
        let frame = |seen_on| Born::to_frame(&[Born { name: 1, born_on: Some(Date::from_days(0)), seen_on }]);
        check_dates(&frame(unit), unit).expect("the unit's date");
        let refused = check_dates(&frame(Date::parse("2024-01-25").expect("a date")), unit)
            .expect_err("the day before");
        assert_eq!(refused.code, "other_date");
        assert!(refused.message.starts_with("row 0 has 2024-01-25 in `seen_on`, in a unit of 2024-01-26"));
    }
}
