//! What Pub/Sub's own agent must be allowed to do, or nothing is ever set aside: publish on dead-letter topics, and
//! acknowledge on the subscriptions from which it sets aside.

use std::collections::{BTreeMap, BTreeSet};

use super::answer::Answer;
use super::finding::{Check, Finding, Verdict};
use super::mend::Place;
use super::topology::BusResource;
use crate::flow::Topology;

/// The roles that allow it, the one that is asked for first.
const PUBLISHES: [&str; 3] = ["roles/pubsub.publisher", "roles/pubsub.editor", "roles/pubsub.admin"];
/// See [`PUBLISHES`].
const SUBSCRIBES: [&str; 3] = ["roles/pubsub.subscriber", "roles/pubsub.editor", "roles/pubsub.admin"];

/// A role on a resource, and who has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// `roles/pubsub.publisher`.
    pub role: String,
    /// `serviceAccount:...`, `user:...`, `group:...`.
    pub members: Vec<String>,
}

/// What the agent must be allowed on one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentNeed {
    /// Where.
    pub on: BusResource,
    /// Any of these, the one to give first.
    roles: [&'static str; 3],
}

/// All that the agent must be allowed.
#[must_use]
pub fn agent_needs(wanted: &Topology) -> Vec<AgentNeed> {
    let setting_aside = wanted.subscriptions.iter().filter_map(|s| Some((s, s.dead_letter_topic.as_ref()?)));
    let topics: BTreeSet<&String> = setting_aside.clone().map(|(_, topic)| topic).collect();
    let publishes =
        topics.into_iter().map(|topic| AgentNeed { on: BusResource::Topic(topic.clone()), roles: PUBLISHES });
    let subscribes = setting_aside.map(|(subscription, _)| AgentNeed {
        on: BusResource::Subscription(subscription.name.clone()),
        roles: SUBSCRIBES,
    });
    publishes.chain(subscribes).collect()
}

/// What it is allowed, as the resources' own policies say. `number` is the project's.
#[must_use]
pub fn agent(
    needs: &[AgentNeed],
    number: Answer<String>,
    grants: &BTreeMap<BusResource, Answer<Vec<Grant>>>,
    place: &Place,
) -> Vec<Finding> {
    let to_ask = format!(
        "gcloud projects add-iam-policy-binding {} --member=MEMBER --role=roles/pubsub.viewer   # whoever runs the doctor",
        place.project
    );
    let number = match number.or_unknown(Check::ServiceAgent, &place.project, to_ask) {
        Ok(number) => number,
        Err(unknown) => return vec![unknown],
    };
    let member = format!("serviceAccount:service-{number}@gcp-sa-pubsub.iam.gserviceaccount.com");
    let mut findings = Vec::new();
    let mut unknown: Option<Finding> = None;
    let mut unasked = 0;
    for need in needs {
        // What is not there was not asked about; its own finding says so.
        let Some(answer) = grants.get(&need.on) else { continue };
        let to_ask = format!(
            "gcloud pubsub {} get-iam-policy {} --project={}   # the role tidegateDoctor of the terraform allows it",
            need.on.kind(),
            need.on.name(),
            place.project
        );
        match answer.clone().or_unknown(Check::ServiceAgent, need.on.name(), to_ask) {
            Ok(grants) if need.is_met(&grants, &member) => {}
            Ok(_) => findings.push(need.missing(&member, place)),
            Err(finding) => {
                unasked += 1;
                unknown.get_or_insert(finding);
            }
        }
    }
    if let Some(mut unknown) = unknown {
        unknown.subject = format!("{} and {} more", unknown.subject, unasked - 1);
        findings.push(unknown);
    }
    if findings.is_empty() {
        let found = format!("{member} has its {} grants", needs.len());
        findings.push(Finding::ok(Check::ServiceAgent, "", found));
    }
    findings
}

impl AgentNeed {
    fn is_met(&self, grants: &[Grant], member: &str) -> bool {
        let held = grants.iter().filter(|grant| self.roles.contains(&grant.role.as_str()));
        held.flat_map(|grant| &grant.members).any(|held| held == member)
    }

    fn missing(&self, member: &str, place: &Place) -> Finding {
        let (role, name) = (self.roles[0], self.on.name());
        let without = match self.on {
            BusResource::Topic(_) => "nothing can be set aside on it",
            BusResource::Subscription(_) => "nothing is ever set aside from it",
        };
        let mend = format!(
            "gcloud pubsub {} add-iam-policy-binding {name} --project={} --member={member} --role={role}",
            self.on.kind(),
            place.project
        );
        let found = format!("its policy does not give Pub/Sub's agent {role}: {without}");
        let texts = [found, format!("{role} for {member}"), mend];
        Finding::wrong(Verdict::Fail, Check::ServiceAgent, name, texts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGENT: &str = "serviceAccount:service-42@gcp-sa-pubsub.iam.gserviceaccount.com";

    fn need() -> AgentNeed {
        AgentNeed { on: BusResource::Topic("t.a.dead-letters".to_owned()), roles: PUBLISHES }
    }

    fn place() -> Place {
        Place { home: "cloud".to_owned(), project: "acme".to_owned(), emulator: None }
    }

    fn verdict(number: Answer<String>, answer: Answer<Vec<Grant>>) -> (Verdict, String) {
        let grants = [(need().on, answer)].into();
        let findings = agent(&[need()], number, &grants, &place());
        assert_eq!(findings.len(), 1, "{findings:?}");
        (findings[0].verdict, findings[0].mend.clone())
    }

    #[test]
    fn a_grant_counts_for_the_agent_of_this_project_and_a_role_that_is_enough() {
        let told = || Answer::Told("42".to_owned());
        let grant = |role: &str, member: &str| {
            Answer::Told(vec![Grant { role: role.to_owned(), members: vec![member.to_owned()] }])
        };
        let other = AGENT.replace("42", "43");
        let cases = [
            (grant("roles/pubsub.publisher", AGENT), Verdict::Ok),
            (grant("roles/pubsub.admin", AGENT), Verdict::Ok),
            (grant("roles/pubsub.subscriber", AGENT), Verdict::Fail),
            (grant("roles/pubsub.publisher", &other), Verdict::Fail),
            (Answer::Told(Vec::new()), Verdict::Fail),
            (Answer::Unserved("404".to_owned()), Verdict::Unserved),
            (Answer::Refused("403".to_owned()), Verdict::Unknown),
        ];
        for (answer, expected) in cases {
            let (found, mend) = verdict(told(), answer.clone());
            assert_eq!(found, expected, "{answer:?}");
            let binding = format!(
                "gcloud pubsub topics add-iam-policy-binding t.a.dead-letters --project=acme --member={AGENT} \
                 --role=roles/pubsub.publisher"
            );
            assert!(expected != Verdict::Fail || mend == binding, "{mend}");
        }
        let unknown = Answer::Silent("down".to_owned());
        assert_eq!(verdict(unknown, Answer::Told(Vec::new())).0, Verdict::Unknown);
    }
}
