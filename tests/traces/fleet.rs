//! A fleet for traces: gates and workers with an engine each, on one ledger, one lake and our own server, as several
//! processes have them.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tidegate::adapters::lake::MemoryLake;
use tidegate::adapters::ledger::SqliteLedger;
use tidegate::adapters::objects::MemoryStore;
use tidegate::adapters::pubsub::{Codec, PubsubBus, PubsubConfig, PubsubSubscriber, ensure_topology};
use tidegate::broker::{BrokerConfig, Running, Server};
use tidegate::fleet::{
    Engine, Ledger, Limits, Part, Ports, RunTitle, Sampling, Service, Source, SystemClock, Threads,
    make_plan, submit,
};
use tidegate::flow::{Calendar, Cascade, DatasetName, Lane, Pipeline, PlanRequest, RunId, Topology};

const CACHE_BYTES_MAX: usize = 64 << 20;

const LIMITS: Limits =
    Limits { attempts_max: 16, orders_max: 64, patience: Duration::ZERO, grace: Duration::from_secs(10) };

/// What gates and workers tell.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Telling {
    pub(crate) gates: Option<Sampling>,
    pub(crate) workers: Option<Sampling>,
}

/// A running fleet.
pub(crate) struct Fleet {
    pub(crate) gates: Arc<Engine>,
    pub(crate) workers: Arc<Engine>,
    pub(crate) ledger: Arc<dyn Ledger>,
    services: Vec<Service>,
    subscriber: Arc<PubsubSubscriber>,
    server: Running,
    _directory: tempfile::TempDir,
}

impl Fleet {
    pub(crate) async fn start(pipeline: &Pipeline, source: Arc<dyn Source>, telling: Telling) -> Self {
        let payloads = source.calendar(pipeline.calendar_source).await.expect("which dates there are");
        let calendar: Arc<Calendar> = Arc::new((pipeline.calendar)(&payloads).expect("a calendar"));
        let cascade = || Cascade::of(pipeline).expect("a cascade");
        let datasets: Vec<DatasetName> = cascade().datasets().collect();
        let directory = tempfile::tempdir().expect("a directory");
        let ledger: Arc<dyn Ledger> =
            Arc::new(SqliteLedger::open(&directory.path().join("ledger"), &datasets).expect("a ledger"));
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = Server::start(BrokerConfig::in_memory(listen)).await.expect("the server");
        let pubsub = PubsubConfig::local(server.endpoint(), "tidegate");
        ensure_topology(&pubsub, &Topology::of(&cascade())).await.expect("the topology");
        let ports = Ports {
            ledger: Arc::clone(&ledger),
            lake: Arc::new(MemoryLake::new()),
            source,
            objects: Arc::new(MemoryStore::default()),
            bus: Arc::new(PubsubBus::connect(pubsub.clone()).await.expect("a bus")),
            clock: Arc::new(SystemClock),
            cpu: Arc::new(Threads::new(2).expect("threads")),
        };
        let engine = |sampling| {
            let engine = Engine::new(cascade(), Arc::clone(&calendar), ports.clone(), CACHE_BYTES_MAX);
            Arc::new(engine.sharing().traced(sampling))
        };
        let (gates, workers) = (engine(telling.gates), engine(telling.workers));
        let codec = Codec::of(datasets.iter().copied());
        let subscriber = Arc::new(PubsubSubscriber::among_others(pubsub, codec).await.expect("a subscriber"));
        let parts = [
            (&gates, Part::gates(datasets.clone())),
            (&workers, Part::workers(datasets, Lane::ALL.to_vec())),
        ];
        let mut services = Vec::new();
        for (engine, part) in parts {
            let service = Service::start(Arc::clone(engine), subscriber.clone(), part, LIMITS).await;
            services.push(service.expect("its loops"));
        }
        Self { gates, workers, ledger, services, subscriber, server, _directory: directory }
    }

    /// Brings everything up to date on a lane, and comes back when that is done.
    pub(crate) async fn run(&self, name: &str, lane: Lane) -> RunId {
        let dates = 0..self.gates.calendar().len();
        let request = PlanRequest { dates, datasets: Vec::new(), force: false, on_demand: false };
        let plan = make_plan(&self.gates, &request).await.expect("a plan");
        let title = RunTitle { name: name.to_owned(), kind: "backfill".to_owned(), lane };
        let run = submit(&self.gates, &plan, title).await.expect("submitted").expect("something to do");
        self.workers.progress().wait_finished(run).await;
        run
    }

    pub(crate) async fn stop(self) {
        for engine in [&self.gates, &self.workers] {
            engine.stop();
        }
        for service in self.services {
            service.stop().await;
        }
        self.subscriber.settle(Duration::from_secs(10)).await;
        drop((self.gates, self.workers, self.subscriber));
        self.server.shutdown().await.expect("an end");
    }
}
