//! What a date's injury report says of a team and of a player, as contexts ask for it. Pure.

use std::collections::BTreeSet;

use super::listings::NOT_SUBMITTED;
use super::rows_injury_report::InjuryListing;
use super::status::InjuryStatus;
use crate::domain::nba::history::Keyed;

/// A date's listings, by player and team.
pub(in crate::domain::nba) struct DateInjuries<'a> {
    by_id: Keyed<i64, &'a InjuryListing>,
    by_name: Keyed<(&'a str, &'a str), &'a InjuryListing>,
    /// The teams of whom the report tells: those of its games who have submitted.
    covered: BTreeSet<&'a str>,
    listings: &'a [InjuryListing],
}

impl<'a> DateInjuries<'a> {
    /// Of a date's rows; of none, nothing is known.
    pub(in crate::domain::nba) fn of(listings: &'a [InjuryListing]) -> Self {
        let silent: BTreeSet<&str> =
            listings.iter().filter(|row| *row.status == *NOT_SUBMITTED).map(|row| &*row.team_abbr).collect();
        let teams = listings.iter().flat_map(|row| [&*row.team_abbr, &*row.opponent_team_abbr]);
        Self {
            by_id: listings.iter().filter_map(|row| Some((row.player_id?, row))).collect(),
            by_name: listings.iter().map(|row| ((&*row.team_abbr, &*row.player_lookup), row)).collect(),
            covered: teams.filter(|team| !silent.contains(team)).collect(),
            listings,
        }
    }

    /// Whether the report tells of a team.
    pub(in crate::domain::nba) fn covers(&self, team: &str) -> bool {
        self.covered.contains(team)
    }

    /// What it says of a player: by his id, or by his name in the team.
    pub(in crate::domain::nba) fn listing(
        &self,
        player_id: i64,
        team: &str,
        lookup: &str,
    ) -> Option<&'a InjuryListing> {
        let by_name = || self.by_name.get(&(team, lookup)).filter(|row| row.player_id.is_none());
        self.by_id.get(&player_id).or_else(by_name).copied()
    }

    /// A player's status: whom a team that has submitted does not name is available.
    pub(in crate::domain::nba) fn status(
        &self,
        player_id: i64,
        team: &str,
        lookup: &str,
    ) -> Option<InjuryStatus> {
        match self.listing(player_id, team, lookup) {
            Some(row) => InjuryStatus::parse(&row.status),
            None => self.covers(team).then_some(InjuryStatus::Available),
        }
    }

    /// The listings of a team; none where the report does not tell of it.
    pub(in crate::domain::nba) fn of_team(
        &self,
        team: &'a str,
    ) -> Option<impl Iterator<Item = (&'a InjuryListing, InjuryStatus)>> {
        let of_team = self.listings.iter().filter(move |row| *row.team_abbr == *team);
        let known = of_team.filter_map(|row| Some((row, InjuryStatus::parse(&row.status)?)));
        self.covers(team).then_some(known)
    }
}
