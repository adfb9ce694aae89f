//! Checks and completes the settings of topics, subscriptions and messages by the documented rules. Whatever the
//! API offers and this server does not do is refused by name here, never accepted and ignored. Pure.

use super::api::{
    ExpirationPolicy, PubsubMessage, PushConfig, RetryPolicy, Subscription, Topic, subscription, topic,
};
use super::limits;
use super::names::{SubscriptionName, TopicName};
use super::refusal::Refusal;
use super::state::duration;
use std::collections::HashMap;
use std::time::Duration;

type Checked<T> = Result<T, Refusal>;

/// A topic as it will be answered, or why not.
pub(super) fn topic(given: Topic) -> Checked<Topic> {
    TopicName::parse("name", &given.name)?;
    labels(&given.labels)?;
    let unserved = [
        ("Topic.message_storage_policy", given.message_storage_policy.is_some()),
        ("Topic.kms_key_name", !given.kms_key_name.is_empty()),
        ("Topic.schema_settings", given.schema_settings.is_some()),
        ("Topic.message_retention_duration (it serves Seek)", given.message_retention_duration.is_some()),
        ("Topic.ingestion_data_source_settings", given.ingestion_data_source_settings.is_some()),
        ("Topic.message_transforms", !given.message_transforms.is_empty()),
        ("Topic.tags", !given.tags.is_empty()),
    ];
    refuse(&unserved)?;
    Ok(Topic {
        name: given.name,
        labels: given.labels,
        state: topic::State::Active as i32,
        ..Topic::default()
    })
}

/// A subscription as it will be answered, defaults filled in, or why not. That its topics exist is not checked.
pub(super) fn subscription(given: Subscription) -> Checked<Subscription> {
    SubscriptionName::parse("name", &given.name)?;
    labels(&given.labels)?;
    let pushes = given.push_config.as_ref().is_some_and(|config| *config != PushConfig::default());
    let ttl = given.expiration_policy.as_ref().is_some_and(|policy| policy.ttl.is_some());
    let unserved = [
        ("Subscription.push_config (push delivery)", pushes),
        ("Subscription.bigquery_config", given.bigquery_config.is_some()),
        ("Subscription.cloud_storage_config", given.cloud_storage_config.is_some()),
        ("Subscription.bigtable_config", given.bigtable_config.is_some()),
        ("Subscription.retain_acked_messages (it serves Seek)", given.retain_acked_messages),
        ("Subscription.enable_message_ordering", given.enable_message_ordering),
        ("Subscription.expiration_policy.ttl (subscriptions never expire)", ttl),
        ("Subscription.filter", !given.filter.is_empty()),
        ("Subscription.enable_exactly_once_delivery", given.enable_exactly_once_delivery),
        ("Subscription.message_transforms", !given.message_transforms.is_empty()),
        ("Subscription.tags", !given.tags.is_empty()),
    ];
    refuse(&unserved)?;
    if given.detached {
        return Err(Refusal::invalid("detached", "a subscription is detached by DetachSubscription"));
    }
    Ok(Subscription {
        ack_deadline_seconds: ack_deadline("ack_deadline_seconds", given.ack_deadline_seconds)?,
        message_retention_duration: Some(message_retention(given.message_retention_duration)?),
        retry_policy: given.retry_policy.map(retry_policy).transpose()?,
        dead_letter_policy: given.dead_letter_policy.map(dead_letter_policy).transpose()?,
        expiration_policy: Some(ExpirationPolicy { ttl: None }),
        push_config: Some(PushConfig::default()),
        name: given.name,
        topic: given.topic,
        labels: given.labels,
        state: subscription::State::Active as i32,
        ..Subscription::default()
    })
}

/// A subscription's or a stream's ack deadline; 0 means the default.
pub(super) fn ack_deadline(field: &'static str, seconds: i32) -> Checked<i32> {
    let range = limits::ACK_DEADLINE_SECONDS_MIN..=limits::ACK_DEADLINE_SECONDS_MAX;
    match seconds {
        0 => Ok(limits::ACK_DEADLINE_SECONDS_DEFAULT),
        given if range.contains(&given) => Ok(given),
        given => Err(Refusal::invalid(field, format!("{given} is not between 10 and 600 seconds"))),
    }
}

/// A deadline in a ModifyAckDeadline: 0 is a nack, otherwise from now on.
pub(super) fn modified_deadline(seconds: i32) -> Checked<Duration> {
    match u64::try_from(seconds) {
        Ok(given) if seconds <= limits::ACK_DEADLINE_SECONDS_MAX => Ok(Duration::from_secs(given)),
        _ => Err(Refusal::invalid(
            "ack_deadline_seconds",
            format!("{seconds} is not between 0 and 600 seconds"),
        )),
    }
}

/// The messages of one publish request.
pub(super) fn publication(messages: &[PubsubMessage]) -> Checked<()> {
    if messages.is_empty() {
        return Err(Refusal::invalid("messages", "a publish request needs at least one message"));
    }
    if messages.len() > limits::PUBLISH_MESSAGES_MAX {
        let rule = format!("{} messages are more than {}", messages.len(), limits::PUBLISH_MESSAGES_MAX);
        return Err(Refusal::invalid("messages", rule));
    }
    let bytes: usize = messages.iter().map(prost::Message::encoded_len).sum();
    if bytes > limits::PUBLISH_BYTES_MAX {
        let rule = format!("the request of {bytes} bytes is larger than {}", limits::PUBLISH_BYTES_MAX);
        return Err(Refusal::invalid("messages", rule));
    }
    messages.iter().try_for_each(message)
}

fn message(given: &PubsubMessage) -> Checked<()> {
    refuse(&[("PubsubMessage.ordering_key", !given.ordering_key.is_empty())])?;
    if given.data.is_empty() && given.attributes.is_empty() {
        return Err(Refusal::invalid("messages", "a message needs data or at least one attribute"));
    }
    if given.attributes.len() > limits::ATTRIBUTES_MAX {
        let rule = format!("{} attributes are more than {}", given.attributes.len(), limits::ATTRIBUTES_MAX);
        return Err(Refusal::invalid("attributes", rule));
    }
    for (key, value) in &given.attributes {
        let problem = if key.is_empty() {
            "a key is empty"
        } else if key.len() > limits::ATTRIBUTE_KEY_BYTES_MAX {
            "a key is longer than 256 bytes"
        } else if key.to_ascii_lowercase().starts_with("goog") {
            "a key must not start with `goog`"
        } else if value.len() > limits::ATTRIBUTE_VALUE_BYTES_MAX {
            "a value is longer than 1024 bytes"
        } else {
            continue;
        };
        return Err(Refusal::invalid("attributes", problem));
    }
    Ok(())
}

/// The fields that a mask names, replaced in `current`; the result is checked like a new subscription.
pub(super) fn updated_subscription(
    current: &Subscription,
    given: Subscription,
    mask: &[String],
) -> Checked<Subscription> {
    mask_is_there(mask)?;
    let mut next = current.clone();
    for path in mask {
        match path.as_str() {
            "ack_deadline_seconds" => next.ack_deadline_seconds = given.ack_deadline_seconds,
            "labels" => next.labels.clone_from(&given.labels),
            "message_retention_duration" => {
                next.message_retention_duration = given.message_retention_duration
            }
            "retry_policy" => next.retry_policy = given.retry_policy,
            "dead_letter_policy" => next.dead_letter_policy.clone_from(&given.dead_letter_policy),
            "expiration_policy" => next.expiration_policy = given.expiration_policy,
            "push_config" => next.push_config.clone_from(&given.push_config),
            "bigquery_config" => next.bigquery_config.clone_from(&given.bigquery_config),
            "cloud_storage_config" => next.cloud_storage_config.clone_from(&given.cloud_storage_config),
            "bigtable_config" => next.bigtable_config.clone_from(&given.bigtable_config),
            "retain_acked_messages" => next.retain_acked_messages = given.retain_acked_messages,
            "enable_exactly_once_delivery" => {
                next.enable_exactly_once_delivery = given.enable_exactly_once_delivery
            }
            "message_transforms" => next.message_transforms.clone_from(&given.message_transforms),
            "name" | "topic" | "filter" | "enable_message_ordering" | "detached" | "tags" => {
                return Err(Refusal::invalid("update_mask", format!("`{path}` cannot be changed")));
            }
            _ => {
                return Err(Refusal::invalid(
                    "update_mask",
                    format!("`{path}` is not a field of a subscription"),
                ));
            }
        }
    }
    let detached = std::mem::take(&mut next.detached);
    Ok(Subscription { detached, ..subscription(next)? })
}

/// The fields that a mask names, replaced in `current`; the result is checked like a new topic.
pub(super) fn updated_topic(current: &Topic, given: Topic, mask: &[String]) -> Checked<Topic> {
    mask_is_there(mask)?;
    let mut next = current.clone();
    for path in mask {
        match path.as_str() {
            "labels" => next.labels.clone_from(&given.labels),
            "message_storage_policy" => next.message_storage_policy.clone_from(&given.message_storage_policy),
            "schema_settings" => next.schema_settings.clone_from(&given.schema_settings),
            "message_retention_duration" => {
                next.message_retention_duration = given.message_retention_duration
            }
            "ingestion_data_source_settings" => {
                next.ingestion_data_source_settings.clone_from(&given.ingestion_data_source_settings);
            }
            "message_transforms" => next.message_transforms.clone_from(&given.message_transforms),
            "kms_key_name" => next.kms_key_name.clone_from(&given.kms_key_name),
            "name" | "tags" => {
                return Err(Refusal::invalid("update_mask", format!("`{path}` cannot be changed")));
            }
            _ => {
                return Err(Refusal::invalid("update_mask", format!("`{path}` is not a field of a topic")));
            }
        }
    }
    topic(next)
}

fn mask_is_there(mask: &[String]) -> Checked<()> {
    if mask.is_empty() {
        return Err(Refusal::invalid("update_mask", "the mask must be specified and non-empty"));
    }
    Ok(())
}

fn refuse(unserved: &[(&'static str, bool)]) -> Checked<()> {
    match unserved.iter().find(|(_, asked)| *asked) {
        Some((feature, _)) => Err(Refusal::Unserved { feature }),
        None => Ok(()),
    }
}

fn labels(labels: &HashMap<String, String>) -> Checked<()> {
    if labels.len() > limits::LABELS_MAX {
        return Err(Refusal::invalid(
            "labels",
            format!("{} labels are more than {}", labels.len(), limits::LABELS_MAX),
        ));
    }
    let allowed = |c: char| {
        c.is_lowercase() || c.is_numeric() || c == '_' || c == '-' || (c.is_alphabetic() && !c.is_uppercase())
    };
    for (key, value) in labels {
        let long = |text: &str| text.chars().count() > limits::LABEL_CHARS_MAX;
        let problem = if key.is_empty() || long(key) || long(value) {
            "a key needs 1 to 63 characters, a value 0 to 63"
        } else if !key.starts_with(|c: char| c.is_alphabetic()) {
            "a key must start with a letter"
        } else if !key.chars().chain(value.chars()).all(allowed) {
            "keys and values may contain only lower-case letters, numbers, underscores and dashes"
        } else {
            continue;
        };
        return Err(Refusal::invalid("labels", format!("`{key}`: {problem}")));
    }
    Ok(())
}

fn message_retention(given: Option<prost_types::Duration>) -> Checked<prost_types::Duration> {
    let Some(given) = given else {
        return Ok(prost_types::Duration { seconds: limits::RETENTION_DEFAULT.as_secs() as i64, nanos: 0 });
    };
    if !(limits::RETENTION_MIN..=limits::RETENTION_MAX)
        .contains(&within("message_retention_duration", given)?)
    {
        return Err(Refusal::invalid(
            "message_retention_duration",
            "it must be between 10 minutes and 31 days",
        ));
    }
    Ok(given)
}

fn retry_policy(given: RetryPolicy) -> Checked<RetryPolicy> {
    let seconds = |duration: Duration| prost_types::Duration { seconds: duration.as_secs() as i64, nanos: 0 };
    let minimum = given.minimum_backoff.unwrap_or(seconds(limits::BACKOFF_MIN_DEFAULT));
    let maximum = given.maximum_backoff.unwrap_or(seconds(limits::BACKOFF_MAX));
    let (shortest, longest) = (within("retry_policy", minimum)?, within("retry_policy", maximum)?);
    if shortest > limits::BACKOFF_MAX || longest > limits::BACKOFF_MAX {
        return Err(Refusal::invalid("retry_policy", "a backoff must be between 0 and 600 seconds"));
    }
    if shortest > longest {
        return Err(Refusal::invalid("retry_policy", "the minimum backoff is longer than the maximum"));
    }
    Ok(RetryPolicy { minimum_backoff: Some(minimum), maximum_backoff: Some(maximum) })
}

fn dead_letter_policy(given: super::api::DeadLetterPolicy) -> Checked<super::api::DeadLetterPolicy> {
    TopicName::parse("dead_letter_policy.dead_letter_topic", &given.dead_letter_topic)?;
    let max_delivery_attempts = match given.max_delivery_attempts {
        0 => limits::DELIVERY_ATTEMPTS_MIN,
        given if (limits::DELIVERY_ATTEMPTS_MIN..=limits::DELIVERY_ATTEMPTS_MAX).contains(&given) => given,
        given => {
            let rule = format!("{given} is not between 5 and 100");
            return Err(Refusal::invalid("dead_letter_policy.max_delivery_attempts", rule));
        }
    };
    Ok(super::api::DeadLetterPolicy { max_delivery_attempts, ..given })
}

fn within(field: &'static str, given: prost_types::Duration) -> Checked<Duration> {
    if given.seconds < 0 || !(0..1_000_000_000).contains(&given.nanos) {
        return Err(Refusal::invalid(field, "a duration must not be negative"));
    }
    Ok(duration(given))
}
