//! Topics and subscriptions: create, get, list, update, delete, detach; and the REST face of it all.

use super::bus::{Bus, data, message, refused};
use super::{Outcome, holds, same};
use google_cloud_gax::paginator::ItemPaginator;
use std::collections::BTreeSet;
use tidegate::broker::api::{self, RetryPolicy, Subscription, Topic};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tonic::Code;

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

pub async fn official_client_manages_topics_and_subscriptions(bus: Bus) -> Outcome {
    let topics = bus.topic_admin().await;
    let subscriptions = bus.subscription_admin().await;
    let creation = topics.create_topic().set_name(bus.topic("one")).set_labels([("team", "nba")]);
    let topic = creation.send().await.map_err(text)?;
    same("the created topic's name", topic.name.clone(), bus.topic("one"))?;
    same("its label", topic.labels.get("team").map(String::as_str), Some("nba"))?;
    let creation = subscriptions.create_subscription().set_name(bus.subscription("one"));
    let creation = creation.set_topic(bus.topic("one")).set_ack_deadline_seconds(30);
    let created = creation.send().await.map_err(text)?;
    same("the created deadline", created.ack_deadline_seconds, 30)?;
    let asked = subscriptions.get_subscription().set_subscription(bus.subscription("one"));
    same("the found topic", asked.send().await.map_err(text)?.topic, bus.topic("one"))?;
    subscriptions
        .delete_subscription()
        .set_subscription(bus.subscription("one"))
        .send()
        .await
        .map_err(text)?;
    topics.delete_topic().set_topic(bus.topic("one")).send().await.map_err(text)?;
    let gone = topics.get_topic().set_topic(bus.topic("one")).send().await;
    let code = gone.err().and_then(|error| error.http_status_code());
    holds(code == Some(404), format!("a deleted topic was answered with {code:?}"))
}

pub async fn official_client_pages_through_lists(bus: Bus) -> Outcome {
    let names: BTreeSet<String> = (0..5).map(|number| bus.topic(&format!("listed-{number}"))).collect();
    for number in 0..5 {
        bus.pair(&format!("listed-{number}"), |_| {}).await?;
    }
    let topics = bus.topic_admin().await;
    let mut pages =
        topics.list_topics().set_project(format!("projects/{}", bus.project)).set_page_size(2).by_item();
    let mut found = BTreeSet::new();
    while let Some(topic) = pages.next().await {
        found.insert(topic.map_err(text)?.name);
    }
    same("the topics of all pages", found, names)?;
    let request = api::ListTopicSubscriptionsRequest { topic: bus.topic("listed-3"), ..Default::default() };
    let attached = bus.publisher().list_topic_subscriptions(request).await.map_err(text)?.into_inner();
    same("the attached", attached.subscriptions, vec![bus.subscription("listed-3")])?;
    let project = format!("projects/{}", bus.project);
    let request = api::ListSubscriptionsRequest { project, page_size: 3, ..Default::default() };
    let listed = bus.subscriber().list_subscriptions(request).await.map_err(text)?.into_inner();
    same("subscriptions on a page of three", listed.subscriptions.len(), 3)?;
    holds(!listed.next_page_token.is_empty(), "there is a next page")
}

pub async fn creating_twice_already_exists(bus: Bus) -> Outcome {
    bus.pair("twice", |_| {}).await?;
    refused("the topic", bus.create_topic("twice").await, Code::AlreadyExists)?;
    refused("the subscription", bus.create_subscription("twice", "twice", |_| {}).await, Code::AlreadyExists)
}

pub async fn what_does_not_exist_is_not_found(bus: Bus) -> Outcome {
    let (topic, subscription) = (bus.topic("none"), bus.subscription("none"));
    let (mut publisher, mut subscriber) = (bus.publisher(), bus.subscriber());
    let get = api::GetTopicRequest { topic: topic.clone() };
    refused("GetTopic", publisher.get_topic(get).await, Code::NotFound)?;
    let delete = api::DeleteTopicRequest { topic: topic.clone() };
    refused("DeleteTopic", publisher.delete_topic(delete).await, Code::NotFound)?;
    refused("Publish", bus.publish("none", vec![message("x")]).await, Code::NotFound)?;
    let list = api::ListTopicSubscriptionsRequest { topic, ..Default::default() };
    refused("ListTopicSubscriptions", publisher.list_topic_subscriptions(list).await, Code::NotFound)?;
    refused("CreateSubscription", bus.create_subscription("one", "none", |_| {}).await, Code::NotFound)?;
    let get = api::GetSubscriptionRequest { subscription: subscription.clone() };
    refused("GetSubscription", subscriber.get_subscription(get).await, Code::NotFound)?;
    let delete = api::DeleteSubscriptionRequest { subscription };
    refused("DeleteSubscription", subscriber.delete_subscription(delete).await, Code::NotFound)?;
    refused("Pull", bus.pull_at_once("none").await, Code::NotFound)
}

pub async fn defaults_are_filled_in(bus: Bus) -> Outcome {
    bus.create_topic("plain").await.map_err(text)?;
    let shape = |subscription: &mut Subscription| {
        subscription.ack_deadline_seconds = 0;
        subscription.retry_policy = Some(RetryPolicy::default());
    };
    let created = bus.create_subscription("plain", "plain", shape).await.map_err(text)?;
    same("ack deadline", created.ack_deadline_seconds, 10)?;
    let days = created.message_retention_duration.map(|retention| retention.seconds);
    same("retention", days, Some(7 * 24 * 3600))?;
    let policy = created.retry_policy.unwrap_or_default();
    same("minimum backoff", policy.minimum_backoff.map(|backoff| backoff.seconds), Some(10))?;
    same("maximum backoff", policy.maximum_backoff.map(|backoff| backoff.seconds), Some(600))
}

pub async fn updates_follow_their_mask(bus: Bus) -> Outcome {
    bus.pair("one", |subscription| subscription.ack_deadline_seconds = 20).await?;
    let update = |paths: &[&str]| {
        let subscription = Subscription {
            name: bus.subscription("one"),
            topic: bus.topic("one"),
            ack_deadline_seconds: 60,
            labels: [("lane".to_owned(), "daily".to_owned())].into(),
            ..Subscription::default()
        };
        let paths = paths.iter().map(|path| (*path).to_owned()).collect();
        api::UpdateSubscriptionRequest {
            subscription: Some(subscription),
            update_mask: Some(prost_types::FieldMask { paths }),
        }
    };
    let mut subscriber = bus.subscriber();
    let labelled = subscriber.update_subscription(update(&["labels"])).await.map_err(text)?.into_inner();
    same("outside the mask", labelled.ack_deadline_seconds, 20)?;
    same("inside the mask", labelled.labels.len(), 1)?;
    let slower =
        subscriber.update_subscription(update(&["ack_deadline_seconds"])).await.map_err(text)?.into_inner();
    same("the deadline", slower.ack_deadline_seconds, 60)?;
    refused("no mask", subscriber.update_subscription(update(&[])).await, Code::InvalidArgument)?;
    refused(
        "an unknown field",
        subscriber.update_subscription(update(&["nonsense"])).await,
        Code::InvalidArgument,
    )?;
    refused("the topic", subscriber.update_subscription(update(&["topic"])).await, Code::InvalidArgument)
}

pub async fn deleting_a_topic_leaves_its_subscriptions(bus: Bus) -> Outcome {
    bus.pair("one", |_| {}).await?;
    bus.publish("one", vec![message("kept")]).await.map_err(text)?;
    let delete = api::DeleteTopicRequest { topic: bus.topic("one") };
    bus.publisher().delete_topic(delete).await.map_err(text)?;
    let get = api::GetSubscriptionRequest { subscription: bus.subscription("one") };
    let left = bus.subscriber().get_subscription(get).await.map_err(text)?.into_inner();
    same("its topic", left.topic.as_str(), "_deleted-topic_")?;
    same("its backlog", data(&bus.pull_one("one").await?), "kept".to_owned())?;
    // A new topic of that name is an entirely new one.
    bus.create_topic("one").await.map_err(text)?;
    let list = api::ListTopicSubscriptionsRequest { topic: bus.topic("one"), ..Default::default() };
    let attached = bus.publisher().list_topic_subscriptions(list).await.map_err(text)?.into_inner();
    same("subscriptions of the new topic", attached.subscriptions, vec![])
}

pub async fn deleting_a_subscription_drops_its_backlog(bus: Bus) -> Outcome {
    bus.pair("one", |_| {}).await?;
    bus.publish("one", vec![message("dropped")]).await.map_err(text)?;
    let delete = api::DeleteSubscriptionRequest { subscription: bus.subscription("one") };
    bus.subscriber().delete_subscription(delete).await.map_err(text)?;
    bus.create_subscription("one", "one", |_| {}).await.map_err(text)?;
    bus.publish("one", vec![message("new")]).await.map_err(text)?;
    same("the first message", data(&bus.pull_one("one").await?), "new".to_owned())
}

pub async fn a_detached_subscription_refuses_to_pull(bus: Bus) -> Outcome {
    bus.pair("one", |_| {}).await?;
    let detach = api::DetachSubscriptionRequest { subscription: bus.subscription("one") };
    bus.publisher().detach_subscription(detach).await.map_err(text)?;
    let get = api::GetSubscriptionRequest { subscription: bus.subscription("one") };
    let detached = bus.subscriber().get_subscription(get).await.map_err(text)?.into_inner();
    holds(detached.detached, "it says that it is detached")?;
    refused("Pull", bus.pull_at_once("one").await, Code::FailedPrecondition)
}

pub async fn a_name_is_assigned_when_none_is_given(bus: Bus) -> Outcome {
    bus.create_topic("one").await.map_err(text)?;
    let created =
        bus.create_subscription("", "one", |subscription| subscription.name.clear()).await.map_err(text)?;
    let prefix = format!("projects/{}/subscriptions/", bus.project);
    holds(created.name.starts_with(&prefix), format!("`{}` was assigned", created.name))?;
    let get = api::GetSubscriptionRequest { subscription: created.name };
    bus.subscriber().get_subscription(get).await.map(drop).map_err(text)
}

/// One HTTP/1.1 exchange: the status and the body.
async fn http(bus: &Bus, verb: &str, path: &str, body: &str) -> Result<(u16, serde_json::Value), String> {
    let mut stream = tokio::net::TcpStream::connect(&bus.address).await.map_err(text)?;
    let (address, length) = (&bus.address, body.len());
    let head = format!("{verb} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    let head = format!("{head}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}");
    stream.write_all(head.as_bytes()).await.map_err(text)?;
    let mut answer = Vec::new();
    // Not every server closes when asked to, so the end of the body is looked for.
    while !is_whole(&answer) && stream.read_buf(&mut answer).await.map_err(text)? > 0 {}
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or("no status line")?;
    let body = answer.find('{').zip(answer.rfind('}')).map_or("{}", |(from, to)| &answer[from..=to]);
    Ok((status, serde_json::from_str(body).map_err(text)?))
}

fn is_whole(answer: &[u8]) -> bool {
    let answer = String::from_utf8_lossy(answer).to_ascii_lowercase();
    let Some((head, body)) = answer.split_once("\r\n\r\n") else { return false };
    let length =
        head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse::<usize>().ok());
    length.map_or(body.ends_with("0\r\n\r\n"), |length| body.len() >= length)
}

pub async fn rest_errors_have_the_documented_shape(bus: Bus) -> Outcome {
    let (status, body) = http(&bus, "GET", &format!("/v1/{}", bus.topic("none")), "").await?;
    same("the HTTP status", status, 404)?;
    same("error.code", body["error"]["code"].as_u64(), Some(404))?;
    same("error.status", body["error"]["status"].as_str(), Some("NOT_FOUND"))?;
    let (status, body) = http(&bus, "PUT", &format!("/v1/{}", bus.topic("one")), "{\"nonsense\": 1}").await?;
    same("an unknown field", (status, body["error"]["status"].as_str()), (400, Some("INVALID_ARGUMENT")))
}

pub async fn rest_publishes_pulls_and_acks(bus: Bus) -> Outcome {
    let (topic, subscription) = (bus.topic("one"), bus.subscription("one"));
    let settings = format!("{{\"topic\": \"{topic}\", \"ackDeadlineSeconds\": 20}}");
    same("create", http(&bus, "PUT", &format!("/v1/{topic}"), "{}").await?.0, 200)?;
    let (status, created) = http(&bus, "PUT", &format!("/v1/{subscription}"), &settings).await?;
    same("subscribe", (status, created["ackDeadlineSeconds"].as_u64()), (200, Some(20)))?;
    let messages = "{\"messages\": [{\"data\": \"aGVsbG8=\", \"attributes\": {\"season\": \"2023-24\"}}]}";
    let (status, published) = http(&bus, "POST", &format!("/v1/{topic}:publish"), messages).await?;
    same("publish", (status, published["messageIds"].as_array().map(Vec::len)), (200, Some(1)))?;
    let (_, pulled) = http(&bus, "POST", &format!("/v1/{subscription}:pull"), "{\"maxMessages\": 1}").await?;
    let received = &pulled["receivedMessages"][0];
    same("the data", received["message"]["data"].as_str(), Some("aGVsbG8="))?;
    same("the id", received["message"]["messageId"].as_str(), published["messageIds"][0].as_str())?;
    let ack = format!("{{\"ackIds\": [{}]}}", received["ackId"]);
    same("ack", http(&bus, "POST", &format!("/v1/{subscription}:acknowledge"), &ack).await?.0, 200)
}

pub async fn rest_updates_a_topic(bus: Bus) -> Outcome {
    let topic = bus.topic("one");
    bus.create_topic("one").await.map_err(text)?;
    let labelled = format!("{{\"name\": \"{topic}\", \"labels\": {{\"a\": \"b\"}}}}");
    let change = format!("{{\"topic\": {labelled}, \"updateMask\": \"labels\"}}");
    let (status, changed) = http(&bus, "PATCH", &format!("/v1/{topic}"), &change).await?;
    same("update", (status, changed["labels"]["a"].as_str()), (200, Some("b")))?;
    let get = api::GetTopicRequest { topic };
    let found: Topic = bus.publisher().get_topic(get).await.map_err(text)?.into_inner();
    same("gRPC sees it", found.labels.len(), 1)
}

pub async fn what_is_not_served_is_refused_by_name(bus: Bus) -> Outcome {
    bus.create_topic("one").await.map_err(text)?;
    type Change = fn(&mut Subscription);
    let shapes: [(&str, Change); 7] = [
        ("filter", |subscription| subscription.filter = "attributes.a = \"b\"".to_owned()),
        ("ordering", |subscription| subscription.enable_message_ordering = true),
        ("exactly-once", |subscription| subscription.enable_exactly_once_delivery = true),
        ("retain_acked_messages", |subscription| subscription.retain_acked_messages = true),
        ("BigQuery", |subscription| subscription.bigquery_config = Some(api::BigQueryConfig::default())),
        ("Cloud Storage", |subscription| subscription.cloud_storage_config = Some(Default::default())),
        ("push", |subscription| {
            let push_endpoint = "https://example.com/push".to_owned();
            subscription.push_config = Some(api::PushConfig { push_endpoint, ..Default::default() });
        }),
    ];
    for (what, shape) in shapes {
        refused(what, bus.create_subscription("one", "one", shape).await, Code::Unimplemented)?;
    }
    let ordered = api::PubsubMessage { ordering_key: "key".to_owned(), ..message("ordered") };
    refused("an ordering key", bus.publish("one", vec![ordered]).await, Code::Unimplemented)?;
    let schema = Some(api::SchemaSettings {
        schema: format!("projects/{}/schemas/one", bus.project),
        ..Default::default()
    });
    let topic = Topic { name: bus.topic("two"), schema_settings: schema, ..Topic::default() };
    refused("a schema", bus.publisher().create_topic(topic).await, Code::Unimplemented)?;
    bus.create_subscription("one", "one", |_| {}).await.map_err(text)?;
    let seek = api::SeekRequest { subscription: bus.subscription("one"), target: None };
    refused("Seek", bus.subscriber().seek(seek).await, Code::Unimplemented)?;
    let snapshot = api::CreateSnapshotRequest { subscription: bus.subscription("one"), ..Default::default() };
    refused("CreateSnapshot", bus.subscriber().create_snapshot(snapshot).await, Code::Unimplemented)?;
    let (status, body) = http(&bus, "GET", &format!("/v1/projects/{}/schemas", bus.project), "").await?;
    same("schemas over REST", (status, body["error"]["status"].as_str()), (501, Some("UNIMPLEMENTED")))
}
