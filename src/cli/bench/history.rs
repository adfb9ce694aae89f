//! A real history through the fleet, as a process of its own, beside the same reads and computations in a
//! plain sequential loop with neither messages nor ledger; and the fleet's peak memory.

use std::fmt;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

use crate::adapters::sources::LandingZone;
use crate::cli::assemble::plain_engine;
use crate::cli::embedded::cores;
use crate::fleet::sequential;
use crate::pipelines::nba::POINTS_MODEL;

/// Between two looks at the process's peak memory, which only ever grows.
const LOOK: Duration = Duration::from_millis(20);

/// What was measured.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    units: u64,
    sequential_seconds: f64,
    fleet_seconds: f64,
    /// The same without training: less its computing, spread over the cores. Target: at most 60.
    fleet_seconds_beyond_training: f64,
    /// The sequential loop's time in times of the fleet's. Target: at least 1.
    fleet_times_as_fast: f64,
    /// The fleet's peak resident memory. Target: at most 700 MB.
    fleet_peak_mb: f64,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "history of {} units: fleet {:.1} s (start to end, {:.1} s beyond training, peak memory {:.0} MB), plain \
             sequential loop {:.1} s\n  the fleet is {:.2} times as fast",
            self.units,
            self.fleet_seconds,
            self.fleet_seconds_beyond_training,
            self.fleet_peak_mb,
            self.sequential_seconds,
            self.fleet_times_as_fast
        )
    }
}

pub(super) async fn measure(scratch: &Path, landing: &Path) -> anyhow::Result<Figures> {
    let engine = plain_engine(&scratch.join("sequential"), Arc::new(LandingZone::open(landing)?)).await?;
    let started = Instant::now();
    let units = sequential(&engine, 0..engine.calendar().len(), "bench").await?;
    let sequential_seconds = started.elapsed().as_secs_f64();
    drop(engine);
    let fleet = fleet(scratch, landing).await?;
    Ok(Figures {
        units,
        sequential_seconds,
        fleet_seconds: fleet.seconds,
        fleet_seconds_beyond_training: fleet.seconds - fleet.training_seconds / cores() as f64,
        fleet_times_as_fast: sequential_seconds / fleet.seconds,
        fleet_peak_mb: fleet.peak_mb,
    })
}

/// What the fleet's run took.
struct Run {
    seconds: f64,
    /// Of all cores together.
    training_seconds: f64,
    peak_mb: f64,
}

async fn fleet(scratch: &Path, landing: &Path) -> anyhow::Result<Run> {
    let answer = scratch.join("fleet.json");
    let started = Instant::now();
    let mut process = Command::new(std::env::current_exe()?)
        .args(["run", "nba", "--json", "--landing"])
        .arg(landing)
        .arg("--home")
        .arg(scratch.join("fleet"))
        .stdout(File::create(&answer)?)
        .stderr(Stdio::null())
        .spawn()
        .context("cannot start the fleet as a process of its own")?;
    let mut peak_mb = 0.0;
    let status = loop {
        if let Some(status) = process.try_wait()? {
            break status;
        }
        peak_mb = peak_of(&process).unwrap_or(peak_mb);
        tokio::time::sleep(LOOK).await;
    };
    let seconds = started.elapsed().as_secs_f64();
    if !matches!(status.code(), Some(0 | 3)) {
        bail!("the fleet's run failed ({status}); run it by itself to see why");
    }
    let answer: Value = serde_json::from_reader(File::open(&answer)?).context("the run's answer")?;
    let training = answer["datasets"].as_array().into_iter().flatten();
    let training = training.filter(|line| line["dataset"] == POINTS_MODEL.name().as_str());
    let training_ms: u64 = training.filter_map(|line| line["compute_ms"].as_u64()).sum();
    Ok(Run { seconds, training_seconds: training_ms as f64 / 1_000.0, peak_mb })
}

/// Peak resident memory in MB, as Linux tells it; `None` elsewhere, and once the process has ended.
fn peak_of(process: &Child) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{}/status", process.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1024.0 / 1e6)
}
