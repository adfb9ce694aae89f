//! Publishing. What is published on a topic while a request is under way goes out together with the next
//! one: a lone message leaves at once, many leave in batches, and no timer has a part in it.
//! Must not decide what is published.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures::future::{join_all, try_join_all};
use google_cloud_pubsub::client::{BasePublisher, Publisher};
use google_cloud_pubsub::error::PublishError;
use google_cloud_pubsub::model::Message;
use tokio::sync::Semaphore;

use super::codec::{encode_completion, encode_dead_letter, encode_work_order};
use super::connection::{PubsubConfig, PubsubError};
use crate::fleet::{Bus, TraceContext, Traced};
use crate::flow::{
    Completion, DeadLetterNotice, Failure, Lane, RunId, Unit, WorkOrder, completed_topic, dead_letter_topic,
    work_topic,
};

/// Messages in one request; the server's limit.
const BATCH_MESSAGES_MAX: u32 = 1_000;

/// The attributes by which a trace travels, as W3C Trace Context names them.
pub(super) const TRACEPARENT: &str = "traceparent";
pub(super) const TRACESTATE: &str = "tracestate";

/// Messages that are handed to the client and not confirmed; it would take them without bound.
const UNCONFIRMED_MAX: usize = 20_000;

/// Publishes the fleet's messages on their topics.
pub struct PubsubBus {
    config: PubsubConfig,
    publishers: BasePublisher,
    topics: Mutex<HashMap<String, Arc<Topic>>>,
    unconfirmed: Semaphore,
}

/// A topic's publisher, with who may send what has gathered.
struct Topic {
    name: String,
    publisher: Publisher,
    /// Messages handed to the publisher so far.
    handed: AtomicU64,
    /// How many of those have been sent; held by whoever sends.
    sent: tokio::sync::Mutex<u64>,
}

impl PubsubBus {
    /// A bus on this server. Connects when the first message is published.
    pub async fn connect(config: PubsubConfig) -> Result<Self, PubsubError> {
        let mut builder = BasePublisher::builder();
        if let Some(endpoint) = &config.endpoint {
            builder = builder.with_endpoint(endpoint).with_credentials(PubsubConfig::anonymous());
        }
        let publishers = builder.build().await.map_err(|error| PubsubError::Client {
            place: config.place().to_owned(),
            reason: error.to_string(),
        })?;
        let unconfirmed = Semaphore::new(UNCONFIRMED_MAX);
        Ok(Self { config, publishers, topics: Mutex::default(), unconfirmed })
    }

    async fn publish(&self, messages: BTreeMap<String, Vec<Message>>) -> Result<(), Failure> {
        let on_topics = messages.into_iter().map(|(topic, messages)| self.publish_on(topic, messages));
        try_join_all(on_topics).await?;
        Ok(())
    }

    async fn publish_on(&self, topic: String, mut messages: Vec<Message>) -> Result<(), PubsubError> {
        let topic = self.topic(topic);
        while !messages.is_empty() {
            let rest = messages.split_off(messages.len().min(UNCONFIRMED_MAX));
            let permits = u32::try_from(messages.len()).unwrap_or(u32::MAX);
            // Nobody closes the semaphore.
            let _permits = self.unconfirmed.acquire_many(permits).await;
            topic.publish(messages).await?;
            messages = rest;
        }
        Ok(())
    }

    fn topic(&self, name: String) -> Arc<Topic> {
        let mut topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        let topic = topics.entry(name).or_insert_with_key(|name| {
            let publisher = self
                .publishers
                .publisher(self.config.topic(name))
                .set_message_count_threshold(BATCH_MESSAGES_MAX)
                .build();
            Arc::new(Topic {
                name: name.clone(),
                publisher,
                handed: AtomicU64::new(0),
                sent: tokio::sync::Mutex::new(0),
            })
        });
        Arc::clone(topic)
    }
}

impl Topic {
    async fn publish(&self, messages: Vec<Message>) -> Result<(), PubsubError> {
        let count = messages.len() as u64;
        let confirmations: Vec<_> =
            messages.into_iter().map(|message| self.publisher.publish(message)).collect();
        let ours = self.handed.fetch_add(count, Ordering::SeqCst) + count;
        self.send(ours).await;
        for confirmed in join_all(confirmations).await {
            confirmed.map_err(|error| self.error(&error))?;
        }
        Ok(())
    }

    /// Comes back when the first `ours` messages have been sent: by ourselves, or by somebody whose turn
    /// came first and who took ours along.
    async fn send(&self, ours: u64) {
        let mut sent = self.sent.lock().await;
        if *sent < ours {
            let gathered = self.handed.load(Ordering::SeqCst);
            self.publisher.flush().await;
            *sent = gathered;
        }
    }

    fn error(&self, error: &PublishError) -> PubsubError {
        match error {
            PublishError::Rpc(error) => PubsubError::of("publish on", &self.name, error),
            // Paused keys do not occur without keys; after a shutdown nobody publishes any more.
            other => PubsubError::Failed {
                operation: "publish on",
                name: self.name.clone(),
                reason: other.to_string(),
            },
        }
    }
}

/// A message with attributes for people, for other programs' filters and for traces; what is to be done is in the data
/// alone.
fn message(
    kind: &str,
    run: RunId,
    lane: Lane,
    unit: Unit,
    trace: Option<&TraceContext>,
    data: Vec<u8>,
) -> Message {
    let mut message = Message::new().set_data(data).set_attributes([
        ("kind", kind.to_owned()),
        ("pipeline", unit.dataset.pipeline().to_owned()),
        ("dataset", unit.dataset.as_str().to_owned()),
        ("date", unit.date.to_string()),
        ("run", run.to_string()),
        ("lane", lane.as_str().to_owned()),
    ]);
    if let Some(trace) = trace {
        message.attributes.insert(TRACEPARENT.to_owned(), trace.to_string());
        let state = trace.state().map(|state| (TRACESTATE.to_owned(), state.to_owned()));
        message.attributes.extend(state);
    }
    message
}

#[async_trait]
impl Bus for PubsubBus {
    async fn publish_completions(&self, completions: &[Traced<Completion>]) -> Result<(), Failure> {
        let mut messages: BTreeMap<String, Vec<Message>> = BTreeMap::new();
        for Traced { message: completion, trace } in completions {
            let Completion { run, lane, unit, .. } = *completion;
            let data = encode_completion(completion);
            let message = message("completion", run, lane, unit, trace.as_ref(), data);
            messages.entry(completed_topic(unit.dataset)).or_default().push(message);
        }
        self.publish(messages).await
    }

    async fn publish_work_orders(&self, orders: &[Traced<WorkOrder>]) -> Result<(), Failure> {
        let mut messages: BTreeMap<String, Vec<Message>> = BTreeMap::new();
        for Traced { message: order, trace } in orders {
            let WorkOrder { run, lane, unit } = *order;
            let message = message("work_order", run, lane, unit, trace.as_ref(), encode_work_order(order));
            messages.entry(work_topic(unit.dataset, lane)).or_default().push(message);
        }
        self.publish(messages).await
    }

    async fn publish_dead_letter(&self, notice: &Traced<DeadLetterNotice>) -> Result<(), Failure> {
        let Traced { message: notice, trace } = notice;
        let WorkOrder { run, lane, unit } = notice.order;
        let message = message("dead_letter", run, lane, unit, trace.as_ref(), encode_dead_letter(notice));
        self.publish(BTreeMap::from([(dead_letter_topic(unit.dataset), vec![message])])).await
    }
}
