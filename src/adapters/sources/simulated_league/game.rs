//! One game: shots first, then everything else, so that the box score is the sum of what happened. The
//! teams shoot through regulation, and through overtimes of five minutes while the score is level.
//! Knows nothing of seasons; `boxscore.rs` holds the lines that it fills.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::boxscore::{self, Line};
use super::chance;
use super::players::Player;
use super::shots::{Shot, Zone};
use super::teams::Style;

/// Regulation is four periods of so many seconds, overtime one of the other.
const PERIOD_SECONDS: u16 = 720;
const OVERTIME_SECONDS: u16 = 300;
const OVERTIMES_MAX: u8 = 8;
/// A team's attempts and trips to the free-throw line in 48 minutes, as in a real season.
const ATTEMPTS: f64 = 88.8;
const TRIPS: f64 = 11.1;
const TURNOVERS: f64 = 12.3;

/// A team on the day.
pub(super) struct Side<'a> {
    pub(super) style: &'a Style,
    pub(super) squad: Vec<Dressed<'a>>,
    /// Whether it played yesterday.
    pub(super) tired: bool,
}

/// A player who is to play.
pub(super) struct Dressed<'a> {
    /// Index in the season's list.
    pub(super) index: usize,
    pub(super) player: &'a Player,
    /// Deviations from his usual self.
    pub(super) form: f64,
    /// The share of the game that he is to play, in minutes of 48.
    pub(super) minutes: f64,
}

/// What a game came to. Of two: the home team first.
pub(super) struct Played {
    pub(super) lines: [Vec<Line>; 2],
    pub(super) shots: Vec<Shot>,
    pub(super) overtimes: u8,
    /// Turnovers charged to no player.
    pub(super) team_turnovers: [i64; 2],
}

impl Played {
    /// Points, the home team's first.
    pub(super) fn points(&self) -> [i64; 2] {
        [0, 1].map(|side: usize| self.lines[side].iter().map(Line::points).sum())
    }
}

/// Plays a game.
pub(super) fn play(rng: &mut ChaCha8Rng, sides: &[Side<'_>; 2]) -> Played {
    let lines =
        [0, 1].map(|side: usize| sides[side].squad.iter().map(|dressed| Line::of(dressed.index)).collect());
    let mut played = Played { lines, shots: Vec::with_capacity(190), overtimes: 0, team_turnovers: [0; 2] };
    let pace = chance::normal(rng, 0.0, 3.5) + sides[0].style.pace + sides[1].style.pace;
    for side in 0..2 {
        let attempts = chance::count(rng, ATTEMPTS + pace, 4.8, 62);
        let trips = chance::count(rng, TRIPS, 3.3, 0);
        attack(rng, sides, &mut played, side, (attempts, trips));
        let turnovers = chance::count(rng, TURNOVERS, 3.5, 2);
        lose_balls(rng, sides, &mut played, side, turnovers);
    }
    level_late(rng, &mut played);
    while level(&played) && played.overtimes < OVERTIMES_MAX {
        played.overtimes += 1;
        for side in 0..2 {
            let attempts = chance::count(rng, ATTEMPTS * 5.0 / 48.0, 1.3, 5);
            let trips = chance::count(rng, TRIPS * 5.0 / 48.0, 1.0, 0);
            attack(rng, sides, &mut played, side, (attempts, trips));
        }
    }
    if level(&played) {
        // A last free throw ends what no number of overtimes has.
        played.lines[0][0].free_throw(true);
    }
    boxscore::complete(rng, sides, &mut played);
    played.shots.sort_by_key(|shot| (shot.period, u16::MAX - shot.seconds_left));
    number_events(rng, &mut played.shots);
    played
}

/// Who trails by a little at the end plays for the line and often gets there: without that a level score
/// would be half as frequent as it is in real seasons (six games of a hundred).
fn level_late(rng: &mut ChaCha8Rng, played: &mut Played) {
    let [home, away] = played.points();
    let trailing = usize::from(home > away);
    if (1..=2).contains(&(home - away).abs()) && chance::happens(rng, 0.45) {
        for _ in 0..(home - away).abs() {
            played.lines[trailing][0].free_throw(true);
        }
    }
}

fn level(played: &Played) -> bool {
    let [home, away] = played.points();
    home == away
}

/// One team's shots (with assists, blocks and rebounds) and free throws in regulation or an overtime.
fn attack(
    rng: &mut ChaCha8Rng,
    sides: &[Side<'_>; 2],
    played: &mut Played,
    side: usize,
    (attempts, trips): (i64, i64),
) {
    let own = &sides[side];
    let other = &sides[1 - side];
    let shooters: Vec<f64> = own
        .squad
        .iter()
        .map(|one| one.minutes * one.player.usage * (1.0 + 0.11 * one.form).max(0.3))
        .collect();
    let passers = weights(own, |player| player.assist);
    let blockers = weights(other, |player| player.block);
    // Home teams win 54 of 100 games; the second game in two days costs about two points.
    let day = own.style.attack + if side == 0 { 0.006 } else { -0.006 } - if own.tired { 0.011 } else { 0.0 };
    for _ in 0..attempts {
        let by = chance::weighted(rng, &shooters);
        let shooter = &own.squad[by];
        let zone = zone_of(rng, shooter.player, other.style);
        let part = zone.part();
        let touch = if zone == Zone::Backcourt {
            0.0
        } else {
            day + shooter.player.touch[part] + 0.02 * shooter.form - other.style.defence[part]
        };
        let made = chance::happens(rng, (zone.league().1 + touch).clamp(0.005, 0.95));
        played.lines[side][by].shot(zone.is_three(), made);
        played.shots.push(shot(rng, played.overtimes, shooter.index, side == 0, zone, made));
        if made {
            let assisted = if zone.is_three() { 0.82 } else { 0.55 };
            let passer = chance::weighted(rng, &passers);
            if passer != by && chance::happens(rng, assisted * 1.08) {
                played.lines[side][passer].assists += 1;
            }
        } else {
            if !zone.is_three() && chance::happens(rng, 0.2) {
                played.lines[1 - side][chance::weighted(rng, &blockers)].blocks += 1;
            }
            rebound(rng, sides, played, side);
        }
    }
    let fouled: Vec<f64> = weights(own, |player| player.draws_fouls * player.usage);
    for _ in 0..trips {
        let by = chance::weighted(rng, &fouled);
        let throws = if chance::happens(rng, 0.12) { 1 } else { 2 };
        for throw in 1..=throws {
            let made = chance::happens(rng, own.squad[by].player.free_throw);
            played.lines[side][by].free_throw(made);
            if !made && throw == throws {
                rebound(rng, sides, played, side);
            }
        }
    }
}

/// Who gets the ball after a miss of `side`: nine times of ten a player, else it goes to a team.
fn rebound(rng: &mut ChaCha8Rng, sides: &[Side<'_>; 2], played: &mut Played, side: usize) {
    if !chance::happens(rng, 0.905) {
        return;
    }
    let offensive = chance::happens(rng, 0.243);
    let winner = if offensive { side } else { 1 - side };
    let chances =
        weights(
            &sides[winner],
            |player| {
                if offensive { player.offensive_rebound } else { player.defensive_rebound }
            },
        );
    let line = &mut played.lines[winner][chance::weighted(rng, &chances)];
    if offensive {
        line.offensive_rebounds += 1;
    } else {
        line.defensive_rebounds += 1;
    }
}

/// Turnovers, six of ten of them the other team's steals, some of them nobody's but the team's.
fn lose_balls(rng: &mut ChaCha8Rng, sides: &[Side<'_>; 2], played: &mut Played, side: usize, turnovers: i64) {
    let losers = weights(&sides[side], |player| player.turnover * player.usage);
    let thieves = weights(&sides[1 - side], |player| player.steal);
    for _ in 0..turnovers {
        played.lines[side][chance::weighted(rng, &losers)].turnovers += 1;
        if chance::happens(rng, 0.59) {
            played.lines[1 - side][chance::weighted(rng, &thieves)].steals += 1;
        }
    }
    played.team_turnovers[side] =
        i64::from(chance::happens(rng, 0.5)) + i64::from(chance::happens(rng, 0.12));
}

/// The weight of each player of a side by an ability and by his minutes.
pub(super) fn weights(side: &Side<'_>, ability: impl Fn(&Player) -> f64) -> Vec<f64> {
    side.squad.iter().map(|one| one.minutes * ability(one.player)).collect()
}

/// From where a player shoots, as far as the defence lets him.
fn zone_of(rng: &mut ChaCha8Rng, shooter: &Player, defence: &Style) -> Zone {
    let mut shares = shooter.zones;
    for (share, zone) in shares.iter_mut().zip(Zone::ALL) {
        *share *= defence.allows[zone.part()].max(0.5);
    }
    Zone::ALL[chance::weighted(rng, &shares)]
}

fn shot(rng: &mut ChaCha8Rng, overtimes: u8, player: usize, home: bool, zone: Zone, made: bool) -> Shot {
    let (period, seconds) = match overtimes {
        0 => (rng.random_range(1..=4), PERIOD_SECONDS),
        overtime => (4 + overtime, OVERTIME_SECONDS),
    };
    let seconds_left = match zone {
        // Nobody throws from there but at the buzzer.
        Zone::Backcourt => rng.random_range(0..3),
        Zone::RestrictedArea
        | Zone::Paint
        | Zone::MidRange
        | Zone::LeftCorner
        | Zone::RightCorner
        | Zone::AboveBreak => rng.random_range(0..seconds),
    };
    let (x, y) = zone.place(rng);
    let action = zone.action(rng);
    Shot { player, home, period, seconds_left, zone, x, y, made, action, event: 0 }
}

/// Numbers the events in order of time, with those in between that are no shots; then some rows change
/// places with their neighbours, because the service does not send them in order.
fn number_events(rng: &mut ChaCha8Rng, shots: &mut [Shot]) {
    let mut event = 2;
    for shot in shots.iter_mut() {
        event += rng.random_range(1..5);
        shot.event = event;
    }
    if chance::happens(rng, 0.7) {
        for _ in 0..3 {
            let at = rng.random_range(1..shots.len());
            shots.swap(at - 1, at);
        }
    }
}
