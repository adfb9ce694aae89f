//! The days at work: asks the scheduler what is due, fetches it, opens the day, and submits what a plan finds. One turn
//! at a time, driven by whoever owns the clock: `tidegate serve`, or a test that moves it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::as_of::Today;
use super::engine::Engine;
use super::ports::{Fetched, Found, LedgerError, Upstream};
use super::runs::{RunError, RunTitle, apart, make_plan, submit};
use super::scheduler::{Due, Landed, Outlook, Scheduler};
use crate::flow::{
    Calendar, Date, Failure, Lane, Millis, Outcome, Payload, Permanent, Pipeline, Plan, PlanRequest, Rhythm,
    RunId, SkipReason, Starts, Step, Unit,
};

/// How soon to look again where older dates wait for the day to be done.
const SOON: Millis = 60_000;

/// The days of a fleet.
pub struct Days {
    engine: Arc<Engine>,
    today: Arc<Today>,
    upstream: Option<Arc<dyn Upstream>>,
    rhythm: Rhythm,
    calendar_source: &'static str,
    calendar: fn(&[Payload]) -> Result<Calendar, Permanent>,
    /// The sources that are fetched date by date.
    sources: Vec<&'static str>,
}

/// What is fetched, and from where.
#[derive(Clone)]
pub struct Feeds {
    /// Brings payloads into the landing zone.
    pub upstream: Arc<dyn Upstream>,
    /// The sources that it brings date by date; the schedule is always fetched.
    pub sources: Vec<&'static str>,
}

/// What has landed; nothing where there is no entry.
type LandedByDate = BTreeMap<(&'static str, Date), Landed>;

fn seen(landed: &LandedByDate, source: &'static str, date: Date) -> Landed {
    landed.get(&(source, date)).copied().unwrap_or(Landed::Not)
}

/// A run that was submitted, with its name and the number of its tasks.
type Submitted = (RunId, String, usize);

/// What came of a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// What was done, in order.
    pub done: Vec<Due>,
    /// What did not work, and is due again later.
    pub failed: Vec<(Due, Failure)>,
    /// Whether the source has other dates now: a fleet's calendar is fixed, so it has to begin anew.
    pub has_other_dates: bool,
    /// The run that was submitted, with its name and the number of its tasks.
    pub run: Option<Submitted>,
    /// When to take the next turn at the latest.
    pub next: Millis,
}

impl Days {
    /// The days of a pipeline that `engine` runs. Its source must see by `today`. Without an upstream nothing
    /// is fetched: payloads land by other means.
    #[must_use]
    pub fn of(
        engine: Arc<Engine>,
        pipeline: &Pipeline,
        rhythm: Rhythm,
        today: Arc<Today>,
        feeds: Option<Feeds>,
    ) -> Self {
        let (upstream, sources) =
            feeds.map_or((None, Vec::new()), |feeds| (Some(feeds.upstream), feeds.sources));
        let (calendar_source, calendar) = (pipeline.calendar_source, pipeline.calendar);
        Self { engine, today, upstream, rhythm, calendar_source, calendar, sources }
    }

    /// Does what is due now. May be dropped at any point: what it has not done is due again.
    pub async fn turn(&self, scheduler: &mut Scheduler) -> Result<Turn, RunError> {
        let now = self.engine.ports.clock.now();
        let mut turn =
            Turn { done: Vec::new(), failed: Vec::new(), has_other_dates: false, run: None, next: now };
        let mut starts = self.look_at_schedule(&mut turn).await?;
        let mut landed = self.landed().await?;
        let due = scheduler.due(now, &self.outlook(&starts, &|source, date| seen(&landed, source, date)));
        let is_idle = due.is_empty();
        for due in due {
            if turn.has_other_dates {
                return Ok(turn);
            }
            match self.carry_out(due).await {
                Ok(fetched) => {
                    scheduler.succeeded(due, self.engine.ports.clock.now());
                    turn.done.push(due);
                    if let (Due::Schedule(_), Fetched::New) = (due, fetched) {
                        starts = self.look_at_schedule(&mut turn).await?;
                    }
                }
                Err(failure) => {
                    let times = scheduler.failed(due, self.engine.ports.clock.now());
                    tracing::warn!(?due, times, %failure, "a fetch failed; it is tried again");
                    turn.failed.push((due, failure));
                }
            }
        }
        if turn.has_other_dates {
            return Ok(turn);
        }
        let (run, are_older_left) = self.submit_what_is_new().await?;
        turn.run = run;
        if !is_idle {
            landed = self.landed().await?;
        }
        let now = self.engine.ports.clock.now();
        let next = scheduler.next(now, &self.outlook(&starts, &|source, date| seen(&landed, source, date)));
        turn.next = if are_older_left { next.min(now + SOON) } else { next };
        Ok(turn)
    }

    /// When events begin, and whether the dates are still those of the engine.
    async fn look_at_schedule(&self, turn: &mut Turn) -> Result<Starts, RunError> {
        let payloads = self.engine.ports.source.calendar(self.calendar_source).await?;
        let calendar = (self.calendar)(&payloads).map_err(Failure::from)?;
        turn.has_other_dates = calendar != *self.engine.calendar;
        Ok((self.rhythm.starts)(&payloads).map_err(Failure::from)?)
    }

    fn outlook<'a>(
        &'a self,
        starts: &'a Starts,
        landed: &'a dyn Fn(&'static str, Date) -> Landed,
    ) -> Outlook<'a> {
        Outlook { calendar: &self.engine.calendar, starts, sources: &self.sources, landed }
    }

    /// What has landed, of every fetched source and every date that can be known.
    async fn landed(&self) -> Result<LandedByDate, RunError> {
        let mut landed = BTreeMap::new();
        if self.sources.is_empty() {
            return Ok(landed);
        }
        self.engine.refresh_catalog().await?;
        let now = self.engine.ports.clock.now();
        for processor in self.engine.cascade.processors() {
            let Step::Land { source, .. } = processor.step else { continue };
            if !self.sources.contains(&source) {
                continue;
            }
            for at in Rhythm::until(&self.engine.calendar, self.rhythm.today(now)) {
                let date = self.engine.calendar.date(at);
                let found = self.engine.ports.source.stamp(source, date).await?;
                let record = self.engine.catalog().get(processor.writes, at).cloned();
                let since = record.as_ref().map(|record| record.finished_at);
                let is_settled = match (found, record.map(|record| record.outcome)) {
                    (Found::There(_), Some(Outcome::Skipped(SkipReason::NotYet)) | None) => Some(None),
                    (Found::There(_), Some(_)) => Some(since),
                    (
                        Found::NotYet | Found::Nothing,
                        Some(Outcome::Skipped(SkipReason::NotInSource | SkipReason::Gap)),
                    ) => Some(since),
                    (Found::NotYet | Found::Nothing, _) => None,
                };
                landed.extend(is_settled.map(|since| ((source, date), Landed::Since(since))));
            }
        }
        Ok(landed)
    }

    async fn carry_out(&self, due: Due) -> Result<Fetched, Failure> {
        match (due, &self.upstream) {
            (Due::Schedule(season), Some(upstream)) => upstream.fetch_schedule(season).await,
            (Due::Payload { date, source }, Some(upstream)) => upstream.fetch(source, date).await,
            (Due::Schedule(_) | Due::Payload { .. }, None) => Ok(Fetched::Unchanged),
            (Due::Day(date), _) => {
                self.today.becomes(date);
                Ok(Fetched::Unchanged)
            }
        }
    }

    /// Submits a run of what is missing or out of date up to today, and is not under way already; and says
    /// whether older dates are left to do. Days go first: what reaches back further than a morning's corrections,
    /// and nothing recent waits for, is a backfill, which is submitted when no day is under way.
    async fn submit_what_is_new(&self) -> Result<(Option<Submitted>, bool), RunError> {
        let today = self.today.date();
        let dates = Rhythm::until(&self.engine.calendar, today);
        if dates.is_empty() {
            return Ok((None, false));
        }
        let request = PlanRequest { dates, datasets: Vec::new(), force: false, on_demand: false };
        let UnderWay { units, is_day } = self.under_way().await?;
        let Plan { mut tasks, .. } = make_plan(&self.engine, &request).await?;
        tasks.retain(|task| !units.contains(&task.unit));
        let recent = today.plus_days(-i32::from(self.rhythm.mornings_again));
        let (of_day, older) = apart(&self.engine, tasks, recent);
        let (kind, lane, tasks, left) = if !of_day.is_empty() {
            ("day", Lane::Daily, of_day, !older.is_empty())
        } else if is_day || older.is_empty() {
            // A run takes over what hangs together with it: a backfill would take the day's tasks into its lane.
            return Ok((None, !older.is_empty()));
        } else {
            ("backfill", Lane::Backfill, older, false)
        };
        let name = format!("day-{today}");
        let title = RunTitle { name: name.clone(), kind: kind.to_owned(), lane };
        let count = tasks.len();
        let plan = Plan { tasks, ..Plan::default() };
        Ok((submit(&self.engine, &plan, title).await?.map(|run| (run, name, count)), left))
    }

    /// What is a task of a run and has not come to an end.
    async fn under_way(&self) -> Result<UnderWay, LedgerError> {
        let mut under_way = UnderWay::default();
        for run in self.engine.ports.ledger.runs(true).await? {
            let tasks = self.engine.ports.ledger.tasks(run.id, None).await?;
            let before = under_way.units.len();
            under_way.units.extend(tasks.iter().filter(|task| !task.state.is_final()).map(|task| task.unit));
            under_way.is_day |= run.lane == Lane::Daily && under_way.units.len() > before;
        }
        Ok(under_way)
    }
}

/// What unfinished runs still have to do.
#[derive(Default)]
struct UnderWay {
    units: BTreeSet<Unit>,
    /// Whether a day is among them.
    is_day: bool,
}
