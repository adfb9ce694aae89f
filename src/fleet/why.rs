//! Why a unit is as it is, down to the root: done by which attempt of which run from what, skipped why,
//! waiting for which units, held by which dead letter. Reads the ledger and the catalog, changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::engine::Engine;
use super::ports::{DeadLetter, Ledger, LedgerError, TaskRecord};
use crate::flow::{
    DatasetName, Date, Lane, Millis, Outcome, Revision, RunId, TaskState, Unit, UnitRecord, Window,
};

/// Why one unit is as it is.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// The unit.
    pub unit: Unit,
    /// Where it stands.
    pub standing: Standing,
    /// Its present content, which is an older one where it stands to be made again.
    pub present: Option<Present>,
    /// What it reads.
    pub reads: Vec<Reads>,
    /// What it follows from, further up: the one unit that keeps it back, or, for a complete unit,
    /// those of its own date that it was made from and that were not explained already.
    pub because: Vec<Explanation>,
}

/// Where a unit stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Complete and up to date as of its latest run.
    Complete,
    /// Failed for good.
    Dead(DeadLetter),
    /// Cannot become ready because of this dead letter, further up.
    Held(DeadLetter),
    /// Some units in its windows are not finished.
    Waiting {
        /// The run.
        run: RunId,
        /// Its lane.
        lane: Lane,
    },
    /// Its work order is out.
    Ready {
        /// The run.
        run: RunId,
        /// Its lane.
        lane: Lane,
        /// Attempts that failed already.
        attempts: u32,
        /// Not to be tried before this moment; 0 for at once.
        not_before: Millis,
        /// Work orders on the more urgent lane, which go first.
        behind: u64,
    },
    /// An attempt has it.
    Claimed {
        /// The run.
        run: RunId,
        /// Which attempt.
        attempt: u32,
        /// When its lease ends.
        lease_until: Millis,
    },
    /// No run has it as a task.
    NotPlanned,
}

/// The present content of a unit.
#[derive(Debug, Clone)]
pub struct Present {
    /// What is known of it.
    pub record: Arc<UnitRecord>,
    /// The name of the run that made it.
    pub run_name: String,
    /// The latest run that looked at it and found nothing to compute.
    pub confirmed_by: Option<RunId>,
}

/// One window of the unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reads {
    /// The dataset.
    pub dataset: DatasetName,
    /// First and last date of the window; `None` where it is empty.
    pub dates: Option<(Date, Date)>,
    /// How many units it holds.
    pub units: usize,
    /// How many of them are complete, skipped ones included.
    pub complete: usize,
    /// How many of those were skipped.
    pub skipped: usize,
    /// How many are unfinished tasks of the run that the unit waits in.
    pub unfinished: usize,
    /// The revision, where the window is the date itself.
    pub revision: Option<Revision>,
}

/// Explains a unit of the calendar; `None` where the date or the dataset does not exist.
pub async fn why(engine: &Engine, unit: Unit) -> Result<Option<Explanation>, LedgerError> {
    engine.refresh_catalog().await?;
    let (Some(at), Some(_)) = (engine.calendar.index_of(unit.date), engine.cascade.processor(unit.dataset))
    else {
        return Ok(None);
    };
    let ledger = &*engine.ports.ledger;
    let mut run_names = BTreeMap::new();
    let mut lanes = BTreeMap::new();
    let mut urgent = 0;
    for run in ledger.runs(false).await? {
        if run.lane == Lane::Daily {
            urgent += run.tasks.get(&TaskState::Ready).copied().unwrap_or(0);
        }
        lanes.insert(run.id, run.lane);
        run_names.insert(run.id, run.name);
    }
    let letters = ledger.dead_letters(true).await?;
    let mut inquiry = Inquiry {
        engine,
        ledger,
        run_names,
        lanes,
        urgent,
        letters,
        tasks: BTreeMap::new(),
        explained: BTreeSet::new(),
    };
    inquiry.explain(unit.dataset, at).await.map(Some)
}

/// What has been looked up so far.
struct Inquiry<'a> {
    engine: &'a Engine,
    ledger: &'a dyn Ledger,
    run_names: BTreeMap<RunId, String>,
    lanes: BTreeMap<RunId, Lane>,
    urgent: u64,
    letters: Vec<DeadLetter>,
    tasks: BTreeMap<RunId, BTreeMap<Unit, TaskRecord>>,
    explained: BTreeSet<Unit>,
}

impl Inquiry<'_> {
    async fn explain(&mut self, dataset: DatasetName, at: usize) -> Result<Explanation, LedgerError> {
        let unit = self.engine.unit(dataset, at);
        self.explained.insert(unit);
        let task = self.ledger.latest_task(unit).await?;
        let record = self.engine.catalog().get(dataset, at).cloned();
        let standing = self.standing(unit, record.is_some(), task.as_ref());
        let run = match standing {
            Standing::Waiting { run, .. } => Some(run),
            Standing::Complete
            | Standing::Dead(_)
            | Standing::Held(_)
            | Standing::Ready { .. }
            | Standing::Claimed { .. }
            | Standing::NotPlanned => None,
        };
        if let Some(run) = run
            && !self.tasks.contains_key(&run)
        {
            let tasks = self.ledger.tasks(run, None).await?;
            self.tasks.insert(run, tasks.into_iter().map(|task| (task.unit, task)).collect());
        }
        let reads = self.reads(dataset, at, run);
        let mut because = Vec::new();
        for (dataset, at) in self.further_up(&standing, dataset, at, run) {
            if !self.explained.contains(&self.engine.unit(dataset, at)) {
                because.push(Box::pin(self.explain(dataset, at)).await?);
            }
        }
        let present = record.map(|record| self.present(record, task));
        Ok(Explanation { unit, standing, present, reads, because })
    }

    fn standing(&self, unit: Unit, complete: bool, task: Option<&(RunId, TaskRecord)>) -> Standing {
        let letter = |id: Option<i64>| self.letters.iter().find(|letter| Some(letter.id) == id).cloned();
        if let Some((run, task)) = task {
            let lane = self.lanes.get(run).copied().unwrap_or(Lane::Backfill);
            let standing = match task.state {
                TaskState::Waiting => Some(Standing::Waiting { run: *run, lane }),
                TaskState::Ready => Some(Standing::Ready {
                    run: *run,
                    lane,
                    attempts: task.attempts,
                    not_before: task.not_before,
                    behind: if lane == Lane::Backfill { self.urgent } else { 0 },
                }),
                TaskState::Claimed => Some(Standing::Claimed {
                    run: *run,
                    attempt: task.attempts,
                    lease_until: task.lease_until,
                }),
                TaskState::Dead => letter(task.dead_letter).map(Standing::Dead),
                TaskState::Held => letter(task.dead_letter).map(Standing::Held),
                TaskState::Finished | TaskState::Superseded => None,
            };
            if let Some(standing) = standing {
                return standing;
            }
        }
        if let Some(letter) = self.letters.iter().find(|letter| letter.unit == unit) {
            return Standing::Dead(letter.clone());
        }
        // Complete or not: what it has is an older content, which is made anew when the letter is mended.
        match self.letters.iter().find(|letter| self.reaches(letter, unit)) {
            Some(letter) => Standing::Held(letter.clone()),
            None if complete => Standing::Complete,
            None => Standing::NotPlanned,
        }
    }

    fn reaches(&self, letter: &DeadLetter, unit: Unit) -> bool {
        self.reach(letter).iter().any(|(dataset, range)| {
            *dataset == unit.dataset
                && self.engine.calendar.index_of(unit.date).is_some_and(|at| range.contains(&at))
        })
    }

    fn reach(&self, letter: &DeadLetter) -> Vec<(DatasetName, std::ops::Range<usize>)> {
        let Some(at) = self.engine.calendar.index_of(letter.unit.date) else {
            return Vec::new();
        };
        let mut reach = self.engine.reach(letter.unit.dataset, at);
        reach.push((letter.unit.dataset, at..at + 1));
        reach
    }

    fn present(&self, record: Arc<UnitRecord>, task: Option<(RunId, TaskRecord)>) -> Present {
        let confirmed_by =
            task.filter(|(run, task)| *run != record.run && task.outcome == Some(Outcome::Unchanged));
        Present {
            run_name: self.run_names.get(&record.run).cloned().unwrap_or_default(),
            confirmed_by: confirmed_by.map(|(run, _)| run),
            record,
        }
    }

    fn reads(&self, dataset: DatasetName, at: usize, run: Option<RunId>) -> Vec<Reads> {
        let processor = self.engine.cascade.processor(dataset);
        let catalog = self.engine.catalog();
        let tasks = run.and_then(|run| self.tasks.get(&run));
        let exists = |dataset: DatasetName, at: usize| {
            self.engine.cascade.processor(dataset).is_some_and(|upstream| catalog.exists(upstream, at))
        };
        let describe = |input: &crate::flow::Input| {
            let calendar = &self.engine.calendar;
            let window = input.window.inputs(calendar, at);
            let is_open = |at: &usize| {
                let unit = self.engine.unit(input.dataset, *at);
                tasks.and_then(|tasks| tasks.get(&unit)).is_some_and(|task| !task.state.is_final())
            };
            let records: Vec<_> = window.clone().filter_map(|at| catalog.get(input.dataset, at)).collect();
            let is_skipped = |record: &&&Arc<UnitRecord>| matches!(record.outcome, Outcome::Skipped(_));
            let stored = records.first().and_then(|record| record.stored.as_ref());
            Reads {
                dataset: input.dataset,
                dates: (!window.is_empty())
                    .then(|| (calendar.date(window.start), calendar.date(window.end - 1))),
                units: window.clone().filter(|at| exists(input.dataset, *at)).count(),
                complete: records.len(),
                skipped: records.iter().filter(is_skipped).count(),
                unfinished: window.filter(is_open).count(),
                revision: stored.filter(|_| input.window == Window::SameDate).map(|stored| stored.revision),
            }
        };
        processor.map_or(&[][..], |processor| processor.reads).iter().map(describe).collect()
    }

    /// The units that the explanation goes on with.
    fn further_up(
        &self,
        standing: &Standing,
        dataset: DatasetName,
        at: usize,
        run: Option<RunId>,
    ) -> Vec<(DatasetName, usize)> {
        let calendar = &self.engine.calendar;
        let reads = self.engine.cascade.processor(dataset).map_or(&[][..], |processor| processor.reads);
        let windows = reads.iter().map(|input| (input, input.window.inputs(calendar, at)));
        match standing {
            Standing::Complete => windows
                .filter(|(input, _)| input.window == Window::SameDate)
                .map(|(input, _)| (input.dataset, at))
                .collect(),
            Standing::Held(letter) => {
                let reach = self.reach(letter);
                let hit = windows.flat_map(|(input, window)| {
                    let hits = reach.iter().filter(move |(dataset, _)| *dataset == input.dataset);
                    hits.filter_map(move |(dataset, range)| {
                        let latest = range.end.min(window.end).checked_sub(1)?;
                        (latest >= range.start.max(window.start)).then_some((*dataset, latest))
                    })
                });
                // The nearest to the root first: what stands before everything else in the cascade.
                hit.min_by_key(|(dataset, _)| self.engine.cascade.position(*dataset)).into_iter().collect()
            }
            Standing::Waiting { .. } => {
                let tasks = run.and_then(|run| self.tasks.get(&run));
                let open = |dataset: DatasetName, at: usize| {
                    let task = tasks.and_then(|tasks| tasks.get(&self.engine.unit(dataset, at)));
                    task.is_some_and(|task| !task.state.is_final())
                };
                let mut open = windows.filter_map(|(input, mut window)| {
                    window.find(|at| open(input.dataset, *at)).map(|at| (input.dataset, at))
                });
                open.next().into_iter().collect()
            }
            Standing::Dead(_) | Standing::Ready { .. } | Standing::Claimed { .. } | Standing::NotPlanned => {
                Vec::new()
            }
        }
    }
}
