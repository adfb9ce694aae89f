//! Setting a task aside for good, with its typed reason, and what it holds.
//! The order of effects: ledger first, then the notice on the dead-letter topic, then the mark.

use std::fmt::Write as _;
use std::ops::RangeInclusive;

use super::engine::Engine;
use super::ports::{Burial, DeadLetter, TraceContext, Traced};
use super::progress::{AttemptEnd, How};
use super::traces::{self, Queue};
use crate::flow::{DatasetName, Date, DeadLetterNotice, Failure, Processor, Unit, Window, WorkOrder};

/// Records a dead letter, holds what depends on it and publishes its notice. `false` where the attempt was
/// stale.
pub(super) async fn bury(engine: &Engine, burial: Burial) -> Result<bool, Failure> {
    let run = burial.run;
    let Some(letter) = engine.ports.ledger.bury(burial).await? else {
        return Ok(false);
    };
    tracing::error!(
        id = letter.id, unit = %letter.unit, code = letter.code, held = letter.held, reason = letter.message,
        "a task failed for good"
    );
    publish(engine, &letter).await?;
    let record = engine.ports.ledger.run(run).await?;
    if record.is_some_and(|record| record.finished_at.is_some()) {
        engine.run_finished(run);
    }
    Ok(true)
}

/// Publishes the notice of a unit's dead letter where that was not done: the attempt that buried the task
/// failed between the two.
pub(super) async fn announce(engine: &Engine, unit: Unit) -> Result<(), Failure> {
    let open = engine.ports.ledger.dead_letters(true).await?;
    for letter in open.iter().filter(|letter| letter.unit == unit && !letter.published) {
        publish(engine, letter).await?;
    }
    Ok(())
}

/// Publishes a dead letter's notice and marks it.
pub(super) async fn publish(engine: &Engine, letter: &DeadLetter) -> Result<(), Failure> {
    let order = WorkOrder { run: letter.run, lane: letter.lane, unit: letter.unit };
    let notice = DeadLetterNotice {
        id: letter.id,
        order,
        code: letter.code.clone(),
        message: letter.message.clone(),
        attempts: letter.attempts,
    };
    let span = traces::sending(engine, letter.trace.as_ref(), Queue::DeadLetters, order);
    let trace = traces::context_of(&span).or_else(|| letter.trace.clone());
    let notice = Traced { message: notice, trace };
    traces::within(span, engine.ports.bus.publish_dead_letter(&notice)).await?;
    engine.ports.ledger.mark_notice_published(letter.id).await?;
    Ok(())
}

/// A work order that the server set aside after too many deliveries: it kills or hangs its workers.
pub async fn record_crash(engine: &Engine, order: &Traced<WorkOrder>) -> Result<(), Failure> {
    let Traced { message, trace } = order;
    let span = traces::processing(engine, trace.as_ref(), Queue::DeadLetters, *message, message.unit.dataset);
    let trace = traces::context_of(&span).or_else(|| trace.clone());
    traces::within(span, bury_crashed(engine, *message, trace)).await
}

async fn bury_crashed(engine: &Engine, order: WorkOrder, trace: Option<TraceContext>) -> Result<(), Failure> {
    let Some(processor) = engine.cascade.processor(order.unit.dataset) else {
        return Ok(());
    };
    let burial = Burial {
        run: order.run,
        unit: order.unit,
        fence: None,
        class: "crash".to_owned(),
        code: "delivered_too_often".to_owned(),
        message:
            "the work order was delivered again and again without an answer: it kills or hangs its worker"
                .to_owned(),
        fingerprint: None,
        inputs: String::new(),
        code_revision: processor.code,
        holds: holds(engine, order.unit),
        at: engine.ports.clock.now(),
        trace,
    };
    if !bury(engine, burial).await? {
        return announce(engine, order.unit).await;
    }
    // Nobody knows how long the attempts took that killed their workers.
    let WorkOrder { lane, unit, .. } = order;
    engine.progress.attempt_ended(AttemptEnd { dataset: unit.dataset, lane, how: How::Dead, duration_ms: 0 });
    Ok(())
}

/// Everything that cannot become ready while the unit is dead.
pub(super) fn holds(engine: &Engine, unit: Unit) -> Vec<(DatasetName, RangeInclusive<Date>)> {
    let Some(at) = engine.calendar.index_of(unit.date) else {
        return Vec::new();
    };
    let reach = engine.reach(unit.dataset, at);
    let dates = |range: std::ops::Range<usize>| {
        engine.calendar.date(range.start)..=engine.calendar.date(range.end - 1)
    };
    reach.into_iter().map(|(dataset, range)| (dataset, dates(range))).collect()
}

/// What the unit reads, for people: the revision of each input of its own date, the extent of each window.
pub(super) fn describe_inputs(engine: &Engine, processor: &Processor, at: usize) -> String {
    let catalog = engine.catalog();
    let mut text = String::new();
    for input in processor.reads {
        let window = input.window.inputs(&engine.calendar, at);
        let dataset = input.dataset;
        // Writing to a String cannot fail.
        let _ = if input.window == Window::SameDate {
            let revision = catalog.get(dataset, at).and_then(|record| record.stored.as_ref());
            let revision = revision.map_or_else(|| "none".to_owned(), |stored| stored.revision.short());
            writeln!(text, "{dataset} {} revision {revision}", engine.calendar.date(at))
        } else if window.is_empty() {
            writeln!(text, "{dataset}: an empty window")
        } else {
            let (first, last) = (engine.calendar.date(window.start), engine.calendar.date(window.end - 1));
            writeln!(text, "{dataset} {first} to {last}, {} units", window.len())
        };
    }
    text
}
