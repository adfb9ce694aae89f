//! Power loss at every sync: the embedded server runs a fixed workload on a disk that stops syncing after N syncs,
//! for every N, and is opened again on what such a disk may hold. Whatever was answered must be there.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};
use tidegate::broker::api::publisher_client::PublisherClient;
use tidegate::broker::api::subscriber_client::SubscriberClient;
use tidegate::broker::api::{self, DeadLetterPolicy, PubsubMessage, Subscription, Topic};
use tidegate::broker::{
    BrokerConfig, MemoryDisk, RecoveryError, Running, Server, StartError, Storage, Unsynced, WallClock,
};
use tonic::Status;
use tonic::transport::Channel;

const TOPIC: &str = "projects/p/topics/events";
const DEAD_TOPIC: &str = "projects/p/topics/dead";
const LEFT: &str = "projects/p/subscriptions/left";
const RIGHT: &str = "projects/p/subscriptions/right";
const DEAD: &str = "projects/p/subscriptions/dead";

/// Every state in which the bytes that were never synced may be found.
const AFTERMATHS: [Unsynced; 5] = [
    Unsynced::Lost,
    Unsynced::Torn { percent: 50 },
    Unsynced::Torn { percent: 97 },
    Unsynced::Zeros,
    Unsynced::Kept,
];

/// What the client was told, and what it asked for without hearing an answer.
#[derive(Default)]
struct Ledger {
    subscriptions: BTreeSet<&'static str>,
    answered: BTreeSet<String>,
    asked: BTreeSet<String>,
    ids: BTreeSet<String>,
    acked: BTreeSet<(&'static str, String)>,
    ack_asked: BTreeSet<(&'static str, String)>,
}

struct Client {
    publisher: PublisherClient<Channel>,
    subscriber: SubscriberClient<Channel>,
}

async fn start(disk: &MemoryDisk) -> Result<Running, StartError> {
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let mut config = BrokerConfig::on(Arc::new(disk.clone()), listen);
    // Small enough that the workload rewrites the log several times.
    config.log_dead_bytes_min = 600;
    Server::start(config).await
}

impl Client {
    async fn of(server: &Running) -> Client {
        let channel = Channel::from_shared(server.endpoint()).unwrap().connect().await.unwrap();
        Client {
            publisher: PublisherClient::new(channel.clone()),
            subscriber: SubscriberClient::new(channel),
        }
    }

    async fn subscribe(
        &mut self,
        name: &'static str,
        topic: &str,
        ledger: &mut Ledger,
    ) -> Result<(), Status> {
        let dead_letter_policy = (name == LEFT)
            .then(|| DeadLetterPolicy { dead_letter_topic: DEAD_TOPIC.to_owned(), max_delivery_attempts: 5 });
        let (name_owned, topic) = (name.to_owned(), topic.to_owned());
        let subscription =
            Subscription { name: name_owned, topic, dead_letter_policy, ..Subscription::default() };
        self.subscriber.create_subscription(subscription).await?;
        ledger.subscriptions.insert(name);
        Ok(())
    }

    async fn publish(&mut self, texts: &[String], ledger: &mut Ledger) -> Result<(), Status> {
        ledger.asked.extend(texts.iter().cloned());
        let messages =
            texts.iter().map(|text| PubsubMessage { data: text.clone().into(), ..Default::default() });
        let request = api::PublishRequest { topic: TOPIC.to_owned(), messages: messages.collect() };
        let ids = self.publisher.publish(request).await?.into_inner().message_ids;
        for id in ids {
            assert!(ledger.ids.insert(id.clone()), "message id {id} was given out twice");
        }
        ledger.answered.extend(texts.iter().cloned());
        Ok(())
    }

    async fn pull(
        &mut self,
        subscription: &str,
        max_messages: i32,
    ) -> Result<Vec<api::ReceivedMessage>, Status> {
        let mut request =
            api::PullRequest { subscription: subscription.to_owned(), max_messages, ..Default::default() };
        #[expect(deprecated, reason = "an answer at once")]
        {
            request.return_immediately = true;
        }
        Ok(self.subscriber.pull(request).await?.into_inner().received_messages)
    }

    /// Waits for a message as long as the server lets a pull wait.
    async fn pull_waiting(&mut self, subscription: &str) -> Result<Vec<api::ReceivedMessage>, Status> {
        let subscription = subscription.to_owned();
        let request = api::PullRequest { subscription, max_messages: 1000, ..Default::default() };
        Ok(self.subscriber.pull(request).await?.into_inner().received_messages)
    }

    async fn ack(
        &mut self,
        subscription: &'static str,
        count: i32,
        ledger: &mut Ledger,
    ) -> Result<(), Status> {
        let received = self.pull(subscription, count).await?;
        let texts: Vec<_> = received.iter().map(|received| (subscription, text(received))).collect();
        ledger.ack_asked.extend(texts.iter().cloned());
        let ack_ids: Vec<String> = received.into_iter().map(|received| received.ack_id).collect();
        if ack_ids.is_empty() {
            return Ok(());
        }
        let request = api::AcknowledgeRequest { subscription: subscription.to_owned(), ack_ids };
        self.subscriber.acknowledge(request).await?;
        ledger.acked.extend(texts);
        Ok(())
    }

    /// Fails one message of LEFT until it goes to the dead-letter topic.
    async fn kill_one(&mut self) -> Result<(), Status> {
        for _ in 0..5 {
            let ack_ids: Vec<String> =
                self.pull(LEFT, 1).await?.into_iter().map(|received| received.ack_id).collect();
            if !ack_ids.is_empty() {
                let subscription = LEFT.to_owned();
                let request =
                    api::ModifyAckDeadlineRequest { subscription, ack_ids, ack_deadline_seconds: 0 };
                self.subscriber.modify_ack_deadline(request).await?;
            }
        }
        Ok(())
    }

    /// Everything that the subscription still holds.
    async fn backlog(&mut self, subscription: &str) -> Vec<String> {
        let mut texts = Vec::new();
        loop {
            let received = self.pull(subscription, 1000).await.unwrap();
            if received.is_empty() {
                return texts;
            }
            texts.extend(received.iter().map(text));
        }
    }
}

fn text(received: &api::ReceivedMessage) -> String {
    String::from_utf8(received.message.as_ref().unwrap().data.to_vec()).unwrap()
}

/// The same calls in the same order every time, until the first that fails.
async fn workload(client: &mut Client, ledger: &mut Ledger) -> Result<(), Status> {
    for name in [TOPIC, DEAD_TOPIC] {
        client.publisher.create_topic(Topic { name: name.to_owned(), ..Topic::default() }).await?;
    }
    client.publish(&["before anyone listened".to_owned()], &mut Ledger::default()).await?;
    client.subscribe(LEFT, TOPIC, ledger).await?;
    client.subscribe(DEAD, DEAD_TOPIC, ledger).await?;
    for round in 0..7 {
        if round == 1 {
            client.subscribe(RIGHT, TOPIC, ledger).await?;
        }
        let texts: Vec<String> = (0..5).map(|number| format!("round {round}, message {number}")).collect();
        client.publish(&texts, ledger).await?;
        client.ack(LEFT, 3, ledger).await?;
        if round >= 1 {
            client.ack(RIGHT, 4, ledger).await?;
        }
        if round == 3 {
            client.kill_one().await?;
        }
    }
    Ok(())
}

/// Runs the workload on a disk that syncs `syncs` more times; says what was answered.
async fn crash(disk: &MemoryDisk) -> Ledger {
    let mut ledger = Ledger::default();
    if let Ok(server) = start(disk).await {
        let mut client = Client::of(&server).await;
        drop(workload(&mut client, &mut ledger).await);
    }
    ledger
}

async fn check(disk: &MemoryDisk, ledger: &Ledger, case: &str) {
    let server = start(disk).await.unwrap_or_else(|error| panic!("{case}: {error}"));
    let mut client = Client::of(&server).await;
    let mut backlogs: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for name in &ledger.subscriptions {
        backlogs.insert(name, client.backlog(name).await);
    }
    // A message whose last delivery failed just before the power went is set aside when the recovered server
    // looks at it again, which may be after DEAD was first looked at: then the server tells when it is there.
    let set_aside = |backlogs: &BTreeMap<&str, Vec<String>>| {
        let there = |text: &String| {
            [LEFT, DEAD].iter().any(|name| backlogs.get(name).is_some_and(|found| found.contains(text)))
        };
        let owed = |text: &&String| !ledger.ack_asked.contains(&(LEFT, (*text).clone())) && !there(text);
        ledger.subscriptions.contains(DEAD) && ledger.answered.iter().any(|text| owed(&text))
    };
    if set_aside(&backlogs) {
        let late = client.pull_waiting(DEAD).await.unwrap();
        backlogs.entry(DEAD).or_default().extend(late.iter().map(text));
    }
    let empty = Vec::new();
    let dead = backlogs.get(DEAD).unwrap_or(&empty);
    for name in ledger.subscriptions.iter().filter(|name| **name != DEAD) {
        let found = &backlogs[name];
        let distinct: BTreeSet<&String> = found.iter().collect();
        assert_eq!(distinct.len(), found.len(), "{case}: {name} has a message twice: {found:?}");
        for text in found {
            assert!(ledger.asked.contains(text), "{case}: {name} has {text}, which was never published");
            assert!(
                !ledger.acked.contains(&(*name, text.clone())),
                "{case}: {name} has {text}, which was acked"
            );
        }
        for text in &ledger.answered {
            let heard = *name == LEFT || !text.starts_with("round 0");
            let done = ledger.ack_asked.contains(&(*name, text.clone()));
            let moved = *name == LEFT && dead.contains(text);
            assert!(!heard || done || moved || distinct.contains(text), "{case}: {name} has lost {text}");
            assert!(!(moved && distinct.contains(text)), "{case}: {text} is dead and alive");
        }
    }
    // The recovered server is a whole one: it takes and keeps new work.
    let mut more = Ledger { ids: ledger.ids.clone(), ..Ledger::default() };
    if ledger.subscriptions.contains(LEFT) {
        client.publish(&["after".to_owned()], &mut more).await.unwrap();
        assert_eq!(client.backlog(LEFT).await, ["after"], "{case}");
    }
    server.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_was_answered_survives_power_loss_at_every_sync() {
    let whole = MemoryDisk::new();
    let ledger = crash(&whole).await;
    assert_eq!(ledger.answered.len(), 35, "the workload runs through on a sound disk");
    let syncs = whole.syncs();
    assert!(syncs > 25, "a workload of {syncs} syncs leaves little to cut");
    for count in 0..=syncs {
        let disk = MemoryDisk::new();
        disk.fail_after_syncs(count);
        let ledger = crash(&disk).await;
        for unsynced in AFTERMATHS {
            check(
                &disk.after_crash(unsynced),
                &ledger,
                &format!("after {count} syncs, unsynced {unsynced:?}"),
            )
            .await;
        }
    }
}

#[tokio::test]
async fn a_torn_tail_is_dropped_and_reported() {
    let disk = MemoryDisk::new();
    let ledger = crash(&disk).await;
    let name = disk.names().unwrap().pop().unwrap();
    let length = disk.read(&name).unwrap().len() as u64;
    let mut file = disk.reopen(&name, length).unwrap();
    file.append(b"half a record").unwrap();
    let reopened = start(&disk).await.unwrap();
    assert_eq!(reopened.recovery().dropped_bytes, 13);
    assert!(reopened.recovery().records > 0);
    drop(reopened);
    check(&disk, &ledger, "torn by hand").await;
}

#[tokio::test]
async fn decay_of_what_was_durable_is_refused_not_skipped() {
    let disk = MemoryDisk::new();
    crash(&disk).await;
    let name = disk.names().unwrap().pop().unwrap();
    disk.corrupt(&name, 40);
    match start(&disk).await {
        Err(StartError::Recovery(RecoveryError::Damaged { file, at })) => assert_eq!((file, at), (name, 16)),
        other => panic!("opened a damaged log: {:?}", other.map(|server| server.recovery().clone())),
    }
}

#[tokio::test]
async fn the_log_stays_in_proportion_to_the_backlog() {
    let disk = MemoryDisk::new();
    let server = start(&disk).await.unwrap();
    let mut client = Client::of(&server).await;
    let mut ledger = Ledger::default();
    client.publisher.create_topic(Topic { name: TOPIC.to_owned(), ..Topic::default() }).await.unwrap();
    client.subscribe(RIGHT, TOPIC, &mut ledger).await.unwrap();
    for round in 0..300 {
        client.publish(&[format!("{round}: {}", "x".repeat(1000))], &mut ledger).await.unwrap();
        client.ack(RIGHT, 10, &mut ledger).await.unwrap();
        assert!(disk.bytes() < 8_000, "{} bytes for an empty backlog in round {round}", disk.bytes());
    }
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn what_retention_dropped_does_not_come_back() {
    let minutes = Arc::new(AtomicU64::new(0));
    let clock = minutes.clone();
    let wall = move || UNIX_EPOCH + Duration::from_secs(60 * (1_000_000 + clock.load(Ordering::Relaxed)));
    let disk = MemoryDisk::new();
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let config = |disk: &MemoryDisk| BrokerConfig {
        clock: WallClock::of(wall.clone()),
        ..BrokerConfig::on(Arc::new(disk.clone()), listen)
    };
    let server = Server::start(config(&disk)).await.unwrap();
    let mut client = Client::of(&server).await;
    client.publisher.create_topic(Topic { name: TOPIC.to_owned(), ..Topic::default() }).await.unwrap();
    let retention = Some(prost_types::Duration { seconds: 600, nanos: 0 });
    let (name, topic) = (RIGHT.to_owned(), TOPIC.to_owned());
    let subscription =
        Subscription { name, topic, message_retention_duration: retention, ..Default::default() };
    client.subscriber.create_subscription(subscription).await.unwrap();
    let mut ledger = Ledger::default();
    client.publish(&["old".to_owned()], &mut ledger).await.unwrap();
    minutes.store(9, Ordering::Relaxed);
    client.publish(&["young".to_owned()], &mut ledger).await.unwrap();
    minutes.store(11, Ordering::Relaxed);
    assert_eq!(client.backlog(RIGHT).await, ["young"]);
    // A publish is synced, and with it what retention dropped before.
    client.publish(&["youngest".to_owned()], &mut ledger).await.unwrap();
    drop(server);
    minutes.store(0, Ordering::Relaxed);
    let server = Server::start(config(&disk.after_crash(Unsynced::Lost))).await.unwrap();
    assert_eq!(Client::of(&server).await.backlog(RIGHT).await, ["young", "youngest"]);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn deliveries_of_a_message_that_kills_its_process_are_counted() {
    let mut disk = MemoryDisk::new();
    let mut server = start(&disk).await.unwrap();
    let mut client = Client::of(&server).await;
    let mut ledger = Ledger::default();
    for name in [TOPIC, DEAD_TOPIC] {
        client.publisher.create_topic(Topic { name: name.to_owned(), ..Topic::default() }).await.unwrap();
    }
    client.subscribe(LEFT, TOPIC, &mut ledger).await.unwrap();
    client.subscribe(DEAD, DEAD_TOPIC, &mut ledger).await.unwrap();
    client.publish(&["poison".to_owned()], &mut ledger).await.unwrap();
    for attempt in 1..=5 {
        let received = client.pull(LEFT, 1).await.unwrap();
        assert_eq!(received[0].delivery_attempt, attempt);
        // Something that is answered comes after the delivery, so its record has been written. Then the end.
        let (topic, labels) = (DEAD_TOPIC.to_owned(), [("attempt".to_owned(), attempt.to_string())].into());
        let update = api::UpdateTopicRequest {
            topic: Some(Topic { name: topic, labels, ..Topic::default() }),
            update_mask: Some(prost_types::FieldMask { paths: vec!["labels".to_owned()] }),
        };
        client.publisher.update_topic(update).await.unwrap();
        drop(server);
        disk = disk.after_crash(Unsynced::Kept);
        server = start(&disk).await.unwrap();
        client = Client::of(&server).await;
    }
    // Told by an answer, not by a wait: the last pull is answered when the dead letter arrives.
    let request = api::PullRequest { subscription: DEAD.to_owned(), max_messages: 1, ..Default::default() };
    let dead = client.subscriber.pull(request).await.unwrap().into_inner().received_messages;
    assert_eq!(dead.iter().map(text).collect::<Vec<_>>(), ["poison"]);
    assert!(client.backlog(LEFT).await.is_empty());
    server.shutdown().await.unwrap();
}
