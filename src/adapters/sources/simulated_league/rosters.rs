//! Who is in the league and for whom he plays: rosters at the opening of each season, and the moves within
//! it (trades, debuts, players let go). Follows from the seed alone, so no season needs another's games.

use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::flow::Date;

use super::League;
use super::chance;
use super::players::{Nursery, Player};
use super::schedule;

const ROSTER_PLAYERS: usize = 15;
const AGE_AT_DEBUT: std::ops::Range<i32> = 19..24;

/// A player comes to a team, from another one or from outside.
#[derive(Debug, Clone, Copy)]
pub(super) struct Move {
    /// The first date on which he may play for it.
    pub(super) date: Date,
    /// Index of the player.
    pub(super) player: usize,
    /// Index of the team; none when he is let go.
    pub(super) to: Option<usize>,
}

/// The people of one season.
#[derive(Debug, Clone)]
pub(super) struct Rosters {
    /// Everybody who ever was in the league, in order of entry; indexes point in here.
    pub(super) players: Vec<Player>,
    /// For each player his team at the opening of the season.
    pub(super) team_of: Vec<Option<usize>>,
    /// What changes in the season, in order of date.
    pub(super) moves: Vec<Move>,
}

/// The rosters of the season that starts in `year`, which is one of the league's.
pub(super) fn of_season(league: &League, year: i32) -> Rosters {
    let mut nursery = Nursery::new(league.seed);
    let mut rosters = Rosters { players: Vec::new(), team_of: Vec::new(), moves: Vec::new() };
    let mut last: Option<i32> = None;
    for season in league.seasons.iter().copied().filter(|season| *season <= year) {
        let mut rng = chance::generator(league.seed, "rosters", &[i64::from(season)]);
        if last.is_some() {
            rosters.close_season(&mut rng, season);
        }
        rosters.open_season(league, &mut nursery, &mut rng, season);
        rosters.plan_moves(league, &mut nursery, &mut rng, season);
        last = Some(season);
    }
    rosters
}

impl Rosters {
    /// Brings the moves of the last season into the rosters, retires some and lets others change teams.
    fn close_season(&mut self, rng: &mut ChaCha8Rng, year: i32) {
        for change in std::mem::take(&mut self.moves) {
            self.team_of[change.player] = change.to;
        }
        for (player, team) in self.players.iter_mut().zip(&mut self.team_of) {
            if team.is_none() {
                continue;
            }
            let age = year - player.born;
            // Players get better until 27 and worse after 31.
            player.talent += match age {
                ..25 => 0.12,
                25..28 => 0.05,
                28..32 => 0.0,
                32.. => -0.18,
            } + chance::normal(rng, 0.0, 0.15);
            let leaves = match age {
                ..30 => 0.03,
                30..35 => 0.08,
                35.. => 0.4,
            } + if player.talent < -0.8 { 0.3 } else { 0.0 };
            if chance::happens(rng, leaves) {
                *team = None;
            }
        }
        let mut movers: Vec<usize> = (0..self.players.len())
            .filter(|player| self.team_of[*player].is_some() && chance::happens(rng, 0.2))
            .collect();
        movers.shuffle(rng);
        for pair in movers.chunks_exact(2) {
            self.team_of.swap(pair[0], pair[1]);
        }
    }

    /// Fills every roster, and lets the least able go where there are too many.
    fn open_season(&mut self, league: &League, nursery: &mut Nursery, rng: &mut ChaCha8Rng, year: i32) {
        let opening = schedule::opening(year);
        let founding = self.players.is_empty();
        for team in 0..league.teams {
            let mut members = self.members(team);
            members.sort_by(|a, b| self.players[*b].talent.total_cmp(&self.players[*a].talent));
            for player in members.iter().skip(ROSTER_PLAYERS) {
                self.team_of[*player] = None;
            }
            for _ in members.len()..ROSTER_PLAYERS {
                let age = if founding {
                    rng.random_range(AGE_AT_DEBUT.start..36)
                } else {
                    rng.random_range(AGE_AT_DEBUT)
                };
                self.players.push(nursery.player(opening, age));
                self.team_of.push(Some(team));
            }
        }
    }

    /// Trades (most of them at the deadline) and debuts of the season.
    fn plan_moves(&mut self, league: &League, nursery: &mut Nursery, rng: &mut ChaCha8Rng, year: i32) {
        let opening = schedule::opening(year);
        let days = schedule::days(league);
        let mut now = self.team_of.clone();
        let mut moves = Vec::new();
        for _ in 0..league.teams * 5 / 4 {
            let (a, b) = (rng.random_range(0..now.len()), rng.random_range(0..now.len()));
            if now[a].is_none() || now[b].is_none() || now[a] == now[b] {
                continue;
            }
            let at_deadline = chance::happens(rng, 0.7);
            let share = if at_deadline { 0.62 } else { rng.random_range(0.2..0.6) };
            let date = opening.plus_days((share * f64::from(days)) as i32);
            moves.push((date, a, b));
        }
        // In order of date, so that a player who is traded twice goes from the second team to the third.
        moves.sort_by_key(|(date, ..)| *date);
        for (date, a, b) in moves {
            now.swap(a, b);
            for player in [a, b] {
                let to = now[player];
                self.moves.push(Move { date, player, to });
            }
        }
        for team in 0..league.teams {
            for _ in 0..rng.random_range(1..=3) {
                let day = rng.random_range(days / 8..days.max(days / 8 + 1));
                let date = opening.plus_days(day);
                self.players.push(nursery.player(opening, rng.random_range(AGE_AT_DEBUT)));
                self.team_of.push(None);
                let player = self.players.len() - 1;
                let to = Some(team);
                self.moves.push(Move { date, player, to });
            }
        }
        self.moves.sort_by_key(|change| change.date);
    }

    /// The indexes of a team's players at the opening.
    fn members(&self, team: usize) -> Vec<usize> {
        (0..self.players.len()).filter(|player| self.team_of[*player] == Some(team)).collect()
    }
}
