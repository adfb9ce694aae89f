//! WHEN IS A DATE READY. A unit is ready in a run exactly when every unit in its windows is finished in
//! that run, or is outside its plan and complete in the ledger.
//!
//! The gate of a processor in a run is the plain state machine below: no IO, no clock, no async. What it
//! is told comes in any order, any number of times; what it answers is the set of units that have become
//! ready. Each waiting unit watches one unfinished unit of its windows, the latest one, and is looked at
//! again only when that one finishes: the cost does not grow with the length of the window.

use std::collections::{BTreeMap, BTreeSet};

use super::date::Calendar;
use super::names::DatasetName;
use super::processor::Input;

/// The gate of one processor in one run.
#[derive(Debug, Clone)]
pub struct Gate {
    reads: &'static [Input],
    /// By input: the places of the run's tasks of that dataset that are not finished.
    pending: Vec<BTreeSet<usize>>,
    /// By input: who watches which place.
    watchers: Vec<BTreeMap<usize, Vec<usize>>>,
}

/// What a waiting unit waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blocker {
    /// Which of the processor's reads.
    pub input: usize,
    /// The place in the calendar of the latest unfinished unit in that input's window.
    pub at: usize,
}

impl Gate {
    /// The gate of a processor that `reads` this, in a run whose unfinished tasks of each of these inputs
    /// are `pending` (in the order of `reads`), and whose tasks of the processor itself that are not yet
    /// known to be ready are `waiting`. Answers with the gate and those among `waiting` that are ready.
    pub fn open(
        calendar: &Calendar,
        reads: &'static [Input],
        pending: Vec<BTreeSet<usize>>,
        waiting: impl IntoIterator<Item = usize>,
    ) -> (Self, Vec<usize>) {
        assert_eq!(reads.len(), pending.len(), "one set of unfinished tasks for each input");
        let watchers = vec![BTreeMap::new(); reads.len()];
        let mut gate = Self { reads, pending, watchers };
        let ready = waiting.into_iter().filter(|at| !gate.watch(calendar, *at)).collect();
        (gate, ready)
    }

    /// A unit of an input is finished. Answers with the units that are ready now and were not before;
    /// a repeated arrival answers with none.
    pub fn finished(&mut self, calendar: &Calendar, dataset: DatasetName, at: usize) -> Vec<usize> {
        let Some(input) = self.reads.iter().position(|input| input.dataset == dataset) else {
            return Vec::new();
        };
        if !self.pending[input].remove(&at) {
            return Vec::new();
        }
        let watching = self.watchers[input].remove(&at).unwrap_or_default();
        watching.into_iter().filter(|unit| !self.watch(calendar, *unit)).collect()
    }

    /// What the unit at `at` waits for; `None` when it is ready.
    #[must_use]
    pub fn blocker(&self, calendar: &Calendar, at: usize) -> Option<Blocker> {
        self.reads.iter().enumerate().find_map(|(input, read)| {
            let window = read.window.inputs(calendar, at);
            let latest = self.pending[input].range(window).next_back()?;
            Some(Blocker { input, at: *latest })
        })
    }

    /// Lets the unit watch its blocker; `false` when it has none.
    fn watch(&mut self, calendar: &Calendar, at: usize) -> bool {
        match self.blocker(calendar, at) {
            Some(blocker) => {
                self.watchers[blocker.input].entry(blocker.at).or_default().push(at);
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::date::{Date, Season};
    use super::super::processor::Presence;
    use super::super::window::Window;
    use super::*;

    const A: DatasetName = DatasetName::of("t.a");
    const B: DatasetName = DatasetName::of("t.b");
    const READS: &[Input] = &[
        Input { dataset: A, window: Window::SameDate, presence: Presence::Required },
        Input { dataset: B, window: Window::PreviousDates(3), presence: Presence::Required },
    ];

    fn calendar(len: i32) -> Calendar {
        Calendar::of((0..len).map(|day| (Date::from_days(day), Season::starting(2020)))).expect("calendar")
    }

    #[test]
    fn a_unit_waits_for_its_own_date_and_its_window() {
        let calendar = calendar(6);
        let pending = vec![BTreeSet::from([4, 5]), BTreeSet::from([0, 2, 3])];
        let (mut gate, ready) = Gate::open(&calendar, READS, pending, [0, 3, 4, 5]);
        assert_eq!(ready, [0]);
        assert_eq!(gate.finished(&calendar, B, 2), Vec::<usize>::new());
        assert_eq!(gate.finished(&calendar, B, 0), [3]);
        assert_eq!(gate.finished(&calendar, A, 4), Vec::<usize>::new());
        assert_eq!(gate.finished(&calendar, B, 3), [4]);
        assert_eq!(gate.finished(&calendar, A, 5), [5]);
        assert_eq!(gate.finished(&calendar, A, 5), Vec::<usize>::new());
    }

    proptest! {
        /// Whatever the order and repetition of arrivals: each unit becomes ready once, at the very
        /// arrival that completes its windows, as the plain definition says.
        #[test]
        fn ready_exactly_when_the_windows_are_finished(
            pending_a in prop::collection::btree_set(0usize..12, 0..12),
            pending_b in prop::collection::btree_set(0usize..12, 0..12),
            arrivals in prop::collection::vec((any::<bool>(), 0usize..12), 0..80),
        ) {
            let calendar = calendar(12);
            let (mut left_a, mut left_b) = (pending_a.clone(), pending_b.clone());
            let is_ready = |a: &BTreeSet<usize>, b: &BTreeSet<usize>, at: usize| {
                !a.contains(&at) && b.range(at.saturating_sub(3)..at).next().is_none()
            };
            let (mut gate, first) = Gate::open(&calendar, READS, vec![pending_a, pending_b], 0..12);
            let mut ready: BTreeSet<usize> = first.into_iter().collect();
            prop_assert!((0..12).all(|at| ready.contains(&at) == is_ready(&left_a, &left_b, at)));
            for (of_a, at) in arrivals {
                let (left, dataset) = if of_a { (&mut left_a, A) } else { (&mut left_b, B) };
                left.remove(&at);
                for unit in gate.finished(&calendar, dataset, at) {
                    prop_assert!(ready.insert(unit), "{unit} became ready twice");
                }
                for unit in 0..12 {
                    prop_assert_eq!(ready.contains(&unit), is_ready(&left_a, &left_b, unit));
                    prop_assert_eq!(gate.blocker(&calendar, unit).is_none(), ready.contains(&unit));
                }
            }
        }
    }
}
