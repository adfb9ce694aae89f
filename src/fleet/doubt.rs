//! Whether the calendar of this process is the present one. A process that lives for months among others knows its
//! dates from when it began; one that meets a date in the ledger which it does not know may be behind, and must not
//! decide what is ready, or compute, until somebody has looked. Where the ledger is nobody else's, it never is.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard};

use tokio::sync::Notify;

use crate::flow::{Date, Failure, Transient};

/// Dates that the ledger has and the calendar has not.
#[derive(Debug, Default)]
pub(super) struct Doubt {
    dates: Mutex<Dates>,
    raised: Notify,
}

#[derive(Debug, Default)]
struct Dates {
    /// Those that nobody has looked into.
    open: BTreeSet<Date>,
    /// Those of which it is known that the source has them no more.
    gone: BTreeSet<Date>,
}

impl Doubt {
    /// A date that the calendar does not have was met.
    pub(super) fn raise(&self, date: Date) {
        let mut dates = self.dates();
        if !dates.gone.contains(&date) && dates.open.insert(date) {
            tracing::info!(%date, "the ledger has a date that this process does not know");
            self.raised.notify_one();
        }
    }

    /// A failure while there is doubt: what is to be done waits.
    pub(super) fn check(&self) -> Result<(), Failure> {
        match self.dates().open.first() {
            None => Ok(()),
            Some(date) => Err(Transient {
                code: "calendar_in_doubt",
                message: format!("the ledger has the date {date}, which this process does not know yet"),
            }
            .into()),
        }
    }

    /// Comes back when a doubt has been raised, with all dates that are in doubt.
    pub(super) async fn raised(&self) -> BTreeSet<Date> {
        self.raised.notified().await;
        self.dates().open.clone()
    }

    /// Somebody has looked: the source does not have these dates.
    pub(super) fn settle(&self, gone: &BTreeSet<Date>) {
        let mut dates = self.dates();
        dates.open.retain(|date| !gone.contains(date));
        dates.gone.extend(gone);
    }

    fn dates(&self) -> MutexGuard<'_, Dates> {
        self.dates.lock().expect("nobody panics while holding the dates")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_doubted_once() {
        let (doubt, date) = (Doubt::default(), Date::from_days(7));
        assert_eq!(doubt.check(), Ok(()));
        doubt.raise(date);
        let failure = doubt.check().expect_err("in doubt").to_string();
        assert!(failure.contains("1970-01-08"), "{failure}");
        doubt.settle(&BTreeSet::from([date]));
        doubt.raise(date);
        assert_eq!(doubt.check(), Ok(()), "the source has it no more");
        doubt.raise(Date::from_days(8));
        assert!(doubt.check().is_err(), "another date is another doubt");
    }
}
