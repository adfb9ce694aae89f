//! A season as it is played: who is fit, in form and rested, game after game, then the playoffs among the
//! best. The result holds every game's lines and shots (some ten megabytes for a full season).

use std::collections::BTreeMap;
use std::ops::Range;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::flow::{Date, Season};

use super::League;
use super::chance;
use super::game::{self, Dressed, Played, Side};
use super::players::Player;
use super::rosters::{self, Move};
use super::schedule::{self, Fixture};
use super::teams::{self, Style};

/// Whether a game is of the regular season.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Regular,
    Playoffs,
}

impl Stage {
    /// SEASON_TYPE.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Regular => "Regular Season",
            Self::Playoffs => "Playoffs",
        }
    }
}

/// A game that was played.
pub(super) struct Game {
    /// GAME_ID.
    pub(super) id: String,
    pub(super) date: Date,
    pub(super) stage: Stage,
    /// Indexes of the home team and the visitors.
    pub(super) teams: [usize; 2],
    /// Points, the home team's first.
    pub(super) points: [i64; 2],
    pub(super) played: Played,
}

/// A season that was played.
pub(super) struct PlayedSeason {
    pub(super) season: Season,
    pub(super) players: Vec<Player>,
    /// In order of date, then GAME_ID.
    pub(super) games: Vec<Game>,
    by_date: BTreeMap<Date, Range<usize>>,
}

/// Minutes by place in the rotation.
const ROTATION: [f64; 13] = [35.5, 34.0, 32.0, 30.0, 28.0, 22.5, 19.0, 16.0, 13.0, 8.0, 4.0, 2.0, 0.4];
/// Chance to play at all, by place in the rotation.
const PLAYS: [f64; 13] = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.99, 0.97, 0.9, 0.75, 0.55, 0.4, 0.2];
const DRESSED_MIN: usize = 8;
/// How much of a player's form is left after a game; the rest is drawn anew.
const FORM_KEPT: f64 = 0.94;
const FORM_DRAWN: f64 = 0.341;

impl PlayedSeason {
    /// Plays the season that starts in `year`.
    pub(super) fn play(league: &League, year: i32) -> Self {
        let rosters = rosters::of_season(league, year);
        let mut state = State::new(league, year, &rosters.players, rosters.team_of, rosters.moves);
        let mut games = Vec::new();
        for fixture in schedule::regular_season(league, year) {
            let id = format!("002{:02}{:05}", year.rem_euclid(100), fixture.number);
            games.push(state.play(id, Stage::Regular, fixture));
        }
        state.playoffs(&mut games);
        games.sort_by(|a, b| (a.date, &a.id).cmp(&(b.date, &b.id)));
        let mut by_date: BTreeMap<Date, Range<usize>> = BTreeMap::new();
        for (at, game) in games.iter().enumerate() {
            by_date.entry(game.date).or_insert(at..at).end = at + 1;
        }
        Self { season: Season::starting(year), players: rosters.players, games, by_date }
    }

    /// The games of a date.
    pub(super) fn on(&self, date: Date) -> &[Game] {
        self.by_date.get(&date).map_or(&[], |range| &self.games[range.clone()])
    }

    /// All dates with games, in order.
    pub(super) fn dates(&self) -> impl Iterator<Item = Date> + '_ {
        self.by_date.keys().copied()
    }
}

/// What changes from game to game.
struct State<'a> {
    league: &'a League,
    year: i32,
    players: &'a [Player],
    styles: Vec<Style>,
    team_of: Vec<Option<usize>>,
    moves: std::iter::Peekable<std::vec::IntoIter<Move>>,
    form: Vec<f64>,
    /// Games for which a player is still out.
    out: Vec<u32>,
    last_played: Vec<Option<Date>>,
    wins: Vec<u32>,
    rng: ChaCha8Rng,
}

impl<'a> State<'a> {
    fn new(
        league: &'a League,
        year: i32,
        players: &'a [Player],
        team_of: Vec<Option<usize>>,
        moves: Vec<Move>,
    ) -> Self {
        let mut rng = chance::generator(league.seed, "season", &[i64::from(year)]);
        Self {
            league,
            year,
            players,
            styles: (0..league.teams).map(|team| teams::style(league.seed, team, year)).collect(),
            team_of,
            moves: moves.into_iter().peekable(),
            form: players.iter().map(|_| chance::normal(&mut rng, 0.0, 1.0)).collect(),
            out: vec![0; players.len()],
            last_played: vec![None; league.teams],
            wins: vec![0; league.teams],
            rng,
        }
    }

    fn play(&mut self, id: String, stage: Stage, fixture: Fixture) -> Game {
        let Fixture { date, home, away, .. } = fixture;
        while let Some(change) = self.moves.next_if(|change| change.date <= date) {
            self.team_of[change.player] = change.to;
        }
        let squads = [home, away].map(|team| self.squad(team, date));
        let number = id.parse::<i64>().unwrap_or_default();
        let mut rng = chance::generator(self.league.seed, "game", &[number, i64::from(date.days())]);
        let sides = [0, 1].map(|side: usize| {
            let team = [home, away][side];
            Side {
                style: &self.styles[team],
                squad: squads[side]
                    .iter()
                    .map(|(index, minutes)| Dressed {
                        index: *index,
                        player: &self.players[*index],
                        form: self.form[*index],
                        minutes: *minutes,
                    })
                    .collect(),
                tired: self.played_yesterday(team, date),
            }
        });
        let played = game::play(&mut rng, &sides);
        let points = played.points();
        let [home_points, away_points] = points;
        self.wins[if home_points > away_points { home } else { away }] += 1;
        self.after(&[home, away], &played, date);
        Game { id, date, stage, teams: [home, away], points, played }
    }

    fn played_yesterday(&self, team: usize, date: Date) -> bool {
        self.last_played[team].is_some_and(|last| date.days_since(last) == 1)
    }

    /// Who plays for a team, with the minutes planned for him, the first of the rotation first.
    fn squad(&mut self, team: usize, date: Date) -> Vec<(usize, f64)> {
        let tired = self.played_yesterday(team, date);
        let mut members: Vec<usize> =
            (0..self.players.len()).filter(|one| self.team_of[*one] == Some(team)).collect();
        let rank = |one: &usize| self.players[*one].talent + 0.25 * self.form[*one];
        members.sort_by(|a, b| rank(b).total_cmp(&rank(a)).then(a.cmp(b)));
        let mut fit = Vec::new();
        let mut absent = Vec::new();
        for (place, one) in members.into_iter().enumerate() {
            let rests = place < 4 && tired && chance::happens(&mut self.rng, 0.07);
            if self.out[one] > 0 || rests {
                absent.push(one);
            } else {
                fit.push(one);
            }
        }
        // A team that is short of players sends hurt ones rather than none.
        absent.sort_by_key(|one| self.out[*one]);
        let missing = DRESSED_MIN.saturating_sub(fit.len());
        fit.extend(absent.into_iter().take(missing));
        let rng = &mut self.rng;
        let short = fit.len() <= DRESSED_MIN;
        fit.into_iter()
            .zip(ROTATION.into_iter().zip(PLAYS))
            .filter_map(|(one, (minutes, plays))| {
                let plays = short || chance::happens(rng, plays);
                let drawn = minutes * chance::normal(rng, 1.0, 0.13).clamp(0.4, 1.6);
                plays.then_some((one, drawn))
            })
            .collect()
    }

    fn after(&mut self, teams: &[usize; 2], played: &Played, date: Date) {
        for (team, lines) in teams.iter().zip(&played.lines) {
            self.last_played[*team] = Some(date);
            for one in 0..self.players.len() {
                if self.team_of[one] == Some(*team) {
                    self.out[one] = self.out[one].saturating_sub(1);
                }
            }
            for line in lines {
                let one = line.player;
                self.form[one] = FORM_KEPT * self.form[one] + chance::normal(&mut self.rng, 0.0, FORM_DRAWN);
                if chance::happens(&mut self.rng, self.players[one].fragile) {
                    let long = chance::happens(&mut self.rng, 0.15);
                    self.out[one] = self.rng.random_range(if long { 12..40 } else { 1..9 });
                }
            }
        }
    }

    /// Rounds of series among the best half of the league (sixteen teams at most), the first against the
    /// last; the better one has the home games 1, 2, 5 and 7.
    fn playoffs(&mut self, games: &mut Vec<Game>) {
        let Some(mut date) = games.last().map(|game| game.date.plus_days(6)) else {
            return;
        };
        let mut standing: Vec<usize> = (0..self.league.teams).collect();
        standing.sort_by_key(|team| (u32::MAX - self.wins[*team], *team));
        let teams = [16, 8, 4, 2].into_iter().find(|size| size * 2 <= self.league.teams.max(4) + 2);
        let mut alive: Vec<usize> = standing.into_iter().take(teams.unwrap_or(2)).collect();
        let mut round = 1;
        while alive.len() > 1 {
            let pairs: Vec<(usize, usize)> =
                (0..alive.len() / 2).map(|series| (alive[series], alive[alive.len() - 1 - series])).collect();
            let (winners, last) = self.round(games, round, &pairs, date);
            alive.retain(|team| winners.contains(team));
            date = last.plus_days(2);
            round += 1;
        }
    }

    fn round(
        &mut self,
        games: &mut Vec<Game>,
        round: u32,
        pairs: &[(usize, usize)],
        first: Date,
    ) -> (Vec<usize>, Date) {
        let needed = if schedule::is_full(self.league) { 4 } else { 2 };
        let mut wins = vec![[0_u32; 2]; pairs.len()];
        let mut last = first;
        for day in 0..2 * (2 * needed) {
            let date = first.plus_days(day as i32);
            for (series, (better, other)) in pairs.iter().enumerate() {
                let [a, b] = wins[series];
                // Half of the series play on even days, half on odd ones.
                if a == needed || b == needed || series as u32 % 2 != day % 2 {
                    continue;
                }
                let number = a + b + 1;
                let (home, away) =
                    if matches!(number, 1 | 2 | 5 | 7) { (*better, *other) } else { (*other, *better) };
                let id = format!("004{:02}00{round}{series}{number}", self.year.rem_euclid(100));
                let game = self.play(id, Stage::Playoffs, Fixture { date, number, home, away });
                let [home_points, away_points] = game.points;
                let better_won = (home_points > away_points) == (home == *better);
                wins[series][usize::from(!better_won)] += 1;
                games.push(game);
                last = date;
            }
        }
        let winners = pairs
            .iter()
            .zip(&wins)
            .map(|((better, other), [a, b])| if a > b { *better } else { *other })
            .collect();
        (winners, last)
    }
}
