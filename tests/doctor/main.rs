//! `tidegate doctor` on a cloud home of real servers: a healthy one is well; each fault that is planted is named by
//! exactly one finding, with how it is mended; what cannot be asked is not called well. Needs:
//! `tests/postgres.sh cargo test --test doctor`.

#[path = "../../examples/local_cloud/bigquery.rs"]
mod bigquery;
#[path = "../../examples/local_cloud/bigquery_api.rs"]
mod bigquery_api;
#[path = "../../examples/local_cloud/bigquery_load.rs"]
mod bigquery_load;
#[path = "../../examples/local_cloud/bigquery_sql.rs"]
mod bigquery_sql;
#[path = "../../examples/local_cloud/connections.rs"]
mod connections;
#[path = "../../examples/local_cloud/faults.rs"]
mod faults;
mod front;
#[path = "../postgres_rows/mod.rs"]
mod postgres_rows;
#[path = "../../examples/local_cloud/storage.rs"]
mod storage;
#[path = "../../examples/local_cloud/storage_api.rs"]
mod storage_api;
mod world;

use reqwest::Method;
use serde_json::{Value, json};

use world::{PROJECT, World, by_check, file_of};

type Variables = &'static [(&'static str, &'static str)];
type Step = fn(&World);

/// A fault.
struct Fault {
    plant: Step,
    heal: Step,
    variables: Variables,
    options: &'static [&'static str],
    verdict: &'static str,
    check: &'static str,
    subject: &'static str,
    /// What is said of how to mend it.
    mend: &'static str,
}

const NONE: Step = |_| {};

/// One that is planted in the cloud and taken back.
const fn planted(
    check: &'static str,
    subject: &'static str,
    mend: &'static str,
    [plant, heal]: [Step; 2],
) -> Fault {
    Fault { plant, heal, variables: &[], options: &[], verdict: "fail", check, subject, mend }
}

/// One of the settings.
const fn set(variables: Variables, check: &'static str, subject: &'static str, mend: &'static str) -> Fault {
    Fault { plant: NONE, heal: NONE, variables, options: &[], verdict: "fail", check, subject, mend }
}

const fn only_warns(fault: Fault) -> Fault {
    Fault { verdict: "warn", ..fault }
}

/// Changes a subscription as somebody might by hand.
fn patch(world: &World, name: &str, field: &str, value: Value) {
    let full = format!("projects/{PROJECT}/subscriptions/{name}");
    let body = json!({ "subscription": { "name": full, field: value }, "updateMask": field });
    world.bus(Method::PATCH, &format!("subscriptions/{name}"), body);
}

fn delete(world: &World, what: &str) {
    world.bus(Method::DELETE, what, Value::Null);
}

fn make_topic(world: &World, name: &str) {
    world.bus(Method::PUT, &format!("topics/{name}"), json!({}));
}

const WORKER: &str = "nba.player_game_logs.worker.daily";
const DEAD_LETTERS: &str = "nba.player_game_logs.dead-letters";

fn dead_letter_policy(attempts: u32) -> Value {
    json!({ "deadLetterTopic": format!("projects/{PROJECT}/topics/{DEAD_LETTERS}"), "maxDeliveryAttempts": attempts })
}

fn on_the_bus() -> Vec<Fault> {
    vec![
        planted(
            "topics",
            "nba.site_results.completed",
            "tidegate gate",
            [|w| delete(w, "topics/nba.site_results.completed"), |w| w.make_what_is_missing()],
        ),
        planted(
            "subscriptions",
            "nba.player_game_logs.dead-letters.recorder",
            "tidegate gate",
            [
                |w| delete(w, "subscriptions/nba.player_game_logs.dead-letters.recorder"),
                |w| w.make_what_is_missing(),
            ],
        ),
        planted(
            "subscriptions",
            WORKER,
            "curl -X DELETE",
            [
                |w| patch(w, WORKER, "ackDeadlineSeconds", json!(10)),
                |w| patch(w, WORKER, "ackDeadlineSeconds", json!(60)),
            ],
        ),
        planted(
            "subscriptions",
            WORKER,
            "curl -X DELETE",
            [
                |w| patch(w, WORKER, "deadLetterPolicy", dead_letter_policy(5)),
                |w| patch(w, WORKER, "deadLetterPolicy", dead_letter_policy(100)),
            ],
        ),
        planted(
            "subscriptions",
            WORKER,
            "curl -X DELETE",
            [
                |w| patch(w, WORKER, "messageRetentionDuration", json!("3600s")),
                |w| patch(w, WORKER, "messageRetentionDuration", json!("604800s")),
            ],
        ),
        // Our own server has no subscription that expires, so the answer is changed into that of one that does.
        planted(
            "subscriptions",
            WORKER,
            "curl -X DELETE",
            [
                |w| w.pubsub_front.edit("/v1/projects/acme/subscriptions", Some(let_expire)),
                |w| w.pubsub_front.edit("/v1/projects/acme/subscriptions", None),
            ],
        ),
        only_warns(planted(
            "strays",
            "nba.forgotten.completed",
            "curl -X DELETE",
            [|w| make_topic(w, "nba.forgotten.completed"), |w| delete(w, "topics/nba.forgotten.completed")],
        )),
    ]
}

fn let_expire(answer: &mut Value) {
    for subscription in answer["subscriptions"].as_array_mut().expect("subscriptions") {
        if subscription["name"].as_str().is_some_and(|name| name.ends_with(WORKER)) {
            subscription["expirationPolicy"] = json!({ "ttl": "2678400s" });
        }
    }
}

fn of_rights() -> Vec<Fault> {
    vec![
        planted(
            "service agent",
            DEAD_LETTERS,
            "gcloud pubsub topics add-iam-policy-binding nba.player_game_logs.dead-letters --project=acme \
             --member=serviceAccount:service-415104041262@gcp-sa-pubsub.iam.gserviceaccount.com \
             --role=roles/pubsub.publisher",
            [
                |w| w.rights(|rights| rights.policies.get_mut(DEAD_LETTERS).expect("a policy")[0].1.clear()),
                |w| {
                    w.rights(|rights| {
                        let kept = rights.policies["nba.schedule.dead-letters"].clone();
                        rights.policies.insert(DEAD_LETTERS.to_owned(), kept);
                    });
                },
            ],
        ),
        planted(
            "service agent",
            WORKER,
            "gcloud pubsub subscriptions add-iam-policy-binding nba.player_game_logs.worker.daily",
            [|w| let_agent_be(w, "roles/viewer"), |w| let_agent_be(w, "roles/pubsub.subscriber")],
        ),
        planted(
            "rights",
            "roles/pubsub.publisher of client",
            "add-iam-policy-binding nba.schedule.work.backfill --project=acme \
             --member=serviceAccount:tidegate-client@acme.iam.gserviceaccount.com --role=roles/pubsub.publisher",
            [|w| deny(w, "nba.schedule.work.backfill", "pubsub.topics.publish"), allow],
        ),
        planted(
            "rights",
            "roles/storage.objectUser of client",
            "gcloud storage buckets add-iam-policy-binding gs://acme-lake",
            [|w| deny(w, "acme-lake", "storage.objects.create"), allow],
        ),
        planted(
            "rights",
            "roles/bigquery.jobUser of client",
            "gcloud projects add-iam-policy-binding acme",
            [|w| deny(w, "acme", "bigquery.jobs.create"), allow],
        ),
        Fault {
            options: &["--role", "worker"],
            ..planted(
                "rights",
                "roles/pubsub.subscriber of worker",
                "gcloud pubsub subscriptions add-iam-policy-binding nba.player_game_logs.worker.daily",
                [|w| deny(w, WORKER, "pubsub.subscriptions.consume"), allow],
            )
        },
        only_warns(planted(
            "lake",
            "gs://acme-lake, what it keeps",
            "gcloud storage buckets update gs://acme-lake --versioning --soft-delete-duration=7d",
            [
                |w| w.rights(|rights| rights.forgetful.extend(["acme-lake".to_owned()])),
                |w| w.rights(|rights| rights.forgetful.clear()),
            ],
        )),
    ]
}

/// The role of the service agent on the worker's subscription.
fn let_agent_be(world: &World, role: &str) {
    world.rights(|rights| rights.policies.get_mut(WORKER).expect("a policy")[0].0 = role.to_owned());
}

fn deny(world: &World, resource: &str, permission: &str) {
    world.rights(|rights| rights.denied.extend([(resource.to_owned(), permission.to_owned())]));
}

fn allow(world: &World) {
    world.rights(|rights| rights.denied.clear());
}

fn of_stores() -> Vec<Fault> {
    vec![
        planted(
            "bigquery tables",
            "player_game_summary",
            "bq rm -f -t acme:nba.player_game_summary",
            [|w| retype(w, "STRING"), |w| retype(w, "INTEGER")],
        ),
        only_warns(planted(
            "bigquery tables",
            "player_game_summary",
            "rollout restart deployment/tidegate-sink",
            [|w| demand_a_date(w, false), |w| demand_a_date(w, true)],
        )),
        set(
            &[("TIDEGATE__PUBLISHED__BUCKET", "gone-site")],
            "published",
            "gs://gone-site",
            "published.bucket",
        ),
        set(&[("TIDEGATE__LAKE__BUCKET", "Not a name")], "lake", "Not a name", "lake.bucket"),
        set(&[("TIDEGATE__BIGQUERY__LOCATION", "EU")], "bigquery dataset", "acme.nba", "bigquery.location"),
        set(&[("TIDEGATE__LANDING__DIRECTORY", "/nowhere")], "landing", "/nowhere", "landing.directory"),
        planted(
            "newest units",
            "nba.player_game_summary 2023-10-24",
            "--from 2023-10-24 --to 2023-10-24 --only player_game_summary --force",
            [
                |w| {
                    w.storage.put("acme-lake", &file_of("player_game_summary"), "not what was written");
                },
                |w| {
                    let kept = front::held(&KEPT).clone();
                    w.storage.put("acme-lake", &file_of("player_game_summary"), kept);
                },
            ],
        ),
        Fault {
            options: &["--probe"],
            ..planted(
                "probe",
                "gs://acme-lake",
                "lake.bucket",
                [
                    |w| w.storage_front.forget_conditions(Some("acme-lake")),
                    |w| w.storage_front.forget_conditions(None),
                ],
            )
        },
    ]
}

/// The file that a fault has damaged.
static KEPT: std::sync::Mutex<Vec<u8>> = std::sync::Mutex::new(Vec::new());

fn retype(world: &World, kind: &str) {
    world.bigquery.meddle("nba", "player_game_summary", |table| {
        let fields = table["schema"]["fields"].as_array_mut().expect("columns");
        let column = fields.iter_mut().find(|field| field["name"] == "points").expect("a column");
        column["type"] = json!(kind);
    });
}

fn demand_a_date(world: &World, demand: bool) {
    world
        .bigquery
        .meddle("nba", "player_game_summary", |table| table["requirePartitionFilter"] = json!(demand));
}

fn of_the_ledger() -> Vec<Fault> {
    vec![
        set(
            &[
                ("TIDEGATE__LEDGER__USER", "locked"),
                ("TIDEGATE__LEDGER__PASSWORD__ENV", "LEDGER_SECRET"),
                ("LEDGER_SECRET", "hunter2-wrong"),
            ],
            "ledger",
            "locked@",
            "LEDGER_SECRET",
        ),
        set(&[("TIDEGATE__LEDGER__DATABASE", "elsewhere")], "ledger", "/elsewhere", "ledger.database"),
        set(&[("TIDEGATE__LEDGER__USER", "reader")], "ledger rights", "reader", "GRANT ALL ON ALL TABLES"),
        set(
            &[("TIDEGATE__LEDGER__CONNECTIONS_MAX", "100")],
            "ledger connections",
            "",
            "ledger.connections_max",
        ),
        set(
            &[("TIDEGATE__LEDGER__PASSWORD__FILE", "/nowhere/password")],
            "settings",
            "ledger.password",
            "/nowhere/password",
        ),
        set(&[("TIDEGATE__LEDGER__HOTS", "h")], "settings", "tidegate.toml", "variable of the environment"),
        planted(
            "ledger schema",
            "",
            "tidegate status --home",
            [
                |w| w.ledger_sql("UPDATE ledger_schema SET version = version - 1"),
                |w| w.ledger_sql("UPDATE ledger_schema SET version = version + 1"),
            ],
        ),
        planted(
            "lease",
            "nba.player_game_summary",
            ".taking_up_to(",
            [
                |w| {
                    w.ledger_sql(
                        "UPDATE units SET duration_ms = 7200000 WHERE dataset = 'nba.player_game_summary'",
                    )
                },
                |w| {
                    w.ledger_sql(
                        "UPDATE units SET duration_ms = 1500 WHERE dataset = 'nba.player_game_summary'",
                    )
                },
            ],
        ),
        only_warns(planted(
            "code",
            "nba.player_game_summary",
            "tidegate run nba --home",
            [
                |w| {
                    w.ledger_sql("UPDATE units SET code = code + 1 WHERE dataset = 'nba.player_game_summary'")
                },
                |w| {
                    w.ledger_sql("UPDATE units SET code = code - 1 WHERE dataset = 'nba.player_game_summary'")
                },
            ],
        )),
    ]
}

/// A user whose password is asked for, and one who may only read.
fn make_users(world: &World) {
    world.ledger_sql(
        "CREATE ROLE locked LOGIN PASSWORD 'hunter2';
         CREATE ROLE reader LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader;
         DO $$ BEGIN EXECUTE format(
             'COPY (VALUES (''host all locked all scram-sha-256''), (''host all all all trust'')) TO %L',
             current_setting('hba_file')); END $$;
         SELECT pg_reload_conf();",
    );
}

fn judge(world: &World, fault: &Fault) {
    (fault.plant)(world);
    let said = world.doctor(fault.variables, fault.options);
    (fault.heal)(world);
    let findings = said.findings(&["fail", "warn"]);
    let Fault { verdict, check, subject, mend, .. } = fault;
    let name = format!("{check} {subject} {:?}", fault.variables);
    assert_eq!(findings.len(), 1, "{name}: {findings:#?}");
    let [found_check, found_subject, _, found_mend] = &findings[0];
    assert_eq!(found_check, check, "{name}: {findings:#?}");
    assert!(found_subject.contains(subject), "{name}: {findings:#?}");
    assert!(found_mend.contains(mend), "{name}: {findings:#?}");
    assert_eq!(said.findings(&[verdict]).len(), 1, "{name}: {findings:#?}");
    let is_failure = *verdict == "fail";
    assert!(!is_failure || said.code == Some(3), "{name}: {:?}", said.code);
    assert!(!said.text.contains("hunter2"), "{name}: a secret is shown: {}", said.text);
    println!("{name}: {}", found_mend);
}

#[test]
fn each_fault_of_a_cloud_home_is_named_once_with_its_mend() {
    let world = World::healthy();
    make_users(&world);
    world.storage.delete_bucket("gone-site");

    let well = world.doctor(&[], &["--probe"]);
    assert_eq!(well.findings(&["fail", "warn", "unknown"]), Vec::<[String; 4]>::new());
    assert_eq!((well.code, &well.json["verdict"]), (Some(0), &json!("ok")));
    for role in ["gate", "worker", "scheduler", "sink"] {
        let said = world.doctor(&[], &["--role", role, "--probe"]);
        assert_eq!(said.findings(&["fail", "warn", "unknown"]), Vec::<[String; 4]>::new(), "{role}");
    }
    assert!(world.storage.list("acme-lake", ".tidegate-doctor").is_empty(), "a probe was left behind");
    println!("{}", world.doctor_text(&[]));

    // Emulators know no rights: nothing of that is called well, and nothing wrong.
    world.rights(|rights| rights.served = false);
    let said = world.doctor(&[], &[]);
    assert_eq!(said.findings(&["fail", "warn"]), Vec::<[String; 4]>::new());
    let unknown = said.findings(&["unknown"]);
    let checks: Vec<&str> = by_check(&unknown).into_keys().collect();
    assert_eq!(checks, ["lake", "published", "rights", "service agent"], "{unknown:#?}");
    assert_eq!(said.code, Some(0));
    world.rights(|rights| rights.served = true);

    let kept = world.storage.get("acme-lake", &file_of("player_game_summary")).expect("the file").0;
    *front::held(&KEPT) = kept.to_vec();
    for fault in [on_the_bus(), of_rights(), of_stores(), of_the_ledger()].into_iter().flatten() {
        judge(&world, &fault);
    }

    // Each was taken back, so the home is well again.
    let well = world.doctor(&[], &[]);
    assert_eq!(well.findings(&["fail", "warn", "unknown"]), Vec::<[String; 4]>::new());

    // Who does not answer is not called well, and the others are asked all the same.
    let away: Variables =
        &[("TIDEGATE__PUBSUB__ENDPOINT", "http://127.0.0.1:1"), ("TIDEGATE__LEDGER__PORT", "1")];
    let said = world.doctor(away, &[]);
    assert_eq!(said.findings(&["fail", "warn"]), Vec::<[String; 4]>::new());
    let unknown = said.findings(&["unknown"]);
    let asked = by_check(&unknown);
    assert!(asked.contains_key("topics") && asked.contains_key("ledger"), "{unknown:#?}");
    assert_eq!(said.code, Some(1));

    // A ledger that was not asked for want of a password is no server to be looked for.
    let said = world.doctor(&[("TIDEGATE__LEDGER__PASSWORD__FILE", "/nowhere/password")], &[]);
    let unknown = said.findings(&["unknown"]);
    let mend = unknown.iter().find(|[check, ..]| check == "ledger").map(|[.., mend]| mend.as_str());
    let names_the_place =
        |mend: &str| mend.contains("into /nowhere/password") && !mend.contains("ledger.port");
    assert!(mend.is_some_and(names_the_place), "{unknown:#?}");
}
