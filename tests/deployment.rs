//! What is committed for the cloud says what the program says: its topology, its compiler, how long its slowest task
//! takes, how it is called, what it calls its settings. The manifests and the terraform themselves are checked by `tests/deployment.sh`.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

use tidegate::flow::{Cascade, Lane, Topology};
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
