//! Zones of the court and shots counted by them: the one classifier that every dataset uses.
//! Paint is the restricted area and the rest of the paint, three is above the break and both corners; a
//! shot from the backcourt is counted apart, one of unknown zone is in no zone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::rows_raw::Shot;

/// Where a shot was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Zone {
    /// Restricted area and the rest of the paint.
    Paint,
    /// Inside of the three-point line, outside of the paint.
    MidRange,
    /// Beyond the three-point line, above the break or in a corner.
    Three,
    /// Beyond the half-way line.
    Backcourt,
}

impl Zone {
    /// The zone of the shot chart's `SHOT_ZONE_BASIC`; `None` for a text that it does not use.
    #[must_use]
    pub fn of_basic(text: &str) -> Option<Self> {
        match text {
            "Restricted Area" | "In The Paint (Non-RA)" => Some(Self::Paint),
            "Mid-Range" => Some(Self::MidRange),
            "Above the Break 3" | "Left Corner 3" | "Right Corner 3" => Some(Self::Three),
            "Backcourt" => Some(Self::Backcourt),
            _ => None,
        }
    }
}

/// Attempts and makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Shots taken.
    pub attempts: i64,
    /// Shots made.
    pub makes: i64,
}

/// Shots by zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ZoneCounts {
    /// In the paint.
    pub paint: Tally,
    /// From mid-range.
    pub mid_range: Tally,
    /// From the three-point zones.
    pub three: Tally,
    /// From the backcourt.
    pub backcourt: Tally,
    /// Shots without a zone.
    pub unknown: i64,
}

impl ZoneCounts {
    fn add(&mut self, shot: &Shot) {
        if !shot.attempted {
            return;
        }
        let tally = match shot.zone_basic.as_deref().and_then(Zone::of_basic) {
            Some(Zone::Paint) => &mut self.paint,
            Some(Zone::MidRange) => &mut self.mid_range,
            Some(Zone::Three) => &mut self.three,
            Some(Zone::Backcourt) => &mut self.backcourt,
            None => {
                self.unknown += 1;
                return;
            }
        };
        tally.attempts += 1;
        tally.makes += i64::from(shot.made);
    }
}

/// The shots of a date, counted by game and player and by game and team, and the games that have any.
#[derive(Debug, Default)]
pub struct ShotChart {
    games: BTreeSet<Arc<str>>,
    players: BTreeMap<(Arc<str>, i64), ZoneCounts>,
    teams: BTreeMap<(Arc<str>, i64), ZoneCounts>,
}

impl ShotChart {
    /// The chart of these shots.
    #[must_use]
    pub fn of(shots: &[Shot]) -> Self {
        let mut chart = Self::default();
        for shot in shots {
            if !chart.games.contains(&shot.game_id) {
                chart.games.insert(Arc::clone(&shot.game_id));
            }
            let key = |id| (Arc::clone(&shot.game_id), id);
            chart.players.entry(key(shot.player_id)).or_default().add(shot);
            chart.teams.entry(key(shot.team_id)).or_default().add(shot);
        }
        chart
    }

    /// A player's shots in a game: `None` where the game has no chart, zeros where he took none.
    #[must_use]
    pub fn of_player(&self, game_id: &Arc<str>, player_id: i64) -> Option<ZoneCounts> {
        self.in_game(game_id, &self.players, player_id)
    }

    /// A team's shots in a game: `None` where the game has no chart.
    #[must_use]
    pub fn of_team(&self, game_id: &Arc<str>, team_id: i64) -> Option<ZoneCounts> {
        self.in_game(game_id, &self.teams, team_id)
    }

    /// All pairs of game and team that have shots.
    pub fn teams(&self) -> impl Iterator<Item = (&Arc<str>, i64)> {
        self.teams.keys().map(|(game, team)| (game, *team))
    }

    /// All pairs of game and player that have shots.
    pub fn players(&self) -> impl Iterator<Item = (&Arc<str>, i64)> {
        self.players.keys().map(|(game, player)| (game, *player))
    }

    fn in_game(
        &self,
        game_id: &Arc<str>,
        counts: &BTreeMap<(Arc<str>, i64), ZoneCounts>,
        id: i64,
    ) -> Option<ZoneCounts> {
        let key = (Arc::clone(game_id), id);
        (self.games.contains(game_id)).then(|| counts.get(&key).copied().unwrap_or_default())
    }
}
