//! What is committed for the cloud says what the program says: its topology, its compiler, how long its slowest task
//! takes, how it is called, what it calls its settings. The manifests and the terraform themselves are checked by `tests/deployment.sh`.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

use tidegate::doctor::{Role, Scope, needs};
use tidegate::flow::{Cascade, Lane, RETENTION_SECONDS, Topology};
use tidegate::pipelines::nba::NBA;

fn committed(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn text(path: &str) -> String {
    fs::read_to_string(committed(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn the_terraform_has_the_topology_of_the_declarations() {
    let path = committed("terraform/topology/nba.json");
    let cascade = Cascade::of(&NBA).expect("a cascade");
    let json = serde_json::to_value(Topology::of(&cascade).with_sink(&cascade)).expect("JSON");
    let wanted = format!("{json:#}\n");
    if env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
        fs::write(&path, &wanted).expect("written");
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == wanted,
        "{} is not the topology of the declarations; write it anew with \
         `INSTA_UPDATE=always cargo test --test deployment`, and look at what terraform will change",
        path.display()
    );
}

#[test]
fn the_image_is_built_by_the_projects_compiler() {
    let toolchain = text("rust-toolchain.toml");
    let version = toolchain.split('"').nth(1).expect("channel = \"...\"").to_owned();
    let dockerfile = text("Dockerfile");
    for wanted in [format!("rust:{version}-"), format!("RUSTUP_TOOLCHAIN={version} ")] {
        assert!(dockerfile.contains(&wanted), "Dockerfile lacks `{wanted}`, as rust-toolchain.toml has it");
    }
}

#[test]
fn a_worker_may_end_its_slowest_task() {
    let slowest = NBA.processors.iter().map(|processor| processor.slowest_seconds).max().expect("processors");
    for lane in Lane::ALL {
        let manifest = text(&format!("k8s/base/worker-{}.yaml", lane.as_str()));
        let (_, grace) = manifest.split_once("terminationGracePeriodSeconds: ").expect("a grace period");
        let grace: u32 = grace.lines().next().unwrap_or_default().parse().expect("seconds");
        assert!(
            grace > slowest + 30,
            "{lane:?}: a pod has {grace} s, but a task may take {slowest} s and is committed then"
        );
    }
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn program(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tidegate")).args(arguments).output().expect("the program starts")
}

#[test]
fn manifests_call_the_program_as_it_wants_to_be_called() {
    let mut calls = 0;
    for path in files(&committed("k8s")) {
        let manifest = fs::read_to_string(&path).expect("a readable file");
        for line in manifest.lines() {
            let arguments = line.trim().strip_prefix("args: [").and_then(|rest| rest.strip_suffix(']'));
            let Some(arguments) = arguments else { continue };
            calls += 1;
            let given = arguments.replace("DATE", "2024-01-26");
            let output = program(&given.split(", ").chain(["--help"]).collect::<Vec<_>>());
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{}: args: [{arguments}]: {said}", path.display());
        }
    }
    assert!(calls >= 8, "{calls} calls; the roles alone are five");
}

#[test]
fn the_program_understands_the_homes_of_the_overlays() {
    for environment in ["staging", "prod"] {
        let home = committed("k8s/overlays").join(environment).join("environment");
        // The settings are read first, so this goes no further than the lane, which is refused.
        let output = program(&["worker", "--lane", "none", "--home", home.to_str().expect("a path")]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("there is no lane `none`"), "{environment}: {said}");
    }
}

/// A block of terraform's text: what follows `begin` up to its closing brace.
fn block<'a>(text: &'a str, begin: &str) -> &'a str {
    let (_, rest) = text.split_once(begin).unwrap_or_else(|| panic!("terraform lacks `{begin}`"));
    let mut depth = 1;
    let end = rest.find(|sign| {
        depth += i32::from(sign == '{') - i32::from(sign == '}');
        depth == 0
    });
    &rest[..end.expect("a closing brace")]
}

/// The line of a block that begins so.
fn line<'a>(block: &'a str, begin: &str) -> &'a str {
    let lines = block.lines().map(str::trim);
    lines.clone().find(|line| line.starts_with(begin)).unwrap_or_else(|| panic!("no `{begin}` in {block}"))
}

#[test]
fn the_terraform_gives_each_role_what_the_program_needs_and_nothing_else() {
    let pubsub = text("terraform/modules/pubsub/main.tf");
    let (readers, publishers) = (block(&pubsub, "readers = {"), block(&pubsub, "publishers = {"));
    let engine = line(&pubsub, "engine =");
    let lake = text("terraform/modules/lake/main.tf");
    let buckets = block(&lake, "buckets = {");
    let identities = text("terraform/modules/identities/main.tf");
    let projects = block(&identities, "project_roles = {");
    let bigquery = text("terraform/modules/bigquery/main.tf");
    for role in Role::ALL {
        let name = role.as_str();
        let member = format!("members[\"{name}\"]");
        let publishes = |kind: &str| {
            let line = line(publishers, kind);
            line.contains(&member) || (line.contains("local.engine") && engine.contains(&member))
        };
        let reads = |purpose: &str| line(readers, &format!("{purpose} ")).ends_with(&format!("\"{name}\""));
        let holds = |bucket: &str, kind: &str| {
            line(block(buckets, &format!("{bucket} = {{")), &format!("({kind})")).contains(&member)
        };
        let on_project = |role: &str| {
            let wanted = format!("account = \"{name}\", role = \"{role}\"");
            projects.lines().any(|line| line.contains(&wanted))
        };
        let on_tables = |role: &str| {
            let wanted = format!("\"{name}\" = {{ role = \"{role}\"");
            bigquery.contains(&wanted)
        };
        let (publisher, subscriber) = ("roles/pubsub.publisher", "roles/pubsub.subscriber");
        let (user, viewer) = ("roles/storage.objectUser", "roles/storage.objectViewer");
        let given = [
            (Scope::Completions, publisher, publishes("completed")),
            (Scope::Orders, publisher, publishes("work")),
            (Scope::DeadLetters, publisher, publishes("dead-letters")),
            (Scope::GateSubscriptions, subscriber, reads("gate")),
            (Scope::WorkSubscriptions, subscriber, reads("work")),
            (Scope::RecorderSubscriptions, subscriber, reads("dead_letters")),
            (Scope::SinkSubscriptions, subscriber, reads("sink")),
            (Scope::Lake, user, holds("lake", "local.user")),
            (Scope::Lake, viewer, holds("lake", "local.viewer")),
            (Scope::Published, user, holds("published", "local.user")),
            (Scope::Published, viewer, holds("published", "local.viewer")),
            (Scope::Tables, "roles/bigquery.dataEditor", on_tables("roles/bigquery.dataEditor")),
            (Scope::Tables, "roles/bigquery.dataViewer", on_tables("roles/bigquery.dataViewer")),
            (Scope::Jobs, "roles/bigquery.jobUser", on_project("roles/bigquery.jobUser")),
            (Scope::Listing, "roles/pubsub.viewer", on_project("roles/pubsub.viewer")),
        ];
        let needed = needs(role);
        for (scope, grant, is_given) in given {
            let is_needed = needed.iter().any(|need| (need.scope, need.grant) == (scope, grant));
            assert_eq!(is_given, is_needed, "{name}: {grant} on {scope:?}: given by the terraform, needed");
        }
        for need in &needed {
            let is_known = given.iter().any(|(scope, grant, _)| (*scope, *grant) == (need.scope, need.grant));
            assert!(is_known, "{name}: {need:?} is not looked for in the terraform");
        }
    }
}

#[test]
fn the_terraform_keeps_messages_as_long_as_the_program_demands() {
    let variables = text("terraform/modules/pubsub/variables.tf");
    let retention = block(&variables, "variable \"subscription_retention\" {");
    assert_eq!(line(retention, "default"), format!("default     = \"{RETENTION_SECONDS}s\""));
    assert!(text("terraform/modules/pubsub/main.tf").contains("expiration_policy {\n    ttl = \"\"\n  }"));
}
