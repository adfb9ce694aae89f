//! The shadow: a second, plain bookkeeping of what the processes did, told of each effect as it happens,
//! that knows the invariants and fails the seed at the very step that breaks one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tidegate::fleet::{Burial, Commit, NewRun, TaskRecord, UnitRecord};
use tidegate::flow::{
    Calendar, Cascade, Completion, Fingerprint, Outcome, Revision, RunId, TaskState, Unit, WorkOrder,
};

#[derive(Default)]
pub(crate) struct Shadow {
    pub(crate) calendar: Arc<Calendar>,
    pub(crate) runs: BTreeMap<RunId, Run>,
    records: BTreeMap<Unit, UnitRecord>,
    /// Units whose records were forgotten and not made again: nobody can be blamed for starting before.
    forgotten: BTreeSet<Unit>,
    contents: BTreeMap<(Unit, Fingerprint), (Outcome, Option<Revision>)>,
    committed: BTreeSet<(RunId, Unit, u32)>,
    published: BTreeSet<(RunId, Unit, u32)>,
    /// Accepted gaps, by what they would have been made from.
    pub(crate) gaps: BTreeMap<Unit, Fingerprint>,
    pub(crate) notices_published: BTreeSet<i64>,
    pub(crate) notices_marked: BTreeSet<i64>,
}

#[derive(Default)]
pub(crate) struct Run {
    pub(crate) tasks: BTreeMap<Unit, Task>,
    /// Whether a unit was reopened in it.
    pub(crate) reopened: bool,
    pub(crate) died: BTreeSet<Unit>,
}

pub(crate) struct Task {
    state: State,
    /// The fence of the latest claim, while it may commit.
    fence: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Finished,
    Dead,
    Superseded,
}

impl Shadow {
    pub(crate) fn submitted(&mut self, id: RunId, run: &NewRun) {
        for (unit, _) in &run.tasks {
            for task in self.runs.values_mut().filter_map(|run| run.tasks.get_mut(unit)) {
                if task.state != State::Finished {
                    *task = Task { state: State::Superseded, fence: None };
                }
            }
        }
        for unit in &run.forget {
            self.records.remove(unit);
            self.gaps.remove(unit);
            self.forgotten.insert(*unit);
        }
        let open = |unit: &Unit| (*unit, Task { state: State::Open, fence: None });
        let tasks = run.tasks.iter().map(|(unit, _)| open(unit)).collect();
        self.runs.insert(id, Run { tasks, reopened: false, died: BTreeSet::new() });
    }

    /// No task is claimed before all units of its windows are finished in its run, or outside its plan
    /// and complete.
    pub(crate) fn claimed(&mut self, cascade: &Cascade, order: WorkOrder, fence: u32) {
        let (unit, calendar) = (order.unit, Arc::clone(&self.calendar));
        let run = self.runs.get_mut(&order.run).expect("a claim in a run that was submitted");
        let at = calendar.index_of(unit.date).expect("a date of the calendar");
        let reads = cascade.processor(unit.dataset).map_or(&[][..], |processor| processor.reads);
        for input in reads.iter().filter(|_| !run.reopened) {
            let source = cascade.processor(input.dataset).expect("a declared dataset");
            let places = input.window.inputs(&calendar, at);
            for place in places.filter(|place| source.cadence.falls_on(&calendar, *place)) {
                let read = Unit { dataset: input.dataset, date: calendar.date(place) };
                let state = run.tasks.get(&read).map(|task| task.state);
                let complete = self.records.contains_key(&read) || self.forgotten.contains(&read);
                match state {
                    Some(State::Finished) => {}
                    Some(State::Open | State::Dead) => {
                        panic!("{unit} of run {} is claimed before {read} is finished ({state:?})", order.run)
                    }
                    Some(State::Superseded) | None => {
                        assert!(complete, "{unit} of run {} is claimed before {read}", order.run);
                    }
                }
            }
        }
        let task = run.tasks.get_mut(&unit).expect("a claim of a task that was submitted");
        assert_eq!(task.state, State::Open, "{unit} of run {} is claimed although it has ended", order.run);
        task.fence = Some(fence);
    }

    /// A unit never has two contents for one fingerprint, whoever writes it.
    pub(crate) fn written(&mut self, unit: Unit, fingerprint: Fingerprint, revision: Revision) {
        self.content(unit, fingerprint, Outcome::Done, Some(revision));
    }

    fn content(
        &mut self,
        unit: Unit,
        fingerprint: Fingerprint,
        outcome: Outcome,
        revision: Option<Revision>,
    ) {
        let known = self.contents.entry((unit, fingerprint)).or_insert((outcome, revision));
        assert_eq!(*known, (outcome, revision), "{unit} has two contents for fingerprint {fingerprint:?}");
    }

    /// A stale attempt never wins; a task ends once.
    pub(crate) fn committed(&mut self, commit: &Commit, completion: &Completion) {
        let (unit, record) = (commit.record.unit, &commit.record);
        let run = self.runs.get_mut(&commit.run).expect("a commit in a run that was submitted");
        let task = run.tasks.get_mut(&unit).expect("a commit of a task that was submitted");
        assert_eq!(task.state, State::Open, "{unit} of run {} ends twice", commit.run);
        assert_eq!(task.fence, Some(commit.fence), "a stale attempt at {unit} of run {} won", commit.run);
        *task = Task { state: State::Finished, fence: None };
        self.committed.insert((commit.run, unit, completion.attempt));
        match commit.outcome {
            Outcome::Unchanged => {
                self.records.entry(unit).or_insert_with(|| record.clone());
            }
            Outcome::Done | Outcome::Skipped(_) => {
                self.records.insert(unit, record.clone());
                self.gaps.remove(&unit);
                let revision = record.stored.as_ref().map(|stored| stored.revision);
                self.content(unit, record.fingerprint, commit.outcome, revision);
            }
        }
        self.forgotten.remove(&unit);
    }

    pub(crate) fn buried(&mut self, burial: &Burial) {
        let run = self.runs.get_mut(&burial.run).expect("a burial in a run that was submitted");
        run.died.insert(burial.unit);
        let task = run.tasks.get_mut(&burial.unit).expect("a burial of a task that was submitted");
        assert_eq!(task.state, State::Open, "{} of run {} ends twice", burial.unit, burial.run);
        if let Some(fence) = burial.fence {
            assert_eq!(task.fence, Some(fence), "a stale attempt at {} buried it", burial.unit);
        }
        *task = Task { state: State::Dead, fence: None };
    }

    /// Something was found damaged: what is open is learnt anew from the ledger.
    pub(crate) fn reopened(
        &mut self,
        id: RunId,
        tasks: &[TaskRecord],
        records: Vec<(Unit, Option<UnitRecord>)>,
    ) {
        let run = self.runs.get_mut(&id).expect("a run that was submitted");
        run.reopened = true;
        for record in tasks {
            let state = match record.state {
                TaskState::Waiting | TaskState::Ready | TaskState::Claimed | TaskState::Held => State::Open,
                TaskState::Finished => State::Finished,
                TaskState::Dead => State::Dead,
                TaskState::Superseded => State::Superseded,
            };
            let fence = (record.state == TaskState::Claimed).then_some(record.claims);
            run.tasks.insert(record.unit, Task { state, fence });
        }
        let present: BTreeMap<Unit, UnitRecord> =
            records.into_iter().filter_map(|(unit, record)| Some((unit, record?))).collect();
        self.forgotten.extend(self.records.keys().filter(|unit| !present.contains_key(unit)));
        self.records = present;
        // What was withdrawn before it was published will be said by the unit's next attempt.
        let run = &self.runs[&id];
        self.committed.retain(|(of, unit, _)| {
            *of != id || run.tasks.get(unit).map(|t| t.state) == Some(State::Finished)
        });
    }

    pub(crate) fn released(&mut self) {
        for task in self.runs.values_mut().flat_map(|run| run.tasks.values_mut()) {
            task.fence = None;
        }
    }

    /// A completion is published only for what is committed.
    pub(crate) fn published(&mut self, completion: &Completion) {
        let key = (completion.run, completion.unit, completion.attempt);
        let known = self.committed.contains(&key) || self.runs[&completion.run].reopened;
        assert!(known, "{} of run {} is published, but not committed", completion.unit, completion.run);
        self.published.insert(key);
    }

    pub(crate) fn accepted(&mut self, unit: Unit, fingerprint: Fingerprint) {
        self.gaps.insert(unit, fingerprint);
        self.forgotten.remove(&unit);
        let outcome = Outcome::Skipped(tidegate::flow::SkipReason::Gap);
        let record = UnitRecord {
            unit,
            outcome,
            fingerprint,
            stored: None,
            rows_expected: 0,
            rows_written: 0,
            code: 1,
            run: RunId(0),
            attempt: 0,
            duration_ms: 0,
            finished_at: 0,
        };
        self.records.insert(unit, record);
    }

    /// Everything that was committed was published.
    pub(crate) fn check_published(&self) {
        for key in &self.committed {
            assert!(self.published.contains(key), "{key:?} was committed and never published");
        }
    }
}
