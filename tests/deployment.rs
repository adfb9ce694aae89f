//! What is committed for the cloud says what the program says: its topology, its compiler, how long its slowest task
//! takes. The manifests and the terraform themselves are checked by `tests/deployment.sh`.

use std::path::{Path, PathBuf};
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
