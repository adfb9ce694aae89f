//! A fleet of real processes on a cloud home: two gates, three workers and a scheduler of the real program, on
//! Google's Pub/Sub emulator, a real Postgres and a local Cloud Storage. The lake and the documents end in the bytes of
//! the embedded fleet; again, on our own server, while processes are killed, Postgres is restarted and the server
//! stands still. Needs:
//! `tests/postgres.sh tests/pubsub_emulator.sh cargo test --test fleet_of_processes`.

#[path = "../../examples/local_cloud/connections.rs"]
mod connections;
#[path = "../../examples/local_cloud/faults.rs"]
mod faults;
#[path = "../home/mod.rs"]
#[allow(dead_code, reason = "a part of it is used here")]
mod home;
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
use servers::{Broker, CloudHome, Servers};
use supervisor::{Role, Supervisor};

/// The fleet.
const ROLES: [Role; 6] = [Role::Gate, Role::Gate, Role::Worker, Role::Worker, Role::Worker, Role::Scheduler];

/// The place of a worker among them.
const WORKER: usize = 2;

/// All moments of the disturbances follow from it; a failure names it.
const SEED: u64 = 20_240_126;

/// How long the whole of a scenario may take.
const SCENARIO_MAX: Duration = Duration::from_secs(420);

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
    fleet.stop();
    assert_same(&reference, &home);
    assert_eq!(home.standing().attempts, reference.tasks, "each task was done once");
    assert_eq!(done, reference.tasks, "each task was counted once");

    let broker = Broker::start();
    let home = servers.new_home("tormented", reference.landing.path(), &broker.address);
    let mut fleet = Supervisor::start(&home, &ROLES);
    let mut torment = Torment {
        rng: ChaCha8Rng::seed_from_u64(SEED),
        servers: &servers,
        broker: &broker,
        home: &home,
        steps: 0,
    };
    fleet.run_to_end(SCENARIO_MAX, |fleet| torment.step(fleet));
    fleet.stop();
    assert_same(&reference, &home);
    println!("{} disturbances, {} processes killed (seed {SEED})", torment.steps, fleet.killed());
    assert!(fleet.killed() >= KILLS, "the run was over too soon: {} processes were killed", fleet.killed());
}

/// Processes that are killed while the run goes on.
const KILLS: u32 = 8;

/// What goes wrong, a step at a time.
struct Torment<'a> {
    rng: ChaCha8Rng,
    servers: &'a Servers,
    broker: &'a Broker,
    home: &'a CloudHome<'a>,
    steps: u32,
}

impl Torment<'_> {
    /// Called again and again while the run goes on; comes back soon.
    fn step(&mut self, fleet: &mut Supervisor) {
        match self.steps {
            // A worker in the midst of its work: what it had is taken over after a lease, so the run goes on for
            // at least that long.
            0 if self.home.standing().units == 0 || !fleet.kill_one(WORKER) => return,
            3 => self.servers.restart_postgres("fast"),
            6 => self.servers.restart_postgres("immediate"),
            8 => self.servers.pause(self.broker.process(), Duration::from_secs(4)),
            0 => {}
            // Then it may come to its end.
            24.. => return,
            _ if !fleet.kill_one(self.rng.random_range(0..ROLES.len())) => return,
            _ => {}
        }
        self.steps += 1;
    }
}
