//! The Pub/Sub server through plain gRPC: one message's way (publish, receive, ack) and how fast a backlog is
//! received and acknowledged; ours durable, and Google's emulator beside it where it is installed.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use futures::StreamExt;
use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tonic::transport::Channel;

use crate::broker::api::publisher_client::PublisherClient;
use crate::broker::api::subscriber_client::SubscriberClient;
use crate::broker::api::{
    AcknowledgeRequest, PublishRequest, PubsubMessage, StreamingPullRequest, StreamingPullResponse, Subscription,
    Topic,
};
use crate::broker::{BrokerConfig, Server};

const TOPIC: &str = "projects/bench/topics/hop";
const SUBSCRIPTION: &str = "projects/bench/subscriptions/hop";
const PAYLOAD_BYTES: usize = 120;
const HOPS: usize = 2_000;
const BACKLOG: usize = 100_000;
/// The emulator hands out some 2,000 messages a second; a backlog as long as ours would take a minute.
const BACKLOG_OF_EMULATOR: usize = 10_000;
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
                write!(f, "\nGoogle's emulator:       {}\n  ours receives {times:.1} times as fast", line(emulator))
            }
            _ => write!(f, "\nGoogle's emulator is not installed here"),
        }
    }
}

pub(super) async fn measure(scratch: &Path) -> anyhow::Result<Figures> {
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = Server::start(BrokerConfig::durable(&scratch.join("hop"), listen)?).await?;
    let ours = drive(&server.endpoint(), BACKLOG).await?;
    server.shutdown().await.context("the server's log was not written to its end")?;
    let emulator = match Emulator::start(scratch).await? {
        Some(emulator) => Some(drive(&emulator.endpoint, BACKLOG_OF_EMULATOR).await?),
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
}

impl Client {
    async fn connect(endpoint: &str) -> anyhow::Result<Self> {
        let channel = Channel::from_shared(endpoint.to_owned())?.connect().await?;
        Ok(Self {
            publisher: PublisherClient::new(channel.clone()),
            subscriber: SubscriberClient::new(channel),
        })
    }

    async fn publish(&mut self, count: usize) -> anyhow::Result<()> {
        let message = PubsubMessage { data: vec![7; PAYLOAD_BYTES].into(), ..PubsubMessage::default() };
        let request = PublishRequest { topic: TOPIC.to_owned(), messages: vec![message; count] };
        self.publisher.publish(request).await?;
        Ok(())
    }

    async fn ack(&mut self, response: StreamingPullResponse) -> anyhow::Result<()> {
        let ack_ids = response.received_messages.into_iter().map(|received| received.ack_id).collect();
        let request = AcknowledgeRequest { subscription: SUBSCRIPTION.to_owned(), ack_ids };
        self.subscriber.acknowledge(request).await?;
        Ok(())
    }

    async fn stream(&mut self) -> anyhow::Result<tonic::Streaming<StreamingPullResponse>> {
        let first = StreamingPullRequest {
            subscription: SUBSCRIPTION.to_owned(),
            stream_ack_deadline_seconds: 60,
            ..StreamingPullRequest::default()
        };
        let requests = futures::stream::iter([first]).chain(futures::stream::pending());
        Ok(self.subscriber.streaming_pull(requests).await?.into_inner())
    }
}

async fn drive(endpoint: &str, backlog: usize) -> anyhow::Result<Speed> {
    let mut client = Client::connect(endpoint).await?;
    client.publisher.create_topic(Topic { name: TOPIC.to_owned(), ..Topic::default() }).await?;
    let (name, topic) = (SUBSCRIPTION.to_owned(), TOPIC.to_owned());
    client.subscriber.create_subscription(Subscription { name, topic, ..Subscription::default() }).await?;
    let hops = if backlog == BACKLOG { HOPS } else { HOPS / 20 };
    let mut stream = client.stream().await?;
    let mut times = Vec::with_capacity(hops);
    for _ in 0..hops {
        let started = Instant::now();
        let mut publishing = client.clone();
        let (response, published) = tokio::join!(stream.message(), publishing.publish(1));
        published?;
        client.ack(response?.context("the stream ended")?).await?;
        times.push(started.elapsed());
    }
    times.sort();
    drop(stream);
    let rate = receive_backlog(&mut client, backlog).await?;
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    Ok(Speed {
        hop_p50_ms: ms(times[hops / 2]),
        hop_p99_ms: ms(times[hops * 99 / 100]),
        receive_ack_per_second: rate,
    })
}

async fn receive_backlog(client: &mut Client, backlog: usize) -> anyhow::Result<f64> {
    for _ in 0..backlog / 1_000 {
        client.publish(1_000).await?;
    }
    let started = Instant::now();
    let mut stream = client.stream().await?;
    let (mut received, mut acking) = (0, JoinSet::new());
    while received < backlog {
        let response = stream.message().await?.context("the stream ended")?;
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
            if Client::connect(&emulator.endpoint).await.is_ok() {
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
    let output = Command::new("gcloud").args(["info", "--format=value(installation.sdk_root)"]).output().ok()?;
    let root = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    let program = root.join("platform/pubsub-emulator/bin/cloud-pubsub-emulator");
    program.exists().then_some(program)
}
