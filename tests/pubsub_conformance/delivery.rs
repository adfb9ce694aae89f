//! Messages: publish, pull, streams, acks, nacks, deadlines, backoff, dead letters.

use super::bus::{Bus, attributed, data, message, refused};
use super::{Outcome, holds, same};
use google_cloud_pubsub::model::Message;
use std::collections::BTreeSet;
use std::time::Duration;
use tidegate::broker::api::{self, DeadLetterPolicy, RetryPolicy, StreamingPullRequest};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Streaming};

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// A raw stream with its sending half.
struct Stream {
    requests: mpsc::Sender<StreamingPullRequest>,
    responses: Streaming<api::StreamingPullResponse>,
}

impl Stream {
    async fn open(
        bus: &Bus,
        id: &str,
        shape: impl FnOnce(&mut StreamingPullRequest),
    ) -> Result<Stream, String> {
        let mut first = StreamingPullRequest {
            subscription: bus.subscription(id),
            stream_ack_deadline_seconds: 10,
            client_id: "conformance".to_owned(),
            ..StreamingPullRequest::default()
        };
        shape(&mut first);
        let (requests, receiver) = mpsc::channel(8);
        requests.send(first).await.map_err(text)?;
        let opened = bus.subscriber().streaming_pull(ReceiverStream::new(receiver)).await.map_err(text)?;
        Ok(Stream { requests, responses: opened.into_inner() })
    }

    /// Messages until there are `count`.
    async fn receive(&mut self, count: usize) -> Result<Vec<api::ReceivedMessage>, String> {
        let mut received = Vec::new();
        while received.len() < count {
            let response = self.responses.message().await.map_err(text)?.ok_or("the stream ended")?;
            received.extend(response.received_messages);
        }
        Ok(received)
    }

    async fn say(&self, request: StreamingPullRequest) -> Outcome {
        self.requests.send(request).await.map_err(text)
    }
}

fn ack_ids(received: &[api::ReceivedMessage]) -> Vec<String> {
    received.iter().map(|received| received.ack_id.clone()).collect()
}

fn numbered(count: usize) -> Vec<api::PubsubMessage> {
    (0..count).map(|number| message(&format!("message {number}"))).collect()
}

pub async fn official_client_publishes_receives_and_acks(bus: Bus) -> Outcome {
    bus.pair("one", |_| {}).await?;
    let publisher = bus.official_publisher("one").await;
    let sent = Message::new().set_data("box score").set_attributes([("season", "2023-24")]);
    let id = publisher.publish(sent).await.map_err(text)?;
    let mut stream = bus.official_subscriber().await.subscribe(bus.subscription("one")).build();
    let (message, handler) = stream.next().await.ok_or("the stream ended")?.map_err(text)?;
    same("the data", &message.data[..], b"box score")?;
    same("the id", message.message_id, id)?;
    same("the attribute", message.attributes.get("season").map(String::as_str), Some("2023-24"))?;
    holds(message.publish_time.is_some(), "there is a publish time")?;
    handler.ack();
    Ok(())
}

pub async fn official_client_gets_a_nacked_message_again(bus: Bus) -> Outcome {
    bus.pair("one", |_| {}).await?;
    bus.publish("one", vec![message("again")]).await.map_err(text)?;
    let mut stream = bus.official_subscriber().await.subscribe(bus.subscription("one")).build();
    for _ in 0..3 {
        let (message, handler) = stream.next().await.ok_or("the stream ended")?.map_err(text)?;
        same("the data", &message.data[..], b"again")?;
        handler.nack();
    }
    Ok(())
}

pub async fn every_subscription_gets_every_message(bus: Bus) -> Outcome {
    bus.pair("one", |_| {}).await?;
    bus.create_subscription("two", "one", |_| {}).await.map_err(text)?;
    bus.publish("one", numbered(10)).await.map_err(text)?;
    let expected: BTreeSet<String> = (0..10).map(|number| format!("message {number}")).collect();
    for id in ["one", "two"] {
        let received = Stream::open(&bus, id, |_| {}).await?.receive(10).await?;
        same(id, received.iter().map(data).collect::<BTreeSet<_>>(), expected.clone())?;
    }
    Ok(())
}

pub async fn only_what_is_published_later_is_received(bus: Bus) -> Outcome {
    bus.create_topic("one").await.map_err(text)?;
    bus.publish("one", vec![message("before")]).await.map_err(text)?;
    bus.create_subscription("one", "one", |_| {}).await.map_err(text)?;
    bus.publish("one", vec![message("after")]).await.map_err(text)?;
    same("the first message", data(&bus.pull_one("one").await?), "after".to_owned())
}

pub async fn message_ids_are_unique_and_in_order_of_the_request(bus: Bus) -> Outcome {
    bus.pair("one", |_| {}).await?;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.extend(bus.publish("one", numbered(20)).await.map_err(text)?);
    }
    same("distinct ids", ids.iter().collect::<BTreeSet<_>>().len(), 60)?;
    let received = Stream::open(&bus, "one", |_| {}).await?.receive(60).await?;
    for received in received {
        let message = received.message.ok_or("a message is missing")?;
        let place =
            ids.iter().position(|id| *id == message.message_id).ok_or("an id that was not answered")?;
        same("its data", message.data, format!("message {}", place % 20).into())?;
    }
    Ok(())
}

pub async fn pull_returns_at_most_what_was_asked_for(bus: Bus) -> Outcome {
    bus.pair("one", |_| {}).await?;
    bus.publish("one", numbered(10)).await.map_err(text)?;
    let received = bus.pull("one", 3).await.map_err(text)?;
    holds((1..=3).contains(&received.len()), format!("{} messages", received.len()))?;
    refused("none at most", bus.pull("one", 0).await, Code::InvalidArgument)
}

pub async fn an_acked_message_does_not_come_back(bus: Bus) -> Outcome {
    bus.pair("one", |_| {}).await?;
    bus.publish("one", numbered(2)).await.map_err(text)?;
    let first = bus.pull_one("one").await?;
    bus.acknowledge("one", vec![first.ack_id.clone()]).await.map_err(text)?;
    // The other one is never acked; when it comes for the second time, the first had every chance to.
    let mut others = 0;
    while others < 2 {
        let received = bus.pull_one("one").await?;
        holds(data(&received) != data(&first), "the acked message came back")?;
        bus.modify("one", vec![received.ack_id], 0).await.map_err(text)?;
        others += 1;
    }
    Ok(())
}

pub async fn acking_twice_is_no_error(bus: Bus) -> Outcome {
    bus.pair("one", |_| {}).await?;
    bus.publish("one", vec![message("once")]).await.map_err(text)?;
    let received = bus.pull_one("one").await?;
    bus.acknowledge("one", vec![received.ack_id.clone()]).await.map_err(text)?;
    bus.acknowledge("one", vec![received.ack_id]).await.map_err(text)
}

pub async fn a_zero_deadline_is_a_nack(bus: Bus) -> Outcome {
    bus.pair("one", |subscription| subscription.ack_deadline_seconds = 600).await?;
    bus.publish("one", vec![message("again")]).await.map_err(text)?;
    let first = bus.pull_one("one").await?;
    bus.modify("one", vec![first.ack_id.clone()], 0).await.map_err(text)?;
    let second = bus.pull_one("one").await?;
    holds(first.ack_id != second.ack_id, "each delivery has an ack ID of its own")?;
    same("the message", data(&second), data(&first))
}

pub async fn an_unanswered_message_comes_again_after_its_deadline(bus: Bus) -> Outcome {
    bus.pair("one", |_| {}).await?;
    bus.publish("one", vec![message("slow")]).await.map_err(text)?;
    let started = Instant::now();
    bus.pull_one("one").await?;
    bus.pull_one("one").await?;
    let waited = started.elapsed();
    holds(
        (9..20).contains(&waited.as_secs()),
        format!("it came again after {waited:?}, the deadline is 10 s"),
    )
}

pub async fn an_extended_deadline_holds_the_message_back(bus: Bus) -> Outcome {
    bus.pair("one", |_| {}).await?;
    bus.publish("one", vec![message("slower")]).await.map_err(text)?;
    let started = Instant::now();
    let first = bus.pull_one("one").await?;
    bus.modify("one", vec![first.ack_id], 15).await.map_err(text)?;
    bus.pull_one("one").await?;
    let waited = started.elapsed();
    holds(waited >= Duration::from_secs(14), format!("it came again after {waited:?}, extended to 15 s"))
}

pub async fn a_stream_has_its_own_deadline(bus: Bus) -> Outcome {
    bus.pair("one", |subscription| subscription.ack_deadline_seconds = 600).await?;
    bus.publish("one", vec![message("slow")]).await.map_err(text)?;
    let mut stream = Stream::open(&bus, "one", |_| {}).await?;
    let started = Instant::now();
    stream.receive(2).await?;
    let waited = started.elapsed();
    holds(
        (9..20).contains(&waited.as_secs()),
        format!("it came again after {waited:?}, the stream says 10 s"),
    )
}

pub async fn a_stream_acks_and_nacks(bus: Bus) -> Outcome {
    bus.pair("one", |subscription| subscription.ack_deadline_seconds = 600).await?;
    bus.publish("one", numbered(2)).await.map_err(text)?;
    let mut stream = Stream::open(&bus, "one", |first| first.stream_ack_deadline_seconds = 600).await?;
    let received = stream.receive(2).await?;
    let mut ids = ack_ids(&received).into_iter();
    let request = StreamingPullRequest {
        ack_ids: ids.by_ref().take(1).collect(),
        modify_deadline_ack_ids: ids.collect(),
        modify_deadline_seconds: vec![0],
        ..StreamingPullRequest::default()
    };
    stream.say(request).await?;
    let again = stream.receive(1).await?;
    same("what came again", data(&again[0]), data(&received[1]))
}

pub async fn a_stream_stops_at_its_outstanding_messages(bus: Bus) -> Outcome {
    bus.pair("one", |_| {}).await?;
    bus.publish("one", numbered(5)).await.map_err(text)?;
    let mut stream = Stream::open(&bus, "one", |first| first.max_outstanding_messages = 2).await?;
    let received = stream.receive(2).await?;
    same("messages without an ack", received.len(), 2)?;
    // What the stream may not have is there for others.
    let mut others = 0;
    while others < 3 {
        others += bus.pull("one", 10).await.map_err(text)?.len();
    }
    same("messages for others", others, 3)?;
    bus.publish("one", vec![message("later")]).await.map_err(text)?;
    bus.acknowledge("one", ack_ids(&received)).await.map_err(text)?;
    same("after an ack", data(&stream.receive(1).await?[0]), "later".to_owned())
}

pub async fn a_stream_stops_at_its_outstanding_bytes(bus: Bus) -> Outcome {
    bus.pair("one", |_| {}).await?;
    bus.publish("one", (0..4).map(|_| message(&"x".repeat(1000))).collect()).await.map_err(text)?;
    let mut stream = Stream::open(&bus, "one", |first| first.max_outstanding_bytes = 1500).await?;
    let received = stream.receive(2).await?;
    same("messages that reach the limit", received.len(), 2)?;
    let mut others = 0;
    while others < 2 {
        others += bus.pull("one", 10).await.map_err(text)?.len();
    }
    same("messages for others", others, 2)
}

pub async fn the_first_retry_waits_for_the_minimum_backoff(bus: Bus) -> Outcome {
    let seconds = |seconds| Some(prost_types::Duration { seconds, nanos: 0 });
    let policy = RetryPolicy { minimum_backoff: seconds(4), maximum_backoff: seconds(60) };
    bus.pair("one", |subscription| subscription.retry_policy = Some(policy)).await?;
    bus.publish("one", vec![message("patient")]).await.map_err(text)?;
    let first = bus.pull_one("one").await?;
    bus.modify("one", vec![first.ack_id], 0).await.map_err(text)?;
    let nacked = Instant::now();
    let second = bus.pull_one("one").await?;
    let waited = nacked.elapsed();
    holds(waited >= Duration::from_millis(3900), format!("the first retry came after {waited:?}, not 4 s"))?;
    bus.modify("one", vec![second.ack_id], 0).await.map_err(text)?;
    let nacked = Instant::now();
    bus.pull_one("one").await?;
    let waited = nacked.elapsed();
    holds(waited >= Duration::from_millis(7900), format!("the second retry came after {waited:?}, not 8 s"))
}

pub async fn without_dead_letter_policy_the_attempt_is_zero(bus: Bus) -> Outcome {
    bus.pair("one", |_| {}).await?;
    bus.publish("one", vec![message("uncounted")]).await.map_err(text)?;
    same("delivery_attempt", bus.pull_one("one").await?.delivery_attempt, 0)
}

pub async fn dead_letters_carry_their_source(bus: Bus) -> Outcome {
    bus.pair("dead", |_| {}).await?;
    let policy = DeadLetterPolicy { dead_letter_topic: bus.topic("dead"), max_delivery_attempts: 5 };
    bus.pair("one", |subscription| subscription.dead_letter_policy = Some(policy)).await?;
    bus.publish("one", vec![attributed("poison", &[("season", "2023-24")])]).await.map_err(text)?;
    for attempt in 1..=5 {
        let received = bus.pull_one("one").await?;
        same("delivery_attempt", received.delivery_attempt, attempt)?;
        bus.modify("one", vec![received.ack_id], 0).await.map_err(text)?;
    }
    // Someone must go on pulling for the emulator to notice that the message is beyond its last delivery.
    let dead = tokio::select! {
        dead = bus.pull_one("dead") => dead?,
        again = bus.pull_one("one") => return Err(format!("delivered a sixth time: {again:?}")),
    };
    same("the data", data(&dead), "poison".to_owned())?;
    let attributes = dead.message.ok_or("no message")?.attributes;
    let attribute = |key: &str| attributes.get(key).map(String::as_str);
    same("its own attribute", attribute("season"), Some("2023-24"))?;
    same("count", attribute("CloudPubSubDeadLetterSourceDeliveryCount"), Some("5"))?;
    same("subscription", attribute("CloudPubSubDeadLetterSourceSubscription"), Some("one"))?;
    let project = attribute("CloudPubSubDeadLetterSourceSubscriptionProject");
    same("project", project, Some(bus.project.as_str()))?;
    let published = attribute("CloudPubSubDeadLetterSourceTopicPublishTime").unwrap_or_default();
    holds(published.starts_with("20") && published.ends_with('Z'), format!("publish time `{published}`"))?;
    same("what is left", bus.pull_at_once("one").await.map_err(text)?.len(), 0)
}

pub async fn a_stream_of_a_deleted_subscription_ends(bus: Bus) -> Outcome {
    bus.pair("one", |_| {}).await?;
    let mut stream = Stream::open(&bus, "one", |_| {}).await?;
    let delete = api::DeleteSubscriptionRequest { subscription: bus.subscription("one") };
    bus.subscriber().delete_subscription(delete).await.map_err(text)?;
    refused("the stream", stream.responses.message().await, Code::NotFound)
}

pub async fn a_stream_whose_connection_is_gone_gets_nothing_more(bus: Bus) -> Outcome {
    bus.create_topic("dead").await.map_err(text)?;
    let dead_letter_topic = bus.topic("dead");
    // With such a policy, messages say how often they were delivered.
    bus.pair("one", |subscription| {
        subscription.dead_letter_policy =
            Some(DeadLetterPolicy { dead_letter_topic, max_delivery_attempts: 100 });
    })
    .await?;
    bus.publish("one", numbered(1)).await.map_err(text)?;
    let apart = bus.apart().await;
    let mut gone = Stream::open(&apart, "one", |_| {}).await?;
    let first = gone.receive(1).await?;
    bus.acknowledge("one", ack_ids(&first)).await.map_err(text)?;
    drop((gone, apart));
    bus.publish("one", vec![message("opens the next stream")]).await.map_err(text)?;
    let mut stream = Stream::open(&bus, "one", |_| {}).await?;
    let mut received = stream.receive(1).await?;
    const COUNT: usize = 20;
    for number in 0..COUNT {
        bus.publish("one", vec![message(&format!("later {number}"))]).await.map_err(text)?;
        // One that went elsewhere comes after its deadline; it is not waited for now.
        if let Ok(next) = tokio::time::timeout(Duration::from_millis(500), stream.receive(1)).await {
            received.extend(next?);
        }
    }
    received.extend(stream.receive(COUNT + 1 - received.len()).await?);
    // The end of a connection takes a moment to be noticed.
    let astray = received.iter().filter(|received| received.delivery_attempt > 1).count();
    holds(astray <= 2, format!("{astray} of {COUNT} messages were first delivered to a stream that is gone"))
}
