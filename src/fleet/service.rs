//! The loops around the engine: gates, orders, dead letters, all of a cascade's or a part of them. Every task has an
//! owner here and an end; stopping is told by one token.

use std::sync::Arc;
use std::time::Duration;

use futures::future::{OptionFuture, try_join_all};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::engine::Engine;
use super::lanes::Slots;
use super::loops::Loops;
use super::orders::OrderQueue;
use super::ports::{Deliveries, Delivery, Message, Subscriber, Traced};
use super::retry::Backoff;
use super::{attempt, dead_letter, gate};
use crate::flow::{
    Cascade, Completion, DatasetName, Failure, Lane, Millis, WorkOrder, dead_letter_subscription,
    gate_subscription, work_subscription,
};

/// Unanswered completions that a gate holds of each input: it answers whole batches at once.
const COMPLETIONS_OUTSTANDING_MAX: usize = 1_000;

/// Unanswered dead letters that a process holds of each processor.
const DEAD_LETTERS_OUTSTANDING_MAX: usize = 64;

/// Port failures in a row after which the service gives up: the ledger or the server is gone for good.
const FAILURES_MAX: u32 = 8;

/// The waits between tries while a port is away.
const BETWEEN_TRIES: Backoff =
    Backoff { first: Duration::from_millis(250), longest: Duration::from_secs(10), factor: 2.0 };

/// Which of a cascade's loops a process runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Processors whose gates it is, and whose dead letters it records.
    pub gates: Vec<DatasetName>,
    /// Processors whose orders it takes.
    pub workers: Vec<DatasetName>,
    /// The lanes whose orders it takes.
    pub lanes: Vec<Lane>,
}

impl Part {
    /// All of it, for a process that is alone.
    #[must_use]
    pub fn whole(cascade: &Cascade) -> Self {
        let all: Vec<DatasetName> = cascade.datasets().collect();
        Self { gates: all.clone(), workers: all, lanes: Lane::ALL.to_vec() }
    }

    /// The gates of these processors, and who records their dead letters.
    #[must_use]
    pub fn gates(of: Vec<DatasetName>) -> Self {
        Self { gates: of, workers: Vec::new(), lanes: Vec::new() }
    }

    /// The workers of these processors on these lanes.
    #[must_use]
    pub fn workers(of: Vec<DatasetName>, lanes: Vec<Lane>) -> Self {
        Self { gates: Vec::new(), workers: of, lanes }
    }
}

/// How much a service takes on, and how long it bears with what fails.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Attempts at a time, most of them waiting for IO; computations are bounded by the cores.
    pub attempts_max: usize,
    /// Unanswered orders that it holds of each processor and lane.
    pub orders_max: usize,
    /// How long a port may be away while what needs it is tried again. Afterwards it goes back to the server.
    pub patience: Duration,
    /// How long attempts at work may take to end when the service stops.
    pub grace: Duration,
}

/// The running loops of an engine.
pub struct Service {
    loops: Loops,
}

impl Service {
    /// Opens the subscriptions of a part of the engine's cascade and begins.
    pub async fn start(
        engine: Arc<Engine>,
        subscriber: Arc<dyn Subscriber>,
        part: Part,
        limits: Limits,
    ) -> Result<Self, Failure> {
        let stop = engine.stop.clone();
        let mut loops = Loops::until(stop.clone());
        for dataset in part.gates {
            let reads = engine.cascade().processor(dataset).map_or(&[][..], |processor| processor.reads);
            let mut inputs = Vec::with_capacity(reads.len());
            for input in reads {
                let name = gate_subscription(dataset, input.dataset);
                inputs.push(subscriber.subscribe(&name, COMPLETIONS_OUTSTANDING_MAX).await?);
            }
            loops.spawn(gate_loop(Arc::clone(&engine), dataset, inputs, limits, stop.clone()));
            let name = dead_letter_subscription(dataset);
            let deliveries = subscriber.subscribe(&name, DEAD_LETTERS_OUTSTANDING_MAX).await?;
            loops.spawn(dead_letter_loop(Arc::clone(&engine), deliveries, limits, stop.clone()));
        }
        let queue = Arc::new(OrderQueue::new(limits.orders_max));
        for dataset in &part.workers {
            for lane in &part.lanes {
                let name = work_subscription(*dataset, *lane);
                let deliveries = subscriber.subscribe(&name, limits.orders_max).await?;
                loops.spawn(take_orders(Arc::clone(&engine), Arc::clone(&queue), deliveries, stop.clone()));
            }
        }
        if !part.workers.is_empty() {
            let slots = Slots::of(limits.attempts_max, &part.lanes);
            loops.spawn(work_loop(engine, queue, slots, limits, stop.clone()));
        }
        Ok(Self { loops })
    }

    /// Comes back when a loop has ended although nobody asked it to: with its failure.
    pub async fn failed(&mut self) -> Failure {
        self.loops.failed().await
    }

    /// Takes nothing new, lets the attempts under way come to their end, and closes the subscriptions.
    pub async fn stop(self) {
        self.loops.stop("service").await;
    }
}

/// Counts port failures in a row.
#[derive(Default)]
struct Patience(u32);

impl Patience {
    fn judge(&mut self, outcome: Result<(), Failure>) -> Result<bool, Failure> {
        match outcome {
            Ok(()) => {
                self.0 = 0;
                Ok(true)
            }
            Err(failure) => {
                self.0 += 1;
                tracing::warn!(%failure, in_a_row = self.0, "a port failed; the message comes again");
                if self.0 >= FAILURES_MAX { Err(failure) } else { Ok(false) }
            }
        }
    }
}

/// Does something that needs the ports, again while they are away. The message is held meanwhile: given back, it
/// would be counted against its deliveries, although nothing is wrong with it.
async fn bearing_with<F: Future<Output = Result<(), Failure>>>(
    engine: &Engine,
    limits: Limits,
    what: impl Fn() -> F,
) -> Result<(), Failure> {
    let clock = &engine.ports.clock;
    let give_up = clock.now() + Millis::try_from(limits.patience.as_millis()).unwrap_or(Millis::MAX);
    let mut tries = 0;
    loop {
        let failure = match what().await {
            Err(failure @ Failure::Transient(_)) if !engine.stop.is_cancelled() => failure,
            outcome => return outcome,
        };
        tries += 1;
        let again = clock.now() + BETWEEN_TRIES.wait_after(tries, "a port is away");
        if again > give_up {
            return Err(failure);
        }
        tracing::warn!(%failure, tries, "a port failed; it is tried again");
        tokio::select! {
            biased;
            () = engine.stop.cancelled() => return Err(failure),
            () = clock.sleep_until(again) => {}
        }
    }
}

/// The next delivery, or `None` when it is time to stop.
async fn next(
    deliveries: &mut Box<dyn Deliveries>,
    stop: &CancellationToken,
) -> Result<Option<Box<dyn Delivery>>, Failure> {
    tokio::select! {
        biased;
        () = stop.cancelled() => Ok(None),
        delivery = deliveries.next() => delivery,
    }
}

/// The gate of a processor at work, told of all its inputs together: the more of them come at once, the fewer looks
/// at the ledger they cost. Completions of days are answered beside those of backfills, not behind them.
async fn gate_loop(
    engine: Arc<Engine>,
    reader: DatasetName,
    inputs: Vec<Box<dyn Deliveries>>,
    limits: Limits,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let (daily, of_days) = mpsc::channel(COMPLETIONS_OUTSTANDING_MAX);
    let (backfill, of_backfills) = mpsc::channel(COMPLETIONS_OUTSTANDING_MAX);
    let lanes = [daily, backfill];
    let sorted = inputs.into_iter().map(|input| sort_completions(reader, input, lanes.clone(), &stop));
    let sorted = try_join_all(sorted);
    drop(lanes);
    tokio::try_join!(
        sorted,
        answer_completions(&engine, reader, of_days, limits, &stop),
        answer_completions(&engine, reader, of_backfills, limits, &stop),
    )?;
    Ok(())
}

/// Hands each completion on to those of its lane.
async fn sort_completions(
    reader: DatasetName,
    mut deliveries: Box<dyn Deliveries>,
    [daily, backfill]: [mpsc::Sender<Arrived>; 2],
    stop: &CancellationToken,
) -> Result<(), Failure> {
    while let Some(delivery) = next(&mut deliveries, stop).await? {
        let Message::Completion(completion) = delivery.message() else {
            tracing::warn!(message = ?delivery.message(), %reader, "no completion; acknowledged and passed over");
            delivery.ack();
            continue;
        };
        let completion = Traced { message: completion.clone(), trace: delivery.trace().cloned() };
        let lane = match completion.message.lane {
            Lane::Daily => &daily,
            Lane::Backfill => &backfill,
        };
        if lane.send((completion, delivery)).await.is_err() {
            break; // Whoever answers them has ended: what is unanswered comes again.
        }
    }
    deliveries.close().await;
    Ok(())
}

/// A completion with its delivery.
type Arrived = (Traced<Completion>, Box<dyn Delivery>);

/// Answers the completions of a lane, whole batches at once.
async fn answer_completions(
    engine: &Engine,
    reader: DatasetName,
    mut arrived: mpsc::Receiver<Arrived>,
    limits: Limits,
    stop: &CancellationToken,
) -> Result<(), Failure> {
    let mut patience = Patience::default();
    loop {
        let mut batch = Vec::new();
        tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(()),
            count = arrived.recv_many(&mut batch, COMPLETIONS_OUTSTANDING_MAX) => if count == 0 {
                return Ok(());
            },
        }
        let (completions, deliveries): (Vec<Traced<Completion>>, Vec<Box<dyn Delivery>>) =
            batch.into_iter().unzip();
        let answer = bearing_with(engine, limits, || gate::arrive(engine, reader, &completions));
        if patience.judge(answer.await)? {
            deliveries.into_iter().for_each(Delivery::ack);
        } else {
            deliveries.into_iter().for_each(Delivery::nack);
        }
    }
}

async fn dead_letter_loop(
    engine: Arc<Engine>,
    mut deliveries: Box<dyn Deliveries>,
    limits: Limits,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let mut patience = Patience::default();
    while let Some(delivery) = next(&mut deliveries, &stop).await? {
        let outcome = match delivery.message() {
            Message::WorkOrder(order) => {
                let order = Traced { message: *order, trace: delivery.trace().cloned() };
                bearing_with(&engine, limits, || dead_letter::record_crash(&engine, &order)).await
            }
            // Our own notice: the ledger has it already.
            Message::DeadLetter(_) => Ok(()),
            other @ (Message::Completion(_) | Message::Undecodable(_)) => {
                tracing::warn!(?other, "no dead letter; acknowledged and passed over");
                Ok(())
            }
        };
        if patience.judge(outcome)? {
            delivery.ack();
        } else {
            delivery.nack();
        }
    }
    deliveries.close().await;
    Ok(())
}

async fn take_orders(
    engine: Arc<Engine>,
    queue: Arc<OrderQueue>,
    mut deliveries: Box<dyn Deliveries>,
    stop: CancellationToken,
) -> Result<(), Failure> {
    while let Some(delivery) = next(&mut deliveries, &stop).await? {
        match delivery.message() {
            Message::WorkOrder(order) => {
                let order = *order;
                queue.push(engine.cascade(), order, delivery, engine.ports.clock.now());
            }
            other => {
                tracing::warn!(?other, "no work order; acknowledged and passed over");
                delivery.ack();
            }
        }
    }
    deliveries.close().await;
    Ok(())
}

async fn work_loop(
    engine: Arc<Engine>,
    queue: Arc<OrderQueue>,
    mut slots: Slots,
    limits: Limits,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let mut attempts: JoinSet<(WorkOrder, Result<(), Failure>)> = JoinSet::new();
    let mut patience = Patience::default();
    loop {
        let now = engine.ports.clock.now();
        while let Some((order, delivery)) = queue.pop(&slots, now) {
            slots.take(order.lane, now);
            let engine = Arc::clone(&engine);
            attempts.spawn(async move {
                let traced = Traced { message: order, trace: delivery.trace().cloned() };
                let outcome = bearing_with(&engine, limits, || attempt::perform(&engine, &traced)).await;
                match &outcome {
                    Ok(()) => delivery.ack(),
                    Err(_) => delivery.nack(),
                }
                (order, outcome)
            });
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(ended) = attempts.join_next() => {
                let (order, outcome) =
                    ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
                slots.give(order.lane);
                queue.ended(order);
                patience.judge(outcome)?;
            }
            () = queue.more() => {}
            Some(()) = OptionFuture::from(queue.due().map(|due| engine.ports.clock.sleep_until(due))) => {}
        }
    }
    // Attempts that only wait give their orders back at once; those at work come to their end.
    let rest = async {
        while let Some(ended) = attempts.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "an attempt panicked while stopping");
            }
        }
    };
    if tokio::time::timeout(limits.grace, rest).await.is_err() {
        tracing::warn!("attempts were cut short by the end of the grace period; they will be made again");
    }
    Ok(())
}
