//! The ports of one simulated process: each call pauses before and after its work, so that everything else
//! may happen in between, and may fail before or after its effect took place. The shadow hears of each
//! effect at the moment at which it happens.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use async_trait::async_trait;
use tidegate::fleet::{
    Backlog, Burial, Bus, Claim, Clock, Commit, Committed, DeadLetter, Found, Lake, LakeError, Ledger,
    LedgerError, Message, Millis, NewRun, ObjectError, ObjectStore, Provenance, Published, Retraction,
    RunRecord, Source, Stored, TaskRecord, Traced, UnitRecord,
};
use tidegate::flow::{
    Completion, DatasetName, Date, DeadLetterNotice, Document, Failure, Fingerprint, Frame, Listing, Payload,
    RunId, Schema, Transient, Unit, WorkOrder, completed_topic, dead_letter_topic, work_topic,
};

use crate::shared::Shared;

/// The ports of the process with this number.
pub(crate) struct ProcessPorts {
    pub(crate) shared: Arc<Shared>,
    pub(crate) process: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Fine,
    FailsBefore,
    FailsAfter,
}

async fn pause(times: usize) {
    for _ in 0..times {
        let mut paused = false;
        std::future::poll_fn(|context| {
            if paused {
                return std::task::Poll::Ready(());
            }
            paused = true;
            context.waker().wake_by_ref();
            std::task::Poll::Pending
        })
        .await;
    }
}

impl ProcessPorts {
    async fn enter(&self) -> Fate {
        let pauses = self.shared.below(3);
        pause(pauses).await;
        let mut faults = self.shared.faults.lock().expect("one thread");
        if faults.left == 0 || !self.shared.per_mille(faults.per_mille) {
            return Fate::Fine;
        }
        faults.left -= 1;
        self.shared.count("port failures");
        if self.shared.per_mille(500) { Fate::FailsBefore } else { Fate::FailsAfter }
    }

    async fn leave(&self) {
        let pauses = self.shared.below(2);
        pause(pauses).await;
    }

    fn tell(&self, what: impl FnOnce() -> String) {
        self.shared.tell(|| format!("p{} {}", self.process, what()));
    }
}

/// One port call: pause, fail or do it, pause, fail or answer.
macro_rules! call {
    ($ports:ident, $what:literal, $failure:expr, $work:expr) => {{
        let fate = $ports.enter().await;
        if fate == Fate::FailsBefore {
            $ports.tell(|| concat!($what, " fails before it did anything").to_owned());
            return Err($failure);
        }
        let answer = $work;
        $ports.leave().await;
        if fate == Fate::FailsAfter {
            $ports.tell(|| concat!($what, " fails after it was done").to_owned());
            return Err($failure);
        }
        answer
    }};
}

fn broken(operation: &'static str) -> LedgerError {
    LedgerError::Storage { operation, reason: "simulated".to_owned() }
}

fn unavailable(what: &'static str) -> Failure {
    Transient { code: "simulated", message: what.to_owned() }.into()
}

#[async_trait]
impl Ledger for ProcessPorts {
    async fn changes_since(
        &self,
        position: i64,
    ) -> Result<(i64, Vec<(Unit, Option<UnitRecord>)>), LedgerError> {
        call!(self, "changes_since", broken("read"), self.shared.ledger.changes_since(position).await)
    }

    async fn submit(&self, run: NewRun) -> Result<RunId, LedgerError> {
        call!(self, "submit", broken("submit"), {
            let answer = self.shared.ledger.submit(run.clone()).await;
            if let Ok(id) = &answer {
                self.tell(|| format!("submits run {id} ({}): {:?}", run.kind, run.tasks));
                self.shared.shadow().submitted(*id, &run);
            }
            answer
        })
    }

    async fn runs(&self, unfinished_only: bool) -> Result<Vec<RunRecord>, LedgerError> {
        call!(self, "runs", broken("read"), self.shared.ledger.runs(unfinished_only).await)
    }

    async fn tasks(&self, run: RunId, dataset: Option<DatasetName>) -> Result<Vec<TaskRecord>, LedgerError> {
        call!(self, "tasks", broken("read"), self.shared.ledger.tasks(run, dataset).await)
    }

    async fn run(&self, run: RunId) -> Result<Option<RunRecord>, LedgerError> {
        call!(self, "run", broken("read"), self.shared.ledger.run(run).await)
    }

    async fn latest_task(&self, unit: Unit) -> Result<Option<(RunId, TaskRecord)>, LedgerError> {
        call!(self, "latest_task", broken("read"), self.shared.ledger.latest_task(unit).await)
    }

    async fn unfinished(
        &self,
        run: RunId,
        datasets: &[DatasetName],
        dates: RangeInclusive<Date>,
    ) -> Result<Vec<TaskRecord>, LedgerError> {
        call!(self, "unfinished", broken("read"), self.shared.ledger.unfinished(run, datasets, dates).await)
    }

    async fn mark_ready(&self, run: RunId, units: &[Unit], at: Millis) -> Result<(), LedgerError> {
        call!(self, "mark_ready", broken("mark_ready"), {
            self.tell(|| format!("marks ready in run {run}: {units:?}"));
            self.shared.ledger.mark_ready(run, units, at).await
        })
    }

    async fn claim(&self, order: WorkOrder, now: Millis, lease_until: Millis) -> Result<Claim, LedgerError> {
        call!(self, "claim", broken("claim"), {
            let answer = self.shared.ledger.claim(order, now, lease_until).await;
            self.tell(|| format!("claims {} of run {}: {answer:?}", order.unit, order.run));
            if let Ok(Claim::Granted { fence, .. }) = &answer {
                self.shared.shadow().claimed(&self.shared.fixture.cascade, order, *fence);
            }
            answer
        })
    }

    async fn renew(&self, order: WorkOrder, fence: u32, lease_until: Millis) -> Result<bool, LedgerError> {
        call!(self, "renew", broken("renew"), {
            self.shared.count("renewals");
            self.shared.ledger.renew(order, fence, lease_until).await
        })
    }

    async fn commit(&self, commit: Commit) -> Result<Committed, LedgerError> {
        call!(self, "commit", broken("commit"), {
            let answer = self.shared.ledger.commit(commit.clone()).await;
            self.tell(|| {
                let (unit, outcome) = (commit.record.unit, commit.outcome);
                format!("commits {unit} of run {} as {outcome:?}: {answer:?}", commit.run)
            });
            match &answer {
                Ok(Committed::Yes { completion, .. }) => {
                    self.shared.count("commits");
                    self.shared.shadow().committed(&commit, completion);
                }
                Ok(Committed::Stale) => self.shared.count("stale commits"),
                Err(_) => {}
            }
            answer
        })
    }

    async fn hand_back(
        &self,
        order: WorkOrder,
        fence: u32,
        not_before: Millis,
        counts: bool,
    ) -> Result<(), LedgerError> {
        call!(self, "hand_back", broken("hand_back"), {
            self.tell(|| format!("hands back {} of run {} (fence {fence})", order.unit, order.run));
            self.shared.count("handed back");
            self.shared.ledger.hand_back(order, fence, not_before, counts).await
        })
    }

    async fn bury(&self, burial: Burial) -> Result<Option<DeadLetter>, LedgerError> {
        call!(self, "bury", broken("bury"), {
            let answer = self.shared.ledger.bury(burial.clone()).await;
            self.tell(|| format!("buries {} of run {}: {answer:?}", burial.unit, burial.run));
            if let Ok(Some(_)) = &answer {
                self.shared.count("dead letters");
                self.shared.shadow().buried(&burial);
            }
            answer
        })
    }

    async fn reopen(&self, run: RunId, unit: Unit, dependent: Unit, fence: u32) -> Result<(), LedgerError> {
        call!(self, "reopen", broken("reopen"), {
            let answer = self.shared.ledger.reopen(run, unit, dependent, fence).await;
            self.tell(|| format!("reopens {unit} in run {run} for {dependent} (fence {fence})"));
            self.shared.count("reopened");
            let tasks = self.shared.ledger.tasks(run, None).await?;
            let (_, records) = self.shared.ledger.changes_since(0).await?;
            self.shared.shadow().reopened(run, &tasks, records);
            answer
        })
    }

    async fn release_claims(&self) -> Result<u64, LedgerError> {
        call!(self, "release_claims", broken("release_claims"), {
            self.tell(|| "releases all claims".to_owned());
            self.shared.shadow().released();
            self.shared.ledger.release_claims().await
        })
    }

    async fn outbox(&self) -> Result<Vec<(i64, Traced<Completion>)>, LedgerError> {
        call!(self, "outbox", broken("read"), self.shared.ledger.outbox().await)
    }

    async fn mark_published(&self, outbox: &[i64]) -> Result<(), LedgerError> {
        call!(
            self,
            "mark_published",
            broken("mark_published"),
            self.shared.ledger.mark_published(outbox).await
        )
    }

    async fn mark_notice_published(&self, id: i64) -> Result<(), LedgerError> {
        call!(self, "mark_notice_published", broken("mark_notice_published"), {
            self.shared.shadow().notices_marked.insert(id);
            self.shared.ledger.mark_notice_published(id).await
        })
    }

    async fn dead_letters(&self, open_only: bool) -> Result<Vec<DeadLetter>, LedgerError> {
        call!(self, "dead_letters", broken("read"), self.shared.ledger.dead_letters(open_only).await)
    }

    async fn backlog(&self, pipeline: &str) -> Result<Vec<Backlog>, LedgerError> {
        call!(self, "backlog", broken("read"), self.shared.ledger.backlog(pipeline).await)
    }

    async fn accept(&self, id: i64, fingerprint: Fingerprint, at: Millis) -> Result<bool, LedgerError> {
        call!(self, "accept", broken("accept"), {
            let letters = self.shared.ledger.dead_letters(true).await?;
            let answer = self.shared.ledger.accept(id, fingerprint, at).await;
            self.tell(|| format!("accepts dead letter {id}: {answer:?}"));
            if let (Ok(true), Some(letter)) = (&answer, letters.iter().find(|letter| letter.id == id)) {
                self.shared.count("accepted gaps");
                self.shared.shadow().accepted(letter.unit, fingerprint);
            }
            answer
        })
    }

    async fn withdraw(&self, units: &[Unit], at: Millis) -> Result<(), LedgerError> {
        call!(self, "withdraw", broken("withdraw"), self.shared.ledger.withdraw(units, at).await)
    }
}

#[async_trait]
impl Lake for ProcessPorts {
    async fn replace(&self, provenance: &Provenance, frame: &Frame) -> Result<Stored, LakeError> {
        let unit = provenance.unit;
        call!(self, "lake write", storage(unit, "write"), {
            let answer = self.shared.lake.replace(provenance, frame).await;
            self.tell(|| format!("writes {unit}: {:?}", frame.revision()));
            let fingerprint = provenance.fingerprint;
            self.shared.shadow().written(unit, fingerprint, frame.revision());
            answer
        })
    }

    async fn read(&self, unit: Unit, schema: Schema, stored: &Stored) -> Result<Frame, LakeError> {
        call!(self, "lake read", storage(unit, "read"), self.shared.lake.read(unit, schema, stored).await)
    }

    async fn remove(&self, unit: Unit) -> Result<(), LakeError> {
        call!(self, "lake removal", storage(unit, "remove"), {
            self.tell(|| format!("removes {unit}"));
            Lake::remove(&self.shared.lake, unit).await
        })
    }

    async fn present(&self, dataset: DatasetName) -> Result<BTreeMap<Date, u64>, LakeError> {
        let (place, reason) = ("lake".to_owned(), "simulated".to_owned());
        let failure = LakeError::Listing { dataset, operation: "list", place, reason };
        call!(self, "lake list", failure, self.shared.lake.present(dataset).await)
    }
}

#[async_trait]
impl ObjectStore for ProcessPorts {
    async fn publish(&self, as_of: Date, documents: Vec<Document>) -> Result<Published, ObjectError> {
        call!(self, "publishing", no_document("write"), {
            self.tell(|| format!("publishes as of {as_of}"));
            self.shared.objects.publish(as_of, documents).await
        })
    }

    async fn listed(&self, unit: Unit) -> Result<Listing, ObjectError> {
        call!(self, "listed documents", no_document("read"), self.shared.objects.listed(unit).await)
    }

    async fn list(&self, unit: Unit, more: Listing) -> Result<Listing, ObjectError> {
        call!(self, "listing documents", no_document("list"), self.shared.objects.list(unit, more).await)
    }

    async fn retract(&self, retraction: Retraction) -> Result<(), ObjectError> {
        call!(self, "retraction", no_document("retract"), {
            self.shared.count("documents taken back");
            self.tell(|| format!("takes {} back as of {}", retraction.path, retraction.as_of));
            self.shared.objects.retract(retraction).await
        })
    }
}

fn no_document(operation: &'static str) -> ObjectError {
    ObjectError { operation, place: "objects".to_owned(), reason: "simulated".to_owned() }
}

fn storage(unit: Unit, operation: &'static str) -> LakeError {
    LakeError::Storage { unit, operation, place: "lake".to_owned(), reason: "simulated".to_owned() }
}

#[async_trait]
impl Source for ProcessPorts {
    async fn calendar(&self, _source: &str) -> Result<Vec<Payload>, Failure> {
        Err(unavailable("the simulation hands the calendar over itself"))
    }

    async fn stamp(&self, source: &str, date: Date) -> Result<Found<String>, Failure> {
        call!(self, "stamp", unavailable("stamp"), Ok(self.shared.payloads().stamp(source, date).into()))
    }

    async fn payloads(&self, source: &str, date: Date) -> Result<Found<Vec<Payload>>, Failure> {
        call!(self, "payloads", unavailable("payloads"), {
            let payloads = self.shared.payloads();
            let found = payloads.get(source, date).map(|(text, _)| {
                let name = format!("{source}/{date}").into();
                vec![Payload { name, bytes: text.clone().into_bytes().into() }]
            });
            Ok(Found::from(found))
        })
    }
}

#[async_trait]
impl Bus for ProcessPorts {
    async fn publish_completions(&self, completions: &[Traced<Completion>]) -> Result<(), Failure> {
        call!(self, "publish of completions", unavailable("publish"), {
            for Traced { message: completion, .. } in completions {
                self.tell(|| {
                    let Completion { run, unit, attempt, outcome, .. } = completion;
                    format!("publishes completion of {unit} of run {run}, attempt {attempt}, {outcome:?}")
                });
                self.shared.shadow().published(completion);
                let topic = completed_topic(completion.unit.dataset);
                self.shared.publish(&topic, &Message::Completion(completion.clone()));
            }
            Ok(())
        })
    }

    async fn publish_work_orders(&self, orders: &[Traced<WorkOrder>]) -> Result<(), Failure> {
        call!(self, "publish of work orders", unavailable("publish"), {
            for Traced { message: order, .. } in orders {
                self.tell(|| format!("publishes work order {} of run {}", order.unit, order.run));
                let topic = work_topic(order.unit.dataset, order.lane);
                self.shared.publish(&topic, &Message::WorkOrder(*order));
            }
            Ok(())
        })
    }

    async fn publish_dead_letter(&self, notice: &Traced<DeadLetterNotice>) -> Result<(), Failure> {
        let notice = &notice.message;
        call!(self, "publish of a dead letter", unavailable("publish"), {
            self.tell(|| format!("publishes dead letter {} of {}", notice.id, notice.order.unit));
            self.shared.shadow().notices_published.insert(notice.id);
            let topic = dead_letter_topic(notice.order.unit.dataset);
            self.shared.publish(&topic, &Message::DeadLetter(notice.clone()));
            Ok(())
        })
    }
}

#[async_trait]
impl Clock for ProcessPorts {
    fn now(&self) -> Millis {
        self.shared.clock.now()
    }

    async fn sleep_until(&self, deadline: Millis) {
        self.shared.clock.sleep_until(deadline).await;
    }
}
