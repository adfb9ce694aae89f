//! Runs: planning, submitting, replaying, accepting gaps, and going on after a restart.
//! Which tasks a run has is decided by `flow::plan`; here are its surroundings.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, TryStreamExt, stream};

use super::attempt::remove;
use super::compute::Trouble;
use super::engine::{Engine, Tenancy};
use super::ports::{DeadLetter, LedgerError, NewRun};
use super::{dead_letter, gate, traces};
use crate::flow::{
    DatasetName, Date, Failure, Findings, Lane, Plan, PlanError, PlanRequest, PlannedTask, RunId, Step,
    TaskState, Unit, Why, plan,
};

/// Why a run was not submitted.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// There is nothing to plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A port failed.
    #[error(transparent)]
    Port(#[from] Failure),
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// There is no such open dead letter.
    #[error("there is no open dead letter {0}; `tidegate dead-letters list` shows those there are")]
    NoDeadLetter(i64),
    /// It would die again.
    #[error(
        "dead letter {id} ({unit}) would die again: its inputs and code are the same as when it died ({code}); \
         mend its input first, or use --force"
    )]
    WouldDieAgain {
        /// The dead letter.
        id: i64,
        /// Its unit.
        unit: Unit,
        /// Its reason.
        code: String,
    },
}

/// How a run is to be called and treated.
#[derive(Debug, Clone)]
pub struct RunTitle {
    /// Its name for people and in files.
    pub name: String,
    /// `day`, `backfill`, `replay` or `restatement`.
    pub kind: String,
    /// Its lane.
    pub lane: Lane,
}

/// How many datasets are listed at a time: a lake that is far away answers each after a while.
const LISTINGS_AT_A_TIME: usize = 16;

/// Looks at the sources, the lake and the ledger: what a plan must know besides the catalog.
pub async fn findings(engine: &Engine) -> Result<Findings, RunError> {
    engine.refresh_catalog().await?;
    let mut findings = Findings::default();
    let mut computed = Vec::new();
    for processor in engine.cascade.processors() {
        let dataset = processor.writes;
        match processor.step {
            Step::Land { source, .. } => {
                for date in engine.calendar.dates() {
                    if let Some(stamp) = engine.ports.source.stamp(source, *date).await?.into_stamp() {
                        findings.stamps.insert(Unit { dataset, date: *date }, stamp);
                    }
                }
            }
            // What was published lies outside; whoever takes it away may ask for it again.
            Step::Publish { .. } => {}
            Step::Compute { .. } => computed.push(dataset),
        }
    }
    let listings = computed.into_iter().map(|dataset| async move {
        let present = engine.ports.lake.present(dataset).await.map_err(Failure::from)?;
        Ok::<_, Failure>((dataset, present))
    });
    let mut listings = stream::iter(listings).buffered(LISTINGS_AT_A_TIME);
    while let Some((dataset, present)) = listings.try_next().await? {
        for (_, record) in engine.catalog().complete(dataset) {
            let bytes = record.stored.as_ref().map(|stored| stored.bytes);
            if bytes.is_some() && present.get(&record.unit.date).copied() != bytes {
                findings.files_gone.insert(record.unit);
            }
        }
    }
    for letter in engine.ports.ledger.dead_letters(true).await? {
        findings.dead.insert(letter.unit, letter.fingerprint);
    }
    Ok(findings)
}

/// The plan of a run that brings what was asked for up to date.
pub async fn make_plan(engine: &Engine, request: &PlanRequest) -> Result<Plan, RunError> {
    let findings = findings(engine).await?;
    Ok(plan(&engine.cascade, &engine.catalog(), &findings, request)?)
}

/// The plan with what its run would take over from unfinished runs, were it submitted now. For whoever asks
/// beforehand: a submission looks at that moment.
pub async fn with_taken_over(engine: &Engine, plan: Plan) -> Result<Plan, RunError> {
    Ok(Plan { tasks: with_open_neighbours(engine, &plan.tasks).await?, ..plan })
}

/// Submits a plan and sends the first work orders. `None` where there is nothing to do.
pub async fn submit(engine: &Engine, plan: &Plan, title: RunTitle) -> Result<Option<RunId>, RunError> {
    open_what_was_left(engine).await?;
    submit_tasks(engine, &plan.tasks, title, &[]).await
}

/// Sends the work orders of runs whose submission failed in between: they are in the ledger, and whoever
/// asked for them was told of the failure and asks again, perhaps for less, as some of it is done by then.
async fn open_what_was_left(engine: &Engine) -> Result<(), RunError> {
    for run in engine.ports.ledger.runs(true).await? {
        if run.pipeline == engine.cascade.pipeline().as_str() && !engine.has_opened_gates(run.id) {
            gate::open_again(engine, run.id).await?;
        }
    }
    Ok(())
}

async fn submit_tasks(
    engine: &Engine,
    tasks: &[PlannedTask],
    title: RunTitle,
    replays: &[&DeadLetter],
) -> Result<Option<RunId>, RunError> {
    let ledger = &engine.ports.ledger;
    loop {
        let latest = ledger.runs(false).await?.first().map_or(0, |run| run.id.0);
        let Some(run) = new_run(engine, tasks, &title, replays).await? else {
            return Ok(None);
        };
        let dates: BTreeSet<Date> = run.tasks.iter().map(|(unit, _)| unit.date).collect();
        let id = ledger.submit(run).await?;
        let _begun = begin_traces(engine, id, dates, replays).await?;
        // Where another process has submitted between the look at what is open and this, neither run knows of the
        // other, and one might not wait for what it reads of the other. A further run takes both over.
        if engine.tenancy == Tenancy::Alone || id.0 == latest + 1 {
            gate::open_again(engine, id).await?;
            return Ok(Some(id));
        }
        tracing::warn!(run = %id, "another run was submitted at the same time; this one is submitted again");
    }
}

/// Begins the traces of a run that has just been submitted; they go back to what a replay takes up.
async fn begin_traces(
    engine: &Engine,
    run: RunId,
    dates: BTreeSet<Date>,
    replays: &[&DeadLetter],
) -> Result<Vec<tracing::Span>, RunError> {
    if engine.sampling.is_none() {
        return Ok(Vec::new());
    }
    let links: Vec<_> =
        replays.iter().filter_map(|letter| Some((letter.unit.date, letter.trace.as_ref()?))).collect();
    let record = engine.ports.ledger.run(run).await?;
    Ok(record.map_or_else(Vec::new, |record| traces::begin_dates(engine, &record, dates, &links)))
}

/// A run of these tasks and what hangs together with them; `None` where there are none.
async fn new_run(
    engine: &Engine,
    tasks: &[PlannedTask],
    title: &RunTitle,
    replays: &[&DeadLetter],
) -> Result<Option<NewRun>, RunError> {
    let tasks = with_open_neighbours(engine, tasks).await?;
    let dates = || tasks.iter().map(|task| task.unit.date);
    let (Some(first), Some(last)) = (dates().min(), dates().max()) else {
        return Ok(None);
    };
    let anew = tasks.iter().filter(|task| matches!(task.why, Why::FileGone | Why::Forced));
    Ok(Some(NewRun {
        pipeline: engine.cascade.pipeline().as_str().to_owned(),
        name: title.name.clone(),
        kind: title.kind.clone(),
        lane: title.lane,
        dates: first..=last,
        tasks: tasks
            .iter()
            .map(|task| (task.unit, if task.ready { TaskState::Ready } else { TaskState::Waiting }))
            .collect(),
        replays: replays.iter().map(|letter| letter.id).collect(),
        forget: anew.map(|task| task.unit).collect(),
        submitted_at: engine.ports.clock.now(),
    }))
}

/// These tasks, and with them the open tasks of unfinished runs that hang together with them: those that
/// depend on one of them, for what they wait for is taken over by the new run, and those that one of them
/// reads, for the new run would not wait for another one's.
async fn with_open_neighbours(
    engine: &Engine,
    tasks: &[PlannedTask],
) -> Result<Vec<PlannedTask>, LedgerError> {
    let place = |unit: Unit| Some((unit.dataset, engine.calendar.index_of(unit.date)?));
    let mut open = BTreeSet::new();
    for run in engine.ports.ledger.runs(true).await? {
        let of_run = engine.ports.ledger.tasks(run.id, None).await?;
        open.extend(of_run.iter().filter(|task| !task.state.is_final()).filter_map(|task| place(task.unit)));
    }
    let mut chosen: BTreeSet<Place> = tasks.iter().filter_map(|task| place(task.unit)).collect();
    open.retain(|place| !chosen.contains(place));
    let mut all = tasks.to_vec();
    while !open.is_empty() {
        let windows: BTreeSet<Place> = chosen.iter().flat_map(|key| read_by(engine, *key)).collect();
        let joins = |key: &Place| windows.contains(key) || reads_any(engine, *key, &chosen);
        let joining: Vec<Place> = open.iter().copied().filter(joins).collect();
        if joining.is_empty() {
            break;
        }
        for (dataset, at) in joining {
            let unit = engine.unit(dataset, at);
            all.push(PlannedTask { unit, why: Why::TakenOver, ready: false });
            open.remove(&(dataset, at));
            chosen.insert((dataset, at));
        }
    }
    for task in &mut all {
        task.ready = place(task.unit).is_none_or(|place| !reads_any(engine, place, &chosen));
    }
    all.sort_by_key(|task| (task.unit.date, engine.cascade.position(task.unit.dataset)));
    Ok(all)
}

/// All units in a unit's windows.
fn read_by(engine: &Engine, (dataset, at): Place) -> impl Iterator<Item = Place> {
    let reads = engine.cascade.processor(dataset).map_or(&[][..], |processor| processor.reads);
    reads.iter().flat_map(move |input| {
        input.window.inputs(&engine.calendar, at).map(move |place| (input.dataset, place))
    })
}

/// Goes on where an earlier process stopped: publishes what was committed and not published, and sends the
/// work orders of every unfinished run again. `exclusive` says that no other process can have this
/// home open, so that what is claimed was claimed by a process that is gone. Answers with those runs.
pub async fn recover(engine: &Engine, exclusive: bool) -> Result<Vec<RunId>, RunError> {
    let ledger = &engine.ports.ledger;
    if exclusive {
        let released = ledger.release_claims().await?;
        if released > 0 {
            tracing::info!(released, "tasks of a process that is gone are ready again");
        }
    }
    engine.refresh_catalog().await?;
    let (numbers, completions): (Vec<_>, Vec<_>) = ledger.outbox().await?.into_iter().unzip();
    if !completions.is_empty() {
        traces::publish_left(engine, completions).await?;
        ledger.mark_published(&numbers).await?;
    }
    for letter in ledger.dead_letters(true).await? {
        if !letter.published {
            dead_letter::publish(engine, &letter).await?;
        }
    }
    let mut runs = Vec::new();
    for run in ledger.runs(true).await? {
        if run.pipeline == engine.cascade.pipeline().as_str() {
            gate::open_again(engine, run.id).await?;
            runs.push(run.id);
        }
    }
    Ok(runs)
}

/// Replays open dead letters: a run of them, of whatever upstream of them has changed, and of all that
/// they hold. One run for each name of a run in which they died, so that files end as if nothing had failed.
pub async fn replay(engine: &Engine, ids: &[i64], force: bool, lane: Lane) -> Result<Vec<RunId>, RunError> {
    open_what_was_left(engine).await?;
    let mut findings = findings(engine).await?;
    let letters = chosen(engine, ids).await?;
    for letter in &letters {
        findings.dead.insert(letter.unit, None);
    }
    let plan = plan_everything(engine, &findings)?;
    if !force {
        refuse_what_would_die_again(engine, &findings, &plan, &letters)?;
    }
    let mut by_name: BTreeMap<&str, Vec<&DeadLetter>> = BTreeMap::new();
    for letter in &letters {
        by_name.entry(&letter.run_name).or_default().push(letter);
    }
    let mut runs = Vec::new();
    for (name, letters) in by_name {
        let units: Vec<Unit> = letters.iter().map(|letter| letter.unit).collect();
        let tasks = tasks_around(engine, &plan, &units).await?;
        let title = RunTitle { name: name.to_owned(), kind: "replay".to_owned(), lane };
        runs.extend(submit_tasks(engine, &tasks, title, &letters).await?);
    }
    Ok(runs)
}

/// Accepts an open dead letter as a gap: what it held runs without it.
pub async fn accept(engine: &Engine, id: i64, lane: Lane) -> Result<Option<RunId>, RunError> {
    open_what_was_left(engine).await?;
    let letter = chosen(engine, &[id]).await?.remove(0);
    let before = findings(engine).await?;
    let fingerprint = match (letter.fingerprint, engine.cascade.processor(letter.unit.dataset)) {
        (Some(fingerprint), _) => fingerprint,
        (None, Some(processor)) => {
            let stamp = before.stamps.get(&letter.unit).map(String::as_str);
            let at = engine.calendar.index_of(letter.unit.date).ok_or(PlanError::NoDates)?;
            engine.catalog().fingerprint(processor, at, stamp)
        }
        (None, None) => return Err(RunError::NoDeadLetter(id)),
    };
    // Before it is a gap: whatever an earlier run wrote for it is not what a gap holds.
    remove(engine, letter.unit).await.map_err(Trouble::into_failure)?;
    if !engine.ports.ledger.accept(id, fingerprint, engine.ports.clock.now()).await? {
        return Err(RunError::NoDeadLetter(id));
    }
    let findings = findings(engine).await?;
    let plan = plan_everything(engine, &findings)?;
    let tasks = tasks_around(engine, &plan, &[letter.unit]).await?;
    let title = RunTitle { name: letter.run_name, kind: "replay".to_owned(), lane };
    submit_tasks(engine, &tasks, title, &[]).await
}

async fn chosen(engine: &Engine, ids: &[i64]) -> Result<Vec<DeadLetter>, RunError> {
    let open = engine.ports.ledger.dead_letters(true).await?;
    let find =
        |id: &i64| open.iter().find(|letter| letter.id == *id).cloned().ok_or(RunError::NoDeadLetter(*id));
    ids.iter().map(find).collect()
}

fn plan_everything(engine: &Engine, findings: &Findings) -> Result<Plan, PlanError> {
    let request =
        PlanRequest { dates: 0..engine.calendar.len(), datasets: Vec::new(), force: false, on_demand: false };
    plan(&engine.cascade, &engine.catalog(), findings, &request)
}

fn refuse_what_would_die_again(
    engine: &Engine,
    findings: &Findings,
    plan: &Plan,
    letters: &[DeadLetter],
) -> Result<(), RunError> {
    let catalog = engine.catalog();
    for letter in letters.iter().filter(|letter| letter.class == "permanent") {
        let unchanged_inputs = plan.tasks.iter().any(|task| task.unit == letter.unit && task.ready);
        let (Some(at), Some(processor)) =
            (engine.calendar.index_of(letter.unit.date), engine.cascade.processor(letter.unit.dataset))
        else {
            continue;
        };
        let stamp = findings.stamps.get(&letter.unit).map(String::as_str);
        if unchanged_inputs && letter.fingerprint == Some(catalog.fingerprint(processor, at, stamp)) {
            return Err(RunError::WouldDieAgain {
                id: letter.id,
                unit: letter.unit,
                code: letter.code.clone(),
            });
        }
    }
    Ok(())
}

/// A unit by its place in the calendar.
type Place = (DatasetName, usize);

/// Of a plan of everything: the tasks that these units need, they themselves, and what depends on either,
/// as far as it was ever asked for (it is complete, dead or held).
async fn tasks_around(engine: &Engine, plan: &Plan, units: &[Unit]) -> Result<Vec<PlannedTask>, RunError> {
    let place = |unit: Unit| Some((unit.dataset, engine.calendar.index_of(unit.date)?));
    let planned: BTreeMap<Place, Why> =
        plan.tasks.iter().filter_map(|task| Some((place(task.unit)?, task.why))).collect();
    let asked_for = asked_for(engine).await?;
    let mut chosen: BTreeSet<Place> = units.iter().filter_map(|unit| place(*unit)).collect();
    let mut before = 0;
    // What depends on a chosen one may need others in turn: a unit that is missing for another reason.
    while chosen.len() > before {
        before = chosen.len();
        chosen = needed(engine, &planned, chosen.into_iter().collect());
        for processor in engine.cascade.processors() {
            for at in 0..engine.calendar.len() {
                let key = (processor.writes, at);
                let counts = planned.contains_key(&key) && asked_for.contains(&key);
                if counts && reads_any(engine, key, &chosen) {
                    chosen.insert(key);
                }
            }
        }
    }
    chosen.retain(|key| planned.contains_key(key));
    let position = |(dataset, at): &Place| (*at, engine.cascade.position(*dataset));
    let mut places: Vec<Place> = chosen.iter().copied().collect();
    places.sort_by_key(position);
    let task = |key: Place| PlannedTask {
        unit: engine.unit(key.0, key.1),
        why: planned[&key],
        ready: !reads_any(engine, key, &chosen),
    };
    Ok(places.into_iter().map(task).collect())
}

/// These units, and whatever is planned in their windows, directly or not.
fn needed(engine: &Engine, planned: &BTreeMap<Place, Why>, units: Vec<Place>) -> BTreeSet<Place> {
    let mut chosen: BTreeSet<Place> = units.iter().copied().collect();
    let mut others: BTreeSet<Place> = planned.keys().filter(|key| !chosen.contains(key)).copied().collect();
    let mut left = units;
    while let Some((dataset, at)) = left.pop() {
        let reads = engine.cascade.processor(dataset).map_or(&[][..], |processor| processor.reads);
        for input in reads {
            let window = input.window.inputs(&engine.calendar, at);
            let window = (input.dataset, window.start)..(input.dataset, window.end);
            let found: Vec<Place> = others.range(window).copied().collect();
            for place in found {
                others.remove(&place);
                chosen.insert(place);
                left.push(place);
            }
        }
    }
    chosen
}

/// A plan's tasks in two: those of `from` on with all that they wait for, and the others.
pub(super) fn apart(
    engine: &Engine,
    tasks: Vec<PlannedTask>,
    from: Date,
) -> (Vec<PlannedTask>, Vec<PlannedTask>) {
    let place = |unit: Unit| Some((unit.dataset, engine.calendar.index_of(unit.date)?));
    let planned: BTreeMap<Place, Why> =
        tasks.iter().filter_map(|task| Some((place(task.unit)?, task.why))).collect();
    let recent = tasks.iter().filter(|task| task.unit.date >= from).filter_map(|task| place(task.unit));
    let needed = needed(engine, &planned, recent.collect());
    tasks.into_iter().partition(|task| place(task.unit).is_some_and(|place| needed.contains(&place)))
}

/// Whether a unit has any of the chosen ones in its windows.
fn reads_any(engine: &Engine, (dataset, at): Place, chosen: &BTreeSet<Place>) -> bool {
    let reads = engine.cascade.processor(dataset).map_or(&[][..], |processor| processor.reads);
    reads.iter().any(|input| {
        let window = input.window.inputs(&engine.calendar, at);
        chosen.range((input.dataset, window.start)..(input.dataset, window.end)).next().is_some()
    })
}

/// Units that are complete, or whose latest task is dead or held.
async fn asked_for(engine: &Engine) -> Result<BTreeSet<(DatasetName, usize)>, LedgerError> {
    let mut units = BTreeSet::new();
    {
        let catalog = engine.catalog();
        for dataset in engine.cascade.datasets() {
            units.extend(catalog.complete(dataset).map(|(at, _)| (dataset, at)));
        }
    }
    for run in engine.ports.ledger.runs(false).await? {
        let unsettled = [TaskState::Dead, TaskState::Held];
        if unsettled.iter().all(|state| run.tasks.get(state).copied().unwrap_or(0) == 0) {
            continue;
        }
        for task in engine.ports.ledger.tasks(run.id, None).await? {
            if unsettled.contains(&task.state) {
                units.extend(engine.calendar.index_of(task.unit.date).map(|at| (task.unit.dataset, at)));
            }
        }
    }
    Ok(units)
}
