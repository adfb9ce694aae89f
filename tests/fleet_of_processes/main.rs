//! A fleet of real processes on a cloud home: two gates, three workers, two sinks and a scheduler of the real program,
//! on Google's Pub/Sub emulator, a real Postgres, a local Cloud Storage and a local BigQuery. The lake and the documents
//! end in the bytes of the embedded fleet, and BigQuery's tables in the rows of the lake; again, while processes are
//! killed, Postgres is restarted and the emulator stands still. Needs:
//! `tests/postgres.sh tests/pubsub_emulator.sh cargo test --test fleet_of_processes`.

#[path = "../../examples/local_cloud/bigquery.rs"]
mod bigquery;
#[path = "../../examples/local_cloud/bigquery_api.rs"]
mod bigquery_api;
#[path = "../../examples/local_cloud/bigquery_load.rs"]
mod bigquery_load;
#[path = "../../examples/local_cloud/bigquery_sql.rs"]
mod bigquery_sql;
#[path = "../bigquery_sink/cells.rs"]
mod cells;
#[path = "../../examples/local_cloud/connections.rs"]
mod connections;
#[path = "../../examples/local_cloud/faults.rs"]
mod faults;
mod front;
#[path = "../home/mod.rs"]
#[allow(dead_code, reason = "a part of it is used here")]
mod home;
#[path = "../postgres_rows/mod.rs"]
mod postgres_rows;
mod servers;
#[path = "../../examples/local_cloud/storage.rs"]
mod storage;
#[path = "../../examples/local_cloud/storage_api.rs"]
mod storage_api;
mod supervisor;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tidegate::adapters::sources::{League, SimulatedLeague};

use home::{TestHome, assert_same_lake};
use servers::{CloudHome, Servers};
use supervisor::{Role, Supervisor};

/// The fleet.
const ROLES: [Role; 8] = [
    Role::Gate,
    Role::Gate,
    Role::Worker,
    Role::Worker,
    Role::Worker,
    Role::Sink,
    Role::Sink,
    Role::Scheduler,
];

/// The place of a worker among them.
const WORKER: usize = 2;

/// All moments of the disturbances follow from it; a failure names it.
const SEED: u64 = 20_240_126;

/// How long the whole of a scenario may take.
const SCENARIO_MAX: Duration = Duration::from_secs(420);

/// How long after it BigQuery may take to be equal to the lake.
const SINK_MAX: Duration = Duration::from_secs(90);

/// How long completions may lie in the outbox whose worker was killed between publishing and marking them.
const OUTBOX_MAX: Duration = Duration::from_secs(60);

type Files = BTreeMap<PathBuf, Vec<u8>>;

/// A landing zone with a small league, and what the embedded fleet makes of it.
struct Reference {
    landing: tempfile::TempDir,
    lake: Files,
    published: Files,
    tasks: u64,
}

impl Reference {
    fn make() -> Self {
        let landing = tempfile::tempdir().expect("a directory");
        let league = League { seed: 1, seasons: vec![2023], teams: 4, games_per_team: 12 };
        let league = SimulatedLeague::new(league).expect("a league");
        league.write_landing_zone(landing.path()).expect("a landing zone");
        let home = TestHome::new();
        let place = landing.path().to_str().expect("UTF-8");
        let answer = home.run(&["run", "nba", "--landing", place, "--json"]).ended(0).json();
        let of = |key: &str, line: &serde_json::Value| line[key].as_u64().expect("a number");
        let lines = answer["datasets"].as_array().expect("datasets");
        let tasks =
            lines.iter().map(|line| of("done", line) + of("skipped", line) + of("unchanged", line)).sum();
        Self { lake: home.lake(), published: home.files("published"), landing, tasks }
    }
}

/// What the run came to in the cloud is what it came to in one process, and nothing is left over.
fn assert_same(reference: &Reference, home: &CloudHome) {
    assert_same_lake(&reference.lake, &home.lake());
    // The status tells of runs, of which there may be more than one here.
    let without_status = |files: &Files| -> Files {
        let is_status = |path: &PathBuf| path.file_name().is_some_and(|name| name == "status.json");
        files
            .iter()
            .filter(|(path, _)| !is_status(path))
            .map(|(path, bytes)| (path.clone(), bytes.clone()))
            .collect()
    };
    assert_same_lake(&without_status(&reference.published), &without_status(&home.published()));
    let standing = home.standing();
    assert_eq!(standing.open, 0, "tasks are left: {standing:?}");
    assert_eq!(standing.outbox, 0, "completions were committed and not published: {standing:?}");
    assert_eq!(standing.dead, 0, "dead letters: {standing:?}");
    assert_eq!(standing.units, reference.tasks, "units that are complete: {standing:?}");
}

/// BigQuery has the rows of the lake's files, table by table and date by date; the program finds so, and we do.
fn assert_loaded(fleet: &mut Supervisor, home: &CloudHome) {
    let verify =
        || home.command(&["bigquery", "verify"]).output().expect("the program starts").status.success();
    fleet.wait_until(SINK_MAX, verify);
    let mut rows = 0;
    for (dataset, (found, expected)) in home.tables() {
        assert!(found == expected, "{dataset}: BigQuery has other rows than the lake");
        rows += found.values().map(Vec::len).sum::<usize>();
    }
    assert!(rows > 1_000, "{rows} rows are no league");
    assert_eq!(home.over_limit(), [""; 0], "nothing beyond a limit of BigQuery");
}

#[test]
fn a_fleet_of_processes_ends_in_the_bytes_of_one() {
    let servers = Servers::of_environment();
    let reference = Reference::make();

    let home = servers.new_home("calm", reference.landing.path(), servers.emulator());
    let mut fleet = Supervisor::start(&home, &ROLES);
    let answer = fleet.run_to_end(SCENARIO_MAX, |_| {});
    assert_eq!(answer["ending"].as_str(), Some("all_done"), "{answer}");
    assert_eq!(answer["left"].as_u64(), Some(0), "{answer}");
    let done = fleet.total("tidegate_tasks_total");
    assert_loaded(&mut fleet, &home);
    fleet.stop();
    assert_same(&reference, &home);
    assert_eq!(home.standing().attempts, reference.tasks, "each task was done once");
    assert_eq!(done, reference.tasks, "each task was counted once");

    let home = servers.new_home("tormented", reference.landing.path(), servers.front());
    let mut fleet = Supervisor::start(&home, &ROLES);
    home.count_commits();
    let mut torment =
        Torment { rng: ChaCha8Rng::seed_from_u64(SEED), servers: &servers, home: &home, steps: 0 };
    fleet.run_to_end(SCENARIO_MAX, |fleet| torment.step(fleet));
    assert_loaded(&mut fleet, &home);
    fleet.wait_until(OUTBOX_MAX, || home.standing().outbox == 0);
    fleet.stop();
    assert_same(&reference, &home);
    assert!(home.committed_again().is_empty(), "done twice: {:?}", home.committed_again());
    println!("{} processes were killed (seed {SEED})", fleet.killed());
    assert!(fleet.killed() >= KILLS, "the run was over too soon: {} processes were killed", fleet.killed());
}

/// Processes that are killed at least while the run goes on; on a slow machine it goes on for longer.
const KILLS: u32 = 10;

/// Steps of the supervisor from one disturbance to the next: one second and a half.
const STEPS_BETWEEN: u32 = 3;

/// Disturbances after which a run may come to its end.
const DISTURBANCES: u32 = 30;

/// What goes wrong, a step at a time.
struct Torment<'a> {
    rng: ChaCha8Rng,
    servers: &'a Servers,
    home: &'a CloudHome<'a>,
    steps: u32,
}

impl Torment<'_> {
    /// Called again and again while the run goes on; comes back soon.
    fn step(&mut self, fleet: &mut Supervisor) {
        self.steps += 1;
        match self.steps / STEPS_BETWEEN {
            // Not before there is something to disturb: a worker in the midst of its work.
            0 if self.home.standing().units == 0 || !fleet.kill_one(WORKER) => self.steps = 0,
            0 => self.steps = STEPS_BETWEEN,
            // Then it may come to its end.
            at if !self.steps.is_multiple_of(STEPS_BETWEEN) || at > DISTURBANCES => {}
            4 => self.servers.restart_postgres("fast"),
            8 => self.servers.pause_emulator(Duration::from_secs(5)),
            12 => self.servers.restart_postgres("immediate"),
            16 => self.servers.pause_emulator(Duration::from_secs(15)),
            _ if fleet.kill_one(self.rng.random_range(0..ROLES.len())) => {}
            // That one is just beginning again: another, soon.
            _ => self.steps -= 1,
        }
    }
}
