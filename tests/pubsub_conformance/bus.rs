//! What a case may touch: the official Rust client, raw gRPC for the calls and fields that it hides, and bare HTTP.
//! Every name is made in the case's own project.

use google_cloud_auth::credentials::anonymous;
use google_cloud_pubsub::client::{Publisher, Subscriber, SubscriptionAdmin, TopicAdmin};
use std::collections::HashMap;
use tidegate::broker::api::publisher_client::PublisherClient;
use tidegate::broker::api::subscriber_client::SubscriberClient;
use tidegate::broker::api::{self, PubsubMessage};
use tonic::transport::Channel;
use tonic::{Code, Status};

#[derive(Clone)]
pub struct Bus {
    pub address: String,
    pub project: String,
    channel: Channel,
}

impl Bus {
    /// At `host:port`.
    pub async fn at(address: &str) -> Bus {
        let channel = Channel::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap();
        Bus { address: address.to_owned(), project: "none".to_owned(), channel }
    }

    pub fn in_project(&self, case: &str) -> Bus {
        Bus { project: case.replace('_', "-"), ..self.clone() }
    }

    /// The same, on a connection of its own.
    pub async fn apart(&self) -> Bus {
        Bus { project: self.project.clone(), ..Bus::at(&self.address).await }
    }

    pub fn topic(&self, id: &str) -> String {
        format!("projects/{}/topics/{id}", self.project)
    }

    pub fn subscription(&self, id: &str) -> String {
        format!("projects/{}/subscriptions/{id}", self.project)
    }

    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Raw gRPC.
    pub fn publisher(&self) -> PublisherClient<Channel> {
        PublisherClient::new(self.channel.clone()).max_encoding_message_size(64 * 1024 * 1024)
    }

    /// Raw gRPC.
    pub fn subscriber(&self) -> SubscriberClient<Channel> {
        SubscriberClient::new(self.channel.clone()).max_decoding_message_size(64 * 1024 * 1024)
    }

    /// The official client's, which speaks REST.
    pub async fn topic_admin(&self) -> TopicAdmin {
        let builder = TopicAdmin::builder().with_endpoint(self.endpoint());
        builder.with_credentials(anonymous::Builder::new().build()).build().await.unwrap()
    }

    /// The official client's, which speaks REST.
    pub async fn subscription_admin(&self) -> SubscriptionAdmin {
        let builder = SubscriptionAdmin::builder().with_endpoint(self.endpoint());
        builder.with_credentials(anonymous::Builder::new().build()).build().await.unwrap()
    }

    /// The official client's.
    pub async fn official_publisher(&self, topic: &str) -> Publisher {
        let builder = Publisher::builder(self.topic(topic)).with_endpoint(self.endpoint());
        builder.with_credentials(anonymous::Builder::new().build()).build().await.unwrap()
    }

    /// The official client's.
    pub async fn official_subscriber(&self) -> Subscriber {
        let builder = Subscriber::builder().with_endpoint(self.endpoint());
        builder.with_credentials(anonymous::Builder::new().build()).build().await.unwrap()
    }

    /// A topic with one subscription on it, as `shape` changes it.
    pub async fn pair(&self, id: &str, shape: impl FnOnce(&mut api::Subscription)) -> Result<(), String> {
        self.create_topic(id).await.map_err(|status| status.to_string())?;
        self.create_subscription(id, id, shape).await.map(drop).map_err(|status| status.to_string())
    }

    pub async fn create_topic(&self, id: &str) -> Result<api::Topic, Status> {
        let topic = api::Topic { name: self.topic(id), ..api::Topic::default() };
        Ok(self.publisher().create_topic(topic).await?.into_inner())
    }

    pub async fn create_subscription(
        &self,
        id: &str,
        topic: &str,
        shape: impl FnOnce(&mut api::Subscription),
    ) -> Result<api::Subscription, Status> {
        let mut subscription = api::Subscription {
            name: self.subscription(id),
            topic: self.topic(topic),
            ack_deadline_seconds: 10,
            ..api::Subscription::default()
        };
        shape(&mut subscription);
        Ok(self.subscriber().create_subscription(subscription).await?.into_inner())
    }

    pub async fn publish(&self, topic: &str, messages: Vec<PubsubMessage>) -> Result<Vec<String>, Status> {
        let request = api::PublishRequest { topic: self.topic(topic), messages };
        Ok(self.publisher().publish(request).await?.into_inner().message_ids)
    }

    /// One Pull; the server may wait as long as it likes.
    pub async fn pull(
        &self,
        subscription: &str,
        max_messages: i32,
    ) -> Result<Vec<api::ReceivedMessage>, Status> {
        self.pull_request(subscription, max_messages, false).await
    }

    /// One Pull that does not wait.
    pub async fn pull_at_once(&self, subscription: &str) -> Result<Vec<api::ReceivedMessage>, Status> {
        self.pull_request(subscription, 100, true).await
    }

    async fn pull_request(
        &self,
        subscription: &str,
        max_messages: i32,
        at_once: bool,
    ) -> Result<Vec<api::ReceivedMessage>, Status> {
        let mut request = api::PullRequest {
            subscription: self.subscription(subscription),
            max_messages,
            ..Default::default()
        };
        #[expect(deprecated, reason = "how a client asks for an answer at once")]
        {
            request.return_immediately = at_once;
        }
        Ok(self.subscriber().pull(request).await?.into_inner().received_messages)
    }

    /// Pulls until a message comes.
    pub async fn pull_one(&self, subscription: &str) -> Result<api::ReceivedMessage, String> {
        loop {
            let mut received = self.pull(subscription, 1).await.map_err(|status| status.to_string())?;
            if let Some(first) = received.pop() {
                return Ok(first);
            }
        }
    }

    pub async fn modify(&self, subscription: &str, ack_ids: Vec<String>, seconds: i32) -> Result<(), Status> {
        let subscription = self.subscription(subscription);
        let request = api::ModifyAckDeadlineRequest { subscription, ack_ids, ack_deadline_seconds: seconds };
        self.subscriber().modify_ack_deadline(request).await.map(drop)
    }

    pub async fn acknowledge(&self, subscription: &str, ack_ids: Vec<String>) -> Result<(), Status> {
        let request = api::AcknowledgeRequest { subscription: self.subscription(subscription), ack_ids };
        self.subscriber().acknowledge(request).await.map(drop)
    }
}

pub fn message(data: &str) -> PubsubMessage {
    PubsubMessage { data: data.as_bytes().to_vec().into(), ..PubsubMessage::default() }
}

pub fn attributed(data: &str, attributes: &[(&str, &str)]) -> PubsubMessage {
    let owned = attributes.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    PubsubMessage { attributes: owned.collect::<HashMap<_, _>>(), ..message(data) }
}

pub fn data(received: &api::ReceivedMessage) -> String {
    let data = received.message.as_ref().map(|message| message.data.to_vec()).unwrap_or_default();
    String::from_utf8(data).unwrap()
}

/// `Err` unless the call was refused with `code`.
pub fn refused<T: std::fmt::Debug>(what: &str, result: Result<T, Status>, code: Code) -> Result<(), String> {
    match result {
        Err(status) if status.code() == code => Ok(()),
        Err(status) => {
            Err(format!("{what}: refused with {:?} ({}), expected {code:?}", status.code(), status.message()))
        }
        Ok(answer) => Err(format!("{what}: accepted ({answer:?}), expected {code:?}")),
    }
}
