//! Where raw payloads come from: landing zones and the simulated league are read, the league's service is
//! asked and its answers land. None interprets what it hands over.

mod landing_zone;
mod live;
mod simulated_league;

pub use landing_zone::{LandingZone, SourceError};
pub use live::{Key, LiveSettings, LiveUpstream};
pub use simulated_league::{LandingError, League, LeagueError, LeagueUnderWay, SimulatedLeague};

/// The source of the league's injury reports, as the pipelines name it.
const INJURY_REPORT: &str = "injury_report";

/// What the names of a source's payloads end in, which is what they are: the injury report is printed.
fn ending(source: &str) -> &'static str {
    if source == INJURY_REPORT { "pdf" } else { "json" }
}
