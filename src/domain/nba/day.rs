//! What a row of any payload is checked against: the date that the payload is for and the games that
//! the schedule has on it. Knows the headers that all payloads share, and no box score.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::identity::{Matchup, league_date};
use super::payload::{Column, Record};
use super::payload_fault::PayloadFault;
use super::rows_schedule::ScheduledGame;
use crate::flow::{Date, Payload};

/// One date with its games.
pub(super) struct Day<'g> {
    date: Date,
    games: &'g [ScheduledGame],
    /// The date in the three spellings of the league, so that most rows need no parsing.
    spellings: [String; 3],
}

/// A scheduled game from one team's side.
#[derive(Clone, Copy)]
pub(super) struct Side<'g> {
    pub(super) game: &'g ScheduledGame,
    pub(super) team: &'g Arc<str>,
    pub(super) opponent: &'g Arc<str>,
    pub(super) at_home: bool,
}

impl<'g> Day<'g> {
    pub(super) fn of(date: Date, games: &'g [ScheduledGame]) -> Self {
        let plain = date.to_string();
        let compact = plain.split('-').collect();
        let timed = format!("{plain}T00:00:00");
        Self { date, games, spellings: [plain, compact, timed] }
    }

    /// The game of a row, after its date was found to be this one.
    pub(super) fn game(
        &self,
        record: &Record<'_>,
        date: Column,
        game_id: Column,
    ) -> Result<&'g ScheduledGame, PayloadFault> {
        let text = record.text(date)?;
        if !self.spellings.iter().any(|known| known == text) && league_date(text) != Some(self.date) {
            let (payload, row, column, found) = record.place(date);
            return Err(PayloadFault::ForeignDate { payload, row, column, found, date: self.date });
        }
        let id = record.text(game_id)?;
        let known = self.games.iter().find(|game| &*game.nba_game_id == id);
        known.ok_or_else(|| {
            let (payload, row, column, found) = record.place(game_id);
            PayloadFault::UnknownGame { payload, row, column, found, date: self.date }
        })
    }

    /// The team's side of a game; its abbreviation and match-up must be those of the schedule.
    pub(super) fn side(
        &self,
        record: &Record<'_>,
        game: &'g ScheduledGame,
        team: Column,
        matchup: Column,
    ) -> Result<Side<'g>, PayloadFault> {
        let text = record.text(team)?;
        let side = Side::of(game, text)
            .ok_or_else(|| record.value(team, format!("does not play in {}", game.game_id)))?;
        let said = Matchup::parse(record.text(matchup)?);
        let fits = said.is_some_and(|said| {
            said.team == text && said.opponent == &**side.opponent && said.at_home == side.at_home
        });
        if fits {
            Ok(side)
        } else {
            Err(record.value(matchup, format!("is not {text}'s side of {}", game.game_id)))
        }
    }

    /// A kind or season that a row states must be the game's own, where the payload has the column.
    pub(super) fn agree(record: &Record<'_>, column: Column, expected: &str) -> Result<(), PayloadFault> {
        match record.text_or_null(column)? {
            Some(text) if text != expected => Err(record.value(column, format!("should be `{expected}`"))),
            Some(_) | None => Ok(()),
        }
    }

    /// Every team of every scheduled game must have at least `least` rows; `rows` has how many there are,
    /// by league id and team.
    pub(super) fn check_complete(
        &self,
        payloads: &[Payload],
        rows: &BTreeMap<(&str, &str), usize>,
        least: usize,
    ) -> Result<(), PayloadFault> {
        let missing: Vec<String> = (self.games.iter())
            .flat_map(|game| [(game, &game.away_team), (game, &game.home_team)])
            .filter_map(|(game, team)| {
                let found = rows.get(&(&*game.nba_game_id, &**team)).copied().unwrap_or(0);
                let place = format!("{team} in game {} ({})", game.nba_game_id, game.game_id);
                (found < least).then(|| format!("{place} has {found} rows, expected {least} or more"))
            })
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = payloads.iter().map(|payload| &*payload.name).collect();
        Err(PayloadFault::Incomplete { payloads: names.join(", "), missing: missing.join("; ") })
    }
}

impl<'g> Side<'g> {
    /// The side of a team; `None` for one that does not play in the game.
    pub(super) fn of(game: &'g ScheduledGame, team: &str) -> Option<Self> {
        let (home, away) = (&game.home_team, &game.away_team);
        let (team, opponent, at_home) = match team {
            _ if **home == *team => (home, away, true),
            _ if **away == *team => (away, home, false),
            _ => return None,
        };
        Some(Self { game, team, opponent, at_home })
    }
}
