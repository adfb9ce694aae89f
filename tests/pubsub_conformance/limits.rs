//! Limits and name rules, each on both sides of its edge; and what our server refuses rather than ignores.

use super::Outcome;
use super::bus::{Bus, attributed, message, refused};
use tidegate::broker::api::{self, DeadLetterPolicy, RetryPolicy, StreamingPullRequest, Topic};
use tonic::{Code, Status};

fn accepted<T>(what: &str, result: Result<T, Status>) -> Outcome {
    result.map(drop).map_err(|status| format!("{what}: {status}"))
}

fn seconds(seconds: i64) -> Option<prost_types::Duration> {
    Some(prost_types::Duration { seconds, nanos: 0 })
}

pub async fn names_follow_the_rules(bus: Bus) -> Outcome {
    let longest = "a".repeat(255);
    for id in ["abc", "a-_.~+9", "nba.team_form.work.daily", longest.as_str()] {
        accepted(id, bus.create_topic(id).await)?;
    }
    let too_long = "a".repeat(256);
    for id in ["ab", "1abc", "google", "a b c", "abc/def", too_long.as_str()] {
        refused(id, bus.create_topic(id).await, Code::InvalidArgument)?;
    }
    refused("a subscription", bus.create_subscription("1sub", "abc", |_| {}).await, Code::InvalidArgument)
}

pub async fn ack_deadlines_are_10_to_600_seconds(bus: Bus) -> Outcome {
    accepted("topic", bus.create_topic("one").await)?;
    for (id, deadline) in [("s10", 10), ("s600", 600)] {
        accepted(id, bus.create_subscription(id, "one", |s| s.ack_deadline_seconds = deadline).await)?;
    }
    for deadline in [9, 601, -1] {
        let created = bus.create_subscription("bad", "one", |s| s.ack_deadline_seconds = deadline).await;
        refused(&deadline.to_string(), created, Code::InvalidArgument)?;
    }
    Ok(())
}

pub async fn retention_is_10_minutes_to_31_days(bus: Bus) -> Outcome {
    accepted("topic", bus.create_topic("one").await)?;
    for (id, length) in [("shortest", 600), ("longest", 31 * 24 * 3600)] {
        let created =
            bus.create_subscription(id, "one", |s| s.message_retention_duration = seconds(length)).await;
        accepted(id, created)?;
    }
    for length in [599, 31 * 24 * 3600 + 1] {
        let created =
            bus.create_subscription("bad", "one", |s| s.message_retention_duration = seconds(length)).await;
        refused(&length.to_string(), created, Code::InvalidArgument)?;
    }
    Ok(())
}

pub async fn backoffs_are_0_to_600_seconds(bus: Bus) -> Outcome {
    accepted("topic", bus.create_topic("one").await)?;
    let policy = |minimum, maximum| {
        Some(RetryPolicy { minimum_backoff: seconds(minimum), maximum_backoff: seconds(maximum) })
    };
    accepted("0 to 600", bus.create_subscription("good", "one", |s| s.retry_policy = policy(0, 600)).await)?;
    for (minimum, maximum) in [(10, 601), (-1, 10), (20, 10)] {
        let created =
            bus.create_subscription("bad", "one", |s| s.retry_policy = policy(minimum, maximum)).await;
        refused(&format!("{minimum} to {maximum}"), created, Code::InvalidArgument)?;
    }
    Ok(())
}

pub async fn dead_letter_attempts_are_5_to_100(bus: Bus) -> Outcome {
    accepted("topic", bus.create_topic("one").await)?;
    let policy = |attempts| {
        let dead_letter_topic = bus.topic("one");
        Some(DeadLetterPolicy { dead_letter_topic, max_delivery_attempts: attempts })
    };
    for (id, attempts) in [("five", 5), ("hundred", 100), ("default", 0)] {
        accepted(id, bus.create_subscription(id, "one", |s| s.dead_letter_policy = policy(attempts)).await)?;
    }
    for attempts in [4, 101] {
        let created =
            bus.create_subscription("bad", "one", |s| s.dead_letter_policy = policy(attempts)).await;
        refused(&attempts.to_string(), created, Code::InvalidArgument)?;
    }
    Ok(())
}

pub async fn a_dead_letter_topic_must_exist(bus: Bus) -> Outcome {
    accepted("topic", bus.create_topic("one").await)?;
    let policy = DeadLetterPolicy { dead_letter_topic: bus.topic("none"), max_delivery_attempts: 5 };
    let created = bus.create_subscription("bad", "one", |s| s.dead_letter_policy = Some(policy)).await;
    refused("a topic that does not exist", created, Code::NotFound)
}

pub async fn a_message_needs_data_or_an_attribute(bus: Bus) -> Outcome {
    bus.pair("one", |_| {}).await?;
    accepted("only an attribute", bus.publish("one", vec![attributed("", &[("key", "value")])]).await)?;
    refused("neither", bus.publish("one", vec![message("")]).await, Code::InvalidArgument)?;
    refused("no message", bus.publish("one", vec![]).await, Code::InvalidArgument)
}

pub async fn a_publish_request_is_bounded(bus: Bus) -> Outcome {
    accepted("topic", bus.create_topic("one").await)?;
    accepted("1,000 messages", bus.publish("one", (0..1000).map(|_| message("x")).collect()).await)?;
    let published = bus.publish("one", (0..1001).map(|_| message("x")).collect()).await;
    refused("1,001 messages", published, Code::InvalidArgument)?;
    accepted("9.9 MB", bus.publish("one", vec![message(&"x".repeat(9_900_000))]).await)?;
    let published = bus.publish("one", vec![message(&"x".repeat(10_500_000))]).await;
    refused("10.5 MB", published, Code::InvalidArgument)
}

pub async fn attributes_are_bounded(bus: Bus) -> Outcome {
    accepted("topic", bus.create_topic("one").await)?;
    let (key, value) = ("k".repeat(256), "v".repeat(1024));
    accepted("longest", bus.publish("one", vec![attributed("x", &[(&key, &value)])]).await)?;
    let keys: Vec<String> = (0..101).map(|number| format!("key{number}")).collect();
    let many: Vec<(&str, &str)> = keys.iter().map(|key| (key.as_str(), "value")).collect();
    accepted("100", bus.publish("one", vec![attributed("x", &many[..100])]).await)?;
    refused("101", bus.publish("one", vec![attributed("x", &many)]).await, Code::InvalidArgument)?;
    let (long_key, long_value) = ("k".repeat(257), "v".repeat(1025));
    let published = bus.publish("one", vec![attributed("x", &[(&long_key, "value")])]).await;
    refused("a key of 257 bytes", published, Code::InvalidArgument)?;
    let published = bus.publish("one", vec![attributed("x", &[("key", &long_value)])]).await;
    refused("a value of 1,025 bytes", published, Code::InvalidArgument)?;
    let published = bus.publish("one", vec![attributed("x", &[("googkey", "value")])]).await;
    refused("a key that starts with goog", published, Code::InvalidArgument)
}

pub async fn labels_follow_the_rules(bus: Bus) -> Outcome {
    let create = async |id: &str, key: &str, value: &str| {
        let labels = [(key.to_owned(), value.to_owned())].into();
        bus.publisher().create_topic(Topic { name: bus.topic(id), labels, ..Topic::default() }).await
    };
    accepted("plain", create("good", "lane", "daily-1_x").await)?;
    refused("upper case", create("bad", "Lane", "daily").await, Code::InvalidArgument)?;
    refused("too long", create("bad", "lane", &"x".repeat(64)).await, Code::InvalidArgument)
}

pub async fn malformed_ack_ids_are_refused(bus: Bus) -> Outcome {
    bus.pair("one", |_| {}).await?;
    let ids = || vec!["no ack id at all".to_owned()];
    refused("Acknowledge", bus.acknowledge("one", ids()).await, Code::InvalidArgument)?;
    refused("Acknowledge nothing", bus.acknowledge("one", vec![]).await, Code::InvalidArgument)?;
    refused("ModifyAckDeadline", bus.modify("one", ids(), 10).await, Code::InvalidArgument)
}

pub async fn modified_deadlines_are_0_to_600_seconds(bus: Bus) -> Outcome {
    bus.pair("one", |_| {}).await?;
    accepted("publish", bus.publish("one", vec![message("x")]).await)?;
    let ack_id = bus.pull_one("one").await?.ack_id;
    accepted("600", bus.modify("one", vec![ack_id.clone()], 600).await)?;
    refused("601", bus.modify("one", vec![ack_id.clone()], 601).await, Code::InvalidArgument)?;
    refused("-1", bus.modify("one", vec![ack_id], -1).await, Code::InvalidArgument)
}

pub async fn a_stream_must_say_what_it_wants_once(bus: Bus) -> Outcome {
    bus.pair("one", |_| {}).await?;
    let first = |deadline| StreamingPullRequest {
        subscription: bus.subscription("one"),
        stream_ack_deadline_seconds: deadline,
        ..StreamingPullRequest::default()
    };
    let open = async |requests: Vec<StreamingPullRequest>| -> Result<(), Status> {
        // The requests stay open: only the server may end this stream.
        let requests = futures::StreamExt::chain(tokio_stream::iter(requests), futures::stream::pending());
        let mut responses = bus.subscriber().streaming_pull(requests).await?.into_inner();
        responses.message().await.map(drop)
    };
    refused("no deadline", open(vec![first(0)]).await, Code::InvalidArgument)?;
    refused("9 s", open(vec![first(9)]).await, Code::InvalidArgument)?;
    refused("601 s", open(vec![first(601)]).await, Code::InvalidArgument)?;
    let missing = StreamingPullRequest { subscription: bus.subscription("none"), ..first(10) };
    refused("no such subscription", open(vec![missing]).await, Code::NotFound)?;
    let again = StreamingPullRequest { max_outstanding_messages: 5, ..StreamingPullRequest::default() };
    refused("flow control again", open(vec![first(10), again]).await, Code::InvalidArgument)?;
    let uneven =
        StreamingPullRequest { modify_deadline_seconds: vec![10], ..StreamingPullRequest::default() };
    refused("lists of two lengths", open(vec![first(10), uneven]).await, Code::InvalidArgument)?;
    let unset = api::StreamingPullRequest { stream_ack_deadline_seconds: 10, ..Default::default() };
    refused("no subscription", open(vec![unset]).await, Code::InvalidArgument)
}
