//! The state machine against a model of a warehouse and of a lake: random changes, failures, lost answers, crashes and
//! meddling, and at the end the tables must be equal to the lake. A failure prints its seed.

use std::collections::BTreeMap;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::job::{Begun, Content, Job, JobState, Work};
use super::lag::{Lag, Wanted};
use super::loading::Loading;
use super::pace::SinkLimits;
use super::warehouse::{Contents, Note, Partition, Shape, TableSpec, WarehouseError};
use crate::flow::{DatasetName, Date, Lane, Millis, Revision, Schema, Unit};

const TABLES: [DatasetName; 2] = [DatasetName::of("a.one"), DatasetName::of("a.two")];
const DATES: i32 = 12;

/// How long a job takes at most, on the model's clock.
const JOB_MS: Millis = 4_000;

fn specs() -> Vec<TableSpec> {
    let schema = Schema { fields: &[], key: &[] };
    TABLES.map(|dataset| TableSpec { dataset, schema, summary: "a table of the model" }).to_vec()
}

fn limits() -> SinkLimits {
    SinkLimits { joint_load_from: 4, backfill_linger_ms: 2_000, ..SinkLimits::default() }
}

/// What the world is, whatever happens to a process.
struct World {
    chance: ChaCha8Rng,
    now: Millis,
    /// The files.
    lake: BTreeMap<Unit, (Revision, u64)>,
    /// The ledger's records: a file is replaced before its record is.
    records: BTreeMap<Unit, Content>,
    /// In the warehouse: the revision of a partition's rows is what the model knows beyond the port.
    rows: BTreeMap<Unit, (Revision, Partition)>,
    notes: BTreeMap<Unit, Note>,
    jobs: BTreeMap<String, Run>,
    counts: BTreeMap<&'static str, u32>,
}

struct Run {
    job: Job,
    due: Millis,
    state: JobState,
}

impl World {
    fn new(seed: u64) -> Self {
        Self {
            chance: ChaCha8Rng::seed_from_u64(seed),
            now: 1_000_000,
            lake: BTreeMap::new(),
            records: BTreeMap::new(),
            rows: BTreeMap::new(),
            notes: BTreeMap::new(),
            jobs: BTreeMap::new(),
            counts: BTreeMap::new(),
        }
    }

    fn one_in(&mut self, number: u32) -> bool {
        self.chance.random_range(0..number) == 0
    }

    fn unit(&mut self) -> Unit {
        let dataset = TABLES[self.chance.random_range(0..TABLES.len())];
        Unit { dataset, date: Date::from_days(self.chance.random_range(0..DATES)) }
    }

    /// A unit changes: its file first. Few revisions, so that contents come back.
    fn restate(&mut self) -> Unit {
        let unit = self.unit();
        if self.one_in(6) {
            self.lake.remove(&unit);
        } else {
            let revision = self.chance.random_range(1..4_u8);
            self.lake
                .insert(unit, (Revision::from_bytes([revision; 32]), [0, 2, 2, 0][usize::from(revision)]));
        }
        unit
    }

    /// And then its record.
    fn commit(&mut self, unit: Unit) {
        match self.lake.get(&unit) {
            Some((revision, rows)) => {
                let content = Content { revision: *revision, rows: *rows, committed_at: self.now };
                self.records.insert(unit, content);
            }
            None => drop(self.records.remove(&unit)),
        }
    }

    fn tell(&mut self, loading: &mut Loading, unit: Unit) {
        let lane = if self.one_in(3) { Lane::Daily } else { Lane::Backfill };
        let wanted = self.records.get(&unit).map_or(Wanted::Nothing, |content| Wanted::Content(*content));
        loading.want(unit, wanted, lane, self.now);
    }

    fn contents(&mut self) -> Contents {
        self.settle();
        let partitions = self.rows.iter().filter(|(_, (_, of))| of.rows > 0);
        Contents {
            partitions: partitions.map(|(unit, (_, partition))| (*unit, *partition)).collect(),
            notes: self.notes.clone(),
            strays: BTreeMap::new(),
        }
    }

    fn begin(&mut self, job: &Job, faults: bool) -> Result<Begun, WarehouseError> {
        let lost = || WarehouseError::Unavailable { operation: "begin the job", message: "lost".to_owned() };
        if faults && self.one_in(8) {
            return Err(lost());
        }
        let before = self.jobs.contains_key(&job.id.to_string());
        if !before {
            let state = if faults && self.one_in(6) {
                JobState::Failed { at: 0, error: self.fault() }
            } else {
                JobState::UnderWay
            };
            let due = self.now + self.chance.random_range(1..JOB_MS);
            self.jobs.insert(job.id.to_string(), Run { job: job.clone(), due, state });
        }
        if faults && self.one_in(8) {
            return Err(lost());
        }
        Ok(if before { Begun::Before } else { Begun::Now })
    }

    fn fault(&mut self) -> WarehouseError {
        let message = "as planned".to_owned();
        match self.chance.random_range(0..4) {
            0 => WarehouseError::RateLimited { retry_after: None, message },
            1 => WarehouseError::QuotaExceeded { message },
            2 => WarehouseError::Invalid { operation: "carry out the job", message },
            _ => WarehouseError::Unavailable { operation: "carry out the job", message },
        }
    }

    /// Carries out what is due, with the files as they are then.
    fn settle(&mut self) {
        let now = self.now;
        let mut due: Vec<(Millis, String)> = self
            .jobs
            .iter()
            .filter(|(_, run)| run.due <= now && !matches!(run.state, JobState::Done { .. }))
            .map(|(id, run)| (run.due, id.clone()))
            .collect();
        due.sort();
        for (at, id) in due {
            let run = self.jobs.get_mut(&id).expect("a job");
            if let JobState::Failed { at: ended, .. } = &mut run.state {
                *ended = at;
                continue;
            }
            let work = run.job.work.clone();
            let rows = self.carry_out(&work, at);
            self.jobs.get_mut(&id).expect("a job").state = JobState::Done { at, rows };
        }
    }

    fn carry_out(&mut self, work: &Work, at: Millis) -> Option<u64> {
        let units: Vec<Unit> = work.contents().into_iter().map(|(unit, _)| unit).collect();
        match work {
            Work::LoadDate { .. } => *self.counts.entry("date").or_default() += 1,
            Work::LoadTable { dataset, .. } => {
                *self.counts.entry("table").or_default() += 1;
                self.rows.retain(|unit, _| unit.dataset != *dataset);
            }
            Work::Empty { dataset, dates } => {
                *self.counts.entry("empty").or_default() += 1;
                for (date, _) in dates {
                    self.rows.remove(&Unit { dataset: *dataset, date: *date });
                }
                return None;
            }
            Work::Write { notes } => {
                for note in notes {
                    let older = |there: &Note| {
                        (there.ended_at, there.committed_at) <= (note.ended_at, note.committed_at)
                    };
                    if self.notes.get(&note.unit).is_none_or(older) {
                        self.notes.insert(note.unit, note.clone());
                    }
                }
                return None;
            }
        }
        let mut loaded = 0;
        for unit in units {
            // A file that has gone makes a real job fail; here it loads nothing, which the rows tell as well.
            if let Some((revision, rows)) = self.lake.get(&unit).copied() {
                self.rows.insert(unit, (revision, Partition { rows, modified_at: at }));
                loaded += rows;
            } else {
                self.rows.remove(&unit);
            }
        }
        Some(loaded)
    }

    /// Somebody else takes a partition away, or writes to it.
    fn meddle(&mut self) {
        self.now += 1;
        self.settle();
        let unit = self.unit();
        let (now, gone) = (self.now, self.one_in(2));
        if gone {
            self.rows.remove(&unit);
        } else if let Some((revision, partition)) = self.rows.get_mut(&unit) {
            *revision = Revision::from_bytes([99; 32]);
            partition.modified_at = now;
        }
    }

    fn look(&mut self, job: &Job, faults: bool) -> Result<JobState, WarehouseError> {
        self.settle();
        if faults && self.one_in(8) {
            let message = "lost".to_owned();
            return Err(WarehouseError::Unavailable { operation: "look at the job", message });
        }
        let run = &self.jobs[&job.id.to_string()];
        Ok(if run.due <= self.now { run.state.clone() } else { JobState::UnderWay })
    }

    /// A turn of a process.
    fn turn(&mut self, loading: &mut Loading, faults: bool) {
        if loading.must_look(self.now) {
            if faults && self.one_in(5) {
                let error =
                    WarehouseError::Unavailable { operation: "run the query", message: String::new() };
                loading.cannot_look(&error, self.now);
            } else {
                let contents = self.contents();
                loading.see(&contents, self.now);
            }
        }
        for table in loading.unprepared(self.now) {
            loading.prepared(table.dataset, &Ok(Shape::AsDeclared), self.now);
        }
        for job in loading.next(self.now) {
            let outcome = self.begin(&job, faults);
            loading.begun(&job, outcome, self.now);
        }
        for job in loading.to_look_at(self.now) {
            let outcome = self.look(&job, faults);
            loading.looked(&job, outcome, self.now);
        }
    }

    fn restart(&mut self) -> Loading {
        let mut loading = Loading::new(&specs(), limits());
        for unit in self.records.keys().copied().collect::<Vec<_>>() {
            self.tell(&mut loading, unit);
        }
        loading
    }

    fn equal(&self) -> bool {
        let wanted = self.records.iter().filter(|(_, content)| content.rows > 0);
        let wanted: BTreeMap<Unit, Revision> = wanted.map(|(unit, of)| (*unit, of.revision)).collect();
        let there = self.rows.iter().filter(|(_, (_, partition))| partition.rows > 0);
        wanted == there.map(|(unit, (revision, _))| (*unit, *revision)).collect()
    }
}

fn run(seed: u64) -> BTreeMap<&'static str, u32> {
    let mut world = World::new(seed);
    let mut loading = world.restart();
    let mut uncommitted: Vec<Unit> = Vec::new();
    for _ in 0..400 {
        match world.chance.random_range(0..12) {
            0..3 => uncommitted.push(world.restate()),
            3..5 if !uncommitted.is_empty() => {
                let at = world.chance.random_range(0..uncommitted.len());
                let unit = uncommitted.swap_remove(at);
                world.commit(unit);
                world.tell(&mut loading, unit);
            }
            5 if world.one_in(6) => loading = world.restart(),
            6 if world.one_in(8) => world.meddle(),
            _ => world.turn(&mut loading, true),
        }
        world.now += world.chance.random_range(0..1_500);
    }
    for unit in uncommitted {
        world.commit(unit);
        world.tell(&mut loading, unit);
    }
    // Meddling is found at the next look at everything.
    if world.one_in(2) {
        loading = world.restart();
    }
    let end = world.now + 3 * limits().look_every_ms + 2 * 60 * 60 * 1_000;
    while world.now < end {
        world.turn(&mut loading, false);
        let wake = loading.wake().expect("there is always a next look");
        world.now = wake.max(world.now + 100);
    }
    assert!(loading.is_level(), "seed {seed}: {:?}", TABLES.map(|dataset| loading.lags(dataset)));
    assert!(world.equal(), "seed {seed}: {:?} {:?}", world.records, world.rows);
    let contents = world.contents();
    let lags = TABLES.iter().flat_map(|dataset| {
        let dates = (0..DATES).map(|day| Unit { dataset: *dataset, date: Date::from_days(day) });
        dates.filter_map(|unit| lag_of(&world, &contents, unit)).collect::<Vec<_>>()
    });
    assert_eq!(lags.collect::<Vec<_>>(), [], "seed {seed}: what is written down says the same");
    world.counts
}

fn lag_of(world: &World, contents: &Contents, unit: Unit) -> Option<Lag> {
    let wanted = world.records.get(&unit).map_or(Wanted::Nothing, |content| Wanted::Content(*content));
    let (partition, note) = (contents.partitions.get(&unit).copied(), contents.notes.get(&unit).cloned());
    super::lag::lag(wanted, &super::lag::Held { partition, note })
}

#[test]
fn whatever_happens_the_tables_become_equal_to_the_lake() {
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for seed in 0..300 {
        for (what, count) in run(seed) {
            *counts.entry(what).or_default() += count;
        }
    }
    for what in ["date", "table", "empty"] {
        assert!(counts.get(what).is_some_and(|count| *count > 100), "{what}: {counts:?}");
    }
}

fn loading_of(count: i32, lane: Lane) -> (World, Loading) {
    let mut world = World::new(1);
    let mut loading = Loading::new(&specs(), limits());
    for day in 0..count {
        let unit = Unit { dataset: TABLES[0], date: Date::from_days(day) };
        let revision = Revision::from_bytes([7; 32]);
        world.lake.insert(unit, (revision, 2));
        world.commit(unit);
        loading.want(unit, Wanted::Content(world.records[&unit]), lane, world.now);
    }
    let contents = world.contents();
    loading.see(&contents, world.now);
    for table in loading.unprepared(world.now) {
        loading.prepared(table.dataset, &Ok(Shape::AsDeclared), world.now);
    }
    (world, loading)
}

#[test]
fn a_backfill_is_gathered_into_one_job_and_a_day_is_not() {
    let (world, mut loading) = loading_of(10, Lane::Backfill);
    assert_eq!(loading.next(world.now), [], "gathered first");
    let later = world.now + limits().backfill_linger_ms;
    assert!(loading.wake().is_some_and(|wake| wake <= later));
    let jobs = loading.next(later);
    let works: Vec<usize> = jobs.iter().map(|job| job.work.partitions()).collect();
    assert_eq!(works, [10]);
    assert!(jobs.iter().all(|job| job.lane == Lane::Backfill));

    let (world, mut loading) = loading_of(3, Lane::Daily);
    let works: Vec<usize> = loading.next(world.now).iter().map(|job| job.work.partitions()).collect();
    assert_eq!(works, [1, 1, 1], "at once");
}

#[test]
fn a_joint_job_that_one_date_spoils_is_done_date_by_date() {
    let (world, mut loading) = loading_of(10, Lane::Daily);
    let jobs = loading.next(world.now);
    let [job] = jobs.as_slice() else { panic!("{jobs:?}") };
    loading.begun(job, Ok(Begun::Now), world.now);
    let error = WarehouseError::Invalid { operation: "carry out the job", message: "a bad file".to_owned() };
    loading.looked(job, Ok(JobState::Failed { at: world.now, error: error.clone() }), world.now);
    for table in loading.unprepared(world.now) {
        loading.prepared(table.dataset, &Ok(Shape::AsDeclared), world.now);
    }
    let jobs = loading.next(world.now);
    assert_eq!(jobs.len(), 10, "each by itself");
    for (at, job) in jobs.iter().enumerate() {
        loading.begun(job, Ok(Begun::Now), world.now);
        let state = if at == 3 {
            JobState::Failed { at: world.now, error: error.clone() }
        } else {
            JobState::Done { at: world.now, rows: Some(2) }
        };
        loading.looked(job, Ok(state), world.now);
    }
    let fault = error.to_string();
    assert_eq!(loading.lags(TABLES[0]), [(Date::from_days(3), Lag::Failed { fault })]);
}

#[test]
fn the_day_limits_are_kept_and_the_rest_comes_later() {
    let mut limits = limits();
    (limits.partition_modifications_per_table_per_day, limits.joint_load_from) = (4, 100);
    limits.look_every_ms = Millis::MAX / 2;
    let mut loading = Loading::new(&specs(), limits);
    for day in 0..10 {
        let content = Content { revision: Revision::from_bytes([1; 32]), rows: 1, committed_at: 5 };
        let unit = Unit { dataset: TABLES[1], date: Date::from_days(day) };
        loading.want(unit, Wanted::Content(content), Lane::Daily, 5);
    }
    loading.see(&Contents::default(), 1_000);
    for table in loading.unprepared(1_000) {
        loading.prepared(table.dataset, &Ok(Shape::AsDeclared), 1_000);
    }
    let mut begun = Vec::new();
    let mut now = 1_000;
    while begun.len() < 10 {
        for job in loading.next(now) {
            loading.begun(&job, Ok(Begun::Now), now);
            let rows = job.work.dataset().map(|_| 1);
            loading.looked(&job, Ok(JobState::Done { at: now, rows }), now);
            if job.work.dataset().is_some() {
                begun.push(now);
            }
        }
        now = loading.wake().expect("a next moment").max(now + 1);
    }
    let day = 24 * 60 * 60 * 1_000;
    let days: Vec<Millis> = begun.iter().map(|at| (at - 1_000) / day).collect();
    assert_eq!(days, [0, 0, 0, 0, 1, 1, 1, 1, 2, 2]);
}
