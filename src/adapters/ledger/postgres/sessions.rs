//! Connections to Postgres, and operations on them: one operation has a connection at a time, and an answer
//! within a limit. A connection goes back to the pool only from an operation that ended well; after anything
//! else (an error, silence, a caller who has gone) it is closed, and what was not committed is undone.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use tokio_postgres::config::{SslMode, TargetSessionAttrs};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Config, NoTls, Row};

use super::config::{PostgresConfig, Tls};
use super::fault::Fault;
use super::tls::Verified;
use crate::fleet::LedgerError;

/// How long the making of a connection may take: a name look-up, a handshake, a password.
const CONNECT_MAX: Duration = Duration::from_secs(10);

/// How long an operation may take, waiting for a connection included. The largest (submitting a run of some
/// hundred thousand tasks) takes seconds; a server that is silent for so long is as good as gone.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// How long the kernel tries to have sent bytes acknowledged: a host that vanished is noticed after that.
const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(20);

/// How long a connection may be silent before it is looked after.
const SILENT_MAX: Duration = Duration::from_secs(30);

/// How often a transaction is run that collides with others. Each collision lets another one through.
const TRIES_MAX: u32 = 6;

/// For the server: no transaction of a process that has stopped in its midst may hold its locks for long.
/// No sequential scans: tables are small, fresh and without statistics when their statements are planned.
const SERVER_OPTIONS: &str = "-c idle_in_transaction_session_timeout=30000 -c statement_timeout=60000 \
     -c enable_seqscan=off -c default_transaction_isolation=read\\ committed -c synchronous_commit=on";

/// A statement's arguments.
pub(super) type Arguments<'a> = &'a [&'a (dyn ToSql + Sync)];

/// The pool of connections.
#[derive(Debug)]
pub(super) struct Sessions {
    pool: Pool,
}

impl Sessions {
    /// Connects to nothing yet.
    pub(super) fn new(config: &PostgresConfig) -> Result<Self, Fault> {
        if config.connections_max == 0 {
            return Err(Fault::Content(
                "connections_max is 0; a ledger needs at least one connection".into(),
            ));
        }
        let mut postgres = Config::new();
        postgres
            .host(&config.host)
            .port(config.port)
            .dbname(&config.database)
            .user(&config.user)
            .application_name("tidegate")
            .options(SERVER_OPTIONS)
            .connect_timeout(CONNECT_MAX)
            .tcp_user_timeout(UNACKNOWLEDGED_MAX)
            .keepalives_idle(SILENT_MAX)
            .target_session_attrs(TargetSessionAttrs::ReadWrite);
        if let Some(password) = &config.password {
            postgres.password(password);
        }
        // A connection's own task notices when it closes; anything more would be a round trip each time.
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = match config.tls {
            Tls::Disable => {
                Manager::from_config(postgres.ssl_mode(SslMode::Disable).clone(), NoTls, recycling)
            }
            Tls::Require => {
                let tls = Verified::against_system_roots()?;
                Manager::from_config(postgres.ssl_mode(SslMode::Require).clone(), tls, recycling)
            }
        };
        let pool = Pool::builder(manager)
            .max_size(config.connections_max)
            .runtime(Runtime::Tokio1)
            .create_timeout(Some(CONNECT_MAX))
            .build()
            .map_err(|error| Fault::Content(error.to_string()))?;
        Ok(Self { pool })
    }

    /// Runs an operation to its end: again where it collided with another one, and not after anything else.
    pub(super) async fn run<T, F>(
        &self,
        operation: &'static str,
        work: impl Fn(Arc<Session>) -> F,
    ) -> Result<T, LedgerError>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        let mut tries = 1;
        loop {
            let answer = tokio::time::timeout(ANSWER_MAX, self.once(&work)).await;
            match answer.unwrap_or(Err(Fault::NoAnswer(ANSWER_MAX))) {
                Ok(answer) => return Ok(answer),
                Err(fault) if tries < TRIES_MAX && fault.is_collision() => {
                    tracing::debug!(operation, tries, %fault, "two transactions collided; this one is run again");
                    tries += 1;
                }
                Err(fault) => return Err(fault.during(operation)),
            }
        }
    }

    /// Runs an operation that changes nothing, once; the fault is told as it is.
    pub(super) async fn look<T, F>(&self, work: impl Fn(Arc<Session>) -> F) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        let answer = tokio::time::timeout(CONNECT_MAX, self.once(&work)).await;
        answer.unwrap_or(Err(Fault::NoAnswer(CONNECT_MAX)))
    }

    async fn once<T, F>(&self, work: &impl Fn(Arc<Session>) -> F) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        let session = Arc::new(Session { client: Some(self.pool.get().await?) });
        let answer = work(Arc::clone(&session)).await?;
        if let Some(session) = Arc::into_inner(session) {
            session.end_well();
        }
        Ok(answer)
    }
}

/// A connection in the hands of one operation.
pub(super) struct Session {
    client: Option<Object>,
}

impl Session {
    fn client(&self) -> &Object {
        self.client.as_ref().expect("a session has its connection until it ends")
    }

    /// The rows that a statement answers. Prepared once a connection.
    pub(super) async fn query(&self, sql: &str, arguments: Arguments<'_>) -> Result<Vec<Row>, Fault> {
        let statement = self.client().prepare_cached(sql).await?;
        Ok(self.client().query(&statement, arguments).await?)
    }

    /// The only row that a statement answers, if it does.
    pub(super) async fn find(&self, sql: &str, arguments: Arguments<'_>) -> Result<Option<Row>, Fault> {
        let statement = self.client().prepare_cached(sql).await?;
        Ok(self.client().query_opt(&statement, arguments).await?)
    }

    /// How many rows a statement changed.
    pub(super) async fn execute(&self, sql: &str, arguments: Arguments<'_>) -> Result<u64, Fault> {
        let statement = self.client().prepare_cached(sql).await?;
        Ok(self.client().execute(&statement, arguments).await?)
    }

    /// Statements without arguments.
    pub(super) async fn batch(&self, sql: &str) -> Result<(), Fault> {
        Ok(self.client().batch_execute(sql).await?)
    }

    /// Runs what is within it as one transaction. An error leaves it open: the connection is closed then.
    pub(super) async fn transaction<T>(
        &self,
        work: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, Fault> {
        self.batch("BEGIN").await?;
        let answer = work.await?;
        self.batch("COMMIT").await?;
        Ok(answer)
    }

    fn end_well(mut self) {
        drop(self.client.take());
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            // Out of the pool; dropping it closes the connection.
            drop(Object::take(client));
        }
    }
}
