//! Traces, end to end on this machine: real fleets on our own server, told to a collector that speaks OTLP. One date is
//! one trace through the whole cascade, whoever does what; failures are in it with their reasons, and a replay goes
//! back to them; what is not sampled is not told, and who tells nothing breaks no chain.

mod collector;
mod fleet;
#[path = "../../examples/own_pipeline.rs"]
#[expect(dead_code, unreachable_pub, reason = "a part of the example is used here")]
mod own_pipeline;
mod walk;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tidegate::adapters::otlp::{Otlp, OtlpConfig};
use tidegate::adapters::sources::{League, SimulatedLeague};
use tidegate::fleet::{Found, Sampling, Source, replay};
use tidegate::flow::{Date, Failure, Lane, Payload, RunId};
use tidegate::pipelines::nba::NBA;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use collector::{Collector, Told};
use fleet::{Fleet, Telling};
use own_pipeline::{DAYS, Thermometer, WEATHER};
use walk::Walk;

const ALL: Option<Sampling> = Some(Sampling { daily_percent: 100, backfill_percent: 100 });
const DAYS_ALONE: Option<Sampling> = Some(Sampling { daily_percent: 100, backfill_percent: 0 });

/// Every process has one taker of spans, so everything that is told is told in this one test.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_date_is_one_trace_through_the_whole_cascade() {
    let collector = Collector::start().await;
    let config = OtlpConfig { endpoint: collector.endpoint.clone(), service: "tidegate-test".to_owned() };
    let otlp = Otlp::start(config).expect("an exporter");
    tracing_subscriber::registry().with(otlp.layer()).init();

    let league = a_league(Telling { gates: ALL, workers: ALL }).await;
    let mended = a_broken_day_is_mended().await;
    let silent = a_backfill_of_days_alone().await;
    let partly = workers_that_tell_nothing().await;

    let finished = tokio::task::spawn_blocking(move || otlp.finish(Duration::from_secs(30)));
    finished.await.expect("an end").expect("all spans are out");
    let told = collector.told();
    league.check(&told);
    mended.check(&told);
    assert!(
        told.iter().all(|span| span.of("tidegate.run_name") != silent),
        "a date that is not sampled was told"
    );
    partly.check(&told);
}

/// The tasks of a run by date, without the pipeline's name.
struct Ran {
    run: RunId,
    name: &'static str,
    tasks: Vec<(Date, BTreeSet<String>)>,
}

impl Ran {
    async fn of(fleet: &Fleet, run: RunId, name: &'static str) -> Self {
        let tasks = fleet.ledger.tasks(run, None).await.expect("the tasks");
        let dates: BTreeSet<Date> = tasks.iter().map(|task| task.unit.date).collect();
        let of = |date: Date| {
            let of_date = tasks.iter().filter(|task| task.unit.date == date);
            (date, of_date.map(|task| task.unit.dataset.table().to_owned()).collect())
        };
        Self { run, name, tasks: dates.into_iter().map(of).collect() }
    }

    fn told<'a>(&self, told: &'a [Told]) -> Vec<Told> {
        // Two fleets number their runs alike.
        let roots = told.iter().filter(|span| span.of("tidegate.run_name") == self.name);
        let traces: BTreeSet<&'a [u8]> = roots.map(|span| span.trace.as_slice()).collect();
        told.iter().filter(|span| traces.contains(span.trace.as_slice())).cloned().collect()
    }
}

async fn a_league(telling: Telling) -> Through {
    let league = League { seed: 1, seasons: vec![2023], teams: 4, games_per_team: 12 };
    let league = Arc::new(SimulatedLeague::new(league).expect("a league"));
    let fleet = Fleet::start(&NBA, league, telling).await;
    let run = fleet.run("league", Lane::Backfill).await;
    let ran = Ran::of(&fleet, run, "league").await;
    fleet.stop().await;
    Through(ran)
}

struct Through(Ran);

impl Through {
    fn check(&self, told: &[Told]) {
        let Self(ran) = self;
        let told = ran.told(told);
        let walks: Vec<Walk> = ran.tasks.iter().map(|(date, _)| Walk::of(&told, ran.run, *date)).collect();
        assert!(walks.len() > 12, "{} dates", walks.len());
        for ((date, tasks), walk) in ran.tasks.iter().zip(&walks) {
            let attempts = walk.attempts();
            assert_eq!(
                attempts.keys().cloned().collect::<BTreeSet<_>>(),
                *tasks,
                "{date}: every processor's attempt"
            );
            assert!(attempts.values().flatten().all(|outcome| outcome == "done" || outcome == "skipped"));
            assert_eq!(
                (walk.root().name.as_str(), walk.root().service.as_str()),
                ("submit nba", "tidegate-test")
            );
            walk.check_messages();
            for attempt in walk.spans().filter(|span| span.name == "attempt") {
                let steps: BTreeSet<&str> = walk
                    .spans()
                    .filter(|span| span.parent == attempt.id)
                    .map(|span| span.name.split(' ').next().unwrap_or_default())
                    .collect();
                assert!(
                    steps.is_superset(&BTreeSet::from(["write", "commit", "send"])),
                    "{attempt:?}: {steps:?}"
                );
            }
        }
        // From the last document back to what landed: each completion is heard by a gate, which sends the next order.
        let chain = walks[walks.len() - 1].chain("site_predictions");
        println!("{} spans of the last date: {}", walks[walks.len() - 1].spans().count(), chain.join(" <- "));
        let (mut hops, mut spans) = (0, chain.iter().map(String::as_str).peekable());
        while let Some(attempt) = spans.next() {
            assert_eq!(attempt, "attempt", "{chain:#?}");
            let [worker, order] = [spans.next(), spans.next()].map(Option::unwrap_or_default);
            assert!(worker.starts_with("process nba.") && worker.ends_with(".worker.backfill"), "{worker}");
            assert!(order.starts_with("send nba.") && order.ends_with(".work.backfill"), "{order}");
            hops += 1;
            // A gate may find a unit finished in the ledger before it hears of it.
            let _ = spans.next_if(|span| span.starts_with("process nba.") && span.contains(".gate."));
            match spans.next() {
                Some("submit nba") => assert_eq!(spans.next(), None),
                Some(completion) => assert!(completion.ends_with(".completed"), "{completion}"),
                None => panic!("where does it begin? {chain:#?}"),
            }
        }
        assert!(hops > 5, "{chain:#?}");
        // What a date waits for of other dates is linked.
        let links = told.iter().filter(|span| span.links.iter().any(|(trace, _)| *trace != span.trace));
        assert!(links.count() > 0, "no order names a completion of another date");
    }
}

/// A thermometer that can be mended.
struct Mendable(Mutex<Thermometer>);

impl Mendable {
    fn of(days: [(&'static str, &'static str); 3]) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Thermometer(days.into()))))
    }

    fn becomes(&self, days: [(&'static str, &'static str); 3]) {
        *self.0.lock().expect("nobody panics") = Thermometer(days.into());
    }

    fn now(&self) -> Thermometer {
        Thermometer(self.0.lock().expect("nobody panics").0.clone())
    }
}

#[async_trait]
impl Source for Mendable {
    async fn calendar(&self, source: &str) -> Result<Vec<Payload>, Failure> {
        self.now().calendar(source).await
    }

    async fn payloads(&self, source: &str, day: Date) -> Result<Found<Vec<Payload>>, Failure> {
        self.now().payloads(source, day).await
    }
}

struct Mended {
    died: Ran,
    mended: RunId,
    day: Date,
}

async fn a_broken_day_is_mended() -> Mended {
    let mut broken = DAYS;
    broken[1].1 = "a lot";
    let source = Mendable::of(broken);
    let fleet = Fleet::start(&WEATHER, source.clone(), Telling { gates: ALL, workers: ALL }).await;
    let run = fleet.run("broken", Lane::Backfill).await;
    let died = Ran::of(&fleet, run, "broken").await;
    source.becomes(DAYS);
    let letters = fleet.ledger.dead_letters(true).await.expect("dead letters");
    let [letter] = &letters[..] else { panic!("{letters:?}") };
    let runs = replay(&fleet.gates, &[letter.id], false, Lane::Daily).await.expect("replayed");
    let [mended] = runs[..] else { panic!("{runs:?}") };
    fleet.workers.progress().wait_finished(mended).await;
    fleet.stop().await;
    Mended { died, mended, day: letter.unit.date }
}

impl Mended {
    fn check(&self, told: &[Told]) {
        // A replay carries on the name of the run that failed.
        let told = self.died.told(told);
        let died = Walk::of(&told, self.died.run, self.day);
        let failed: Vec<&Told> =
            died.spans().filter(|span| span.name == "attempt" && span.error.is_some()).collect();
        let [failed] = &failed[..] else { panic!("{failed:#?}") };
        assert_eq!((failed.of("tidegate.processor"), failed.of("tidegate.outcome")), ("readings", "dead"));
        assert!(!failed.of("error.type").is_empty(), "{failed:?}");
        let reason = failed.error.as_deref().unwrap_or_default();
        assert!(reason.contains("2026-03-02"), "the reason is told: {failed:?}");
        let notice = died.spans().find(|span| span.name == "send weather.readings.dead-letters");
        assert_eq!(notice.map(|notice| &notice.parent), Some(&failed.id));

        let mended = Walk::of(&told, self.mended, self.day);
        assert_ne!(mended.root().trace, died.root().trace, "another run is another trace");
        assert_eq!(
            mended.root().links,
            [(failed.trace.clone(), failed.id.clone())],
            "it goes back to what failed"
        );
        assert!(mended.attempts().contains_key("readings"));
        mended.check_messages();
    }
}

async fn a_backfill_of_days_alone() -> &'static str {
    let telling = Telling { gates: DAYS_ALONE, workers: DAYS_ALONE };
    let fleet = Fleet::start(&WEATHER, Mendable::of(DAYS), telling).await;
    fleet.run("silent", Lane::Backfill).await;
    fleet.stop().await;
    "silent"
}

struct Partly(Ran);

async fn workers_that_tell_nothing() -> Partly {
    let telling = Telling { gates: ALL, workers: None };
    let fleet = Fleet::start(&WEATHER, Mendable::of(DAYS), telling).await;
    let run = fleet.run("partly", Lane::Daily).await;
    let ran = Ran::of(&fleet, run, "partly").await;
    fleet.stop().await;
    Partly(ran)
}

impl Partly {
    fn check(&self, told: &[Told]) {
        let told = self.0.told(told);
        assert!(told.iter().all(|span| span.name != "attempt"));
        let heard = told.iter().filter(|span| span.name == "process weather.readings.gate.landed");
        let dates = heard.map(|gate| {
            let sent = told.iter().find(|span| span.id == gate.parent).expect("who sent it");
            assert_eq!(sent.name, "send weather.landed.work.daily", "the order's trace was handed on");
            assert_eq!(sent.trace, gate.trace);
            gate.of("tidegate.date").to_owned()
        });
        assert_eq!(dates.collect::<BTreeSet<_>>().len(), self.0.tasks.len(), "each date was heard of");
    }
}
