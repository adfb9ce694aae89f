//! Two invented bookmakers, who offer lines on the points of players and of games in the shape of the odds service. A
//! line follows from the season's games before the date, and from the bookmaker's own mood; never from the
//! game itself, nor from who turns up for it.

use std::collections::BTreeMap;
use std::fmt::Write;

use bytes::Bytes;

use crate::flow::Date;

use super::chance;
use super::season::{Game, PlayedSeason};
use super::teams::TEAMS;

/// Games and points a game from which on a player has a line.
const GAMES_MIN: usize = 5;
const POINTS_MIN: f64 = 8.0;
/// Games that say how a player is doing now.
const RECENT: usize = 10;
/// What playing at home is worth, and what a team scores of whom nothing is known yet, in points.
const AT_HOME: f64 = 2.5;
const LEAGUE_POINTS: f64 = 114.0;
/// How far two bookmakers are apart, in points.
const MOOD: f64 = 0.7;

/// A player before a date.
struct Known {
    team: usize,
    points: Vec<i64>,
}

/// The offers for the games of a date, an early and a late snapshot of each.
pub(super) fn offers(season: &PlayedSeason, games: &[Game], date: Date) -> Bytes {
    let known = before(season, date);
    let mut out = String::from(r#"{"snapshots":["#);
    for (at, game) in games.iter().enumerate() {
        let scored = game.teams.map(|team| scored(season, team, date));
        for (number, time) in ["18:00:00", "23:55:00"].into_iter().enumerate() {
            let comma = if at + number == 0 { "" } else { "," };
            let bookmakers: Vec<String> = ["fanduel", "draftkings"]
                .into_iter()
                .enumerate()
                .map(|(rank, key)| bookmaker(season, &known, (game, scored), key, (number * 2 + rank) as i64))
                .collect();
            let [home, away] = game.teams.map(|team| TEAMS[team].name);
            write!(
                out,
                concat!(
                    r#"{}{{"timestamp":"{}T{}Z","data":{{"id":"{}","commence_time":"{}T00:10:00Z","#,
                    r#""home_team":"{}","away_team":"{}","bookmakers":[{}]}}}}"#
                ),
                comma,
                date,
                time,
                game.id,
                date.plus_days(1),
                home,
                away,
                bookmakers.join(",")
            )
            .expect("a text takes everything");
        }
    }
    out.push_str("]}");
    Bytes::from(out)
}

/// What a bookmaker offers on a game, whose teams have scored so much in the mean. `mood` tells bookmakers and
/// snapshots apart.
fn bookmaker(
    season: &PlayedSeason,
    known: &BTreeMap<usize, Known>,
    (game, scored): (&Game, [f64; 2]),
    key: &str,
    mood: i64,
) -> String {
    let mut outcomes: Vec<String> = Vec::new();
    for (player, known) in known.iter().filter(|(_, known)| game.teams.contains(&known.team)) {
        let mean = |points: &[i64]| points.iter().sum::<i64>() as f64 / points.len() as f64;
        let recent = &known.points[known.points.len().saturating_sub(RECENT)..];
        let expected = (mean(&known.points) + mean(recent)) / 2.0;
        if known.points.len() < GAMES_MIN || expected < POINTS_MIN {
            continue;
        }
        let player = &season.players[*player];
        let numbers = [i64::from(game.date.days()), player.id, mood];
        let mut rng = chance::generator(0, "bookmakers", &numbers);
        let line = (2.0 * chance::normal(&mut rng, expected, MOOD)).round() / 2.0;
        let name = player.name(game.date);
        for (side, price) in [("Over", -115), ("Under", -105)] {
            outcomes.push(format!(
                r#"{{"name":"{side}","description":"{name}","price":{price},"point":{line:.1}}}"#
            ));
        }
    }
    let points = market("player_points", &outcomes);
    format!(r#"{{"key":"{key}","markets":[{points},{}]}}"#, of_game(game, scored, mood))
}

/// The lines on a game: what both teams scored in the mean of their games before, as the bookmaker sees it.
fn of_game(game: &Game, [home, away]: [f64; 2], mood: i64) -> String {
    let mut rng =
        chance::generator(0, "game lines", &[i64::from(game.date.days()), game.teams[0] as i64, mood]);
    let mut half = |line: f64| (2.0 * chance::normal(&mut rng, line, MOOD)).round() / 2.0;
    let (spread, total) = (half(away - home - AT_HOME), half(home + away));
    let outcome = |name: &str, point: f64| format!(r#"{{"name":"{name}","price":-110,"point":{point:.1}}}"#);
    let [host, visitor] = game.teams.map(|team| TEAMS[team].name);
    let spreads = market("spreads", &[outcome(host, spread), outcome(visitor, 0.0 - spread)]);
    let totals = market("totals", &[outcome("Over", total), outcome("Under", total)]);
    format!("{spreads},{totals}")
}

fn market(key: &str, outcomes: &[String]) -> String {
    format!(r#"{{"key":"{key}","outcomes":[{}]}}"#, outcomes.join(","))
}

/// A team's points a game before a date; the league's where it has not played yet.
fn scored(season: &PlayedSeason, team: usize, date: Date) -> f64 {
    let before = season.games.iter().take_while(|game| game.date < date);
    let points: Vec<i64> = before
        .flat_map(|game| game.teams.into_iter().zip(&game.played.lines))
        .filter(|(one, _)| *one == team)
        .map(|(_, lines)| lines.iter().map(|line| line.points()).sum())
        .collect();
    if points.is_empty() { LEAGUE_POINTS } else { points.iter().sum::<i64>() as f64 / points.len() as f64 }
}

/// Everybody who played this season before the date: his latest team, his points in order of date.
fn before(season: &PlayedSeason, date: Date) -> BTreeMap<usize, Known> {
    let mut known: BTreeMap<usize, Known> = BTreeMap::new();
    for game in season.games.iter().take_while(|game| game.date < date) {
        for (team, lines) in game.teams.into_iter().zip(&game.played.lines) {
            for line in lines {
                let player = known.entry(line.player).or_insert(Known { team, points: Vec::new() });
                player.team = team;
                player.points.push(line.points());
            }
        }
    }
    known
}
