//! `tidegate bench`: what the machinery costs, as ratios measured in one run on this machine. Everything is
//! the real thing, durable, in a directory of its own that is removed afterwards; nothing touches a home.

mod cascade;
mod history;
mod hop;
mod lanes;

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, ValueEnum};
use serde::Serialize;
use serde_json::Value;

use super::ending::Ending;
use super::settings::Settings;

const EXAMPLES: &str = "\
Examples:
  tidegate bench                                  the cascade without work, and the server's hop
  tidegate bench --landing ../shared/data/nba     and a real history, beside a plain sequential loop
  tidegate bench --only lanes                     days while a backfill is under way
  tidegate bench --only hop --json";

/// Options of `tidegate bench`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Options {
    /// A landing zone whose whole history is run through the fleet and through a plain sequential loop
    #[arg(long, value_name = "DIR")]
    landing: Option<PathBuf>,
    /// Measure only these
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// Where to put what is measured; the disk decides much of it [default: the system's temporary directory]
    #[arg(long, value_name = "DIR")]
    scratch: Option<PathBuf>,
}

/// A part of the measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Five processors over 200, 2,000 and 9,000 dates, without work.
    Cascade,
    /// The Pub/Sub server: one message's way, and a backlog, beside Google's emulator where installed.
    Hop,
    /// A real history, beside a plain sequential loop; and its peak memory.
    History,
    /// A day that comes while a backfill is under way, beside one that comes to an idle fleet.
    Lanes,
}

/// Everything that was measured.
#[derive(Debug, Default, Serialize)]
struct Report {
    cores: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    cascade: Option<cascade::Figures>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hop: Option<hop::Figures>,
    #[serde(skip_serializing_if = "Option::is_none")]
    history: Option<history::Figures>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lanes: Option<lanes::Figures>,
}

/// A directory that goes away with the value.
struct Scratch(PathBuf);

impl Scratch {
    fn make(options: &Options) -> anyhow::Result<Self> {
        let parent = options.scratch.clone().unwrap_or_else(std::env::temp_dir);
        let path = parent.join(format!("tidegate-bench-{}", std::process::id()));
        std::fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(path = %self.0.display(), %error, "what was measured with is left behind");
        }
    }
}

/// Measures and prints.
pub(super) async fn run(options: Options, settings: &Settings) -> anyhow::Result<Ending> {
    let scratch = Scratch::make(&options)?;
    let wanted = |part| options.only.is_empty() || options.only.contains(&part);
    let mut report = Report { cores: super::embedded::cores(), ..Report::default() };
    let say = |text: String| {
        if !settings.json {
            settings.print(&format!("{text}\n"), || Value::Null);
        }
    };
    if wanted(Part::Cascade) {
        let figures = cascade::measure(&scratch.0).await?;
        say(figures.to_string());
        report.cascade = Some(figures);
    }
    if wanted(Part::Hop) {
        let figures = hop::measure(&scratch.0).await?;
        say(figures.to_string());
        report.hop = Some(figures);
    }
    if wanted(Part::Lanes) {
        let figures = lanes::measure(&scratch.0).await?;
        say(figures.to_string());
        report.lanes = Some(figures);
    }
    match &options.landing {
        Some(landing) if wanted(Part::History) => {
            let figures = history::measure(&scratch.0, landing).await?;
            say(figures.to_string());
            report.history = Some(figures);
        }
        None if options.only.contains(&Part::History) => {
            return Err(super::ending::wrong_usage("--only history needs --landing DIR"));
        }
        Some(_) => {}
        None => say("history: not measured; give --landing DIR".to_owned()),
    }
    if settings.json {
        let report = serde_json::to_value(&report)?;
        settings.print("", || report);
    }
    Ok(Ending::AllDone)
}
