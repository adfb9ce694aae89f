//! A cloud home on servers of its own, and processes of the real program on it. Waits for lines that they write and for
//! their ends; never just lets time pass.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use tokio::net::TcpListener;

use crate::collector::{Collector, Told};
use crate::faults::Faults;
use crate::postgres_rows::rows;
use crate::storage::Storage;

/// How long a process may take until it says that it works.
const START_MAX: Duration = Duration::from_secs(60);

/// The database of the ledger.
const DATABASE: &str = "telemetry";

/// A cloud home.
pub(crate) struct Home {
    runtime: tokio::runtime::Runtime,
    directory: tempfile::TempDir,
    collector: Collector,
    postgres: tokio_postgres::Config,
    _broker: Process,
}

/// A process of the program, which is killed in the end if it still runs.
pub(crate) struct Process {
    child: Child,
    lines: Receiver<String>,
    first: Vec<String>,
    /// Where it listens.
    address: String,
}

#[expect(clippy::disallowed_methods, reason = "the server is named by the environment")]
fn postgres() -> tokio_postgres::Config {
    let told = std::env::var("TIDEGATE_POSTGRES");
    told.expect("TIDEGATE_POSTGRES is not set: tests/postgres.sh cargo test --test telemetry")
        .parse()
        .expect("where Postgres is")
}

impl Home {
    pub(crate) fn new(landing: &Path) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let storage = format!("http://{}", listener.local_addr().expect("an address"));
        runtime
            .handle()
            .spawn(crate::storage_api::serve(Arc::new(Storage::in_memory(Faults::none())), listener));
        let collector = runtime.block_on(Collector::start());

        let directory = tempfile::tempdir().expect("a directory");
        let mut broker = Command::new(env!("CARGO_BIN_EXE_tidegate"));
        broker.args(["broker", "--listen", "127.0.0.1:0", "--dir"]).arg(directory.path().join("broker"));
        let broker = Process::start(broker, " on ", ',');

        let postgres = postgres();
        let tokio_postgres::config::Host::Tcp(host) = &postgres.get_hosts()[0] else {
            panic!("TIDEGATE_POSTGRES must name a host");
        };
        let settings = format!(
            "pipeline = 'nba'\n[pubsub]\nproject = 'fleet'\nendpoint = 'http://{}'\n\
             [ledger]\nhost = '{host}'\nport = {}\nuser = '{}'\ndatabase = '{DATABASE}'\ntls = 'disable'\n\
             [lake]\nbucket = 'lake'\nendpoint = '{storage}'\n[published]\nbucket = 'site'\nendpoint = '{storage}'\n\
             [landing]\ndirectory = '{}'\n\
             [telemetry]\nlisten = '127.0.0.1:0'\ntraces = '{}'\ntraces_backfill_percent = 100\n",
            broker.address,
            postgres.get_ports()[0],
            postgres.get_user().expect("a user"),
            crate::shown(landing),
            collector.endpoint,
        );
        fs::write(directory.path().join("tidegate.toml"), settings).expect("the settings are written");
        let home = Self { runtime, directory, collector, postgres, _broker: broker };
        home.ask("postgres", &format!("CREATE DATABASE {DATABASE}"));
        home
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
        command.args(arguments).arg("--home").arg(self.directory.path());
        command.args(["--log", "info", "--log-format", "json"]);
        command.env_remove("OTEL_EXPORTER_OTLP_ENDPOINT").stdin(Stdio::null());
        command
    }

    /// Starts a role, and comes back when it works.
    pub(crate) fn start(&self, arguments: &[&str]) -> Process {
        Process::start(self.command(arguments), "health and metrics at http://", ';')
    }

    /// Runs a client to its end; answers with its exit code and answer.
    pub(crate) fn client(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.command(arguments).output().expect("the program starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout) + &text(&output.stderr))
    }

    /// What the collector was told.
    pub(crate) fn told(&self) -> Vec<Told> {
        self.collector.told()
    }

    /// The one number that the ledger answers with.
    pub(crate) fn count(&self, sql: &str) -> i64 {
        self.ask(DATABASE, sql)[0][0].as_deref().unwrap_or("0").parse().expect("a number")
    }

    /// The dates of a run, as days.
    pub(crate) fn dates(&self, run: i64) -> Vec<i32> {
        let sql = format!("SELECT DISTINCT date FROM tasks WHERE run = {run} AND attempts > 0 ORDER BY date");
        let rows = self.ask(DATABASE, &sql);
        rows.iter().filter_map(|row| row[0].as_deref()?.parse().ok()).collect()
    }

    /// The processors that made an attempt at a run's date.
    pub(crate) fn attempted(&self, run: i64, days: i32) -> BTreeSet<String> {
        let sql = format!("SELECT dataset FROM tasks WHERE run = {run} AND date = {days} AND attempts > 0");
        let rows = self.ask(DATABASE, &sql);
        rows.iter().filter_map(|row| Some(row[0].as_deref()?.trim_start_matches("nba.").to_owned())).collect()
    }

    fn ask(&self, database: &str, sql: &str) -> Vec<Vec<Option<String>>> {
        self.runtime.block_on(rows(&self.postgres, database, sql))
    }
}

impl Process {
    /// Comes back when it has written a line that has its address between `before` and `after`.
    fn start(mut command: Command, before: &str, after: char) -> Self {
        let mut child =
            command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the program starts");
        let lines = BufReader::new(child.stderr.take().expect("its standard error")).lines();
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| tell.send(line)));
        let mut process = Self { child, lines: told, first: Vec::new(), address: String::new() };
        while process.address.is_empty() {
            let told = process.lines.recv_timeout(START_MAX);
            let line = told.unwrap_or_else(|_| panic!("it does not work: {:?}", process.first));
            let address = line
                .split_once(before)
                .map(|(_, rest)| rest.split(after).next().unwrap_or_default().to_owned());
            process.first.push(line);
            process.address = address.unwrap_or_default();
        }
        process
    }

    /// The body of an HTTP answer.
    pub(crate) fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("telemetry listens");
        let host = &self.address;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
            .expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        assert!(head.starts_with("HTTP/1.1 200"), "{path}: {answer}");
        body.to_owned()
    }

    /// Asks it to stop; answers with its log when it has, and it must have done so well.
    pub(crate) fn stop(mut self) -> String {
        let id = self.child.id().to_string();
        let told = Command::new("kill").args(["-TERM", &id]).status().expect("kill");
        assert!(told.success());
        let status = self.child.wait().expect("its end");
        let lines: Vec<String> =
            std::mem::take(&mut self.first).into_iter().chain(self.lines.iter()).collect();
        assert!(status.success(), "it stopped with {status}: {lines:#?}");
        lines.join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // What has ended already is not there to be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
