//! A day beside a backfill: how long a processor of a day's cascade takes to start after the completion that it
//! waited for was published, in an idle fleet and during a full backfill; and what is left of the backfill
//! while days never end. Everything is durable but the lake; a computation takes two milliseconds.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use serde::Serialize;
use tokio::time::Instant;

use super::cascade::Nothing;
use crate::adapters::lake::MemoryLake;
use crate::cli::embedded::{Embedded, cores};
use crate::cli::home::Home;
use crate::fleet::{BACKFILL_SHARE, Bus, RunTitle, Threads, Traced, make_plan, submit};
use crate::flow::{
    Calendar, Completion, Computed, Dataset, DatasetName, Date, DeadLetterNotice, Failure, Input, Inputs,
    Lane, Output, Permanent, Pipeline, PipelineName, PlanRequest, Presence, Processor, RunId, Season, Unit,
    Window, WorkOrder,
};

/// Seasons of the backfill, which is never at its end while days are measured, and of the days that never end.
const BACKFILL: usize = 30;
const FLOOD: usize = 6;
/// Dates of a season, more than any real one has: a window reaches back over half of them in the mean.
const SEASON: usize = 200;
/// Days measured in an idle fleet, and during the backfill.
const DAYS: usize = 250;
/// What a processor of the real cascade takes in the mean.
const WORK: Duration = Duration::from_millis(2);

crate::rows! {
    /// A row without meaning.
    struct Spun key(day) {
        /// The date, in days.
        day: i64,
    }
}

const LANDED: DatasetName = DatasetName::of("lanes.a_landed");
const B: Dataset<Spun> = Dataset::of("lanes.b");
const C: Dataset<Spun> = Dataset::of("lanes.c");
const D: Dataset<Spun> = Dataset::of("lanes.d");
const E: Dataset<Spun> = Dataset::of("lanes.e");

/// A chain, so that every start follows from one completion.
const PIPELINE: Pipeline = Pipeline {
    name: PipelineName::of("lanes"),
    processors: &[
        Processor::land(LANDED, "nothing, landed", "nothing", Presence::Required),
        Processor::compute(B, "one row", 1, &[Input::same_date(LANDED)], spin::<0>),
        Processor::compute(C, "one row", 1, &[B.same_date()], spin::<1>),
        Processor::compute(D, "one row", 1, &[C.same_date(), B.read(Window::SeasonBefore)], spin::<2>),
        Processor::compute(E, "one row", 1, &[D.same_date()], spin::<3>),
    ],
    calendar_source: "nothing",
    calendar: |_| Calendar::of([]).map_err(|error| Permanent::new("calendar", error.to_string())),
};

/// The dataset whose completion each processor of the chain waits for, and the one that it writes.
const CHAIN: [(DatasetName, DatasetName); 4] =
    [(LANDED, B.name()), (B.name(), C.name()), (C.name(), D.name()), (D.name(), E.name())];

/// When computations began, by what they write and date: a computation is a plain function, and has nowhere
/// else to say it.
static STARTED: Mutex<BTreeMap<(usize, Date), Instant>> = Mutex::new(BTreeMap::new());

fn started() -> MutexGuard<'static, BTreeMap<(usize, Date), Instant>> {
    STARTED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn spin<const PLACE: usize>(inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    let now = Instant::now();
    started().insert((PLACE, inputs.date()), now);
    while now.elapsed() < WORK {
        std::hint::spin_loop();
    }
    Ok(Computed::Rows(Output::of(vec![Spun { day: inputs.date().days().into() }], 1)))
}

/// A bus that notes when the publishing of each completion began.
struct Noting {
    bus: Arc<dyn Bus>,
    published: Arc<Mutex<BTreeMap<Unit, Instant>>>,
}

#[async_trait]
impl Bus for Noting {
    async fn publish_completions(&self, completions: &[Traced<Completion>]) -> Result<(), Failure> {
        let now = Instant::now();
        let units = completions.iter().map(|completion| (completion.message.unit, now));
        self.published.lock().unwrap_or_else(PoisonError::into_inner).extend(units);
        self.bus.publish_completions(completions).await
    }

    async fn publish_work_orders(&self, orders: &[Traced<WorkOrder>]) -> Result<(), Failure> {
        self.bus.publish_work_orders(orders).await
    }

    async fn publish_dead_letter(&self, notice: &Traced<DeadLetterNotice>) -> Result<(), Failure> {
        self.bus.publish_dead_letter(notice).await
    }
}

/// What was measured.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    /// From the beginning of a completion's publishing to that of the computation that waited for it.
    idle: Starts,
    /// The same during a full backfill.
    loaded: Starts,
    /// The loaded p99 in times of the idle one. Target: at most 2.
    p99_times_idle: f64,
    /// The share of all computations that a backfill has while days never end, and the least that it must.
    backfill_share: f64,
    backfill_share_least: f64,
}

#[derive(Debug, Serialize)]
struct Starts {
    starts: usize,
    p50_ms: f64,
    p99_ms: f64,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "lanes: a day's start, from a completion to the computation that waited for it, durable"
        )?;
        for (name, starts) in [("idle", &self.idle), ("during a backfill", &self.loaded)] {
            let Starts { starts, p50_ms, p99_ms } = starts;
            writeln!(f, "  {name:<18} p50 {p50_ms:>6.2} ms  p99 {p99_ms:>6.2} ms  ({starts} starts)")?;
        }
        write!(
            f,
            "  p99 is {:.2} times the idle one; while days never end a backfill has {:.1} % of the \
             computations (at least {:.1} %)",
            self.p99_times_idle,
            100.0 * self.backfill_share,
            100.0 * self.backfill_share_least
        )
    }
}

/// The seasons of the measurement, each a range of the calendar.
struct Seasons {
    backfill: std::ops::Range<usize>,
    idle: std::ops::Range<usize>,
    loaded: std::ops::Range<usize>,
    flood: std::ops::Range<usize>,
}

fn calendar() -> anyhow::Result<(Calendar, Seasons)> {
    let mut dates = Vec::new();
    let mut seasons = |length: usize| -> anyhow::Result<_> {
        let first = dates.len();
        for at in first..first + length {
            let season = Season::starting(2000 + i32::try_from(at / SEASON)?);
            dates.push((Date::from_days(i32::try_from(at)?), season));
        }
        Ok(first..dates.len())
    };
    let (backfill, idle) = (seasons(BACKFILL * SEASON)?, seasons(DAYS)?);
    let (loaded, flood) = (seasons(DAYS)?, seasons(FLOOD * SEASON)?);
    Ok((Calendar::of(dates)?, Seasons { backfill, idle, loaded, flood }))
}

struct Bench {
    parts: Embedded,
    published: Arc<Mutex<BTreeMap<Unit, Instant>>>,
}

pub(super) async fn measure(scratch: &Path) -> anyhow::Result<Figures> {
    let (calendar, seasons) = calendar()?;
    let home = Home::at(scratch.join("lanes"));
    let lock = home.lock()?;
    let published = Arc::<Mutex<BTreeMap<Unit, Instant>>>::default();
    let noted = Arc::clone(&published);
    let lake = Arc::new(MemoryLake::new());
    let threads = Threads::with_background(cores())?;
    let parts = Embedded::start_through(
        home.root(),
        &PIPELINE,
        Arc::new(calendar),
        Arc::new(Nothing),
        lake,
        threads,
        |bus| Arc::new(Noting { bus, published: noted }),
    )
    .await?;
    let bench = Bench { parts, published };
    let idle = bench.days(seasons.idle).await?;
    let backfill = bench.submit(seasons.backfill.clone(), Lane::Backfill).await?;
    let loaded = bench.days(seasons.loaded).await?;
    let before = bench.computed(&seasons.backfill);
    let flood = bench.submit(seasons.flood.clone(), Lane::Daily).await?;
    bench.parts.engine.progress().wait_finished(flood).await;
    let of_backfill = bench.computed(&seasons.backfill) - before;
    let of_days = bench.computed(&seasons.flood);
    anyhow::ensure!(
        !bench.parts.engine.progress().is_finished(backfill),
        "the backfill was over before the days were: nothing was measured beside it"
    );
    bench.parts.stop().await?;
    drop(lock);
    let p99_times_idle = loaded.p99_ms / idle.p99_ms;
    Ok(Figures {
        idle,
        loaded,
        p99_times_idle,
        backfill_share: of_backfill as f64 / (of_backfill + of_days) as f64,
        backfill_share_least: 1.0 / BACKFILL_SHARE as f64,
    })
}

impl Bench {
    async fn submit(&self, dates: std::ops::Range<usize>, lane: Lane) -> anyhow::Result<RunId> {
        let request = PlanRequest { dates, datasets: Vec::new(), force: false, on_demand: false };
        let plan = make_plan(&self.parts.engine, &request).await?;
        let title = RunTitle { name: "bench".to_owned(), kind: "backfill".to_owned(), lane };
        submit(&self.parts.engine, &plan, title).await?.context("there is nothing to do")
    }

    /// One day after the other, each a run on the daily lane.
    async fn days(&self, dates: std::ops::Range<usize>) -> anyhow::Result<Starts> {
        let mut waits = Vec::new();
        for at in dates {
            let run = self.submit(at..at + 1, Lane::Daily).await?;
            self.parts.engine.progress().wait_finished(run).await;
            let date = self.parts.engine.calendar().date(at);
            let published = self.published.lock().unwrap_or_else(PoisonError::into_inner);
            for (place, (input, _)) in CHAIN.iter().enumerate() {
                let published = published.get(&Unit { dataset: *input, date });
                let began = started().get(&(place, date)).copied();
                let (Some(published), Some(began)) = (published, began) else { continue };
                waits.push(began.duration_since(*published));
            }
        }
        waits.sort();
        let ms = |at: usize| waits[at].as_secs_f64() * 1e3;
        Ok(Starts { starts: waits.len(), p50_ms: ms(waits.len() / 2), p99_ms: ms(waits.len() * 99 / 100) })
    }

    /// Computations of these dates that have begun.
    fn computed(&self, dates: &std::ops::Range<usize>) -> usize {
        let calendar = self.parts.engine.calendar();
        let (first, last) = (calendar.date(dates.start), calendar.date(dates.end - 1));
        started().keys().filter(|(_, date)| (first..=last).contains(date)).count()
    }
}
