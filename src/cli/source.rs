//! Where payloads come from: the options that say so, what a home remembers of them, and the source that
//! they make. A home holds data of one source, so the two must agree.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use serde::{Deserialize, Serialize};

use super::ending::wrong_usage;
use super::home::Home;
use crate::adapters::sources::{LandingZone, League, SimulatedLeague};
use crate::fleet::Source;
use crate::flow::Date;

/// The civil year in which the last simulated season starts.
const LAST_SEASON: i32 = 2023;

/// Where the payloads come from. A home remembers it, so that it must be said only once.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Source")]
pub(super) struct SourceOptions {
    /// Directory of raw payloads, never changed by the program
    #[arg(long, value_name = "DIR", conflicts_with = "simulate")]
    pub(super) landing: Option<PathBuf>,
    /// Invent a league instead: whole seasons from a seed, without any download
    #[arg(long)]
    pub(super) simulate: bool,
    /// Look at the payloads as they were on the morning of this date: of it and of what follows only the
    /// schedule [default: today]
    #[arg(long, value_name = "DATE")]
    pub(super) as_of: Option<Date>,
    /// Which simulated league [default: 1]
    #[arg(long, value_name = "N", requires = "simulate")]
    seed: Option<u64>,
    /// How many simulated seasons, up to 2023-24 [default: 2]
    #[arg(long, value_name = "N", requires = "simulate")]
    seasons: Option<u16>,
    /// Teams of the simulated league, even [default: 30]
    #[arg(long, value_name = "N", requires = "simulate")]
    teams: Option<usize>,
    /// Games of each simulated team in a regular season [default: 82]
    #[arg(long, value_name = "N", requires = "simulate")]
    games: Option<usize>,
}

/// A source as a home remembers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Remembered {
    /// A landing zone. It may move: content decides what is to be done again.
    Landing {
        /// Its directory.
        directory: PathBuf,
    },
    /// The simulated league.
    Simulated {
        /// All chance follows from it.
        seed: u64,
        /// How many seasons.
        seasons: u16,
        /// How many teams.
        teams: usize,
        /// Games of each team in a regular season.
        games: usize,
    },
}

impl Remembered {
    /// What the options and the home together say; an error where they do not agree or say nothing.
    pub(super) fn choose(options: &SourceOptions, home: &Home) -> anyhow::Result<Self> {
        let remembered = home.remembered()?.map(|(_, source)| source);
        let refused = |holds: &str| {
            wrong_usage(format!(
                "the home {} holds data of {holds}; a home holds data of one source: give another --home",
                home.root().display()
            ))
        };
        match (&options.landing, options.simulate, remembered) {
            (Some(_), _, Some(Self::Simulated { seed, .. })) => {
                Err(refused(&format!("the simulated league with seed {seed}")))
            }
            (Some(directory), _, None | Some(Self::Landing { .. })) => {
                check_landing(directory)?;
                let directory = std::path::absolute(directory)
                    .with_context(|| format!("cannot find {}", directory.display()))?;
                Ok(Self::Landing { directory })
            }
            (None, true, Some(Self::Landing { directory })) => {
                Err(refused(&format!("the landing zone {}", directory.display())))
            }
            (None, true, Some(league @ Self::Simulated { .. })) => {
                if options.simulated(Some(&league)) == league {
                    Ok(league)
                } else {
                    Err(refused(&league.describe()))
                }
            }
            (None, true, None) => Ok(options.simulated(None)),
            (None, false, Some(remembered)) => {
                if let Self::Landing { directory } = &remembered {
                    check_landing(directory)?;
                }
                Ok(remembered)
            }
            (None, false, None) => Err(wrong_usage(format!(
                "the home {} is new: say where the payloads come from, with --landing DIR or --simulate",
                home.root().display()
            ))),
        }
    }

    /// For people.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Landing { directory } => format!("the landing zone {}", directory.display()),
            Self::Simulated { seed, seasons, teams, games } => format!(
                "the simulated league with seed {seed}, {seasons} seasons, {teams} teams and {games} games a team"
            ),
        }
    }

    /// The source itself.
    pub(super) fn open(&self) -> anyhow::Result<Arc<dyn Source>> {
        match self {
            Self::Landing { directory } => {
                let landing = LandingZone::open(directory).map_err(|error| wrong_usage(error.to_string()))?;
                Ok(Arc::new(landing))
            }
            Self::Simulated { seed, seasons, teams, games } => {
                let first = LAST_SEASON + 1 - i32::from(*seasons);
                let league = League {
                    seed: *seed,
                    seasons: (first..=LAST_SEASON).collect(),
                    teams: *teams,
                    games_per_team: *games,
                };
                let league = SimulatedLeague::new(league).map_err(|error| wrong_usage(error.to_string()))?;
                Ok(Arc::new(league))
            }
        }
    }
}

impl SourceOptions {
    /// The simulated league of the options; what they leave open is as it was, or the default.
    fn simulated(&self, before: Option<&Remembered>) -> Remembered {
        let (seed, seasons, teams, games) = match before {
            Some(Remembered::Simulated { seed, seasons, teams, games }) => (*seed, *seasons, *teams, *games),
            Some(Remembered::Landing { .. }) | None => (1, 2, 30, 82),
        };
        Remembered::Simulated {
            seed: self.seed.unwrap_or(seed),
            seasons: self.seasons.unwrap_or(seasons),
            teams: self.teams.unwrap_or(teams),
            games: self.games.unwrap_or(games),
        }
    }
}

fn check_landing(directory: &Path) -> anyhow::Result<()> {
    if directory.is_dir() {
        return Ok(());
    }
    let what = if directory.exists() { "is not a directory" } else { "does not exist" };
    Err(wrong_usage(format!(
        "the landing zone {} {what}; give its place with --landing DIR",
        directory.display()
    )))
}
