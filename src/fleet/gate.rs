//! The gates at work: completions come in, ready units become work orders. The rule itself is
//! `flow::Gate`; here are only its surroundings: the ledger that remembers, the messages that go out.
//! A closed gate acknowledges; what it was told is in the ledger, and it can be made anew from there.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Range, RangeInclusive};

use super::engine::{Engine, Tenancy};
use super::ports::{TaskRecord, Traced};
use super::traces::{self, Heard, RunTraces};
use crate::flow::{
    Completion, DatasetName, Date, Failure, Gate, Input, Lane, Processor, RunId, TaskState, Unit, WorkOrder,
};

/// Completions of inputs have come in for the gate of `reader`. On return they may be acknowledged.
pub async fn arrive(
    engine: &Engine,
    reader: DatasetName,
    completions: &[Traced<Completion>],
) -> Result<(), Failure> {
    let Some(processor) = engine.cascade.processor(reader) else {
        return Ok(());
    };
    let mut by_run: BTreeMap<RunId, (Vec<Arrival>, Vec<Heard>)> = BTreeMap::new();
    for completion in completions {
        let Completion { run, unit, attempt, .. } = completion.message;
        engine.meet(unit.date);
        let (arrivals, heard) = by_run.entry(run).or_default();
        if let Some(at) = engine.calendar.index_of(unit.date) {
            arrivals.push((unit.dataset, at, attempt));
            heard.extend(Heard::of(engine, reader, at, completion));
        }
    }
    for (run, (arrivals, heard)) in by_run {
        let answered = answer(engine, processor, run, arrivals, &heard).await;
        if let Err(failure) = &answered {
            heard.iter().for_each(|heard| heard.failed(failure));
        }
        answered?;
    }
    Ok(())
}

/// Answers the completions of a run.
async fn answer(
    engine: &Engine,
    processor: &Processor,
    run: RunId,
    arrivals: Vec<Arrival>,
    heard: &[Heard],
) -> Result<(), Failure> {
    let reader = processor.writes;
    let Some(slot) = engine.gate_slot(run, reader) else {
        return Ok(());
    };
    let mut slot = slot.lock().await;
    let opened = match &mut *slot {
        Some(kept) => {
            let mut ready = Vec::new();
            for (dataset, at, attempt) in arrivals {
                // An older completion of a unit that was reopened since says nothing.
                if kept.attempts_least.get(&(dataset, at)).is_none_or(|least| attempt >= *least) {
                    ready.extend(kept.gate.finished(&engine.calendar, dataset, at));
                }
            }
            Some((Opener { run, lane: kept.lane, traces: kept.traces, heard }, ready, Vec::new()))
        }
        None => match open(engine, processor, run, &Part::told_of(engine, processor, &arrivals)).await? {
            Some(Opened { open, ready, mut unclaimed }) => {
                let opener = Opener { run, lane: open.lane, traces: open.traces, heard };
                *slot = kept(engine, open);
                if engine.tenancy == Tenancy::Shared {
                    // As this is done at every arrival: only what an earlier, failed arrival of these
                    // same units can have left unsent, here or in another process.
                    unclaimed.retain(|at| reads_any(engine, processor, *at, &arrivals));
                    engine.retain_unsent(run, reader, &mut unclaimed);
                }
                Some((opener, ready, unclaimed))
            }
            None => None,
        },
    };
    if let Some((opener, ready, unclaimed)) = opened {
        let sent = send(engine, processor, opener, &ready, &unclaimed).await;
        if sent.is_err() {
            // The gate in memory is ahead of the ledger: the next message makes it anew.
            *slot = None;
        }
        sent?;
    }
    Ok(())
}

/// Opens every gate of a run: at its submission, after a restart, and after a unit was reopened. Sends the
/// work orders of all units that are ready and not claimed.
pub(super) async fn open_again(engine: &Engine, run: RunId) -> Result<(), Failure> {
    engine.forget_gates(run);
    for processor in engine.cascade.processors() {
        let Some(slot) = engine.gate_slot(run, processor.writes) else {
            return Ok(());
        };
        let mut slot = slot.lock().await;
        if let Some(opened) = open(engine, processor, run, &Part::whole(engine)).await? {
            let Opened { open, ready, unclaimed } = opened;
            let opener = Opener { run, lane: open.lane, traces: open.traces, heard: &[] };
            send(engine, processor, opener, &ready, &unclaimed).await?;
            *slot = kept(engine, open);
        }
    }
    engine.gates_opened(run);
    Ok(())
}

/// A unit's dataset and place in the calendar, and the attempt that finished it.
type Arrival = (DatasetName, usize, u32);

fn reads_any(engine: &Engine, processor: &Processor, at: usize, arrivals: &[Arrival]) -> bool {
    processor.reads.iter().any(|input| {
        let window = input.window.inputs(&engine.calendar, at);
        arrivals.iter().any(|(dataset, place, _)| *dataset == input.dataset && window.contains(place))
    })
}

/// A gate in memory.
pub(super) struct OpenGate {
    lane: Lane,
    traces: RunTraces,
    gate: Gate,
    /// Pending units of inputs that were tried before: the number of the attempt that may finish each.
    attempts_least: BTreeMap<(DatasetName, usize), u32>,
}

/// What stays in memory of a gate: nothing where other processes hear of some of the completions.
fn kept(engine: &Engine, gate: OpenGate) -> Option<OpenGate> {
    match engine.tenancy {
        Tenancy::Alone => Some(gate),
        Tenancy::Shared => None,
    }
}

struct Opened {
    open: OpenGate,
    ready: Vec<usize>,
    unclaimed: Vec<usize>,
}

/// The part of a gate that is looked at.
struct Part {
    /// Units of the processor.
    units: Range<usize>,
    /// All dates of the ledger that are between those of their windows, those that the calendar does not have included.
    dates: RangeInclusive<Date>,
}

impl Part {
    /// All of it.
    fn whole(engine: &Engine) -> Self {
        Self::of(engine, &[], 0..engine.calendar.len())
    }

    /// What these arrivals can have made ready; all of it where the gate is kept.
    fn told_of(engine: &Engine, processor: &Processor, arrivals: &[Arrival]) -> Self {
        let told = arrivals.iter().flat_map(|(dataset, at, _)| {
            let inputs = processor.reads.iter().filter(move |input| input.dataset == *dataset);
            inputs.map(|input| input.window.dependents(&engine.calendar, *at))
        });
        match (engine.tenancy, told.reduce(|one, other| one.start.min(other.start)..one.end.max(other.end))) {
            (Tenancy::Shared, Some(units)) => Self::of(engine, processor.reads, units),
            (Tenancy::Shared | Tenancy::Alone, _) => Self::whole(engine),
        }
    }

    fn of(engine: &Engine, reads: &[Input], units: Range<usize>) -> Self {
        let calendar = &engine.calendar;
        // Windows move forwards: the first unit's begin first, the last one's end last.
        let (first, last) = (units.start, units.end.saturating_sub(1).max(units.start));
        let (mut from, mut to) = (first, units.end);
        for window in reads.iter().map(|input| input.window).filter(|_| last < calendar.len()) {
            from = from.min(window.inputs(calendar, first).start);
            to = to.max(window.inputs(calendar, last).end);
        }
        let after_the_one_before = match from.checked_sub(1) {
            Some(before) => calendar.date(before).plus_days(1),
            None => Date::from_days(i32::MIN),
        };
        let before_the_next =
            if to < calendar.len() { calendar.date(to).plus_days(-1) } else { Date::from_days(i32::MAX) };
        Self { units, dates: after_the_one_before..=before_the_next }
    }
}

/// Makes a part of a gate from the ledger; `None` for a run that is over or unknown.
async fn open(
    engine: &Engine,
    processor: &Processor,
    run: RunId,
    part: &Part,
) -> Result<Option<Opened>, Failure> {
    let ledger = &engine.ports.ledger;
    let record = match ledger.run(run).await? {
        Some(record) if record.finished_at.is_none() => record,
        Some(_) => {
            engine.run_finished(run);
            return Ok(None);
        }
        None => return Ok(None),
    };
    // One look: what finishes after it arrives as a message.
    let datasets: Vec<DatasetName> =
        processor.reads.iter().map(|input| input.dataset).chain([processor.writes]).collect();
    let tasks = ledger.unfinished(run, &datasets, part.dates.clone()).await?;
    tasks.iter().for_each(|task| engine.meet(task.unit.date));
    engine.check_calendar()?;
    let places = |dataset: DatasetName, is: &dyn Fn(&TaskRecord) -> bool| -> BTreeSet<usize> {
        let of_dataset = tasks.iter().filter(|task| task.unit.dataset == dataset && is(task));
        of_dataset.filter_map(|task| engine.calendar.index_of(task.unit.date)).collect()
    };
    let mut attempts_least = BTreeMap::new();
    for task in tasks.iter().filter(|task| task.attempts > 0 && task.unit.dataset != processor.writes) {
        let next = task.attempts + u32::from(task.state != TaskState::Claimed);
        let at = engine.calendar.index_of(task.unit.date);
        attempts_least.extend(at.map(|at| ((task.unit.dataset, at), next)));
    }
    let pending = processor.reads.iter().map(|input| places(input.dataset, &|_| true)).collect();
    let mut waiting = places(processor.writes, &|task| task.state == TaskState::Waiting);
    // Of other units in between, not all that they wait for was looked at.
    waiting.retain(|at| part.units.contains(at));
    // Whose attempt died is as good as unclaimed.
    let now = engine.ports.clock.now();
    let unclaimed = places(processor.writes, &|task| match task.state {
        TaskState::Ready => true,
        TaskState::Claimed => task.lease_until <= now,
        TaskState::Waiting
        | TaskState::Finished
        | TaskState::Dead
        | TaskState::Held
        | TaskState::Superseded => false,
    });
    let (gate, ready) = Gate::open(&engine.calendar, processor.reads, pending, waiting);
    let traces = RunTraces::of(engine, &record);
    let open = OpenGate { lane: record.lane, traces, gate, attempts_least };
    Ok(Some(Opened { open, ready, unclaimed: unclaimed.into_iter().collect() }))
}

/// Whose orders are sent, and what has made the units ready that they are for.
struct Opener<'a> {
    run: RunId,
    lane: Lane,
    traces: RunTraces,
    heard: &'a [Heard],
}

/// Records that units are ready, then sends their work orders (and again those of `unclaimed` ones).
async fn send(
    engine: &Engine,
    processor: &Processor,
    Opener { run, lane, traces, heard }: Opener<'_>,
    ready: &[usize],
    unclaimed: &[usize],
) -> Result<(), Failure> {
    let dataset = processor.writes;
    if !ready.is_empty() {
        let units: Vec<Unit> = ready.iter().map(|at| engine.unit(dataset, *at)).collect();
        engine.ports.ledger.mark_ready(run, &units, engine.ports.clock.now()).await?;
    }
    let order = |at: &usize| WorkOrder { run, lane, unit: engine.unit(dataset, *at) };
    let orders = unclaimed.iter().chain(ready).map(order);
    let (orders, spans) = traces::orders(engine, processor, traces, heard, orders).await;
    if orders.is_empty() {
        return Ok(());
    }
    let sent = engine.ports.bus.publish_work_orders(&orders).await;
    traces::note(&spans, &sent);
    sent?;
    if engine.tenancy == Tenancy::Shared {
        engine.orders_sent(run, dataset, unclaimed.iter().chain(ready));
    }
    Ok(())
}
