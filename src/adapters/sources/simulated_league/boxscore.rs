//! The lines of a box score: what each player did in a game, and how minutes, fouls and plus-minus are
//! made to agree with the game as a whole. All sums hold by construction, not by correction afterwards.

use rand_chacha::ChaCha8Rng;

use super::chance;
use super::game::{self, Played, Side};

/// What one player did in one game.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    /// Index in the season's list.
    pub(super) player: usize,
    pub(super) minutes: f64,
    pub(super) goals: i64,
    pub(super) goal_attempts: i64,
    pub(super) threes: i64,
    pub(super) three_attempts: i64,
    pub(super) free_throws: i64,
    pub(super) free_throw_attempts: i64,
    pub(super) offensive_rebounds: i64,
    pub(super) defensive_rebounds: i64,
    pub(super) assists: i64,
    pub(super) steals: i64,
    pub(super) blocks: i64,
    pub(super) turnovers: i64,
    pub(super) fouls: i64,
    pub(super) plus_minus: i64,
}

/// Nobody plays more than this in regulation.
const MINUTES_MAX: f64 = 44.0;
const FOULS_MAX: i64 = 6;
const FOULS: f64 = 18.7;

impl Line {
    pub(super) fn of(player: usize) -> Self {
        Self {
            player,
            minutes: 0.0,
            goals: 0,
            goal_attempts: 0,
            threes: 0,
            three_attempts: 0,
            free_throws: 0,
            free_throw_attempts: 0,
            offensive_rebounds: 0,
            defensive_rebounds: 0,
            assists: 0,
            steals: 0,
            blocks: 0,
            turnovers: 0,
            fouls: 0,
            plus_minus: 0,
        }
    }

    /// PTS.
    pub(super) fn points(&self) -> i64 {
        2 * self.goals + self.threes + self.free_throws
    }

    /// REB.
    pub(super) fn rebounds(&self) -> i64 {
        self.offensive_rebounds + self.defensive_rebounds
    }

    pub(super) fn shot(&mut self, three: bool, made: bool) {
        self.goal_attempts += 1;
        self.goals += i64::from(made);
        self.three_attempts += i64::from(three);
        self.threes += i64::from(three && made);
    }

    pub(super) fn free_throw(&mut self, made: bool) {
        self.free_throw_attempts += 1;
        self.free_throws += i64::from(made);
    }
}

/// Adds what depends on the whole game: minutes, fouls, plus-minus.
pub(super) fn complete(rng: &mut ChaCha8Rng, sides: &[Side<'_>; 2], played: &mut Played) {
    let length = 48.0 + 5.0 * f64::from(played.overtimes);
    let [home, away] = played.points();
    for (side, margin) in [(0, home - away), (1, away - home)] {
        let lines = &mut played.lines[side];
        let planned = sides[side].squad.iter().map(|one| one.minutes);
        share_minutes(lines, planned, length);
        foul(rng, &sides[side], lines);
        share_margin(rng, lines, margin, length);
    }
}

/// Brings the planned minutes to five times the game's length. Short spells stay as they are; who would
/// play too long gives the rest to the others.
fn share_minutes(lines: &mut [Line], planned: impl Iterator<Item = f64>, length: f64) {
    for (line, minutes) in lines.iter_mut().zip(planned) {
        line.minutes = minutes;
    }
    let most = MINUTES_MAX + length - 48.0;
    for _ in 0..8 {
        let total: f64 = lines.iter().map(|line| line.minutes).sum();
        let movable = |line: &Line| line.minutes > 1.0 && line.minutes < most;
        let moved: f64 = lines.iter().filter(|line| movable(line)).map(|line| line.minutes).sum();
        let factor = 1.0 + (5.0 * length - total) / moved.max(1.0);
        for line in lines.iter_mut().filter(|line| movable(line)) {
            line.minutes = (line.minutes * factor).min(most);
        }
    }
}

fn foul(rng: &mut ChaCha8Rng, side: &Side<'_>, lines: &mut [Line]) {
    let mut weights = game::weights(side, |player| player.foul);
    for _ in 0..chance::count(rng, FOULS, 4.0, 4) {
        let by = chance::weighted(rng, &weights);
        lines[by].fouls += 1;
        if lines[by].fouls == FOULS_MAX {
            weights[by] = 0.0;
        }
    }
}

/// Plus-minus: near the margin's share of the minutes, and five times the margin in all, because five
/// players are on the court at any time.
fn share_margin(rng: &mut ChaCha8Rng, lines: &mut [Line], margin: i64, length: f64) {
    for line in lines.iter_mut() {
        let share = margin as f64 * line.minutes / length;
        line.plus_minus = chance::normal(rng, share, 1.35 * line.minutes.sqrt()).round() as i64;
    }
    let mut left = 5 * margin - lines.iter().map(|line| line.plus_minus).sum::<i64>();
    let weights: Vec<f64> = lines.iter().map(|line| line.minutes).collect();
    while left != 0 {
        lines[chance::weighted(rng, &weights)].plus_minus += left.signum();
        left -= left.signum();
    }
}
