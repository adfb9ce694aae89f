//! What the roles tell of themselves, as real processes on a cloud home: a gate, two workers and a client of the real
//! program, on our own server, a real Postgres and a local Cloud Storage, with a payload that is broken. Their traces
//! go to a real collector, their figures are asked for over HTTP, their logs are read line by line. Needs:
//! `tests/postgres.sh cargo test --test telemetry`.

#[path = "../traces/collector.rs"]
mod collector;
#[path = "../../examples/local_cloud/connections.rs"]
mod connections;
#[path = "../../examples/local_cloud/faults.rs"]
mod faults;
mod figures;
#[path = "../postgres_rows/mod.rs"]
mod postgres_rows;
mod processes;
#[path = "../../examples/local_cloud/storage.rs"]
mod storage;
#[path = "../../examples/local_cloud/storage_api.rs"]
mod storage_api;
#[path = "../traces/walk.rs"]
mod walk;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;
use tidegate::adapters::sources::{League, SimulatedLeague};
use tidegate::flow::{Date, RunId, Window};
use tidegate::pipelines::nba::NBA;

use collector::Told;
use figures::Figures;
use processes::{Home, Process};
use walk::Walk;

/// The date whose payload is broken, and where it lies.
const BROKEN: &str = "2023-10-26";

fn a_landing_zone() -> (tempfile::TempDir, std::path::PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let league = League { seed: 1, seasons: vec![2023], teams: 4, games_per_team: 12 };
    SimulatedLeague::new(league)
        .expect("a league")
        .write_landing_zone(directory.path())
        .expect("a landing zone");
    // What lies unpacked takes the place of the archive's.
    let unpacked = directory.path().join("team_game_logs/2023-24").join(format!("{BROKEN}.json"));
    fs::create_dir_all(unpacked.parent().expect("a folder")).expect("a folder");
    fs::write(&unpacked, "{\"resultSets\": [").expect("a broken payload");
    (directory, unpacked)
}

#[test]
fn the_roles_tell_of_a_broken_date_and_of_its_mending() {
    let (landing, unpacked) = a_landing_zone();
    let home = Home::new(landing.path());
    let gate = home.start(&["gate"]);
    let workers = [home.start(&["worker", "--attempts", "8"]), home.start(&["worker", "--attempts", "8"])];

    let (code, _) = home.client(&["run", "nba", "--json"]);
    assert_eq!(code, Some(3), "a dead letter remains");
    let figures = |process: &Process| Figures::of(&process.get("/metrics"));
    check_figures(&home, &figures(&gate), &workers.each_ref().map(figures));

    fs::remove_file(&unpacked).expect("the payload is mended");
    let (code, answer) = home.client(&["dead-letters", "replay", "--json"]);
    assert_eq!(code, Some(0), "{answer}");
    let mended = figures(&gate);
    assert_eq!(mended.sum("tidegate_dead_letters_open", &[]), 0.0);
    assert_eq!(mended.sum("tidegate_held_units", &[]), 0.0);

    // Asked to stop, they send the last of their spans.
    let logs: Vec<String> = [gate].into_iter().chain(workers).map(Process::stop).collect();
    let told = home.told();
    let failed = check_traces(&home, &told);
    check_logs(&logs, &failed);
}

/// What the figures say beside what the ledger says.
fn check_figures(home: &Home, gate: &Figures, workers: &[Figures]) {
    let count = |sql: &str| home.count(sql) as f64;
    let dead = count("SELECT count(*) FROM dead_letters WHERE resolution IS NULL");
    let held = count("SELECT count(*) FROM tasks WHERE state = 'held'");
    assert_eq!(dead, 1.0);
    assert!(held > 0.0, "nothing is held");
    let cause = [("pipeline", "nba"), ("processor", "team_game_logs"), ("code", "payload_malformed")];
    assert_eq!(gate.sum("tidegate_dead_letters_open", &cause), 1.0, "{gate:?}");
    assert_eq!(gate.sum("tidegate_dead_letters_open", &[]), dead);
    assert_eq!(gate.sum("tidegate_held_units", &[]), held);
    assert_eq!(gate.sum("tidegate_runnable_units", &[("lane", "backfill")]), 0.0);
    for name in
        ["tidegate_runnable_units", "tidegate_oldest_runnable_age_seconds", "tidegate_dataset_freshness_days"]
    {
        let of = [
            ("pipeline", "nba"),
            (if name.contains("dataset") { "dataset" } else { "processor" }, "player_game_logs"),
        ];
        assert!(gate.has(name, &of), "{name} is not told: {gate:?}");
    }

    let over_workers = |name: &str, labels: &[(&str, &str)]| -> f64 {
        workers.iter().map(|figures| figures.sum(name, labels)).sum()
    };
    let attempts = count("SELECT sum(attempts) FROM tasks");
    assert_eq!(over_workers("tidegate_tasks_total", &[]), attempts);
    assert_eq!(over_workers("tidegate_tasks_total", &[("outcome", "dead")]), 1.0);
    for outcome in ["done", "skipped"] {
        let of_ledger =
            format!("SELECT count(*) FROM tasks WHERE state = 'finished' AND outcome LIKE '{outcome}%'");
        assert_eq!(
            over_workers("tidegate_tasks_total", &[("outcome", outcome)]),
            count(&of_ledger),
            "{outcome}"
        );
    }
    assert_eq!(over_workers("tidegate_task_duration_seconds_count", &[("lane", "backfill")]), attempts);
    assert!(over_workers("tidegate_task_duration_seconds_sum", &[]) > 0.0);
    assert!(
        workers.iter().all(|figures| figures.sum("tidegate_tasks_total", &[]) > 0.0),
        "one worker did all"
    );
    for figures in workers.iter().chain([gate]) {
        for name in
            ["tidegate_lease_extensions_total", "tidegate_publish_errors_total", "tidegate_ack_errors_total"]
        {
            assert!(figures.has(name, &[]), "{name} is not told: {figures:?}");
        }
    }
}

/// One trace for each date, through all processes; answers with the attempt that failed.
fn check_traces(home: &Home, told: &[Told]) -> Told {
    let services: BTreeSet<&str> = told.iter().map(|span| span.service.as_str()).collect();
    assert_eq!(services, BTreeSet::from(["tidegate-client", "tidegate-gate", "tidegate-worker"]));
    let run = RunId(1);
    let (mut of_all, mut longest) = (0, 0);
    for days in home.dates(run.0) {
        let date = Date::from_days(days);
        let walk = Walk::of(told, run, date);
        walk.check_messages();
        let tasks = home.attempted(run.0, days);
        assert_eq!(
            walk.attempts().into_keys().collect::<BTreeSet<_>>(),
            tasks,
            "{date}: every processor's attempt"
        );
        let of_date: BTreeSet<&str> = walk.spans().map(|span| span.service.as_str()).collect();
        assert_eq!(walk.root().service, "tidegate-client");
        of_all += usize::from(of_date.len() == 3);
        longest = longest.max(tasks.iter().map(|processor| walk.chain(processor).len()).max().unwrap_or(0));
        for order in
            walk.spans().filter(|span| span.name.starts_with("send ") && span.name.contains(".work."))
        {
            // Whatever reads something of its own date goes back to that, whoever heard of it and in which order.
            let follows = order.parent != walk.root().id;
            assert_eq!(follows, reads_own_date(order.of("tidegate.processor")), "{order:?}");
        }
    }
    assert!(of_all > 12, "{of_all} dates went through all services");
    assert!(longest > 5 * 4, "the longest walk has {longest} spans");
    let broken = Walk::of(told, run, Date::parse(BROKEN).expect("a date"));
    let failed: Vec<&Told> = broken.spans().filter(|span| span.error.is_some()).collect();
    let [failed] = &failed[..] else { panic!("{failed:#?}") };
    assert_eq!(failed.of("error.type"), "payload_malformed");
    let mended = Walk::of(told, RunId(2), Date::parse(BROKEN).expect("a date"));
    assert_eq!(
        mended.root().links,
        [(failed.trace.clone(), failed.id.clone())],
        "the replay goes back to it"
    );
    (*failed).clone()
}

fn reads_own_date(processor: &str) -> bool {
    let processor = NBA.processors.iter().find(|one| one.writes.table() == processor).expect("a processor");
    processor.reads.iter().any(|input| match input.window {
        Window::SameDate | Window::MonthToDate | Window::SeasonToDate | Window::Days { .. } => true,
        Window::PreviousDates(_)
        | Window::AllBefore
        | Window::SeasonBefore
        | Window::SeasonBeforeCarrying { .. } => false,
    })
}

/// Every line is a JSON object that Cloud Logging understands, and one names the trace of what failed.
fn check_logs(logs: &[String], failed: &Told) {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let mut named = 0;
    for line in logs.iter().flat_map(|log| log.lines()) {
        let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let severity = value["severity"].as_str().unwrap_or_default();
        assert!(["DEBUG", "INFO", "WARNING", "ERROR"].contains(&severity), "{line}");
        assert!(value["message"].is_string() && value["time"].is_string(), "{line}");
        if severity == "ERROR" {
            let trace = hex(&failed.trace);
            let name = format!("projects/fleet/traces/{trace}");
            assert_eq!(value["logging.googleapis.com/trace"].as_str(), Some(name.as_str()), "{line}");
            assert_eq!(
                value["logging.googleapis.com/spanId"].as_str(),
                Some(hex(&failed.id).as_str()),
                "{line}"
            );
            assert_eq!(value["trace_id"].as_str(), Some(trace.as_str()), "{line}");
            named += 1;
        }
    }
    assert_eq!(named, 1, "one thing failed for good");
}

/// The directory of a landing zone, as the settings name it.
fn shown(directory: &Path) -> String {
    directory.display().to_string()
}
