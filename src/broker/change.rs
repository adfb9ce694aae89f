//! Changes of topics and subscriptions: each is decided against the state into one record and one answer. Pure;
//! the log's writer applies and persists what is decided here.

use super::api::{Subscription, Topic};
use super::limits;
use super::log::{Record, SubscriptionPut, TopicPut};
use super::names::{SubscriptionName, TopicName, project_of};
use super::refusal::Refusal;
use super::settings;
use super::state::State;

/// What an administrator asks for. Names and settings are unchecked as they come in.
#[derive(Debug)]
pub(super) enum Change {
    /// CreateTopic.
    CreateTopic(Topic),
    /// UpdateTopic with the paths of its mask.
    UpdateTopic(Topic, Vec<String>),
    /// DeleteTopic by name.
    DeleteTopic(String),
    /// CreateSubscription.
    CreateSubscription(Subscription),
    /// UpdateSubscription with the paths of its mask.
    UpdateSubscription(Subscription, Vec<String>),
    /// DeleteSubscription by name.
    DeleteSubscription(String),
    /// DetachSubscription by name.
    Detach(String),
}

/// What the client is told once the change is durable.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "an answer to an administrator is rare and short-lived")]
pub(super) enum Answer {
    /// The topic as it is now.
    Topic(Topic),
    /// The subscription as it is now.
    Subscription(Subscription),
    /// Nothing but that it is done.
    Done,
}

/// Decides a change.
pub(super) fn decide(state: &State, change: Change) -> Result<(Record, Answer), Refusal> {
    match change {
        Change::CreateTopic(given) => create_topic(state, given),
        Change::UpdateTopic(given, mask) => {
            let name = TopicName::parse("topic.name", &given.name)?;
            let (id, entry) = state.topic(name.as_str())?;
            let topic = settings::updated_topic(&entry.settings, given, &mask)?;
            Ok((Record::TopicPut(TopicPut { id, topic: topic.clone() }), Answer::Topic(topic)))
        }
        Change::DeleteTopic(name) => {
            let name = TopicName::parse("topic", &name)?;
            Ok((Record::TopicDeleted(state.topic(name.as_str())?.0), Answer::Done))
        }
        Change::CreateSubscription(given) => create_subscription(state, given),
        Change::UpdateSubscription(given, mask) => {
            let name = SubscriptionName::parse("subscription.name", &given.name)?;
            let (_, entry) = state.subscription(name.as_str())?;
            let subscription = settings::updated_subscription(&entry.settings, given, &mask)?;
            dead_letter_topic_exists(state, &subscription)?;
            put(state, subscription)
        }
        Change::DeleteSubscription(name) => {
            let name = SubscriptionName::parse("subscription", &name)?;
            Ok((Record::SubscriptionDeleted(state.subscription(name.as_str())?.0), Answer::Done))
        }
        Change::Detach(name) => {
            let name = SubscriptionName::parse("subscription", &name)?;
            let (_, entry) = state.subscription(name.as_str())?;
            let (record, _) = put(state, Subscription { detached: true, ..entry.settings.clone() })?;
            Ok((record, Answer::Done))
        }
    }
}

fn create_topic(state: &State, given: Topic) -> Result<(Record, Answer), Refusal> {
    let topic = settings::topic(given)?;
    if state.topic_ids.contains_key(&topic.name) {
        return Err(Refusal::AlreadyExists { name: topic.name });
    }
    within_quota("topics in a project", &topic.name, state.topic_ids.keys(), limits::TOPICS_MAX)?;
    Ok((Record::TopicPut(TopicPut { id: state.next_id, topic: topic.clone() }), Answer::Topic(topic)))
}

fn create_subscription(state: &State, mut given: Subscription) -> Result<(Record, Answer), Refusal> {
    let topic_name = TopicName::parse("topic", &given.topic)?;
    if given.name.is_empty() {
        given.name = SubscriptionName::assigned(&topic_name, state.next_id).to_string();
    }
    let subscription = settings::subscription(given)?;
    if state.subscription_ids.contains_key(&subscription.name) {
        return Err(Refusal::AlreadyExists { name: subscription.name });
    }
    let (topic_id, topic) = state.topic(topic_name.as_str())?;
    dead_letter_topic_exists(state, &subscription)?;
    within_quota(
        "subscriptions in a project",
        &subscription.name,
        state.subscription_ids.keys(),
        limits::SUBSCRIPTIONS_MAX,
    )?;
    if topic.subscriptions.len() >= limits::SUBSCRIPTIONS_PER_TOPIC_MAX {
        let limit = limits::SUBSCRIPTIONS_PER_TOPIC_MAX.to_string();
        return Err(Refusal::Exhausted { what: "subscriptions of a topic", limit });
    }
    let put =
        SubscriptionPut { id: state.next_id, topic_id: Some(topic_id), subscription: subscription.clone() };
    Ok((Record::SubscriptionPut(put), Answer::Subscription(subscription)))
}

fn put(state: &State, subscription: Subscription) -> Result<(Record, Answer), Refusal> {
    let (id, entry) = state.subscription(&subscription.name)?;
    let topic_id = entry.topic_id.filter(|_| !subscription.detached);
    let put = SubscriptionPut { id, topic_id, subscription: subscription.clone() };
    Ok((Record::SubscriptionPut(put), Answer::Subscription(subscription)))
}

fn dead_letter_topic_exists(state: &State, subscription: &Subscription) -> Result<(), Refusal> {
    match &subscription.dead_letter_policy {
        Some(policy) => state.topic(&policy.dead_letter_topic).map(drop),
        None => Ok(()),
    }
}

fn within_quota<'a>(
    what: &'static str,
    name: &str,
    existing: impl ExactSizeIterator<Item = &'a String>,
    max: usize,
) -> Result<(), Refusal> {
    // Only a server with that many resources in all projects together has to count one project's.
    if existing.len() >= max && existing.filter(|other| project_of(other) == project_of(name)).count() >= max
    {
        return Err(Refusal::Exhausted { what, limit: max.to_string() });
    }
    Ok(())
}
