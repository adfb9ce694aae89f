//! What a request does, free of its transport: publishes, leases, acks and lists against the state, through the
//! log's writer where it must be durable. Also the timekeeper, which acts when leases and retention run out.

use super::ack_id::AckId;
use super::api::{PubsubMessage, ReceivedMessage, Subscription, Topic};
use super::change::{Answer, Change};
use super::limits;
use super::log::{Delivered, Expired, Seqs};
use super::names::{ProjectName, SubscriptionName, TopicName};
use super::queue::{Delivery, Holder, Moment, Room};
use super::refusal::Refusal;
use super::settings;
use super::writer::{Operation, Shared};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// All unary pulls together hold their leases under this number; streams count from 1.
const UNARY: Holder = Holder(0);

/// The server behind its transports.
#[derive(Debug)]
pub(super) struct Core {
    shared: Arc<Shared>,
    operations: mpsc::Sender<Operation>,
    holders: AtomicU64,
    /// Cancelled when the server stops: streams end, waiting pulls answer.
    pub(super) stopping: CancellationToken,
}

/// A stream's or pull's place at a subscription.
#[derive(Debug, Clone)]
pub(super) struct Seat {
    /// The subscription's full name.
    pub(super) name: String,
    subscription_id: u64,
    holder: Holder,
    /// Told whenever there may be something to take.
    pub(super) wake: Arc<Notify>,
}

/// One page of a list.
#[derive(Debug)]
pub(super) struct Page<T> {
    /// What is on it.
    pub(super) items: Vec<T>,
    /// Where the next one starts; empty on the last.
    pub(super) next: String,
}

/// Which page is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct PageOf<'a> {
    /// Items at most; 0 for the default.
    pub(super) size: i32,
    /// The token of the page before; empty for the first.
    pub(super) token: &'a str,
}

impl Core {
    /// In front of a writer that takes `operations`.
    pub(super) fn new(shared: Arc<Shared>, operations: mpsc::Sender<Operation>) -> Core {
        Core { shared, operations, holders: AtomicU64::new(1), stopping: CancellationToken::new() }
    }

    /// Publishes; returns once the messages are durable.
    pub(super) async fn publish(
        &self,
        topic: String,
        messages: Vec<PubsubMessage>,
    ) -> Result<Vec<String>, Refusal> {
        TopicName::parse("topic", &topic)?;
        settings::publication(&messages)?;
        self.asked(|reply| Operation::Publish { topic, messages, reply }).await
    }

    /// Changes topics and subscriptions; returns once the change is durable.
    pub(super) async fn change(&self, change: Change) -> Result<Answer, Refusal> {
        self.asked(|reply| Operation::Change(Box::new(change), reply)).await
    }

    /// Acknowledges; returns once that is durable.
    pub(super) async fn acknowledge(&self, subscription: &str, ack_ids: &[String]) -> Result<(), Refusal> {
        SubscriptionName::parse("subscription", subscription)?;
        let acknowledged = self.remove(subscription, &parsed(ack_ids)?)?;
        // Also when nothing was left to remove: the ack before this one may still be on its way to the disk.
        self.asked(|reply| Operation::Acknowledge { acknowledged, reply: Some(reply) }).await
    }

    /// Acknowledges on behalf of a stream, which gets no answer to it.
    pub(super) async fn acknowledge_unasked(
        &self,
        subscription: &str,
        ack_ids: &[String],
    ) -> Result<(), Refusal> {
        let acknowledged = self.remove(subscription, &parsed(ack_ids)?)?;
        self.send(Operation::Acknowledge { acknowledged, reply: None }).await
    }

    /// Moves deadlines; 0 seconds is a nack.
    pub(super) async fn modify(&self, subscription: &str, deadlines: &[(&str, i32)]) -> Result<(), Refusal> {
        let mut wanted = Vec::with_capacity(deadlines.len());
        for (ack_id, seconds) in deadlines {
            wanted.push((AckId::parse(ack_id)?, settings::modified_deadline(*seconds)?));
        }
        let mut exhausted = Vec::new();
        let now = self.shared.clock.now();
        let subscription_id = {
            let mut state = self.shared.state();
            let (id, entry) = state.subscription_mut(subscription)?;
            let mut woken = false;
            for (ack_id, deadline) in wanted.into_iter().filter(|(ack_id, _)| ack_id.subscription_id == id) {
                if deadline.is_zero() {
                    let lapsed = entry.queue.nack(now, ack_id.seq, ack_id.lease);
                    woken |= lapsed.ready;
                    exhausted.extend(lapsed.exhausted);
                } else {
                    entry.queue.extend(ack_id.seq, ack_id.lease, now + deadline);
                }
            }
            if woken {
                entry.wake.notify_waiters();
            }
            entry.queue.next_moment().into_iter().for_each(|moment| self.shared.wake_by(moment));
            id
        };
        for seq in exhausted {
            self.send(Operation::DeadLetter { subscription_id, seq, now }).await?;
        }
        Ok(())
    }

    /// A place for a stream; to be given back with [`Core::leave`].
    pub(super) fn join(&self, subscription: &str) -> Result<Seat, Refusal> {
        let seat = self.seat(subscription, Holder(self.holders.fetch_add(1, Ordering::Relaxed)))?;
        self.shared.state().subscription_mut(subscription)?.1.queue.join(seat.holder);
        Ok(seat)
    }

    /// A place for a unary pull.
    pub(super) fn visit(&self, subscription: &str) -> Result<Seat, Refusal> {
        self.seat(subscription, UNARY)
    }

    /// The stream has ended; its leases stay.
    pub(super) fn leave(&self, seat: &Seat) {
        if let Some(entry) = self.shared.state().subscriptions.get_mut(&seat.subscription_id) {
            entry.queue.part(seat.holder);
            entry.wake.notify_waiters();
        }
    }

    /// Leases what fits into `room`, for `deadline` or the subscription's own. Empty when there is nothing now.
    pub(super) async fn take(
        &self,
        seat: &Seat,
        deadline: Option<Duration>,
        mut room: Room,
    ) -> Result<Vec<ReceivedMessage>, Refusal> {
        self.shared.trusted()?;
        let now = self.shared.clock.now();
        let wall_micros = self.shared.clock.wall_micros();
        let (deliveries, counts, expired) = {
            let mut state = self.shared.state();
            let entry = state.subscriptions.get_mut(&seat.subscription_id);
            let entry = entry.ok_or_else(|| Refusal::not_found(&seat.name))?;
            if entry.settings.detached {
                return Err(Refusal::Detached { name: seat.name.clone() });
            }
            // Not left to the timekeeper alone: what is too old now is not delivered now.
            let expired = entry.expire(wall_micros);
            if seat.holder != UNARY {
                room.messages = room.messages.min(entry.queue.share());
            }
            let own = Duration::from_secs(entry.settings.ack_deadline_seconds.max(0) as u64);
            let until = now + deadline.unwrap_or(own);
            self.shared.wake_by(until);
            let deliveries = entry.queue.take(until, seat.holder, room);
            (deliveries, entry.settings.dead_letter_policy.is_some(), expired)
        };
        if let Some(through) = expired {
            let subscription_id = seat.subscription_id;
            self.send(Operation::Expire(Expired { subscription_id, through })).await?;
        }
        if counts && !deliveries.is_empty() {
            self.send(Operation::Begin(begun(seat.subscription_id, &deliveries))).await?;
        }
        Ok(deliveries.into_iter().map(|delivery| received(seat.subscription_id, &delivery, counts)).collect())
    }

    /// The settings of a topic.
    pub(super) fn topic(&self, name: &str) -> Result<Topic, Refusal> {
        let name = TopicName::parse("topic", name)?;
        Ok(self.shared.state().topic(name.as_str())?.1.settings.clone())
    }

    /// The settings of a subscription.
    pub(super) fn subscription(&self, name: &str) -> Result<Subscription, Refusal> {
        let name = SubscriptionName::parse("subscription", name)?;
        Ok(self.shared.state().subscription(name.as_str())?.1.settings.clone())
    }

    /// The topics of a project, by name.
    pub(super) fn topics(&self, project: &str, page: PageOf<'_>) -> Result<Page<Topic>, Refusal> {
        let project = ProjectName::parse("project", project)?;
        let state = self.shared.state();
        let (ids, next) = listed(&state.topic_ids, page, |name| project.owns(name))?;
        Ok(Page { items: ids.into_iter().map(|id| state.topics[&id].settings.clone()).collect(), next })
    }

    /// The subscriptions of a project, by name.
    pub(super) fn subscriptions(
        &self,
        project: &str,
        page: PageOf<'_>,
    ) -> Result<Page<Subscription>, Refusal> {
        let project = ProjectName::parse("project", project)?;
        let state = self.shared.state();
        let (ids, next) = listed(&state.subscription_ids, page, |name| project.owns(name))?;
        Ok(Page {
            items: ids.into_iter().map(|id| state.subscriptions[&id].settings.clone()).collect(),
            next,
        })
    }

    /// The names of the subscriptions attached to a topic.
    pub(super) fn attached(&self, topic: &str, page: PageOf<'_>) -> Result<Page<String>, Refusal> {
        let topic = TopicName::parse("topic", topic)?;
        let state = self.shared.state();
        let attached = &state.topic(topic.as_str())?.1.subscriptions;
        let names = attached.iter().map(|id| (state.subscriptions[id].settings.name.clone(), *id)).collect();
        let (ids, next) = listed(&names, page, |_| true)?;
        Ok(Page {
            items: ids.into_iter().map(|id| state.subscriptions[&id].settings.name.clone()).collect(),
            next,
        })
    }

    /// Runs until the server stops: ends leases and backoffs when their time comes, drops what is too old.
    pub(super) async fn keep_time(&self) {
        loop {
            let now = self.shared.clock.now();
            let duties = self.shared.state().lapse(now, self.shared.clock.wall_micros());
            // The wall's clock may be set at any time, so retention is looked at once an hour at least.
            let next = duties.next.unwrap_or(Moment::MAX).min(now + Duration::from_secs(3600));
            self.shared.alarm_micros.store(next.as_micros() as u64, Ordering::Relaxed);
            for (subscription_id, seq) in duties.exhausted {
                if self.send(Operation::DeadLetter { subscription_id, seq, now }).await.is_err() {
                    return;
                }
            }
            for (subscription_id, through) in duties.expired {
                if self.send(Operation::Expire(Expired { subscription_id, through })).await.is_err() {
                    return;
                }
            }
            tokio::select! {
                () = tokio::time::sleep_until(self.shared.clock.instant(next)) => {}
                () = self.shared.alarm.notified() => {}
                () = self.stopping.cancelled() => return,
            }
        }
    }

    /// Tells the writer to end once everything before is written.
    pub(super) async fn stop_writing(&self) -> Result<(), Refusal> {
        self.send(Operation::Stop).await
    }

    /// Whether the log still takes writes, and why not.
    pub(super) fn trusted(&self) -> Result<(), Refusal> {
        self.shared.trusted()
    }

    fn seat(&self, subscription: &str, holder: Holder) -> Result<Seat, Refusal> {
        let name = SubscriptionName::parse("subscription", subscription)?.to_string();
        let state = self.shared.state();
        let (subscription_id, entry) = state.subscription(&name)?;
        if entry.settings.detached {
            return Err(Refusal::Detached { name });
        }
        Ok(Seat { name, subscription_id, holder, wake: entry.wake.clone() })
    }

    fn remove(&self, subscription: &str, ack_ids: &[AckId]) -> Result<Seqs, Refusal> {
        let mut state = self.shared.state();
        let (subscription_id, entry) = state.subscription_mut(subscription)?;
        let mut seqs = Vec::with_capacity(ack_ids.len());
        let mut room_made = false;
        for ack_id in ack_ids.iter().filter(|ack_id| ack_id.subscription_id == subscription_id) {
            if let Some(holder) = entry.queue.remove(ack_id.seq) {
                room_made |= holder.is_some();
                seqs.push(ack_id.seq);
            }
        }
        if room_made {
            entry.wake.notify_waiters();
        }
        Ok(Seqs { subscription_id, seqs })
    }

    async fn asked<T>(
        &self,
        operation: impl FnOnce(oneshot::Sender<Result<T, Refusal>>) -> Operation,
    ) -> Result<T, Refusal> {
        self.shared.trusted()?;
        let (reply, answer) = oneshot::channel();
        self.send(operation(reply)).await?;
        answer.await.unwrap_or(Err(Refusal::Stopping))
    }

    async fn send(&self, operation: Operation) -> Result<(), Refusal> {
        self.operations.send(operation).await.map_err(|_| Refusal::Stopping)
    }
}

fn parsed(ack_ids: &[String]) -> Result<Vec<AckId>, Refusal> {
    if ack_ids.len() > limits::ACK_IDS_MAX {
        let rule = format!("{} ack IDs are more than {}", ack_ids.len(), limits::ACK_IDS_MAX);
        return Err(Refusal::invalid("ack_ids", rule));
    }
    ack_ids.iter().map(|ack_id| AckId::parse(ack_id)).collect()
}

fn begun(subscription_id: u64, deliveries: &[Delivery]) -> Delivered {
    let seqs = deliveries.iter().map(|delivery| delivery.stored.seq).collect();
    let attempts = deliveries.iter().map(|delivery| delivery.attempt).collect();
    Delivered { subscription_id, seqs, attempts }
}

fn received(subscription_id: u64, delivery: &Delivery, counts: bool) -> ReceivedMessage {
    let ack_id = AckId { subscription_id, seq: delivery.stored.seq, lease: delivery.lease };
    ReceivedMessage {
        ack_id: ack_id.to_string(),
        message: Some(delivery.stored.message.clone()),
        // "If a DeadLetterPolicy is not set on the subscription, this will be 0."
        delivery_attempt: if counts { delivery.attempt as i32 } else { 0 },
    }
}

/// The ids of one page in the order of their names, and the token of the next. A token is the last name shown.
fn listed(
    ids: &BTreeMap<String, u64>,
    page: PageOf<'_>,
    belongs: impl Fn(&str) -> bool,
) -> Result<(Vec<u64>, String), Refusal> {
    let size = match usize::try_from(page.size) {
        Ok(0) => limits::PAGE_SIZE_DEFAULT,
        Ok(size) => size.min(limits::PAGE_SIZE_MAX),
        Err(_) => return Err(Refusal::invalid("page_size", "it must not be negative")),
    };
    let after = if page.token.is_empty() { Bound::Unbounded } else { Bound::Excluded(page.token) };
    let mut rest =
        ids.range::<str, _>((after, Bound::Unbounded)).filter(|(name, _)| belongs(name)).peekable();
    let shown: Vec<(&String, &u64)> = rest.by_ref().take(size).collect();
    let next = match (shown.last(), rest.peek()) {
        (Some((name, _)), Some(_)) => (*name).clone(),
        _ => String::new(),
    };
    Ok((shown.into_iter().map(|(_, id)| *id).collect(), next))
}
