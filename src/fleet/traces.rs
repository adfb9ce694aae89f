//! What is told of a date's walk through the cascade: spans, named after OpenTelemetry's conventions for messaging.
//! There is one trace for each run and date. Its number, and that of the span with which it begins, follow from the
//! run and the date, so that every process knows them, whatever it has heard; between processes a trace travels
//! in the attributes of messages. Decides nothing: without it, or where a date is not sampled, everything happens just
//! so. The only file of the engine that knows OpenTelemetry; who takes the spans is chosen where the program is put
//! together.

use std::cell::Cell;

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use tracing::field::{Empty, display};
use tracing::{Instrument, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::engine::Engine;
use super::ports::{RunRecord, TraceContext, Traced};
use crate::flow::{
    Completion, DatasetName, Date, Failure, Lane, Permanent, Processor, Transient, WorkOrder,
    completed_topic, dead_letter_subscription, dead_letter_topic, gate_subscription, work_subscription,
    work_topic,
};

/// The target of all spans here, by which they are told from other lines of the log.
pub const TRACES: &str = "tidegate::traces";

/// The most other messages that a span names as those that it joins.
const LINKS_MAX: usize = 32;

/// How many of a hundred dates are traced, by lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sampling {
    /// Of days as they happen.
    pub daily_percent: u8,
    /// Of history.
    pub backfill_percent: u8,
}

impl Default for Sampling {
    /// Every day, and few enough dates of a backfill that thousands of them are no flood.
    fn default() -> Self {
        Self { daily_percent: 100, backfill_percent: 1 }
    }
}

/// The traces of a run, one for each date.
#[derive(Debug, Clone, Copy)]
pub(super) struct RunTraces {
    /// What the numbers follow from; `None` where this process traces nothing.
    run: Option<(blake3::Hash, u8)>,
}

impl RunTraces {
    pub(super) fn of(engine: &Engine, record: &RunRecord) -> Self {
        let RunRecord { id, pipeline, name, lane, submitted_at, .. } = record;
        let run = engine.sampling.map(|sampling| {
            let percent = match lane {
                Lane::Daily => sampling.daily_percent,
                Lane::Backfill => sampling.backfill_percent,
            };
            (blake3::hash(format!("traces of {pipeline} {id} {name} {submitted_at}").as_bytes()), percent)
        });
        Self { run }
    }

    /// The trace of a date, and the span with which it begins.
    pub(super) fn of_date(&self, date: Date) -> Option<TraceContext> {
        let (run, percent) = self.run?;
        let hash = blake3::keyed_hash(run.as_bytes(), &date.days().to_le_bytes());
        let (trace, rest) = hash.as_bytes().split_first_chunk()?;
        let (span, rest) = rest.split_first_chunk()?;
        let (draw, _) = rest.split_first_chunk()?;
        let is_sampled = u64::from_le_bytes(*draw) % 100 < u64::from(percent);
        TraceContext::new(u128::from_be_bytes(*trace), u64::from_be_bytes(*span), is_sampled, None)
    }
}

thread_local! {
    static GIVEN: Cell<Option<(u128, u64)>> = const { Cell::new(None) };
}

/// The numbers of trace and span that the span must have which is begun on this thread now; any, where there are none.
/// For whoever makes up numbers of spans.
#[must_use]
pub fn numbers_given() -> Option<(u128, u64)> {
    GIVEN.get()
}

/// The spans with which the traces of these dates begin: the run's submission. `links` are what a date goes back to.
pub(super) fn begin_dates(
    engine: &Engine,
    record: &RunRecord,
    dates: impl IntoIterator<Item = Date>,
    links: &[(Date, &TraceContext)],
) -> Vec<Span> {
    let traces = RunTraces::of(engine, record);
    let begin = |date| {
        let trace = traces.of_date(date).filter(TraceContext::is_sampled)?;
        let span = tracing::info_span!(
            target: TRACES, parent: None, "submit",
            otel.name = format!("submit {}", record.pipeline),
            tidegate.pipeline = record.pipeline,
            tidegate.date = %date,
            tidegate.run = record.id.0,
            tidegate.run_name = record.name,
            tidegate.lane = record.lane.as_str(),
        );
        for (_, link) in links.iter().filter(|(of, _)| *of == date).take(LINKS_MAX) {
            span.add_link(span_context(link));
        }
        begin_as(&span, &trace).map(|_| span)
    };
    dates.into_iter().filter_map(begin).collect()
}

/// Begins a span with these numbers; its trace is that of its parent, if it has one.
fn begin_as(span: &Span, numbers: &TraceContext) -> Option<TraceContext> {
    GIVEN.set(Some((numbers.trace(), numbers.span())));
    let context = context_of(span);
    GIVEN.set(None);
    context
}

/// What follows from the completion that an attempt of this trace has committed: a gate may find that unit finished in
/// the ledger before it hears of it.
fn completing(trace: &TraceContext, dataset: DatasetName, attempt: u32) -> Option<TraceContext> {
    let hash = blake3::hash(format!("{:032x} {dataset} {attempt}", trace.trace()).as_bytes());
    let span = u64::from_be_bytes(*hash.as_bytes().first_chunk()?);
    TraceContext::new(trace.trace(), span, trace.is_sampled(), trace.state())
}

/// The queues of messages.
#[derive(Debug, Clone, Copy)]
pub(super) enum Queue {
    Completions,
    Work,
    DeadLetters,
}

impl Queue {
    fn topic(self, order: WorkOrder) -> String {
        match self {
            Self::Completions => completed_topic(order.unit.dataset),
            Self::Work => work_topic(order.unit.dataset, order.lane),
            Self::DeadLetters => dead_letter_topic(order.unit.dataset),
        }
    }

    /// From which the processor that writes `reader` takes its messages.
    fn subscription(self, order: WorkOrder, reader: DatasetName) -> String {
        match self {
            Self::Completions => gate_subscription(reader, order.unit.dataset),
            Self::Work => work_subscription(order.unit.dataset, order.lane),
            Self::DeadLetters => dead_letter_subscription(order.unit.dataset),
        }
    }
}

/// A message about this task was taken from the queue by `processor`, and is dealt with.
pub(super) fn processing(
    engine: &Engine,
    trace: Option<&TraceContext>,
    queue: Queue,
    order: WorkOrder,
    processor: DatasetName,
) -> Span {
    let Some(parent) = told(engine, trace) else { return Span::none() };
    let subscription = queue.subscription(order, processor);
    hop(parent, ["process", "consumer"], queue.topic(order), Some(subscription), order, processor)
}

/// A message about this task is sent.
pub(super) fn sending(engine: &Engine, trace: Option<&TraceContext>, queue: Queue, order: WorkOrder) -> Span {
    let Some(parent) = told(engine, trace) else { return Span::none() };
    hop(parent, ["send", "producer"], queue.topic(order), None, order, order.unit.dataset)
}

/// The trace, if anything is told of it here.
fn told<'a>(engine: &Engine, trace: Option<&'a TraceContext>) -> Option<&'a TraceContext> {
    trace.filter(|trace| engine.sampling.is_some() && trace.is_sampled())
}

fn hop(
    parent: &TraceContext,
    [operation, kind]: [&str; 2],
    topic: String,
    subscription: Option<String>,
    order: WorkOrder,
    processor: DatasetName,
) -> Span {
    let span = tracing::info_span!(
        target: TRACES, parent: None, "message",
        otel.name = format!("{operation} {}", subscription.as_ref().unwrap_or(&topic)),
        otel.kind = kind,
        otel.status_description = Empty,
        "error.type" = Empty,
        messaging.system = "gcp_pubsub",
        "messaging.operation.name" = operation,
        "messaging.operation.type" = operation,
        messaging.destination.name = topic,
        messaging.destination.subscription.name = subscription,
        tidegate.pipeline = processor.pipeline(),
        tidegate.processor = processor.table(),
        tidegate.date = %order.unit.date,
        tidegate.run = order.run.0,
        tidegate.lane = order.lane.as_str(),
        tidegate.outcome = Empty,
    );
    // Without a taker of spans there is none, and nothing to be the child of another.
    let _ = span.set_parent(Context::new().with_remote_span_context(span_context(parent)));
    span
}

/// An attempt at the task whose order is dealt with in `of`.
pub(super) fn attempt(of: &Span, order: WorkOrder, number: u32) -> Span {
    if of.is_disabled() {
        return Span::none();
    }
    tracing::info_span!(
        target: TRACES, parent: of, "attempt",
        otel.status_description = Empty,
        "error.type" = Empty,
        tidegate.pipeline = order.unit.dataset.pipeline(),
        tidegate.processor = order.unit.dataset.table(),
        tidegate.date = %order.unit.date,
        tidegate.run = order.run.0,
        tidegate.lane = order.lane.as_str(),
        tidegate.attempt = number,
        tidegate.outcome = Empty,
    )
}

/// A step of what the present task is dealt with in; none, where nothing is told of it.
pub(super) fn step(name: &'static str) -> Span {
    let of = Span::current();
    if of.metadata().is_none_or(|metadata| metadata.target() != TRACES) {
        return Span::none();
    }
    tracing::info_span!(target: TRACES, parent: &of, "step", otel.name = name)
}

/// How it ended.
pub(super) fn ended(span: &Span, outcome: &str) {
    span.record("tidegate.outcome", outcome);
}

/// That it failed, and why.
pub(super) fn failed(span: &Span, failure: &Failure) {
    let code = match failure {
        Failure::Transient(Transient { code, .. }) | Failure::Permanent(Permanent { code, .. }) => code,
    };
    span.record("error.type", *code);
    span.record("otel.status_description", display(failure));
}

/// The trace of what follows from a span; `None` of one that is told to nobody.
pub(super) fn context_of(span: &Span) -> Option<TraceContext> {
    if span.is_disabled() {
        return None;
    }
    let context = span.context();
    let context = context.span().span_context().clone();
    let number = |bytes: TraceId| u128::from_be_bytes(bytes.to_bytes());
    let state = Some(context.trace_state().header()).filter(|state| !state.is_empty());
    TraceContext::new(
        number(context.trace_id()),
        u64::from_be_bytes(context.span_id().to_bytes()),
        context.is_sampled(),
        state.as_deref(),
    )
}

fn span_context(trace: &TraceContext) -> SpanContext {
    let flags = if trace.is_sampled() { TraceFlags::SAMPLED } else { TraceFlags::default() };
    let state = trace.state().and_then(|state| state.parse().ok()).unwrap_or(TraceState::NONE);
    SpanContext::new(TraceId::from(trace.trace()), SpanId::from(trace.span()), flags, true, state)
}

/// Publishes a completion that has just been committed.
pub(super) async fn publish_committed(
    engine: &Engine,
    message: Completion,
    trace: Option<TraceContext>,
) -> Result<(), Failure> {
    let span = completion_span(engine, trace.as_ref(), &message);
    let told = trace.as_ref().filter(|_| !span.is_disabled());
    let numbers = told.and_then(|trace| completing(trace, message.unit.dataset, message.attempt));
    let begun = numbers.and_then(|numbers| begin_as(&span, &numbers));
    let completion = Traced { message, trace: begun.or(trace) };
    within(span, engine.ports.bus.publish_completions(&[completion])).await
}

/// Publishes completions that were committed by others, or before, each from a span of its own in its trace.
pub(super) async fn publish_left(
    engine: &Engine,
    mut completions: Vec<Traced<Completion>>,
) -> Result<(), Failure> {
    let mut spans = Vec::new();
    for Traced { message, trace } in &mut completions {
        let span = completion_span(engine, trace.as_ref(), message);
        if let Some(context) = context_of(&span) {
            *trace = Some(context);
            spans.push(span);
        }
    }
    let outcome = engine.ports.bus.publish_completions(&completions).await;
    note(&spans, &outcome);
    outcome
}

fn completion_span(engine: &Engine, trace: Option<&TraceContext>, completion: &Completion) -> Span {
    let Completion { run, lane, unit, .. } = *completion;
    sending(engine, trace, Queue::Completions, WorkOrder { run, lane, unit })
}

/// How the spans ended.
pub(super) fn note(spans: &[Span], outcome: &Result<(), Failure>) {
    if let Err(failure) = outcome {
        spans.iter().for_each(|span| failed(span, failure));
    }
}

/// A completion that a gate has heard of, where its trace is told of.
pub(super) struct Heard {
    dataset: DatasetName,
    at: usize,
    trace: TraceContext,
    span: Span,
}

impl Heard {
    /// `None` of a completion of which nothing is told.
    pub(super) fn of(
        engine: &Engine,
        reader: DatasetName,
        at: usize,
        completion: &Traced<Completion>,
    ) -> Option<Self> {
        let trace = completion.trace.clone().filter(TraceContext::is_sampled)?;
        let Completion { run, lane, unit, .. } = completion.message;
        let order = WorkOrder { run, lane, unit };
        let span = processing(engine, Some(&trace), Queue::Completions, order, reader);
        Some(Self { dataset: unit.dataset, at, trace, span })
    }

    /// That the gate could not answer.
    pub(super) fn failed(&self, failure: &Failure) {
        failed(&self.span, failure);
    }

    fn is_read(&self, engine: &Engine, processor: &Processor, at: usize) -> bool {
        let mut of_this = processor.reads.iter().filter(|input| input.dataset == self.dataset);
        of_this.any(|input| input.window.inputs(&engine.calendar, at).contains(&self.at))
    }
}

/// Puts orders of a processor into their traces: each behind the completion of its own date that came last, else behind
/// the run's submission. Whatever else of its windows was heard of at the same time is linked. The spans last until
/// the orders are out.
pub(super) async fn orders(
    engine: &Engine,
    processor: &Processor,
    traces: RunTraces,
    heard: &[Heard],
    orders: impl Iterator<Item = WorkOrder>,
) -> (Vec<Traced<WorkOrder>>, Vec<Span>) {
    let mut spans = Vec::new();
    let mut is_fresh = false;
    let mut traced = Vec::with_capacity(orders.size_hint().0);
    for order in orders {
        let (before, others) = of_windows(engine, processor, heard, order);
        let mut trace = match before {
            Some(before) => {
                ended(&before.span, "opened");
                Some(context_of(&before.span).unwrap_or_else(|| before.trace.clone()))
            }
            None => traces.of_date(order.unit.date),
        };
        if before.is_none() && trace.as_ref().is_some_and(TraceContext::is_sampled) {
            if !is_fresh && let Err(error) = engine.refresh_catalog().await {
                tracing::debug!(%error, "an order's trace begins at the run's submission");
            }
            is_fresh = true;
            trace = trace.map(|trace| found_finished(engine, processor, order, &trace).unwrap_or(trace));
        }
        let span = sending(engine, trace.as_ref(), Queue::Work, order);
        for one in others.iter().rev().take(LINKS_MAX) {
            span.add_link(span_context(&one.trace));
        }
        if let Some(context) = context_of(&span) {
            trace = Some(context);
            spans.push(span);
        }
        traced.push(Traced { message: order, trace });
    }
    (traced, spans)
}

/// What was heard of an order's windows: the last completion of its own date, and the others.
fn of_windows<'a>(
    engine: &Engine,
    processor: &Processor,
    heard: &'a [Heard],
    order: WorkOrder,
) -> (Option<&'a Heard>, Vec<&'a Heard>) {
    let Some(at) = engine.calendar.index_of(order.unit.date).filter(|_| !heard.is_empty()) else {
        return (None, Vec::new());
    };
    let mut others: Vec<_> = heard.iter().filter(|one| one.is_read(engine, processor, at)).collect();
    let before = others.iter().rposition(|one| one.at == at).map(|place| others.remove(place));
    (before, others)
}

/// Of what an order's unit reads of its own date, what the run has finished last, although nobody has told of it yet.
fn found_finished(
    engine: &Engine,
    processor: &Processor,
    order: WorkOrder,
    trace: &TraceContext,
) -> Option<TraceContext> {
    let at = engine.calendar.index_of(order.unit.date)?;
    let catalog = engine.catalog();
    let of_date =
        processor.reads.iter().filter(|input| input.window.inputs(&engine.calendar, at).contains(&at));
    let records = of_date.filter_map(|input| catalog.get(input.dataset, at));
    let last = records.filter(|record| record.run == order.run).max_by_key(|record| record.finished_at)?;
    completing(trace, last.unit.dataset, last.attempt)
}

/// Has this done within a span, which is told if it fails.
pub(super) async fn within<T>(
    span: Span,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let outcome = work.instrument(span.clone()).await;
    if let Err(failure) = &outcome {
        failed(&span, failure);
    }
    outcome
}
