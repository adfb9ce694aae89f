//! A season fetched over HTTP into an empty directory, and the cascade over it: the rows are those of a run
//! that has the league itself for a source. The program is the real one.

use std::fs;
use std::io::{BufRead, BufReader};
use std::sync::Arc;

use serde_json::Value;
use tidegate::fleet::{Fetched, Upstream};
use tidegate::flow::Failure;

use super::clock::HandClock;
use super::home::{SMALL_LEAGUE, TestHome};
use super::server::{Fault, Server};
use super::{LATER, RESULTS, SEASON, open};

#[tokio::test]
async fn a_season_that_was_fetched_gives_the_rows_of_the_league_itself() {
    let clock = Arc::new(HandClock::at(LATER));
    let server = Server::start(&clock, "2024-12-01", false).await;
    let landing = tempfile::tempdir().expect("a directory");
    let upstream = open(&clock, &server.url, landing.path());
    upstream.fetch_schedule(SEASON).await.expect("a schedule");
    let (mut landed, mut without) = (0, Vec::new());
    for date in server.dates().await.into_keys() {
        for source in RESULTS {
            match upstream.fetch(source, date).await {
                Ok(Fetched::New) => landed += 1,
                Ok(it @ (Fetched::Unchanged | Fetched::Nothing)) => panic!("{source} {date}: {it:?}"),
                Err(failure) => without.push((source, date, failure)),
            }
        }
    }
    // The league has no shots of playoffs and of one date.
    let refused =
        |failure: &Failure| matches!(failure, Failure::Permanent(it) if it.code == "upstream_refused");
    let no_shots =
        without.iter().all(|(source, _, failure)| *source == "shot_chart_detail" && refused(failure));
    assert!(no_shots && !without.is_empty(), "{without:?}");
    assert!(landed > 60, "{landed} payloads");
    let fetched = TestHome::new();
    let landing_option = landing.path().to_str().expect("a path");
    fetched.run(&["run", "nba", "--landing", landing_option]).ended(0);
    let direct = TestHome::new();
    direct.run(&[&["run", "nba"], SMALL_LEAGUE.as_slice()].concat()).ended(0);
    // The service's logs of teams have columns that the league's have not: what they lack is summed up from
    // the players, so the figures must be the same, and only what is said of their quality may differ.
    let figures = "game_id, team_abbr, points_scored, fg_attempts, offensive_rebounds, turnovers, possessions, \
                   pace, offensive_rating, ts_pct, overtime_periods, game_minutes";
    for (columns, dataset) in [
        ("*", "schedule"),
        ("*", "player_game_logs"),
        ("*", "shots"),
        (figures, "team_offense_game_summary"),
        ("player_lookup, game_date, points, usage_rate, ts_pct", "player_game_summary"),
    ] {
        let rows = rows(&fetched, columns, dataset);
        assert!(rows.len() > 20, "{dataset} has {} rows", rows.len());
        assert_eq!(rows, self::rows(&direct, columns, dataset), "{dataset} differs");
    }
    let full =
        rows(&fetched, "game_id", "team_game_logs WHERE fg_attempts IS NOT NULL AND game_minutes >= 48");
    assert_eq!(full.len(), rows(&direct, "game_id", "team_game_logs").len(), "all columns of all teams");
    assert!(fs::exists(landing.path().join(".fetched")).expect("a look"));
}

#[tokio::test]
async fn the_command_says_what_it_brought_and_what_it_could_not() {
    let clock = Arc::new(HandClock::at(LATER));
    let server = Server::start(&clock, "2024-12-01", false).await;
    let landing = tempfile::tempdir().expect("a directory");
    let date = server.dates().await.keys().next().expect("a date").to_string();
    let fetch = |more: &'static [&'static str]| {
        let place = landing.path().to_str().expect("a path");
        let dates = ["--from", &date, "--to", &date, "--base-url", &server.url, "--unspaced", "--json"];
        let arguments: Vec<String> = ["fetch", "nba", "--landing", place]
            .iter()
            .chain(dates.iter())
            .chain(more)
            .map(|text| (*text).to_owned())
            .collect();
        // The server needs this thread.
        tokio::task::spawn_blocking(move || {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            TestHome::new().run(&arguments)
        })
    };
    let outcomes = |answer: &super::home::Answer| -> Vec<String> {
        let answer = answer.json();
        let lines = answer["fetched"].as_array().expect("lines");
        lines.iter().map(|line| format!("{} {}", line["source"], line["outcome"]).replace('"', "")).collect()
    };
    let first = fetch(&[]).await.expect("it ran").ended(0);
    let expected = [
        "schedule new",
        "player_game_logs new",
        "team_game_logs new",
        "shot_chart_detail new",
        "injury_report none there",
        "player_index only on its day",
    ];
    assert_eq!(outcomes(&first), expected);
    server.fails([Fault::Status(403, &[], "Access Denied"); 2]);
    let again = fetch(&["--source", "team_game_logs"]).await.expect("it ran").ended(3);
    assert_eq!(outcomes(&again), ["schedule failed", "team_game_logs unchanged"]);
    assert!(again.stderr.contains("upstream_forbidden"), "{}", again.stderr);
    let usage = fetch(&["--source", "tea_leaves"]).await.expect("it ran").ended(2);
    assert!(usage.stderr.contains("player_game_logs"), "{}", usage.stderr);
}

#[tokio::test]
async fn a_fleet_that_fetches_catches_up_with_the_season_and_computes_it() {
    let clock = Arc::new(HandClock::at(LATER));
    let server = Server::start(&clock, "2024-12-01", false).await;
    let landing = tempfile::tempdir().expect("a directory");
    open(&clock, &server.url, landing.path()).fetch_schedule(SEASON).await.expect("a schedule");
    let dates = server.dates().await.len();
    let (home, place) = (TestHome::new(), landing.path().to_str().expect("a path").to_owned());
    let url = server.url.clone();
    // The server needs this thread; the other one reads what the fleet says until it has something to compute.
    let served = tokio::task::spawn_blocking(move || {
        let arguments = ["serve", "nba", "--landing", &place, "--fetch", "--base-url", &url, "--unspaced"];
        let mut fleet = home.command(&arguments).spawn().expect("it starts");
        let lines = BufReader::new(fleet.stderr.take().expect("its words")).lines();
        let said: Vec<String> = lines
            .map(|line| line.expect("a line"))
            .take_while(|l| !l.contains(" tasks; next look"))
            .collect();
        fleet.kill().expect("it runs");
        fleet.wait().expect("it ends");
        said
    });
    let said = served.await.expect("it served");
    for source in ["player_game_logs", "team_game_logs"] {
        let mut landed = 0;
        for label in fs::read_dir(landing.path().join(source)).expect("something landed") {
            landed += fs::read_dir(label.expect("a folder").path()).expect("payloads").count();
        }
        assert_eq!(landed, dates, "{source}: {said:?}");
    }
}

/// These columns of all rows of a dataset as text, in order.
fn rows(home: &TestHome, columns: &str, dataset: &str) -> Vec<String> {
    let sql = format!("SELECT {columns} FROM nba.{dataset}");
    let answer: Value = home.run(&["query", &sql, "--format", "json"]).ended(0).json();
    let mut rows: Vec<String> = answer.as_array().expect("rows").iter().map(Value::to_string).collect();
    rows.sort();
    rows
}
