//! The figures of the whole fleet, from the ledger: what is to be done by processor and lane, the oldest of it, what
//! is held and dead, how fresh each dataset is. Read when somebody asks, at most once in two seconds; a figure that
//! was there and is no more becomes nought.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::telemetry::set;
use crate::fleet::{Engine, LedgerError, Millis, Today};
use crate::flow::{DatasetName, Date, Lane, Rhythm};

/// How old figures may be.
const FRESH_MS: Millis = 2_000;

/// Reads them.
pub(super) struct Figures {
    today: Arc<Today>,
    last: tokio::sync::Mutex<Last>,
}

#[derive(Default)]
struct Last {
    read_at: Option<Millis>,
    /// Codes that were told of, for a code is no longer in the ledger's list once its last dead letter has gone.
    codes: BTreeSet<(DatasetName, String)>,
}

impl Figures {
    /// The figures as of `today`.
    pub(super) fn of(today: Arc<Today>) -> Self {
        Self { today, last: tokio::sync::Mutex::default() }
    }

    /// Tells the present figures, unless that was done a moment ago.
    pub(super) async fn refresh(&self, engine: &Engine) -> Result<(), LedgerError> {
        let mut last = self.last.lock().await;
        let now = engine.ports().clock.now();
        if last.read_at.is_some_and(|read_at| now - read_at < FRESH_MS) {
            return Ok(());
        }
        backlog(engine, now).await?;
        dead_letters(engine, &mut last.codes).await?;
        engine.refresh_catalog().await?;
        let before_today = Rhythm::until(engine.calendar(), self.today.date().plus_days(-1));
        for processor in engine.cascade().processors() {
            let dataset = processor.writes;
            let (expected, latest) = {
                let catalog = engine.catalog();
                let exist = before_today.clone().filter(|at| catalog.exists(processor, *at));
                let expected: Vec<Date> = exist.map(|at| engine.calendar().date(at)).collect();
                (expected, catalog.complete(dataset).last().map(|(_, record)| record.unit.date))
            };
            if let Some(days) = freshness(&expected, latest) {
                let labels = [("pipeline", dataset.pipeline()), ("dataset", dataset.table())];
                set("tidegate_dataset_freshness_days", &labels, f64::from(days));
            }
        }
        last.read_at = Some(now);
        Ok(())
    }
}

async fn backlog(engine: &Engine, now: Millis) -> Result<(), LedgerError> {
    let found = engine.ports().ledger.backlog(engine.cascade().pipeline().as_str()).await?;
    let mut held: BTreeMap<DatasetName, u64> = BTreeMap::new();
    let by_lane: BTreeMap<(DatasetName, Lane), _> =
        found.iter().map(|backlog| ((backlog.dataset, backlog.lane), backlog)).collect();
    for dataset in engine.cascade().datasets() {
        let (pipeline, processor) = (("pipeline", dataset.pipeline()), ("processor", dataset.table()));
        for lane in Lane::ALL {
            let labels = [pipeline, processor, ("lane", lane.as_str())];
            let backlog = by_lane.get(&(dataset, lane));
            let age = backlog.and_then(|backlog| backlog.ready_since).map_or(0, |since| (now - since).max(0));
            *held.entry(dataset).or_default() += backlog.map_or(0, |backlog| backlog.held);
            set("tidegate_runnable_units", &labels, backlog.map_or(0, |backlog| backlog.runnable) as f64);
            set("tidegate_oldest_runnable_age_seconds", &labels, age as f64 / 1_000.0);
        }
        set("tidegate_held_units", &[pipeline, processor], held[&dataset] as f64);
    }
    Ok(())
}

async fn dead_letters(
    engine: &Engine,
    told: &mut BTreeSet<(DatasetName, String)>,
) -> Result<(), LedgerError> {
    let mut open: BTreeMap<(DatasetName, String), u64> = BTreeMap::new();
    for letter in engine.ports().ledger.dead_letters(true).await? {
        *open.entry((letter.unit.dataset, letter.code)).or_default() += 1;
    }
    told.extend(open.keys().cloned());
    for (dataset, code) in told.iter() {
        let number = open.get(&(*dataset, code.clone())).copied().unwrap_or(0);
        let labels = [("pipeline", dataset.pipeline()), ("processor", dataset.table()), ("code", code)];
        set("tidegate_dead_letters_open", &labels, number as f64);
    }
    Ok(())
}

/// Days from the latest complete date to the latest date that should be; `None` while there is none of those.
fn freshness(expected: &[Date], latest: Option<Date>) -> Option<i32> {
    let (first, last) = (expected.first()?, expected.last()?);
    // A dataset without anything is as old as all that it lacks.
    let since = latest.unwrap_or(first.plus_days(-1));
    Some((last.days() - since.days()).max(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_complete_up_to_yesterday_is_fresh() {
        let day = Date::from_days;
        let cases = [
            ("nothing before today", &[][..], None, None),
            ("all of yesterday, and in a pause nothing grows old", &[10, 11], Some(11), Some(0)),
            ("some days behind", &[10, 11, 20], Some(11), Some(9)),
            ("today is done already", &[10, 11], Some(12), Some(0)),
            ("nothing at all", &[10, 11], None, Some(2)),
        ];
        for (name, expected, latest, answer) in cases {
            let expected: Vec<Date> = expected.iter().copied().map(day).collect();
            assert_eq!(freshness(&expected, latest.map(day)), answer, "{name}");
        }
    }
}
