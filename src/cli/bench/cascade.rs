//! What a task costs when there is no work in it: five processors, joins on the same date and a window of
//! 14 dates, over three lengths of history. Ledger and messages are durable; only the lake is in memory.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use serde::Serialize;
use tokio::time::Instant;

use crate::adapters::lake::MemoryLake;
use crate::cli::embedded::{Embedded, cores};
use crate::cli::home::Home;
use crate::fleet::{Found, RunTitle, Source, Threads, make_plan, submit};
use crate::flow::{
    Calendar, Computed, Dataset, DatasetName, Date, Failure, Input, Inputs, Lane, Output, Payload, Permanent,
    Pipeline, PipelineName, PlanRequest, Presence, Processor, Season, Window,
};

const LENGTHS: [usize; 3] = [200, 2_000, 9_000];

crate::rows! {
    /// A row without meaning.
    struct Tick key(day) {
        /// The date, in days.
        day: i64,
    }
}

const LANDED: DatasetName = DatasetName::of("bench.a_landed");
const B: Dataset<Tick> = Dataset::of("bench.b");
const C: Dataset<Tick> = Dataset::of("bench.c");
const D: Dataset<Tick> = Dataset::of("bench.d");
const E: Dataset<Tick> = Dataset::of("bench.e");

const PIPELINE: Pipeline = Pipeline {
    name: PipelineName::of("bench"),
    processors: &[
        Processor::land(LANDED, "nothing, landed", "nothing", Presence::Required),
        Processor::compute(B, "one row", 1, &[Input::same_date(LANDED)], tick),
        Processor::compute(C, "one row", 1, &[Input::same_date(LANDED), B.same_date()], tick),
        Processor::compute(D, "one row", 1, &[B.same_date(), C.read(Window::PreviousDates(14))], tick),
        Processor::compute(E, "one row", 1, &[C.same_date(), D.same_date()], tick),
    ],
    calendar_source: "nothing",
    calendar: |_| Calendar::of([]).map_err(|error| Permanent::new("calendar", error.to_string())),
};

fn tick(inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    Ok(Computed::Rows(Output::of(vec![Tick { day: inputs.date().days().into() }], 1)))
}

/// A source of empty payloads.
pub(super) struct Nothing;

#[async_trait]
impl Source for Nothing {
    async fn calendar(&self, _source: &str) -> Result<Vec<Payload>, Failure> {
        Ok(Vec::new())
    }

    async fn stamp(&self, _source: &str, _date: Date) -> Result<Found<String>, Failure> {
        Ok(Found::There(String::new()))
    }

    async fn payloads(&self, _source: &str, _date: Date) -> Result<Found<Vec<Payload>>, Failure> {
        Ok(Found::There(vec![Payload { name: "nothing".into(), bytes: bytes::Bytes::new() }]))
    }
}

/// What was measured.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    lengths: Vec<Length>,
    /// Time a task at the longest history, in times of that at the shortest. Target: at most 1.3.
    growth: f64,
}

#[derive(Debug, Serialize)]
struct Length {
    dates: usize,
    tasks: usize,
    seconds: f64,
    tasks_per_second: f64,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "cascade of five processors without work, durable")?;
        for Length { dates, tasks, seconds, tasks_per_second } in &self.lengths {
            writeln!(
                f,
                "  {dates:>5} dates  {tasks:>6} tasks  {seconds:>6.2} s  {tasks_per_second:>7.0} tasks/s"
            )?;
        }
        let (last, first) = (self.lengths.last(), self.lengths.first());
        let dates = |length: Option<&Length>| length.map_or(0, |length| length.dates);
        write!(
            f,
            "  time a task at {} dates is {:.2} times that at {}",
            dates(last),
            self.growth,
            dates(first)
        )
    }
}

pub(super) async fn measure(scratch: &Path) -> anyhow::Result<Figures> {
    let mut lengths = Vec::new();
    for dates in LENGTHS {
        lengths.push(one(&scratch.join(format!("cascade-{dates}")), dates).await?);
    }
    let per_task = |length: &Length| length.seconds / length.tasks as f64;
    let growth = per_task(&lengths[lengths.len() - 1]) / per_task(&lengths[0]);
    Ok(Figures { lengths, growth })
}

async fn one(directory: &Path, dates: usize) -> anyhow::Result<Length> {
    let days = (0..i32::try_from(dates)?).map(|day| (Date::from_days(day), Season::starting(2020)));
    let calendar = Arc::new(Calendar::of(days)?);
    let home = Home::at(directory.to_owned());
    let lock = home.lock()?;
    let parts = Embedded::start_on(
        home.root(),
        &PIPELINE,
        calendar,
        Arc::new(Nothing),
        Arc::new(MemoryLake::new()),
        Threads::new(cores())?,
    )
    .await?;
    let request = PlanRequest { dates: 0..dates, datasets: Vec::new(), force: false, on_demand: false };
    let plan = make_plan(&parts.engine, &request).await?;
    let tasks = plan.tasks.len();
    let title = RunTitle { name: "bench".to_owned(), kind: "backfill".to_owned(), lane: Lane::Backfill };
    let started = Instant::now();
    if let Some(run) = submit(&parts.engine, &plan, title).await? {
        parts.engine.progress().wait_finished(run).await;
    }
    let seconds = started.elapsed().as_secs_f64();
    parts.stop().await?;
    drop(lock);
    Ok(Length { dates, tasks, seconds, tasks_per_second: tasks as f64 / seconds })
}
