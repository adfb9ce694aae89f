//! Topics and subscriptions, derived from the declarations in this one place: what the fleet creates on
//! its Pub/Sub server, and what is exported for the terraform.

use serde::Serialize;

use super::cascade::Cascade;
use super::names::DatasetName;
use super::processor::Processor;
use super::unit::Lane;

/// How long a delivery may go unanswered before it is delivered again, in seconds. The client extends it
/// while work goes on, so this is only how long a dead process goes unnoticed.
pub const ACK_DEADLINE_SECONDS: u32 = 60;

/// Deliveries after which the server itself sets a work order aside: the last net, for an order that
/// kills its worker. The most that Pub/Sub allows: redeliveries count here whatever their cause, and a process
/// that is killed gives back all that it had taken, worked on or not.
pub const DELIVERY_ATTEMPTS_MAX: u32 = 100;

/// How long a message that was given back waits for its next delivery, in milliseconds: long enough not
/// to spin, short enough that nobody waits for it. Twice as long each time, up to the longest.
pub const RETRY_BACKOFF_MIN_MS: u32 = 100;
/// The longest such wait.
pub const RETRY_BACKOFF_MAX_MS: u32 = 10_000;

/// How long an unanswered message is kept in the cloud, in seconds: the most that Pub/Sub allows. No subscription
/// expires, however long nobody reads it.
pub const RETENTION_SECONDS: u32 = 31 * 24 * 60 * 60;

/// A subscription's purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Completions of an input, for the gate of a processor.
    Gate,
    /// Work orders of a processor on a lane.
    Work,
    /// Dead letters of a processor.
    DeadLetters,
    /// Completions of a dataset, for the sink that keeps a table equal to it.
    Sink,
}

/// A topic of the fleet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Topic {
    /// Its name, without the project.
    pub name: String,
}

/// A subscription of the fleet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Subscription {
    /// Its name, without the project.
    pub name: String,
    /// The topic that it reads.
    pub topic: String,
    /// What for.
    pub purpose: Purpose,
    /// The dataset whose processor it serves.
    pub dataset: &'static str,
    /// The lane, for work orders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lane: Option<&'static str>,
    /// Seconds until an unanswered delivery is made again.
    pub ack_deadline_seconds: u32,
    /// How long a message that was given back waits at first, in milliseconds.
    pub retry_backoff_min_ms: u32,
    /// How long it waits at most.
    pub retry_backoff_max_ms: u32,
    /// Where the server sets aside what was delivered too often.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dead_letter_topic: Option<String>,
    /// After how many deliveries it does so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery_attempts_max: Option<u32>,
}

/// All topics and subscriptions of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Topology {
    /// The pipeline.
    pub pipeline: &'static str,
    /// The topics, in order of name.
    pub topics: Vec<Topic>,
    /// The subscriptions, in order of name.
    pub subscriptions: Vec<Subscription>,
}

/// The topic on which a dataset's completions are published.
#[must_use]
pub fn completed_topic(dataset: DatasetName) -> String {
    format!("{dataset}.completed")
}

/// The topic of a processor's work orders on a lane.
#[must_use]
pub fn work_topic(dataset: DatasetName, lane: Lane) -> String {
    format!("{dataset}.work.{}", lane.as_str())
}

/// The topic of a processor's dead letters.
#[must_use]
pub fn dead_letter_topic(dataset: DatasetName) -> String {
    format!("{dataset}.dead-letters")
}

/// The subscription through which a processor's gate hears of an input.
#[must_use]
pub fn gate_subscription(reader: DatasetName, input: DatasetName) -> String {
    format!("{reader}.gate.{}", input.table())
}

/// The subscription from which workers take a processor's orders on a lane.
#[must_use]
pub fn work_subscription(dataset: DatasetName, lane: Lane) -> String {
    format!("{dataset}.worker.{}", lane.as_str())
}

/// The subscription from which a processor's dead letters are recorded.
#[must_use]
pub fn dead_letter_subscription(dataset: DatasetName) -> String {
    format!("{dataset}.dead-letters.recorder")
}

/// The subscription through which the sink hears that a dataset's units are complete.
#[must_use]
pub fn sink_subscription(dataset: DatasetName) -> String {
    format!("{dataset}.completed.sink")
}

impl Topology {
    /// Derives the topology of a cascade.
    #[must_use]
    pub fn of(cascade: &Cascade) -> Self {
        let mut topics = Vec::new();
        let mut subscriptions = Vec::new();
        for processor in cascade.processors() {
            let dataset = processor.writes;
            topics.push(completed_topic(dataset));
            topics.push(dead_letter_topic(dataset));
            for lane in Lane::ALL {
                topics.push(work_topic(dataset, lane));
                subscriptions.push(Subscription {
                    name: work_subscription(dataset, lane),
                    topic: work_topic(dataset, lane),
                    purpose: Purpose::Work,
                    dataset: dataset.as_str(),
                    lane: Some(lane.as_str()),
                    ack_deadline_seconds: ACK_DEADLINE_SECONDS,
                    retry_backoff_min_ms: RETRY_BACKOFF_MIN_MS,
                    retry_backoff_max_ms: RETRY_BACKOFF_MAX_MS,
                    dead_letter_topic: Some(dead_letter_topic(dataset)),
                    delivery_attempts_max: Some(DELIVERY_ATTEMPTS_MAX),
                });
            }
            let (name, topic) = (dead_letter_subscription(dataset), dead_letter_topic(dataset));
            subscriptions.push(Subscription::plain(dataset, name, topic, Purpose::DeadLetters));
            for input in processor.reads {
                let (name, topic) =
                    (gate_subscription(dataset, input.dataset), completed_topic(input.dataset));
                subscriptions.push(Subscription::plain(dataset, name, topic, Purpose::Gate));
            }
        }
        topics.sort();
        subscriptions.sort_by(|a, b| a.name.cmp(&b.name));
        Self {
            pipeline: cascade.pipeline().as_str(),
            topics: topics.into_iter().map(|name| Topic { name }).collect(),
            subscriptions,
        }
    }

    /// The same with the sink's subscriptions: one for each dataset that has a table. Only for a home that
    /// has a sink, because where nobody reads a subscription its messages pile up.
    #[must_use]
    pub fn with_sink(mut self, cascade: &Cascade) -> Self {
        for (dataset, _) in cascade.processors().iter().filter_map(Processor::table) {
            let (name, topic) = (sink_subscription(dataset), completed_topic(dataset));
            self.subscriptions.push(Subscription::plain(dataset, name, topic, Purpose::Sink));
        }
        self.subscriptions.sort_by(|a, b| a.name.cmp(&b.name));
        self
    }
}

impl Subscription {
    /// One that belongs to no lane, and from which the server sets nothing aside.
    fn plain(dataset: DatasetName, name: String, topic: String, purpose: Purpose) -> Self {
        Self {
            name,
            topic,
            purpose,
            dataset: dataset.as_str(),
            lane: None,
            ack_deadline_seconds: ACK_DEADLINE_SECONDS,
            retry_backoff_min_ms: RETRY_BACKOFF_MIN_MS,
            retry_backoff_max_ms: RETRY_BACKOFF_MAX_MS,
            dead_letter_topic: None,
            delivery_attempts_max: None,
        }
    }
}
