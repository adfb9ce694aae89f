//! One writer at a time for each document that several dates write, and no more often than the bucket allows.
//! Whoever's turn it is writes the latest of all that wait by then; the others are told that a later one is
//! there. So a backfill of hundreds of dates writes a profile now and then, instead of once a date.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::Verdict;
use crate::adapters::gcs::Failed;
use crate::flow::{Date, Document, DocumentPath};

/// The turns of all documents that were written so far: as many as there are players, not dates.
pub(super) struct Turns {
    between_writes: Duration,
    turns: Mutex<HashMap<DocumentPath, Arc<Turn>>>,
}

struct Turn {
    waiting: Mutex<Vec<Waiting>>,
    pace: tokio::sync::Mutex<Interval>,
}

/// A document that is to be written.
struct Waiting {
    as_of: Date,
    document: Document,
    reply: oneshot::Sender<Result<Verdict, Failed>>,
}

impl Turns {
    /// Turns with at least so long between two writes of a document.
    pub(super) fn new(between_writes: Duration) -> Self {
        Self { between_writes, turns: Mutex::default() }
    }

    /// Comes back when this document or a later one was written, or was there. `write` is for whoever's turn it is.
    pub(super) async fn take<F: Future<Output = Result<Verdict, Failed>>>(
        &self,
        as_of: Date,
        document: Document,
        write: impl Fn(Date, Document) -> F,
    ) -> Result<Verdict, Failed> {
        let turn = self.turn(&document.path);
        loop {
            let (reply, mut answer) = oneshot::channel();
            turn.waiting().push(Waiting { as_of, document: document.clone(), reply });
            let mut pace = turn.pace.lock().await;
            if let Ok(answer) = answer.try_recv() {
                return answer;
            }
            pace.tick().await;
            let all = std::mem::take(&mut *turn.waiting());
            let Some(latest) = (0..all.len()).max_by_key(|at| all[*at].as_of) else {
                // Whoever had this one was stopped before it was written.
                continue;
            };
            let written = write(all[latest].as_of, all[latest].document.clone()).await;
            for (at, waiting) in all.into_iter().enumerate() {
                let verdict = |verdict| if at == latest { verdict } else { Verdict::Later };
                // Whoever asked may have gone (a shutdown).
                drop(waiting.reply.send(written.clone().map(verdict)));
            }
            if let Ok(answer) = answer.try_recv() {
                return answer;
            }
        }
    }

    fn turn(&self, path: &DocumentPath) -> Arc<Turn> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let made = || {
            let mut pace = interval(self.between_writes);
            pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
            Arc::new(Turn { waiting: Mutex::default(), pace: tokio::sync::Mutex::new(pace) })
        };
        Arc::clone(turns.entry(path.clone()).or_insert_with(made))
    }
}

impl Turn {
    fn waiting(&self) -> MutexGuard<'_, Vec<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::flow::{DocumentSchema, Keep};

    fn document(day: i32) -> (Date, Document) {
        let date = Date::from_days(19_700 + day);
        let schema = DocumentSchema { name: "t.x", version: 1 };
        (date, Document::json("x.json", Keep::Latest, schema, date, &day).expect("a document"))
    }

    #[tokio::test]
    async fn dates_that_wait_are_one_write_of_the_latest() {
        let turns = Turns::new(Duration::from_millis(1));
        let written = Mutex::new(Vec::new());
        let write = async |as_of: Date, _: Document| {
            tokio::task::yield_now().await;
            written.lock().expect("a lock").push(as_of.days() - 19_700);
            Ok(Verdict::Write)
        };
        let publish = async |day| {
            let (date, document) = document(day);
            turns.take(date, document, &write).await.expect("written")
        };
        // All of them wait for the first one's pace, which a first write sets.
        assert_eq!(publish(3).await, Verdict::Write);
        let all = futures::future::join_all([5, 9, 1, 7].map(publish)).await;
        assert!(all.contains(&Verdict::Later), "{all:?}");
        assert_eq!(publish(8).await, Verdict::Write, "whether it is later is for the write to say");
        let written = written.lock().expect("a lock").clone();
        assert!(written.len() <= 4 && written.contains(&9) && written.ends_with(&[8]), "{written:?}");
    }

    #[tokio::test]
    async fn who_waits_on_one_that_fails_or_stops_is_told_or_goes_on() {
        let turns = Turns::new(Duration::from_millis(1));
        let (tries, reached) = (AtomicU64::new(0), tokio::sync::Notify::new());
        let write = async |_: Date, _: Document| match tries.fetch_add(1, Ordering::Relaxed) {
            0 => Err(Failed { operation: "write", place: "x".to_owned(), reason: "down".to_owned() }),
            1 => {
                reached.notify_one();
                std::future::pending().await
            }
            _ => Ok(Verdict::Write),
        };
        let publish = async |day| {
            let (date, document) = document(day);
            turns.take(date, document, &write).await
        };
        assert_eq!(publish(1).await.expect_err("it is down").reason, "down");
        let stopped = async {
            tokio::select! {
                never = publish(3) => panic!("{never:?}"),
                () = reached.notified() => {}
            }
        };
        let ((), went_on) = futures::join!(stopped, publish(2));
        assert!(matches!(went_on, Ok(Verdict::Write | Verdict::Later)), "{went_on:?}");
        assert_eq!(publish(4).await.expect("written"), Verdict::Write);
    }
}
