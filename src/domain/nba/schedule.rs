//! The season's list of games: which dates exist (the calendar) and which games a date has.
//! Pure: bytes in, rows out; every fault names the payload and the game.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Deserialize;

use super::identity::{canonical_game_id, league_date};
use super::payload_fault::PayloadFault;
use super::rows_schedule::ScheduledGame;
use crate::flow::{Calendar, Date, Payload, Permanent, Season};

/// The calendar of these season lists: every date that has a game, with the season of its list.
pub fn calendar(payloads: &[Payload]) -> Result<Calendar, Permanent> {
    let mut dates = Vec::new();
    for payload in payloads {
        let list = SeasonList::parse(payload)?;
        for at in 0..list.games.len() {
            dates.push((list.date(at)?, list.season));
        }
    }
    Calendar::of(dates).map_err(|error| Permanent::new("schedule_contradiction", error.to_string()))
}

/// The games of a date, in order of the league's id.
pub fn scheduled_games(payloads: &[Payload], date: Date) -> Result<Vec<ScheduledGame>, PayloadFault> {
    let mut games = Vec::new();
    let mut ids = BTreeSet::new();
    for payload in payloads {
        let list = SeasonList::parse(payload)?;
        for at in 0..list.games.len() {
            let game = list.game(at, date)?;
            for team in [&game.home_team, &game.away_team] {
                if !ids.insert(Arc::clone(team)) {
                    return Err(list.fault(at, "home_team", team, "plays twice on this date"));
                }
            }
            if !ids.insert(Arc::clone(&game.nba_game_id)) {
                let id = Arc::clone(&game.nba_game_id);
                return Err(list.fault(at, "game_id", &id, "is there twice"));
            }
            games.push(game);
        }
    }
    games.sort_by(|a, b| a.nba_game_id.cmp(&b.nba_game_id));
    Ok(games)
}

#[derive(Deserialize)]
struct RawList {
    season: String,
    games: Vec<RawGame>,
}

#[derive(Deserialize)]
struct RawGame {
    game_id: String,
    game_date: String,
    home_team: String,
    away_team: String,
    season_type: String,
}

struct SeasonList<'p> {
    payload: &'p Arc<str>,
    season: Season,
    games: Vec<RawGame>,
}

impl<'p> SeasonList<'p> {
    fn parse(payload: &'p Payload) -> Result<Self, PayloadFault> {
        let malformed = |reason: String| PayloadFault::Malformed {
            payload: Arc::clone(&payload.name),
            reason,
            length: payload.bytes.len(),
        };
        let list: RawList =
            serde_json::from_slice(&payload.bytes).map_err(|error| malformed(error.to_string()))?;
        let season = Season::parse(&list.season)
            .ok_or_else(|| malformed(format!("`{}` is no season such as 2023-24", list.season)))?;
        Ok(Self { payload: &payload.name, season, games: list.games })
    }

    fn date(&self, at: usize) -> Result<Date, PayloadFault> {
        let text = &self.games[at].game_date;
        league_date(text).ok_or_else(|| self.fault(at, "game_date", text, "is no date"))
    }

    fn game(&self, at: usize, date: Date) -> Result<ScheduledGame, PayloadFault> {
        let raw = &self.games[at];
        if self.date(at)? != date {
            return Err(PayloadFault::ForeignDate {
                payload: Arc::clone(self.payload),
                row: at + 1,
                column: "game_date",
                found: raw.game_date.clone(),
                date,
            });
        }
        self.check_id(at)?;
        for (column, team) in [("home_team", &raw.home_team), ("away_team", &raw.away_team)] {
            if team.is_empty() || !team.bytes().all(|byte| byte.is_ascii_uppercase()) {
                return Err(self.fault(at, column, team, "is no team's abbreviation"));
            }
        }
        Ok(ScheduledGame {
            game_id: canonical_game_id(date, &raw.away_team, &raw.home_team).into(),
            nba_game_id: raw.game_id.as_str().into(),
            game_date: date,
            season: self.season.to_string().into(),
            season_year: i64::from(self.season.start_year()),
            season_type: raw.season_type.as_str().into(),
            home_team: raw.home_team.as_str().into(),
            away_team: raw.away_team.as_str().into(),
        })
    }

    /// The league's id tells kind and season of a game; both must be those that the list says.
    fn check_id(&self, at: usize) -> Result<(), PayloadFault> {
        let raw = &self.games[at];
        let id = &raw.game_id;
        if id.len() != 10 || !id.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(self.fault(at, "game_id", id, "has not ten digits"));
        }
        let kind = match &id[..3] {
            "002" => Some("Regular Season"),
            "004" => Some("Playoffs"),
            _ => None,
        };
        if kind.is_some_and(|kind| kind != raw.season_type) {
            return Err(self.fault(at, "season_type", &raw.season_type, "is not what the game's id says"));
        }
        let year = format!("{:02}", self.season.start_year().rem_euclid(100));
        if id[3..5] != year {
            return Err(self.fault(at, "game_id", id, "is of another season than its list"));
        }
        Ok(())
    }

    fn fault(&self, at: usize, column: &'static str, found: &str, why: &str) -> PayloadFault {
        PayloadFault::Value {
            payload: Arc::clone(self.payload),
            row: at + 1,
            column,
            found: format!("`{found}`"),
            why: why.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn game(id: &str, date: &str, away: &str, home: &str, kind: &str) -> String {
        format!(
            r#"{{"game_id":"{id}","game_date":"{date}","home_team":"{home}","away_team":"{away}","season_type":"{kind}"}}"#
        )
    }

    fn list(season: &str, games: &[String]) -> Payload {
        Payload {
            name: format!("schedule/{season}.json.gz").into(),
            bytes: format!(r#"{{"season":"{season}","games":[{}]}}"#, games.join(",")).into(),
        }
    }

    fn christmas() -> Date {
        Date::of(2023, 12, 25).expect("date")
    }

    #[test]
    fn games_are_named_and_sorted() {
        let regular = "Regular Season";
        let payload = list(
            "2023-24",
            &[
                game("0022300403", "2023-12-25", "BOS", "LAL", regular),
                game("0022300401", "2023-12-25", "MIL", "NYK", regular),
            ],
        );
        let games = scheduled_games(&[payload], christmas()).expect("games");
        let ids: Vec<&str> = games.iter().map(|game| &*game.game_id).collect();
        assert_eq!(ids, ["20231225_MIL_NYK", "20231225_BOS_LAL"]);
        assert_eq!((&*games[0].season, games[0].season_year), ("2023-24", 2023));
    }

    #[test]
    fn faults_are_named() {
        let regular = "Regular Season";
        let one = |id, date, away, home, kind| vec![game(id, date, away, home, kind)];
        let good = game("0022300403", "2023-12-25", "BOS", "LAL", regular);
        let cases = [
            (one("0022300403", "2023-12-26", "BOS", "LAL", regular), "payload_foreign_date"),
            (one("22300403", "2023-12-25", "BOS", "LAL", regular), "payload_value"),
            (one("0042300403", "2023-12-25", "BOS", "LAL", regular), "payload_value"),
            (one("0022200403", "2023-12-25", "BOS", "LAL", regular), "payload_value"),
            (one("0022300403", "Christmas", "BOS", "LAL", regular), "payload_value"),
            (one("0022300403", "2023-12-25", "", "LAL", regular), "payload_value"),
            (one("0022300403", "2023-12-25", "LAL", "LAL", regular), "payload_value"),
            (vec![good.clone(), good], "payload_value"),
        ];
        for (games, code) in cases {
            let fault = scheduled_games(&[list("2023-24", &games)], christmas()).expect_err(code);
            assert_eq!(fault.code(), code, "{fault}");
        }
    }

    #[test]
    fn the_calendar_has_every_date_once_with_its_season() {
        let payloads = [
            list(
                "2023-24",
                &[
                    game("0022300002", "2023-10-25", "A", "B", "Regular Season"),
                    game("0022300001", "2023-10-24", "A", "B", "Regular Season"),
                    game("0022300003", "2023-10-25", "C", "D", "Regular Season"),
                ],
            ),
            list("2024-25", &[game("0022400001", "2024-10-22", "A", "B", "Regular Season")]),
        ];
        let calendar = calendar(&payloads).expect("calendar");
        assert_eq!(calendar.len(), 3);
        assert_eq!(calendar.season(2), Season::starting(2024));
        let broken = Payload {
            name: "schedule/x.json".into(),
            bytes: b"{\"season\":\"2023-24\",\"games\":[{".as_slice().into(),
        };
        let fault = super::calendar(&[broken]).expect_err("broken");
        assert!(fault.message.contains("schedule/x.json"), "{fault}");
    }
}
