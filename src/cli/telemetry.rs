//! What a role tells of itself over HTTP: whether it lives, has started and is ready, and its figures for Prometheus.
//! Counts what this process does as it is told by the engine; looks the fleet's backlog up in the ledger when it is
//! asked, at most once in two seconds. Decides nothing.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use anyhow::Context;
use async_trait::async_trait;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use metrics::{Label, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::fleet_figures::Figures;
use crate::fleet::sink::SinkLag;
use crate::fleet::{AttemptEnd, Bus, Clock, Engine, Ledger, Millis, SystemClock, Traced};
use crate::flow::{Completion, DeadLetterNotice, Failure, WorkOrder};

/// The bounds of a task's duration, in seconds: from a small unit on a warm cache to a month's training.
const DURATION_SECONDS: [f64; 12] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 300.0, 1_800.0];

/// How far a role is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Phase {
    /// It connects and opens its subscriptions.
    Starting,
    /// It works.
    Running,
    /// It takes nothing new.
    Stopping,
}

/// The telemetry of this process.
pub(super) struct Telemetry {
    shared: Arc<Shared>,
    address: SocketAddr,
    _listener: JoinSet<()>,
}

struct Shared {
    role: &'static str,
    phase: Mutex<Phase>,
    prometheus: PrometheusHandle,
    /// There once the ledger is.
    watched: Mutex<Option<Watched>>,
}

/// What is looked at when somebody asks.
#[derive(Clone)]
enum Watched {
    Engine(WatchedEngine),
    /// A sink: what it reads, and what lags.
    Sink(Arc<dyn Ledger>, watch::Receiver<SinkLag>),
}

#[derive(Clone)]
struct WatchedEngine {
    engine: Arc<Engine>,
    /// Told by gates and schedulers alone: the figures are the whole fleet's, and one who tells is enough.
    figures: Option<Arc<Figures>>,
    leases_told: Arc<AtomicU64>,
}

impl Watched {
    fn ledger(&self) -> &dyn Ledger {
        match self {
            Self::Engine(watched) => &*watched.engine.ports().ledger,
            Self::Sink(ledger, _) => &**ledger,
        }
    }
}

impl Telemetry {
    /// Begins to listen.
    pub(super) async fn start(role: &'static str, listen: SocketAddr) -> anyhow::Result<Self> {
        let prometheus = PrometheusBuilder::new()
            .set_buckets_for_metric(
                Matcher::Full("tidegate_task_duration_seconds".to_owned()),
                &DURATION_SECONDS,
            )
            .context("the buckets of a histogram")?
            .install_recorder()
            .context("the recorder of metrics")?;
        describe();
        let listener = TcpListener::bind(listen).await.with_context(|| {
            format!("cannot listen on {listen} (telemetry.listen) for health and metrics")
        })?;
        let address = listener.local_addr().context("the address of health and metrics")?;
        let shared = Arc::new(Shared {
            role,
            phase: Mutex::new(Phase::Starting),
            prometheus,
            watched: Mutex::default(),
        });
        let router = router(Arc::clone(&shared));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "health and metrics are no longer told");
            }
        });
        Ok(Self { shared, address, _listener: tasks })
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Says how far the role is.
    pub(super) fn phase(&self, phase: Phase) {
        *lock(&self.shared.phase) = phase;
    }

    /// Counts what this engine does; where `figures` are given, they are told when somebody asks.
    pub(super) fn watch(&self, engine: &Arc<Engine>, figures: Option<Figures>) {
        engine.progress().listen(count);
        let figures = figures.map(Arc::new);
        let watched = WatchedEngine { engine: Arc::clone(engine), figures, leases_told: Arc::default() };
        *lock(&self.shared.watched) = Some(Watched::Engine(watched));
    }

    /// Tells what lags in the warehouse of a sink.
    pub(super) fn watch_sink(&self, ledger: Arc<dyn Ledger>, lag: watch::Receiver<SinkLag>) {
        *lock(&self.shared.watched) = Some(Watched::Sink(ledger, lag));
    }
}

fn describe() {
    describe_counter!("tidegate_tasks_total", "Attempts at tasks that have ended, by outcome");
    describe_histogram!(
        "tidegate_task_duration_seconds",
        "From the claim of a task to the end of the attempt"
    );
    describe_counter!(
        "tidegate_lease_extensions_total",
        "Leases of long attempts that were renewed in the ledger"
    );
    describe_counter!(
        "tidegate_publish_errors_total",
        "Publications that failed, after the client's own tries"
    );
    describe_counter!(
        "tidegate_ack_errors_total",
        "Answers to deliveries that did not reach the server: the message came again, or the process ended first"
    );
    describe_gauge!(
        "tidegate_runnable_units",
        "Units that are ready or under work: what workers can be busy with"
    );
    describe_gauge!(
        "tidegate_oldest_runnable_age_seconds",
        "How long the oldest ready unit has waited for a worker"
    );
    describe_gauge!("tidegate_held_units", "Units that a dead letter holds");
    describe_gauge!(
        "tidegate_dead_letters_open",
        "Dead letters that nobody has replayed or accepted, by cause"
    );
    describe_gauge!(
        "tidegate_dataset_freshness_days",
        "Days from the latest complete date of a dataset to the latest date of the calendar before today"
    );
    describe_gauge!(
        "tidegate_sink_lag_units",
        "Units whose partition in BigQuery is not what the ledger says"
    );
    describe_gauge!(
        "tidegate_sink_oldest_lag_seconds",
        "How long ago the oldest unit was committed that BigQuery lacks"
    );
    counter!("tidegate_lease_extensions_total").absolute(0);
    counter!("tidegate_publish_errors_total").absolute(0);
    counter!("tidegate_ack_errors_total").absolute(0);
}

/// Counts the end of an attempt.
fn count(end: &AttemptEnd) {
    let labels = [
        ("pipeline", end.dataset.pipeline()),
        ("processor", end.dataset.table()),
        ("lane", end.lane.as_str()),
    ];
    let [pipeline, processor, lane] = labels;
    counter!("tidegate_tasks_total", &[pipeline, processor, lane, ("outcome", end.how.as_str())])
        .increment(1);
    histogram!("tidegate_task_duration_seconds", &labels).record(end.duration_ms as f64 / 1_000.0);
}

/// Answers that did not reach the server in time.
pub(super) fn count_lost_answers(number: usize) {
    counter!("tidegate_ack_errors_total").increment(number as u64);
}

fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/live", get(|State(shared): State<Arc<Shared>>| async move { shared.say(Ok(())) }))
        .route("/started", get(started))
        .route("/ready", get(ready))
        .route("/metrics", get(figures))
        .with_state(shared)
}

async fn started(State(shared): State<Arc<Shared>>) -> Response {
    let phase = lock(&shared.phase).clone();
    shared.say(match phase {
        Phase::Starting => Err("it is still starting: it connects and opens its subscriptions".to_owned()),
        Phase::Running | Phase::Stopping => Ok(()),
    })
}

async fn ready(State(shared): State<Arc<Shared>>) -> Response {
    let phase = lock(&shared.phase).clone();
    let answer = match phase {
        Phase::Starting => Err("it is still starting".to_owned()),
        Phase::Stopping => Err("it is stopping".to_owned()),
        Phase::Running => match shared.watched() {
            None => Err("it is still starting".to_owned()),
            Some(watched) => reached(watched.ledger()).await,
        },
    };
    shared.say(answer)
}

/// Whether the ledger answers.
async fn reached(ledger: &dyn Ledger) -> Result<(), String> {
    ledger.runs(true).await.map(drop).map_err(|error| error.to_string())
}

async fn figures(State(shared): State<Arc<Shared>>) -> Response {
    match shared.watched() {
        None => {}
        Some(Watched::Sink(_, lag)) => tell_lag(&lag.borrow(), SystemClock.now()),
        Some(Watched::Engine(watched)) => {
            let renewed = watched.engine.progress().leases_renewed();
            let before = watched.leases_told.swap(renewed, Ordering::Relaxed);
            counter!("tidegate_lease_extensions_total").increment(renewed.saturating_sub(before));
            if let Some(figures) = &watched.figures
                && let Err(error) = figures.refresh(&watched.engine).await
            {
                // Old figures would be taken for new ones.
                tracing::warn!(%error, "the fleet's figures cannot be read");
                return (StatusCode::SERVICE_UNAVAILABLE, format!("# {error}\n")).into_response();
            }
        }
    }
    let text = shared.prometheus.render();
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}

/// What lags in the warehouse, and how long the oldest of it has.
fn tell_lag(lag: &SinkLag, now: Millis) {
    let mut oldest: BTreeMap<&str, Option<Millis>> = BTreeMap::new();
    for (dataset, table) in &lag.tables {
        let labels = [("pipeline", dataset.pipeline()), ("dataset", dataset.table())];
        set("tidegate_sink_lag_units", &labels, table.units as f64);
        let since = oldest.entry(dataset.pipeline()).or_default();
        *since = since.iter().copied().chain(table.oldest_since).min();
    }
    for (pipeline, since) in oldest {
        let age = since.map_or(0, |since| (now - since).max(0));
        set("tidegate_sink_oldest_lag_seconds", &[("pipeline", pipeline)], age as f64 / 1_000.0);
    }
}

impl Shared {
    fn watched(&self) -> Option<Watched> {
        lock(&self.watched).clone()
    }

    fn say(&self, answer: Result<(), String>) -> Response {
        let (status, reason) = match answer {
            Ok(()) => (StatusCode::OK, None),
            Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, Some(reason)),
        };
        let body = json!({"role": self.role, "ok": reason.is_none(), "reason": reason});
        (status, axum::Json(body)).into_response()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("nobody panics while holding telemetry")
}

/// Sets a gauge of the fleet.
pub(super) fn set(name: &'static str, labels: &[(&'static str, &str)], value: f64) {
    let labels: Vec<Label> =
        labels.iter().map(|(key, value)| Label::new(*key, (*value).to_owned())).collect();
    gauge!(name, labels).set(value);
}

/// A bus whose failures are counted.
pub(super) struct CountedBus(pub(super) Arc<dyn Bus>);

fn counted(outcome: Result<(), Failure>) -> Result<(), Failure> {
    if outcome.is_err() {
        counter!("tidegate_publish_errors_total").increment(1);
    }
    outcome
}

#[async_trait]
impl Bus for CountedBus {
    async fn publish_completions(&self, completions: &[Traced<Completion>]) -> Result<(), Failure> {
        counted(self.0.publish_completions(completions).await)
    }

    async fn publish_work_orders(&self, orders: &[Traced<WorkOrder>]) -> Result<(), Failure> {
        counted(self.0.publish_work_orders(orders).await)
    }

    async fn publish_dead_letter(&self, notice: &Traced<DeadLetterNotice>) -> Result<(), Failure> {
        counted(self.0.publish_dead_letter(notice).await)
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;
    use crate::fleet::How;
    use crate::flow::{DatasetName, Lane, Transient};

    /// A bus whose server is away.
    struct Away;

    fn away() -> Result<(), Failure> {
        Err(Transient { code: "away", message: "the server is away".to_owned() }.into())
    }

    #[async_trait]
    impl Bus for Away {
        async fn publish_completions(&self, _completions: &[Traced<Completion>]) -> Result<(), Failure> {
            away()
        }

        async fn publish_work_orders(&self, _orders: &[Traced<WorkOrder>]) -> Result<(), Failure> {
            away()
        }

        async fn publish_dead_letter(&self, _notice: &Traced<DeadLetterNotice>) -> Result<(), Failure> {
            away()
        }
    }

    #[test]
    fn what_goes_wrong_and_what_ends_is_counted() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let told = recorder.handle();
        metrics::with_local_recorder(&recorder, || {
            describe();
            let bus = CountedBus(Arc::new(Away));
            block_on(bus.publish_completions(&[])).expect_err("it is away");
            block_on(bus.publish_work_orders(&[])).expect_err("it is away");
            count_lost_answers(3);
            let dataset = DatasetName::of("nba.points");
            count(&AttemptEnd { dataset, lane: Lane::Daily, how: How::Retried, duration_ms: 1_500 });
        });
        let text = told.render();
        for line in [
            "tidegate_publish_errors_total 2",
            "tidegate_ack_errors_total 3",
            "tidegate_lease_extensions_total 0",
            "tidegate_tasks_total{pipeline=\"nba\",processor=\"points\",lane=\"daily\",outcome=\"retried\"} 1",
            "tidegate_task_duration_seconds_sum{pipeline=\"nba\",processor=\"points\",lane=\"daily\"} 1.5",
        ] {
            assert!(text.lines().any(|told| told == line), "`{line}` is not in\n{text}");
        }
    }
}
