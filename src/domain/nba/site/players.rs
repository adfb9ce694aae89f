//! Players' profiles: the season so far and the last games, as of a date on which they played, and what the league's
//! index said of them on its morning, for a reader to see: nothing is computed from it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::nba::history::{History, last};
use crate::domain::nba::statistics::{count, mean, real, rounded};
use crate::domain::nba::{PlayerGame, Rostered, Units};
use crate::flow::{Date, DocumentSchema};

/// The schema of the document.
pub const PLAYER_PROFILE: DocumentSchema = DocumentSchema { name: "nba.player_profile", version: 2 };

/// Games that a profile lists.
const GAMES_LISTED: usize = 10;

/// A player as of a date.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlayerProfile<'a> {
    /// The league's id of the player.
    pub player_id: i64,
    player_lookup: &'a str,
    name: &'a str,
    team: &'a str,
    season: &'a str,
    /// Null where the league's index of the date has not landed, or does not have him.
    roster: Option<Roster<'a>>,
    games: i64,
    /// Means a game this season, 1 decimal.
    points: Option<f64>,
    minutes: Option<f64>,
    rebounds: Option<f64>,
    assists: Option<f64>,
    /// Points a game in the last 5 and 10 games of the season, 1 decimal.
    points_last_5: Option<f64>,
    points_last_10: Option<f64>,
    /// His last games of the season, the latest first.
    last_games: Vec<Game<'a>>,
}

/// What the league's index says of him.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Roster<'a> {
    /// The date of the index.
    date: String,
    team: &'a str,
    position: Option<&'a str>,
    jersey_number: Option<&'a str>,
    height: Option<&'a str>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Game<'a> {
    date: String,
    game_id: &'a str,
    opponent: &'a str,
    home: bool,
    won: bool,
    points: i64,
    minutes: i64,
    rebounds: i64,
    assists: i64,
}

/// The profiles of all who played on `date`, in order of their ids. `games` are those of the season up to the
/// date, itself included; `rosters` are the date's, none where its index has not landed.
#[must_use]
pub fn player_profiles<'a>(
    date: Date,
    games: &Units<'a, PlayerGame>,
    rosters: &'a [Rostered],
) -> Vec<PlayerProfile<'a>> {
    let Some((last_date, played)) = games.last().filter(|(last_date, _)| *last_date == date) else {
        return Vec::new();
    };
    debug_assert_eq!(*last_date, date);
    let history = History::of(games, |row: &PlayerGame| row.player_id);
    let rostered: BTreeMap<i64, &Rostered> = rosters.iter().map(|row| (row.player_id, row)).collect();
    let of = |latest: &'a PlayerGame| {
        let roster = rostered.get(&latest.player_id).copied().map(Roster::of);
        profile(latest, history.get(&latest.player_id), roster)
    };
    let mut profiles: Vec<PlayerProfile<'a>> = played.iter().map(of).collect();
    profiles.sort_by_key(|profile| profile.player_id);
    profiles
}

fn profile<'a>(
    latest: &'a PlayerGame,
    games: &[&'a PlayerGame],
    roster: Option<Roster<'a>>,
) -> PlayerProfile<'a> {
    let average = |games: &[&'a PlayerGame], of: fn(&PlayerGame) -> i64| {
        mean(games.iter().map(|game| real(of(game)))).map(|value| rounded(value, 1))
    };
    PlayerProfile {
        player_id: latest.player_id,
        player_lookup: &latest.player_lookup,
        name: &latest.player_full_name,
        team: &latest.team_abbr,
        season: &latest.season,
        roster,
        games: count(games.len()),
        points: average(games, |game| game.points),
        minutes: average(games, |game| game.minutes_played),
        rebounds: average(games, |game| game.rebounds),
        assists: average(games, |game| game.assists),
        points_last_5: average(last(games, 5), |game| game.points),
        points_last_10: average(last(games, 10), |game| game.points),
        last_games: last(games, GAMES_LISTED).iter().rev().map(|game| Game::of(game)).collect(),
    }
}

impl<'a> Roster<'a> {
    fn of(row: &'a Rostered) -> Self {
        Self {
            date: row.roster_date.to_string(),
            team: &row.team_abbr,
            position: row.position.as_deref(),
            jersey_number: row.jersey_number.as_deref(),
            height: row.height.as_deref(),
        }
    }
}

impl<'a> Game<'a> {
    fn of(game: &'a PlayerGame) -> Self {
        Self {
            date: game.game_date.to_string(),
            game_id: &game.game_id,
            opponent: &game.opponent_team_abbr,
            home: game.home_game,
            won: game.win_flag,
            points: game.points,
            minutes: game.minutes_played,
            rebounds: game.rebounds,
            assists: game.assists,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::nba::fixture;

    #[test]
    fn a_profile_says_what_the_index_of_its_date_says_and_of_when() {
        let date = Date::parse("2024-01-26").expect("a date");
        let played = [fixture::player_game(date, 7, "BOS", 20), fixture::player_game(date, 8, "BOS", 5)];
        let games: [(Date, &[PlayerGame]); 1] = [(date, &played)];
        let row = Rostered {
            player_id: 7,
            player_name: "Ann Other".into(),
            player_lookup: "annother".into(),
            roster_date: date,
            team_id: 1,
            team_abbr: "LAL".into(),
            position: None,
            jersey_number: Some("00".into()),
            height: Some("6-9".into()),
        };
        let roster_of = |rosters: &[Rostered]| -> Vec<serde_json::Value> {
            let profiles = player_profiles(date, &games, rosters);
            let json = |profile: &PlayerProfile<'_>| serde_json::to_value(profile).expect("JSON");
            profiles.iter().map(json).map(|profile| profile["roster"].clone()).collect()
        };
        let said = serde_json::json!({
            "date": "2024-01-26", "team": "LAL", "position": null, "jersey_number": "00", "height": "6-9",
        });
        assert_eq!(roster_of(&[row]), [said, serde_json::Value::Null]);
        assert_eq!(roster_of(&[]), [serde_json::Value::Null, serde_json::Value::Null]);
    }
}
