//! Messages: publish, pull, streams, acks, nacks, deadlines, backoff, dead letters.

use super::bus::Bus;
use super::{Outcome, same};
use google_cloud_pubsub::model::Message;

pub async fn official_client_publishes_receives_and_acks(bus: Bus) -> Outcome {
    bus.pair("one", |_| {}).await?;
    let publisher = bus.official_publisher("one").await;
    let sent = Message::new().set_data("box score").set_attributes([("season", "2023-24")]);
    let id = publisher.publish(sent).await.map_err(|error| error.to_string())?;
    let subscriber = bus.official_subscriber().await;
    let mut stream = subscriber.subscribe(bus.subscription("one")).build();
    let (message, handler) =
        stream.next().await.ok_or("the stream ended")?.map_err(|error| error.to_string())?;
    same("the data", &message.data[..], b"box score")?;
    same("the id", message.message_id, id)?;
    same("the attribute", message.attributes.get("season").map(String::as_str), Some("2023-24"))?;
    handler.ack();
    drop(stream);
    Ok(())
}
