//! The servers of a cloud home: the emulator and the Postgres that the environment names, Cloud Storage and BigQuery in
//! this process, and homes on them that have nothing in common.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tidegate::adapters::gcs::GcsConfig;
use tidegate::adapters::lake::GcsLake;
use tidegate::adapters::ledger::{PostgresConfig, PostgresLedger, Tls};
use tidegate::fleet::sink::table_specs;
use tidegate::fleet::{Clock as _, Lake as _, Ledger as _, SystemClock};
use tidegate::flow::{Cascade, DatasetName};
use tidegate::pipelines::nba::NBA;
use tokio::net::TcpListener;

use crate::bigquery::{BigQuery, Limits};
use crate::bigquery_load::Row;
use crate::cells::cells;
use crate::faults::Faults;
use crate::postgres_rows::rows;
use crate::storage::Storage;
use crate::supervisor::signal;

/// How long a job of BigQuery takes here, in milliseconds.
const JOB_MS: i64 = 200;

/// The servers.
pub(crate) struct Servers {
    runtime: tokio::runtime::Runtime,
    storage: Arc<Storage>,
    storage_at: String,
    bigquery: Arc<BigQuery>,
    bigquery_at: String,
    emulator: String,
    front_at: String,
    postgres: tokio_postgres::Config,
}

/// The rows of a table, by date.
type Table = BTreeMap<String, Vec<Row>>;

/// A cloud home in a directory.
pub(crate) struct CloudHome<'a> {
    servers: &'a Servers,
    directory: tempfile::TempDir,
    name: &'static str,
}

/// What the ledger says of a home.
#[derive(Debug)]
pub(crate) struct Standing {
    /// Tasks of any run that have not come to an end.
    pub(crate) open: u64,
    /// Completions that wait to be published.
    pub(crate) outbox: u64,
    /// Dead letters.
    pub(crate) dead: u64,
    /// Units that are complete.
    pub(crate) units: u64,
    /// Claims of all tasks.
    pub(crate) attempts: u64,
}

#[expect(clippy::disallowed_methods, reason = "the servers are named by the environment")]
fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: tests/postgres.sh tests/pubsub_emulator.sh cargo test --test fleet_of_processes")
    })
}

impl Servers {
    pub(crate) fn of_environment() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
        let listen = || {
            let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
            let address = listener.local_addr().expect("an address").to_string();
            (listener, address)
        };
        let storage = Arc::new(Storage::in_memory(Faults::none()));
        let (listener, storage_at) = listen();
        runtime.handle().spawn(crate::storage_api::serve(Arc::clone(&storage), listener));
        let beside = Arc::clone(&storage);
        let read = move |bucket: &str, name: &str| beside.get(bucket, name).map(|(content, _)| content);
        let now = || SystemClock.now();
        let bigquery = Arc::new(BigQuery::new(Limits::default(), JOB_MS, Faults::none(), now, read));
        let (listener, bigquery_at) = listen();
        runtime.handle().spawn(crate::bigquery_api::serve(Arc::clone(&bigquery), listener));
        let emulator = variable("TIDEGATE_PUBSUB_EMULATOR");
        let (listener, front_at) = listen();
        runtime.handle().spawn(crate::front::serve(listener, emulator.clone()));
        let postgres = variable("TIDEGATE_POSTGRES").parse().expect("where Postgres is");
        Self { runtime, storage, storage_at, bigquery, bigquery_at, emulator, front_at, postgres }
    }

    /// A new home of this name: its own project, database and buckets.
    pub(crate) fn new_home(&self, name: &'static str, landing: &Path, pubsub: &str) -> CloudHome<'_> {
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        let directory = tempfile::tempdir().expect("a directory");
        let (host, port, user) = self.postgres_at();
        let (storage, bigquery, landing) = (&self.storage_at, &self.bigquery_at, landing.display());
        let settings = format!(
            "pipeline = 'nba'\n[pubsub]\nproject = 'fleet-{name}'\nendpoint = 'http://{pubsub}'\n\
             [ledger]\nhost = '{host}'\nport = {port}\nuser = '{user}'\ndatabase = '{name}'\ntls = 'disable'\n\
             [lake]\nbucket = '{name}-lake'\nendpoint = 'http://{storage}'\n\
             [published]\nbucket = '{name}-site'\nendpoint = 'http://{storage}'\n\
             [bigquery]\nproject = 'fleet-{name}'\ndataset = '{name}'\nendpoint = 'http://{bigquery}'\n\
             backfill_linger_seconds = 2\n\
             [landing]\ndirectory = '{landing}'\n"
        );
        fs::write(directory.path().join("tidegate.toml"), settings).expect("the settings are written");
        CloudHome { servers: self, directory, name }
    }

    fn postgres_at(&self) -> (&str, u16, &str) {
        let tokio_postgres::config::Host::Tcp(host) = &self.postgres.get_hosts()[0] else {
            panic!("TIDEGATE_POSTGRES must name a host");
        };
        (host, self.postgres.get_ports()[0], self.postgres.get_user().expect("a user"))
    }

    pub(crate) fn restart_postgres(&self, how: &str) {
        let status =
            Command::new(variable("TIDEGATE_POSTGRES_RESTART")).arg(how).status().expect("the restart");
        assert!(status.success(), "Postgres was not restarted: {status}");
    }

    /// Where Google's emulator listens.
    pub(crate) fn emulator(&self) -> &str {
        &self.emulator
    }

    /// Where its front listens, through which it notices that a process is gone.
    pub(crate) fn front(&self) -> &str {
        &self.front_at
    }

    /// Lets the emulator stand still for a while; comes back at once.
    pub(crate) fn pause_emulator(&self, pause: Duration) {
        let process: u32 = variable("TIDEGATE_PUBSUB_EMULATOR_PROCESS").parse().expect("its process");
        signal("-STOP", process);
        self.runtime.handle().spawn(async move {
            tokio::time::sleep(pause).await;
            signal("-CONT", process);
        });
    }

    fn sql(&self, database: &str, sql: &str) -> Vec<Vec<Option<String>>> {
        self.runtime.block_on(rows(&self.postgres, database, sql))
    }
}

impl CloudHome<'_> {
    /// The program with these arguments, in this home.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
        command.args(arguments).arg("--home").arg(self.directory.path());
        for variable in ["TIDEGATE_HOME", "TIDEGATE_LOG", "TIDEGATE_LOG_FORMAT", "PUBSUB_EMULATOR_HOST"] {
            command.env_remove(variable);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Where the log of a process goes on.
    pub(crate) fn log(&self, name: &str) -> File {
        let path = self.directory.path().join(format!("{name}.log"));
        File::options().create(true).append(true).open(path).expect("a log")
    }

    /// The ends of all logs.
    pub(crate) fn complaints(&self) -> String {
        let mut text = String::new();
        for entry in fs::read_dir(self.directory.path()).expect("the home") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|extension| extension == "log") {
                let log = fs::read_to_string(&path).expect("a log");
                let lines: Vec<&str> = log.lines().collect();
                let last = &lines[lines.len().saturating_sub(12)..];
                text.push_str(&format!("\n== {}\n{}\n", path.display(), last.join("\n")));
            }
        }
        text
    }

    /// Every object of the lake by its path in it.
    pub(crate) fn lake(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        self.objects("lake", "lake/")
    }

    /// Every published document by its path.
    pub(crate) fn published(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        self.objects("site", "")
    }

    fn objects(&self, bucket: &str, prefix: &str) -> BTreeMap<PathBuf, Vec<u8>> {
        let bucket = format!("{}-{bucket}", self.name);
        let names = self.servers.storage.list(&bucket, prefix).into_iter().map(|(name, _)| name);
        names
            .map(|name| {
                let (content, _) =
                    self.servers.storage.get(&bucket, &name).expect("an object that is listed");
                (PathBuf::from(name.strip_prefix(prefix).expect("the prefix")), content.to_vec())
            })
            .collect()
    }

    /// Counts from now on how often a unit is committed.
    pub(crate) fn count_commits(&self) {
        self.servers.sql(
            self.name,
            "CREATE TABLE commits_counted (dataset text, date integer);
             CREATE FUNCTION count_commit() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN INSERT INTO commits_counted VALUES (NEW.dataset, NEW.date); RETURN NEW; END $$;
             CREATE TRIGGER count_commits AFTER INSERT OR UPDATE ON units FOR EACH ROW
                WHEN (NEW.outcome IS NOT NULL) EXECUTE FUNCTION count_commit()",
        );
    }

    /// The units that were committed more than once.
    pub(crate) fn committed_again(&self) -> Vec<Vec<Option<String>>> {
        let sql = "SELECT dataset, date, count(*) FROM commits_counted GROUP BY 1, 2 HAVING count(*) > 1";
        self.servers.sql(self.name, sql)
    }

    /// The rows of every table in BigQuery, and those that the files of the lake have by the ledger's record.
    pub(crate) fn tables(&self) -> BTreeMap<DatasetName, (Table, Table)> {
        let cascade = Cascade::of(&NBA).expect("a cascade");
        let (host, port, user) = self.servers.postgres_at();
        let config = PostgresConfig {
            host: host.to_owned(),
            port,
            database: self.name.to_owned(),
            user: user.to_owned(),
            password: None,
            connections_max: 1,
            tls: Tls::Disable,
        };
        let endpoint = Some(format!("http://{}", self.servers.storage_at));
        let config_of_lake =
            GcsConfig { bucket: format!("{}-lake", self.name), prefix: Some("lake".to_owned()), endpoint };
        let datasets: Vec<DatasetName> = cascade.datasets().collect();
        self.servers.runtime.block_on(async {
            let ledger = PostgresLedger::connect(config, &datasets).await.expect("the ledger");
            let (_, records) = ledger.changes_since(0).await.expect("the records");
            let lake = GcsLake::open(config_of_lake).expect("the lake");
            let mut tables = BTreeMap::new();
            for spec in table_specs(&cascade) {
                let mut expected = Table::new();
                let of_table = records.iter().filter(|(unit, _)| unit.dataset == spec.dataset);
                for (unit, record) in of_table {
                    let stored = record.as_ref().and_then(|record| record.stored.as_ref());
                    let Some(stored) = stored else { continue };
                    let frame = lake.read(*unit, spec.schema, stored).await.expect("a unit");
                    expected.insert(unit.date.to_string().replace('-', ""), cells(unit.date, &frame));
                }
                expected.retain(|_, rows| !rows.is_empty());
                let found = self.servers.bigquery.rows(self.name, spec.dataset.table());
                tables.insert(spec.dataset, (found, expected));
            }
            tables
        })
    }

    /// What was asked of BigQuery beyond a limit of it.
    pub(crate) fn over_limit(&self) -> Vec<String> {
        self.servers.bigquery.over_limit()
    }

    /// What the ledger says.
    pub(crate) fn standing(&self) -> Standing {
        let rows = self.servers.sql(
            self.name,
            "SELECT (SELECT count(*) FROM tasks WHERE state NOT IN ('finished', 'superseded')),
                (SELECT count(*) FROM outbox), (SELECT count(*) FROM dead_letters),
                (SELECT count(*) FROM units WHERE outcome IS NOT NULL), (SELECT coalesce(sum(claims), 0) FROM tasks)",
        );
        let number = |at: usize| {
            let text = rows[0][at].as_deref().expect("a number");
            text.parse().expect("a number")
        };
        Standing {
            open: number(0),
            outbox: number(1),
            dead: number(2),
            units: number(3),
            attempts: number(4),
        }
    }
}
