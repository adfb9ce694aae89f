//! The raw parsers on small payloads made by hand: what each fault of a payload is called and which
//! oddities are no fault. One table for all three, because they share the rules.

use std::sync::Arc;

use super::{
    ScheduledGame, TeamContextInput, check_shots, player_logs, scheduled_games, shots, team_contexts,
    team_logs,
};
use crate::flow::{Date, Payload, Permanent};

const PLAYER: &str = r#"["PLAYER_ID","PLAYER_NAME","TEAM_ABBREVIATION","GAME_ID","GAME_DATE","MATCHUP","WL","MIN","FGM","FGA","FG3M","FG3A","FTM","FTA","OREB","DREB","REB","AST","STL","BLK","TOV","PF","PTS","FG_PCT"]"#;
const TEAM: &str = r#"["TEAM_ID","TEAM_ABBREVIATION","GAME_ID","GAME_DATE","MATCHUP","WL","PTS","REB","AST","STL","BLK","TOV","PTS_RANK"]"#;
const SHOT: &str = r#"["GAME_ID","PLAYER_ID","TEAM_ID","PERIOD","MINUTES_REMAINING","SECONDS_REMAINING","SHOT_ZONE_BASIC","SHOT_ATTEMPTED_FLAG","SHOT_MADE_FLAG","GAME_DATE"]"#;

fn date() -> Date {
    Date::of(2023, 12, 25).expect("date")
}

fn games() -> Vec<ScheduledGame> {
    vec![ScheduledGame {
        game_id: "20231225_BOS_LAL".into(),
        nba_game_id: "0022300403".into(),
        game_date: date(),
        season: "2023-24".into(),
        season_year: 2023,
        season_type: "Regular Season".into(),
        home_team: "LAL".into(),
        away_team: "BOS".into(),
    }]
}

fn payload(resource: &str, set: &str, headers: &str, rows: &[String]) -> Payload {
    let rows = rows.join(",");
    Payload {
        name: "logs/2023-24.zip#2023-12-25.json".into(),
        bytes: format!(
            r#"{{"resource":"{resource}","resultSets":[{{"name":"{set}","headers":{headers},"rowSet":[{rows}]}}]}}"#
        )
        .into(),
    }
}

fn player(id: usize, team: &str) -> String {
    let matchup = if team == "LAL" { "LAL vs. BOS" } else { "BOS @ LAL" };
    format!(
        r#"[{id},"A. Plàyer Jr.","{team}","0022300403","2023-12-25","{matchup}","W",0,1,2,1,1,0,0,0,1,1,0,0,0,0,0,3,0.5]"#
    )
}

fn players() -> Vec<String> {
    (0..10).map(|id| player(id, if id < 5 { "BOS" } else { "LAL" })).collect()
}

fn player_payload(rows: &[String]) -> Payload {
    payload("playergamelogs", "PlayerGameLogs", PLAYER, rows)
}

fn teams() -> Vec<String> {
    let row = |id: usize, team: &str, matchup: &str| {
        format!(r#"[{id},"{team}","0022300403","2023-12-25","{matchup}","L",15,5,0,0,0,2,1]"#)
    };
    vec![row(1, "BOS", "BOS @ LAL"), row(2, "LAL", "LAL vs. BOS")]
}

fn team_payload(rows: &[String]) -> Payload {
    payload("teamgamelogs", "TeamGameLogs", TEAM, rows)
}

fn shot(zone: &str, date: &str) -> String {
    format!(r#"["0022300403",1,1,1,12,0,{zone},1,0,"{date}"]"#)
}

fn shot_payload(rows: &[String]) -> Payload {
    payload("shotchartdetail", "Shot_Chart_Detail", SHOT, rows)
}

/// The payload with one text replaced.
fn with(payload: &Payload, old: &str, new: &str) -> Payload {
    let text = String::from_utf8(payload.bytes.to_vec()).expect("text");
    assert!(text.contains(old), "{old}");
    Payload { name: Arc::clone(&payload.name), bytes: text.replacen(old, new, 1).into() }
}

#[test]
fn sound_player_logs_are_read_as_they_are() {
    let rows = player_logs(&[player_payload(&players())], date(), &games()).expect("rows");
    assert_eq!(rows.len(), 10);
    let first = &rows[0];
    assert_eq!((&*first.player_name, &*first.player_lookup), ("A. Plàyer Jr.", "aplayerjr"));
    assert_eq!((&*first.opponent_team_abbr, first.home_game, first.win_flag), ("LAL", false, true));
    assert_eq!((first.minutes, first.points, first.fg_attempts), (0.0, 3, Some(2)));
    assert_eq!((first.plus_minus, first.team_id, first.video_available), (None, None, None));
    let mut twice = players();
    twice.push(player(3, "BOS"));
    let rows = player_logs(&[player_payload(&twice)], date(), &games()).expect("rows");
    assert_eq!(rows.len(), 10, "an equal row counts once");
}

#[test]
fn faulty_player_logs_are_named() {
    let good = player_payload(&players());
    let cases = [
        (with(&good, "\"FGA\"", "\"FGX\""), "payload_column_missing", "FGA"),
        (with(&good, "\"PTS\"", "\"PTX\""), "payload_column_missing", "PTS"),
        (with(&good, ",3,0.5]", ",\"3\",0.5]"), "payload_wrong_type", "row 1, PTS"),
        (with(&good, ",3,0.5]", ",null,0.5]"), "payload_wrong_type", "row 1, PTS"),
        (with(&good, ",3,0.5]", ",-3,0.5]"), "payload_value", "row 1, PTS: -3"),
        (with(&good, ",3,0.5]", ",3,1.5]"), "payload_value", "FG_PCT: 1.5"),
        (with(&good, "\"W\",0", "\"W\",null"), "payload_value", "MIN"),
        (with(&good, "\"W\",0,1,2", "\"W\",0,3,2"), "payload_value", "FGM: 3"),
        (with(&good, "\"W\"", "\"D\""), "payload_value", "WL: `D`"),
        (with(&good, "\"2023-12-25\"", "\"2023-12-24\""), "payload_foreign_date", "2023-12-24"),
        (with(&good, "0022300403", "0022300999"), "payload_unknown_game", "0022300999"),
        (with(&good, "\"BOS\"", "\"NYK\""), "payload_value", "NYK"),
        (with(&good, "BOS @ LAL", "BOS vs. LAL"), "payload_value", "MATCHUP"),
        (with(&good, "[1,", "[0,"), "payload_incomplete", "BOS in game 0022300403"),
        (with(&good, ",3,0.5],[1,", ",5,0.5],[0,"), "payload_contradiction", "player 0"),
        (player_payload(&players()[..9]), "payload_incomplete", "LAL in game 0022300403"),
        (player_payload(&[]), "payload_incomplete", "0 rows"),
        (with(&good, "playergamelogs", "teamgamelogs"), "payload_wrong_resource", "teamgamelogs"),
    ];
    for (payload, code, named) in cases {
        let fault = player_logs(&[payload], date(), &games()).expect_err(code);
        let permanent = Permanent::from(fault);
        assert_eq!(permanent.code, code, "{permanent}");
        assert!(permanent.message.contains(named), "{permanent}");
        assert!(permanent.message.contains("logs/2023-24.zip#2023-12-25.json"), "{permanent}");
    }
}

#[test]
fn a_payload_cut_in_half_names_itself_and_the_place() {
    let whole = player_payload(&players());
    let half = Payload { name: whole.name, bytes: whole.bytes.slice(..whole.bytes.len() / 2) };
    let fault = Permanent::from(player_logs(&[half], date(), &games()).expect_err("half"));
    assert_eq!(fault.code, "payload_malformed");
    assert!(fault.message.contains("#2023-12-25.json") && fault.message.contains("line 1 column"), "{fault}");
}

#[test]
fn team_rows_that_differ_in_rank_alone_count_once() {
    let mut rows = teams();
    rows.push(rows[0].replace(",2,1]", ",2,9]"));
    let logs = team_logs(&[team_payload(&rows)], date(), &games()).expect("rows");
    assert_eq!(logs.len(), 2);
    assert_eq!((logs[0].game_minutes, logs[0].fg_attempts, logs[0].turnovers), (None, None, 2));
    rows[2] = rows[0].replace(",15,5", ",16,5");
    let fault = team_logs(&[team_payload(&rows)], date(), &games()).expect_err("differs in points");
    assert_eq!(fault.code(), "payload_contradiction", "{fault}");
    let fault = team_logs(&[team_payload(&teams()[..1])], date(), &games()).expect_err("one team");
    assert_eq!(fault.code(), "payload_incomplete", "{fault}");
}

#[test]
fn a_playoff_team_log_must_have_its_attempts() {
    let mut games = games();
    games[0].season_type = "Playoffs".into();
    let fault = team_logs(&[team_payload(&teams())], date(), &games).expect_err("no attempts");
    assert_eq!(fault.code(), "payload_column_missing", "{fault}");
}

/// A league game log of teams, as the service gives it: all columns, minutes of all five players.
fn league_log_of_teams(minutes: &str) -> Payload {
    let headers = r#"["SEASON_ID","TEAM_ID","TEAM_ABBREVIATION","TEAM_NAME","GAME_ID","GAME_DATE","MATCHUP","WL","MIN","FGM","FGA","FG_PCT","FG3M","FG3A","FG3_PCT","FTM","FTA","FT_PCT","OREB","DREB","REB","AST","STL","BLK","TOV","PF","PTS","PLUS_MINUS","VIDEO_AVAILABLE"]"#;
    let row = |id: usize, team: &str, matchup: &str| {
        format!(
            r#"["22023",{id},"{team}","Team","0022300403","2023-12-25","{matchup}","L",{minutes},40,90,0.444,10,30,0.333,10,12,0.833,10,30,40,25,8,5,14,20,100,-5,1]"#
        )
    };
    let rows = [row(1, "BOS", "BOS @ LAL"), row(2, "LAL", "LAL vs. BOS")];
    payload("leaguegamelog", "LeagueGameLog", headers, &rows)
}

#[test]
fn a_league_game_log_of_teams_is_read_with_all_its_columns() {
    for (minutes, expected) in [("240", 48.0), ("238", 48.0), ("265", 53.0), ("291.0", 58.0), ("48", 48.0)] {
        let rows = team_logs(&[league_log_of_teams(minutes)], date(), &games()).expect(minutes);
        assert_eq!((rows[0].game_minutes, rows[0].fg_attempts), (Some(expected), Some(90)), "{minutes}");
    }
    for minutes in ["216", "252", "47", "-240"] {
        let fault = team_logs(&[league_log_of_teams(minutes)], date(), &games()).expect_err(minutes);
        assert_eq!(fault.code(), "payload_value", "{fault}");
    }
    let lost = with(&league_log_of_teams("240"), "\"FGA\"", "\"FGX\"");
    let fault = team_logs(&[lost], date(), &games()).expect_err("no attempts");
    assert_eq!(fault.to_string(), "logs/2023-24.zip#2023-12-25.json: column FGA is missing");
}

#[test]
fn a_league_game_log_is_read_as_what_it_holds() {
    let of_players = with(&player_payload(&players()), "playergamelogs", "leaguegamelog");
    let of_players = with(&of_players, "PlayerGameLogs", "LeagueGameLog");
    let rows = player_logs(std::slice::from_ref(&of_players), date(), &games()).expect("rows");
    assert_eq!(rows, player_logs(&[player_payload(&players())], date(), &games()).expect("rows"));
    let fractional = with(&of_players, "\"W\",0,1", "\"W\",33.416667,1");
    assert_eq!(player_logs(&[fractional], date(), &games()).expect("rows")[0].minutes, 33.416667);
    let mut playoffs = games();
    playoffs[0].season_type = "Playoffs".into();
    let lost = with(&of_players, "\"FGA\"", "\"FGX\"");
    let fault = player_logs(&[lost], date(), &playoffs).expect_err("no attempts");
    assert_eq!(fault.code(), "payload_column_missing", "{fault}");
    let fault = team_logs(&[of_players], date(), &games()).expect_err("players");
    assert_eq!(fault.code(), "payload_wrong_resource", "{fault}");
    let fault = player_logs(&[league_log_of_teams("240")], date(), &games()).expect_err("teams");
    assert_eq!(fault.code(), "payload_column_missing", "{fault}");
}

#[test]
fn a_game_without_shots_is_named_where_all_must_have_some() {
    let chart = [shot_payload(&[shot("\"Mid-Range\"", "20231225")])];
    let rows = shots(&chart, date(), &games()).expect("shots");
    assert_eq!(check_shots(&rows, &chart, &games()), Ok(()));
    let mut more = games();
    more.push(ScheduledGame { nba_game_id: "0022300404".into(), ..more[0].clone() });
    let fault = check_shots(&rows, &chart, &more).expect_err("a game without shots");
    assert_eq!(fault.code(), "payload_incomplete", "{fault}");
    assert!(fault.to_string().contains("0022300404"), "{fault}");
}

#[test]
fn equal_shots_are_all_kept_and_dates_come_in_any_form() {
    let same = shot("\"Mid-Range\"", "20231225");
    let rows = [same.clone(), same, shot("null", "2023-12-25")];
    let chart = shots(&[shot_payload(&rows)], date(), &games()).expect("shots");
    assert_eq!(chart.len(), 3);
    assert_eq!((chart[1].shot_number, chart[1].minutes_remaining), (2, 12));
    assert_eq!((chart[2].zone_basic.is_none(), chart[2].game_event_id), (true, None));
    assert_eq!(shots(&[shot_payload(&[])], date(), &games()), Ok(Vec::new()));
}

#[test]
fn faulty_shots_are_named() {
    let good = shot_payload(&[shot("\"Backcourt\"", "20231225")]);
    let cases = [
        (with(&good, "Backcourt", "Beyond"), "payload_value"),
        (with(&good, "0022300403", "0022000000"), "payload_unknown_game"),
        (with(&good, "20231225", "20231226"), "payload_foreign_date"),
        (with(&good, ",1,0,\"2023", ",1,2,\"2023"), "payload_value"),
        (with(&good, "\"TEAM_ID\"", "\"X\""), "payload_column_missing"),
    ];
    for (payload, code) in cases {
        let fault = shots(&[payload], date(), &games()).expect_err(code);
        assert_eq!(fault.code(), code, "{fault}");
    }
}

/// The service's tree of a date: a game on a neutral floor, one of its visitors the day after, one of its home team.
fn neutral_schedule(date: Date) -> Payload {
    let team = |code: &str| format!(r#"{{"teamId":1,"teamTricode":"{code}","wins":1,"losses":0,"score":0}}"#);
    let game = |id: &str, date: &str, is_neutral: bool, [away, home]: [&str; 2]| {
        format!(
            r#"{{"gameId":"{id}","gameStatus":3,"gameStatusText":"Final","gameDateEst":"{date}T00:00:00Z","isNeutral":{is_neutral},"arenaCity":"Paris","awayTeam":{},"homeTeam":{}}}"#,
            team(away),
            team(home)
        )
    };
    let games = [
        game("0022300403", "2023-12-25", true, ["BOS", "LAL"]),
        game("0022300404", "2023-12-26", false, ["CHI", "BOS"]),
        game("0022300405", "2023-12-28", false, ["LAL", "CHI"]),
    ];
    let of_date = games.iter().filter(|game| game.contains(&format!("{date}T")));
    let days: Vec<String> = of_date.map(|game| format!(r#"{{"gameDate":"x","games":[{game}]}}"#)).collect();
    let days = days.join(",");
    Payload {
        name: "schedule/2023-24.json".into(),
        bytes: format!(r#"{{"leagueSchedule":{{"seasonYear":"2023-24","gameDates":[{days}]}}}}"#).into(),
    }
}

#[test]
fn on_a_neutral_floor_home_is_whom_the_league_calls_so_and_the_game_counts_as_any() {
    let scheduled = |date: Date| scheduled_games(&[neutral_schedule(date)], date).expect("games");
    let games = scheduled(date());
    assert_eq!(games, self::games());
    // The logs say `vs.` and `@` there too.
    let logs = player_logs(&[player_payload(&players())], date(), &games).expect("rows");
    assert!(logs.iter().all(|row| row.home_game == (&*row.team_abbr == "LAL")));
    let logs = team_logs(&[team_payload(&teams())], date(), &games).expect("rows");
    let sides: Vec<_> = logs.iter().map(|row| (&*row.team_abbr, row.home_game)).collect();
    assert_eq!(sides, [("BOS", false), ("LAL", true)]);
    let said = with(&team_payload(&teams()), "BOS @ LAL", "BOS vs. LAL");
    let fault = team_logs(&[said], date(), &games).expect_err("two home teams");
    assert!(fault.to_string().contains("MATCHUP"), "{fault}");

    let days = [0, 1, 3].map(|after| date().plus_days(after));
    let planned = days.map(scheduled);
    let planned: Vec<_> = days.iter().copied().zip(planned.iter().map(Vec::as_slice)).collect();
    let contexts = |date| {
        let opening = days[0];
        team_contexts(&TeamContextInput {
            injuries: &[],
            date,
            opening,
            schedule: &planned,
            offense: &[],
            lines: &[],
            gaps: [].into(),
        })
    };
    let of = |date: Date, team: &str| {
        contexts(date).into_iter().find(|row| &*row.team_abbr == team).expect("a row")
    };
    let (away, home) = (of(days[0], "BOS"), of(days[0], "LAL"));
    assert_eq!((away.home_game, home.home_game, away.travel_miles), (false, true, None));
    assert_eq!((away.games_in_next_7_days, home.games_in_next_7_days), (Some(1), Some(1)));
    let next = of(days[1], "BOS");
    assert!(next.home_game && next.team_back_to_back);
    assert_eq!((next.team_days_rest, next.games_in_last_7_days), (Some(0), 1));
    let next = of(days[2], "LAL");
    assert_eq!((next.team_days_rest, next.team_back_to_back, next.home_game), (Some(2), false, false));
}
