//! The settings of one subscription beside the declared ones: all differences in one finding, with the one command
//! that takes them back.

use std::collections::BTreeSet;

use super::finding::{Check, Finding, Verdict};
use super::mend::Place;
use crate::flow::{RETENTION_SECONDS, Subscription};

/// What the server calls a topic that was deleted.
pub(super) const DELETED_TOPIC: &str = "_deleted-topic_";

/// Unanswered messages are kept for at least so long, or an outage of a week loses some, in seconds.
const RETENTION_LEAST_SECONDS: u64 = 7 * 86_400;

/// Where a subscription's messages go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// To whoever asks.
    Pull,
    /// To an address.
    Push,
    /// Into a table or a bucket.
    Export,
}

/// A subscription as the server has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenSubscription {
    /// Its name; without the project where it is ours.
    pub name: String,
    /// Its topic, likewise.
    pub topic: String,
    /// Seconds until an unanswered delivery is made again.
    pub ack_deadline_seconds: u64,
    /// For how many seconds an unanswered message is kept.
    pub retention_seconds: u64,
    /// After how many seconds without a reader it goes away; `None` is never.
    pub expires_after_seconds: Option<u64>,
    /// Where messages go that were delivered too often, and after how many deliveries.
    pub dead_letter: Option<(String, u64)>,
    /// How long a message that was given back waits at least and at most, in milliseconds; `None` is not at all.
    pub retry_ms: Option<(u64, u64)>,
    /// Which messages it takes; empty is all.
    pub filter: String,
    /// Whether messages of a key come one after the other.
    pub ordered: bool,
    /// Whether it promises not to deliver twice.
    pub exactly_once: bool,
    /// Whether it was cut off from its topic.
    pub detached: bool,
    /// Where messages go.
    pub delivery: Delivery,
}

/// How a difference is taken back.
enum Repair {
    /// By a flag of `gcloud`.
    Flag(String),
    /// By terraform; `gcloud` cannot say it.
    Apply,
    /// By making it anew.
    Replace,
}

struct Difference {
    found: String,
    expected: String,
    repair: Repair,
    verdict: Verdict,
}

/// The finding of all differences; none where there is none.
pub(super) fn settings(
    wanted: &Subscription,
    seen: &SeenSubscription,
    missing_topics: &BTreeSet<&str>,
    place: &Place,
) -> Option<Finding> {
    let mut differences = source(wanted, seen);
    differences.extend(delivery(wanted, seen));
    differences.extend(dead_letters(wanted, seen, missing_topics));
    differences.extend(lifetime(seen, place));
    let verdict = differences.iter().map(|difference| difference.verdict).max()?;
    let list = |text: fn(&Difference) -> &str| differences.iter().map(text).collect::<Vec<_>>().join("; ");
    let texts = [
        list(|difference| &difference.found),
        list(|difference| &difference.expected),
        repair(&differences, &wanted.name, place),
    ];
    Some(Finding::wrong(verdict, Check::Subscriptions, &wanted.name, texts))
}

fn repair(differences: &[Difference], name: &str, place: &Place) -> String {
    let mut flags = Vec::new();
    let mut apply = false;
    for difference in differences {
        match &difference.repair {
            Repair::Replace => return place.replace_subscription(name),
            Repair::Apply => apply = true,
            Repair::Flag(flag) => flags.push(flag.clone()),
        }
    }
    if apply && place.emulator.is_none() {
        return place.make_subscription(name);
    }
    place.update_subscription(name, &flags)
}

fn fail(found: impl Into<String>, expected: impl Into<String>, repair: Repair) -> Difference {
    Difference { found: found.into(), expected: expected.into(), repair, verdict: Verdict::Fail }
}

/// What it takes.
fn source(wanted: &Subscription, seen: &SeenSubscription) -> Vec<Difference> {
    let mut differences = Vec::new();
    if seen.topic != wanted.topic {
        let found = if seen.topic == DELETED_TOPIC {
            "bound to a topic that was deleted".to_owned()
        } else {
            format!("a subscription on {}", seen.topic)
        };
        differences.push(fail(found, format!("on {}", wanted.topic), Repair::Replace));
    } else if seen.detached {
        differences.push(fail("detached from its topic", format!("on {}", wanted.topic), Repair::Replace));
    }
    if !seen.filter.is_empty() {
        differences.push(fail(
            format!("takes only what `{}` lets through", seen.filter),
            "no filter",
            Repair::Replace,
        ));
    }
    if seen.ordered {
        differences.push(Difference {
            verdict: Verdict::Warn,
            ..fail("keeps the order of keys", "no order", Repair::Replace)
        });
    }
    differences
}

/// How it delivers.
fn delivery(wanted: &Subscription, seen: &SeenSubscription) -> Vec<Difference> {
    let mut differences = Vec::new();
    let elsewhere = match seen.delivery {
        Delivery::Pull => None,
        Delivery::Push => Some("pushes to an address"),
        Delivery::Export => Some("writes into a table or a bucket"),
    };
    if let Some(found) = elsewhere {
        differences.push(fail(found, "pulled", Repair::Replace));
    }
    if seen.exactly_once {
        let flag = "--no-enable-exactly-once-delivery".to_owned();
        differences.push(Difference {
            verdict: Verdict::Warn,
            ..fail("delivers exactly once, and slowly", "at least once", Repair::Flag(flag))
        });
    }
    let deadline = u64::from(wanted.ack_deadline_seconds);
    if seen.ack_deadline_seconds != deadline {
        differences.push(fail(
            format!("ack deadline {} s", seen.ack_deadline_seconds),
            format!("{deadline} s"),
            Repair::Flag(format!("--ack-deadline={deadline}")),
        ));
    }
    let retry = (u64::from(wanted.retry_backoff_min_ms), u64::from(wanted.retry_backoff_max_ms));
    if seen.retry_ms != Some(retry) {
        let span = |(least, most): (u64, u64)| format!("{least} to {most} ms");
        let found = seen.retry_ms.map_or_else(|| "at once".to_owned(), span);
        differences.push(fail(
            format!("delivers again after {found}"),
            format!("after {}", span(retry)),
            Repair::Apply,
        ));
    }
    differences
}

/// Where it sets messages aside.
fn dead_letters(
    wanted: &Subscription,
    seen: &SeenSubscription,
    missing_topics: &BTreeSet<&str>,
) -> Option<Difference> {
    let policy = wanted.dead_letter_topic.clone().zip(wanted.delivery_attempts_max.map(u64::from));
    let is_missing = policy.as_ref().is_some_and(|(topic, _)| missing_topics.contains(topic.as_str()));
    if seen.dead_letter == policy || is_missing {
        return None;
    }
    let text = |policy: &Option<(String, u64)>| match policy {
        None => "sets nothing aside".to_owned(),
        Some((topic, _)) if topic == DELETED_TOPIC => "sets aside on a topic that was deleted".to_owned(),
        Some((topic, attempts)) => format!("sets aside on {topic} after {attempts} deliveries"),
    };
    let flag = match &policy {
        None => "--clear-dead-letter-policy".to_owned(),
        Some((topic, attempts)) => format!("--dead-letter-topic={topic} --max-delivery-attempts={attempts}"),
    };
    Some(fail(text(&seen.dead_letter), text(&policy), Repair::Flag(flag)))
}

/// How long it and its messages last. Emulators keep nothing for longer than a week.
fn lifetime(seen: &SeenSubscription, place: &Place) -> Vec<Difference> {
    let days = |seconds: u64| match seconds {
        0..86_400 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    };
    let mut differences = Vec::new();
    if let Some(seconds) = seen.expires_after_seconds {
        let found = format!("expires after {} without a reader, with all messages", days(seconds));
        let flag = "--expiration-period=never".to_owned();
        differences.push(fail(found, "never expires", Repair::Flag(flag)));
    }
    let wanted = match place.emulator {
        None => u64::from(RETENTION_SECONDS),
        Some(_) => RETENTION_LEAST_SECONDS,
    };
    if seen.retention_seconds < wanted {
        let verdict =
            if seen.retention_seconds < RETENTION_LEAST_SECONDS { Verdict::Fail } else { Verdict::Warn };
        let flag = format!("--message-retention-duration={}d", wanted / 86_400);
        let found = format!("keeps unanswered messages for {}", days(seen.retention_seconds));
        differences.push(Difference { verdict, ..fail(found, days(wanted), Repair::Flag(flag)) });
    }
    differences
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::{ACK_DEADLINE_SECONDS, Purpose};

    fn wanted() -> Subscription {
        Subscription {
            name: "t.a.worker.daily".to_owned(),
            topic: "t.a.work.daily".to_owned(),
            purpose: Purpose::Work,
            dataset: "t.a",
            lane: Some("daily"),
            ack_deadline_seconds: ACK_DEADLINE_SECONDS,
            retry_backoff_min_ms: 100,
            retry_backoff_max_ms: 10_000,
            dead_letter_topic: Some("t.a.dead-letters".to_owned()),
            delivery_attempts_max: Some(100),
        }
    }

    fn seen() -> SeenSubscription {
        SeenSubscription {
            name: "t.a.worker.daily".to_owned(),
            topic: "t.a.work.daily".to_owned(),
            ack_deadline_seconds: u64::from(ACK_DEADLINE_SECONDS),
            retention_seconds: u64::from(RETENTION_SECONDS),
            expires_after_seconds: None,
            dead_letter: Some(("t.a.dead-letters".to_owned(), 100)),
            retry_ms: Some((100, 10_000)),
            filter: String::new(),
            ordered: false,
            exactly_once: false,
            detached: false,
            delivery: Delivery::Pull,
        }
    }

    fn place(emulator: Option<&str>) -> Place {
        Place { home: "cloud".to_owned(), project: "acme".to_owned(), emulator: emulator.map(str::to_owned) }
    }

    #[test]
    fn each_setting_is_compared_and_mended_by_its_command() {
        let none = BTreeSet::new();
        assert_eq!(settings(&wanted(), &seen(), &none, &place(None)), None);
        let update = "gcloud pubsub subscriptions update t.a.worker.daily --project=acme";
        let this = "module.fleet.module.pubsub.google_pubsub_subscription.this[\"t.a.worker.daily\"]";
        let replace = format!("terraform apply -replace='{this}'");
        type Spoil = fn(&mut SeenSubscription);
        let cases: [(Spoil, Verdict, &str, String); 12] = [
            (|s| s.ack_deadline_seconds = 10, Verdict::Fail, "10 s", format!("{update} --ack-deadline=60")),
            (
                |s| s.expires_after_seconds = Some(31 * 86_400),
                Verdict::Fail,
                "expires after 31 days",
                format!("{update} --expiration-period=never"),
            ),
            (
                |s| s.retention_seconds = 7 * 86_400,
                Verdict::Warn,
                "for 7 days",
                format!("{update} --message-retention-duration=31d"),
            ),
            (
                |s| s.retention_seconds = 3_600,
                Verdict::Fail,
                "for 1 h",
                format!("{update} --message-retention-duration=31d"),
            ),
            (
                |s| s.dead_letter = None,
                Verdict::Fail,
                "sets nothing aside",
                format!("{update} --dead-letter-topic=t.a.dead-letters --max-delivery-attempts=100"),
            ),
            (
                |s| s.dead_letter = Some(("t.a.dead-letters".to_owned(), 5)),
                Verdict::Fail,
                "after 5 deliveries",
                format!("{update} --dead-letter-topic=t.a.dead-letters --max-delivery-attempts=100"),
            ),
            (|s| s.retry_ms = None, Verdict::Fail, "at once", format!("terraform apply -target='{this}'")),
            (|s| s.filter = "attributes:a".to_owned(), Verdict::Fail, "attributes:a", replace.clone()),
            (|s| s.ordered = true, Verdict::Warn, "order", replace.clone()),
            (|s| s.topic = DELETED_TOPIC.to_owned(), Verdict::Fail, "was deleted", replace.clone()),
            (|s| s.detached = true, Verdict::Fail, "detached", replace.clone()),
            (|s| s.delivery = Delivery::Push, Verdict::Fail, "pushes", replace),
        ];
        for (spoil, verdict, found, mend) in cases {
            let mut spoilt = seen();
            spoil(&mut spoilt);
            let finding = settings(&wanted(), &spoilt, &none, &place(None)).expect("a finding");
            assert_eq!((finding.verdict, &finding.mend), (verdict, &mend), "{found}");
            assert!(finding.found.contains(found), "{finding:?}");
        }
    }

    #[test]
    fn several_differences_are_one_finding_and_one_command() {
        let mut spoilt = seen();
        (spoilt.ack_deadline_seconds, spoilt.expires_after_seconds) = (600, Some(86_400));
        let none = BTreeSet::new();
        let finding = settings(&wanted(), &spoilt, &none, &place(None)).expect("a finding");
        let mend = "gcloud pubsub subscriptions update t.a.worker.daily --project=acme --ack-deadline=60 \
                    --expiration-period=never";
        assert_eq!(finding.mend, mend);
        let on_emulator =
            settings(&wanted(), &spoilt, &none, &place(Some("http://h:1/"))).expect("a finding");
        assert!(
            on_emulator
                .mend
                .starts_with("curl -X DELETE http://h:1/v1/projects/acme/subscriptions/t.a.worker.daily;"),
            "{}",
            on_emulator.mend
        );
    }
}
