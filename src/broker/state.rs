//! Everything that the server knows, as the log's records add up to it: topics, subscriptions, backlogs. The same
//! `apply` serves the running server and recovery. Must not: write a file, wait, or talk to a client.

use super::api::{PubsubMessage, Subscription, Topic};
use super::limits;
use super::log::{Counters, DeadLettered, Published, Record, Restored, SubscriptionPut, TopicPut};
use super::names::DELETED_TOPIC;
use super::queue::{Backoff, Begun, Moment, Policy, Queue, Stored};
use super::refusal::Refusal;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Notify;

/// A topic.
#[derive(Debug)]
pub(super) struct TopicEntry {
    /// Its settings, as answered to `GetTopic`.
    pub(super) settings: Topic,
    /// The subscriptions attached to it.
    pub(super) subscriptions: BTreeSet<u64>,
}

/// A subscription with its backlog.
#[derive(Debug)]
pub(super) struct SubscriptionEntry {
    /// Its settings, as answered to `GetSubscription`.
    pub(super) settings: Subscription,
    /// Its topic, unless that was deleted or the subscription detached.
    pub(super) topic_id: Option<u64>,
    /// Its messages.
    pub(super) queue: Queue,
    /// Told whenever a message may be deliverable or a stream has room again.
    pub(super) wake: Arc<Notify>,
}

impl SubscriptionEntry {
    /// Drops what is older than the retention; says the highest number dropped.
    pub(super) fn expire(&mut self, wall_micros: i64) -> Option<u64> {
        let retention = retention(&self.settings).as_micros() as i64;
        self.queue.expire(wall_micros.saturating_sub(retention))
    }
}

/// The sum of the log.
#[derive(Debug, Default)]
pub(super) struct State {
    /// Topics by id.
    pub(super) topics: HashMap<u64, TopicEntry>,
    /// Topic ids by name.
    pub(super) topic_ids: BTreeMap<String, u64>,
    /// Subscriptions by id.
    pub(super) subscriptions: HashMap<u64, SubscriptionEntry>,
    /// Subscription ids by name.
    pub(super) subscription_ids: BTreeMap<String, u64>,
    /// The next id of a topic or subscription.
    pub(super) next_id: u64,
    /// The next message number.
    pub(super) next_seq: u64,
    /// Payload bytes held, kept up to date by the messages themselves.
    pub(super) held_bytes: Arc<AtomicU64>,
    /// Messages that a change of policy or a crash left beyond their last delivery, until `lapse` hands them out.
    beyond: Vec<(u64, u64)>,
}

/// A record that names something that is not there: the log was not written by this program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a record names {what} {id}, which does not exist at that point")]
pub struct Dangling {
    what: &'static str,
    id: u64,
}

impl State {
    /// Applies one record. Messages and acks of resources that were deleted meanwhile are dropped.
    pub(super) fn apply(&mut self, record: Record) -> Result<(), Dangling> {
        match record {
            Record::TopicPut(put) => self.put_topic(put),
            Record::TopicDeleted(id) => self.delete_topic(id)?,
            Record::SubscriptionPut(put) => self.put_subscription(put)?,
            Record::SubscriptionDeleted(id) => self.delete_subscription(id)?,
            Record::Published(published) => self.publish(published),
            Record::Acknowledged(acknowledged) => {
                if let Some(entry) = self.subscriptions.get_mut(&acknowledged.subscription_id) {
                    for seq in acknowledged.seqs {
                        entry.queue.remove(seq);
                    }
                }
            }
            Record::Delivered(delivered) => {
                if let Some(entry) = self.subscriptions.get_mut(&delivered.subscription_id) {
                    for (seq, attempt) in delivered.seqs.into_iter().zip(delivered.attempts) {
                        entry.queue.delivery_was_begun(seq, attempt);
                    }
                }
            }
            Record::Expired(expired) => {
                if let Some(entry) = self.subscriptions.get_mut(&expired.subscription_id) {
                    entry.queue.expire_through(expired.through);
                }
            }
            Record::DeadLettered(DeadLettered { subscription_id, seq, published }) => {
                if let Some(entry) = self.subscriptions.get_mut(&subscription_id) {
                    entry.queue.remove(seq);
                    entry.wake.notify_waiters();
                }
                self.publish(published);
            }
            Record::Restored(restored) => self.restore(restored),
            Record::Counters(Counters { next_id, next_seq }) => {
                self.next_id = self.next_id.max(next_id);
                self.next_seq = self.next_seq.max(next_seq);
            }
        }
        Ok(())
    }

    /// The subscription of that name, to change.
    pub(super) fn subscription_mut(&mut self, name: &str) -> Result<(u64, &mut SubscriptionEntry), Refusal> {
        let id = self.subscription_ids.get(name).ok_or_else(|| Refusal::not_found(name))?;
        let entry = self.subscriptions.get_mut(id).expect("every named subscription exists");
        Ok((*id, entry))
    }

    /// The topic of that name.
    pub(super) fn topic(&self, name: &str) -> Result<(u64, &TopicEntry), Refusal> {
        let id = self.topic_ids.get(name).ok_or_else(|| Refusal::not_found(name))?;
        Ok((*id, &self.topics[id]))
    }

    /// The subscription of that name.
    pub(super) fn subscription(&self, name: &str) -> Result<(u64, &SubscriptionEntry), Refusal> {
        let id = self.subscription_ids.get(name).ok_or_else(|| Refusal::not_found(name))?;
        Ok((*id, &self.subscriptions[id]))
    }

    /// Everything as the records of a checkpoint, messages as references that are encoded later.
    pub(super) fn checkpoint(&self, begun: Begun) -> Checkpoint {
        let topics =
            self.topics.iter().map(|(id, entry)| TopicPut { id: *id, topic: entry.settings.clone() });
        let subscriptions = self.subscriptions.iter().map(|(id, entry)| SubscriptionPut {
            id: *id,
            topic_id: entry.topic_id,
            subscription: entry.settings.clone(),
        });
        let mut messages: BTreeMap<u64, Holding> = BTreeMap::new();
        for (id, entry) in &self.subscriptions {
            for (stored, failures) in entry.queue.backlog(begun) {
                let holding = messages.entry(stored.seq).or_insert_with(|| Holding {
                    stored: stored.clone(),
                    subscription_ids: vec![],
                    failures: vec![],
                });
                holding.subscription_ids.push(*id);
                holding.failures.push(failures);
            }
        }
        Checkpoint {
            topics: topics.collect(),
            subscriptions: subscriptions.collect(),
            messages: messages.into_values().collect(),
            counters: Counters { next_id: self.next_id, next_seq: self.next_seq },
        }
    }

    /// Payload bytes held in memory.
    pub(super) fn held_bytes(&self) -> u64 {
        self.held_bytes.load(Ordering::Relaxed)
    }

    /// Ends every lease and backoff whose time has come, drops what is past its retention, and wakes the streams.
    pub(super) fn lapse(&mut self, now: Moment, wall_micros: i64) -> Duties {
        let mut duties = Duties { exhausted: std::mem::take(&mut self.beyond), ..Duties::default() };
        for (id, entry) in &mut self.subscriptions {
            let lapsed = entry.queue.lapse(now);
            let retention = retention(&entry.settings).as_micros() as i64;
            let expired = entry.expire(wall_micros);
            if lapsed.ready || expired.is_some() {
                entry.wake.notify_waiters();
            }
            duties.exhausted.extend(lapsed.exhausted.into_iter().map(|seq| (*id, seq)));
            duties.expired.extend(expired.map(|through| (*id, through)));
            let oldest = entry.queue.oldest_micros().map(|micros| {
                now + Duration::from_micros((micros + retention - wall_micros).max(0) as u64)
                    // One more than the last moment at which it is still kept.
                    + Duration::from_millis(1)
            });
            let next = [duties.next, entry.queue.next_moment(), oldest];
            duties.next = next.into_iter().flatten().min();
        }
        duties
    }

    /// After a replay: what the interrupted deliveries have used up is found and handed out by the next `lapse`.
    pub(super) fn settle(&mut self) {
        for (id, entry) in &mut self.subscriptions {
            let lapsed = entry.queue.set_policy(policy(&entry.settings));
            self.beyond.extend(lapsed.exhausted.into_iter().map(|seq| (*id, seq)));
        }
    }

    fn put_topic(&mut self, put: TopicPut) {
        self.next_id = self.next_id.max(put.id + 1);
        self.topic_ids.insert(put.topic.name.clone(), put.id);
        let subscriptions = self.topics.remove(&put.id).map(|entry| entry.subscriptions).unwrap_or_default();
        self.topics.insert(put.id, TopicEntry { settings: put.topic, subscriptions });
    }

    fn delete_topic(&mut self, id: u64) -> Result<(), Dangling> {
        let entry = self.topics.remove(&id).ok_or(Dangling { what: "topic", id })?;
        self.topic_ids.remove(&entry.settings.name);
        for subscription_id in entry.subscriptions {
            if let Some(subscription) = self.subscriptions.get_mut(&subscription_id) {
                subscription.topic_id = None;
                subscription.settings.topic = DELETED_TOPIC.to_owned();
            }
        }
        Ok(())
    }

    fn put_subscription(&mut self, put: SubscriptionPut) -> Result<(), Dangling> {
        let SubscriptionPut { id, topic_id, subscription: settings } = put;
        if let Some(topic_id) = topic_id {
            let topic = self.topics.get_mut(&topic_id).ok_or(Dangling { what: "topic", id: topic_id })?;
            topic.subscriptions.insert(id);
        }
        self.next_id = self.next_id.max(id + 1);
        let policy = policy(&settings);
        self.subscription_ids.insert(settings.name.clone(), id);
        let entry = self.subscriptions.entry(id).or_insert_with(|| SubscriptionEntry {
            settings: settings.clone(),
            topic_id,
            queue: Queue::new(policy),
            wake: Arc::default(),
        });
        if settings.detached {
            entry.queue = Queue::new(policy);
            if let Some(topic) = entry.topic_id.take().and_then(|topic_id| self.topics.get_mut(&topic_id)) {
                topic.subscriptions.remove(&id);
            }
        }
        entry.settings = settings;
        let lapsed = entry.queue.set_policy(policy);
        entry.wake.notify_waiters();
        self.beyond.extend(lapsed.exhausted.into_iter().map(|seq| (id, seq)));
        Ok(())
    }

    fn delete_subscription(&mut self, id: u64) -> Result<(), Dangling> {
        let entry = self.subscriptions.remove(&id).ok_or(Dangling { what: "subscription", id })?;
        self.subscription_ids.remove(&entry.settings.name);
        if let Some(topic) = entry.topic_id.and_then(|topic_id| self.topics.get_mut(&topic_id)) {
            topic.subscriptions.remove(&id);
        }
        entry.wake.notify_waiters();
        Ok(())
    }

    fn publish(&mut self, published: Published) {
        let Published { topic_id, first_seq, micros, messages } = published;
        self.next_seq = self.next_seq.max(first_seq + messages.len() as u64);
        let Some(topic) = self.topics.get(&topic_id) else {
            return;
        };
        let held_bytes = &self.held_bytes;
        let stored: Vec<Arc<Stored>> = (first_seq..)
            .zip(messages)
            .map(|(seq, message)| Stored::new(seq, micros, stamped(message, seq, micros), held_bytes))
            .collect();
        for id in &topic.subscriptions {
            let entry = self.subscriptions.get_mut(id).expect("an attached subscription exists");
            for message in &stored {
                entry.queue.push(message.clone(), 0);
            }
            entry.wake.notify_waiters();
        }
    }

    fn restore(&mut self, restored: Restored) {
        let Restored { seq, micros, message, subscription_ids, failures } = restored;
        let stored = Stored::new(seq, micros, stamped(message, seq, micros), &self.held_bytes);
        for (id, failures) in subscription_ids.into_iter().zip(failures) {
            if let Some(entry) = self.subscriptions.get_mut(&id) {
                entry.queue.push(stored.clone(), failures);
            }
        }
    }
}

/// What has become due, for the log and the clock.
#[derive(Debug, Default)]
pub(super) struct Duties {
    /// Subscription id and message number of each message that is to be dead-lettered.
    pub(super) exhausted: Vec<(u64, u64)>,
    /// Subscription id and the highest number that retention dropped.
    pub(super) expired: Vec<(u64, u64)>,
    /// When to look again.
    pub(super) next: Option<Moment>,
}

/// A state to be written down.
#[derive(Debug)]
pub(super) struct Checkpoint {
    topics: Vec<TopicPut>,
    subscriptions: Vec<SubscriptionPut>,
    messages: Vec<Holding>,
    counters: Counters,
}

#[derive(Debug)]
struct Holding {
    stored: Arc<Stored>,
    subscription_ids: Vec<u64>,
    failures: Vec<u32>,
}

impl Checkpoint {
    /// The records, in the order of the log's grammar.
    pub(super) fn records(self) -> impl Iterator<Item = Record> {
        let messages = self.messages.into_iter().map(|holding| {
            Record::Restored(Restored {
                seq: holding.stored.seq,
                micros: holding.stored.published_micros,
                message: PubsubMessage {
                    message_id: String::new(),
                    publish_time: None,
                    ..holding.stored.message.clone()
                },
                subscription_ids: holding.subscription_ids,
                failures: holding.failures,
            })
        });
        let topics = self.topics.into_iter().map(Record::TopicPut);
        let subscriptions = self.subscriptions.into_iter().map(Record::SubscriptionPut);
        topics.chain(subscriptions).chain(messages).chain([Record::Counters(self.counters)])
    }
}

/// How long a subscription keeps a message.
pub(super) fn retention(settings: &Subscription) -> Duration {
    settings.message_retention_duration.map_or(limits::RETENTION_DEFAULT, duration)
}

/// A protobuf duration that was checked when it came in.
pub(super) fn duration(given: prost_types::Duration) -> Duration {
    Duration::new(given.seconds.max(0) as u64, given.nanos.clamp(0, 999_999_999) as u32)
}

fn policy(settings: &Subscription) -> Policy {
    let backoff = match &settings.retry_policy {
        None => Backoff::Immediate,
        Some(retry) => Backoff::Exponential {
            minimum: retry.minimum_backoff.map_or(limits::BACKOFF_MIN_DEFAULT, duration),
            maximum: retry.maximum_backoff.map_or(limits::BACKOFF_MAX, duration),
        },
    };
    let deliveries_max =
        settings.dead_letter_policy.as_ref().map(|policy| policy.max_delivery_attempts as u32);
    Policy { backoff, deliveries_max }
}

fn stamped(mut message: PubsubMessage, seq: u64, micros: i64) -> PubsubMessage {
    message.message_id = seq.to_string();
    message.publish_time = Some(timestamp(micros));
    message
}

/// Microseconds since 1970 as the API's timestamp.
pub(super) fn timestamp(micros: i64) -> prost_types::Timestamp {
    let nanos = (micros.rem_euclid(1_000_000) * 1_000) as i32;
    prost_types::Timestamp { seconds: micros.div_euclid(1_000_000), nanos }
}
