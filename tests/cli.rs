//! What a person types, on the real program with a small simulated league: exit codes, answers, and what
//! stays behind. Every command is run as a process of its own.

mod home;
mod published;

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use home::{Answer, SMALL_LEAGUE, TestHome, assert_same_lake};
use serde_json::{Value, json};
use tidegate::adapters::sources::{League, SimulatedLeague};

fn run_simulated(home: &TestHome, more: &[&str]) -> Answer {
    home.run(&[&["run", "nba"], SMALL_LEAGUE.as_slice(), more].concat())
}

fn number(value: &Value, key: &str) -> u64 {
    value[key].as_u64().unwrap_or_else(|| panic!("{key} in {value}"))
}

/// The sum over the lines of a run's summary.
fn total(summary: &Value, key: &str) -> u64 {
    let lines = summary["datasets"].as_array().expect("datasets");
    lines.iter().map(|line| number(line, key)).sum()
}

#[test]
fn a_run_fills_the_lake_and_the_same_again_does_nothing() {
    let home = TestHome::new();
    let planned = home.run(&[&["plan", "nba", "--json"], SMALL_LEAGUE.as_slice()].concat()).ended(0).json();
    assert!(!home.path().exists(), "a plan makes no home");
    let first = run_simulated(&home, &["--json"]).ended(0).json();
    assert_eq!(first["ending"], "all_done");
    let tasks = total(&first, "done") + total(&first, "skipped");
    assert_eq!(planned["tasks"].as_array().expect("tasks").len() as u64, tasks);
    assert!(total(&first, "skipped") > 0 && total(&first, "rows") > 500, "{first}");
    assert!(total(&first, "compute_ms") > 0, "{first}");
    let lake = home.lake();

    let second = run_simulated(&home, &["--json"]).ended(0).json();
    assert_eq!((total(&second, "done"), number(&second, "up_to_date_before")), (0, tasks));
    assert_eq!(second["runs"].as_array().map(Vec::len), Some(0));
    assert_same_lake(&lake, &home.lake());
    assert!(run_simulated(&home, &[]).ended(0).stdout.contains("nothing to do"));

    let coverage = home.run(&["coverage", "--json"]).ended(0).json();
    assert_eq!(number(&coverage, "done"), number(&coverage, "possible"));
    assert!(home.run(&["coverage", "--season", "2023-24"]).ended(0).stdout.contains("100.0 %"));

    let forced = run_simulated(&home, &["--json", "--force", "--only", "player_daily_cache"]).ended(0).json();
    assert!(total(&forced, "done") > 0);
    assert_same_lake(&lake, &home.lake());
}

#[test]
fn every_question_has_an_answer() {
    let home = TestHome::new();
    run_simulated(&home, &[]).ended(0);

    let sql = "SELECT count(*) AS games, min(game_date) AS first, max(game_date) AS last FROM nba.schedule";
    let rows = home.run(&["query", sql, "--format", "json"]).ended(0).json();
    let (first, last) = (rows[0]["first"].as_str().expect("date"), rows[0]["last"].as_str().expect("date"));
    let csv = home.run(&["query", sql, "--format", "csv"]).ended(0).stdout;
    assert!(csv.starts_with("games,first,last") && csv.contains(first), "{csv}");
    assert!(home.run(&["query", sql]).ended(0).stdout.contains(last));
    assert_eq!(home.run(&["query", sql, "--json"]).ended(0).json(), rows);

    let why = home.run(&["why", "nba.ml_feature_store", last, "--json"]).ended(0).json();
    assert_eq!((why["state"].as_str(), why["date"].as_str()), (Some("complete"), Some(last)));
    assert!(!why["because"].as_array().expect("because").is_empty(), "{why}");
    let text = home.run(&["why", "ml_feature_store", last]).ended(0).stdout;
    assert!(text.contains("done by attempt 1 of run 1") && text.contains("landed_schedule"), "{text}");
    assert!(home.run(&["why", "ml_feature_store", first]).ended(0).stdout.contains("skipped: bootstrap"));

    // A small league never has enough rows for a model: that is a skip with its reason, and no failure.
    let trained = home.run(&["train", "nba", "--date", last, "--json"]).ended(0).json();
    // With it the checks and gates before and behind it, and its files.
    assert_eq!((total(&trained, "done"), total(&trained, "skipped")), (0, 6), "{trained}");
    let gates = trained["gates"].as_array().expect("gates");
    let said: Vec<_> = gates.iter().map(|gate| (&gate["gate"], &gate["skipped"]["too_few_rows"])).collect();
    assert_eq!(said, [(&json!("nba.gate_e"), &json!(1)), (&json!("nba.gate_f"), &json!(1))], "{trained}");
    let told = home.run(&["train", "nba", "--date", last]).ended(0).stdout;
    assert!(told.contains("nba.gate_f: skipped: too_few_rows"), "{told}");
    assert!(home.run(&["why", "points_model", last]).ended(0).stdout.contains("skipped: too_few_rows"));
    let no_model = home.run(&["model", "show", "nba"]).ended(2);
    assert!(no_model.stderr.contains("no model yet"), "{}", no_model.stderr);

    let status = home.run(&["status", "--json"]).ended(0).json();
    let runs = status["runs"].as_array().expect("runs");
    assert_eq!((runs.len(), runs[0]["kind"].as_str()), (2, Some("backfill")));
    let topology = home.run(&["topology", "--format", "json"]).ended(0).json();
    assert!(topology["subscriptions"].as_array().is_some_and(|all| all.len() > 50));
    let drawn = home.run(&["topology", "--format", "mermaid"]).ended(0).stdout;
    assert!(drawn.contains("player_game_logs --> player_game_summary"), "{drawn}");
    assert_eq!(home.run(&["dead-letters", "list"]).ended(0).stdout, "no dead letters\n");

    let well = home.run(&["doctor", "--json"]).ended(0).json();
    assert_eq!((well["verdict"].as_str(), number(&well, "fail")), (Some("ok"), 0), "{well}");
    let newest = format!("lake/nba/schedule/date={last}/schedule.parquet");
    fs::write(home.path().join(newest), "not what was written").expect("the file is damaged");
    let ill = home.run(&["doctor", "--json"]).ended(3).json();
    let findings = ill["findings"].as_array().expect("findings");
    let failed: Vec<&Value> = findings.iter().filter(|finding| finding["verdict"] != "ok").collect();
    assert_eq!(failed.len(), 1, "{ill}");
    assert_eq!(failed[0]["subject"], format!("nba.schedule {last}"), "{ill}");
    let mend = failed[0]["mend"].as_str().and_then(|mend| mend.strip_prefix("tidegate ")).expect("a command");
    let (command, rest) = mend.split_once(" --home ").expect("a command with its home");
    let rest = rest.split_whitespace().skip(1);
    home.run(&command.split_whitespace().chain(rest).collect::<Vec<_>>()).ended(0);
    home.run(&["doctor"]).ended(0);
}

#[test]
fn wrong_usage_is_told_apart_and_names_what_is_there() {
    let home = TestHome::new();
    run_simulated(&home, &["--only", "schedule"]).ended(0);
    let other = TestHome::new();
    let cases: [(&TestHome, &[&str], &str); 17] = [
        (&home, &["run", "nba", "--from", "2001-01-01"], "the source has dates from 2023-"),
        (&home, &["run", "nba", "--to", "2031-01-01"], "the source has dates from 2023-"),
        (&home, &["run", "nba", "--from", "yesterday"], "YYYY-MM-DD"),
        (&home, &["run", "nba", "--only", "nba.weather"], "nba.player_game_summary"),
        (&home, &["train", "nba", "--date", "2001-01-01"], "--date 2001-01-01 is no date up to today"),
        (&home, &["run", "nfl"], "there is no pipeline `nfl`"),
        (&home, &["doctor", "--role", "baker"], "a role is one of client, gate"),
        (&other, &["doctor"], "there is nothing at the home"),
        (&home, &["run", "nba", "--simulate", "--seed", "2"], "give another --home"),
        (&home, &["run", "nba", "--landing", "."], "give another --home"),
        (&home, &["run", "nba", "--seed", "2"], "--simulate"),
        (&home, &["why", "nba.schedule", "2023-07-04"], "is no game date"),
        (&home, &["query", "DROP TABLE nba.schedule"], "read"),
        (&home, &["query", "SELECT * FROM nba.weather"], "nba.player_game_summary"),
        (&home, &["dead-letters", "replay", "7"], "no open dead letter 7"),
        (&other, &["run", "nba"], "--landing DIR or --simulate"),
        (&other, &["run", "nba", "--landing", "/no/such/place"], "does not exist"),
    ];
    for (home, arguments, part) in cases {
        let answer = home.run(arguments);
        assert_eq!(answer.code, Some(2), "{arguments:?}: {answer:?}");
        assert!(answer.stderr.contains(part), "{arguments:?}: {}", answer.stderr);
    }
    let help = |command: &str| other.run(&[command, "--help"]).ended(0).stdout;
    assert!(help("run").contains("--as-of") && !help("serve").contains("--as-of"), "what serve refuses");
    assert!(!other.path().join("ledger.sqlite").exists());
    assert!(other.run(&["status"]).ended(2).stderr.contains("there is nothing at the home"));
}

#[test]
fn a_home_is_read_but_not_changed_beside_its_owner() {
    let home = TestHome::new();
    let mut served = home.command(&[&["serve", "nba"], SMALL_LEAGUE.as_slice()].concat());
    let mut owner = served.spawn().expect("the program starts");
    let mut lines = BufReader::new(owner.stderr.take().expect("stderr")).lines();
    assert!(lines.next().expect("a line").expect("UTF-8").starts_with("serving "));

    let refused = run_simulated(&home, &[]).ended(1).stderr;
    assert!(refused.contains(&format!("in use by process {}", owner.id())), "{refused}");
    home.run(&["status"]).ended(0);
    home.run(&["coverage"]).ended(0);
    home.run(&["plan", "nba", "--json"]).ended(0).json();

    let terminate = Command::new("kill").args(["-TERM", &owner.id().to_string()]).status();
    assert!(terminate.expect("kill").success());
    assert_eq!(owner.wait().expect("its end").code(), Some(0));
    // What it had begun goes on, and is finished.
    run_simulated(&home, &[]).ended(0);
}

/// A landing zone on the disk, written by the simulated league, and the payload that is poisoned.
struct Landing {
    directory: tempfile::TempDir,
    date: String,
}

impl Landing {
    fn write() -> Self {
        let league = League { seed: 5, seasons: vec![2023], teams: 4, games_per_team: 12 };
        let directory = tempfile::tempdir().expect("a directory");
        let league = SimulatedLeague::new(league).expect("a league");
        league.write_landing_zone(directory.path()).expect("a landing zone");
        let mut zone = Self { directory, date: String::new() };
        let members = zone.members(&zone.archive());
        zone.date = members[members.len() / 2].0.trim_end_matches(".json").to_owned();
        zone
    }

    fn path(&self) -> &str {
        self.directory.path().to_str().expect("UTF-8")
    }

    fn archive(&self) -> PathBuf {
        self.directory.path().join("player_game_logs/2023-24.zip")
    }

    fn members(&self, archive: &Path) -> Vec<(String, Vec<u8>)> {
        let mut archive = zip::ZipArchive::new(File::open(archive).expect("a file")).expect("a zip");
        (0..archive.len())
            .map(|at| {
                let mut member = archive.by_index(at).expect("a member");
                let mut bytes = Vec::new();
                member.read_to_end(&mut bytes).expect("its bytes");
                (member.name().expect("a name").into_owned(), bytes)
            })
            .collect()
    }

    /// Cuts the member of the date in half; answers with the archive as it was.
    fn poison(&self) -> Vec<u8> {
        let whole = fs::read(self.archive()).expect("the archive");
        let members = self.members(&self.archive());
        let mut zip = zip::ZipWriter::new(File::create(self.archive()).expect("a file"));
        for (name, bytes) in members {
            let keep = if name.starts_with(&self.date) { bytes.len() / 2 } else { bytes.len() };
            zip.start_file(name, zip::write::SimpleFileOptions::default()).expect("a member");
            zip.write_all(&bytes[..keep]).expect("its bytes");
        }
        zip.finish().expect("a zip");
        whole
    }

    fn mend(&self, whole: &[u8]) {
        fs::write(self.archive(), whole).expect("the archive");
    }
}

#[test]
fn a_poisoned_payload_is_one_dead_letter_and_its_replay_ends_in_a_clean_lake() {
    let landing = Landing::write();
    let clean = TestHome::new();
    clean.run(&["run", "nba", "--landing", landing.path()]).ended(0);

    let whole = landing.poison();
    let home = TestHome::new();
    let run = home.run(&["run", "nba", "--landing", landing.path(), "--json"]).ended(3).json();
    let letters = run["dead_letters"].as_array().expect("dead letters");
    assert_eq!((run["ending"].as_str(), letters.len()), (Some("remains"), 1));
    let (id, message) = (letters[0]["id"].to_string(), letters[0]["message"].as_str().expect("text"));
    assert!(message.contains("2023-24.zip") && message.contains(&landing.date), "{message}");
    assert!(number(&run, "held") > 0 && total(&run, "held") == number(&run, "held"), "{run}");

    let again = home.run(&["run", "nba", "--json"]).ended(3).json();
    assert_eq!((total(&again, "done"), number(&again, "held")), (0, number(&run, "held")));
    let why = home.run(&["why", "ml_feature_store", &landing.date]).ended(0).stdout;
    assert!(why.contains(&format!("held by dead letter {id}")) && why.contains(message), "{why}");
    let shown = home.run(&["dead-letters", "show", &id]).ended(0).stdout;
    assert!(shown.contains(message) && shown.contains("open"), "{shown}");
    assert!(home.run(&["dead-letters", "replay", &id]).ended(2).stderr.contains("would die again"));

    landing.mend(&whole);
    let replay = home.run(&["dead-letters", "replay", &id, "--json"]).ended(0).json();
    assert_eq!((replay["ending"].as_str(), number(&replay, "held")), (Some("all_done"), 0));
    assert_same_lake(&clean.lake(), &home.lake());
    assert!(home.run(&["dead-letters", "list", "--all"]).ended(0).stdout.contains("replayed"));
}

#[test]
fn an_accepted_dead_letter_is_a_gap_and_mending_it_later_closes_the_gap() {
    let landing = Landing::write();
    let whole = landing.poison();
    let home = TestHome::new();
    home.run(&["run", "nba", "--landing", landing.path()]).ended(3);
    home.run(&["dead-letters", "accept", "1"]).ended(0);
    let coverage = home.run(&["coverage", "--dataset", "player_game_logs", "--json"]).ended(0).json();
    assert_eq!(number(&coverage["lines"][0]["skipped"], "gap"), 1);
    assert_eq!(number(&coverage, "done"), number(&coverage, "possible"));
    home.run(&["run", "nba"]).ended(0);

    landing.mend(&whole);
    home.run(&["run", "nba"]).ended(0);
    let coverage = home.run(&["coverage", "--dataset", "player_game_logs", "--json"]).ended(0).json();
    assert!(coverage["lines"][0]["skipped"].get("gap").is_none(), "{coverage}");
    let rows = |home: &TestHome| {
        let sql = "SELECT * FROM nba.ml_feature_store";
        home.run(&["query", sql, "--format", "csv"]).ended(0).stdout
    };
    let clean = TestHome::new();
    clean.run(&["run", "nba", "--landing", landing.path()]).ended(0);
    assert_eq!(rows(&home), rows(&clean));
}

/// Reads lines until one has this in it.
fn read_until(lines: &mut impl Iterator<Item = std::io::Result<String>>, part: &str) -> String {
    let mut told = String::new();
    for line in lines {
        let line = line.expect("a line");
        if line.contains(part) {
            return line;
        }
        told.push_str(&line);
        told.push('\n');
    }
    panic!("no line with `{part}`: {told}")
}

#[test]
fn a_served_home_stops_at_a_signal_and_holds_what_a_run_makes() {
    let (served, ran) = (TestHome::new(), TestHome::new());
    let landing = tempfile::tempdir().expect("a directory");
    let league = League { seed: 1, seasons: vec![2023], teams: 4, games_per_team: 8 };
    let league = SimulatedLeague::new(league).expect("a league");
    league.write_landing_zone(landing.path()).expect("a landing zone");
    let from = landing.path().to_str().expect("a path");
    let rows = |home: &TestHome| {
        let sql = "SELECT count(*), sum(points) FROM nba.player_game_summary";
        home.run(&["query", sql, "--format", "csv"]).ended(0).stdout
    };
    for expected in ["is over", "is open"] {
        let mut command = served.command(&["serve", "nba", "--landing", from]);
        let mut child = command.spawn().expect("the program starts");
        let mut lines = BufReader::new(child.stderr.take().expect("its standard error")).lines();
        let line = read_until(&mut lines, expected);
        assert!(line.contains("0 dead") || !line.contains("dead"), "{line}");
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill").success());
        assert_eq!(child.wait().expect("its end").code(), Some(0), "a signal is no failure");
    }
    ran.run(&["run", "nba", "--landing", from]).ended(0);
    assert_eq!(rows(&served), rows(&ran));
    let files = |home: &TestHome| home.lake().into_keys().collect::<Vec<_>>();
    assert_eq!(files(&served), files(&ran));
    let status = served.run(&["status", "--json"]).ended(0).json();
    let runs = status["runs"].as_array().expect("runs");
    assert!(
        runs.iter().all(|run| run["name"].as_str().is_some_and(|name| name.starts_with("day-"))),
        "{status}"
    );
    let refused = served.run(&["serve", "nba", "--as-of", "2024-01-26"]).ended(2);
    assert!(refused.stderr.contains("lives today"), "{}", refused.stderr);
}

#[test]
fn a_morning_is_rehearsed_and_the_day_after_restates_it() {
    let home = TestHome::new();
    let morning = run_simulated(&home, &["--as-of", "2023-11-04", "--json"]).ended(0).json();
    assert_eq!(morning["ending"], "all_done");
    let why = home.run(&["why", "player_game_summary", "2023-11-04"]).ended(0).stdout;
    assert!(why.contains("skipped: not_yet") && why.contains("its games are not over"), "{why}");
    let coverage = home.run(&["coverage", "--as-of", "2023-11-04", "--json"]).ended(0).json();
    assert_eq!(number(&coverage, "done"), number(&coverage, "possible"), "not yet is not possible");
    let late = home.run(&["run", "nba", "--as-of", "2023-11-04", "--to", "2023-11-06"]).ended(2);
    assert!(late.stderr.contains("today is 2023-11-04"), "{}", late.stderr);
    run_simulated(&home, &["--json"]).ended(0);
    let straight = TestHome::new();
    run_simulated(&straight, &["--json"]).ended(0);
    let files = |home: &TestHome| home.lake().into_keys().collect::<Vec<_>>();
    assert_eq!(files(&home), files(&straight));
}
