//! The history of a seed: a pipeline, a calendar and payloads; a first run under trouble; rounds in which
//! payloads are mended, restated or accepted as gaps; at the end a calm comparison with the plain order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::FutureExt;
use tidegate::adapters::ledger::InlineLedger;
use tidegate::fleet::{DeadLetter, Stored, UnitRecord};
use tidegate::flow::{Calendar, Date, PlanRequest, Processor, TaskState, Unit};

use crate::chance::Dice;
use crate::pipelines;
use crate::reference::reference;
use crate::shared::{Faults, Shared};
use crate::world::{Errand, Trouble, World};

/// What happened in a seed, for the totals.
pub(crate) type Counts = BTreeMap<&'static str, u64>;

/// Plays the seed's history; panics where an invariant breaks.
pub(crate) fn play(seed: u64, ledger: &Arc<InlineLedger>, traced: bool) -> Counts {
    let mut dice = Dice::of_seed(seed);
    let fixture = pipelines::choose(&mut dice);
    let calendar = Arc::new(pipelines::calendar(&mut dice));
    let processes = if dice.per_mille(450) { 1 } else { dice.between(2, 3) };
    now(ledger.clear()).expect("an empty ledger");
    let shared = Shared::new(fixture, Arc::clone(ledger), dice, traced);
    let mut history = History { world: World::new(Arc::clone(&shared), calendar, processes) };
    history.tell_setting();
    history.first_payloads();
    history.first_runs();
    history.rounds();
    history.end();
    let counts = shared.counts.lock().expect("one thread");
    counts.clone()
}

struct History {
    world: World,
}

fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("the ledger in memory does not wait")
}

const SOURCES: [&str; 3] = ["l0", "l1", "l2"];

fn text(dice: &mut Dice) -> Option<String> {
    let number = dice.below(1_000);
    match dice.below(24) {
        0 => Some(format!("broken {number}")),
        1 => Some(format!("tainted {number}")),
        2 => None,
        _ => Some(format!("good {number}")),
    }
}

impl History {
    fn shared(&self) -> &Shared {
        &self.world.shared
    }

    fn below(&self, end: usize) -> usize {
        self.shared().below(end)
    }

    fn per_mille(&self, cases: u32) -> bool {
        self.shared().per_mille(cases)
    }

    fn calendar(&self) -> &Calendar {
        &self.world.calendar
    }

    fn tell_setting(&self) {
        self.shared().tell(|| {
            let processors = self.shared().fixture.cascade.processors();
            let line = |p: &tidegate::flow::Processor| format!("\n      {} reads {:?}", p.writes, p.reads);
            format!(
                "dates {:?}, pipeline:{}",
                self.calendar().dates(),
                processors.iter().map(line).collect::<String>()
            )
        });
    }

    fn first_payloads(&self) {
        let mut payloads = self.shared().payloads();
        payloads.stamps_are_versions = self.per_mille(500);
        let spotless = self.per_mille(300);
        for source in SOURCES {
            for date in self.calendar().dates() {
                let text = text(&mut self.shared().dice());
                let text = if spotless { Some("good".to_owned()) } else { text };
                payloads.put(source, *date, text);
            }
        }
    }

    /// The dates of a request: all, or some.
    fn request(&self, all: bool) -> PlanRequest {
        let len = self.calendar().len();
        let from = if all { 0 } else { self.below(len) };
        let to = if all { len } else { from + 1 + self.below(len - from) };
        PlanRequest {
            dates: from..to,
            datasets: Vec::new(),
            force: !all && self.per_mille(150),
            on_demand: false,
        }
    }

    fn lane(&self) -> tidegate::flow::Lane {
        pipelines::lane(&mut self.shared().dice())
    }

    fn trouble(&mut self) {
        let calm = self.per_mille(150);
        let below = |end| self.below(end);
        let trouble = if calm {
            Trouble { deliver_per_mille: 300, ..Trouble::default() }
        } else {
            Trouble {
                crashes_left: u32::try_from(below(4)).expect("few"),
                stalls_left: u32::try_from(below(3)).expect("few"),
                jumps_left: u32::try_from(below(6)).expect("few"),
                losses_left: u32::try_from(below(12)).expect("few"),
                repeats_left: u32::try_from(below(12)).expect("few"),
                per_mille: [2, 10, 30][below(3)],
                deliver_per_mille: [100, 300, 600][below(3)],
            }
        };
        let left = if calm { 0 } else { u32::try_from(below(8)).expect("few") };
        let per_mille = [5, 20, 60][below(3)];
        *self.shared().faults.lock().expect("one thread") = Faults { left, per_mille };
        self.world.trouble = trouble;
    }

    fn calm(&mut self) {
        *self.shared().faults.lock().expect("one thread") = Faults::default();
        self.world.trouble = Trouble { deliver_per_mille: 300, ..Trouble::default() };
    }

    /// Payloads change and files are damaged at some time while things go on.
    fn happenings(&mut self) {
        if self.per_mille(500) {
            for _ in 0..self.below(3) {
                let (source, date, text) = self.change();
                self.world.happenings.push(Box::new(move |shared| {
                    shared.count("restatements while work goes on");
                    shared.tell(|| format!("payload {source} {date} becomes {text:?}"));
                    shared.payloads().put(source, date, text);
                }));
            }
        }
        if self.per_mille(300) {
            for _ in 0..self.below(3) {
                let (which, damage) = (self.below(1_000), self.per_mille(500));
                self.world.happenings.push(Box::new(move |shared| harm(shared, which, damage)));
            }
        }
    }

    fn change(&self) -> (&'static str, Date, Option<String>) {
        let source = SOURCES[self.below(SOURCES.len())];
        let date = self.calendar().date(self.below(self.calendar().len()));
        (source, date, text(&mut self.shared().dice()))
    }

    fn first_runs(&mut self) {
        self.trouble();
        self.happenings();
        let all = self.per_mille(700);
        let request = self.request(all);
        let lane = self.lane();
        self.world.errands.push_back(Errand::Run(request, lane));
        while self.per_mille(250) {
            let (request, lane) = (self.request(false), self.lane());
            self.world.errands.push_back(Errand::Run(request, lane));
        }
        self.go_on();
    }

    fn go_on(&mut self) {
        self.world.run_until_quiet();
        self.check_nothing_is_stuck();
    }

    fn rounds(&mut self) {
        for _ in 0..self.below(4) {
            self.trouble();
            if self.per_mille(400) {
                self.happenings();
            }
            let letters = self.open_letters();
            match self.below(5) {
                0 => self.mend_and_replay(&letters),
                1 => self.accept_one(&letters),
                2 => self.replay_some(&letters),
                3 => {
                    let (source, date, text) = self.change();
                    self.shared().tell(|| format!("payload {source} {date} becomes {text:?}"));
                    self.shared().payloads().put(source, date, text);
                    let all = self.per_mille(700);
                    self.ask_to_run(all);
                }
                _ => self.ask_to_run(false),
            }
            self.go_on();
        }
    }

    fn ask_to_run(&mut self, all: bool) {
        let (request, lane) = (self.request(all), self.lane());
        self.world.errands.push_back(Errand::Run(request, lane));
    }

    fn mend_and_replay(&mut self, letters: &[DeadLetter]) {
        self.mend();
        let lane = self.lane();
        let ids = letters.iter().map(|letter| letter.id).collect();
        self.world.errands.push_back(Errand::Replay { ids, force: true, lane });
    }

    /// Every payload becomes good.
    fn mend(&self) {
        let mut payloads = self.shared().payloads();
        self.shared().tell(|| "all payloads are mended".to_owned());
        for source in SOURCES {
            for date in self.calendar().dates() {
                let good = payloads.get(source, *date).is_some_and(|(text, _)| text.starts_with("good"));
                if !good {
                    payloads.put(source, *date, Some("good and mended".to_owned()));
                }
            }
        }
    }

    fn accept_one(&mut self, letters: &[DeadLetter]) {
        let chosen = self.below(letters.len());
        if let Some(letter) = letters.get(chosen) {
            let lane = self.lane();
            self.world.errands.push_back(Errand::Accept { id: letter.id, lane });
        }
    }

    fn replay_some(&mut self, letters: &[DeadLetter]) {
        let mut ids: Vec<i64> = letters.iter().map(|letter| letter.id).collect();
        ids.retain(|_| self.per_mille(500));
        let (force, lane) = (self.per_mille(500), self.lane());
        self.world.errands.push_back(Errand::Replay { ids, force, lane });
    }

    fn open_letters(&self) -> Vec<DeadLetter> {
        now(self.world.ledger().dead_letters(true)).expect("dead letters")
    }

    fn records(&self) -> BTreeMap<Unit, UnitRecord> {
        let (_, changes) = now(self.world.ledger().changes_since(0)).expect("records");
        changes.into_iter().filter_map(|(unit, record)| Some((unit, record?))).collect()
    }

    /// In a quiet world each task has come to exactly one end, and what is held is held by the dead.
    fn check_nothing_is_stuck(&self) {
        let (ledger, shadow) = (self.world.ledger(), self.shared().shadow());
        for (id, shadowed) in &shadow.runs {
            let tasks = now(ledger.tasks(*id, None)).expect("tasks");
            for task in &tasks {
                assert!(task.state.is_final(), "{} of run {id} is stuck: {:?}", task.unit, task.state);
            }
            let record = now(ledger.run(*id)).expect("runs").expect("a run that was submitted");
            assert!(record.finished_at.is_some(), "run {id} has no end");
            let mut reached = BTreeSet::new();
            for unit in &shadowed.died {
                let at = self.calendar().index_of(unit.date).expect("a date of the calendar");
                let cascade = &self.shared().fixture.cascade;
                let exists =
                    |processor: &Processor, at: usize| processor.cadence.falls_on(self.calendar(), at);
                for (dataset, range) in cascade.reach(self.calendar(), exists, unit.dataset, at) {
                    reached.extend(range.map(|at| Unit { dataset, date: self.calendar().date(at) }));
                }
            }
            for task in tasks.iter().filter(|task| task.state == TaskState::Held) {
                assert!(reached.contains(&task.unit), "{} of run {id} is held by nothing", task.unit);
            }
        }
        shadow.check_published();
        drop(shadow);
        for letter in self.open_letters() {
            assert!(letter.published, "dead letter {} was never announced", letter.id);
        }
    }

    /// Calm, a full run, and then: everything as in the plain order, and nothing left to do.
    fn end(&mut self) {
        self.calm();
        if self.per_mille(400) {
            self.mend();
        }
        self.try_again_what_passed();
        self.remove_what_is_damaged();
        self.ask_to_run(true);
        self.go_on();
        // What was damaged may have killed dates that do not read it, but whose documents fall back to one that does.
        self.try_again_what_passed();
        let runs = self.shared().shadow().runs.len();
        self.ask_to_run(true);
        self.go_on();
        let more = self.shared().shadow().runs.len() - runs;
        assert_eq!(more, 0, "a second run found something to do");
        self.compare();
    }

    /// What a passing failure killed is given another try.
    fn try_again_what_passed(&mut self) {
        let ids: Vec<i64> =
            self.open_letters().iter().filter(|l| l.class != "permanent").map(|l| l.id).collect();
        if !ids.is_empty() {
            let lane = self.lane();
            self.world.errands.push_back(Errand::Replay { ids, force: true, lane });
            self.go_on();
        }
    }

    /// Files that are not what was recorded and that nobody has read since: somebody deletes them.
    fn remove_what_is_damaged(&self) {
        let records = self.records();
        for (unit, stored) in self.shared().lake.contents() {
            let recorded = records.get(&unit).and_then(|record| record.stored.as_ref());
            if recorded.is_some_and(|recorded| *recorded != stored) {
                self.shared().count("damaged files that nobody read");
                self.shared().tell(|| format!("the damaged file of {unit} is deleted"));
                self.shared().lake.lose(unit);
            }
        }
    }

    fn compare(&self) {
        let shared = self.shared();
        let payloads = shared.payloads();
        let gaps = shared.shadow().gaps.clone();
        let expected = reference(&shared.fixture.cascade, &self.world.calendar, &payloads, &gaps);
        let records = self.records();
        let letters: BTreeSet<Unit> = self.open_letters().iter().map(|letter| letter.unit).collect();
        for unit in &expected.dead {
            assert!(letters.contains(unit), "{unit} should be dead");
        }
        for unit in &letters {
            let rightly = expected.dead.contains(unit) || expected.held.contains(unit);
            assert!(rightly, "{unit} has a dead letter and no reason for it");
        }
        for (unit, (outcome, fingerprint, stored)) in &expected.records {
            let found = records.get(unit).unwrap_or_else(|| panic!("{unit} is not complete"));
            let found = (found.outcome, found.fingerprint, found.stored.clone());
            assert_eq!(
                found,
                (*outcome, *fingerprint, stored.clone()),
                "{unit} is not as in the plain order"
            );
        }
        let lake = shared.lake.contents();
        let settled = |units: &BTreeMap<Unit, Stored>| -> BTreeMap<Unit, Stored> {
            let unsettled = |unit: &Unit| expected.dead.contains(unit) || expected.held.contains(unit);
            units.iter().filter(|(unit, _)| !unsettled(unit)).map(|(u, s)| (*u, s.clone())).collect()
        };
        assert_eq!(settled(&lake), settled(&expected.lake), "the lake differs from the plain order's");
        expected.check_documents(&shared.objects.contents());
    }
}

fn harm(shared: &Shared, which: usize, damage: bool) {
    let units: Vec<Unit> = shared.lake.contents().into_keys().collect();
    if units.is_empty() {
        return;
    }
    let unit = units[which % units.len()];
    shared.tell(|| format!("the file of {unit} is {}", if damage { "damaged" } else { "deleted" }));
    shared.count("files harmed");
    if damage {
        shared.lake.damage(unit);
    } else {
        shared.lake.lose(unit);
    }
}
