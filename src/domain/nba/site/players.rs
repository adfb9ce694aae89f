//! Players' profiles: the season so far and the last games, as of a date on which they played.

use serde::Serialize;

use crate::domain::nba::history::{History, last};
use crate::domain::nba::statistics::{count, mean, real, rounded};
use crate::domain::nba::{PlayerGame, Units};
use crate::flow::{Date, DocumentSchema};

/// The schema of the document.
pub const PLAYER_PROFILE: DocumentSchema = DocumentSchema { name: "nba.player_profile", version: 1 };

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
/// date, itself included.
#[must_use]
pub fn player_profiles<'a>(date: Date, games: &Units<'a, PlayerGame>) -> Vec<PlayerProfile<'a>> {
    let Some((last_date, played)) = games.last().filter(|(last_date, _)| *last_date == date) else {
        return Vec::new();
    };
    debug_assert_eq!(*last_date, date);
    let history = History::of(games, |row: &PlayerGame| row.player_id);
    let mut profiles: Vec<PlayerProfile<'a>> =
        played.iter().map(|latest| profile(latest, history.get(&latest.player_id))).collect();
    profiles.sort_by_key(|profile| profile.player_id);
    profiles
}

fn profile<'a>(latest: &'a PlayerGame, games: &[&'a PlayerGame]) -> PlayerProfile<'a> {
    let average = |games: &[&'a PlayerGame], of: fn(&PlayerGame) -> i64| {
        mean(games.iter().map(|game| real(of(game)))).map(|value| rounded(value, 1))
    };
    PlayerProfile {
        player_id: latest.player_id,
        player_lookup: &latest.player_lookup,
        name: &latest.player_full_name,
        team: &latest.team_abbr,
        season: &latest.season,
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
