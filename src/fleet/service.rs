//! The loops around the engine: one for each subscription, a bounded number of attempts at a time, the
//! oldest date first. Every task has an owner here and an end; stopping is told by one token.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::engine::Engine;
use super::lanes::{ByLane, Slots};
use super::ports::{Deliveries, Delivery, Message, Subscriber};
use super::{attempt, dead_letter, gate};
use crate::flow::{
    Completion, DatasetName, Failure, Lane, Millis, WorkOrder, dead_letter_subscription, gate_subscription,
    work_subscription,
};

/// Unanswered work orders that a process holds of each processor and lane.
const ORDERS_OUTSTANDING_MAX: usize = 64;

/// Unanswered completions that a gate holds of each input: it answers whole batches at once.
const COMPLETIONS_OUTSTANDING_MAX: usize = 1_000;

/// Port failures in a row after which the service gives up: the ledger or the server is gone for good.
const FAILURES_MAX: u32 = 8;

/// How long attempts at work may take to end when the service stops.
const GRACE: Duration = Duration::from_secs(20);

/// How many attempts are under way at a time.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Attempts at a time, most of them waiting for IO; computations are bounded by the cores.
    pub attempts_max: usize,
}

/// The running loops of an engine.
pub struct Service {
    stop: CancellationToken,
    tasks: JoinSet<Result<(), Failure>>,
}

impl Service {
    /// Opens all subscriptions of the engine's cascade and begins.
    pub async fn start(
        engine: Arc<Engine>,
        subscriber: Arc<dyn Subscriber>,
        limits: Limits,
    ) -> Result<Self, Failure> {
        let stop = engine.stop.clone();
        let mut tasks = JoinSet::new();
        let queue = Arc::new(OrderQueue::default());
        for processor in engine.cascade().processors() {
            let dataset = processor.writes;
            for input in processor.reads {
                let name = gate_subscription(dataset, input.dataset);
                let deliveries = subscriber.subscribe(&name, COMPLETIONS_OUTSTANDING_MAX).await?;
                tasks.spawn(gate_loop(Arc::clone(&engine), dataset, deliveries, stop.clone()));
            }
            for lane in Lane::ALL {
                let name = work_subscription(dataset, lane);
                let deliveries = subscriber.subscribe(&name, ORDERS_OUTSTANDING_MAX).await?;
                tasks.spawn(take_orders(Arc::clone(&engine), Arc::clone(&queue), deliveries, stop.clone()));
            }
            let name = dead_letter_subscription(dataset);
            let deliveries = subscriber.subscribe(&name, ORDERS_OUTSTANDING_MAX).await?;
            tasks.spawn(dead_letter_loop(Arc::clone(&engine), deliveries, stop.clone()));
        }
        tasks.spawn(work_loop(engine, queue, limits, stop.clone()));
        Ok(Self { stop, tasks })
    }

    /// Comes back when a loop has ended although nobody asked it to: with its failure.
    pub async fn failed(&mut self) -> Failure {
        loop {
            match self.tasks.join_next().await {
                Some(Ok(Err(failure))) => return failure,
                Some(Ok(Ok(()))) => {}
                Some(Err(panic)) => std::panic::resume_unwind(panic.into_panic()),
                None => std::future::pending().await,
            }
        }
    }

    /// Takes nothing new, lets the attempts under way come to their end, and closes the subscriptions.
    pub async fn stop(mut self) {
        self.stop.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            match ended {
                Ok(Ok(())) => {}
                Ok(Err(failure)) => {
                    tracing::warn!(%failure, "a loop ended with a failure while stopping")
                }
                Err(error) => tracing::error!(%error, "a loop panicked while stopping"),
            }
        }
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

/// The gate of a processor at work: completions of days are answered beside those of backfills, not behind them.
async fn gate_loop(
    engine: Arc<Engine>,
    reader: DatasetName,
    deliveries: Box<dyn Deliveries>,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let (daily, of_days) = mpsc::channel(COMPLETIONS_OUTSTANDING_MAX);
    let (backfill, of_backfills) = mpsc::channel(COMPLETIONS_OUTSTANDING_MAX);
    tokio::try_join!(
        sort_completions(reader, deliveries, [daily, backfill], &stop),
        answer_completions(&engine, reader, of_days, &stop),
        answer_completions(&engine, reader, of_backfills, &stop),
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
        let completion = completion.clone();
        let lane = match completion.lane {
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
type Arrived = (Completion, Box<dyn Delivery>);

/// Answers the completions of a lane, whole batches at once.
async fn answer_completions(
    engine: &Engine,
    reader: DatasetName,
    mut arrived: mpsc::Receiver<Arrived>,
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
        let (completions, deliveries): (Vec<Completion>, Vec<Box<dyn Delivery>>) = batch.into_iter().unzip();
        if patience.judge(gate::arrive(engine, reader, &completions).await)? {
            deliveries.into_iter().for_each(Delivery::ack);
        } else {
            deliveries.into_iter().for_each(Delivery::nack);
        }
    }
}

async fn dead_letter_loop(
    engine: Arc<Engine>,
    mut deliveries: Box<dyn Deliveries>,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let mut patience = Patience::default();
    while let Some(delivery) = next(&mut deliveries, &stop).await? {
        let outcome = match delivery.message() {
            Message::WorkOrder(order) => dead_letter::record_crash(&engine, *order).await,
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

/// Work orders that this process has taken, by lane, the most urgent first: date, then place in the cascade.
/// So dates come through whole, and what has just been decoded is used while it is there.
#[derive(Default)]
struct OrderQueue {
    heaps: Mutex<ByLane<BinaryHeap<Reverse<Queued>>>>,
    more: Notify,
}

struct Queued {
    urgency: (i32, usize),
    order: WorkOrder,
    delivery: Box<dyn Delivery>,
}

impl PartialEq for Queued {
    fn eq(&self, other: &Self) -> bool {
        self.urgency == other.urgency
    }
}

impl Eq for Queued {}

impl PartialOrd for Queued {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Queued {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.urgency.cmp(&other.urgency)
    }
}

impl OrderQueue {
    fn push(&self, queued: Queued) {
        self.heaps().of_mut(queued.order.lane).push(Reverse(queued));
        self.more.notify_one();
    }

    /// The order that is to be begun now: a day's where there is room for one, else a backfill's.
    fn pop(&self, slots: &Slots, now: Millis) -> Option<Queued> {
        let mut heaps = self.heaps();
        let mut lanes = Lane::ALL.into_iter().filter(|lane| slots.has_room(*lane, now));
        lanes.find_map(|lane| heaps.of_mut(lane).pop()).map(|Reverse(queued)| queued)
    }

    fn heaps(&self) -> MutexGuard<'_, ByLane<BinaryHeap<Reverse<Queued>>>> {
        self.heaps.lock().expect("nobody panics while holding the queue")
    }
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
                let position = engine.cascade().position(order.unit.dataset).unwrap_or(usize::MAX);
                queue.push(Queued { urgency: (order.unit.date.days(), position), order, delivery });
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
    limits: Limits,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let mut slots = Slots::of(limits.attempts_max);
    let mut attempts: JoinSet<(Lane, Result<(), Failure>)> = JoinSet::new();
    let mut patience = Patience::default();
    loop {
        let now = engine.ports.clock.now();
        while let Some(Queued { order, delivery, .. }) = queue.pop(&slots, now) {
            slots.take(order.lane, now);
            let engine = Arc::clone(&engine);
            attempts.spawn(async move {
                let outcome = attempt::perform(&engine, order).await;
                match &outcome {
                    Ok(()) => delivery.ack(),
                    Err(_) => delivery.nack(),
                }
                (order.lane, outcome)
            });
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(ended) = attempts.join_next() => {
                let (lane, outcome) = ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
                slots.give(lane);
                patience.judge(outcome)?;
            }
            () = queue.more.notified() => {}
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
    if tokio::time::timeout(GRACE, rest).await.is_err() {
        tracing::warn!("attempts were cut short by the end of the grace period; they will be made again");
    }
    Ok(())
}
