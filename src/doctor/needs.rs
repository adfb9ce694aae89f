//! What each role may do in the cloud: the one list in the program. The terraform gives the same; a test holds the two
//! together. And what of it is missing where somebody has asked.

use super::answer::Answer;
use super::finding::{Check, Finding, Verdict};
use super::mend::Place;
use super::topology::BusResource;
use crate::flow::{Purpose, Topology};

/// A role of the fleet, as a service account has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// People and jobs: they submit runs and ask.
    Client,
    /// Hears completions, sends orders.
    Gate,
    /// Opens days.
    Scheduler,
    /// Loads BigQuery.
    Sink,
    /// Does the work.
    Worker,
}

impl Role {
    /// All.
    pub const ALL: [Self; 5] = [Self::Client, Self::Gate, Self::Scheduler, Self::Sink, Self::Worker];

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Gate => "gate",
            Self::Scheduler => "scheduler",
            Self::Sink => "sink",
            Self::Worker => "worker",
        }
    }
}

/// On what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Topics of completions.
    Completions,
    /// Topics of work orders.
    Orders,
    /// Topics of dead letters.
    DeadLetters,
    /// Subscriptions of gates.
    GateSubscriptions,
    /// Subscriptions of workers.
    WorkSubscriptions,
    /// Subscriptions from which dead letters are recorded.
    RecorderSubscriptions,
    /// Subscriptions of the sink.
    SinkSubscriptions,
    /// The lake's bucket.
    Lake,
    /// The bucket of published documents.
    Published,
    /// BigQuery's tables.
    Tables,
    /// The project: load jobs and queries.
    Jobs,
    /// The project: what topics and subscriptions there are.
    Listing,
}

/// A role of Google's on a scope, with the permissions of it that are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// On what.
    pub scope: Scope,
    /// `roles/pubsub.publisher`.
    pub grant: &'static str,
    /// `pubsub.topics.publish`.
    pub permissions: &'static [&'static str],
}

/// What reading a bucket takes.
pub const OBJECT_READS: [&str; 2] = ["storage.objects.get", "storage.objects.list"];

/// What writing into a bucket takes.
pub const OBJECT_WRITES: [&str; 4] =
    ["storage.objects.create", "storage.objects.delete", "storage.objects.get", "storage.objects.list"];

const fn publish(scope: Scope) -> Need {
    Need { scope, grant: "roles/pubsub.publisher", permissions: &["pubsub.topics.publish"] }
}

const fn consume(scope: Scope) -> Need {
    Need { scope, grant: "roles/pubsub.subscriber", permissions: &["pubsub.subscriptions.consume"] }
}

const fn write(scope: Scope) -> Need {
    Need { scope, grant: "roles/storage.objectUser", permissions: &OBJECT_WRITES }
}

const fn read(scope: Scope) -> Need {
    Need { scope, grant: "roles/storage.objectViewer", permissions: &OBJECT_READS }
}

const LOAD: Need = Need {
    scope: Scope::Tables,
    grant: "roles/bigquery.dataEditor",
    permissions: &[
        "bigquery.tables.get",
        "bigquery.tables.getData",
        "bigquery.tables.update",
        "bigquery.tables.updateData",
    ],
};
const ASK: Need = Need {
    scope: Scope::Tables,
    grant: "roles/bigquery.dataViewer",
    permissions: &["bigquery.tables.get", "bigquery.tables.getData"],
};
const JOBS: Need =
    Need { scope: Scope::Jobs, grant: "roles/bigquery.jobUser", permissions: &["bigquery.jobs.create"] };
const LIST: Need = Need {
    scope: Scope::Listing,
    grant: "roles/pubsub.viewer",
    permissions: &["pubsub.subscriptions.list", "pubsub.topics.list"],
};

const ENGINE: [Need; 3] = [publish(Scope::Completions), publish(Scope::Orders), publish(Scope::DeadLetters)];

/// All that a role needs.
#[must_use]
pub fn needs(role: Role) -> Vec<Need> {
    let own: &[Need] = match role {
        Role::Client => {
            &[publish(Scope::Orders), write(Scope::Lake), write(Scope::Published), ASK, JOBS, LIST]
        }
        Role::Gate => &[consume(Scope::GateSubscriptions), consume(Scope::RecorderSubscriptions)],
        Role::Scheduler => &[write(Scope::Lake), write(Scope::Published)],
        Role::Sink => &[consume(Scope::SinkSubscriptions), read(Scope::Lake), LOAD, JOBS],
        Role::Worker => &[consume(Scope::WorkSubscriptions), write(Scope::Lake), write(Scope::Published)],
    };
    let engine: &[Need] = match role {
        Role::Client | Role::Sink => &[],
        Role::Gate | Role::Scheduler | Role::Worker => &ENGINE,
    };
    [engine, own].concat()
}

impl Scope {
    /// The topics and subscriptions of a pipeline that belong to it.
    #[must_use]
    pub fn of_bus(self, topology: &Topology) -> Vec<BusResource> {
        let topics = |part: &str| {
            let names = topology.topics.iter().map(|topic| topic.name.clone());
            names.filter(|name| name.contains(part)).map(BusResource::Topic).collect()
        };
        let subscriptions = |purpose: Purpose| {
            let of_purpose = topology.subscriptions.iter().filter(|other| other.purpose == purpose);
            of_purpose.map(|other| BusResource::Subscription(other.name.clone())).collect()
        };
        match self {
            Self::Completions => topics(".completed"),
            Self::Orders => topics(".work."),
            Self::DeadLetters => topics(".dead-letters"),
            Self::GateSubscriptions => subscriptions(Purpose::Gate),
            Self::WorkSubscriptions => subscriptions(Purpose::Work),
            Self::RecorderSubscriptions => subscriptions(Purpose::DeadLetters),
            Self::SinkSubscriptions => subscriptions(Purpose::Sink),
            Self::Lake | Self::Published | Self::Tables | Self::Jobs | Self::Listing => Vec::new(),
        }
    }
}

/// What whoever asked may do on one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// For the need of this number.
    pub need: usize,
    /// On what, by name.
    pub on: String,
    /// How a grant is given there, without member and role.
    pub command: String,
    /// The permissions that it has.
    pub permissions: Answer<Vec<String>>,
}

/// What a role needs beside what whoever asked may do: a finding for each need.
#[must_use]
pub fn rights(role: Role, needs: &[Need], held: &[Held], place: &Place) -> Vec<Finding> {
    let finding = |(at, need): (usize, &Need)| {
        let of_need: Vec<&Held> = held.iter().filter(|held| held.need == at).collect();
        need.judge(role, &of_need, place)
    };
    needs.iter().enumerate().filter_map(finding).collect()
}

impl Need {
    fn judge(&self, role: Role, held: &[&Held], place: &Place) -> Option<Finding> {
        let subject = format!("{} of {}", self.grant, role.as_str());
        let mut lacking: Vec<(&Held, Vec<&str>)> = Vec::new();
        for held in held {
            let to_ask = format!("{} --member=MEMBER --role={}", held.command, self.grant);
            match held.permissions.clone().or_unknown(
                Check::Rights,
                format!("{subject} on {}", held.on),
                to_ask,
            ) {
                // One that was not told stands for all: they are asked in the same way.
                Err(unknown) => return Some(unknown),
                Ok(permissions) => {
                    let missing = |permission: &&&str| !permissions.iter().any(|held| held == **permission);
                    let missing: Vec<&str> = self.permissions.iter().filter(missing).copied().collect();
                    if !missing.is_empty() {
                        lacking.push((held, missing));
                    }
                }
            }
        }
        let (first, missing) = match lacking.first() {
            Some((first, missing)) => (*first, missing.join(", ")),
            None if held.is_empty() => return None,
            None => {
                let found = format!("on {}", counted(held.len(), &held[0].on));
                return Some(Finding::ok(Check::Rights, subject, found));
            }
        };
        let found = format!("{missing} is missing on {}", counted(lacking.len(), &first.on));
        let member =
            format!("serviceAccount:tidegate-{}@{}.iam.gserviceaccount.com", role.as_str(), place.project);
        let mut mend = format!("{} --member={member} --role={}", first.command, self.grant);
        if lacking.len() > 1 {
            mend.push_str("   # and so for each, or: terraform apply");
        }
        let texts = [found, self.grant.to_owned(), mend];
        Some(Finding::wrong(Verdict::Fail, Check::Rights, subject, texts))
    }
}

fn counted(count: usize, first: &str) -> String {
    match count {
        1 => first.to_owned(),
        _ => format!("{first} and {} more", count - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place { home: "cloud".to_owned(), project: "acme".to_owned(), emulator: None }
    }

    fn held(on: &str, permissions: Answer<Vec<String>>) -> Held {
        let command = format!("gcloud pubsub topics add-iam-policy-binding {on} --project=acme");
        Held { need: 0, on: on.to_owned(), command, permissions }
    }

    #[test]
    fn what_is_missing_is_said_once_for_a_need() {
        let needs = [publish(Scope::Orders)];
        let may = || Answer::Told(vec!["pubsub.topics.publish".to_owned()]);
        let may_not = || Answer::Told(Vec::new());
        let cases = [
            (vec![held("a", may()), held("b", may())], Verdict::Ok, "on a and 1 more"),
            (
                vec![held("a", may()), held("b", may_not())],
                Verdict::Fail,
                "pubsub.topics.publish is missing on b",
            ),
            (vec![held("a", may_not()), held("b", may_not())], Verdict::Fail, "missing on a and 1 more"),
            (
                vec![held("a", Answer::Unserved("404".to_owned()))],
                Verdict::Unserved,
                "not told by this server",
            ),
            (vec![held("a", Answer::Silent("down".to_owned()))], Verdict::Unknown, "no answer: down"),
        ];
        for (held, verdict, found) in cases {
            let findings = rights(Role::Client, &needs, &held, &place());
            assert_eq!(findings.len(), 1, "{findings:?}");
            assert_eq!(findings[0].verdict, verdict, "{findings:?}");
            assert!(findings[0].found.contains(found), "{findings:?}");
        }
        let findings = rights(Role::Client, &needs, &[held("b", may_not())], &place());
        assert_eq!(
            findings[0].mend,
            "gcloud pubsub topics add-iam-policy-binding b --project=acme \
             --member=serviceAccount:tidegate-client@acme.iam.gserviceaccount.com --role=roles/pubsub.publisher"
        );
    }
}
