//! Where raw payloads come from: landing zones and the simulated league are read, the league's service is
//! asked and its answers land. None interprets what it hands over.

mod landing_zone;
mod live;
mod simulated_league;

pub use landing_zone::{LandingZone, SourceError};
pub use live::{Key, LiveSettings, LiveUpstream};
pub use simulated_league::{LandingError, League, LeagueError, LeagueUnderWay, SimulatedLeague};
