//! Where raw payloads come from. Each file is one `fleet::Source`; none interprets what it hands over.

mod simulated_league;

pub use simulated_league::{LandingError, League, LeagueError, SimulatedLeague};
