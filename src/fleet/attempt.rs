//! One attempt at a task, and the order of its effects: claim, read, compute, replace the unit, commit to
//! the ledger, publish, (the caller) acknowledge. Every step may be repeated; a crash between any two ends
//! in a redelivery and in the same end. A processor is handed nothing with which it could break the order.

use std::convert::Infallible;
use std::sync::Arc;

use tracing::{Instrument, Span};

use super::compute::{Known, Made, Trouble, known, make};
use super::documents;
use super::engine::{Engine, LEASE_MS, RENEWAL_MS};
use super::ports::{Burial, Claim, Commit, Committed, Provenance, TraceContext, Traced};
use super::progress::{AttemptEnd, How};
use super::retry::{ATTEMPTS_MAX, BETWEEN_ATTEMPTS};
use super::traces::{self, Queue};
use super::{dead_letter, gate};
use crate::flow::{
    Computed, Document, Failure, Fingerprint, Lane, Millis, Outcome, Permanent, Processor, RunId, Step,
    Stored, TaskState, Transient, Unit, UnitRecord, WorkOrder,
};

/// After how many times the slowest task of its processor an attempt is taken for hanging: it may have waited for
/// as many others before it was its turn to compute.
const TURNS_MAX: Millis = 10;

/// How long an attempt's lease is renewed at most, in milliseconds: beyond that somebody else takes its task over.
#[must_use]
pub fn lease_max(processor: &Processor) -> Millis {
    TURNS_MAX * Millis::from(processor.slowest_seconds) * 1_000
}

/// How often to look again at a task that somebody else has, or that waits for its backoff.
const LOOK_AGAIN_MS: Millis = 1_000;

/// A claimed task under work.
struct Attempt<'a> {
    engine: &'a Engine,
    order: WorkOrder,
    processor: &'a Processor,
    at: usize,
    fence: u32,
    attempts: u32,
    run_name: String,
    started: Millis,
    span: Span,
    /// What it sends belongs here.
    trace: Option<TraceContext>,
}

/// Carries out a work order to its end. On return the order may be acknowledged; an error means that it
/// must be delivered again, because a port failed that even the bookkeeping needs.
pub async fn perform(engine: &Engine, order: &Traced<WorkOrder>) -> Result<(), Failure> {
    let Traced { message, trace } = order;
    let span = traces::processing(engine, trace.as_ref(), Queue::Work, *message, message.unit.dataset);
    let trace = traces::context_of(&span).or_else(|| trace.clone());
    traces::within(span.clone(), attempts(engine, *message, &span, trace)).await
}

/// As many attempts as it takes. `trace` is where what is sent outside of them belongs.
async fn attempts(
    engine: &Engine,
    order: WorkOrder,
    span: &Span,
    trace: Option<TraceContext>,
) -> Result<(), Failure> {
    let (Some(processor), Some(at)) =
        (engine.cascade.processor(order.unit.dataset), engine.calendar.index_of(order.unit.date))
    else {
        if engine.cascade.processor(order.unit.dataset).is_some() {
            engine.meet(order.unit.date);
            engine.check_calendar()?;
        }
        tracing::warn!(unit = %order.unit, "a work order for a unit that is not declared is void");
        return Ok(());
    };
    loop {
        let started = engine.ports.clock.now();
        match engine.ports.ledger.claim(order, started, started + LEASE_MS).await? {
            Claim::Granted { fence, attempts, run_name } => {
                let span = traces::attempt(span, order, attempts);
                let trace = traces::context_of(&span).or_else(|| trace.clone());
                let attempt = Attempt {
                    engine,
                    order,
                    processor,
                    at,
                    fence,
                    attempts,
                    run_name,
                    started,
                    span: span.clone(),
                    trace,
                };
                if traces::within(span, attempt.carry_out_under_lease()).await? == Next::Over {
                    return Ok(());
                }
            }
            Claim::Finished { completion, outbox } => {
                traces::ended(span, "finished_before");
                publish_again(engine, processor, at, order.lane).await?;
                // What is out already was heard of: a second order is answered with nothing more, or orders
                // and completions would call forth each other.
                if let Some(number) = outbox {
                    traces::publish_left(engine, vec![Traced { message: completion, trace }]).await?;
                    engine.ports.ledger.mark_published(&[number]).await?;
                }
                return look_whether_finished(engine, order.run).await;
            }
            Claim::Later(moment) => {
                let moment = moment.min(started + LOOK_AGAIN_MS);
                tokio::select! {
                    biased;
                    () = engine.stop.cancelled() => return Err(stopping(order)),
                    () = engine.ports.clock.sleep_until(moment) => {}
                }
            }
            // A unit of its windows was reopened, by this order or another: only the ledger knows what
            // waits for what now, so the gates are made anew from there.
            Claim::Void(Some(TaskState::Waiting)) => return gate::open_again(engine, order.run).await,
            Claim::Void(state) => {
                traces::ended(span, "void");
                tracing::debug!(unit = %order.unit, run = %order.run, ?state, "void work order");
                if state == Some(TaskState::Dead) {
                    dead_letter::announce(engine, order.unit).await?;
                }
                return look_whether_finished(engine, order.run).await;
            }
        }
    }
}

/// Tells whoever waits for the run when it is over: an order that finds its task ended may be the last
/// trace of an attempt that failed between the end in the ledger and saying so.
async fn look_whether_finished(engine: &Engine, run: RunId) -> Result<(), Failure> {
    let record = engine.ports.ledger.run(run).await?;
    if record.is_some_and(|record| record.finished_at.is_some()) {
        engine.run_finished(run);
    }
    Ok(())
}

/// Puts the documents of a finished unit in their places once more: a stale attempt may have put older ones
/// there after the unit was finished, and it is its own order, not yet acknowledged, that comes back here.
/// Files need no such care: their hashes are checked when they are read.
async fn publish_again(engine: &Engine, processor: &Processor, at: usize, lane: Lane) -> Result<(), Failure> {
    let Step::Publish { .. } = processor.step else {
        return Ok(());
    };
    engine.refresh_catalog().await?;
    let unit = engine.unit(processor.writes, at);
    let put = match documents::of(engine, processor, at, lane).await {
        Ok(documents) => documents::replace(engine, unit, documents).await,
        Err(trouble) => Err(trouble),
    };
    match put {
        Ok(()) => Ok(()),
        Err(Trouble::Failure(failure)) => Err(failure),
        Err(Trouble::InputLost(input, reason) | Trouble::HeirLost { input, reason, .. }) => {
            tracing::warn!(%unit, %input, %reason, "documents are not put again: an input is lost");
            Ok(())
        }
    }
}

/// A unit that has just been made, and of what.
pub(super) struct Fresh<'a> {
    pub(super) unit: Unit,
    pub(super) processor: &'a Processor,
    pub(super) fingerprint: Fingerprint,
    pub(super) run_name: &'a str,
    pub(super) run: RunId,
    pub(super) attempt: u32,
    pub(super) started: Millis,
}

/// Replaces the unit's content in the lake; answers with its record, not yet committed.
pub(super) async fn write_made(
    engine: &Engine,
    fresh: &Fresh<'_>,
    made: Made,
) -> Result<UnitRecord, Trouble> {
    let (outcome, stored, expected, written) = match made {
        Made::Computed(Computed::Skipped(reason)) => {
            // What it may have held before is no longer its content, and nobody may take it for that.
            remove(engine, fresh.unit).await?;
            (Outcome::Skipped(reason), None, 0, 0)
        }
        Made::Computed(Computed::Rows(output)) => {
            let provenance = Provenance {
                unit: fresh.unit,
                fingerprint: fresh.fingerprint,
                code: fresh.processor.code,
                run: fresh.run_name.to_owned(),
            };
            let stored = engine.ports.lake.replace(&provenance, output.frame()).await?;
            let written = output.frame().rows() as u64;
            // Whoever reads the unit next in this process finds it decoded.
            let bytes = output.frame().memory();
            engine.cache.put(fresh.unit, stored.revision, bytes, output.typed_rows());
            (Outcome::Done, Some(stored), output.expected(), written)
        }
        Made::Documents(documents) => {
            let (revision, bytes, count) =
                (Document::revision_of(&documents), Document::bytes_of(&documents), documents.len());
            documents::replace(engine, fresh.unit, documents).await?;
            let stored = Stored { revision, digest: *revision.bytes(), bytes };
            (Outcome::Done, Some(stored), count as u64, count as u64)
        }
        Made::Landed { revision, bytes, payloads } => {
            let stored = Stored { revision, digest: *revision.bytes(), bytes };
            (Outcome::Done, Some(stored), payloads, payloads)
        }
    };
    let now = engine.ports.clock.now();
    Ok(UnitRecord {
        unit: fresh.unit,
        outcome,
        fingerprint: fresh.fingerprint,
        stored,
        rows_expected: expected,
        rows_written: written,
        code: fresh.processor.code,
        run: fresh.run,
        attempt: fresh.attempt,
        duration_ms: u64::try_from(now - fresh.started).unwrap_or(0),
        finished_at: now,
    })
}

/// Takes away whatever a unit has, rows or documents.
pub(super) async fn remove(engine: &Engine, unit: Unit) -> Result<(), Trouble> {
    match engine.cascade.processor(unit.dataset).map(|processor| processor.step) {
        Some(Step::Publish { .. }) => documents::replace(engine, unit, Vec::new()).await,
        Some(Step::Land { .. } | Step::Compute { .. }) | None => Ok(engine.ports.lake.remove(unit).await?),
    }
}

fn stopping(order: WorkOrder) -> Failure {
    let message = format!("{}: this process stops; the order goes back to the server", order.unit);
    Transient { code: "stopping", message }.into()
}

/// Whether the order needs another attempt.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Over,
    Again,
}

impl Attempt<'_> {
    /// Carries it out, and keeps its lease meanwhile.
    async fn carry_out_under_lease(&self) -> Result<Next, Failure> {
        tokio::select! {
            biased;
            next = self.carry_out() => next,
            never = self.keep_lease() => match never {},
        }
    }

    /// Renews the lease. So a task of a process that dies is taken over within a lease, and that of one that hangs
    /// in the end too; whoever is late is fenced off.
    async fn keep_lease(&self) -> Infallible {
        let ports = &self.engine.ports;
        let last = self.started + lease_max(self.processor);
        let mut renewal = self.started + RENEWAL_MS;
        while renewal <= last {
            ports.clock.sleep_until(renewal).await;
            match ports.ledger.renew(self.order, self.fence, ports.clock.now() + LEASE_MS).await {
                Ok(true) => self.engine.progress.lease_renewed(),
                // Somebody else has it: the commit will be turned away, and nothing else depends on it.
                Ok(false) => break,
                Err(error) => tracing::warn!(unit = %self.order.unit, %error, "a lease was not renewed"),
            }
            renewal = ports.clock.now() + RENEWAL_MS;
        }
        std::future::pending().await
    }

    async fn carry_out(&self) -> Result<Next, Failure> {
        self.engine.refresh_catalog().await?;
        if let Err(doubt) = self.engine.check_calendar() {
            self.begin_again().await?;
            return Err(doubt);
        }
        let stamp = match self.stamp().await {
            Ok(stamp) => stamp,
            Err(failure) => return self.fail(failure, None).await,
        };
        let (fingerprint, present, known) = {
            let catalog = self.engine.catalog();
            let fingerprint = catalog.fingerprint(self.processor, self.at, stamp.as_deref());
            let present = catalog.get(self.processor.writes, self.at).cloned();
            let present = present.filter(|record| record.fingerprint == fingerprint);
            let known = if present.is_none() {
                known(self.engine, &catalog, self.processor, self.at)
            } else {
                Vec::new()
            };
            (fingerprint, present, known)
        };
        if let Some(record) = present {
            return self.commit(Outcome::Unchanged, Arc::unwrap_or_clone(record)).await;
        }
        match self.replace(fingerprint, stamp, &known).await {
            Ok(Some(record)) => self.commit(record.outcome, record).await,
            Ok(None) => self.begin_again().await,
            Err(Trouble::Failure(failure)) => self.fail(failure, Some(fingerprint)).await,
            Err(Trouble::InputLost(unit, reason)) => self.input_lost(unit, &reason, &known).await,
            Err(Trouble::HeirLost { heir, input, reason }) => {
                tracing::warn!(unit = %self.order.unit, %heir, %input, %reason, "an heir is made again");
                self.reopen(heir).await
            }
        }
    }

    /// An input is not there as it was recorded: it was replaced meanwhile, by another run, or it is to be
    /// made again.
    async fn input_lost(&self, unit: Unit, reason: &str, known: &Known) -> Result<Next, Failure> {
        self.engine.refresh_catalog().await?;
        let was = known.iter().flatten().find_map(|(_, record)| record.as_ref().filter(|r| r.unit == unit));
        let place = self.engine.calendar.index_of(unit.date);
        let is = place.and_then(|at| self.engine.catalog().get(unit.dataset, at).cloned());
        if was != is.as_ref() {
            return self.begin_again().await;
        }
        tracing::warn!(%unit, %reason, reader = %self.order.unit, "an input is lost; it is made again");
        self.reopen(unit).await
    }

    /// Has a unit made again, and this one after it.
    async fn reopen(&self, unit: Unit) -> Result<Next, Failure> {
        traces::ended(&self.span, "input_lost");
        self.engine.ports.ledger.reopen(self.order.run, unit, self.order.unit, self.fence).await?;
        // The next claim finds the task waiting, and has the gates opened.
        Ok(Next::Again)
    }

    /// What the unit is made from changed while it was read: that attempt does not count.
    async fn begin_again(&self) -> Result<Next, Failure> {
        let now = self.engine.ports.clock.now();
        traces::ended(&self.span, "handed_back");
        self.engine.ports.ledger.hand_back(self.order, self.fence, now, false).await?;
        Ok(Next::Again)
    }

    async fn stamp(&self) -> Result<Option<String>, Failure> {
        match self.processor.step {
            Step::Land { source, .. } => {
                Ok(self.engine.ports.source.stamp(source, self.order.unit.date).await?.into_stamp())
            }
            Step::Compute { .. } | Step::Publish { .. } => Ok(None),
        }
    }

    /// Computes the unit and replaces its content in the lake; `None` where the source's payload is no
    /// longer the one of the stamp.
    async fn replace(
        &self,
        fingerprint: Fingerprint,
        stamp: Option<String>,
        known: &Known,
    ) -> Result<Option<UnitRecord>, Trouble> {
        let made = make(self.engine, self.processor, self.at, self.order.lane, known).await?;
        if self.stamp().await? != stamp {
            return Ok(None);
        }
        let fresh = Fresh {
            unit: self.order.unit,
            processor: self.processor,
            fingerprint,
            run_name: &self.run_name,
            run: self.order.run,
            attempt: self.attempts,
            started: self.started,
        };
        Ok(Some(write_made(self.engine, &fresh, made).instrument(traces::step("write")).await?))
    }

    async fn commit(&self, outcome: Outcome, record: UnitRecord) -> Result<Next, Failure> {
        let ports = &self.engine.ports;
        let at = ports.clock.now();
        let trace = self.trace.clone();
        let commit = Commit { run: self.order.run, fence: self.fence, outcome, record, at, trace };
        let committed = ports.ledger.commit(commit).instrument(traces::step("commit")).await?;
        let Committed::Yes { outbox, completion, run_finished } = committed else {
            traces::ended(&self.span, "stale");
            tracing::warn!(unit = %self.order.unit, fence = self.fence, "a stale attempt was turned away");
            // The order is not given up before the task has ended: whoever has it now may die.
            return Ok(Next::Again);
        };
        traces::publish_committed(self.engine, completion, self.trace.clone()).await?;
        ports.ledger.mark_published(&[outbox]).await?;
        self.ended(match outcome {
            Outcome::Done => How::Done,
            Outcome::Unchanged => How::Unchanged,
            Outcome::Skipped(_) => How::Skipped,
        });
        if run_finished {
            self.engine.run_finished(self.order.run);
        }
        Ok(Next::Over)
    }

    async fn fail(&self, failure: Failure, fingerprint: Option<Fingerprint>) -> Result<Next, Failure> {
        let unit = self.order.unit;
        traces::failed(&self.span, &failure);
        let (class, code, message) = match failure {
            Failure::Transient(transient) if self.attempts < ATTEMPTS_MAX => {
                let again = self.engine.ports.clock.now()
                    + BETWEEN_ATTEMPTS.wait_after(self.attempts, &unit.to_string());
                tracing::warn!(%unit, attempt = self.attempts, error = %transient, "an attempt failed; it is tried again");
                self.ended(How::Retried);
                self.engine.ports.ledger.hand_back(self.order, self.fence, again, true).await?;
                return Ok(Next::Again);
            }
            Failure::Transient(transient) => ("transient", transient.code, transient.message),
            Failure::Permanent(Permanent { code, message }) => ("permanent", code, message),
        };
        let burial = Burial {
            run: self.order.run,
            unit,
            fence: Some(self.fence),
            class: class.to_owned(),
            code: code.to_owned(),
            message,
            fingerprint,
            inputs: dead_letter::describe_inputs(self.engine, self.processor, self.at),
            code_revision: self.processor.code,
            holds: dead_letter::holds(self.engine, unit),
            at: self.engine.ports.clock.now(),
            trace: self.trace.clone(),
        };
        let buried = dead_letter::bury(self.engine, burial).await?;
        if buried {
            self.ended(How::Dead);
        }
        Ok(if buried { Next::Over } else { Next::Again })
    }

    fn ended(&self, how: How) {
        let WorkOrder { lane, unit, .. } = self.order;
        let duration_ms = self.engine.ports.clock.now() - self.started;
        traces::ended(&self.span, how.as_str());
        self.engine.progress.attempt_ended(AttemptEnd { dataset: unit.dataset, lane, how, duration_ms });
    }
}
