//! A season's games as the two forms of the schedule have them: the plain list (`games` with date, teams and
//! kind) and the service's tree (`leagueSchedule`, games by day with their state). Pure: bytes in, games with
//! the place where each stands out. Left out of the tree is what is no date of the calendar: pre-season,
//! All-Star and cup-final games (which count in no table), games put off without a new date, and games whose
//! teams are not known yet.

use std::sync::Arc;

use chrono::DateTime;
use serde::Deserialize;

use super::identity::league_date;
use super::payload_fault::PayloadFault;
use super::season::SeasonKind;
use crate::flow::{Date, Millis, Payload, Season};

/// How far a game is, as the schedule knew it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GameState {
    /// It has not begun.
    Scheduled,
    /// It is being played.
    Live,
    /// It is over.
    Final,
    /// The plain list does not say.
    Unstated,
}

/// One season's schedule.
pub(super) struct SeasonList<'p> {
    payload: &'p Arc<str>,
    pub(super) season: Season,
    pub(super) games: Vec<ListedGame>,
    names: &'static Names,
}

/// One game as it is listed. Texts are unchecked.
pub(super) struct ListedGame {
    /// Its place in the payload, from 1.
    row: usize,
    pub(super) game_id: String,
    pub(super) game_date: String,
    pub(super) home_team: String,
    pub(super) away_team: String,
    /// The kind that the list says or, in the tree, the kind that the game's id says.
    pub(super) season_type: String,
    pub(super) state: GameState,
    /// When it begins, as RFC 3339; lists of seasons that are over do not say it.
    tip_off: Option<String>,
}

/// What a field is called in a form.
pub(super) struct Names {
    pub(super) game_id: &'static str,
    pub(super) game_date: &'static str,
    pub(super) home_team: &'static str,
    pub(super) away_team: &'static str,
    pub(super) season_type: &'static str,
    tip_off: &'static str,
}

const LIST: Names = Names {
    game_id: "game_id",
    game_date: "game_date",
    home_team: "home_team",
    away_team: "away_team",
    season_type: "season_type",
    tip_off: "tip_off",
};

const TREE: Names = Names {
    game_id: "gameId",
    game_date: "gameDateEst",
    home_team: "homeTeam.teamTricode",
    away_team: "awayTeam.teamTricode",
    season_type: "gameId",
    tip_off: "gameDateTimeUTC",
};

/// The kind of a game by the first digits of its id: pre-season 001 and All-Star 003 games are of none, nor
/// is the cup final 006, which counts in no table.
enum Kind {
    Counted(SeasonKind),
    NotCounted,
}

impl Kind {
    fn of(game_id: &str) -> Option<Self> {
        Some(match game_id.get(..3)? {
            "002" => Self::Counted(SeasonKind::Regular),
            "004" => Self::Counted(SeasonKind::Playoffs),
            "005" => Self::Counted(SeasonKind::PlayIn),
            "001" | "003" | "006" => Self::NotCounted,
            _ => return None,
        })
    }
}

impl<'p> SeasonList<'p> {
    /// Reads either form.
    pub(super) fn parse(payload: &'p Payload) -> Result<Self, PayloadFault> {
        let raw: RawSchedule =
            serde_json::from_slice(&payload.bytes).map_err(|error| malformed(payload, error.to_string()))?;
        match raw {
            RawSchedule { league_schedule: Some(tree), season: None, games: None } => {
                Self::of_tree(payload, tree)
            }
            RawSchedule { league_schedule: None, season: Some(season), games: Some(games) } => {
                Self::of_list(payload, &season, games)
            }
            RawSchedule { .. } => {
                let reason = "it is neither a list (`season`, `games`) nor a tree (`leagueSchedule`)";
                Err(malformed(payload, reason.to_owned()))
            }
        }
    }

    fn of_list(payload: &'p Payload, season: &str, games: Vec<RawGame>) -> Result<Self, PayloadFault> {
        let season = parse_season(payload, season)?;
        let games = games.into_iter().enumerate().map(|(at, raw)| ListedGame {
            row: at + 1,
            game_id: raw.game_id,
            game_date: raw.game_date,
            home_team: raw.home_team,
            away_team: raw.away_team,
            season_type: raw.season_type,
            state: GameState::Unstated,
            tip_off: raw.tip_off,
        });
        Ok(Self { payload: &payload.name, season, games: games.collect(), names: &LIST })
    }

    fn of_tree(payload: &'p Payload, tree: RawTree) -> Result<Self, PayloadFault> {
        let season = parse_season(payload, &tree.season_year)?;
        let mut list = Self { payload: &payload.name, season, games: Vec::new(), names: &TREE };
        for (at, raw) in tree.game_dates.into_iter().flat_map(|day| day.games).enumerate() {
            if let Some(game) = list.tree_game(at + 1, raw)? {
                list.games.push(game);
            }
        }
        Ok(list)
    }

    /// A game of the tree; `None` for one that is no part of the calendar.
    fn tree_game(&self, row: usize, raw: RawTreeGame) -> Result<Option<ListedGame>, PayloadFault> {
        let kind = Kind::of(&raw.game_id).ok_or_else(|| {
            self.fault(row, TREE.game_id, &raw.game_id, "begins with no known kind of game (001 to 006)")
        })?;
        let Kind::Counted(part) = kind else { return Ok(None) };
        let put_off = ["PPD", "CNCL"].contains(&raw.status_text.trim());
        let (Some(home), Some(away)) = (raw.home_team.known(), raw.away_team.known()) else {
            return Ok(None);
        };
        if put_off {
            return Ok(None);
        }
        let state = match raw.game_status {
            1 => GameState::Scheduled,
            2 => GameState::Live,
            3 => GameState::Final,
            other => {
                let why = "is no state of a game: 1 scheduled, 2 live, 3 final";
                return Err(self.fault(row, "gameStatus", &other.to_string(), why));
            }
        };
        Ok(Some(ListedGame {
            row,
            home_team: home.to_owned(),
            away_team: away.to_owned(),
            season_type: part.code().to_owned(),
            // `2023-12-25T00:00:00Z` is the date of 25 December in the east, whatever the Z says.
            game_date: raw.game_date_est.trim_end_matches('Z').to_owned(),
            game_id: raw.game_id,
            state,
            tip_off: raw.tip_off,
        }))
    }

    /// The game's date.
    pub(super) fn date(&self, game: &ListedGame) -> Result<Date, PayloadFault> {
        league_date(&game.game_date)
            .ok_or_else(|| self.fault(game.row, self.names.game_date, &game.game_date, "is no date"))
    }

    /// When the game begins; `None` where the schedule does not say it.
    pub(super) fn tip_off(&self, game: &ListedGame) -> Result<Option<Millis>, PayloadFault> {
        let read = |text: &String| {
            let moment = DateTime::parse_from_rfc3339(text).map(|moment| moment.timestamp_millis());
            let why = "is no moment such as 2024-01-27T00:30:00Z";
            moment.map_err(|_| self.fault(game.row, self.names.tip_off, text, why))
        };
        game.tip_off.as_ref().map(read).transpose()
    }

    /// The game's id tells its kind and season; both must be those that the list says. The teams are
    /// abbreviations.
    pub(super) fn check(&self, game: &ListedGame) -> Result<(), PayloadFault> {
        let id = &game.game_id;
        if id.len() != 10 || !id.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(self.fault(game.row, self.names.game_id, id, "has not ten digits"));
        }
        if let Some(Kind::Counted(part)) = Kind::of(id)
            && *part.code() != *game.season_type
        {
            let why = "is not what the game's id says";
            return Err(self.fault(game.row, self.names.season_type, &game.season_type, why));
        }
        let year = format!("{:02}", self.season.start_year().rem_euclid(100));
        if id[3..5] != year {
            return Err(self.fault(game.row, self.names.game_id, id, "is of another season than its list"));
        }
        for (field, team) in
            [(self.names.home_team, &game.home_team), (self.names.away_team, &game.away_team)]
        {
            if team.is_empty() || !team.bytes().all(|byte| byte.is_ascii_uppercase()) {
                return Err(self.fault(game.row, field, team, "is no team's abbreviation"));
            }
        }
        Ok(())
    }

    /// The fault of a game that is not on the date for which it was cut out.
    pub(super) fn foreign(&self, game: &ListedGame, date: Date) -> PayloadFault {
        PayloadFault::ForeignDate {
            payload: Arc::clone(self.payload),
            row: game.row,
            column: self.names.game_date,
            found: game.game_date.clone(),
            date,
        }
    }

    /// The fault of a schedule that is another season's.
    pub(super) fn wrong_season(&self, expected: Season) -> PayloadFault {
        PayloadFault::WrongResource {
            payload: Arc::clone(self.payload),
            expected: format!("the schedule of {expected}"),
            found: format!("that of {}", self.season),
        }
    }

    /// The fault of a game that is there twice.
    pub(super) fn twice(&self, game: &ListedGame) -> PayloadFault {
        self.fault(game.row, self.names.game_id, &game.game_id, "is there twice")
    }

    /// The fault of a team that has two games on one date.
    pub(super) fn plays_twice(&self, game: &ListedGame, team: &str) -> PayloadFault {
        self.fault(game.row, self.names.home_team, team, "plays twice on this date")
    }

    fn fault(&self, row: usize, column: &'static str, found: &str, why: &str) -> PayloadFault {
        PayloadFault::Value {
            payload: Arc::clone(self.payload),
            row,
            column,
            found: format!("`{found}`"),
            why: why.to_owned(),
        }
    }
}

fn malformed(payload: &Payload, reason: String) -> PayloadFault {
    PayloadFault::Malformed { payload: Arc::clone(&payload.name), reason, length: payload.bytes.len() }
}

fn parse_season(payload: &Payload, text: &str) -> Result<Season, PayloadFault> {
    Season::parse(text).ok_or_else(|| malformed(payload, format!("`{text}` is no season such as 2023-24")))
}

/// Both forms; which one it is shows in what is there.
#[derive(Deserialize)]
struct RawSchedule {
    season: Option<String>,
    games: Option<Vec<RawGame>>,
    #[serde(rename = "leagueSchedule")]
    league_schedule: Option<RawTree>,
}

#[derive(Deserialize)]
struct RawGame {
    game_id: String,
    game_date: String,
    home_team: String,
    away_team: String,
    season_type: String,
    tip_off: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawTree {
    season_year: String,
    game_dates: Vec<RawDay>,
}

#[derive(Deserialize)]
struct RawDay {
    games: Vec<RawTreeGame>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawTreeGame {
    game_id: String,
    game_status: i64,
    #[serde(rename = "gameStatusText")]
    status_text: String,
    game_date_est: String,
    #[serde(rename = "gameDateTimeUTC")]
    tip_off: Option<String>,
    home_team: RawTeam,
    away_team: RawTeam,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawTeam {
    team_tricode: Option<String>,
}

impl RawTeam {
    /// The abbreviation; `None` while the bracket has not decided who plays.
    fn known(&self) -> Option<&str> {
        self.team_tricode.as_deref().filter(|code| !code.is_empty() && *code != "TBD")
    }
}
