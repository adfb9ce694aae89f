//! The thirty teams: the league's numbers and abbreviations for their cities, with invented nicknames,
//! so that tables by abbreviation (distances, time zones) serve and nobody takes the data for real.

use super::chance;

/// One team as the payloads name it.
pub(super) struct Team {
    /// TEAM_ID.
    pub(super) id: i64,
    /// TEAM_ABBREVIATION.
    pub(super) abbreviation: &'static str,
    /// TEAM_NAME.
    pub(super) name: &'static str,
}

/// How a team plays in a season, as offsets from the league's mean.
pub(super) struct Style {
    /// Attempts per game above the mean.
    pub(super) pace: f64,
    /// Added to the chance that a shot goes in.
    pub(super) attack: f64,
    /// Taken from the opponents' chance, in the paint, from mid-range and from three.
    pub(super) defence: [f64; 3],
    /// Factor on how often opponents shoot from there.
    pub(super) allows: [f64; 3],
}

/// All teams, the first ones used when a smaller league is asked for.
pub(super) const TEAMS: [Team; 30] = [
    team(1610612738, "BOS", "Boston Lanterns"),
    team(1610612747, "LAL", "Los Angeles Tides"),
    team(1610612743, "DEN", "Denver Larches"),
    team(1610612748, "MIA", "Miami Herons"),
    team(1610612742, "DAL", "Dallas Comets"),
    team(1610612749, "MIL", "Milwaukee Brewmasters"),
    team(1610612744, "GSW", "Golden State Foghorns"),
    team(1610612752, "NYK", "New York Ferrymen"),
    team(1610612756, "PHX", "Phoenix Saguaros"),
    team(1610612755, "PHI", "Philadelphia Bells"),
    team(1610612760, "OKC", "Oklahoma City Gales"),
    team(1610612750, "MIN", "Minnesota Loons"),
    team(1610612746, "LAC", "LA Condors"),
    team(1610612739, "CLE", "Cleveland Foundry"),
    team(1610612740, "NOP", "New Orleans Brass"),
    team(1610612754, "IND", "Indiana Roadsters"),
    team(1610612758, "SAC", "Sacramento Rivermen"),
    team(1610612753, "ORL", "Orlando Ospreys"),
    team(1610612737, "ATL", "Atlanta Orioles"),
    team(1610612741, "CHI", "Chicago Gusts"),
    team(1610612745, "HOU", "Houston Orbiters"),
    team(1610612763, "MEM", "Memphis Steamboats"),
    team(1610612751, "BKN", "Brooklyn Trolleys"),
    team(1610612761, "TOR", "Toronto Maples"),
    team(1610612762, "UTA", "Utah Arches"),
    team(1610612759, "SAS", "San Antonio Missions"),
    team(1610612757, "POR", "Portland Cedars"),
    team(1610612766, "CHA", "Charlotte Minters"),
    team(1610612764, "WAS", "Washington Monuments"),
    team(1610612765, "DET", "Detroit Motors"),
];

const fn team(id: i64, abbreviation: &'static str, name: &'static str) -> Team {
    Team { id, abbreviation, name }
}

/// How a team plays in the season that starts in `year`; half of it stays from season to season.
pub(super) fn style(seed: u64, team: usize, year: i32) -> Style {
    let team = team as i64;
    let mut lasting = chance::generator(seed, "style", &[team]);
    let mut yearly = chance::generator(seed, "style of the year", &[team, i64::from(year)]);
    let mut offset = |deviation: f64| {
        let half = deviation * std::f64::consts::FRAC_1_SQRT_2;
        chance::normal(&mut lasting, 0.0, half) + chance::normal(&mut yearly, 0.0, half)
    };
    Style {
        pace: offset(2.2),
        attack: offset(0.011),
        defence: [offset(0.020), offset(0.016), offset(0.014)],
        allows: [1.0 + offset(0.07), 1.0 + offset(0.10), 1.0 + offset(0.07)],
    }
}
