//! Subscribing. The client library holds every delivery's lease until it is answered, and sends answers in
//! groups: a thousand together, or whatever there is every 100 ms. So the limit on unanswered deliveries is
//! kept here, and the server's is wider by the answers that are still on their way to it.
//! Must not judge a message: what cannot be decoded is delivered as such.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::future::join_all;
use google_cloud_pubsub::client::Subscriber as Client;
use google_cloud_pubsub::subscriber::handler::Handler;
use google_cloud_pubsub::subscriber::{MessageStream, ShutdownToken};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::answered::Answered;
use super::bus::{TRACEPARENT, TRACESTATE};
use super::codec::Codec;
use super::connection::{PubsubConfig, PubsubError};
use crate::fleet::{Deliveries, Delivery, Message, Subscriber, TraceContext};
use crate::flow::{ACK_DEADLINE_SECONDS, Failure, SLOWEST_SECONDS_MAX};

/// Answers on their way to the server, for each subscription. The library sends them at the latest every
/// 100 ms, so this allows 10,000 deliveries a second however few may be unanswered at a time.
const ANSWERS_UNDER_WAY_MAX: usize = 1_000;

/// How long a delivery may take altogether, its wait for a turn and the slowest task that may be declared. The
/// library's own limit of an hour would hand a long task to a second worker.
const LEASE_MAX: Duration = Duration::from_secs(4 * SLOWEST_SECONDS_MAX as u64);

/// How long a delivery is held at a time where processes share the server: so long at most it stays with a process that
/// was killed. The least that Pub/Sub allows. The library asks for as much again every six seconds while it is
/// unanswered, a thousand deliveries in one request.
const LEASE_AMONG_OTHERS: Duration = Duration::from_secs(10);

/// Connections where processes share the server. Google's service and its emulator let each carry a hundred streams, and
/// a gate has one for each input of each processor: what is over a hundred would never be opened, and say nothing.
const CONNECTIONS_AMONG_OTHERS: usize = 8;

/// Opens subscriptions.
pub struct PubsubSubscriber {
    config: PubsubConfig,
    client: Client,
    codec: Arc<Codec>,
    opened: Mutex<Vec<ShutdownToken>>,
    /// Answers that may be on their way, for each subscription, beside the deliveries that are unanswered.
    answers_under_way_max: usize,
    /// How long a delivery is held at a time, while it is unanswered.
    lease: Duration,
    /// Told of answers that were lost.
    lost: Option<fn(usize)>,
}

impl PubsubSubscriber {
    /// The only subscriber of a server of ours. Connects when the first delivery is asked for.
    pub async fn connect(config: PubsubConfig, codec: Codec) -> Result<Self, PubsubError> {
        let lease = Duration::from_secs(ACK_DEADLINE_SECONDS.into());
        Self::of(config, codec, 1, ANSWERS_UNDER_WAY_MAX, lease).await
    }

    /// A subscriber beside others of the same subscriptions: it has nothing delivered that it has no room for, because
    /// nobody else could have it meanwhile, and what it has is soon delivered elsewhere when it dies.
    pub async fn among_others(config: PubsubConfig, codec: Codec) -> Result<Self, PubsubError> {
        Self::of(config, codec, CONNECTIONS_AMONG_OTHERS, 0, LEASE_AMONG_OTHERS).await
    }

    async fn of(
        config: PubsubConfig,
        codec: Codec,
        connections: usize,
        answers_under_way_max: usize,
        lease: Duration,
    ) -> Result<Self, PubsubError> {
        let mut builder = Client::builder().with_grpc_subchannel_count(connections);
        if let Some(endpoint) = &config.endpoint {
            builder = builder.with_endpoint(endpoint).with_credentials(PubsubConfig::anonymous());
        }
        let client = builder.build().await.map_err(|error| PubsubError::Client {
            place: config.place().to_owned(),
            reason: error.to_string(),
        })?;
        Ok(Self {
            config,
            client,
            codec: Arc::new(codec),
            opened: Mutex::default(),
            answers_under_way_max,
            lease,
            lost: None,
        })
    }

    /// The same subscriber, which tells of messages that come again although they were acknowledged.
    #[must_use]
    pub fn telling(self, lost: fn(usize)) -> Self {
        Self { lost: Some(lost), ..self }
    }

    /// Comes back when every answer has reached the server, or `limit` has passed. Takes nothing new on any
    /// subscription. What is unanswered when the process ends is delivered again. Answers with the number of
    /// subscriptions that did not come to their end in time.
    pub async fn settle(&self, limit: Duration) -> usize {
        let opened: Vec<ShutdownToken> =
            std::mem::take(&mut *self.opened.lock().unwrap_or_else(PoisonError::into_inner));
        let settle = |token: ShutdownToken| async move {
            tokio::time::timeout(limit, token.shutdown()).await.is_err()
        };
        let late = join_all(opened.into_iter().map(settle)).await.into_iter().filter(|late| *late).count();
        if late > 0 {
            tracing::warn!(?limit, late, "some deliveries were not answered in time; they will come again");
        }
        late
    }
}

#[async_trait]
impl Subscriber for PubsubSubscriber {
    async fn subscribe(
        &self,
        subscription: &str,
        outstanding_max: usize,
    ) -> Result<Box<dyn Deliveries>, Failure> {
        let on_server = i64::try_from(outstanding_max + self.answers_under_way_max).unwrap_or(i64::MAX);
        let stream = self
            .client
            .subscribe(self.config.subscription(subscription))
            .set_max_outstanding_messages(on_server)
            .set_max_lease(LEASE_MAX)
            .set_max_lease_extension(self.lease)
            .build();
        let opened = stream.shutdown_token();
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).push(opened);
        Ok(Box::new(Open {
            subscription: subscription.to_owned(),
            stream,
            codec: Arc::clone(&self.codec),
            unanswered: Arc::new(Semaphore::new(outstanding_max)),
            answered: self.lost.map(|lost| Arc::new(Answered::new(lost))),
        }))
    }
}

struct Open {
    subscription: String,
    stream: MessageStream,
    codec: Arc<Codec>,
    /// One permit for each delivery that may be unanswered.
    unanswered: Arc<Semaphore>,
    answered: Option<Arc<Answered>>,
}

#[async_trait]
impl Deliveries for Open {
    async fn next(&mut self) -> Result<Option<Box<dyn Delivery>>, Failure> {
        let Ok(place) = Arc::clone(&self.unanswered).acquire_owned().await else {
            // Nobody closes the semaphore.
            return Ok(None);
        };
        let (message, handler) = match self.stream.next().await {
            None => return Ok(None),
            Some(Ok(received)) => received,
            Some(Err(error)) => {
                return Err(PubsubError::of("receive from", &self.subscription, &error).into());
            }
        };
        let answered = self.answered.as_ref();
        let answered = answered.map(|answered| (Arc::clone(answered), answered.comes(&message.message_id)));
        let attribute = |name: &str| message.attributes.get(name).map(String::as_str);
        let trace = attribute(TRACEPARENT).and_then(|text| TraceContext::parse(text, attribute(TRACESTATE)));
        let message = self.codec.decode(&message.data);
        let message = message.unwrap_or_else(|error| Message::Undecodable(error.to_string()));
        Ok(Some(Box::new(Received { message, trace, handler, answered, _place: place })))
    }

    async fn close(self: Box<Self>) {
        // Dropping the stream ends it at the server, which then delivers elsewhere. Leases of what was handed
        // out are held until it is answered; `settle` waits for that.
        drop(self.stream);
    }
}

/// A delivery. Dropped, its handler gives the message back.
struct Received {
    message: Message,
    trace: Option<TraceContext>,
    handler: Handler,
    /// Where it is noted that it was acknowledged.
    answered: Option<(Arc<Answered>, u64)>,
    _place: OwnedSemaphorePermit,
}

impl Delivery for Received {
    fn message(&self) -> &Message {
        &self.message
    }

    fn trace(&self) -> Option<&TraceContext> {
        self.trace.as_ref()
    }

    fn ack(self: Box<Self>) {
        if let Some((answered, number)) = &self.answered {
            answered.acknowledged(*number);
        }
        self.handler.ack();
    }

    fn nack(self: Box<Self>) {
        self.handler.nack();
    }
}
