//! One table at a moment: what each date should have and has, what is under way, and which job is next. A joint
//! load replaces the whole table by all its files in one job; a date's own load replaces one partition. Pure;
//! decides nothing about other tables.

use std::collections::{BTreeMap, BTreeSet};

use super::job::{Content, Work};
use super::lag::{Held, Wanted, lag};
use super::pace::{SinkLimits, Window};
use super::warehouse::{TableSpec, WarehouseError};
use crate::flow::{Date, Lane, Millis, Unit};

/// A table and all that is known of it.
pub(super) struct Table {
    pub(super) spec: TableSpec,
    /// Whether it was made or found to be as declared.
    pub(super) prepared: bool,
    /// Nothing is asked of it before.
    pub(super) not_before: Millis,
    /// Refusals in a row.
    pub(super) refusals: u32,
    /// Why the service refuses the table itself.
    pub(super) refusal: Option<String>,
    pub(super) modifications: Window,
    pub(super) updates: Window,
    dates: BTreeMap<Date, DateState>,
    lagging: BTreeSet<Date>,
    busy: usize,
    /// A job that replaces the whole table is under way.
    joint: bool,
}

/// What is known of one date.
#[derive(Default)]
pub(super) struct DateState {
    pub(super) wanted: Wanted,
    pub(super) held: Held,
    /// Since when it is wanted.
    pub(super) since: Millis,
    backfill: bool,
    busy: bool,
    /// A joint load failed and may have failed for this date: it is loaded by itself.
    alone: bool,
    pub(super) failures: u32,
    not_before: Millis,
}

impl DateState {
    fn lane(&self) -> Lane {
        if self.backfill { Lane::Backfill } else { Lane::Daily }
    }
}

impl Table {
    pub(super) fn new(spec: TableSpec, limits: &SinkLimits) -> Self {
        Self {
            spec,
            prepared: false,
            not_before: 0,
            refusals: 0,
            refusal: None,
            modifications: Window::day(limits.partition_modifications_per_table_per_day),
            updates: Window::short(limits.updates_per_table_per_10_seconds),
            dates: BTreeMap::new(),
            lagging: BTreeSet::new(),
            busy: 0,
            joint: false,
        }
    }

    /// From now on the date should have this.
    pub(super) fn want(&mut self, date: Date, wanted: Wanted, lane: Lane, since: Millis) {
        let state = self.dates.entry(date).or_default();
        if state.wanted != wanted {
            let backfill = lane == Lane::Backfill;
            (state.wanted, state.backfill, state.since) = (wanted, backfill, since);
            (state.alone, state.failures, state.not_before) = (false, 0, 0);
        }
        self.judge(date);
    }

    /// The date has this now.
    pub(super) fn hold(&mut self, date: Date, held: Held) {
        self.dates.entry(date).or_default().held = held;
        self.judge(date);
    }

    /// What is known of a date.
    pub(super) fn date(&self, date: Date) -> Option<&DateState> {
        self.dates.get(&date)
    }

    /// All dates that are known and that no job is changing.
    pub(super) fn idle_dates(&self) -> Vec<Date> {
        let idle = |(date, state): (&Date, &DateState)| (!state.busy && !self.joint).then_some(*date);
        self.dates.iter().filter_map(idle).collect()
    }

    /// How many dates lag, and since when the oldest of them does.
    pub(super) fn lagging(&self) -> (usize, Option<Millis>) {
        let since = self.lagging.iter().filter_map(|date| self.dates.get(date)).map(|state| state.since);
        (self.lagging.len(), since.min())
    }

    /// The next job of a lane, if one may begin at `now`; `later` is told when to ask again.
    pub(super) fn next(
        &self,
        lane: Lane,
        now: Millis,
        limits: &SinkLimits,
        later: &mut impl FnMut(Millis),
    ) -> Option<Work> {
        if !self.prepared || self.joint || self.lagging.is_empty() {
            return None;
        }
        if now < self.not_before {
            later(self.not_before);
            return None;
        }
        let ready = self.ready(lane, now, later);
        let oldest = ready.iter().filter_map(|date| self.date(*date)).map(|state| state.since).min()?;
        let gathered = oldest + limits.backfill_linger_ms;
        if lane == Lane::Backfill && now < gathered && ready.len() < limits.partitions_per_job {
            later(gathered);
            return None;
        }
        let (full, empty): (Vec<_>, Vec<_>) =
            ready.into_iter().partition(|date| matches!(self.dates[date].wanted, Wanted::Content(_)));
        if let Some(contents) = self.joint_contents(&full, limits) {
            let dataset = self.spec.dataset;
            return (self.busy == 0).then_some(Work::LoadTable { dataset, contents });
        }
        if let Some(date) = full.first() {
            let Wanted::Content(content) = self.dates[date].wanted else {
                unreachable!("dates were parted by what they should have");
            };
            return Some(Work::LoadDate { unit: self.unit(*date), content });
        }
        let written = |date: Date| (date, self.dates[&date].held.partition.map_or(0, |of| of.modified_at));
        let dates: Vec<_> = empty.into_iter().take(limits.partitions_per_job).map(written).collect();
        (!dates.is_empty()).then_some(Work::Empty { dataset: self.spec.dataset, dates })
    }

    /// The lagging dates of a lane for which something may be done now, the oldest date first.
    fn ready(&self, lane: Lane, now: Millis, later: &mut impl FnMut(Millis)) -> Vec<Date> {
        let mut ready = Vec::new();
        for date in &self.lagging {
            let state = &self.dates[date];
            if state.busy || state.lane() != lane {
                continue;
            }
            if now < state.not_before {
                later(state.not_before);
            } else {
                ready.push(*date);
            }
        }
        ready
    }

    /// All contents of the table, where loading them in one job is worth more than loading `full` by itself: most
    /// of the table lags, it fits into one job, and no date has to be loaded alone.
    fn joint_contents(&self, full: &[Date], limits: &SinkLimits) -> Option<Vec<(Date, Content)>> {
        if full.len() < limits.joint_load_from || self.dates.values().any(|state| state.alone) {
            return None;
        }
        let content = |(date, state): (&Date, &DateState)| match state.wanted {
            Wanted::Content(content) => Some((*date, content)),
            Wanted::Nothing => None,
        };
        let contents: Vec<_> = self.dates.iter().filter_map(content).collect();
        let fits = contents.len() <= limits.partitions_per_job.min(limits.files_per_job);
        (fits && full.len() * 2 >= contents.len()).then_some(contents)
    }

    /// A job has begun.
    pub(super) fn occupy(&mut self, work: &Work) {
        self.busy += 1;
        self.joint |= matches!(work, Work::LoadTable { .. });
        for date in dates_of(work) {
            self.dates.entry(date).or_default().busy = true;
        }
    }

    /// A job is over, one way or another.
    pub(super) fn release(&mut self, work: &Work) {
        self.busy -= 1;
        self.joint &= !matches!(work, Work::LoadTable { .. });
        for date in dates_of(work) {
            self.dates.entry(date).or_default().busy = false;
        }
    }

    /// The job has failed: its dates are tried again at `at`, or, where a joint load may have failed for one of
    /// them, each by itself.
    pub(super) fn set_back(&mut self, work: &Work, at: Millis, part: bool) {
        for date in dates_of(work) {
            let state = self.dates.entry(date).or_default();
            state.alone |= part;
            state.failures += u32::from(!part);
            state.not_before = if part { 0 } else { at };
        }
    }

    /// The most failures in a row of a job's dates.
    pub(super) fn failures(&self, work: &Work) -> u32 {
        let failures = |date: Date| self.dates.get(&date).map_or(0, |state| state.failures);
        dates_of(work).into_iter().map(failures).max().unwrap_or(0)
    }

    /// The job is done.
    pub(super) fn succeeded(&mut self, work: &Work) {
        (self.refusals, self.refusal) = (0, None);
        for date in dates_of(work) {
            let state = self.dates.entry(date).or_default();
            (state.alone, state.failures, state.not_before) = (false, 0, 0);
        }
    }

    /// The table was mended: whatever failed before may succeed now.
    pub(super) fn forgive(&mut self) {
        for state in self.dates.values_mut() {
            (state.alone, state.failures, state.not_before) = (false, 0, 0);
        }
    }

    /// The service refuses the table, whatever is asked of it.
    pub(super) fn refused(&mut self, error: &WarehouseError, not_before: Millis) {
        self.refusals += 1;
        self.refusal = Some(error.to_string());
        self.not_before = self.not_before.max(not_before);
    }

    /// Why each lagging date does.
    #[cfg(test)]
    pub(super) fn lags(&self) -> Vec<(Date, super::lag::Lag)> {
        let lags = |date: &Date| {
            let state = &self.dates[date];
            lag(state.wanted, &state.held).map(|lag| (*date, lag))
        };
        self.lagging.iter().filter_map(lags).collect()
    }

    fn unit(&self, date: Date) -> Unit {
        Unit { dataset: self.spec.dataset, date }
    }

    fn judge(&mut self, date: Date) {
        let state = &self.dates[&date];
        if lag(state.wanted, &state.held).is_some() {
            self.lagging.insert(date);
        } else {
            self.lagging.remove(&date);
        }
    }
}

/// The dates whose rows a job changes.
pub(super) fn dates_of(work: &Work) -> Vec<Date> {
    match work {
        Work::LoadDate { unit, .. } => vec![unit.date],
        Work::LoadTable { contents, .. } => contents.iter().map(|(date, _)| *date).collect(),
        Work::Empty { dates, .. } => dates.iter().map(|(date, _)| *date).collect(),
        Work::Write { .. } => Vec::new(),
    }
}
