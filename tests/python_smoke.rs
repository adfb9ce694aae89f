//! The official Python client against the embedded server: makes a virtual environment, installs the client from
//! the package index, runs `tests/python_smoke/smoke.py`. Only by name: `cargo test --test python_smoke`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Command, Stdio};
use tidegate::broker::{BrokerConfig, Server};

fn succeeded(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_python_client_gets_what_it_expects() {
    let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python-smoke");
    if !venv.join("bin/pip").exists() {
        succeeded(Command::new("python3").args(["-m", "venv"]).arg(&venv));
    }
    let pip = venv.join("bin/pip");
    succeeded(Command::new(pip).args(["install", "--quiet", "google-cloud-pubsub"]));
    let home = tempfile::tempdir().unwrap();
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = Server::start(BrokerConfig::durable(home.path(), listen).unwrap()).await.unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python_smoke/smoke.py");
    let mut python = Command::new(venv.join("bin/python"));
    python.arg(script).env("PUBSUB_EMULATOR_HOST", server.local_addr().to_string());
    tokio::task::spawn_blocking(move || succeeded(&mut python)).await.unwrap();
    server.shutdown().await.unwrap();
}
