//! What the server has and whom it allows what, for whoever looks after it: topics and subscriptions with their
//! settings, who has which role on each, and what whoever asks may do. Changes nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::{StreamExt, stream};
use google_cloud_gax::error::Error;
use google_cloud_gax::error::rpc::Code;
use google_cloud_pubsub::client::SchemaService;
use google_cloud_pubsub::model;

use super::admin::Admin;
use super::connection::{PubsubConfig, PubsubError};
use crate::doctor::{Answer, BusResource, Delivery, Grant, SeenBus, SeenSubscription, SeenTopic};

/// Questions under way at a time.
const QUESTIONS_MAX: usize = 32;

/// How long one of them may take.
const ANSWER: Duration = Duration::from_secs(10);

/// The permissions that were asked about, by resource.
type Asked = Vec<(BusResource, Vec<&'static str>)>;

/// All topics and subscriptions of the project.
pub async fn look(config: &PubsubConfig) -> Answer<SeenBus> {
    let listed = async {
        let admin = Admin::connect(config).await?;
        futures::try_join!(admin.topics(), admin.subscriptions())
    };
    match listed.await {
        Ok((topics, subscriptions)) => Answer::Told(SeenBus {
            topics: topics.into_iter().map(|topic| seen_topic(config, topic)).collect(),
            subscriptions: subscriptions.into_iter().map(|there| seen_subscription(config, there)).collect(),
        }),
        Err(error @ (PubsubError::Client { .. } | PubsubError::Refused { .. })) => {
            Answer::Refused(error.to_string())
        }
        Err(error @ PubsubError::Failed { .. }) => Answer::Silent(error.to_string()),
    }
}

/// Who may do what on a server's topics and subscriptions. Google's client has these calls at its service for
/// schemas, which passes them on for topics and subscriptions.
pub struct Rights<'a> {
    config: &'a PubsubConfig,
    service: SchemaService,
}

impl<'a> Rights<'a> {
    /// Asks nobody anything yet.
    pub async fn connect(config: &'a PubsubConfig) -> Result<Self, PubsubError> {
        let mut service = SchemaService::builder();
        if let Some(endpoint) = &config.endpoint {
            service = service.with_endpoint(endpoint).with_credentials(PubsubConfig::anonymous());
        }
        let service = service.build().await.map_err(|error| PubsubError::Client {
            place: config.place().to_owned(),
            reason: error.to_string(),
        })?;
        Ok(Self { config, service })
    }

    /// The roles on each of these, and who has them.
    pub async fn grants(&self, on: Vec<BusResource>) -> BTreeMap<BusResource, Answer<Vec<Grant>>> {
        let ask = async |resource: &BusResource| {
            let policy = self.service.get_iam_policy().set_resource(self.full_name(resource)).send();
            answered(policy).await.map(|policy| {
                let bindings = policy.bindings.into_iter();
                bindings.map(|binding| Grant { role: binding.role, members: binding.members }).collect()
            })
        };
        self.each(on, ask, |resource| resource).await.into_iter().collect()
    }

    /// Which of these permissions whoever asks has on each of these.
    pub async fn permissions(&self, on: Asked) -> Vec<(BusResource, Answer<Vec<String>>)> {
        let ask = async |(resource, permissions): &(BusResource, Vec<&'static str>)| {
            let test = self.service.test_iam_permissions().set_resource(self.full_name(resource));
            let permissions = permissions.iter().map(|permission| (*permission).to_owned());
            answered(test.set_permissions(permissions).send()).await.map(|answer| answer.permissions)
        };
        self.each(on, ask, |(resource, _)| resource).await
    }

    /// Asks about each, many at a time. A server that does not know the first question knows none.
    async fn each<Q, T: Clone>(
        &self,
        questions: Vec<Q>,
        ask: impl AsyncFn(&Q) -> Answer<T>,
        about: impl Fn(Q) -> BusResource,
    ) -> Vec<(BusResource, Answer<T>)> {
        let mut questions = questions.into_iter();
        let Some(first) = questions.next() else { return Vec::new() };
        let answer = ask(&first).await;
        let is_unserved = matches!(answer, Answer::Unserved(_));
        let mut answers = vec![(about(first), answer.clone())];
        if is_unserved {
            answers.extend(questions.map(|question| (about(question), answer.clone())));
            return answers;
        }
        let ask = async |question: Q| {
            let answer = ask(&question).await;
            (question, answer)
        };
        let others: Vec<_> = stream::iter(questions).map(ask).buffer_unordered(QUESTIONS_MAX).collect().await;
        answers.extend(others.into_iter().map(|(question, answer)| (about(question), answer)));
        answers
    }

    fn full_name(&self, resource: &BusResource) -> String {
        match resource {
            BusResource::Topic(name) => self.config.topic(name),
            BusResource::Subscription(name) => self.config.subscription(name),
        }
    }
}

/// The answer to a question about rights. What is asked about was listed just before: where it is not found, it is
/// the question that the server does not know.
async fn answered<T>(request: impl Future<Output = Result<T, Error>>) -> Answer<T> {
    let error = match tokio::time::timeout(ANSWER, request).await {
        Ok(Ok(answer)) => return Answer::Told(answer),
        Ok(Err(error)) => error,
        Err(_) => return Answer::Silent(format!("nothing within {} s", ANSWER.as_secs())),
    };
    let code = error.status().map(|status| status.code);
    match (code, error.http_status_code()) {
        (Some(Code::NotFound | Code::Unimplemented), _) | (None, Some(404 | 405 | 501)) => {
            Answer::Unserved("it keeps no policies".to_owned())
        }
        (Some(Code::PermissionDenied | Code::Unauthenticated), _) | (None, Some(401 | 403)) => {
            Answer::Refused(error.to_string())
        }
        (Some(_) | None, _) => Answer::Silent(error.to_string()),
    }
}

fn seen_topic(config: &PubsubConfig, topic: model::Topic) -> SeenTopic {
    let retention = topic.message_retention_duration.map(|kept| unsigned(kept.seconds()));
    SeenTopic { name: own_name(&topic.name, &config.topic("")), retention_seconds: retention }
}

fn seen_subscription(config: &PubsubConfig, there: model::Subscription) -> SeenSubscription {
    let topics = config.topic("");
    let is_push = there.push_config.as_ref().is_some_and(|push| !push.push_endpoint.is_empty());
    let is_export = there.bigquery_config.is_some()
        || there.cloud_storage_config.is_some()
        || there.bigtable_config.is_some();
    let delivery = match (is_push, is_export) {
        (true, _) => Delivery::Push,
        (false, true) => Delivery::Export,
        (false, false) => Delivery::Pull,
    };
    // A policy without a time is "never"; a subscription without a policy has the service's own time.
    let expires = there.expiration_policy.and_then(|policy| policy.ttl);
    SeenSubscription {
        name: own_name(&there.name, &config.subscription("")),
        topic: own_name(&there.topic, &topics),
        ack_deadline_seconds: unsigned(there.ack_deadline_seconds.into()),
        retention_seconds: there.message_retention_duration.map_or(0, |kept| unsigned(kept.seconds())),
        expires_after_seconds: expires.map(|time| unsigned(time.seconds())),
        dead_letter: there.dead_letter_policy.map(|policy| {
            let attempts = unsigned(policy.max_delivery_attempts.into());
            (own_name(&policy.dead_letter_topic, &topics), attempts)
        }),
        retry_ms: there.retry_policy.map(|policy| {
            let millis = |seconds: i64, nanos: i32| unsigned(seconds * 1_000 + i64::from(nanos) / 1_000_000);
            // What the service takes where a policy leaves it out.
            let least = policy.minimum_backoff.map_or(10_000, |wait| millis(wait.seconds(), wait.nanos()));
            let most = policy.maximum_backoff.map_or(600_000, |wait| millis(wait.seconds(), wait.nanos()));
            (least, most)
        }),
        filter: there.filter,
        ordered: there.enable_message_ordering,
        exactly_once: there.enable_exactly_once_delivery,
        detached: there.detached,
        delivery,
    }
}

/// The name within our own project; of another project, the whole name.
fn own_name(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).unwrap_or(name).to_owned()
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
