//! Creating what is missing: the topics and subscriptions that the declarations call for. Lists first, so
//! that nothing is asked for that is there; creates the rest side by side. Never deletes or changes anything.

use std::collections::HashSet;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use google_cloud_gax::error::Error;
use google_cloud_gax::error::rpc::Code;
use google_cloud_gax::paginator::ItemPaginator;
use google_cloud_pubsub::client::{SubscriptionAdmin, TopicAdmin};
use google_cloud_pubsub::model::{self, DeadLetterPolicy, ExpirationPolicy, RetryPolicy};

use super::connection::{PubsubConfig, PubsubError};
use crate::flow::{Subscription, Topology};

/// Creations under way at a time.
const CREATIONS_MAX: usize = 32;

/// Makes the server have all topics and subscriptions of `topology`. May be called again at any time.
pub async fn ensure_topology(config: &PubsubConfig, topology: &Topology) -> Result<(), PubsubError> {
    let admin = Admin::connect(config).await?;
    let (topics, subscriptions) = futures::try_join!(admin.topics(), admin.subscriptions())?;
    let topics: HashSet<String> = topics.into_iter().map(|topic| topic.name).collect();
    let subscriptions: HashSet<String> = subscriptions.into_iter().map(|there| there.name).collect();
    let missing = topology.topics.iter().map(|topic| config.topic(&topic.name));
    let missing = missing.filter(|name| !topics.contains(name));
    stream::iter(missing)
        .map(|name| admin.create_topic(name))
        .buffer_unordered(CREATIONS_MAX)
        .try_collect::<()>()
        .await?;
    let missing = topology.subscriptions.iter();
    let missing = missing.filter(|wanted| !subscriptions.contains(&config.subscription(&wanted.name)));
    stream::iter(missing)
        .map(|wanted| admin.create_subscription(wanted))
        .buffer_unordered(CREATIONS_MAX)
        .try_collect::<()>()
        .await
}

/// The calls that make topics and subscriptions, and tell which there are.
pub(super) struct Admin<'a> {
    config: &'a PubsubConfig,
    topics: TopicAdmin,
    subscriptions: SubscriptionAdmin,
}

impl<'a> Admin<'a> {
    pub(super) async fn connect(config: &'a PubsubConfig) -> Result<Self, PubsubError> {
        let mut topics = TopicAdmin::builder();
        let mut subscriptions = SubscriptionAdmin::builder();
        if let Some(endpoint) = &config.endpoint {
            topics = topics.with_endpoint(endpoint).with_credentials(PubsubConfig::anonymous());
            subscriptions = subscriptions.with_endpoint(endpoint).with_credentials(PubsubConfig::anonymous());
        }
        let (topics, subscriptions) =
            futures::try_join!(topics.build(), subscriptions.build()).map_err(|error| {
                PubsubError::Client { place: config.place().to_owned(), reason: error.to_string() }
            })?;
        Ok(Self { config, topics, subscriptions })
    }

    fn project(&self) -> String {
        format!("projects/{}", self.config.project)
    }

    /// All topics of the project.
    pub(super) async fn topics(&self) -> Result<Vec<model::Topic>, PubsubError> {
        let mut found = Vec::new();
        let mut listed = self.topics.list_topics().set_project(self.project()).set_page_size(1_000).by_item();
        while let Some(topic) = listed.next().await {
            found.push(topic.map_err(|error| self.error("list the topics of", &error))?);
        }
        Ok(found)
    }

    /// All its subscriptions.
    pub(super) async fn subscriptions(&self) -> Result<Vec<model::Subscription>, PubsubError> {
        let mut found = Vec::new();
        let list = self.subscriptions.list_subscriptions().set_project(self.project());
        let mut listed = list.set_page_size(1_000).by_item();
        while let Some(subscription) = listed.next().await {
            found.push(subscription.map_err(|error| self.error("list the subscriptions of", &error))?);
        }
        Ok(found)
    }

    fn error(&self, operation: &'static str, error: &Error) -> PubsubError {
        PubsubError::of(operation, &self.config.project, error)
    }

    async fn create_topic(&self, name: String) -> Result<(), PubsubError> {
        let created = self.topics.create_topic().set_name(&name).send().await;
        unless_there("create", &name, created.map(|_| ()))
    }

    async fn create_subscription(&self, wanted: &Subscription) -> Result<(), PubsubError> {
        let name = self.config.subscription(&wanted.name);
        let deadline = i32::try_from(wanted.ack_deadline_seconds).unwrap_or(i32::MAX);
        let mut subscription = model::Subscription::new()
            .set_name(&name)
            .set_topic(self.config.topic(&wanted.topic))
            .set_ack_deadline_seconds(deadline)
            .set_expiration_policy(ExpirationPolicy::new())
            .set_retry_policy(retry_policy(wanted));
        if let (Some(topic), Some(attempts)) = (&wanted.dead_letter_topic, wanted.delivery_attempts_max) {
            let policy = DeadLetterPolicy::new()
                .set_dead_letter_topic(self.config.topic(topic))
                .set_max_delivery_attempts(i32::try_from(attempts).unwrap_or(i32::MAX));
            subscription = subscription.set_dead_letter_policy(policy);
        }
        let create = self.subscriptions.create_subscription().with_request(subscription);
        unless_there("create", &name, create.send().await.map(|_| ()))
    }
}

fn retry_policy(wanted: &Subscription) -> RetryPolicy {
    let milliseconds = |number: u32| Duration::from_millis(number.into()).try_into().ok();
    let mut policy = RetryPolicy::new();
    policy.minimum_backoff = milliseconds(wanted.retry_backoff_min_ms);
    policy.maximum_backoff = milliseconds(wanted.retry_backoff_max_ms);
    policy
}

/// Another process may have created it since it was listed, or our own request the first time it was sent.
fn unless_there(operation: &'static str, name: &str, created: Result<(), Error>) -> Result<(), PubsubError> {
    match created {
        Err(error) if error.status().is_some_and(|status| status.code == Code::AlreadyExists) => Ok(()),
        created => created.map_err(|error| PubsubError::of(operation, name, &error)),
    }
}
