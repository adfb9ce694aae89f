//! What the sink does next, as a state machine without IO: it is told what the ledger wants, what the warehouse
//! has and what became of each job, and says which jobs to begin, which to ask about, and when to come again.
//! Reads no clock; whatever it forgets in a crash it finds again in the warehouse.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::job::{Begun, Content, Job, JobId, JobState, Work};
use super::lag::{Held, Wanted};
use super::pace::{SinkLimits, Window};
use super::table::Table;
use super::warehouse::{Contents, Note, Partition, Remedy, Shape, TableSpec, WarehouseError};
use crate::fleet::retry::Backoff;
use crate::flow::{DatasetName, Date, Lane, Millis, Unit};

/// Waits after failures that may pass.
const BETWEEN_TRIES: Backoff =
    Backoff { first: Duration::from_secs(1), longest: Duration::from_secs(300), factor: 2.0 };

/// Waits between two looks at a job.
const BETWEEN_LOOKS: Backoff =
    Backoff { first: Duration::from_millis(200), longest: Duration::from_secs(5), factor: 1.5 };

/// When something is tried again that cannot succeed before somebody has mended something, in milliseconds.
const SELDOM_MS: Millis = 60 * 60 * 1_000;

/// Failures in a row from which on a passing fault is written down, for the status to show.
const NOTED_FROM: u32 = 5;

/// Notes that one job writes.
const NOTES_PER_JOB: usize = 1_000;

/// How long the notes of a backfill are gathered, in milliseconds: 1,440 jobs a day are within the limit.
const NOTES_LINGER_MS: Millis = 60_000;

/// What lags, for the metrics.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SinkLag {
    /// By dataset.
    pub tables: BTreeMap<DatasetName, TableLag>,
}

/// What of a table lags.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableLag {
    /// Dates whose partition is not what the ledger says.
    pub units: u64,
    /// When the oldest of their records was committed.
    pub oldest_since: Option<Millis>,
    /// Why the warehouse refuses the table as a whole, where it does.
    pub refusal: Option<String>,
}

/// The state machine.
pub(super) struct Loading {
    limits: SinkLimits,
    tables: BTreeMap<DatasetName, Table>,
    project_jobs: Window,
    note_jobs: Window,
    /// The last try of works that did not succeed, by their name.
    attempts: BTreeMap<String, u32>,
    under_way: Vec<UnderWay>,
    /// Done by a job that was there already: believed when the warehouse's contents agree.
    found: Vec<(Job, Millis)>,
    notes: Notes,
    /// When to look at the warehouse's contents; `None` once they were seen and nothing speaks against them.
    look_at: Option<Millis>,
    look_failures: u32,
    seen: bool,
    wake: Option<Millis>,
}

struct UnderWay {
    job: Job,
    begun: Option<Begun>,
    looks: u32,
    look_at: Millis,
}

/// What is to be written down.
#[derive(Default)]
struct Notes {
    pending: Vec<(Lane, Note)>,
    since: Millis,
    not_before: Millis,
    failures: u32,
}

impl Loading {
    pub(super) fn new(tables: &[TableSpec], limits: SinkLimits) -> Self {
        Self {
            tables: tables.iter().map(|spec| (spec.dataset, Table::new(*spec, &limits))).collect(),
            project_jobs: Window::day(limits.load_jobs_per_project_per_day),
            note_jobs: Window::day(limits.jobs_per_unpartitioned_table_per_day),
            attempts: BTreeMap::new(),
            under_way: Vec::new(),
            found: Vec::new(),
            notes: Notes::default(),
            look_at: Some(Millis::MIN),
            look_failures: 0,
            seen: false,
            wake: None,
            limits,
        }
    }

    /// From now on the unit should have this. Units without a table are passed over.
    pub(super) fn want(&mut self, unit: Unit, wanted: Wanted, lane: Lane, since: Millis) {
        if let Some(table) = self.tables.get_mut(&unit.dataset) {
            table.want(unit.date, wanted, lane, since);
        }
    }

    /// The tables that are to be prepared now.
    pub(super) fn unprepared(&self, now: Millis) -> Vec<TableSpec> {
        let due = |table: &&Table| !table.prepared && table.not_before <= now;
        self.tables.values().filter(due).map(|table| table.spec).collect()
    }

    /// What came of preparing a table: what it was before.
    pub(super) fn prepared(
        &mut self,
        dataset: DatasetName,
        outcome: &Result<Shape, WarehouseError>,
        now: Millis,
    ) {
        let table = self.tables.get_mut(&dataset).expect("a table that was asked for");
        table.updates.spend(now, 1);
        match outcome {
            Ok(shape) => {
                (table.prepared, table.refusal, table.refusals) = (true, None, 0);
                if *shape != Shape::AsDeclared && self.seen {
                    table.forgive();
                    self.look_at = Some(now);
                }
            }
            Err(error) => {
                let wait = wait_after(error, table.refusals + 1, dataset.as_str());
                table.refused(error, now + wait);
            }
        }
    }

    /// Whether the warehouse's contents are to be looked at now.
    pub(super) fn must_look(&self, now: Millis) -> bool {
        self.look_at.is_some_and(|at| at <= now)
    }

    /// They could not be looked at.
    pub(super) fn cannot_look(&mut self, error: &WarehouseError, now: Millis) {
        self.look_failures += 1;
        let wait = match error.remedy() {
            // Nothing can be done without it: whoever mends it need not wait an hour.
            Remedy::Seldom => BETWEEN_TRIES.wait_after(self.look_failures, "contents"),
            Remedy::Later | Remedy::After(_) => wait_after(error, self.look_failures, "contents"),
        };
        self.look_at = Some(now + wait);
    }

    /// What the warehouse has. No job may have ended since it was asked.
    pub(super) fn see(&mut self, contents: &Contents, now: Millis) {
        if !std::mem::replace(&mut self.seen, true) {
            self.remember_spending(contents, now);
        }
        (self.look_at, self.look_failures) = (Some(now + self.limits.look_every_ms), 0);
        for (job, at) in std::mem::take(&mut self.found) {
            if agrees(&job.work, contents, at) {
                self.accept(&job, at, now);
            } else {
                // What it did was undone since: the next try has another name.
                self.give_up(&job);
            }
        }
        let unwritten: BTreeSet<Unit> = self.unwritten();
        for (dataset, table) in &mut self.tables {
            let dates: BTreeSet<Date> = table.idle_dates().into_iter().collect();
            let new = contents.dates(*dataset).filter(|date| table.date(*date).is_none());
            for date in dates.iter().copied().chain(new).collect::<BTreeSet<_>>() {
                let unit = Unit { dataset: *dataset, date };
                let note = if unwritten.contains(&unit) {
                    table.date(date).and_then(|state| state.held.note.clone())
                } else {
                    contents.notes.get(&unit).cloned()
                };
                table.hold(date, Held { partition: contents.partitions.get(&unit).copied(), note });
            }
        }
    }

    /// The jobs that are to be begun now.
    pub(super) fn next(&mut self, now: Millis) -> Vec<Job> {
        self.wake = None;
        let mut jobs = Vec::new();
        if !self.seen {
            return jobs;
        }
        let datasets: Vec<DatasetName> = self.tables.keys().copied().collect();
        for lane in Lane::ALL {
            // One job of each table in turn, so that no table waits for all of another.
            let mut tables = datasets.clone();
            while !tables.is_empty() && self.under_way.len() < self.limits.jobs_under_way {
                tables.retain(|dataset| {
                    let room = self.under_way.len() < self.limits.jobs_under_way;
                    let job = if room { self.take(*dataset, lane, now) } else { None };
                    jobs.extend(job.clone());
                    job.is_some()
                });
            }
        }
        jobs.extend(self.next_notes(now));
        jobs
    }

    fn take(&mut self, dataset: DatasetName, lane: Lane, now: Millis) -> Option<Job> {
        let wake = &mut self.wake;
        let mut later = |at: Millis| *wake = Some(wake.map_or(at, |other| other.min(at)));
        let table = self.tables.get_mut(&dataset)?;
        let work = table.next(lane, now, &self.limits, &mut later)?;
        let partitions = work.partitions() as u64;
        let waits = [
            self.project_jobs.wait(now, 1, lane),
            table.modifications.wait(now, partitions, lane),
            table.updates.wait(now, 1, lane),
        ];
        if let Some(at) = waits.into_iter().flatten().max() {
            later(at);
            return None;
        }
        self.project_jobs.spend(now, 1);
        table.modifications.spend(now, partitions);
        table.updates.spend(now, 1);
        table.occupy(&work);
        let job = Job { id: work.named(attempt(&self.attempts, table, &work)), lane, work };
        self.under_way.push(UnderWay { job: job.clone(), begun: None, looks: 0, look_at: Millis::MAX });
        Some(job)
    }

    fn next_notes(&mut self, now: Millis) -> Option<Job> {
        let writing = self.under_way.iter().any(|job| matches!(job.job.work, Work::Write { .. }));
        if writing || self.notes.pending.is_empty() {
            return None;
        }
        let daily = self.notes.pending.iter().any(|(lane, _)| *lane == Lane::Daily);
        let lane = if daily { Lane::Daily } else { Lane::Backfill };
        let full = self.notes.pending.len() >= NOTES_PER_JOB;
        let gathered = daily || full || self.under_way.is_empty();
        let due = if gathered { self.notes.not_before } else { self.notes.since + NOTES_LINGER_MS };
        let due = due.max(self.note_jobs.wait(now, 1, Lane::Daily).unwrap_or(now));
        if now < due.max(self.notes.not_before) {
            self.come_again(due.max(self.notes.not_before));
            return None;
        }
        self.note_jobs.spend(now, 1);
        let count = self.notes.pending.len().min(NOTES_PER_JOB);
        let notes: Vec<Note> = self.notes.pending.drain(..count).map(|(_, note)| note).collect();
        self.notes.since = now;
        let work = Work::Write { notes };
        let base = work.named(1).base().to_owned();
        let attempt = self.attempts.get(&base).map_or(1, |tried| tried + 1);
        let job = Job { id: work.named(attempt), lane, work };
        self.under_way.push(UnderWay { job: job.clone(), begun: None, looks: 0, look_at: Millis::MAX });
        Some(job)
    }

    /// What came of beginning a job.
    pub(super) fn begun(&mut self, job: &Job, outcome: Result<Begun, WarehouseError>, now: Millis) {
        let error = match outcome {
            Ok(begun) => {
                let under_way = self.of(&job.id);
                under_way.begun = Some(begun);
                under_way.look_at = match begun {
                    Begun::Now => now + BETWEEN_LOOKS.wait_after(1, &job.id.to_string()),
                    Begun::Before => now,
                };
                return;
            }
            Err(error) => error,
        };
        let per_job = matches!(error, WarehouseError::Invalid { .. });
        if per_job || job.work.dataset().is_none() {
            self.failed(job, now, &error, now);
            return;
        }
        // Whether it was begun is not known; it is asked for again by the same name.
        self.come_again(now);
        self.forget(job);
        let table = self.table_of(job);
        table.release(&job.work);
        let wait = wait_after(&error, table.refusals + 1, &job.id.to_string());
        table.refused(&error, now + wait);
    }

    /// The jobs that are to be asked about now.
    pub(super) fn to_look_at(&self, now: Millis) -> Vec<Job> {
        let due = |job: &&UnderWay| job.begun.is_some() && job.look_at <= now;
        self.under_way.iter().filter(due).map(|job| job.job.clone()).collect()
    }

    /// What has become of a job.
    pub(super) fn looked(&mut self, job: &Job, outcome: Result<JobState, WarehouseError>, now: Millis) {
        match outcome {
            Ok(JobState::UnderWay) => self.look_later(job, now),
            Ok(JobState::Failed { at, error }) => self.failed(job, at, &error, now),
            Ok(JobState::Done { at, rows }) => {
                let expected = job.work.rows();
                if let Some(loaded) = rows.filter(|loaded| *loaded != expected) {
                    // What is in the table now is not what was meant.
                    self.look_at = Some(now);
                    self.failed(job, at, &WarehouseError::Rows { expected, loaded }, now);
                    return;
                }
                let begun = self.forget(job).begun;
                if begun == Some(Begun::Before) && job.work.dataset().is_some() {
                    self.found.push((job.clone(), at));
                    self.look_at = Some(now);
                } else {
                    self.accept(job, at, now);
                }
            }
            Err(error) => match error.remedy() {
                Remedy::Later | Remedy::After(_) => self.look_later(job, now),
                Remedy::Seldom => self.failed(job, now, &error, now),
            },
        }
    }

    fn look_later(&mut self, job: &Job, now: Millis) {
        let under_way = self.of(&job.id);
        under_way.looks += 1;
        under_way.look_at = now + BETWEEN_LOOKS.wait_after(under_way.looks + 1, &job.id.to_string());
    }

    /// What the job was to do is done.
    fn accept(&mut self, job: &Job, at: Millis, now: Millis) {
        // Its note, and what waited for its place.
        self.come_again(now);
        self.attempts.remove(job.id.base());
        let Some(dataset) = job.work.dataset() else {
            self.notes.failures = 0;
            return;
        };
        let table = self.tables.get_mut(&dataset).expect("a job's table");
        table.release(&job.work);
        table.succeeded(&job.work);
        let contents = job.work.contents();
        let emptied: Vec<Date> = match &job.work {
            Work::LoadTable { contents, .. } => {
                let loaded: BTreeSet<Date> = contents.iter().map(|(date, _)| *date).collect();
                table.idle_dates().into_iter().filter(|date| !loaded.contains(date)).collect()
            }
            Work::Empty { dates, .. } => dates.iter().map(|(date, _)| *date).collect(),
            Work::LoadDate { .. } | Work::Write { .. } => Vec::new(),
        };
        for date in emptied {
            let note = table.date(date).and_then(|state| state.held.note.clone());
            table.hold(date, Held { partition: None, note });
        }
        for (unit, content) in contents {
            let partition = (content.rows > 0).then_some(Partition { rows: content.rows, modified_at: at });
            let note = note(job, unit, content, at, None);
            table.hold(unit.date, Held { partition, note: Some(note.clone()) });
            self.notes.push(job.lane, note, now);
        }
    }

    /// Nothing of the job is done.
    fn failed(&mut self, job: &Job, at: Millis, error: &WarehouseError, now: Millis) {
        self.come_again(now);
        self.forget(job);
        if let Work::Write { notes } = &job.work {
            self.attempts.insert(job.id.base().to_owned(), job.id.attempt());
            self.notes.failures += 1;
            self.notes.not_before = now + BETWEEN_TRIES.wait_after(self.notes.failures, "notes");
            self.notes.pending.splice(0..0, notes.iter().map(|note| (job.lane, note.clone())));
            return;
        }
        self.give_up(job);
        let table = self.table_of(job);
        let failures = table.failures(&job.work) + 1;
        let joint = matches!(job.work, Work::LoadTable { .. });
        let noted = match error.remedy() {
            Remedy::After(wait) => {
                table.refused(error, now + wait);
                false
            }
            Remedy::Later => {
                let wait = BETWEEN_TRIES.wait_after(failures, &job.id.to_string());
                table.set_back(&job.work, now + wait, joint && failures >= NOTED_FROM);
                failures >= NOTED_FROM && !joint
            }
            Remedy::Seldom => {
                // The table may no longer be what it was.
                table.prepared = false;
                table.set_back(&job.work, now + SELDOM_MS, joint);
                !joint
            }
        };
        if noted {
            self.write_down(job, at, error, now);
        }
    }

    fn write_down(&mut self, job: &Job, at: Millis, error: &WarehouseError, now: Millis) {
        for (unit, content) in job.work.contents() {
            let note = note(job, unit, content, at, Some(error.to_string()));
            let table = self.table_of(job);
            let partition = table.date(unit.date).and_then(|state| state.held.partition);
            table.hold(unit.date, Held { partition, note: Some(note.clone()) });
            self.notes.push(job.lane, note, now);
        }
    }

    /// The next try of the same work has another name.
    fn give_up(&mut self, job: &Job) {
        self.attempts.insert(job.id.base().to_owned(), job.id.attempt());
        self.table_of(job).release(&job.work);
    }

    /// When to come again at the latest, although nothing has happened; `None` where nothing is to come.
    pub(super) fn wake(&self) -> Option<Millis> {
        let looks = self.under_way.iter().map(|job| job.look_at);
        let waiting = self.tables.values().filter(|table| !table.prepared).map(|table| table.not_before);
        self.look_at.into_iter().chain(self.wake).chain(looks).chain(waiting).min()
    }

    /// What lags.
    pub(super) fn lag(&self) -> SinkLag {
        let lag = |(dataset, table): (&DatasetName, &Table)| {
            let (units, oldest_since) = table.lagging();
            (*dataset, TableLag { units: units as u64, oldest_since, refusal: table.refusal.clone() })
        };
        SinkLag { tables: self.tables.iter().map(lag).collect() }
    }

    /// Whether everything is loaded and written down.
    pub(super) fn is_level(&self) -> bool {
        let level = |table: &Table| table.lagging().0 == 0;
        self.seen
            && self.under_way.is_empty()
            && self.found.is_empty()
            && self.notes.pending.is_empty()
            && self.tables.values().all(level)
    }

    /// Why the lagging dates of a table do.
    #[cfg(test)]
    pub(super) fn lags(&self, dataset: DatasetName) -> Vec<(Date, super::lag::Lag)> {
        self.tables.get(&dataset).map(Table::lags).unwrap_or_default()
    }

    /// Takes what earlier processes have used of a day's limits, as far as the notes tell.
    fn remember_spending(&mut self, contents: &Contents, now: Millis) {
        let mut spent: Vec<&Note> = contents.notes.values().filter(|note| note.ended_at <= now).collect();
        spent.sort_by_key(|note| note.ended_at);
        let mut jobs = BTreeSet::new();
        for note in spent {
            if let Some(table) = self.tables.get_mut(&note.unit.dataset) {
                table.modifications.spend(note.ended_at, 1);
            }
            if jobs.insert(note.job.as_str()) {
                self.project_jobs.spend(note.ended_at, 1);
            }
        }
    }

    fn unwritten(&self) -> BTreeSet<Unit> {
        let writing = self.under_way.iter().filter_map(|job| match &job.job.work {
            Work::Write { notes } => Some(notes.iter()),
            Work::LoadDate { .. } | Work::LoadTable { .. } | Work::Empty { .. } => None,
        });
        let pending = self.notes.pending.iter().map(|(_, note)| note);
        writing.flatten().chain(pending).map(|note| note.unit).collect()
    }

    fn come_again(&mut self, at: Millis) {
        self.wake = Some(self.wake.map_or(at, |other| other.min(at)));
    }

    fn of(&mut self, id: &JobId) -> &mut UnderWay {
        self.under_way.iter_mut().find(|job| job.job.id == *id).expect("a job that is under way")
    }

    fn forget(&mut self, job: &Job) -> UnderWay {
        let at = self.under_way.iter().position(|other| other.job.id == job.id);
        self.under_way.swap_remove(at.expect("a job that is under way"))
    }

    fn table_of(&mut self, job: &Job) -> &mut Table {
        let dataset = job.work.dataset().expect("a job that changes a table");
        self.tables.get_mut(&dataset).expect("a job's table")
    }
}

impl Notes {
    fn push(&mut self, lane: Lane, note: Note, now: Millis) {
        if self.pending.is_empty() {
            self.since = now;
        }
        self.pending.push((lane, note));
    }
}

/// The number of the next try of a work: after those of this process, and after the one that was written down.
fn attempt(attempts: &BTreeMap<String, u32>, table: &Table, work: &Work) -> u32 {
    let base = work.named(1).base().to_owned();
    let noted = |(unit, _): &(Unit, _)| {
        let note = table.date(unit.date)?.held.note.as_ref()?;
        JobId::attempt_in(&base, &note.job)
    };
    let noted = work.contents().iter().filter_map(noted).max();
    attempts.get(&base).copied().max(noted).map_or(1, |tried| tried + 1)
}

/// Whether what is there is what a job that ended at `at` left.
fn agrees(work: &Work, contents: &Contents, at: Millis) -> bool {
    let rows = |unit: &Unit| contents.partitions.get(unit).map_or(0, |partition| partition.rows);
    let untouched = |unit: &Unit| contents.partitions.get(unit).is_none_or(|of| of.modified_at <= at);
    match work {
        Work::LoadDate { .. } | Work::LoadTable { .. } => {
            work.contents().iter().all(|(unit, content)| rows(unit) == content.rows && untouched(unit))
        }
        Work::Empty { dataset, dates } => {
            dates.iter().all(|(date, _)| rows(&Unit { dataset: *dataset, date: *date }) == 0)
        }
        Work::Write { .. } => true,
    }
}

fn wait_after(error: &WarehouseError, failures: u32, salt: &str) -> Millis {
    match error.remedy() {
        Remedy::Later => BETWEEN_TRIES.wait_after(failures, salt),
        Remedy::After(wait) => wait,
        Remedy::Seldom => SELDOM_MS,
    }
}

/// What is written down of a unit when a job of it has ended: with what went wrong, if anything.
fn note(job: &Job, unit: Unit, content: Content, ended_at: Millis, fault: Option<String>) -> Note {
    Note {
        unit,
        revision: content.revision,
        rows: content.rows,
        committed_at: content.committed_at,
        job: job.id.to_string(),
        ended_at,
        fault,
    }
}
