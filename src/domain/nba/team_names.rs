//! The league's teams as others write them out in full: `Golden State Warriors`, or without spaces. Pure.

use super::identity::player_lookup;

/// The nickname is left out where the place tells who it is, the longer ones first.
const TEAMS: [(&str, &str); 32] = [
    ("Los Angeles Clippers", "LAC"),
    ("Los Angeles", "LAL"),
    ("LA", "LAC"),
    ("Atlanta", "ATL"),
    ("Boston", "BOS"),
    ("Brooklyn", "BKN"),
    ("Charlotte", "CHA"),
    ("Chicago", "CHI"),
    ("Cleveland", "CLE"),
    ("Dallas", "DAL"),
    ("Denver", "DEN"),
    ("Detroit", "DET"),
    ("Golden State", "GSW"),
    ("Houston", "HOU"),
    ("Indiana", "IND"),
    ("Memphis", "MEM"),
    ("Miami", "MIA"),
    ("Milwaukee", "MIL"),
    ("Minnesota", "MIN"),
    ("New Orleans", "NOP"),
    ("New York", "NYK"),
    ("Oklahoma City", "OKC"),
    ("Orlando", "ORL"),
    ("Philadelphia", "PHI"),
    ("Phoenix", "PHX"),
    ("Portland", "POR"),
    ("Sacramento", "SAC"),
    ("San Antonio", "SAS"),
    ("Toronto", "TOR"),
    ("Utah", "UTA"),
    ("Washington", "WAS"),
    ("L.A. Clippers", "LAC"),
];

/// The abbreviation of a team by its name, with or without its spaces; `None` for no team of the league.
#[must_use]
pub(super) fn team_abbr(name: &str) -> Option<&'static str> {
    let has_spaces = name.contains(' ');
    let is_from = |town: &str| match has_spaces {
        true => name.strip_prefix(town).is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')),
        false => player_lookup(name).starts_with(&player_lookup(town)),
    };
    TEAMS.iter().find(|(town, _)| is_from(town)).map(|(_, code)| *code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_team_is_known_by_its_town() {
        let cases = [
            ("Golden State Warriors", Some("GSW")),
            ("LA Clippers", Some("LAC")),
            ("Los Angeles Clippers", Some("LAC")),
            ("Los Angeles Lakers", Some("LAL")),
            ("L.A. Clippers", Some("LAC")),
            ("NewOrleansPelicans", Some("NOP")),
            ("Philadelphia 76ers", Some("PHI")),
            ("PortlandTrailBlazers", Some("POR")),
            ("LAClippers", Some("LAC")),
            ("Seattle SuperSonics", None),
            ("Lakeland Magic", None),
            ("", None),
        ];
        for (name, expected) in cases {
            assert_eq!(team_abbr(name), expected, "{name}");
        }
        let codes: std::collections::BTreeSet<&str> = TEAMS.iter().map(|(_, code)| *code).collect();
        assert_eq!(codes.len(), 30);
    }
}
