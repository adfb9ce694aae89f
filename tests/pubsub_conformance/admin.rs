//! Topics and subscriptions: create, get, list, update, delete, detach.

use super::bus::Bus;
use super::{Outcome, holds, same};
use google_cloud_gax::paginator::ItemPaginator;

pub async fn official_client_manages_topics_and_subscriptions(bus: Bus) -> Outcome {
    let text = |error: google_cloud_pubsub::Error| error.to_string();
    let topics = bus.topic_admin().await;
    let subscriptions = bus.subscription_admin().await;
    let topic = topics
        .create_topic()
        .set_name(bus.topic("one"))
        .set_labels([("team", "nba")])
        .send()
        .await
        .map_err(text)?;
    same("the created topic's name", topic.name.clone(), bus.topic("one"))?;
    same("its label", topic.labels.get("team").map(String::as_str), Some("nba"))?;
    let created =
        subscriptions.create_subscription().set_name(bus.subscription("one")).set_topic(bus.topic("one"));
    let created = created.set_ack_deadline_seconds(30).send().await.map_err(text)?;
    same("the created deadline", created.ack_deadline_seconds, 30)?;
    let found = subscriptions
        .get_subscription()
        .set_subscription(bus.subscription("one"))
        .send()
        .await
        .map_err(text)?;
    same("the found topic", found.topic, bus.topic("one"))?;
    let mut listed = topics.list_topics().set_project(format!("projects/{}", bus.project)).by_item();
    let first = listed.next().await.ok_or("no topic was listed")?.map_err(text)?;
    same("the listed topic", first.name, bus.topic("one"))?;
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
