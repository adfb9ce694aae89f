//! The league's public service as somebody asks for it on the command line: where it is, which key, into
//! which landing zone. Makes the upstream; fetches nothing itself but a first schedule.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::ending::wrong_usage;
use super::settings::named_variable;
use crate::adapters::sources::{Key, LandingZone, LiveSettings, LiveUpstream};
use crate::fleet::{Clock, Feeds, Source, SystemClock, Upstream};
use crate::pipelines::nba::{INTAKE, NBA, NBA_RHYTHM};

/// How the service is asked.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Service")]
pub(super) struct UpstreamOptions {
    /// Variable of the environment that has the key to bookmakers' offers (api.the-odds-api.com)
    #[arg(long, value_name = "NAME", conflicts_with = "odds_key_file")]
    odds_key_variable: Option<String>,
    /// File that has it
    #[arg(long, value_name = "PATH")]
    odds_key_file: Option<PathBuf>,
    /// One place instead of all hosts, each below its name: a mirror, or a server for tests
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// Keep no spacing between requests
    #[arg(long, hide = true, requires = "base_url")]
    unspaced: bool,
}

impl UpstreamOptions {
    /// The upstream that fills this landing zone, which is made where it is not there.
    pub(super) fn open(&self, landing: &Path, force: bool) -> anyhow::Result<LiveUpstream> {
        let settings = LiveSettings {
            landing: landing.to_owned(),
            intake: &INTAKE,
            base_url: self.base_url.clone(),
            odds_key: self.odds_key()?,
            force,
            spaced: !self.unspaced,
        };
        Ok(LiveUpstream::open(settings, Arc::new(SystemClock))?)
    }

    /// What a fleet lives on that fetches into this landing zone: the upstream, and a schedule to begin with.
    pub(super) async fn feeds(&self, landing: &Path) -> anyhow::Result<Feeds> {
        let upstream = self.open(landing, false)?;
        let zone = LandingZone::open(landing)?;
        if zone.calendar(NBA.calendar_source).await.is_err() {
            let today = NBA_RHYTHM.today(SystemClock.now());
            upstream.fetch_schedule((NBA_RHYTHM.season)(today)).await?;
        }
        let sources = upstream.sources();
        Ok(Feeds { upstream: Arc::new(upstream), sources })
    }

    fn odds_key(&self) -> anyhow::Result<Option<Key>> {
        let text = match (&self.odds_key_variable, &self.odds_key_file) {
            (Some(name), _) => named_variable(name)?,
            (None, Some(path)) => fs::read_to_string(path)
                .map_err(|error| wrong_usage(format!("--odds-key-file {}: {error}", path.display())))?,
            (None, None) => return Ok(None),
        };
        Ok(Some(Key::of(&text)))
    }
}
