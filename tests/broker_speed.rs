//! How fast the durable server is through gRPC: the hop publish -> receive -> ack, and receive + ack of a backlog.
//! Prints figures; fails only on what no machine excuses. `tidegate bench` measures the same beside the emulator.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::{Ipv4Addr, SocketAddr};
use tidegate::broker::api::publisher_client::PublisherClient;
use tidegate::broker::api::subscriber_client::SubscriberClient;
use tidegate::broker::api::{self, PubsubMessage, StreamingPullRequest, Subscription, Topic};
use tidegate::broker::{BrokerConfig, Server};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;
use tonic::transport::Channel;

const TOPIC: &str = "projects/p/topics/speed";
const SUBSCRIPTION: &str = "projects/p/subscriptions/speed";
const HOPS: usize = 500;
const MESSAGES: usize = 50_000;

#[derive(Clone)]
struct Client {
    publisher: PublisherClient<Channel>,
    subscriber: SubscriberClient<Channel>,
}

impl Client {
    async fn publish(&mut self, count: usize) {
        let messages = vec![PubsubMessage { data: vec![7; 120].into(), ..Default::default() }; count];
        self.publisher.publish(api::PublishRequest { topic: TOPIC.to_owned(), messages }).await.unwrap();
    }

    async fn ack(&mut self, ack_ids: Vec<String>) {
        let request = api::AcknowledgeRequest { subscription: SUBSCRIPTION.to_owned(), ack_ids };
        self.subscriber.acknowledge(request).await.unwrap();
    }

    /// A stream, which ends when the sender is dropped.
    async fn stream(
        &mut self,
    ) -> (mpsc::Sender<StreamingPullRequest>, Streaming<api::StreamingPullResponse>) {
        let first = StreamingPullRequest {
            subscription: SUBSCRIPTION.to_owned(),
            stream_ack_deadline_seconds: 60,
            ..StreamingPullRequest::default()
        };
        let (sender, requests) = mpsc::channel(1);
        sender.send(first).await.unwrap();
        let opened = self.subscriber.streaming_pull(ReceiverStream::new(requests)).await.unwrap();
        (sender, opened.into_inner())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_durable_hop_and_a_durable_backlog() {
    let home = tempfile::tempdir().unwrap();
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = Server::start(BrokerConfig::durable(home.path(), listen).unwrap()).await.unwrap();
    let channel = Channel::from_shared(server.endpoint()).unwrap().connect().await.unwrap();
    let (publisher, subscriber) = (PublisherClient::new(channel.clone()), SubscriberClient::new(channel));
    let mut client = Client { publisher, subscriber };
    client.publisher.create_topic(Topic { name: TOPIC.to_owned(), ..Topic::default() }).await.unwrap();
    let (name, topic) = (SUBSCRIPTION.to_owned(), TOPIC.to_owned());
    client.subscriber.create_subscription(Subscription { name, topic, ..Default::default() }).await.unwrap();

    let (sender, mut stream) = client.stream().await;
    let mut hops = Vec::with_capacity(HOPS);
    for _ in 0..HOPS {
        let started = Instant::now();
        let mut publishing = client.clone();
        let (response, ()) = tokio::join!(stream.message(), publishing.publish(1));
        let received = response.unwrap().unwrap().received_messages;
        client.ack(received.into_iter().map(|received| received.ack_id).collect()).await;
        hops.push(started.elapsed());
    }
    hops.sort();
    println!("hop, durable: p50 {:?}, p99 {:?}", hops[HOPS / 2], hops[HOPS * 99 / 100]);
    // Until the server has ended the stream too, it would lease the backlog to it.
    drop(sender);
    assert!(stream.message().await.unwrap().is_none());

    let started = Instant::now();
    let mut publishing = JoinSet::new();
    for _ in 0..MESSAGES / 1000 {
        let mut client = client.clone();
        publishing.spawn(async move { client.publish(1000).await });
    }
    publishing.join_all().await;
    println!("publish, durable: {:.0}/s", MESSAGES as f64 / started.elapsed().as_secs_f64());

    let started = Instant::now();
    let (_sender, mut stream) = client.stream().await;
    let (mut received, mut acking) = (0, JoinSet::new());
    while received < MESSAGES {
        let response = stream.message().await.unwrap().unwrap();
        received += response.received_messages.len();
        let mut client = client.clone();
        let ack_ids = response.received_messages.into_iter().map(|received| received.ack_id).collect();
        acking.spawn(async move { client.ack(ack_ids).await });
    }
    acking.join_all().await;
    let rate = MESSAGES as f64 / started.elapsed().as_secs_f64();
    println!("receive + ack, durable: {rate:.0}/s");
    assert_eq!(received, MESSAGES, "nothing came twice");
    drop((stream, client));
    server.shutdown().await.unwrap();
}
