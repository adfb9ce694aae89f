//! The server under test: a fresh database for each test, ledgers on it, and a hand that does it harm.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use tidegate::adapters::ledger::{PostgresConfig, PostgresLedger, Tls};
use tidegate::fleet::LedgerError;
use tidegate::flow::DatasetName;
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use tokio_postgres::config::Host;
use tokio_postgres::{Client, Config, NoTls};

use crate::suite::DATASETS;

/// Connections of a ledger: as of a process.
const CONNECTIONS: usize = 4;

/// Whoever restarts the server has it alone.
static SERVER: LazyLock<RwLock<()>> = LazyLock::new(RwLock::default);

static NUMBER: AtomicU32 = AtomicU32::new(0);

fn variable(name: &str) -> String {
    let value = std::env::var_os(name).unwrap_or_else(|| {
        panic!("{name} is not set: run it as `tests/postgres.sh cargo test --test postgres_ledger`")
    });
    value.into_string().expect("text")
}

fn server() -> Config {
    variable("TIDEGATE_POSTGRES").parse().expect("TIDEGATE_POSTGRES=host=... port=... user=... dbname=...")
}

enum Hold {
    Shared(#[expect(dead_code, reason = "held, not read")] RwLockReadGuard<'static, ()>),
    Alone(#[expect(dead_code, reason = "held, not read")] RwLockWriteGuard<'static, ()>),
}

/// A database of a test's own.
pub(crate) struct Database {
    pub(crate) config: PostgresConfig,
    _hold: Hold,
}

impl Database {
    /// An empty one.
    pub(crate) async fn new() -> Self {
        Self::made(Hold::Shared(SERVER.read().await)).await
    }

    /// An empty one, while no other test uses the server.
    pub(crate) async fn alone() -> Self {
        Self::made(Hold::Alone(SERVER.write().await)).await
    }

    async fn made(hold: Hold) -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let database = format!("ledger_{}_{number}", std::process::id());
        let server = server();
        session(&server).await.batch_execute(&format!("CREATE DATABASE {database}")).await.unwrap();
        let host = match server.get_hosts().first() {
            Some(Host::Tcp(host)) => host.clone(),
            Some(Host::Unix(folder)) => folder.display().to_string(),
            None => panic!("TIDEGATE_POSTGRES names no host"),
        };
        let config = PostgresConfig {
            host,
            port: server.get_ports().first().copied().unwrap_or(5432),
            database,
            user: server.get_user().expect("a user").to_owned(),
            password: server.get_password().map(|password| String::from_utf8_lossy(password).into_owned()),
            connections_max: CONNECTIONS,
            tls: Tls::Disable,
        };
        Self { config, _hold: hold }
    }

    /// The ledger in it, with connections of its own.
    pub(crate) async fn ledger(&self) -> PostgresLedger {
        self.connect(&DATASETS).await.expect("a ledger")
    }

    /// The same, as a program opens it that declares these datasets.
    pub(crate) async fn connect(&self, datasets: &[DatasetName]) -> Result<PostgresLedger, LedgerError> {
        PostgresLedger::connect(self.config.clone(), datasets).await
    }

    /// A bare connection to it.
    pub(crate) async fn session(&self) -> Client {
        session(server().dbname(&self.config.database)).await
    }

    /// Cuts every other connection to it.
    pub(crate) async fn cut_connections(&self) -> u64 {
        let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = $1 AND application_name = 'tidegate'";
        session(&server()).await.execute(cut, &[&self.config.database]).await.unwrap()
    }

    /// Restarts the server: `fast` or `immediate`, which is a crash.
    pub(crate) async fn restart_server(&self, mode: &'static str) {
        assert!(matches!(self._hold, Hold::Alone(_)), "other tests use the server");
        let program = variable("TIDEGATE_POSTGRES_RESTART");
        let restart = move || std::process::Command::new(program).arg(mode).status();
        let status = tokio::task::spawn_blocking(restart).await.unwrap().expect("the restart");
        assert!(status.success(), "the restart: {status}");
    }
}

#[expect(clippy::disallowed_methods, reason = "a connection's task ends with its client")]
async fn session(config: &Config) -> Client {
    let (client, connection) = config.connect(NoTls).await.expect("the server is there");
    tokio::spawn(connection);
    client
}
