//! The servers of a cloud home: the emulator and the Postgres that the environment names, our own Pub/Sub server, a Cloud
//! Storage in this process, and homes on them that have nothing in common.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_postgres::NoTls;

use crate::faults::Faults;
use crate::storage::Storage;
use crate::supervisor::signal;

/// The servers.
pub(crate) struct Servers {
    runtime: tokio::runtime::Runtime,
    storage: Arc<Storage>,
    storage_at: String,
    emulator: String,
    postgres: tokio_postgres::Config,
}

/// Our own Pub/Sub server, as a process of its own. Where processes are killed it stands in for Google's emulator, which
/// goes on delivering to their streams: with each of them, a part of all messages is lost until its deadline.
pub(crate) struct Broker {
    child: Child,
    /// Where it listens.
    pub(crate) address: String,
    _directory: tempfile::TempDir,
}

impl Broker {
    pub(crate) fn start() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
        command.args(["broker", "--listen", "127.0.0.1:0", "--dir"]).arg(directory.path());
        let mut child =
            command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the program starts");
        let mut lines = BufReader::new(child.stderr.take().expect("its standard error")).lines();
        let line = lines.next().expect("a line").expect("UTF-8");
        let (_, rest) = line.split_once(" on ").expect("its address");
        let address = rest.split(',').next().unwrap_or_default().to_owned();
        // Whatever else it says is read, or it would wait for a reader.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| println!("broker: {line}")));
        Self { child, address, _directory: directory }
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        // What has ended already is not there to be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

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
        let storage = Arc::new(Storage::in_memory(Faults::none()));
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let storage_at = format!("http://{}", listener.local_addr().expect("an address"));
        runtime.handle().spawn(crate::storage_api::serve(Arc::clone(&storage), listener));
        let postgres = variable("TIDEGATE_POSTGRES").parse().expect("where Postgres is");
        Self { runtime, storage, storage_at, emulator: variable("TIDEGATE_PUBSUB_EMULATOR"), postgres }
    }

    /// A new home of this name: its own project, database and buckets.
    pub(crate) fn new_home(&self, name: &'static str, landing: &Path, pubsub: &str) -> CloudHome<'_> {
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        let directory = tempfile::tempdir().expect("a directory");
        let tokio_postgres::config::Host::Tcp(host) = &self.postgres.get_hosts()[0] else {
            panic!("TIDEGATE_POSTGRES must name a host");
        };
        let (port, user) = (self.postgres.get_ports()[0], self.postgres.get_user().expect("a user"));
        let (storage, landing) = (&self.storage_at, landing.display());
        let settings = format!(
            "pipeline = 'nba'\n[pubsub]\nproject = 'fleet-{name}'\nendpoint = 'http://{pubsub}'\n\
             [ledger]\nhost = '{host}'\nport = {port}\nuser = '{user}'\ndatabase = '{name}'\ntls = 'disable'\n\
             [lake]\nbucket = '{name}-lake'\nendpoint = '{storage}'\n\
             [published]\nbucket = '{name}-site'\nendpoint = '{storage}'\n\
             [landing]\ndirectory = '{landing}'\n"
        );
        fs::write(directory.path().join("tidegate.toml"), settings).expect("the settings are written");
        CloudHome { servers: self, directory, name }
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

    /// Lets a process stand still for a while; comes back at once.
    pub(crate) fn pause(&self, process: u32, pause: Duration) {
        signal("-STOP", process);
        self.runtime.spawn(async move {
            tokio::time::sleep(pause).await;
            signal("-CONT", process);
        });
    }

    fn sql(&self, database: &str, sql: &str) -> Vec<Vec<Option<String>>> {
        self.runtime.block_on(async {
            let mut config = self.postgres.clone();
            let (client, connection) = config.dbname(database).connect(NoTls).await.expect("a connection");
            // The connection ends with its client.
            let asked = async move { client.simple_query(sql).await.expect("an answer") };
            let (ended, messages) = futures::future::join(connection, asked).await;
            ended.expect("its end");
            let mut rows = Vec::new();
            for message in messages {
                if let tokio_postgres::SimpleQueryMessage::Row(row) = message {
                    rows.push((0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect());
                }
            }
            rows
        })
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

    /// What the ledger says.
    pub(crate) fn standing(&self) -> Standing {
        let rows = self.servers.sql(
            self.name,
            "SELECT (SELECT count(*) FROM tasks WHERE state NOT IN ('finished', 'superseded')),
                (SELECT count(*) FROM outbox), (SELECT count(*) FROM dead_letters),
                (SELECT count(*) FROM units WHERE outcome IS NOT NULL), (SELECT sum(claims) FROM tasks)",
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
