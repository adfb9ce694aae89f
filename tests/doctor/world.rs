//! A cloud home on real servers of this machine, and all that is in a healthy one: our Pub/Sub server and the Postgres of
//! the environment, a local Cloud Storage and BigQuery, a landing zone, a unit of every dataset, tables that the real
//! sink has loaded.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tidegate::adapters::gcs::GcsConfig;
use tidegate::adapters::lake::GcsLake;
use tidegate::adapters::ledger::{PostgresConfig, PostgresLedger, Tls};
use tidegate::adapters::sources::{League, SimulatedLeague};
use tidegate::doctor::agent_needs;
use tidegate::fleet::{
    Claim, Clock as _, Commit, Committed, Lake as _, Ledger as _, NewRun, Provenance, SystemClock, UnitRecord,
};
use tidegate::flow::{
    Cascade, Column, DatasetName, Date, Fingerprint, Frame, Lane, Outcome, Processor, TaskState, Topology,
    Unit, WorkOrder,
};
use tidegate::pipelines::nba::NBA;
use tokio::net::TcpListener;

use crate::bigquery::{self, BigQuery};
use crate::faults::Faults;
use crate::front::{Front, Rights, held};
use crate::postgres_rows::rows;
use crate::storage::Storage;
use crate::{bigquery_api, storage_api};

/// The project.
pub(crate) const PROJECT: &str = "acme";

/// Its number.
const NUMBER: &str = "415104041262";

/// A date of the simulated season.
const DATE: &str = "2023-10-24";

/// The cloud.
pub(crate) struct World {
    runtime: tokio::runtime::Runtime,
    http: reqwest::Client,
    broker: Child,
    broker_at: String,
    pub(crate) storage: Arc<Storage>,
    pub(crate) bigquery: Arc<BigQuery>,
    /// Before Pub/Sub, Cloud Storage and BigQuery.
    pub(crate) pubsub_front: Arc<Front>,
    pub(crate) storage_front: Arc<Front>,
    rights: Arc<Mutex<Rights>>,
    postgres: tokio_postgres::Config,
    database: String,
    directory: tempfile::TempDir,
    topology: Topology,
}

/// What the doctor said.
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) text: String,
    pub(crate) json: Value,
}

#[expect(clippy::disallowed_methods, reason = "the server is named by the environment")]
fn postgres() -> tokio_postgres::Config {
    let text = std::env::var("TIDEGATE_POSTGRES").unwrap_or_else(|_| {
        panic!("TIDEGATE_POSTGRES is not set: tests/postgres.sh cargo test --test doctor")
    });
    text.parse().expect("where Postgres is")
}

impl World {
    /// A healthy one.
    pub(crate) fn healthy() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
        let directory = tempfile::tempdir().expect("a directory");
        let (broker, broker_at) = broker(&directory.path().join("broker"));
        let storage = Arc::new(Storage::in_memory(Faults::none()));
        let beside = Arc::clone(&storage);
        let read = move |bucket: &str, name: &str| beside.get(bucket, name).map(|(content, _)| content);
        let bigquery = Arc::new(BigQuery::new(
            bigquery::Limits::default(),
            50,
            Faults::none(),
            || SystemClock.now(),
            read,
        ));
        let rights = Arc::new(Mutex::new(Rights::default()));
        let listen = || runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let at = |listener: &TcpListener| format!("http://{}", listener.local_addr().expect("an address"));
        let (storage_listener, bigquery_listener) = (listen(), listen());
        let front = |upstream: String| {
            runtime.block_on(Front::start(runtime.handle(), upstream, Arc::clone(&rights)))
        };
        let fronts = [broker_at.clone(), at(&storage_listener), at(&bigquery_listener)].map(front);
        runtime.spawn(storage_api::serve(Arc::clone(&storage), storage_listener));
        runtime.spawn(bigquery_api::serve(Arc::clone(&bigquery), bigquery_listener));
        let [pubsub_front, storage_front, bigquery_front] = fronts;
        let cascade = Cascade::of(&NBA).expect("a cascade");
        let world = Self {
            http: reqwest::Client::new(),
            broker,
            broker_at,
            storage,
            bigquery,
            pubsub_front,
            storage_front,
            rights,
            postgres: postgres(),
            database: format!("doctor_{}", std::process::id()),
            directory,
            topology: Topology::of(&cascade).with_sink(&cascade),
            runtime,
        };
        world.sql("postgres", &format!("CREATE DATABASE {}", world.database));
        world.write_settings(&bigquery_front.address);
        let league = League { seed: 1, seasons: vec![2023], teams: 4, games_per_team: 12 };
        let league = SimulatedLeague::new(league).expect("a league");
        league.write_landing_zone(&world.landing()).expect("a landing zone");
        world.complete_a_unit_of_each(&cascade);
        world.make_what_is_missing();
        world.grant_everything();
        world
    }

    fn landing(&self) -> PathBuf {
        self.directory.path().join("landing")
    }

    fn postgres_config(&self) -> PostgresConfig {
        let tokio_postgres::config::Host::Tcp(host) = &self.postgres.get_hosts()[0] else {
            panic!("TIDEGATE_POSTGRES must name a host");
        };
        PostgresConfig {
            host: host.clone(),
            port: self.postgres.get_ports()[0],
            database: self.database.clone(),
            user: self.postgres.get_user().expect("a user").to_owned(),
            password: None,
            connections_max: 4,
            tls: Tls::Disable,
        }
    }

    fn write_settings(&self, bigquery: &str) {
        let home = self.directory.path().join("home");
        fs::create_dir_all(&home).expect("a directory");
        let PostgresConfig { host, port, database, user, .. } = self.postgres_config();
        let (pubsub, storage, landing) =
            (&self.pubsub_front.address, &self.storage_front.address, self.landing());
        let text = format!(
            "pipeline = 'nba'\n[pubsub]\nproject = '{PROJECT}'\nendpoint = '{pubsub}'\n\
             [ledger]\nhost = '{host}'\nport = {port}\nuser = '{user}'\ndatabase = '{database}'\ntls = 'disable'\n\
             [lake]\nbucket = 'acme-lake'\nendpoint = '{storage}'\n\
             [published]\nbucket = 'acme-site'\nendpoint = '{storage}'\n\
             [landing]\ndirectory = '{}'\n[bigquery]\nproject = '{PROJECT}'\nendpoint = '{bigquery}'\n",
            landing.display()
        );
        fs::write(home.join("tidegate.toml"), text).expect("the settings");
    }

    /// A unit without rows of every dataset that has a table, by the ledger's own steps.
    fn complete_a_unit_of_each(&self, cascade: &Cascade) {
        let config = GcsConfig {
            bucket: "acme-lake".to_owned(),
            prefix: Some("lake".to_owned()),
            endpoint: Some(self.storage_front.address.clone()),
        };
        let lake = GcsLake::open(config).expect("a lake");
        let datasets: Vec<DatasetName> = cascade.datasets().collect();
        self.runtime.block_on(async {
            let ledger = PostgresLedger::connect(self.postgres_config(), &datasets).await.expect("a ledger");
            for processor in cascade.processors().iter().filter(|processor| processor.table().is_some()) {
                complete(&ledger, &lake, processor).await;
            }
        });
    }

    /// The real sink makes the topics and subscriptions that are missing, and the tables, and loads what lags.
    pub(crate) fn make_what_is_missing(&self) {
        let mut command = self.command(&["sink", "--once"], &[]);
        command.env("TIDEGATE__PUBSUB__ENDPOINT", &self.broker_at);
        command.env("TIDEGATE__BIGQUERY__BACKFILL_LINGER_SECONDS", "0");
        command.env("TIDEGATE__TELEMETRY__LISTEN", "127.0.0.1:0");
        let output = command.output().expect("the program starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn grant_everything(&self) {
        let member = format!("serviceAccount:service-{NUMBER}@gcp-sa-pubsub.iam.gserviceaccount.com");
        let mut rights = held(&self.rights);
        rights.number = NUMBER.to_owned();
        rights.served = true;
        for need in agent_needs(&self.topology) {
            let role =
                if need.on.kind() == "topics" { "roles/pubsub.publisher" } else { "roles/pubsub.subscriber" };
            rights.policies.insert(need.on.name().to_owned(), vec![(role.to_owned(), vec![member.clone()])]);
        }
    }

    /// Changes who may do what.
    pub(crate) fn rights(&self, change: impl FnOnce(&mut Rights)) {
        change(&mut held(&self.rights));
    }

    /// A request to the Pub/Sub server itself: `subscriptions/nba.x`.
    pub(crate) fn bus(&self, method: reqwest::Method, what: &str, body: Value) {
        let url = format!("{}/v1/projects/{PROJECT}/{what}", self.broker_at);
        let request = self.http.request(method, url).header("content-type", "application/json");
        self.runtime.block_on(async {
            let answer = request.body(body.to_string()).send().await.expect("an answer");
            let (status, text) = (answer.status(), answer.text().await.expect("its text"));
            assert!(status.is_success(), "{what}: {status} {text}");
        });
    }

    /// SQL in the ledger's database.
    pub(crate) fn ledger_sql(&self, sql: &str) {
        self.sql(&self.database, sql);
    }

    fn sql(&self, database: &str, sql: &str) {
        self.runtime.block_on(rows(&self.postgres, database, sql));
    }

    fn command(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
        command.args(arguments).arg("--home").arg(self.directory.path().join("home"));
        for variable in ["TIDEGATE_HOME", "TIDEGATE_LOG", "TIDEGATE_LOG_FORMAT", "PUBSUB_EMULATOR_HOST"] {
            command.env_remove(variable);
        }
        command.envs(environment.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Asks the doctor, with these variables and options.
    pub(crate) fn doctor(&self, environment: &[(&str, &str)], options: &[&str]) -> Said {
        let arguments: Vec<&str> = ["doctor", "--json"].iter().chain(options).copied().collect();
        let output = self.command(&arguments, environment).output().expect("the program starts");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        let json = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}{complaint}"));
        Said { code: output.status.code(), text: format!("{text}{complaint}"), json }
    }

    /// What the doctor says for people.
    pub(crate) fn doctor_text(&self, environment: &[(&str, &str)]) -> String {
        let output = self.command(&["doctor"], environment).output().expect("the program starts");
        String::from_utf8(output.stdout).expect("UTF-8")
    }
}

impl Said {
    /// The findings of these verdicts: check, subject, mend.
    pub(crate) fn findings(&self, verdicts: &[&str]) -> Vec<[String; 4]> {
        let of = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
        let findings = self.json["findings"].as_array().expect("findings").iter();
        let wanted = findings.filter(|finding| verdicts.contains(&of(finding, "verdict").as_str()));
        wanted.map(|finding| ["check", "subject", "found", "mend"].map(|key| of(finding, key))).collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // What has ended already is not there to be killed.
        let _ = self.broker.kill();
        let _ = self.broker.wait();
    }
}

/// Our own Pub/Sub server, as a process of its own, and where it listens.
fn broker(directory: &std::path::Path) -> (Child, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
    command.args(["broker", "--listen", "127.0.0.1:0", "--dir"]).arg(directory);
    let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let mut lines = BufReader::new(child.stderr.take().expect("its standard error")).lines();
    let line = lines.next().expect("a line").expect("UTF-8");
    let (_, rest) = line.split_once(" on ").expect("its address");
    let address = rest.split(',').next().unwrap_or_default().to_owned();
    // Whatever else it says is read, or it would wait for a reader.
    std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| println!("broker: {line}")));
    (child, format!("http://{address}"))
}

async fn complete(ledger: &PostgresLedger, lake: &GcsLake, processor: &Processor) {
    let (dataset, schema) = processor.table().expect("a table");
    let date = Date::parse(DATE).expect("a date");
    let unit = Unit { dataset, date };
    let now = SystemClock.now();
    let run = NewRun {
        pipeline: "nba".to_owned(),
        name: "test".to_owned(),
        kind: "backfill".to_owned(),
        lane: Lane::Daily,
        dates: date..=date,
        tasks: vec![(unit, TaskState::Ready)],
        replays: Vec::new(),
        forget: Vec::new(),
        submitted_at: now,
    };
    let run = ledger.submit(run).await.expect("a run");
    let order = WorkOrder { run, lane: Lane::Daily, unit };
    let Claim::Granted { fence, .. } = ledger.claim(order, now, now + 60_000).await.expect("a claim") else {
        panic!("{unit} is not to be had");
    };
    let fingerprint = Fingerprint::of_parts([unit.to_string().as_bytes()]);
    let columns = schema.fields.iter().map(|field| Column::with_capacity(field.column_type, 0)).collect();
    let frame = Frame::of(schema, columns).expect("a frame without rows");
    let provenance = Provenance { unit, fingerprint, code: processor.code, run: "test".to_owned() };
    let stored = lake.replace(&provenance, &frame).await.expect("a file");
    let record = UnitRecord {
        unit,
        outcome: Outcome::Done,
        fingerprint,
        stored: Some(stored),
        rows_expected: 0,
        rows_written: 0,
        code: processor.code,
        run,
        attempt: 1,
        duration_ms: 1_500,
        finished_at: now,
    };
    let commit = Commit { run, fence, outcome: Outcome::Done, record, at: now, trace: None };
    let committed = ledger.commit(commit).await.expect("a commit");
    assert!(matches!(committed, Committed::Yes { .. }), "{committed:?}");
}

/// The name of the file of a dataset's unit in the lake's bucket.
pub(crate) fn file_of(table: &str) -> String {
    format!("lake/nba/{table}/date={DATE}/{table}.parquet")
}

/// Findings by check, for whoever counts.
pub(crate) fn by_check(findings: &[[String; 4]]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for [check, ..] in findings {
        *counts.entry(check.as_str()).or_default() += 1;
    }
    counts
}
