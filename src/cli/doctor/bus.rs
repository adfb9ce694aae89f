//! Pub/Sub: what there is beside the declarations, what its own agent may do, and what a role may do everywhere.

use std::collections::BTreeMap;

use super::asking::within;
use super::cloud_home::Patient;
use super::stores;
use crate::adapters::gcs;
use crate::adapters::project::Project;
use crate::adapters::pubsub::{Rights, look};
use crate::doctor::{
    Answer, BusResource, Check, Finding, Held, Need, Scope, SeenBus, agent, agent_needs, needs, rights,
    topology,
};

/// The number of a need and its permissions, by what they are needed on.
type OnBus = BTreeMap<BusResource, (usize, Vec<&'static str>)>;

/// Everything that is to be said of it.
pub(super) async fn examine(patient: &Patient) -> Vec<Finding> {
    let config = &patient.settings.pubsub;
    let project = &config.project;
    let answer = within(look(config)).await;
    // Who may not list may be asked what else he may; who is away is not asked again.
    let answers = !matches!(answer, Answer::Silent(_));
    let mend = format!(
        "gcloud projects add-iam-policy-binding {project} --member=MEMBER --role=roles/pubsub.viewer   # whoever runs the doctor; or mend pubsub.project of tidegate.toml"
    );
    let (seen, mut findings) =
        match answer.or_unknown(Check::Topics, format!("the topics of {project}"), mend) {
            Ok(seen) => {
                let findings = topology(&patient.topology, &seen, &patient.place);
                (Some(seen), findings)
            }
            Err(unknown) => (None, vec![unknown]),
        };
    let asking = match Rights::connect(config).await {
        Ok(asking) => asking,
        Err(error) => {
            let none: Answer<()> = Answer::Refused(error.to_string());
            let login = "gcloud auth application-default login";
            findings.extend(none.or_unknown(Check::Rights, project, login).err());
            return findings;
        }
    };
    let on_bus = if answers { on_bus(patient, seen.as_ref()) } else { BTreeMap::new() };
    let (of_agent, of_role) =
        futures::join!(agent_rights(patient, seen.as_ref(), &asking), role_rights(patient, &on_bus, &asking));
    findings.extend(of_agent.into_iter().chain(of_role));
    findings
}

/// What Pub/Sub's own agent may do on what there is.
async fn agent_rights(patient: &Patient, seen: Option<&SeenBus>, asking: &Rights<'_>) -> Vec<Finding> {
    let Some(seen) = seen else { return Vec::new() };
    let config = &patient.settings.pubsub;
    let number = async {
        match Project::of(&config.project, config.endpoint.as_deref()) {
            Ok(asked) => within(asked.number()).await,
            Err(reason) => Answer::Refused(reason),
        }
    };
    let needed = agent_needs(&patient.topology);
    let on = needed.iter().map(|need| need.on.clone()).filter(|on| is_there(seen, on)).collect();
    let (number, grants) = futures::join!(number, asking.grants(on));
    agent(&needed, number, &grants, &patient.place)
}

fn is_there(seen: &SeenBus, resource: &BusResource) -> bool {
    match resource {
        BusResource::Topic(name) => seen.topics.iter().any(|topic| topic.name == *name),
        BusResource::Subscription(name) => seen.subscriptions.iter().any(|there| there.name == *name),
    }
}

/// What a role needs on topics and subscriptions, by need. What is known not to be there is not asked about.
fn on_bus(patient: &Patient, seen: Option<&SeenBus>) -> OnBus {
    let mut on_bus = BTreeMap::new();
    for (at, need) in needs(patient.role).iter().enumerate() {
        let resources = need.scope.of_bus(&patient.topology).into_iter();
        for resource in resources.filter(|on| seen.is_none_or(|seen| is_there(seen, on))) {
            on_bus.insert(resource, (at, need.permissions.to_vec()));
        }
    }
    on_bus
}

/// What whoever asks may do of all that the role needs.
async fn role_rights(patient: &Patient, on_bus: &OnBus, asking: &Rights<'_>) -> Vec<Finding> {
    let needed = needs(patient.role);
    let questions = on_bus.iter().map(|(on, (_, permissions))| (on.clone(), permissions.clone())).collect();
    let elsewhere = needed.iter().enumerate().map(|(at, need)| elsewhere(patient, at, need));
    let (bus, elsewhere) =
        futures::join!(asking.permissions(questions), futures::future::join_all(elsewhere));
    let project = &patient.place.project;
    let held = bus.into_iter().filter_map(|(on, permissions)| {
        let (need, _) = on_bus.get(&on)?;
        let command =
            format!("gcloud pubsub {} add-iam-policy-binding {} --project={project}", on.kind(), on.name());
        Some(Held { need: *need, on: on.name().to_owned(), command, permissions })
    });
    let held: Vec<Held> = held.chain(elsewhere.into_iter().flatten()).collect();
    rights(patient.role, &needed, &held, &patient.place)
}

/// The same for what is no topic and no subscription.
async fn elsewhere(patient: &Patient, need: usize, needed: &Need) -> Option<Held> {
    let settings = &patient.settings;
    let wanted = needed.permissions;
    let (on, command, permissions) = match needed.scope {
        Scope::Lake | Scope::Published => {
            let bucket = if needed.scope == Scope::Lake { &settings.lake } else { &settings.published };
            let on = format!("gs://{}", bucket.bucket);
            let permissions = match gcs::Inspection::of(crate::cli::cloud::bucket(bucket)) {
                Ok(inspection) => within(inspection.permissions(wanted)).await,
                // The bucket's own finding says so.
                Err(_) => return None,
            };
            (on.clone(), format!("gcloud storage buckets add-iam-policy-binding {on}"), permissions)
        }
        Scope::Tables => {
            let bigquery = settings.bigquery.as_ref()?;
            let table = stores::first_table(patient)?;
            let on = format!("{}.{}", bigquery.project, bigquery.dataset);
            let permissions = match crate::cli::bigquery::warehouse(settings, &patient.cascade).await {
                Ok(warehouse) => within(warehouse.permissions(table, wanted)).await,
                Err(error) => Answer::Refused(format!("{error:#}")),
            };
            let command = "terraform apply -target=module.fleet.module.bigquery   # which gives it with";
            (on, command.to_owned(), permissions)
        }
        Scope::Jobs | Scope::Listing => {
            let (project, endpoint) = if needed.scope == Scope::Jobs {
                let bigquery = settings.bigquery.as_ref()?;
                (&bigquery.project, bigquery.endpoint.as_deref())
            } else {
                (&settings.pubsub.project, settings.pubsub.endpoint.as_deref())
            };
            let permissions = match Project::of(project, endpoint) {
                Ok(asked) => within(asked.permissions(wanted)).await,
                Err(reason) => Answer::Refused(reason),
            };
            (project.clone(), format!("gcloud projects add-iam-policy-binding {project}"), permissions)
        }
        Scope::Completions
        | Scope::Orders
        | Scope::DeadLetters
        | Scope::GateSubscriptions
        | Scope::WorkSubscriptions
        | Scope::RecorderSubscriptions
        | Scope::SinkSubscriptions => return None,
    };
    Some(Held { need, on, command, permissions })
}
