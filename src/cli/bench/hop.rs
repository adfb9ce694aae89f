//! The Pub/Sub server through plain gRPC: one message's way (publish, receive, ack) and how fast a backlog is
//! received and acknowledged; ours durable, and Google's emulator beside it where it is installed.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;

use crate::broker::api::publisher_client::PublisherClient;
use crate::broker::api::subscriber_client::SubscriberClient;
use crate::broker::api::{
    AcknowledgeRequest, PublishRequest, PubsubMessage, StreamingPullRequest, StreamingPullResponse,
    Subscription, Topic,
};
use crate::broker::{BrokerConfig, Server};

/// The hop and the backlog have a topic each: a server may go on pushing into a stream that has just been
/// closed, and what it pushed there comes again only when its deadline has passed.
const HOP: &str = "hop";
const BACKLOGGED: &str = "backlog";
const PAYLOAD_BYTES: usize = 120;
const HOPS: usize = 2_000;
const BACKLOG: usize = 100_000;
/// The emulator takes some 50 ms a hop and hands out some 2,000 messages a second: fewer of both.
const HOPS_OF_EMULATOR: usize = 100;
const BACKLOG_OF_EMULATOR: usize = 10_000;
const PUBLISHED_AT_ONCE: usize = 1_000;
const EMULATOR_START: Duration = Duration::from_secs(30);

/// What was measured.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    ours: Speed,
    #[serde(skip_serializing_if = "Option::is_none")]
    emulator: Option<Speed>,
    /// Our receive + ack throughput in times of the emulator's. Target: at least 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    times_emulator: Option<f64>,
}

#[derive(Debug, Serialize)]
struct Speed {
    hop_p50_ms: f64,
    hop_p99_ms: f64,
    receive_ack_per_second: f64,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |server: &Speed| {
            format!(
                "hop p50 {:.2} ms, p99 {:.2} ms; receive + ack {:.0} messages/s",
                server.hop_p50_ms, server.hop_p99_ms, server.receive_ack_per_second
            )
        };
        write!(f, "Pub/Sub server, durable: {}", line(&self.ours))?;
        match (&self.emulator, self.times_emulator) {
            (Some(emulator), Some(times)) => {
                write!(
                    f,
                    "\nGoogle's emulator:       {}\n  ours receives {times:.1} times as fast",
                    line(emulator)
                )
            }
            _ => write!(f, "\nGoogle's emulator is not installed here"),
        }
    }
}

pub(super) async fn measure(scratch: &Path) -> anyhow::Result<Figures> {
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = Server::start(BrokerConfig::durable(&scratch.join("hop"), listen)?).await?;
    let ours = drive(&server.endpoint(), HOPS, BACKLOG).await?;
    server.shutdown().await.context("the server's log was not written to its end")?;
    let emulator = match Emulator::start(scratch).await? {
        Some(emulator) => Some(drive(&emulator.endpoint, HOPS_OF_EMULATOR, BACKLOG_OF_EMULATOR).await?),
        None => None,
    };
    let times_emulator =
        emulator.as_ref().map(|emulator| ours.receive_ack_per_second / emulator.receive_ack_per_second);
    Ok(Figures { ours, emulator, times_emulator })
}

#[derive(Clone)]
struct Client {
    publisher: PublisherClient<Channel>,
    subscriber: SubscriberClient<Channel>,
    name: &'static str,
}

/// An open stream; dropping it ends the requests, so that the server ends it too.
struct Stream {
    responses: tonic::Streaming<StreamingPullResponse>,
    _requests: mpsc::Sender<StreamingPullRequest>,
}

impl Stream {
    async fn next(&mut self) -> anyhow::Result<StreamingPullResponse> {
        self.responses.message().await?.context("the stream ended")
    }
}

impl Client {
    /// A client of a topic and a subscription of this name, which it makes.
    async fn connect(endpoint: &str, name: &'static str) -> anyhow::Result<Self> {
        let channel = Channel::from_shared(endpoint.to_owned())?.connect().await?;
        let publisher = PublisherClient::new(channel.clone());
        let subscriber = SubscriberClient::new(channel);
        let mut client = Self { publisher, subscriber, name };
        let (topic, name) = (client.topic(), client.subscription());
        client.publisher.create_topic(Topic { name: topic.clone(), ..Topic::default() }).await?;
        let subscription = Subscription { name, topic, ..Subscription::default() };
        client.subscriber.create_subscription(subscription).await?;
        Ok(client)
    }

    fn topic(&self) -> String {
        format!("projects/bench/topics/{}", self.name)
    }

    fn subscription(&self) -> String {
        format!("projects/bench/subscriptions/{}", self.name)
    }

    async fn publish(&mut self, count: usize) -> anyhow::Result<()> {
        let message = PubsubMessage { data: vec![7; PAYLOAD_BYTES].into(), ..PubsubMessage::default() };
        let request = PublishRequest { topic: self.topic(), messages: vec![message; count] };
        self.publisher.publish(request).await?;
        Ok(())
    }

    async fn ack(&mut self, response: StreamingPullResponse) -> anyhow::Result<()> {
        let ack_ids = response.received_messages.into_iter().map(|received| received.ack_id).collect();
        self.subscriber
            .acknowledge(AcknowledgeRequest { subscription: self.subscription(), ack_ids })
            .await?;
        Ok(())
    }

    async fn stream(&mut self) -> anyhow::Result<Stream> {
        let (requests, receiver) = mpsc::channel(1);
        let first = StreamingPullRequest {
            subscription: self.subscription(),
            stream_ack_deadline_seconds: 60,
            ..StreamingPullRequest::default()
        };
        requests.send(first).await?;
        let responses = self.subscriber.streaming_pull(ReceiverStream::new(receiver)).await?.into_inner();
        Ok(Stream { responses, _requests: requests })
    }
}

async fn drive(endpoint: &str, hops: usize, backlog: usize) -> anyhow::Result<Speed> {
    let mut client = Client::connect(endpoint, HOP).await?;
    // A first message, not counted: some servers answer a stream only when they have something to send.
    client.publish(1).await?;
    let mut stream = client.stream().await?;
    let first = stream.next().await?;
    client.ack(first).await?;
    let mut times = Vec::with_capacity(hops);
    for _ in 0..hops {
        let started = Instant::now();
        let mut publishing = client.clone();
        let (response, published) = tokio::join!(stream.next(), publishing.publish(1));
        published?;
        client.ack(response?).await?;
        times.push(started.elapsed());
    }
    times.sort();
    drop(stream);
    let receive_ack_per_second = receive_backlog(endpoint, backlog).await?;
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let (hop_p50_ms, hop_p99_ms) = (ms(times[hops / 2]), ms(times[hops * 99 / 100]));
    Ok(Speed { hop_p50_ms, hop_p99_ms, receive_ack_per_second })
}

async fn receive_backlog(endpoint: &str, backlog: usize) -> anyhow::Result<f64> {
    let mut client = Client::connect(endpoint, BACKLOGGED).await?;
    for _ in 0..backlog / PUBLISHED_AT_ONCE {
        client.publish(PUBLISHED_AT_ONCE).await?;
    }
    let started = Instant::now();
    let mut stream = client.stream().await?;
    let (mut received, mut acking) = (0, JoinSet::new());
    while received < backlog {
        let response = stream.next().await?;
        received += response.received_messages.len();
        let mut client = client.clone();
        acking.spawn(async move { client.ack(response).await });
    }
    while let Some(acked) = acking.join_next().await {
        acked??;
    }
    Ok(received as f64 / started.elapsed().as_secs_f64())
}

/// Google's emulator as a process of its own, ended with the value.
struct Emulator {
    process: Child,
    endpoint: String,
}

impl Emulator {
    /// Starts it; `None` where it is not installed.
    async fn start(scratch: &Path) -> anyhow::Result<Option<Self>> {
        let Some(program) = installed() else {
            return Ok(None);
        };
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let process = Command::new(&program)
            .arg("--host=127.0.0.1")
            .arg(format!("--port={port}"))
            .current_dir(scratch)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let emulator = Self { process, endpoint: format!("http://127.0.0.1:{port}") };
        let started = Instant::now();
        while started.elapsed() < EMULATOR_START {
            let channel = Channel::from_shared(emulator.endpoint.clone())?;
            if channel.connect().await.is_ok() {
                return Ok(Some(emulator));
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        bail!("Google's emulator did not answer within {} s", EMULATOR_START.as_secs())
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // The program is a script that starts a Java process and hands signals on to it.
        let pid = self.process.id().to_string();
        let ended = Command::new("pkill").args(["-TERM", "-P", &pid]).status();
        if let Err(error) = ended.and(self.process.kill()).and(self.process.wait().map(drop)) {
            tracing::warn!(%error, "Google's emulator may still be running");
        }
    }
}

fn installed() -> Option<PathBuf> {
    let output =
        Command::new("gcloud").args(["info", "--format=value(installation.sdk_root)"]).output().ok()?;
    let root = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    let program = root.join("platform/pubsub-emulator/bin/cloud-pubsub-emulator");
    program.exists().then_some(program)
}
