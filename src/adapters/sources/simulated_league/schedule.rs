//! The regular season's fixtures: every team plays the asked number of games, never twice on a date and
//! never on three dates in a row, with fewer games on Thursdays and a break in February.

use std::collections::BTreeMap;

use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::flow::Date;

use super::League;
use super::chance;

/// A game to be played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fixture {
    pub(super) date: Date,
    /// The game's number in the season, from 1: the last five digits of the GAME_ID. Games are moved about
    /// when dates are found for them, so numbers do not follow the dates.
    pub(super) number: u32,
    /// Index of the home team.
    pub(super) home: usize,
    /// Index of the visitors.
    pub(super) away: usize,
}

/// Days in the mean from one game of a team to the next, in the real league.
const DAYS_PER_GAME: f64 = 2.0;
/// Leagues with fewer games a team have no break and short series.
const FULL_SEASON_GAMES: usize = 40;
const DAYS_MAX: i32 = 1_000;
/// Games by day of the week, Sunday first, relative to the mean.
const WEEKDAYS: [f64; 7] = [1.05, 1.05, 0.7, 1.4, 0.5, 1.3, 1.0];

/// Opening night: a Tuesday in the second half of October.
pub(super) fn opening(year: i32) -> Date {
    let first = Date::of(year, 10, 18).unwrap_or(Date::from_days(0));
    first.plus_days((2 - weekday(first)).rem_euclid(7))
}

/// About how many days a regular season takes.
pub(super) fn days(league: &League) -> i32 {
    let days = (league.games_per_team as f64 * DAYS_PER_GAME) as i32;
    if is_full(league) { days + 6 } else { days }
}

/// Whether the season is of the real length, with all that belongs to it.
pub(super) fn is_full(league: &League) -> bool {
    league.games_per_team >= FULL_SEASON_GAMES
}

/// The fixtures of the season that starts in `year`, in order of date, then number.
pub(super) fn regular_season(league: &League, year: i32) -> Vec<Fixture> {
    let mut rng = chance::generator(league.seed, "schedule", &[i64::from(year)]);
    let mut pending: Vec<(u32, (usize, usize))> = (1..).zip(pairings(league, &mut rng)).collect();
    let mut fixtures = Vec::with_capacity(pending.len());
    let mut last_played: BTreeMap<usize, [i32; 2]> = BTreeMap::new();
    let mut owed = 0.0;
    let per_day = league.teams as f64 / 2.0 / DAYS_PER_GAME;
    for day in 0..DAYS_MAX {
        let date = opening(year).plus_days(day);
        if pending.is_empty() {
            break;
        }
        if is_full(league) && is_break(year, date) {
            continue;
        }
        owed += per_day * WEEKDAYS[weekday(date) as usize];
        let wanted = (owed + chance::normal(&mut rng, 0.0, per_day / 6.0)).round().max(0.0);
        let found = place(&mut pending, &mut last_played, &mut rng, day, wanted as usize);
        owed -= found.len() as f64;
        fixtures.extend(found.into_iter().map(|(number, (home, away))| Fixture { date, number, home, away }));
    }
    assert!(pending.is_empty(), "the schedule finds a date for every game");
    fixtures.sort_by_key(|fixture| (fixture.date, fixture.number));
    fixtures
}

/// Takes games for one day out of the pending ones, looking only a few rounds ahead, so that all teams
/// have played about as often at any time.
fn place(
    pending: &mut Vec<(u32, (usize, usize))>,
    last_played: &mut BTreeMap<usize, [i32; 2]>,
    rng: &mut ChaCha8Rng,
    day: i32,
    wanted: usize,
) -> Vec<(u32, (usize, usize))> {
    let mut found = Vec::new();
    let ahead = 60.min(pending.len());
    let mut at = 0;
    for _ in 0..ahead {
        if found.len() == wanted {
            break;
        }
        let (home, away) = pending[at].1;
        let days = [home, away].map(|team| last_played.get(&team).copied().unwrap_or([-9; 2]));
        let today = days.iter().any(|[latest, _]| *latest == day);
        let yesterday = days.iter().any(|[latest, _]| *latest == day - 1);
        let third = days.iter().any(|[latest, before]| *latest == day - 1 && *before == day - 2);
        if today || third || (yesterday && !chance::happens(rng, 0.4)) {
            at += 1;
            continue;
        }
        for (team, [latest, _]) in [home, away].into_iter().zip(days) {
            last_played.insert(team, [day, latest]);
        }
        found.push(pending.remove(at));
    }
    found
}

/// Rounds in which every team plays once (the circle method), shuffled within each cycle in which all have
/// met all; home is who had fewer home games so far.
fn pairings(league: &League, rng: &mut ChaCha8Rng) -> Vec<(usize, usize)> {
    let teams = league.teams;
    let mut order: Vec<usize> = (0..teams).collect();
    let mut home_games = vec![0_u32; teams];
    let mut games = Vec::with_capacity(teams * league.games_per_team / 2);
    let mut rounds: Vec<usize> = Vec::new();
    for _ in 0..league.games_per_team {
        if rounds.is_empty() {
            order.shuffle(rng);
            rounds = (0..teams - 1).collect();
            rounds.shuffle(rng);
        }
        let round = rounds.pop().unwrap_or(0);
        // One team stands still, the others move on by one place each round.
        let at = |place: usize| {
            if place == 0 { order[0] } else { order[1 + (place - 1 + round) % (teams - 1)] }
        };
        for place in 0..teams / 2 {
            let (a, b) = (at(place), at(teams - 1 - place));
            let swap = match home_games[a].cmp(&home_games[b]) {
                std::cmp::Ordering::Less => false,
                std::cmp::Ordering::Greater => true,
                std::cmp::Ordering::Equal => chance::happens(rng, 0.5),
            };
            let (home, away) = if swap { (b, a) } else { (a, b) };
            home_games[home] += 1;
            games.push((home, away));
        }
    }
    games
}

fn is_break(year: i32, date: Date) -> bool {
    Date::of(year + 1, 2, 15).is_some_and(|first| (0..6).contains(&date.days_since(first)))
        || (date.month() == 12 && date.plus_days(1) == christmas(year))
}

fn christmas(year: i32) -> Date {
    Date::of(year, 12, 25).unwrap_or(Date::from_days(0))
}

/// 0 is Sunday; 1970-01-01 was a Thursday.
fn weekday(date: Date) -> i32 {
    (date.days() + 4).rem_euclid(7)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_team_plays_its_games_and_never_too_often() {
        for (teams, games_per_team) in [(30, 82), (4, 10), (8, 21), (2, 12)] {
            let league = League { seed: 5, seasons: vec![2023], teams, games_per_team };
            let fixtures = regular_season(&league, 2023);
            assert_eq!(fixtures.len(), teams * games_per_team / 2);
            for team in 0..teams {
                let own: Vec<_> = fixtures.iter().filter(|f| f.home == team || f.away == team).collect();
                assert_eq!(own.len(), games_per_team);
                let home = own.iter().filter(|f| f.home == team).count();
                assert!(home.abs_diff(games_per_team / 2) <= 3, "{home} home games");
                let days: Vec<i32> = own.iter().map(|f| f.date.days()).collect();
                assert!(days.windows(2).all(|d| d[0] < d[1]), "twice on a date");
                assert!(days.windows(3).all(|d| d[2] - d[0] > 2), "three dates in a row");
            }
            let numbers: BTreeSet<u32> = fixtures.iter().map(|f| f.number).collect();
            assert_eq!(numbers.len(), fixtures.len());
        }
    }

    #[test]
    fn a_full_season_has_the_real_length() {
        let league = League::full(1, vec![2023]);
        let fixtures = regular_season(&league, 2023);
        let dates: BTreeSet<Date> = fixtures.iter().map(|f| f.date).collect();
        let last = fixtures.last().expect("a game").date;
        assert!((155..=172).contains(&dates.len()), "{} dates", dates.len());
        assert!((168..=190).contains(&last.days_since(opening(2023))), "{last}");
        assert_eq!(opening(2023).to_string(), "2023-10-24");
        let moved = fixtures.windows(2).filter(|pair| pair[1].number < pair[0].number).count();
        assert!(moved > 5, "numbers do not follow dates");
    }
}
