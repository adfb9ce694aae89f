//! Writes the league to a directory, in the layout of a landing zone: one zip for each source, season and
//! season type, a member for each date, and the schedule of each season. The one file here that does IO.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::adapters::sources::ending;
use crate::flow::Date;

use super::payloads::{self, Resource};
use super::season::{PlayedSeason, Stage};
use super::{SimulatedLeague, season_of};

/// Why the league could not be written.
#[derive(Debug, thiserror::Error)]
pub enum LandingError {
    /// A file or directory could not be made or written.
    #[error("{path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl SimulatedLeague {
    /// Writes all seasons below `directory`: `<source>/<season>.zip` and `<season>-playoffs.zip` with members
    /// `<date>.json` (`<date>.pdf` for injury reports), and `schedule/<season>.json.gz`. The same settings give the same bytes.
    pub fn write_landing_zone(&self, directory: &Path) -> Result<(), LandingError> {
        for year in &self.league.seasons {
            let season = season_of(&self.league, &self.played, *year);
            write_schedule(directory, &season)?;
            for resource in [
                Resource::PlayerGameLogs,
                Resource::TeamGameLogs,
                Resource::ShotChartDetail,
                Resource::PlayerProps,
                Resource::PlayerIndex,
                Resource::InjuryReport,
            ] {
                for (stage, part) in [(Stage::Regular, ""), (Stage::Playoffs, "-playoffs")] {
                    let path = directory.join(resource.name()).join(format!("{}{part}.zip", season.season));
                    write_zip(&path, &season, resource, stage).map_err(at(&path))?;
                }
            }
        }
        Ok(())
    }
}

fn write_schedule(directory: &Path, season: &PlayedSeason) -> Result<(), LandingError> {
    let path = directory.join("schedule").join(format!("{}.json.gz", season.season));
    let write = || {
        let mut file =
            flate2::GzBuilder::new().mtime(0).write(create(&path)?, flate2::Compression::default());
        file.write_all(&payloads::season_schedule(season).bytes)?;
        file.finish()?.sync_all()
    };
    write().map_err(at(&path))
}

fn write_zip(path: &Path, season: &PlayedSeason, resource: Resource, stage: Stage) -> io::Result<()> {
    let of_stage = |date: &Date| season.on(*date).first().is_some_and(|game| game.stage == stage);
    let mut members = season
        .dates()
        .filter(of_stage)
        .filter_map(|date| payloads::of_date(season, resource, date).map(|payload| (date, payload)))
        .peekable();
    if members.peek().is_none() {
        return Ok(());
    }
    let mut zip = ZipWriter::new(create(path)?);
    for (date, payload) in members {
        // The default time of a member is a fixed one, not the clock's.
        zip.start_file(format!("{date}.{}", ending(resource.name())), SimpleFileOptions::DEFAULT)?;
        zip.write_all(&payload.bytes)?;
    }
    zip.finish()?.sync_all()
}

fn create(path: &Path) -> io::Result<File> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    File::create(path)
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> LandingError {
    let path = path.to_owned();
    move |source| LandingError::Io { path, source }
}
