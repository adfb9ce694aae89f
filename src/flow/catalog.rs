//! The catalog: what is known of all units of a pipeline, and the fingerprint that a unit would have now.
//! One Fenwick tree of range sums a dataset makes the hash of any window a matter of a few additions,
//! however long the window is.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::cascade::Cascade;
use super::date::Calendar;
use super::fingerprint::{Fingerprint, RangeSum};
use super::names::DatasetName;
use super::processor::{Processor, Step};
use super::record::UnitRecord;
use super::unit::{Outcome, Unit};

/// The known units of a pipeline, by dataset and place in the calendar.
#[derive(Clone)]
pub struct Catalog {
    calendar: Arc<Calendar>,
    datasets: BTreeMap<DatasetName, Units>,
}

#[derive(Clone)]
struct Units {
    /// What is made together with them (`Cascade::companions`).
    companions: Arc<[DatasetName]>,
    records: Vec<Option<Arc<UnitRecord>>>,
    sums: Vec<RangeSum>,
    counts: Vec<u32>,
}

impl Catalog {
    /// A catalog in which nothing is complete.
    #[must_use]
    pub fn empty(cascade: &Cascade, calendar: Arc<Calendar>) -> Self {
        let dates = calendar.len();
        let units = |dataset| Units {
            companions: cascade.companions(dataset).into(),
            records: vec![None; dates],
            sums: vec![RangeSum::default(); dates + 1],
            counts: vec![0; dates + 1],
        };
        let datasets = cascade.datasets().map(|dataset| (dataset, units(dataset))).collect();
        Self { calendar, datasets }
    }

    /// The pipeline's calendar.
    #[must_use]
    pub fn calendar(&self) -> &Arc<Calendar> {
        &self.calendar
    }

    /// Takes over what is known of a unit now; `None` where it is no longer complete. A unit of another
    /// pipeline, or of a date that the calendar no longer has, is passed over.
    pub fn put(&mut self, unit: Unit, record: Option<UnitRecord>) {
        let Some(at) = self.calendar.index_of(unit.date) else {
            return;
        };
        let Some(units) = self.datasets.get_mut(&unit.dataset) else {
            return;
        };
        let new = record.as_ref().map(sum_of);
        let old = units.records[at].as_deref().map(sum_of);
        units.records[at] = record.map(Arc::new);
        let mut node = at + 1;
        while node < units.sums.len() {
            let sum = &mut units.sums[node];
            if let Some(old) = old {
                *sum = sum.minus(old);
                units.counts[node] -= 1;
            }
            if let Some(new) = new {
                *sum = sum.plus(new);
                units.counts[node] += 1;
            }
            node += node & node.wrapping_neg();
        }
    }

    /// What is known of a unit; `None` while it is not complete.
    #[must_use]
    pub fn get(&self, dataset: DatasetName, at: usize) -> Option<&Arc<UnitRecord>> {
        self.datasets.get(&dataset)?.records.get(at)?.as_ref()
    }

    /// Whether the processor's unit at `at` must be complete before what reads it can be made: it falls on
    /// the processor's cadence, or it was asked for, which any of those that are made together with it shows.
    #[must_use]
    pub fn exists(&self, processor: &Processor, at: usize) -> bool {
        let companions = self.datasets.get(&processor.writes).map_or(&[][..], |units| &units.companions);
        processor.cadence.falls_on(&self.calendar, at)
            || companions.iter().any(|dataset| self.get(*dataset, at).is_some())
    }

    /// All complete units of a dataset, in order of date, with their places in the calendar.
    pub fn complete(&self, dataset: DatasetName) -> impl Iterator<Item = (usize, &Arc<UnitRecord>)> + '_ {
        let records = self.datasets.get(&dataset).map_or(&[][..], |units| &units.records);
        records.iter().enumerate().filter_map(|(at, record)| record.as_ref().map(|record| (at, record)))
    }

    /// How many units of a range are complete.
    #[must_use]
    pub fn count(&self, dataset: DatasetName, range: Range<usize>) -> usize {
        let Some(units) = self.datasets.get(&dataset) else {
            return 0;
        };
        let below = |end: usize| climb(end).map(|node| units.counts[node] as usize).sum::<usize>();
        below(range.end) - below(range.start.min(range.end))
    }

    /// The fingerprint that the processor's unit at `at` would have if it were made now. `stamp` is the
    /// source's stamp for a step that lands payloads.
    #[must_use]
    pub fn fingerprint(&self, processor: &Processor, at: usize, stamp: Option<&str>) -> Fingerprint {
        let mut parts: Vec<Vec<u8>> =
            vec![processor.writes.as_str().into(), processor.code.to_le_bytes().into()];
        match processor.step {
            Step::Land { source, .. } => {
                parts.push(source.into());
                parts.push(stamp.map_or_else(Vec::new, |stamp| [b"=", stamp.as_bytes()].concat()));
            }
            Step::Compute { .. } | Step::Publish { .. } => {
                for input in processor.reads {
                    let range = input.window.inputs(&self.calendar, at);
                    parts.push(input.dataset.as_str().into());
                    parts.push((self.count(input.dataset, range.clone()) as u64).to_le_bytes().into());
                    parts.push(self.sum(input.dataset, range).bytes().into());
                }
            }
        }
        Fingerprint::of_parts(parts.iter().map(Vec::as_slice))
    }

    fn sum(&self, dataset: DatasetName, range: Range<usize>) -> RangeSum {
        let Some(units) = self.datasets.get(&dataset) else {
            return RangeSum::default();
        };
        let below = |end: usize| climb(end).fold(RangeSum::default(), |sum, node| sum.plus(units.sums[node]));
        below(range.end).minus(below(range.start.min(range.end)))
    }
}

/// The nodes of a Fenwick tree that make up the prefix of this length.
fn climb(end: usize) -> impl Iterator<Item = usize> {
    let some = |node: usize| (node > 0).then_some(node);
    std::iter::successors(some(end), move |node| some(node & (node - 1)))
}

fn sum_of(record: &UnitRecord) -> RangeSum {
    let mut state = match record.outcome {
        Outcome::Done | Outcome::Unchanged => b"content".to_vec(),
        Outcome::Skipped(reason) => reason.code().as_bytes().to_vec(),
    };
    if let Some(stored) = &record.stored {
        state.extend_from_slice(stored.revision.bytes());
    }
    RangeSum::of_unit(record.unit.dataset, record.unit.date, &state)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::date::{Date, Season};
    use super::super::fingerprint::Revision;
    use super::super::names::PipelineName;
    use super::super::outcome::SkipReason;
    use super::super::processor::{Pipeline, Presence};
    use super::super::record::Stored;
    use super::super::unit::RunId;
    use super::*;

    const A: DatasetName = DatasetName::of("t.a");

    fn record(at: usize, content: Option<u8>) -> UnitRecord {
        let stored = content.map(|byte| {
            let revision = Revision::of_bytes(&[byte]);
            Stored { revision, digest: *revision.bytes(), bytes: 1 }
        });
        UnitRecord {
            unit: Unit { dataset: A, date: Date::from_days(i32::try_from(at).expect("small")) },
            outcome: stored.as_ref().map_or(Outcome::Skipped(SkipReason::Gap), |_| Outcome::Done),
            fingerprint: Fingerprint::of_parts([]),
            stored,
            rows_expected: 0,
            rows_written: 0,
            code: 1,
            run: RunId(1),
            attempt: 1,
            duration_ms: 0,
            finished_at: 0,
        }
    }

    proptest! {
        /// Whatever was put and forgotten, in whatever order: counts and sums of every range are those
        /// of the units that are there now.
        #[test]
        fn ranges_are_those_of_the_present_units(
            dates in 1usize..20,
            puts in prop::collection::vec((0usize..20, prop::option::of(prop::option::of(0u8..4))), 0..60),
        ) {
            let days = (0..dates).map(|at| (Date::from_days(at as i32), Season::starting(2020)));
            let calendar = Arc::new(Calendar::of(days).expect("calendar"));
            let processors = &*Box::leak(Box::new([Processor::land(A, "a", "a", Presence::Required)]));
            let name = PipelineName::of("t");
            let pipeline = Pipeline {
                name,
                processors,
                calendar_source: "c",
                calendar: |_| Ok(Calendar::default()),
            };
            let cascade = Cascade::of(&pipeline).expect("cascade");
            let mut catalog = Catalog::empty(&cascade, calendar);
            let mut present = BTreeMap::new();
            for (at, content) in puts {
                let unit = record(at, None).unit;
                catalog.put(unit, content.map(|content| record(at, content)));
                present.remove(&at);
                present.extend(content.filter(|_| at < dates).map(|content| (at, record(at, content))));
            }
            for start in 0..=dates {
                for end in start..=dates {
                    let within = || present.range(start..end).map(|(_, record)| sum_of(record));
                    prop_assert_eq!(catalog.count(A, start..end), within().count());
                    let sum = within().fold(RangeSum::default(), RangeSum::plus);
                    prop_assert_eq!(catalog.sum(A, start..end), sum);
                }
            }
        }
    }
}
