//! Topics and subscriptions beside the declared ones: what is missing, what has other settings, whether somebody reads
//! what is set aside, and what nobody declares.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Check, Finding, Verdict};
use super::mend::Place;
use super::subscriptions::{DELETED_TOPIC, SeenSubscription, settings};
use crate::flow::{Purpose, Subscription, Topology};

/// A topic as the server has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenTopic {
    /// Its name; without the project where it is ours.
    pub name: String,
    /// For how many seconds it keeps what was published; `None` where only subscriptions do.
    pub retention_seconds: Option<u64>,
}

/// What the server has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeenBus {
    /// All topics of the project.
    pub topics: Vec<SeenTopic>,
    /// All its subscriptions.
    pub subscriptions: Vec<SeenSubscription>,
}

/// Something of the server that has rights of its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum BusResource {
    /// A topic, by name.
    Topic(String),
    /// A subscription, by name.
    Subscription(String),
}

impl BusResource {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Topic(name) | Self::Subscription(name) => name,
        }
    }

    /// As `gcloud pubsub` calls such things.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Topic(_) => "topics",
            Self::Subscription(_) => "subscriptions",
        }
    }
}

/// The server beside the declarations.
#[must_use]
pub fn topology(wanted: &Topology, seen: &SeenBus, place: &Place) -> Vec<Finding> {
    let topics: BTreeMap<&str, &SeenTopic> = seen.topics.iter().map(|t| (t.name.as_str(), t)).collect();
    let subscriptions: BTreeMap<&str, &SeenSubscription> =
        seen.subscriptions.iter().map(|s| (s.name.as_str(), s)).collect();
    let missing: BTreeSet<&str> =
        wanted.topics.iter().map(|t| t.name.as_str()).filter(|name| !topics.contains_key(name)).collect();
    let mut findings: Vec<Finding> =
        missing.iter().map(|name| missing_topic(name, wanted, &subscriptions, place)).collect();
    if missing.is_empty() {
        let count = wanted.topics.len();
        findings.push(Finding::ok(Check::Topics, "", format!("all {count} that are declared are there")));
    }
    findings.extend(short_lived_topics(wanted, &topics, place));
    findings.extend(declared_subscriptions(wanted, seen, &subscriptions, &missing, place));
    findings.extend(readers(wanted, seen, &missing));
    findings.extend(strays(wanted, seen, place));
    findings
}

/// One finding for all that a topic's absence brings with it.
fn missing_topic(
    name: &str,
    wanted: &Topology,
    seen: &BTreeMap<&str, &SeenSubscription>,
    place: &Place,
) -> Finding {
    let orphans: Vec<&str> = wanted
        .subscriptions
        .iter()
        .filter(|subscription| {
            subscription.topic == name || subscription.dead_letter_topic.as_deref() == Some(name)
        })
        .filter_map(|subscription| seen.get(subscription.name.as_str()).map(|seen| (subscription, seen)))
        .filter(|(subscription, seen)| is_orphaned(subscription, seen))
        .map(|(subscription, _)| subscription.name.as_str())
        .collect();
    let mut mend = place.make_topic(name);
    let mut found = "there is no such topic".to_owned();
    if !orphans.is_empty() {
        found.push_str(&format!("; still bound to the one that was deleted: {}", orphans.join(", ")));
        for orphan in orphans {
            mend = format!("{}; {mend}", place.replace_subscription(orphan));
        }
        if place.emulator.is_none() {
            mend = format!("terraform apply   # {mend}");
        }
    }
    let expected = "a topic, or nothing can be published on it".to_owned();
    Finding::wrong(Verdict::Fail, Check::Topics, name, [found, expected, mend])
}

fn is_orphaned(wanted: &Subscription, seen: &SeenSubscription) -> bool {
    let sets_aside = seen.dead_letter.as_ref().is_some_and(|(topic, _)| topic == DELETED_TOPIC);
    seen.topic == DELETED_TOPIC || (sets_aside && wanted.dead_letter_topic.is_some())
}

/// In the cloud a topic keeps what was published, so that a subscription can be turned back. Emulators need not.
fn short_lived_topics(wanted: &Topology, seen: &BTreeMap<&str, &SeenTopic>, place: &Place) -> Vec<Finding> {
    if place.emulator.is_some() {
        return Vec::new();
    }
    let there = wanted.topics.iter().filter_map(|topic| seen.get(topic.name.as_str()));
    let short = there.filter(|topic| topic.retention_seconds.is_none());
    short
        .map(|topic| {
            let found = "what was published cannot be read again".to_owned();
            let expected = "kept for 7 days, so that a subscription can be turned back".to_owned();
            let mend = format!(
                "gcloud pubsub topics update {} --project={} --message-retention-duration=7d",
                topic.name, place.project
            );
            Finding::wrong(Verdict::Warn, Check::Topics, &topic.name, [found, expected, mend])
        })
        .collect()
}

fn declared_subscriptions(
    wanted: &Topology,
    seen: &SeenBus,
    by_name: &BTreeMap<&str, &SeenSubscription>,
    missing_topics: &BTreeSet<&str>,
    place: &Place,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for subscription in &wanted.subscriptions {
        let of_missing = missing_topics.contains(subscription.topic.as_str())
            || subscription.dead_letter_topic.as_deref().is_some_and(|topic| missing_topics.contains(topic));
        match by_name.get(subscription.name.as_str()) {
            // The topic's own finding says so.
            None if missing_topics.contains(subscription.topic.as_str()) => {}
            Some(there) if of_missing && is_orphaned(subscription, there) => {}
            None => findings.push(missing_subscription(subscription, seen, place)),
            Some(there) => findings.extend(settings(subscription, there, missing_topics, place)),
        }
    }
    if findings.is_empty() && missing_topics.is_empty() {
        let found = format!("all {} are there, with the declared settings", wanted.subscriptions.len());
        findings.push(Finding::ok(Check::Subscriptions, "", found));
    }
    findings
}

fn missing_subscription(wanted: &Subscription, seen: &SeenBus, place: &Place) -> Finding {
    let is_read = seen.subscriptions.iter().any(|other| other.topic == wanted.topic && !other.detached);
    let consequence = match wanted.purpose {
        Purpose::DeadLetters if !is_read => "nobody reads the topic: what is set aside is lost",
        Purpose::DeadLetters => "what is set aside is not recorded",
        Purpose::Gate => "its gate hears nothing of that input",
        Purpose::Work => "its orders on that lane reach no worker",
        Purpose::Sink => "its table is loaded late, when something else is heard of",
    };
    let found = format!("there is no such subscription; {consequence}");
    let expected = format!("a subscription on {}", wanted.topic);
    let mend = place.make_subscription(&wanted.name);
    Finding::wrong(Verdict::Fail, Check::Subscriptions, &wanted.name, [found, expected, mend])
}

/// All is well with the readers, if it is; where one is missing, its own finding says so.
fn readers(wanted: &Topology, seen: &SeenBus, missing_topics: &BTreeSet<&str>) -> Vec<Finding> {
    let declared: Vec<&Subscription> =
        wanted.subscriptions.iter().filter(|other| other.purpose == Purpose::DeadLetters).collect();
    let is_read = |wanted: &&Subscription| {
        seen.subscriptions
            .iter()
            .any(|there| there.name == wanted.name && there.topic == wanted.topic && !there.detached)
    };
    if !missing_topics.is_empty() || !declared.iter().all(is_read) {
        return Vec::new();
    }
    let found = format!("each of {} dead-letter topics has its reader", declared.len());
    vec![Finding::ok(Check::DeadLetterReaders, "", found)]
}

/// What bears the pipeline's name and is not declared. Further readers of dead letters (an archive) are welcome, but
/// must not expire.
fn strays(wanted: &Topology, seen: &SeenBus, place: &Place) -> Vec<Finding> {
    let prefix = format!("{}.", wanted.pipeline);
    let topics: BTreeSet<&str> = wanted.topics.iter().map(|topic| topic.name.as_str()).collect();
    let subscriptions: BTreeSet<&str> =
        wanted.subscriptions.iter().map(|other| other.name.as_str()).collect();
    let dead_letters: BTreeSet<&str> = wanted
        .subscriptions
        .iter()
        .filter(|other| other.purpose == Purpose::DeadLetters)
        .map(|other| other.topic.as_str())
        .collect();
    let mut findings = Vec::new();
    let none = "nothing of this name is declared".to_owned();
    for topic in seen.topics.iter().filter(|topic| topic.name.starts_with(&prefix)) {
        if !topics.contains(topic.name.as_str()) {
            let texts =
                ["a topic that nobody uses".to_owned(), none.clone(), place.delete("topics", &topic.name)];
            findings.push(Finding::wrong(Verdict::Warn, Check::Strays, &topic.name, texts));
        }
    }
    for there in seen.subscriptions.iter().filter(|there| !subscriptions.contains(there.name.as_str())) {
        if dead_letters.contains(there.topic.as_str()) {
            findings
                .extend(there.expires_after_seconds.map(|seconds| expiring_archive(there, seconds, place)));
        } else if there.name.starts_with(&prefix) {
            let found = format!("a subscription on {} that nobody reads: its messages pile up", there.topic);
            let texts = [found, none.clone(), place.delete("subscriptions", &there.name)];
            findings.push(Finding::wrong(Verdict::Warn, Check::Strays, &there.name, texts));
        }
    }
    if findings.is_empty() {
        findings.push(Finding::ok(Check::Strays, "", format!("nothing undeclared begins with `{prefix}`")));
    }
    findings
}

fn expiring_archive(there: &SeenSubscription, seconds: u64, place: &Place) -> Finding {
    let found =
        format!("an archive of dead letters that expires after {} days without one", seconds / 86_400);
    let mend = place.update_subscription(&there.name, &["--expiration-period=never".to_owned()]);
    let texts = [found, "never expires".to_owned(), mend];
    Finding::wrong(Verdict::Warn, Check::Subscriptions, &there.name, texts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Delivery;
    use crate::flow::{Cascade, DatasetName, Pipeline, PipelineName, Presence, Processor, RETENTION_SECONDS};

    const PIPELINE: Pipeline = Pipeline {
        name: PipelineName::of("t"),
        processors: &[Processor::land(DatasetName::of("t.a"), "payloads", "sender", Presence::Required)],
        calendar_source: "sender",
        calendar: Pipeline::dates_by_name,
    };

    fn wanted() -> Topology {
        Topology::of(&Cascade::of(&PIPELINE).expect("a cascade"))
    }

    /// A server that has what is wanted.
    fn seen(wanted: &Topology) -> SeenBus {
        let topic = |name: &String| SeenTopic { name: name.clone(), retention_seconds: Some(7 * 86_400) };
        let subscription = |wanted: &Subscription| SeenSubscription {
            name: wanted.name.clone(),
            topic: wanted.topic.clone(),
            ack_deadline_seconds: u64::from(wanted.ack_deadline_seconds),
            retention_seconds: u64::from(RETENTION_SECONDS),
            expires_after_seconds: None,
            dead_letter: wanted.dead_letter_topic.clone().zip(wanted.delivery_attempts_max.map(u64::from)),
            retry_ms: Some((wanted.retry_backoff_min_ms.into(), wanted.retry_backoff_max_ms.into())),
            filter: String::new(),
            ordered: false,
            exactly_once: false,
            detached: false,
            delivery: Delivery::Pull,
        };
        SeenBus {
            topics: wanted.topics.iter().map(|wanted| topic(&wanted.name)).collect(),
            subscriptions: wanted.subscriptions.iter().map(subscription).collect(),
        }
    }

    fn named<'a>(seen: &'a mut SeenBus, name: &str) -> &'a mut SeenSubscription {
        seen.subscriptions.iter_mut().find(|there| there.name == name).expect("a subscription")
    }

    fn archive(seen: &mut SeenBus, name: &str, expires_after_seconds: Option<u64>) {
        let recorder = named(seen, "t.a.dead-letters.recorder").clone();
        seen.subscriptions.push(SeenSubscription {
            name: name.to_owned(),
            expires_after_seconds,
            delivery: Delivery::Export,
            ..recorder
        });
    }

    #[test]
    fn each_fault_is_one_finding_and_takes_what_hangs_on_it_along() {
        type Spoil = fn(&mut SeenBus);
        type Named = Option<(Check, Verdict, &'static str)>;
        let cases: [(&str, Spoil, Named); 8] = [
            ("well", |_| {}, None),
            (
                "a topic with its subscriptions",
                |seen| {
                    seen.topics.retain(|topic| topic.name != "t.a.work.daily");
                    named(seen, "t.a.worker.daily").topic = DELETED_TOPIC.to_owned();
                },
                Some((
                    Check::Topics,
                    Verdict::Fail,
                    "still bound to the one that was deleted: t.a.worker.daily",
                )),
            ),
            (
                "a dead-letter topic with all that sets aside there",
                |seen| {
                    seen.topics.retain(|topic| topic.name != "t.a.dead-letters");
                    for there in &mut seen.subscriptions {
                        if let Some((topic, _)) = &mut there.dead_letter {
                            *topic = DELETED_TOPIC.to_owned();
                        }
                    }
                    named(seen, "t.a.dead-letters.recorder").topic = DELETED_TOPIC.to_owned();
                },
                Some((Check::Topics, Verdict::Fail, "t.a.worker.backfill")),
            ),
            (
                "a topic that was made anew, but not its subscription",
                |seen| named(seen, "t.a.worker.daily").topic = DELETED_TOPIC.to_owned(),
                Some((Check::Subscriptions, Verdict::Fail, "bound to a topic that was deleted")),
            ),
            (
                "no reader",
                |seen| seen.subscriptions.retain(|there| there.name != "t.a.dead-letters.recorder"),
                Some((Check::Subscriptions, Verdict::Fail, "what is set aside is lost")),
            ),
            ("an archive is welcome", |seen| archive(seen, "t.a.dead-letters.archive", None), None),
            (
                "and must not expire",
                |seen| archive(seen, "t.a.dead-letters.archive", Some(31 * 86_400)),
                Some((Check::Subscriptions, Verdict::Warn, "expires after 31 days")),
            ),
            (
                "a topic that keeps nothing",
                |seen| seen.topics[0].retention_seconds = None,
                Some((Check::Topics, Verdict::Warn, "cannot be read again")),
            ),
        ];
        let place = Place { home: "cloud".to_owned(), project: "acme".to_owned(), emulator: None };
        for (name, spoil, expected) in cases {
            let wanted = wanted();
            let mut spoilt = seen(&wanted);
            spoil(&mut spoilt);
            let findings = topology(&wanted, &spoilt, &place);
            let wrong: Vec<&Finding> = findings.iter().filter(|f| f.verdict != Verdict::Ok).collect();
            let found: Vec<(Check, Verdict)> = wrong.iter().map(|f| (f.check, f.verdict)).collect();
            let wanted: Vec<(Check, Verdict)> =
                expected.iter().map(|(check, verdict, _)| (*check, *verdict)).collect();
            assert_eq!(found, wanted, "{name}: {findings:#?}");
            if let Some((_, _, text)) = expected {
                assert!(wrong[0].found.contains(text), "{name}: {wrong:?}");
                assert!(!wrong[0].mend.is_empty(), "{name}: {wrong:?}");
            }
        }
    }
}
