//! A source as it is seen on a day: what is not there for today or a later date is not there *yet*. Which
//! day it is, is told by the caller; nothing here reads a clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use async_trait::async_trait;

use super::ports::{Found, Source};
use crate::flow::{Date, Failure, Payload};

/// Which day it is, shared between whoever says so and the source that is seen on it.
#[derive(Debug)]
pub struct Today(AtomicI32);

impl Today {
    /// It is this date.
    #[must_use]
    pub fn on(date: Date) -> Arc<Self> {
        Arc::new(Self(AtomicI32::new(date.days())))
    }

    /// The date.
    #[must_use]
    pub fn date(&self) -> Date {
        Date::from_days(self.0.load(Ordering::SeqCst))
    }

    /// Another day has opened.
    pub fn becomes(&self, date: Date) {
        self.0.store(date.days(), Ordering::SeqCst);
    }
}

/// A source on a day.
pub struct AsOf {
    source: Arc<dyn Source>,
    today: Arc<Today>,
    /// In a rehearsal: the one source that is known beforehand.
    foretold: Option<&'static str>,
}

impl AsOf {
    /// The source today: everything that is there counts.
    #[must_use]
    pub fn now(source: Arc<dyn Source>, today: Arc<Today>) -> Self {
        Self { source, today, foretold: None }
    }

    /// The source as it was on the morning of a day that may be long past: of that date and later ones only
    /// `foretold`, the schedule, is looked at.
    #[must_use]
    pub fn morning(source: Arc<dyn Source>, today: Arc<Today>, foretold: &'static str) -> Self {
        Self { source, today, foretold: Some(foretold) }
    }

    fn is_hidden(&self, source: &str, date: Date) -> bool {
        date >= self.today.date() && self.foretold.is_some_and(|foretold| foretold != source)
    }

    fn seen<T>(&self, date: Date, found: Found<T>) -> Found<T> {
        match found {
            Found::Nothing if date >= self.today.date() => Found::NotYet,
            found @ (Found::There(_) | Found::NotYet | Found::Nothing) => found,
        }
    }
}

#[async_trait]
impl Source for AsOf {
    async fn calendar(&self, source: &str) -> Result<Vec<Payload>, Failure> {
        self.source.calendar(source).await
    }

    async fn stamp(&self, source: &str, date: Date) -> Result<Found<String>, Failure> {
        if self.is_hidden(source, date) {
            return Ok(Found::NotYet);
        }
        Ok(self.seen(date, self.source.stamp(source, date).await?))
    }

    async fn payloads(&self, source: &str, date: Date) -> Result<Found<Vec<Payload>>, Failure> {
        if self.is_hidden(source, date) {
            return Ok(Found::NotYet);
        }
        Ok(self.seen(date, self.source.payloads(source, date).await?))
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    /// Has a schedule of all dates, and logs of those before the third.
    struct Zone;

    #[async_trait]
    impl Source for Zone {
        async fn calendar(&self, _source: &str) -> Result<Vec<Payload>, Failure> {
            Ok(Vec::new())
        }

        async fn payloads(&self, source: &str, date: Date) -> Result<Found<Vec<Payload>>, Failure> {
            let there = source == "schedule" || date.days() < 3;
            Ok(there.then(|| vec![Payload::of(source, "x")]).into())
        }
    }

    #[test]
    fn what_is_missing_is_missing_only_once_the_day_is_over() {
        let now = |today| AsOf::now(Arc::new(Zone), Today::on(Date::from_days(today)));
        let morning = |today| AsOf::morning(Arc::new(Zone), Today::on(Date::from_days(today)), "schedule");
        let (there, not_yet, nothing) = (Found::There(()), Found::NotYet, Found::Nothing);
        let cases = [
            ("there, long past", now(9), "logs", 2, there),
            ("there already today", now(2), "logs", 2, there),
            ("missing, and over", now(4), "logs", 3, nothing),
            ("missing today", now(3), "logs", 3, not_yet),
            ("missing tomorrow", now(3), "logs", 4, not_yet),
            ("rehearsed: known", morning(2), "logs", 1, there),
            ("rehearsed: hidden", morning(2), "logs", 2, not_yet),
            ("rehearsed: foretold", morning(2), "schedule", 5, there),
            ("rehearsed: missing, and over", morning(5), "logs", 4, nothing),
        ];
        for (name, source, of, day, expected) in cases {
            let date = Date::from_days(day);
            let found = source.payloads(of, date).now_or_never().expect("no wait").expect(name);
            let stamp = source.stamp(of, date).now_or_never().expect("no wait").expect(name);
            assert_eq!((found.map(|_| ()), stamp.map(|_| ())), (expected, expected), "{name}");
        }
    }

    #[test]
    fn a_day_that_has_opened_turns_not_yet_into_missing() {
        let today = Today::on(Date::from_days(3));
        let source = AsOf::now(Arc::new(Zone), Arc::clone(&today));
        let stamp = |day| {
            let found = source.stamp("logs", Date::from_days(day)).now_or_never();
            found.expect("no wait").expect("a stamp").into_stamp()
        };
        assert_eq!(stamp(3).as_deref(), Some("not yet"));
        today.becomes(Date::from_days(4));
        assert_eq!(stamp(3), None);
    }
}
