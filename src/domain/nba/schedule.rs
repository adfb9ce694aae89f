//! The season's list of games: which dates exist (the calendar) and which games a date has.
//! Pure: bytes in, rows out; every fault names the payload and the game. The forms are read in `season_list.rs`.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::identity::canonical_game_id;
use super::payload_fault::PayloadFault;
use super::rows_schedule::ScheduledGame;
use super::season_list::{GameState, ListedGame, SeasonList};
use crate::flow::{Calendar, Date, Payload, Permanent, Season, Starts};

/// The calendar of these season lists: every date that has a game, with the season of its list.
pub fn calendar(payloads: &[Payload]) -> Result<Calendar, Permanent> {
    let mut dates = Vec::new();
    for payload in payloads {
        let list = SeasonList::parse(payload)?;
        for game in &list.games {
            dates.push((list.date(game)?, list.season));
        }
    }
    Calendar::of(dates).map_err(|error| Permanent::new("schedule_contradiction", error.to_string()))
}

/// When the games of each date begin, of those whose list says it.
pub fn starts(payloads: &[Payload]) -> Result<Starts, Permanent> {
    let mut starts = Starts::new();
    for payload in payloads {
        let list = SeasonList::parse(payload)?;
        for game in &list.games {
            let Some(moment) = list.tip_off(game)? else { continue };
            let (first, last) = starts.entry(list.date(game)?).or_insert((moment, moment));
            (*first, *last) = ((*first).min(moment), (*last).max(moment));
        }
    }
    Ok(starts)
}

/// The games of a date, in order of the league's id.
pub fn scheduled_games(payloads: &[Payload], date: Date) -> Result<Vec<ScheduledGame>, PayloadFault> {
    Ok(game_states(payloads, date)?.into_iter().map(|(game, _)| game).collect())
}

/// The games of a date, each with how far it was when the schedule was made, in order of the league's id.
pub fn game_states(
    payloads: &[Payload],
    date: Date,
) -> Result<Vec<(ScheduledGame, GameState)>, PayloadFault> {
    let mut games = Vec::new();
    let mut ids = BTreeSet::new();
    for payload in payloads {
        let list = SeasonList::parse(payload)?;
        for listed in &list.games {
            let game = scheduled(&list, listed, date)?;
            for team in [&game.home_team, &game.away_team] {
                if !ids.insert(Arc::clone(team)) {
                    return Err(list.plays_twice(listed, team));
                }
            }
            if !ids.insert(Arc::clone(&game.nba_game_id)) {
                return Err(list.twice(listed));
            }
            games.push((game, listed.state));
        }
    }
    games.sort_by(|(a, _), (b, _)| a.nba_game_id.cmp(&b.nba_game_id));
    Ok(games)
}

/// Whether this is the whole schedule of a season: every game readable, none twice, no team twice on a date,
/// and no game gone that the schedule `before` knows to have been played.
pub fn check_schedule(
    payload: &Payload,
    season: Season,
    before: Option<&Payload>,
) -> Result<(), PayloadFault> {
    let list = SeasonList::parse(payload)?;
    if list.season != season {
        return Err(list.wrong_season(season));
    }
    let (mut ids, mut sides) = (BTreeSet::new(), BTreeSet::new());
    for listed in &list.games {
        let date = list.date(listed)?;
        list.check(listed)?;
        for team in [&listed.home_team, &listed.away_team] {
            if !sides.insert((date, team)) {
                return Err(list.plays_twice(listed, team));
            }
        }
        if !ids.insert(&listed.game_id) {
            return Err(list.twice(listed));
        }
    }
    let before = before.map(SeasonList::parse).transpose()?;
    let played = before.iter().flat_map(|before| &before.games).filter(|game| match game.state {
        GameState::Final | GameState::Unstated => true,
        GameState::Scheduled | GameState::Live => false,
    });
    let mut missing: Vec<&str> =
        played.map(|game| &*game.game_id).filter(|id| !ids.iter().any(|known| *known == id)).collect();
    if ids.is_empty() {
        missing.push("it has no game at all");
    }
    if missing.is_empty() {
        return Ok(());
    }
    let missing = format!("games that were played are missing: {}", missing.join(", "));
    Err(PayloadFault::Incomplete { payloads: payload.name.to_string(), missing })
}

/// A listed game as a row of the date.
fn scheduled(list: &SeasonList<'_>, listed: &ListedGame, date: Date) -> Result<ScheduledGame, PayloadFault> {
    if list.date(listed)? != date {
        return Err(list.foreign(listed, date));
    }
    list.check(listed)?;
    Ok(ScheduledGame {
        game_id: canonical_game_id(date, &listed.away_team, &listed.home_team).into(),
        nba_game_id: listed.game_id.as_str().into(),
        game_date: date,
        season: list.season.to_string().into(),
        season_year: i64::from(list.season.start_year()),
        season_type: listed.season_type.as_str().into(),
        home_team: listed.home_team.as_str().into(),
        away_team: listed.away_team.as_str().into(),
    })
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
    fn a_date_starts_with_its_first_game_and_ends_with_its_last() {
        let game = |id: &str, date: &str, tip_off: &str| {
            let game = game(id, date, "BOS", "LAL", "Regular Season");
            format!(r#"{},"tip_off":"{tip_off}"}}"#, game.trim_end_matches('}'))
        };
        let payload = list(
            "2023-24",
            &[
                game("0022300402", "2023-12-25", "2023-12-25T20:00:00-05:00"),
                game("0022300401", "2023-12-25", "2023-12-25T17:00:00Z"),
                game("0022300403", "2023-12-26", "2023-12-27T00:30:00Z"),
                self::game("0022300404", "2023-12-28", "A", "B", "Regular Season"),
            ],
        );
        let moment = |text| chrono::DateTime::parse_from_rfc3339(text).expect(text).timestamp_millis();
        let found = starts(&[payload]).expect("starts");
        let boxing_day = moment("2023-12-27T00:30:00Z");
        let expected = [
            (christmas(), (moment("2023-12-25T17:00:00Z"), moment("2023-12-26T01:00:00Z"))),
            (christmas().plus_days(1), (boxing_day, boxing_day)),
        ];
        assert_eq!(found, Starts::from(expected));
        let broken = list("2023-24", &[game("0022300402", "2023-12-25", "20:00 ET")]);
        let fault = starts(&[broken]).expect_err("no moment");
        assert!(fault.message.contains("20:00 ET"), "{fault}");
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

    /// A game of the service's tree.
    fn tree_game(id: &str, date: &str, status: u8, text: &str, teams: [&str; 2]) -> String {
        let team = |code: &str| match code {
            "" => r#"{"teamId":0,"teamTricode":null}"#.to_owned(),
            code => format!(r#"{{"teamId":1,"teamTricode":"{code}","wins":1,"losses":0,"score":0}}"#),
        };
        format!(
            r#"{{"gameId":"{id}","gameCode":"x","gameStatus":{status},"gameStatusText":"{text}","gameDateEst":"{date}T00:00:00Z","isNeutral":true,"awayTeam":{},"homeTeam":{}}}"#,
            team(teams[0]),
            team(teams[1])
        )
    }

    fn tree(games: &[String]) -> Payload {
        Payload {
            name: "schedule/2023-24.json".into(),
            bytes: format!(
                r#"{{"meta":{{"time":"now"}},"leagueSchedule":{{"seasonYear":"2023-24","gameDates":[{{"gameDate":"x","games":[{}]}}]}}}}"#,
                games.join(",")
            )
            .into(),
        }
    }

    #[test]
    fn the_services_tree_gives_games_with_their_kind_and_state() {
        let payload = tree(&[
            tree_game("0022300401", "2023-12-25", 3, "Final", ["MIL", "NYK"]),
            tree_game("0022300402", "2023-12-25", 2, "Q3 5:00", ["BOS", "LAL"]),
            tree_game("0052300101", "2023-12-25", 1, "7:30 pm ET", ["ATL", "CHI"]),
            tree_game("0042300101", "2023-12-25", 3, "Final/OT", ["MIA", "DEN"]),
            tree_game("0022300403", "2023-12-25", 1, "PPD", ["POR", "UTA"]),
            tree_game("0042300102", "2023-12-25", 1, "TBD", ["", "DEN"]),
            tree_game("0012300001", "2023-12-25", 3, "Final", ["DAL", "MIN"]),
            tree_game("0032300001", "2023-12-25", 3, "Final", ["EST", "WST"]),
            tree_game("0062300001", "2023-12-25", 3, "Final", ["IND", "LAC"]),
        ]);
        check_schedule(&payload, Season::starting(2023), Some(&payload)).expect("a schedule");
        let games = game_states(&[payload], christmas()).expect("games");
        let found: Vec<(&str, &str, GameState)> =
            games.iter().map(|(game, state)| (&*game.game_id, &*game.season_type, *state)).collect();
        assert_eq!(
            found,
            [
                ("20231225_MIL_NYK", "Regular Season", GameState::Final),
                ("20231225_BOS_LAL", "Regular Season", GameState::Live),
                ("20231225_MIA_DEN", "Playoffs", GameState::Final),
                ("20231225_ATL_CHI", "PlayIn", GameState::Scheduled),
            ]
        );
    }

    #[test]
    fn a_date_with_nothing_but_left_out_games_is_none() {
        let payload = tree(&[
            tree_game("0012300001", "2023-10-05", 3, "Final", ["DAL", "MIN"]),
            tree_game("0022300403", "2024-01-13", 1, "PPD", ["POR", "UTA"]),
            tree_game("0022300401", "2023-12-25", 1, "Noon", ["MIL", "NYK"]),
        ]);
        let calendar = calendar(&[payload]).expect("calendar");
        assert_eq!(calendar.dates(), [christmas()]);
    }

    fn check(payload: &Payload) -> Result<(), PayloadFault> {
        check_schedule(payload, Season::starting(2023), None)
    }

    #[test]
    fn a_new_schedule_has_all_games_that_were_played() {
        let played = tree_game("0022300401", "2023-12-25", 3, "Final", ["MIL", "NYK"]);
        let ahead = tree_game("0022300402", "2023-12-26", 1, "Noon", ["BOS", "LAL"]);
        let before = tree(&[played.clone(), ahead.clone()]);
        let season = Season::starting(2023);
        assert_eq!(check_schedule(&tree(&[played]), season, Some(&before)), Ok(()));
        let fault =
            check_schedule(&tree(&[ahead]), season, Some(&before)).expect_err("a played game is gone");
        assert_eq!(fault.code(), "payload_incomplete", "{fault}");
        assert!(fault.to_string().contains("0022300401"), "{fault}");
        let fault = check(&tree(&[])).expect_err("no games");
        assert_eq!(fault.code(), "payload_incomplete", "{fault}");
        let fault = check_schedule(&before, Season::starting(2022), None).expect_err("another season");
        assert!(fault.to_string().contains("2022-23"), "{fault}");
    }

    #[test]
    fn faults_of_the_tree_name_the_field() {
        let good = || tree_game("0022300401", "2023-12-25", 3, "Final", ["MIL", "NYK"]);
        let cases = [
            (good().replace("\"gameStatus\":3", "\"gameStatus\":9"), "gameStatus: `9`"),
            (good().replace("0022300401", "0092300401"), "gameId: `0092300401`"),
            (good().replace("0022300401", "0022200401"), "another season"),
            (good().replace("2023-12-25T", "25.12.2023T"), "gameDateEst"),
            (good().replace("NYK", "nyk"), "homeTeam.teamTricode"),
            (good().replace("gameDateEst", "gameDate"), "gameDateEst"),
        ];
        for (game, named) in cases {
            let fault = check(&tree(&[game])).expect_err(named);
            assert!(fault.to_string().contains(named), "{fault}");
        }
        let fault = check(&tree(&[good(), good()])).expect_err("twice");
        assert_eq!(fault.code(), "payload_value", "{fault}");
        let neither = Payload { name: "schedule/x.json".into(), bytes: b"{}".as_slice().into() };
        assert!(check(&neither).expect_err("neither").to_string().contains("leagueSchedule"));
    }
}
