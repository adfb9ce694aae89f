//! Starting and stopping: recovers the log, starts its writer, listens, serves gRPC and REST on one port, and ends
//! all of it in order. The one place of the server that starts tasks and threads.

use super::api::publisher_server::PublisherServer;
use super::api::subscriber_server::SubscriberServer;
use super::clock::{Clock, WallClock};
use super::core::Core;
use super::limits;
use super::recovery::{self, RecoveryError, RecoveryReport};
use super::refusal::Refusal;
use super::rest;
use super::service::Rpc;
use super::storage::{Directory, MemoryDisk, Storage};
use super::writer::{Shared, Writer};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tonic::service::Routes;
use tonic::transport::server::TcpIncoming;

/// How a server is started.
pub struct BrokerConfig {
    /// Where its log lies.
    pub storage: Arc<dyn Storage>,
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Unacknowledged payload bytes beyond which a publish answers RESOURCE_EXHAUSTED.
    pub backlog_bytes_max: u64,
    /// Bytes of dead log beyond twice the backlog that are tolerated before the log is rewritten.
    pub log_dead_bytes_min: u64,
    /// Where publish times come from.
    pub clock: WallClock,
}

impl BrokerConfig {
    /// Durable in `dir`, which is made if needed and locked against a second server.
    pub fn durable(dir: &Path, listen: SocketAddr) -> Result<BrokerConfig, StartError> {
        let directory = Directory::open(dir).map_err(|cause| match cause.kind() {
            io::ErrorKind::WouldBlock => StartError::InUse { dir: dir.to_owned() },
            _ => StartError::Directory { dir: dir.to_owned(), cause },
        })?;
        Ok(BrokerConfig::on(Arc::new(directory), listen))
    }

    /// On a disk in memory: the same server, forgotten when it ends.
    pub fn in_memory(listen: SocketAddr) -> BrokerConfig {
        BrokerConfig::on(Arc::new(MemoryDisk::new()), listen)
    }

    /// On any storage, with the default limits and the machine's clock.
    pub fn on(storage: Arc<dyn Storage>, listen: SocketAddr) -> BrokerConfig {
        let backlog_bytes_max = limits::BACKLOG_BYTES_MAX_DEFAULT;
        BrokerConfig {
            storage,
            listen,
            backlog_bytes_max,
            log_dead_bytes_min: limits::LOG_DEAD_BYTES_MIN,
            clock: WallClock::machine(),
        }
    }
}

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another process serves from this directory.
    #[error("{} is in use by another process", dir.display())]
    InUse {
        /// The directory.
        dir: PathBuf,
    },
    /// The directory cannot be made or opened.
    #[error("the directory {} cannot be used: {cause}", dir.display())]
    Directory {
        /// The directory.
        dir: PathBuf,
        /// The error of the file system.
        #[source]
        cause: io::Error,
    },
    /// The log cannot be read or begun.
    #[error(transparent)]
    Recovery(#[from] RecoveryError),
    /// The address cannot be listened on.
    #[error("cannot listen on {listen}: {cause}")]
    Listen {
        /// The address.
        listen: SocketAddr,
        /// The error of the network.
        #[source]
        cause: io::Error,
    },
    /// The log's thread could not be started.
    #[error("cannot start the log's thread: {0}")]
    Thread(#[source] io::Error),
}

/// The embedded Pub/Sub server.
#[derive(Debug)]
pub struct Server;

/// A server that is running. Dropped without [`Running::shutdown`] it ends at once, like a crash that loses nothing
/// acknowledged.
#[derive(Debug)]
pub struct Running {
    core: Arc<Core>,
    local_addr: SocketAddr,
    recovery: RecoveryReport,
    tasks: JoinSet<()>,
    writer: JoinHandle<()>,
}

impl Server {
    /// Recovers what `config.storage` holds and serves it.
    pub async fn start(config: BrokerConfig) -> Result<Running, StartError> {
        let recovered = recovery::recover(&*config.storage)?;
        let report = recovered.report.clone();
        if report.dropped_bytes > 0 {
            tracing::warn!(segment = ?report.segment, bytes = report.dropped_bytes, "dropped a torn tail of the broker's log");
        }
        let listener = TcpListener::bind(config.listen).await;
        let bound = listener.and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (local_addr, listener) =
            bound.map_err(|cause| StartError::Listen { listen: config.listen, cause })?;
        let (operations, waiting) = mpsc::channel(limits::OPERATIONS_QUEUED_MAX);
        let shared =
            Arc::new(Shared::new(recovered.state, Clock::start(config.clock), config.backlog_bytes_max));
        let core = Arc::new(Core::new(shared.clone(), operations));
        let writer = Writer {
            storage: config.storage,
            segment: recovered.segment,
            number: recovered.number,
            length: recovered.length,
            synced: recovered.length,
            rewrite_at: config.log_dead_bytes_min,
            dead_bytes_min: config.log_dead_bytes_min,
            shared,
            operations: waiting,
        };
        let thread = std::thread::Builder::new().name("broker-log".to_owned());
        let writer = thread.spawn(move || writer.run()).map_err(StartError::Thread)?;
        let mut tasks = JoinSet::new();
        let timekeeper = core.clone();
        tasks.spawn(async move { timekeeper.keep_time().await });
        let serving = serve(core.clone(), listener);
        tasks.spawn(async move {
            if let Err(error) = serving.await {
                tracing::error!(%error, "the broker has stopped serving");
            }
        });
        Ok(Running { core, local_addr, recovery: report, tasks, writer })
    }
}

async fn serve(core: Arc<Core>, listener: TcpListener) -> Result<(), tonic::transport::Error> {
    let rpc = Rpc::new(core.clone());
    let publisher = PublisherServer::new(rpc.clone()).max_decoding_message_size(limits::REQUEST_BYTES_MAX);
    let subscriber = SubscriberServer::new(rpc).max_decoding_message_size(limits::REQUEST_BYTES_MAX);
    let grpc = Routes::new(publisher).add_service(subscriber).into_axum_router();
    let stopping = core.stopping.clone();
    tonic::transport::Server::builder()
        // REST clients may speak HTTP/1.1.
        .accept_http1(true)
        .max_concurrent_streams(limits::STREAMS_PER_CONNECTION_MAX)
        // A client that vanished without a word must not hold its stream forever.
        .http2_keepalive_interval(Some(Duration::from_secs(30)))
        .initial_stream_window_size(4 * 1024 * 1024)
        .initial_connection_window_size(16 * 1024 * 1024)
        .add_routes(Routes::from(rest::beside(grpc)))
        .serve_with_incoming_shutdown(
            TcpIncoming::from(listener).with_nodelay(Some(true)),
            stopping.cancelled_owned(),
        )
        .await
}

impl Running {
    /// The address that it listens on.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// The same as `http://address`, as the clients' builders take it.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.local_addr)
    }

    /// What recovery found at the start.
    pub fn recovery(&self) -> &RecoveryReport {
        &self.recovery
    }

    /// Whether the log still takes writes; a server whose disk failed refuses everything until it is restarted.
    pub fn trusted(&self) -> Result<(), Refusal> {
        self.core.trusted()
    }

    /// Ends the streams, lets calls that are under way finish, writes and syncs the log.
    pub async fn shutdown(mut self) -> Result<(), Refusal> {
        self.core.stopping.cancel();
        let drained = tokio::time::timeout(limits::SHUTDOWN_WAIT, async {
            while self.tasks.join_next().await.is_some() {}
        });
        if drained.await.is_err() {
            tracing::warn!(
                seconds = limits::SHUTDOWN_WAIT.as_secs(),
                "clients kept calls open; the broker ends without them"
            );
        }
        self.tasks.shutdown().await;
        self.core.stop_writing().await?;
        let writer = self.writer;
        let joined = tokio::task::spawn_blocking(move || writer.join()).await;
        assert!(matches!(joined, Ok(Ok(()))), "the log's thread panicked");
        self.core.trusted()
    }
}
