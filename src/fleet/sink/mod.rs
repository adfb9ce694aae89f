//! The sink at work: keeps a warehouse's tables equal to the lake. It subscribes to the completion topics, but a
//! message is only a hint: what is wanted is asked of the ledger and what is there of the warehouse, so a message
//! that is lost or comes twice changes nothing, and a process that was killed has forgotten nothing. All decisions
//! are in `loading.rs`; this file only carries them out. Names no vendor.

mod job;
mod lag;
mod loading;
mod pace;
mod table;
#[cfg(test)]
mod tests;
mod warehouse;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::future::join_all;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

pub use job::{Begun, Content, Job, JobId, JobState, Work};
pub use lag::{Held, Lag, Wanted, lag};
pub use loading::{SinkLag, TableLag};
pub use pace::SinkLimits;
pub use warehouse::{Contents, Note, Partition, Remedy, Shape, TableSpec, Warehouse, WarehouseError};

use super::loops::Loops;
use super::ports::{Clock, Deliveries, Ledger, Subscriber};
use crate::flow::{Cascade, Failure, Lane, Millis, Processor, RunId, Unit, UnitRecord, sink_subscription};
use loading::Loading;

/// Unanswered completions that the sink holds of each dataset. They are answered at once.
const COMPLETIONS_OUTSTANDING_MAX: usize = 1_000;

/// Two turns are at least so far apart, in milliseconds: completions of a backfill come by the hundred.
const TURN_GAP_MS: Millis = 100;

/// Failures of the ledger in a row after which the sink gives up.
const FAILURES_MAX: u32 = 8;

/// How long to wait after the first of them, in milliseconds; twice as long after each further one.
const FAILURE_WAIT_MS: Millis = 250;

/// The outside world of a sink.
#[derive(Clone)]
pub struct SinkPorts {
    /// What is wanted.
    pub ledger: Arc<dyn Ledger>,
    /// What is there.
    pub warehouse: Arc<dyn Warehouse>,
    /// When to look.
    pub subscriber: Arc<dyn Subscriber>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// A running sink.
pub struct Sink {
    loops: Loops,
    lag: watch::Receiver<SinkLag>,
    level: watch::Receiver<bool>,
}

/// The tables of a cascade: one for each dataset that has rows.
#[must_use]
pub fn table_specs(cascade: &Cascade) -> Vec<TableSpec> {
    let spec = |processor: &Processor| {
        let (dataset, schema) = processor.table()?;
        Some(TableSpec { dataset, schema, summary: processor.summary })
    };
    cascade.processors().iter().filter_map(spec).collect()
}

/// Why each unit lags that does: of these tables, what the ledger says beside what the warehouse has.
#[must_use]
pub fn lagging(
    tables: &[TableSpec],
    records: &BTreeMap<Unit, UnitRecord>,
    contents: &Contents,
) -> BTreeMap<Unit, Lag> {
    let mut lags = BTreeMap::new();
    for table in tables {
        let recorded = records.keys().filter(|unit| unit.dataset == table.dataset).map(|unit| unit.date);
        let dates: BTreeSet<_> = recorded.chain(contents.dates(table.dataset)).collect();
        for date in dates {
            let unit = Unit { dataset: table.dataset, date };
            let held = Held {
                partition: contents.partitions.get(&unit).copied(),
                note: contents.notes.get(&unit).cloned(),
            };
            if let Some(found) = lag(Wanted::of(records.get(&unit)), &held) {
                lags.insert(unit, found);
            }
        }
    }
    lags
}

impl Sink {
    /// Opens the subscriptions and begins.
    pub async fn start(ports: SinkPorts, cascade: &Cascade, limits: SinkLimits) -> Result<Self, Failure> {
        let stop = CancellationToken::new();
        let hint = Arc::new(Notify::new());
        let tables = table_specs(cascade);
        let mut loops = Loops::until(stop.clone());
        for table in &tables {
            let name = sink_subscription(table.dataset);
            let deliveries = ports.subscriber.subscribe(&name, COMPLETIONS_OUTSTANDING_MAX).await?;
            loops.spawn(take_hints(deliveries, Arc::clone(&hint), stop.clone()));
        }
        let (tell_lag, lag) = watch::channel(SinkLag::default());
        let (tell_level, level) = watch::channel(false);
        let worker = SinkWorker {
            ports,
            loading: Loading::new(&tables, limits),
            position: 0,
            lanes: BTreeMap::new(),
            opened: false,
            tell_lag,
            tell_level,
        };
        loops.spawn(worker.run(hint, stop.clone()));
        Ok(Self { loops, lag, level })
    }

    /// What lags, as it is after each turn: for the metrics.
    #[must_use]
    pub fn lag(&self) -> watch::Receiver<SinkLag> {
        self.lag.clone()
    }

    /// Comes back when the warehouse has all that the ledger says, and has written down that it has; never, where
    /// the sink fails before.
    pub fn level(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut level = self.level.clone();
        async move {
            if level.wait_for(|level| *level).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Comes back when a loop has ended although nobody asked it to: with its failure.
    pub async fn failed(&mut self) -> Failure {
        self.loops.failed().await
    }

    /// Begins nothing new. Jobs that are under way go on in the warehouse; the next process finds them there.
    pub async fn stop(self) {
        self.loops.stop("sink").await;
    }
}

/// Answers every message at once: it only says that it is time to look.
async fn take_hints(
    mut deliveries: Box<dyn Deliveries>,
    hint: Arc<Notify>,
    stop: CancellationToken,
) -> Result<(), Failure> {
    loop {
        let delivery = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            delivery = deliveries.next() => delivery?,
        };
        let Some(delivery) = delivery else {
            break;
        };
        delivery.ack();
        hint.notify_one();
    }
    deliveries.close().await;
    Ok(())
}

struct SinkWorker {
    ports: SinkPorts,
    loading: Loading,
    /// What of the ledger's changes has been taken over.
    position: i64,
    lanes: BTreeMap<RunId, Lane>,
    opened: bool,
    tell_lag: watch::Sender<SinkLag>,
    tell_level: watch::Sender<bool>,
}

impl SinkWorker {
    async fn run(mut self, hint: Arc<Notify>, stop: CancellationToken) -> Result<(), Failure> {
        let mut failures = 0;
        loop {
            let clock = Arc::clone(&self.ports.clock);
            let wake = match self.turn().await {
                Ok(wake) => {
                    failures = 0;
                    wake
                }
                Err(failure) => {
                    failures += 1;
                    tracing::warn!(%failure, in_a_row = failures, "the ledger failed; it is asked again");
                    if failures >= FAILURES_MAX {
                        return Err(failure);
                    }
                    Some(clock.now() + (FAILURE_WAIT_MS << failures))
                }
            };
            self.tell();
            let gap = clock.now() + TURN_GAP_MS;
            let until = async {
                match wake {
                    Some(wake) => clock.sleep_until(wake.max(gap)).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                () = hint.notified() => {}
                () = until => continue,
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                () = clock.sleep_until(gap) => {}
            }
        }
    }

    /// One look at everything, and all that follows from it now. Answers with when to come again.
    async fn turn(&mut self) -> Result<Option<Millis>, Failure> {
        self.take_over_changes().await?;
        self.look().await;
        self.prepare().await;
        let now = self.ports.clock.now();
        let jobs = self.loading.next(now);
        let warehouse = &self.ports.warehouse;
        let begun = join_all(jobs.iter().map(|job| warehouse.begin(job))).await;
        let now = self.ports.clock.now();
        for (job, outcome) in jobs.iter().zip(begun) {
            match &outcome {
                Ok(Begun::Now) => tracing::debug!(job = %job.id, "begun"),
                Ok(Begun::Before) => tracing::info!(job = %job.id, "the job was there already"),
                Err(error) => tracing::warn!(job = %job.id, %error, "the job was not begun"),
            }
            self.loading.begun(job, outcome, now);
        }
        let jobs = self.loading.to_look_at(now);
        let looked = join_all(jobs.iter().map(|job| warehouse.look(job))).await;
        let now = self.ports.clock.now();
        for (job, outcome) in jobs.iter().zip(looked) {
            match &outcome {
                Ok(JobState::UnderWay) => {}
                Ok(JobState::Done { rows, .. }) => tracing::info!(job = %job.id, ?rows, "done"),
                Ok(JobState::Failed { error, .. }) => tracing::warn!(job = %job.id, %error, "failed"),
                Err(error) => tracing::warn!(job = %job.id, %error, "no word of the job"),
            }
            self.loading.looked(job, outcome, now);
        }
        Ok(self.loading.wake())
    }

    async fn take_over_changes(&mut self) -> Result<(), Failure> {
        let (position, changes) = self.ports.ledger.changes_since(self.position).await?;
        let now = self.ports.clock.now();
        for (unit, record) in changes {
            let (lane, since) = match &record {
                Some(record) => (self.lane(record.run).await?, record.finished_at),
                None => (Lane::Daily, now),
            };
            self.loading.want(unit, Wanted::of(record.as_ref()), lane, since);
        }
        self.position = position;
        Ok(())
    }

    /// The lane of a run, as the ledger says: also of runs whose messages are long gone.
    async fn lane(&mut self, run: RunId) -> Result<Lane, Failure> {
        if let Some(lane) = self.lanes.get(&run) {
            return Ok(*lane);
        }
        let lane = self.ports.ledger.run(run).await?.map_or(Lane::Backfill, |run| run.lane);
        self.lanes.insert(run, lane);
        Ok(lane)
    }

    async fn look(&mut self) {
        if !self.loading.must_look(self.ports.clock.now()) {
            return;
        }
        let warehouse = &self.ports.warehouse;
        let opened = if self.opened { Ok(()) } else { warehouse.open().await };
        let seen = match opened {
            Ok(()) => {
                self.opened = true;
                warehouse.contents().await
            }
            Err(error) => Err(error),
        };
        let now = self.ports.clock.now();
        match seen {
            Ok(contents) => self.loading.see(&contents, now),
            Err(error) => {
                tracing::warn!(%error, "the warehouse does not say what it has");
                // Whatever was taken away has to be made anew.
                self.opened = false;
                self.loading.cannot_look(&error, now);
            }
        }
    }

    async fn prepare(&mut self) {
        if !self.opened {
            return;
        }
        let tables = self.loading.unprepared(self.ports.clock.now());
        let warehouse = &self.ports.warehouse;
        let outcomes = join_all(tables.iter().map(|table| warehouse.prepare(*table))).await;
        let now = self.ports.clock.now();
        for (table, outcome) in tables.iter().zip(outcomes) {
            match &outcome {
                Ok(Shape::AsDeclared) => {}
                Ok(Shape::Missing) => tracing::info!(table = %table.dataset, "made"),
                Ok(Shape::Behind(what)) => {
                    tracing::info!(table = %table.dataset, ?what, "brought up to date")
                }
                Err(error) => tracing::warn!(table = %table.dataset, %error, "not prepared"),
            }
            self.loading.prepared(table.dataset, &outcome, now);
        }
    }

    fn tell(&self) {
        let lag = self.loading.lag();
        self.tell_lag.send_if_modified(|told| {
            let changed = *told != lag;
            *told = lag;
            changed
        });
        let level = self.loading.is_level();
        self.tell_level.send_if_modified(|told| std::mem::replace(told, level) != level);
    }
}
