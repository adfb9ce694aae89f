//! Fetching over HTTP from a service that the simulated league stands in for: what lands, what is asked again,
//! what is refused and why. The clock is in the test's hand; the sockets and files are real.

mod clock;
mod end_to_end;
#[path = "../home/mod.rs"]
#[expect(dead_code, reason = "what only the command line's own tests look at")]
mod home;
mod injury_report;
mod server;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::read::GzDecoder;
use serde_json::Value;
use tidegate::adapters::sources::{Key, LandingZone, LiveSettings, LiveUpstream};
use tidegate::domain::nba;
use tidegate::fleet::{Fetched, Source, Upstream};
use tidegate::flow::{Date, Failure, Season};
use tidegate::pipelines::nba::INTAKE;

use clock::HandClock;
use server::{Fault, KEY, Seen, Server};

/// Long after every game.
const LATER: &str = "2024-12-01T00:00:00Z";
/// The sources of what happened on a date.
const RESULTS: [&str; 3] = ["player_game_logs", "team_game_logs", "shot_chart_detail"];
const SEASON: Season = Season::starting(2023);

struct World {
    clock: Arc<HandClock>,
    server: Server,
    directory: tempfile::TempDir,
    upstream: LiveUpstream,
}

impl World {
    /// A world at this moment, in which the games up to `over` are over; nothing has landed.
    async fn at(moment: &str, over: &str, tags: bool) -> Self {
        let clock = Arc::new(HandClock::at(moment));
        let server = Server::start(&clock, over, tags).await;
        let directory = tempfile::tempdir().expect("a directory");
        let upstream = open(&clock, &server.url, directory.path());
        Self { clock, server, directory, upstream }
    }

    /// A world long after the season, with its schedule landed.
    async fn after_the_season() -> Self {
        let world = Self::at(LATER, "2024-12-01", false).await;
        world.upstream.fetch_schedule(SEASON).await.expect("a schedule");
        world.server.seen();
        world.clock.pauses();
        world
    }

    /// A regular date with two games.
    async fn date(&self) -> Date {
        let dates = self.server.dates().await;
        let (date, _) = dates.iter().find(|(_, games)| **games == 2).expect("a date with two games");
        *date
    }

    async fn logs(&self) -> Result<Fetched, Failure> {
        self.upstream.fetch("player_game_logs", self.date().await).await
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The receipts of a place, in order of their moments.
    fn receipts(&self, place: &str) -> Vec<Value> {
        let mut names: Vec<PathBuf> = match fs::read_dir(self.path(".fetched").join(place)) {
            Ok(entries) => entries.map(|entry| entry.expect("an entry").path()).collect(),
            Err(_) => Vec::new(),
        };
        names.retain(|path| path.to_string_lossy().ends_with(".receipt.json"));
        names.sort();
        let read = |path: &PathBuf| serde_json::from_slice(&fs::read(path).expect("a file")).expect("JSON");
        names.iter().map(read).collect()
    }

    /// The answers of a place as they are kept, in order of their moments.
    fn answers(&self, place: &str) -> Vec<Vec<u8>> {
        let kept = fs::read_dir(self.path(".fetched").join(place)).expect("history");
        let mut kept: Vec<PathBuf> = kept.map(|entry| entry.expect("an entry").path()).collect();
        kept.retain(|path| path.to_string_lossy().ends_with(".gz"));
        kept.sort();
        let unpack = |path: &PathBuf| {
            let mut bytes = Vec::new();
            let file = fs::File::open(path).expect("an answer");
            std::io::Read::read_to_end(&mut GzDecoder::new(file), &mut bytes).expect("packed");
            bytes
        };
        kept.iter().map(unpack).collect()
    }

    fn verdicts(&self, place: &str) -> Vec<String> {
        let verdict = |receipt: &Value| receipt["verdict"].as_str().expect("a verdict").to_owned();
        self.receipts(place).iter().map(verdict).collect()
    }
}

fn open(clock: &Arc<HandClock>, url: &str, landing: &Path) -> LiveUpstream {
    open_with(clock, url, landing, None)
}

fn open_with(clock: &Arc<HandClock>, url: &str, landing: &Path, key: Option<Key>) -> LiveUpstream {
    let settings = LiveSettings {
        landing: landing.to_owned(),
        intake: &INTAKE,
        base_url: Some(url.to_owned()),
        odds_key: key,
        force: false,
        spaced: true,
    };
    LiveUpstream::open(settings, Arc::<HandClock>::clone(clock)).expect("an upstream")
}

fn code(failure: &Failure) -> (&'static str, &'static str) {
    match failure {
        Failure::Transient(transient) => ("transient", transient.code),
        Failure::Permanent(permanent) => ("permanent", permanent.code),
    }
}

fn header<'a>(seen: &'a Seen, name: &str) -> Option<&'a str> {
    seen.headers.get(name).and_then(|value| value.to_str().ok())
}

#[tokio::test]
async fn an_answer_lands_as_it_came_with_its_receipt() {
    let world = World::after_the_season().await;
    let date = world.date().await;
    for source in RESULTS {
        assert_eq!(world.upstream.fetch(source, date).await, Ok(Fetched::New), "{source}");
        let zone = LandingZone::open(world.directory.path()).expect("a zone");
        let payloads = zone.payloads(source, date).await.expect("readable").there().expect("landed");
        assert_eq!(payloads[0].name, format!("{source}/2023-24/{date}.json").into());
        let place = format!("{source}/2023-24/{date}");
        let receipts = world.receipts(&place);
        assert_eq!(receipts.len(), 1);
        assert_eq!(
            (receipts[0]["verdict"].as_str(), receipts[0]["status"].as_u64()),
            (Some("accepted"), Some(200))
        );
        let url = receipts[0]["url"].as_str().expect("a url");
        assert!(url.contains("/stats.nba.com/stats/") && url.contains("SeasonType=Regular Season"), "{url}");
        assert_eq!(receipts[0]["bytes"].as_u64(), Some(payloads[0].bytes.len() as u64));
        assert_eq!(receipts[0]["blake3"], blake3::hash(&payloads[0].bytes).to_hex().as_str());
        assert_eq!(world.answers(&place), [payloads[0].bytes.to_vec()], "the answer as it came");
        assert_eq!(
            (receipts[0]["source"].as_str(), receipts[0]["label"].as_str(), receipts[0]["date"].as_str()),
            (Some(source), Some("2023-24"), Some(date.to_string().as_str()))
        );
    }
    let seen = world.server.seen();
    assert_eq!(seen.len(), 3);
    for asked in &seen {
        assert_eq!(asked.host, "stats.nba.com");
        assert_eq!(header(asked, "x-nba-stats-token"), Some("true"));
        assert_eq!(header(asked, "referer"), Some("https://www.nba.com/"));
        assert!(header(asked, "user-agent").is_some_and(|agent| agent.starts_with("Mozilla/5.0")));
    }
    assert_eq!(world.clock.pauses(), [1_000; 3], "one pause before each request");
}

#[tokio::test]
async fn what_is_final_is_never_asked_for_again() {
    let world = World::after_the_season().await;
    assert_eq!(world.logs().await, Ok(Fetched::New));
    assert_eq!(world.server.seen().len(), 1);
    assert_eq!(world.logs().await, Ok(Fetched::Unchanged));
    let again = open(&world.clock, &world.server.url, world.directory.path());
    assert_eq!(again.fetch("player_game_logs", world.date().await).await, Ok(Fetched::Unchanged));
    assert_eq!(world.server.seen().len(), 0, "nothing was asked");
    // What somebody takes away is fetched once more.
    let date = world.date().await;
    fs::remove_file(world.path(&format!("player_game_logs/2023-24/{date}.json"))).expect("a file");
    assert_eq!(world.logs().await, Ok(Fetched::New));
}

#[tokio::test]
async fn a_correction_replaces_the_payload_and_both_answers_stay() {
    let clock_at = "2023-10-01T00:00:00Z";
    let world = World::at(clock_at, "2024-12-01", true).await;
    world.upstream.fetch_schedule(SEASON).await.expect("a schedule");
    let date = world.date().await;
    let morning = |days: i32| format!("{}T14:00:00Z", date.plus_days(days));
    let place = format!("player_game_logs/2023-24/{date}");
    world.clock.set(&morning(1));
    assert_eq!(world.logs().await, Ok(Fetched::New));
    world.server.seen();
    assert_eq!(world.logs().await, Ok(Fetched::Unchanged));
    let seen = world.server.seen();
    assert!(header(&seen[0], "if-none-match").is_some(), "asked on condition");
    assert_eq!(world.verdicts(&place), ["accepted"], "the same bytes are kept once");
    world.clock.set(&morning(2));
    world.server.correct();
    assert_eq!(world.logs().await, Ok(Fetched::New));
    assert_eq!(world.verdicts(&place), ["accepted", "accepted"]);
    // The third morning finds it current: from then on it is final.
    world.clock.set(&morning(3));
    assert_eq!(world.logs().await, Ok(Fetched::Unchanged));
    world.server.correct();
    world.server.seen();
    assert_eq!(world.logs().await, Ok(Fetched::Unchanged));
    assert_eq!(world.server.seen().len(), 0);
}

#[tokio::test]
async fn a_failure_that_passes_is_waited_out() {
    let wait = |least: i64| least..=least + least / 4;
    let cases: Vec<(&str, Fault, std::ops::RangeInclusive<i64>)> = vec![
        ("too many", Fault::Status(429, &[("retry-after", "7")], "slow down"), 7_000..=7_000),
        ("too many, for no time", Fault::Status(429, &[], "slow down"), wait(2_000)),
        (
            "unavailable until",
            Fault::Status(503, &[("retry-after", "Sun, 01 Dec 2024 00:00:30 GMT")], ""),
            25_000..=30_000,
        ),
        ("broken", Fault::Status(500, &[], "oops"), wait(2_000)),
        ("page", Fault::Page, wait(2_000)),
        ("cut", Fault::Cut, wait(2_000)),
        ("broken off", Fault::Broken, wait(2_000)),
        ("broken off without a length", Fault::BrokenChunks, wait(2_000)),
        ("slow", Fault::Slow, wait(2_000)),
    ];
    for (name, fault, pause) in cases {
        let world = World::after_the_season().await;
        world.server.fails([fault]);
        assert_eq!(world.logs().await, Ok(Fetched::New), "{name}");
        assert_eq!(world.server.seen().len(), 2, "{name}");
        let pauses = world.clock.pauses();
        assert_eq!((pauses.len(), pauses[0]), (2, 1_000), "{name}: {pauses:?}");
        assert!(pause.contains(&pauses[1]), "{name}: {pauses:?}");
    }
}

#[tokio::test]
async fn a_failure_that_stays_ends_with_its_name_and_lands_nothing() {
    let four = |fault: Fault| vec![fault; 4];
    // The fault, its name, requests, whole answers among them, and what the message names.
    let cases = [
        (four(Fault::Status(429, &[], "")), ("transient", "upstream_too_many_requests"), 4, 4, "429"),
        (four(Fault::Status(500, &[], "oops")), ("transient", "upstream_failing"), 4, 4, "500"),
        (four(Fault::Page), ("transient", "upstream_not_json"), 4, 4, "<!DOCTYPE html>"),
        (four(Fault::Cut), ("transient", "upstream_damaged"), 4, 4, "EOF"),
        (four(Fault::Broken), ("transient", "upstream_broken_off"), 4, 0, "bytes"),
        (four(Fault::Slow), ("transient", "upstream_timed_out"), 4, 0, "20 s"),
        (
            vec![Fault::Status(403, &[], "Access Denied")],
            ("transient", "upstream_forbidden"),
            1,
            1,
            "HTTPS_PROXY",
        ),
        (vec![Fault::Status(400, &[], "SeasonType?")], ("permanent", "upstream_refused"), 1, 1, "400"),
        (vec![Fault::Empty], ("transient", "upstream_incomplete"), 1, 1, "0 rows"),
        (vec![Fault::FirstGame], ("transient", "upstream_incomplete"), 1, 1, "expected 5 or more"),
        (vec![Fault::Renamed("FGA")], ("permanent", "payload_column_missing"), 1, 1, "FGA"),
        (vec![Fault::Renamed("WL")], ("permanent", "payload_column_missing"), 1, 1, "WL"),
    ];
    for (faults, expected, requests, answers, named) in cases {
        let world = World::after_the_season().await;
        let place = format!("player_game_logs/2023-24/{}", world.date().await);
        let name = format!("{:?}", faults[0]);
        world.server.fails(faults);
        let failure = world.logs().await.expect_err(&name);
        assert_eq!(code(&failure), expected, "{name}: {failure}");
        assert!(failure.to_string().contains(named), "{name}: {failure}");
        assert_eq!(world.server.seen().len(), requests, "{name}");
        assert!(!world.path(&format!("{place}.json")).exists(), "{name}: nothing became a payload");
        let verdicts = world.verdicts(&place);
        assert_eq!(verdicts, vec![expected.1; answers], "{name}: each whole answer has its receipt");
        // The next fetch finds the host well again.
        assert_eq!(world.logs().await, Ok(Fetched::New), "{name}");
        let verdicts = world.verdicts(&place);
        assert_eq!(verdicts.len(), answers + 1, "{name}: {verdicts:?}");
        assert!(verdicts.contains(&"accepted".to_owned()), "{name}: {verdicts:?}");
    }
}

#[tokio::test]
async fn columns_in_another_order_are_read_by_name() {
    let mut read = Vec::new();
    for fault in [None, Some(Fault::OtherOrder)] {
        let world = World::after_the_season().await;
        let date = world.date().await;
        world.server.fails(fault);
        assert_eq!(world.logs().await, Ok(Fetched::New));
        let zone = LandingZone::open(world.directory.path()).expect("a zone");
        let of = async |source| zone.payloads(source, date).await.expect("readable").there().expect("landed");
        let games = nba::scheduled_games(&of("schedule").await, date).expect("games");
        let payloads = of("player_game_logs").await;
        let rows = nba::player_logs(&payloads, date, &games).expect("logs");
        assert!(rows.len() > 20, "{} rows", rows.len());
        let headers: Value = serde_json::from_slice(&payloads[0].bytes).expect("JSON");
        let first = headers["resultSets"][0]["headers"][0].clone();
        read.push((first, format!("{rows:?}")));
    }
    assert_ne!(read[0].0, read[1].0, "the columns came in another order");
    assert_eq!(read[0].1, read[1].1, "the values are those of their names");
}

#[tokio::test]
async fn a_failed_fetch_leaves_the_payload_as_it_was() {
    let world = World::at("2023-10-01T00:00:00Z", "2024-12-01", false).await;
    world.upstream.fetch_schedule(SEASON).await.expect("a schedule");
    let date = world.date().await;
    world.clock.set(&format!("{}T14:00:00Z", date.plus_days(1)));
    assert_eq!(world.logs().await, Ok(Fetched::New));
    let path = world.path(&format!("player_game_logs/2023-24/{date}.json"));
    let before = fs::read(&path).expect("a payload");
    world.server.fails([Fault::FirstGame]);
    let failure = world.logs().await.expect_err("half of the games");
    assert_eq!(code(&failure), ("transient", "upstream_incomplete"));
    assert_eq!(fs::read(&path).expect("a payload"), before);
    let verdicts = world.verdicts(&format!("player_game_logs/2023-24/{date}"));
    assert_eq!(verdicts, ["accepted", "upstream_incomplete"], "the answer was kept");
}

#[tokio::test]
async fn the_same_bytes_may_be_refused_once_and_accepted_later() {
    let world = World::after_the_season().await;
    let date = world.date().await;
    let place = format!("player_game_logs/2023-24/{date}");
    world.server.fails([Fault::FirstGame, Fault::FirstGame]);
    let failure = world.logs().await.expect_err("half of the games");
    assert_eq!(code(&failure), ("transient", "upstream_incomplete"));
    // The schedule has the other game of the date no more.
    let answer: Value = serde_json::from_slice(&world.answers(&place)[0]).expect("JSON");
    let set = &answer["resultSets"][0];
    let at = set["headers"].as_array().expect("headers").iter().position(|name| name == "GAME_ID");
    let played = &set["rowSet"][0][at.expect("a column")];
    let path = world.path("schedule/2023-24.json");
    let mut schedule: Value = serde_json::from_slice(&fs::read(&path).expect("a schedule")).expect("JSON");
    let day = format!("{date}T00:00:00Z");
    let days = schedule["leagueSchedule"]["gameDates"].as_array_mut().expect("days");
    days.retain(|of| of["gameDate"] != day.as_str() || of["games"][0]["gameId"] == *played);
    fs::write(&path, schedule.to_string()).expect("a schedule");
    assert_eq!(world.logs().await, Ok(Fetched::New));
    assert_eq!(world.verdicts(&place), ["upstream_incomplete", "accepted"]);
    assert_eq!(world.answers(&place).len(), 1, "the bytes are kept once");
}

#[tokio::test]
async fn requests_that_fail_together_are_not_sent_again_together() {
    let mut waits = std::collections::BTreeSet::new();
    for source in RESULTS {
        let world = World::after_the_season().await;
        world.server.fails([Fault::Status(500, &[], "oops")]);
        assert_eq!(world.upstream.fetch(source, world.date().await).await, Ok(Fetched::New), "{source}");
        let wait = world.clock.pauses()[1];
        assert!((2_001..=2_500).contains(&wait), "{source}: {wait}");
        waits.insert(wait);
    }
    assert_eq!(waits.len(), RESULTS.len(), "{waits:?}");
}

#[tokio::test]
async fn a_host_that_wants_a_long_rest_is_left_alone() {
    let world = World::after_the_season().await;
    world.server.fails([Fault::Status(429, &[("retry-after", "3600")], "")]);
    let failure = world.logs().await.expect_err("an hour");
    assert_eq!(code(&failure), ("transient", "upstream_resting"), "{failure}");
    let failure = world.logs().await.expect_err("still");
    assert_eq!(code(&failure), ("transient", "upstream_resting"), "{failure}");
    assert_eq!(world.server.seen().len(), 1, "it was not asked again");
    world.clock.advance(3_600_000);
    assert_eq!(world.logs().await, Ok(Fetched::New));
}

#[tokio::test]
async fn games_that_are_not_over_have_no_payload() {
    let world = World::at("2023-10-01T00:00:00Z", "2023-10-01", false).await;
    world.upstream.fetch_schedule(SEASON).await.expect("a schedule");
    let date = world.date().await;
    world.clock.set(&format!("{}T23:00:00Z", date));
    world.server.seen();
    let failure = world.logs().await.expect_err("they play");
    assert_eq!(code(&failure), ("transient", "not_final"));
    let paths: Vec<String> = world.server.seen().into_iter().map(|seen| seen.path).collect();
    assert_eq!(paths, ["stats/scheduleleaguev2int"], "the schedule was looked at once more");
    world.server.over(&date.to_string());
    let failure = world.logs().await.expect_err("the schedule is fresh enough");
    assert_eq!(code(&failure), ("transient", "not_final"));
    assert_eq!(world.server.seen().len(), 0);
    world.clock.advance(600_000);
    assert_eq!(world.logs().await, Ok(Fetched::New));
    let failure = world.upstream.fetch("player_game_logs", Date::of(2023, 8, 1).expect("a date")).await;
    assert_eq!(code(&failure.expect_err("summer")), ("permanent", "no_games"));
    let failure = world.upstream.fetch("tea_leaves", date).await.expect_err("unknown");
    assert_eq!(code(&failure), ("permanent", "source_unknown"));
}

#[tokio::test]
async fn a_schedule_says_nothing_new_where_only_its_time_differs() {
    let world = World::at("2023-12-01T00:00:00Z", "2023-11-01", false).await;
    assert_eq!(world.upstream.fetch_schedule(SEASON).await, Ok(Fetched::New));
    world.clock.advance(60_000);
    assert_eq!(world.upstream.fetch_schedule(SEASON).await, Ok(Fetched::Unchanged));
    assert_eq!(world.verdicts("schedule/2023-24"), ["accepted", "accepted"]);
    assert_eq!(world.answers("schedule/2023-24").len(), 1, "what says nothing new is kept once");
    world.server.over("2023-11-03");
    assert_eq!(world.upstream.fetch_schedule(SEASON).await, Ok(Fetched::New));
    let zone = LandingZone::open(world.directory.path()).expect("a zone");
    assert_eq!(zone.calendar("schedule").await.expect("a schedule").len(), 1);
}

#[tokio::test]
async fn the_static_file_stands_in_for_the_schedule() {
    let world = World::at(LATER, "2024-12-01", false).await;
    world.server.fails([Fault::Status(403, &[], "")]);
    assert_eq!(world.upstream.fetch_schedule(SEASON).await, Ok(Fetched::New));
    let hosts: Vec<String> = world.server.seen().into_iter().map(|seen| seen.host).collect();
    assert_eq!(hosts, ["stats.nba.com", "cdn.nba.com"]);
    // It is the present season's, and no other's; the first failure is the one that is told.
    world.server.fails([Fault::Status(403, &[], "")]);
    let failure = world.upstream.fetch_schedule(Season::starting(2022)).await.expect_err("another season");
    assert_eq!(code(&failure), ("transient", "upstream_forbidden"), "{failure}");
    assert!(!world.path("schedule/2022-23.json").exists());
}

#[tokio::test]
async fn a_schedule_that_forgets_a_played_game_is_refused() {
    let world = World::after_the_season().await;
    let before = fs::read(world.path("schedule/2023-24.json")).expect("a schedule");
    world.server.fails([Fault::Forgetful, Fault::Forgetful]);
    let failure = world.upstream.fetch_schedule(SEASON).await.expect_err("a game is missing");
    assert_eq!(code(&failure), ("transient", "upstream_incomplete"), "{failure}");
    assert_eq!(fs::read(world.path("schedule/2023-24.json")).expect("a schedule"), before);
}

#[tokio::test]
async fn a_host_is_asked_one_thing_at_a_time() {
    let world = World::after_the_season().await;
    let dates: Vec<Date> = world.server.dates().await.into_keys().take(4).collect();
    let fetches = dates.iter().map(|date| world.upstream.fetch("player_game_logs", *date));
    let outcomes = futures::future::join_all(fetches).await;
    assert_eq!(outcomes, vec![Ok(Fetched::New); 4]);
    assert_eq!(world.server.asking_most(), 1);
    assert_eq!(world.clock.pauses(), [1_000; 4]);
}

#[tokio::test]
async fn rosters_are_had_on_their_own_date_alone() {
    let world = World::at("2023-10-01T00:00:00Z", "2023-10-01", false).await;
    world.upstream.fetch_schedule(SEASON).await.expect("a schedule");
    let date = world.date().await;
    world.clock.set(&format!("{date}T16:00:00Z"));
    assert_eq!(world.upstream.fetch("player_index", date).await, Ok(Fetched::New));
    assert_eq!(world.upstream.fetch("player_index", date).await, Ok(Fetched::Unchanged));
    let zone = LandingZone::open(world.directory.path()).expect("a zone");
    let payloads = zone.payloads("player_index", date).await.expect("readable").there().expect("landed");
    let rows = tidegate::domain::nba::rosters(&payloads, date).expect("rosters");
    assert!(rows.len() >= 40, "{} players", rows.len());
    world.server.fails([Fault::FewRows]);
    let failure = world.upstream.fetch("player_index", date).await.expect_err("half a league");
    assert_eq!(code(&failure), ("transient", "upstream_incomplete"), "{failure}");
    world.clock.set(&format!("{}T16:00:00Z", date.plus_days(1)));
    let failure = world.upstream.fetch("player_index", date).await.expect_err("yesterday's");
    assert_eq!(code(&failure), ("permanent", "not_today"), "{failure}");
}

#[tokio::test]
async fn offers_are_put_together_and_the_key_is_shown_nowhere() {
    let world = World::at("2023-10-01T00:00:00Z", "2023-10-01", false).await;
    world.upstream.fetch_schedule(SEASON).await.expect("a schedule");
    let date = world.date().await;
    world.clock.set(&format!("{date}T16:00:00Z"));
    let failure = world.upstream.fetch("player_props", date).await.expect_err("no key");
    assert_eq!(code(&failure), ("permanent", "no_key"), "{failure}");
    let key = Key::of(&format!("{KEY}\n"));
    assert_eq!(format!("{key:?}"), "a key");
    let upstream = open_with(&world.clock, &world.server.url, world.directory.path(), Some(key));
    world.server.seen();
    assert_eq!(upstream.fetch("player_props", date).await, Ok(Fetched::New));
    let seen = world.server.seen();
    assert_eq!(seen.len(), 3, "the games, and the offers on each of two");
    assert!(seen.iter().all(|asked| asked.host == "api.the-odds-api.com"));
    assert_eq!(upstream.fetch("player_props", date).await, Ok(Fetched::Unchanged));
    let snapshots = || {
        let path = world.path(&format!("player_props/2023-24/{date}.json"));
        let payload: Value = serde_json::from_slice(&fs::read(path).expect("a payload")).expect("JSON");
        payload["snapshots"].as_array().expect("snapshots").len()
    };
    assert_eq!(snapshots(), 2);
    world.server.correct();
    assert_eq!(upstream.fetch("player_props", date).await, Ok(Fetched::New));
    assert_eq!(snapshots(), 4, "offers that have moved come after those before");
    world.server.fails([Fault::Status(401, &[], "bad key"), Fault::Status(404, &[], "")]);
    let refusals = [
        upstream.fetch("player_props", date).await.expect_err("refused").to_string(),
        upstream.fetch("player_props", date).await.expect_err("unknown").to_string(),
    ];
    assert!(refusals.iter().all(|text| !text.contains(KEY)), "{refusals:?}");
    let mut files = vec![world.directory.path().to_owned()];
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(fs::read_dir(path).expect("a folder").map(|entry| entry.expect("an entry").path()));
        } else {
            let text = String::from_utf8_lossy(&fs::read(&path).expect("a file")).into_owned();
            assert!(!text.contains(KEY), "{}", path.display());
        }
    }
}

#[tokio::test]
async fn nobody_there_is_said_as_it_is() {
    let clock = Arc::new(HandClock::at(LATER));
    let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", closed.local_addr().expect("an address"));
    drop(closed);
    let directory = tempfile::tempdir().expect("a directory");
    let failure = open(&clock, &url, directory.path()).fetch_schedule(SEASON).await.expect_err("nobody");
    assert_eq!(code(&failure), ("transient", "upstream_unreachable"), "{failure}");
    assert!(failure.to_string().starts_with("upstream_unreachable: stats.nba.com/stats/"), "{failure}");
}
