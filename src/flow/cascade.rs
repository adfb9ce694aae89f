//! The cascade: the graph that follows from who reads what. Refuses declarations that make no cascade.
//! Order, depth, readers and reach are derived here and nowhere else.

use std::collections::BTreeMap;
use std::ops::Range;

use super::cadence::Cadence;
use super::date::Calendar;
use super::names::{DatasetName, PipelineName};
use super::processor::{Input, Pipeline, Processor, Step};
use super::window::Window;

/// The processors of a pipeline, in an order in which each stands behind all that it reads.
#[derive(Clone)]
pub struct Cascade {
    pipeline: PipelineName,
    processors: Vec<Processor>,
    index: BTreeMap<DatasetName, usize>,
    readers: Vec<Vec<(usize, Window)>>,
}

/// Why declarations make no cascade.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CascadeError {
    /// Two processors write one dataset.
    #[error("{0} is written by two processors")]
    TwoOwners(DatasetName),
    /// A dataset is read that nobody writes.
    #[error("{reader} reads {dataset}, which no processor writes")]
    NoOwner {
        /// The processor.
        reader: DatasetName,
        /// What it reads.
        dataset: DatasetName,
    },
    /// A processor reads a dataset twice.
    #[error("{reader} reads {dataset} twice; declare one window that holds both")]
    ReadTwice {
        /// The processor.
        reader: DatasetName,
        /// What it reads.
        dataset: DatasetName,
    },
    /// Documents are read, which are for readers outside.
    #[error("{reader} reads {dataset}, which are published documents; read what they are made from")]
    Published {
        /// The processor.
        reader: DatasetName,
        /// What it reads.
        dataset: DatasetName,
    },
    /// Processors wait for each other.
    #[error("these processors wait for each other: {0:?}")]
    Cycle(Vec<DatasetName>),
    /// A dataset of another pipeline.
    #[error("{0} does not belong to pipeline {1}")]
    Foreign(DatasetName, PipelineName),
}

impl Cascade {
    /// Derives the cascade of a pipeline's declarations.
    pub fn of(pipeline: &Pipeline) -> Result<Self, CascadeError> {
        let mut declared = BTreeMap::new();
        for processor in pipeline.processors {
            let name = processor.writes;
            if name.pipeline() != pipeline.name.as_str() {
                return Err(CascadeError::Foreign(name, pipeline.name));
            }
            if declared.insert(name, *processor).is_some() {
                return Err(CascadeError::TwoOwners(name));
            }
        }
        for processor in declared.values() {
            check_reads(processor, &declared)?;
        }
        let processors = in_order(declared)?;
        let index: BTreeMap<_, _> =
            processors.iter().enumerate().map(|(at, processor)| (processor.writes, at)).collect();
        let mut readers = vec![Vec::new(); processors.len()];
        for (at, processor) in processors.iter().enumerate() {
            for input in processor.reads {
                readers[index[&input.dataset]].push((at, input.window));
            }
        }
        Ok(Self { pipeline: pipeline.name, processors, index, readers })
    }

    /// The pipeline's name.
    #[must_use]
    pub fn pipeline(&self) -> PipelineName {
        self.pipeline
    }

    /// All processors, each behind all that it reads.
    #[must_use]
    pub fn processors(&self) -> &[Processor] {
        &self.processors
    }

    /// The names of all datasets, in the same order.
    pub fn datasets(&self) -> impl Iterator<Item = DatasetName> + '_ {
        self.processors.iter().map(|processor| processor.writes)
    }

    /// The processor that writes a dataset.
    #[must_use]
    pub fn processor(&self, dataset: DatasetName) -> Option<&Processor> {
        self.position(dataset).map(|at| &self.processors[at])
    }

    /// A declared dataset by its full name, or by the table's part alone.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<DatasetName> {
        self.datasets().find(|dataset| dataset.as_str() == name || dataset.table() == name)
    }

    /// Where a dataset's processor stands in the order.
    #[must_use]
    pub fn position(&self, dataset: DatasetName) -> Option<usize> {
        self.index.get(&dataset).copied()
    }

    /// Who reads a dataset, and through which window.
    pub fn readers(&self, dataset: DatasetName) -> impl Iterator<Item = (&Processor, Window)> + '_ {
        let readers = self.position(dataset).map_or(&[][..], |at| &self.readers[at]);
        readers.iter().map(|(at, window)| (&self.processors[*at], *window))
    }

    /// What is made together with a dataset that is made rarely, itself included: those that are made as rarely and
    /// hang together with it by reads of the same date. Whoever asks for a model on a date gets the checks before
    /// and behind it too. Nothing but itself of a dataset with a unit on every date.
    #[must_use]
    pub fn companions(&self, dataset: DatasetName) -> Vec<DatasetName> {
        let is_rare = |at: usize| self.processors[at].cadence != Cadence::EveryDate;
        let mut together: Vec<usize> = self.position(dataset).into_iter().collect();
        let mut next = 0;
        while let Some(at) = together.get(next).copied().filter(|at| is_rare(*at)) {
            let same_date = |window: &Window| *window == Window::SameDate;
            let read = self.processors[at].reads.iter().filter(|input| same_date(&input.window));
            let read = read.map(|input| self.index[&input.dataset]);
            let readers = self.readers[at].iter().filter(|(_, window)| same_date(window)).map(|(at, _)| *at);
            for other in read.chain(readers).filter(|other| is_rare(*other)) {
                if !together.contains(&other) {
                    together.push(other);
                }
            }
            next += 1;
        }
        together.sort_unstable();
        together.into_iter().map(|at| self.processors[at].writes).collect()
    }

    /// Everything that depends on a unit, directly or not, itself excluded: by dataset, ranges of the
    /// calendar's indexes. Exact: each date in it has the unit in its windows or in theirs. A unit that does
    /// not exist as `exists` says is in it too (it may be a task on demand), but hands nothing on.
    #[must_use]
    pub fn reach(
        &self,
        calendar: &Calendar,
        exists: impl Fn(&Processor, usize) -> bool,
        dataset: DatasetName,
        at: usize,
    ) -> Vec<(DatasetName, Range<usize>)> {
        let Some(start) = self.position(dataset) else {
            return Vec::new();
        };
        let mut reached = vec![vec![false; calendar.len()]; self.processors.len()];
        let mut handing_on = reached.clone();
        reached[start][at] = true;
        handing_on[start][at] = true;
        for (reader, processor) in self.processors.iter().enumerate().skip(start + 1) {
            for date in 0..calendar.len() {
                let hit = processor.reads.iter().any(|input| {
                    let source = &handing_on[self.index[&input.dataset]];
                    let window = input.window.inputs(calendar, date);
                    source[window].iter().any(|hit| *hit)
                });
                reached[reader][date] = hit;
                handing_on[reader][date] = hit && exists(processor, date);
            }
        }
        reached[start][at] = false;
        let mut ranges = Vec::new();
        for (processor, dates) in self.processors.iter().zip(&reached) {
            let mut from = None;
            for (date, hit) in dates.iter().copied().chain([false]).enumerate() {
                match (from, hit) {
                    (None, true) => from = Some(date),
                    (Some(first), false) => {
                        ranges.push((processor.writes, first..date));
                        from = None;
                    }
                    (None, false) | (Some(_), true) => {}
                }
            }
        }
        ranges
    }
}

fn check_reads(
    processor: &Processor,
    declared: &BTreeMap<DatasetName, Processor>,
) -> Result<(), CascadeError> {
    let reader = processor.writes;
    for (at, Input { dataset, .. }) in processor.reads.iter().enumerate() {
        match declared.get(dataset).map(|owner| owner.step) {
            None => return Err(CascadeError::NoOwner { reader, dataset: *dataset }),
            Some(Step::Publish { .. }) => {
                return Err(CascadeError::Published { reader, dataset: *dataset });
            }
            Some(Step::Land { .. } | Step::Compute { .. }) => {}
        }
        if processor.reads[..at].iter().any(|other| other.dataset == *dataset) {
            return Err(CascadeError::ReadTwice { reader, dataset: *dataset });
        }
    }
    Ok(())
}

fn in_order(mut left: BTreeMap<DatasetName, Processor>) -> Result<Vec<Processor>, CascadeError> {
    let mut order: Vec<Processor> = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let next = left
            .values()
            .find(|processor| processor.reads.iter().all(|input| !left.contains_key(&input.dataset)))
            .map(|processor| processor.writes);
        let Some(name) = next else {
            return Err(CascadeError::Cycle(left.into_keys().collect()));
        };
        order.extend(left.remove(&name));
    }
    Ok(order)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::super::date::{Date, Season};
    use super::super::frame::Schema;
    use super::super::outcome::{Computed, SkipReason};
    use super::super::processor::Presence;
    use super::*;

    const NAMES: [DatasetName; 5] = [
        DatasetName::of("t.a"),
        DatasetName::of("t.b"),
        DatasetName::of("t.c"),
        DatasetName::of("t.d"),
        DatasetName::of("t.e"),
    ];

    const WINDOWS: [Window; 8] = [
        Window::SameDate,
        Window::PreviousDates(2),
        Window::SeasonBefore,
        Window::SeasonBeforeCarrying { first_days: 2, carried_days: 3 },
        Window::Days { back: 2, ahead: 1 },
        Window::Days { back: 0, ahead: 2 },
        Window::AllBefore,
        Window::MonthToDate,
    ];

    fn processor(at: usize, reads: Vec<Input>) -> Processor {
        let step = Step::Compute {
            schema: Schema { fields: &[], key: &[] },
            compute: |_| Ok(Computed::Skipped(SkipReason::Bootstrap)),
            decode: |_| Ok(Arc::new(())),
        };
        Processor {
            writes: NAMES[at],
            summary: "",
            code: 1,
            cadence: if at == 3 { Cadence::MonthOpening } else { Cadence::EveryDate },
            slowest_seconds: 1,
            reads: Box::leak(reads.into_boxed_slice()),
            step,
        }
    }

    fn cascade(reads: &[(usize, usize, usize)]) -> Result<Cascade, CascadeError> {
        let mut processors: Vec<Processor> = Vec::new();
        for at in 0..NAMES.len() {
            let mut inputs: Vec<Input> = Vec::new();
            for (_, from, window) in reads.iter().filter(|(reader, _, _)| *reader == at) {
                let dataset = NAMES[*from];
                let window = WINDOWS[*window];
                if inputs.iter().all(|input| input.dataset != dataset) {
                    inputs.push(Input { dataset, window, presence: Presence::Required });
                }
            }
            processors.push(processor(at, inputs));
        }
        let name = PipelineName::of("t");
        let processors = Box::leak(processors.into_boxed_slice());
        Cascade::of(&Pipeline {
            name,
            processors,
            calendar_source: "",
            calendar: |_| Ok(Calendar::default()),
        })
    }

    #[test]
    fn processors_that_wait_for_each_other_are_refused() {
        assert!(
            matches!(cascade(&[(0, 1, 0), (1, 0, 0)]), Err(CascadeError::Cycle(names)) if names.len() == 2)
        );
        assert!(cascade(&[(1, 0, 0), (2, 1, 0)]).is_ok());
    }

    #[test]
    fn what_is_as_rare_and_read_on_the_same_date_is_made_together() {
        let same_date = |dataset| Input { dataset, window: Window::SameDate, presence: Presence::Optional };
        let before = |dataset| Input { window: Window::AllBefore, ..same_date(dataset) };
        let monthly = |at, reads| Processor { cadence: Cadence::MonthOpening, ..processor(at, reads) };
        // a (every date) -> b (its checks) -> c (the model) -> e (every date); d learns from b, another time.
        let processors = vec![
            Processor { cadence: Cadence::EveryDate, ..processor(0, vec![]) },
            monthly(1, vec![same_date(NAMES[0])]),
            monthly(2, vec![same_date(NAMES[1]), before(NAMES[0])]),
            monthly(3, vec![before(NAMES[1])]),
            processor(4, vec![same_date(NAMES[2])]),
        ];
        let processors = Box::leak(processors.into_boxed_slice());
        let name = PipelineName::of("t");
        let calendar = |_: &[_]| Ok(Calendar::default());
        let cascade =
            Cascade::of(&Pipeline { name, processors, calendar_source: "", calendar }).expect("one");
        let together: Vec<Vec<DatasetName>> = NAMES.map(|dataset| cascade.companions(dataset)).into();
        let [a, b, c, d, e] = NAMES;
        assert_eq!(together, [vec![a], vec![b, c], vec![b, c], vec![d], vec![e]]);
    }

    proptest! {
        /// The reach of a unit is what one finds by following, from every unit, each of its inputs.
        #[test]
        fn the_reach_is_the_transitive_closure(
            reads in prop::collection::vec((1usize..5, 0usize..4, 0usize..8), 1..9),
            gaps in prop::collection::vec((1i32..20, any::<bool>()), 1..9),
            of in 0usize..5,
            at in 0usize..9,
        ) {
            let reads: Vec<_> = reads.into_iter().filter(|(reader, from, _)| from < reader).collect();
            let cascade = cascade(&reads).expect("readers come after what they read");
            let (mut day, mut season) = (0, 2020);
            let dates = gaps.iter().map(|(gap, new_season)| {
                day += gap;
                season += i32::from(*new_season);
                (Date::from_days(day), Season::starting(season))
            });
            let calendar = Calendar::of(dates).expect("calendar");
            let at = at % calendar.len();
            let mut expected = BTreeSet::from([(NAMES[of], at)]);
            let mut before = 0;
            while expected.len() > before {
                before = expected.len();
                for processor in cascade.processors() {
                    for date in 0..calendar.len() {
                        let hit = processor.reads.iter().any(|input| {
                            let mut window = input.window.inputs(&calendar, date);
                            let source = cascade.processor(input.dataset).expect("declared");
                            let hands_on = |read| {
                                (input.dataset, read) == (NAMES[of], at) || source.cadence.falls_on(&calendar, read)
                            };
                            window.any(|read| expected.contains(&(input.dataset, read)) && hands_on(read))
                        });
                        if hit {
                            expected.insert((processor.writes, date));
                        }
                    }
                }
            }
            expected.remove(&(NAMES[of], at));
            let exists = |processor: &Processor, at| processor.cadence.falls_on(&calendar, at);
            let found: BTreeSet<(DatasetName, usize)> = cascade
                .reach(&calendar, exists, NAMES[of], at)
                .into_iter()
                .flat_map(|(dataset, range)| range.map(move |date| (dataset, date)))
                .collect();
            prop_assert_eq!(found, expected);
        }
    }
}
