//! Where raw payloads come from. Each file is one `fleet::Source`; none interprets what it hands over.

mod landing_zone;
mod live;
mod simulated_league;

pub use landing_zone::{LandingZone, SourceError};
pub use live::{Key, LiveSettings, LiveUpstream};
pub use simulated_league::{LandingError, League, LeagueError, SimulatedLeague};
