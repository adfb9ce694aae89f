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
        if request.datasets.is_empty() || request.datasets.contains(&processor.writes) {
            wanted[position][request.dates.clone()].fill(true);
        }
    }
    for position in (0..wanted.len()).rev() {
        for input in cascade.processors()[position].reads {
            let Some(source) = cascade.position(input.dataset) else {
                continue;
            };
            // Windows only move forwards, so what was looked at for an earlier date is skipped.
            let mut seen = 0;
            for at in 0..calendar.len() {
                if !wanted[position][at] {
                    continue;
                }
                let window = input.window.inputs(calendar, at);
                let from = window.start.max(seen).min(window.end);
                for (reached, wanted) in (from..window.end).zip(&mut wanted[source][from..window.end]) {
                    *wanted |= catalog.get(input.dataset, reached).is_none();
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
            Step::Compute { .. } => Why::InputsChanged,
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
