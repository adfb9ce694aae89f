//! WHICH TASKS A RUN HAS. A run's plan is made when it is submitted, from the catalog alone: exactly the
//! units that are missing or out of date among those asked for, those whose inputs are in the plan, and
//! whatever is missing in their windows. Pure; printed by `tidegate plan`, carried out by `tidegate run`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use super::cascade::Cascade;
use super::catalog::Catalog;
use super::fingerprint::Fingerprint;
use super::names::DatasetName;
use super::processor::{Processor, Step};
use super::unit::Unit;

/// What a run is asked to bring up to date.
#[derive(Debug, Clone)]
pub struct PlanRequest {
    /// The dates, as places in the calendar.
    pub dates: Range<usize>,
    /// The datasets; all where empty.
    pub datasets: Vec<DatasetName>,
    /// Make everything asked for anew, even what is up to date, and try dead letters again.
    pub force: bool,
    /// Make the units of these dates too which exist on demand only, with those that are made together with them.
    pub on_demand: bool,
}

/// What the plan must know besides the catalog.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    /// The source's present stamp of each landed unit; no entry where the source has no payload.
    pub stamps: BTreeMap<Unit, String>,
    /// Complete units whose files are gone or cut.
    pub files_gone: BTreeSet<Unit>,
    /// Units with an open dead letter, and what they would have been made from; `None` where that does not
    /// keep them dead.
    pub dead: BTreeMap<Unit, Option<Fingerprint>>,
}

/// Why a unit is a task of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It was never complete.
    Missing,
    /// Its file is gone or cut.
    FileGone,
    /// Its processor's code revision is another.
    CodeChanged,
    /// The source has another payload for it.
    PayloadChanged,
    /// The content of a window is not what it was made from.
    InputsChanged,
    /// An input unit is a task of this run; if that comes out the same, nothing is computed.
    InputInPlan(DatasetName),
    /// It is made anew because somebody asked for it.
    Forced,
    /// It died on an input that has been put back to what the unit was made from: it will come out
    /// unchanged, which closes the dead letter and lets go of what it held.
    DeadLetterOpen,
    /// An unfinished run has it open, and it reads a task of this run or is read by one: it goes along, for
    /// a run waits for no other.
    TakenOver,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("not complete yet"),
            Self::FileGone => f.write_str("its file is gone or cut"),
            Self::CodeChanged => f.write_str("its processor has changed"),
            Self::PayloadChanged => f.write_str("the payload has changed"),
            Self::InputsChanged => f.write_str("what it reads has changed"),
            Self::InputInPlan(dataset) => write!(f, "reads {dataset}, which is in the plan"),
            Self::Forced => f.write_str("asked for"),
            Self::DeadLetterOpen => f.write_str("a dead letter of it is open, though it is up to date"),
            Self::TakenOver => f.write_str("taken over from an unfinished run"),
        }
    }
}

/// One task of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlannedTask {
    /// The unit.
    pub unit: Unit,
    /// Why.
    pub why: Why,
    /// Whether it is ready at once: no unit in its windows is a task of the run.
    pub ready: bool,
}

/// The plan of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The tasks, by date and then in the cascade's order.
    pub tasks: Vec<PlannedTask>,
    /// Units that stay dead: they would be made from the same as when they died.
    pub dead: Vec<Unit>,
    /// Units that stay held, because something in their windows stays dead.
    pub held: Vec<Unit>,
    /// How many units asked for are up to date.
    pub complete: usize,
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// No date of the calendar was asked for.
    #[error("the calendar has no date in the range that was asked for")]
    NoDates,
}

/// What is decided of a unit.
#[derive(Clone, Copy)]
enum Verdict {
    Untouched,
    Complete,
    Task(Why, bool),
    Dead,
    Held,
}

/// Makes the plan of a run.
pub fn plan(
    cascade: &Cascade,
    catalog: &Catalog,
    findings: &Findings,
    request: &PlanRequest,
) -> Result<Plan, PlanError> {
    if request.dates.is_empty() {
        return Err(PlanError::NoDates);
    }
    let wanted = wanted(cascade, catalog, request);
    let dates = catalog.calendar().len();
    let mut marks: BTreeMap<DatasetName, Marks> = BTreeMap::new();
    let mut verdicts = Vec::new();
    for (processor, wanted) in cascade.processors().iter().zip(&wanted) {
        let mut own = Marks::new(dates);
        for (at, wanted) in wanted.iter().enumerate() {
            let verdict = if *wanted {
                decide(processor, at, catalog, findings, request, &marks)
            } else {
                Verdict::Untouched
            };
            own.push(verdict);
            verdicts.push((at, processor.writes, verdict));
        }
        marks.insert(processor.writes, own);
    }
    verdicts.sort_by_key(|(at, _, _)| *at);
    let mut plan = Plan::default();
    for (at, dataset, verdict) in verdicts {
        let unit = Unit { dataset, date: catalog.calendar().date(at) };
        match verdict {
            Verdict::Untouched => {}
            Verdict::Complete => plan.complete += 1,
            Verdict::Task(why, ready) => plan.tasks.push(PlannedTask { unit, why, ready }),
            Verdict::Dead => plan.dead.push(unit),
            Verdict::Held => plan.held.push(unit),
        }
    }
    Ok(plan)
}

/// Which units matter, by processor in the cascade's order: those asked for, and whatever is missing in
/// the windows of one that matters.
fn wanted(cascade: &Cascade, catalog: &Catalog, request: &PlanRequest) -> Vec<Vec<bool>> {
    let calendar = catalog.calendar();
    let mut wanted = vec![vec![false; calendar.len()]; cascade.processors().len()];
    for (position, processor) in cascade.processors().iter().enumerate() {
        let asked_for = |dataset| request.datasets.is_empty() || request.datasets.contains(&dataset);
        let on_demand = request.on_demand && cascade.companions(processor.writes).into_iter().any(asked_for);
        for at in request.dates.clone() {
            wanted[position][at] = on_demand || asked_for(processor.writes) && catalog.exists(processor, at);
        }
    }
    for position in (0..wanted.len()).rev() {
        for input in cascade.processors()[position].reads {
            let Some(source) = cascade.position(input.dataset) else {
                continue;
            };
            let upstream = &cascade.processors()[source];
            // Windows only move forwards, so what was looked at for an earlier date is skipped.
            let mut seen = 0;
            for at in 0..calendar.len() {
                if !wanted[position][at] {
                    continue;
                }
                let window = input.window.inputs(calendar, at);
                let from = window.start.max(seen).min(window.end);
                for (reached, wanted) in (from..window.end).zip(&mut wanted[source][from..window.end]) {
                    let missing = catalog.get(input.dataset, reached).is_none();
                    *wanted |= missing && catalog.exists(upstream, reached);
                }
                seen = seen.max(window.end);
            }
        }
    }
    wanted
}

fn decide(
    processor: &Processor,
    at: usize,
    catalog: &Catalog,
    findings: &Findings,
    request: &PlanRequest,
    marks: &BTreeMap<DatasetName, Marks>,
) -> Verdict {
    let unit = Unit { dataset: processor.writes, date: catalog.calendar().date(at) };
    let windows = || {
        processor.reads.iter().filter_map(|input| {
            let marks = marks.get(&input.dataset)?;
            Some((input.dataset, marks, input.window.inputs(catalog.calendar(), at)))
        })
    };
    if windows().any(|(_, marks, window)| marks.blocked(window)) {
        return Verdict::Held;
    }
    let asked = request.force && request.dates.contains(&at);
    let in_plan = windows().find(|(_, marks, window)| marks.planned(window.clone()));
    if let Some((dataset, _, _)) = in_plan {
        let why = match catalog.get(processor.writes, at) {
            // These two have nothing to do with the inputs: unchanged ones would leave the unit as it is.
            Some(_) if asked => Why::Forced,
            Some(_) if findings.files_gone.contains(&unit) => Why::FileGone,
            Some(_) => Why::InputInPlan(dataset),
            None => Why::Missing,
        };
        return Verdict::Task(why, false);
    }
    let stamp = findings.stamps.get(&unit).map(String::as_str);
    let fingerprint = catalog.fingerprint(processor, at, stamp);
    if !asked && findings.dead.get(&unit) == Some(&Some(fingerprint)) {
        return Verdict::Dead;
    }
    let why = match catalog.get(processor.writes, at) {
        None => Why::Missing,
        Some(_) if asked => Why::Forced,
        Some(_) if findings.files_gone.contains(&unit) => Why::FileGone,
        Some(record) if record.code != processor.code => Why::CodeChanged,
        Some(record) if record.fingerprint != fingerprint => match processor.step {
            Step::Land { .. } => Why::PayloadChanged,
            Step::Compute { .. } | Step::Publish { .. } => Why::InputsChanged,
        },
        Some(_) if findings.dead.contains_key(&unit) => Why::DeadLetterOpen,
        Some(_) => return Verdict::Complete,
    };
    Verdict::Task(why, true)
}

/// Which dates of a dataset are tasks, and which stay dead or held, as running counts.
struct Marks {
    tasks: Vec<u32>,
    blocked: Vec<u32>,
}

impl Marks {
    fn new(dates: usize) -> Self {
        let counts = || {
            let mut counts = Vec::with_capacity(dates + 1);
            counts.push(0);
            counts
        };
        Self { tasks: counts(), blocked: counts() }
    }

    fn push(&mut self, verdict: Verdict) {
        let (task, blocked) = match verdict {
            Verdict::Untouched | Verdict::Complete => (0, 0),
            Verdict::Task(..) => (1, 0),
            Verdict::Dead | Verdict::Held => (0, 1),
        };
        let add = |counts: &mut Vec<u32>, more| counts.push(counts.last().copied().unwrap_or(0) + more);
        add(&mut self.tasks, task);
        add(&mut self.blocked, blocked);
    }

    fn planned(&self, window: Range<usize>) -> bool {
        self.tasks[window.end] > self.tasks[window.start]
    }

    fn blocked(&self, window: Range<usize>) -> bool {
        self.blocked[window.end] > self.blocked[window.start]
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::super::cadence::Cadence;
    use super::super::date::{Calendar, Date, Season};
    use super::super::fingerprint::Revision;
    use super::super::frame::Schema;
    use super::super::names::PipelineName;
    use super::super::outcome::{Computed, SkipReason};
    use super::super::processor::{Input, Pipeline, Presence};
    use super::super::record::{Stored, UnitRecord};
    use super::super::unit::{Outcome, RunId};
    use super::super::window::Window;
    use super::*;

    const A: DatasetName = DatasetName::of("t.a");
    const B: DatasetName = DatasetName::of("t.b");
    const C: DatasetName = DatasetName::of("t.c");

    const fn computed(writes: DatasetName, reads: &'static [Input]) -> Processor {
        let step = Step::Compute {
            schema: Schema { fields: &[], key: &[] },
            compute: |_| Ok(Computed::Skipped(SkipReason::Bootstrap)),
            decode: |_| Ok(Arc::new(())),
        };
        let cadence = Cadence::EveryDate;
        Processor { writes, summary: "", code: 1, cadence, slowest_seconds: 1, reads, step }
    }

    const fn input(dataset: DatasetName, window: Window) -> Input {
        Input { dataset, window, presence: Presence::Required }
    }

    const PIPELINE: Pipeline = Pipeline {
        name: PipelineName::of("t"),
        processors: &[
            Processor::land(A, "a", "a", Presence::Required),
            computed(B, &[input(A, Window::Days { back: 1, ahead: 1 })]),
            computed(C, &[input(A, Window::SameDate), input(B, Window::PreviousDates(2))]),
        ],
        calendar_source: "calendar",
        calendar: |_| Ok(Calendar::default()),
    };

    fn record(unit: Unit, fingerprint: Fingerprint) -> UnitRecord {
        let revision = Revision::of_bytes(unit.to_string().as_bytes());
        UnitRecord {
            unit,
            outcome: Outcome::Done,
            fingerprint,
            stored: Some(Stored { revision, digest: [0; 32], bytes: 1 }),
            rows_expected: 0,
            rows_written: 0,
            code: 1,
            run: RunId(1),
            attempt: 1,
            duration_ms: 0,
            finished_at: 0,
        }
    }

    const DATES: usize = 7;

    struct World {
        cascade: Cascade,
        catalog: Catalog,
        findings: Findings,
    }

    /// Everything complete and up to date, then: some forgotten, some with files gone, some payloads changed.
    fn world(
        forgotten: &BTreeSet<(usize, usize)>,
        gone: &BTreeSet<(usize, usize)>,
        changed: &[usize],
    ) -> World {
        let cascade = Cascade::of(&PIPELINE).expect("cascade");
        let days = (0..DATES).map(|at| (Date::from_days(at as i32), Season::starting(2020)));
        let calendar = Arc::new(Calendar::of(days).expect("calendar"));
        let mut catalog = Catalog::empty(&cascade, Arc::clone(&calendar));
        let mut findings = Findings::default();
        for processor in cascade.processors() {
            for at in 0..DATES {
                let unit = Unit { dataset: processor.writes, date: calendar.date(at) };
                let fingerprint = catalog.fingerprint(processor, at, Some("old"));
                catalog.put(unit, Some(record(unit, fingerprint)));
                if unit.dataset == A {
                    let stamp = if changed.contains(&at) { "new" } else { "old" };
                    findings.stamps.insert(unit, stamp.to_owned());
                }
            }
        }
        let unit = |(position, at): &(usize, usize)| Unit {
            dataset: cascade.processors()[*position].writes,
            date: calendar.date(*at),
        };
        findings.files_gone = gone.iter().filter(|place| place.0 > 0).map(unit).collect();
        forgotten.iter().for_each(|place| catalog.put(unit(place), None));
        World { cascade, catalog, findings }
    }

    #[test]
    fn nothing_is_planned_where_all_is_up_to_date() {
        let World { cascade, catalog, findings } = world(&BTreeSet::new(), &BTreeSet::new(), &[]);
        let request = PlanRequest { dates: 0..DATES, datasets: Vec::new(), force: false, on_demand: false };
        let plan = plan(&cascade, &catalog, &findings, &request).expect("plan");
        assert_eq!((plan.tasks.len(), plan.complete), (0, 3 * DATES));
    }

    proptest! {
        /// A unit is a task exactly when it is missing, its file is gone, its payload changed, or a unit
        /// in its windows is a task; ready when none is. What is gone is made anew whatever its inputs do.
        #[test]
        fn the_plan_is_what_the_plain_definition_says(
            forgotten in prop::collection::btree_set((0usize..3, 0usize..DATES), 0..6),
            gone in prop::collection::btree_set((1usize..3, 0usize..DATES), 0..4),
            changed in prop::collection::vec(0usize..DATES, 0..3),
        ) {
            let World { cascade, catalog, findings } = world(&forgotten, &gone, &changed);
            let request = PlanRequest { dates: 0..DATES, datasets: Vec::new(), force: false, on_demand: false };
            let plan = plan(&cascade, &catalog, &findings, &request).expect("plan");
            let mut expected: BTreeMap<Unit, bool> = BTreeMap::new();
            for processor in cascade.processors() {
                for at in 0..DATES {
                    let unit = Unit { dataset: processor.writes, date: catalog.calendar().date(at) };
                    let waits = processor.reads.iter().any(|input| {
                        let mut window = input.window.inputs(catalog.calendar(), at);
                        window.any(|at| {
                            let date = catalog.calendar().date(at);
                            expected.contains_key(&Unit { dataset: input.dataset, date })
                        })
                    });
                    let missing = catalog.get(unit.dataset, at).is_none();
                    let payload_changed = unit.dataset == A && changed.contains(&at);
                    if waits || missing || payload_changed || findings.files_gone.contains(&unit) {
                        expected.insert(unit, !waits);
                    }
                }
            }
            let found: BTreeMap<Unit, bool> = plan.tasks.iter().map(|task| (task.unit, task.ready)).collect();
            prop_assert_eq!(found, expected);
            for task in &plan.tasks {
                let at = catalog.calendar().index_of(task.unit.date).expect("a date");
                let is_there = catalog.get(task.unit.dataset, at).is_some();
                if is_there && findings.files_gone.contains(&task.unit) {
                    prop_assert_eq!(task.why, Why::FileGone);
                }
            }
        }
    }
}
