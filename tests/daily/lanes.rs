//! A fleet that begins in the middle of a second season has today to do and all that lies behind: today, and what
//! it waits for, goes on the daily lane; what nobody waits for follows as a backfill.

use std::collections::BTreeSet;
use std::sync::Arc;

use tidegate::adapters::sources::{League, SimulatedLeague};
use tidegate::fleet::{AsOf, Days, Ledger, Millis, Scheduler, Source, Today};
use tidegate::flow::{Date, Lane, RunId, Unit};
use tidegate::pipelines::nba::{NBA_RHYTHM, PLAYER_PROP_PREDICTIONS, SITE_RESULTS};

use crate::world::{PIPELINE, Process, World};

/// Of a run: its lane, its kind, and its tasks, which are done.
async fn done(world: &World, process: &Process, run: RunId) -> (Lane, String, BTreeSet<Unit>) {
    process.engine.progress().wait_finished(run).await;
    let record = world.ledger.run(run).await.expect("a ledger").expect("a run");
    let tasks = world.ledger.tasks(run, None).await.expect("its tasks");
    (record.lane, record.kind, tasks.into_iter().map(|task| task.unit).collect())
}

#[tokio::test]
async fn today_never_waits_on_the_lane_of_backfills() {
    let league = League { seed: 3, seasons: vec![2022, 2023], teams: 4, games_per_team: 12 };
    let league: Arc<dyn Source> = Arc::new(SimulatedLeague::new(league).expect("a league"));
    let payloads = league.calendar(PIPELINE.calendar_source).await.expect("payloads");
    let calendar = (PIPELINE.calendar)(&payloads).expect("a calendar");
    let today: Date = calendar.date(calendar.len() - 8);
    let world = World::new(NBA_RHYTHM.opening(today));
    let view = Today::on(today);
    let morning = AsOf::morning(league, Arc::clone(&view), PIPELINE.calendar_source);
    let process = world.start(Arc::new(morning)).await;
    let days = Days::of(Arc::clone(&process.engine), &PIPELINE, NBA_RHYTHM, view, None);
    let mut scheduler = Scheduler::new(NBA_RHYTHM);

    let turn = days.turn(&mut scheduler).await.expect("a turn");
    let (first, _, _) = turn.run.expect("a run of today");
    let look: Millis = turn.next - NBA_RHYTHM.opening(today);
    assert_eq!(look, 60_000, "what is left is not forgotten until tomorrow");
    // While the day is under way nothing else is begun: it would take the day's tasks with it.
    assert_eq!(days.turn(&mut scheduler).await.expect("a turn").run, None);
    let (lane, kind, of_day) = done(&world, &process, first).await;
    assert_eq!((lane, kind.as_str()), (Lane::Daily, "day"));
    let predictions = Unit { dataset: PLAYER_PROP_PREDICTIONS.name(), date: today };
    assert!(of_day.contains(&predictions));

    let turn = days.turn(&mut scheduler).await.expect("a turn");
    let (second, _, _) = turn.run.expect("a run of what is left");
    let (lane, kind, older) = done(&world, &process, second).await;
    assert_eq!((lane, kind.as_str()), (Lane::Backfill, "backfill"));
    let recent = today.plus_days(-i32::from(NBA_RHYTHM.mornings_again));
    let late: Vec<&Unit> = older.iter().filter(|unit| unit.date >= recent).collect();
    assert!(late.is_empty(), "of today, on the backfill's lane: {late:?}");
    let results = Unit { dataset: SITE_RESULTS, date: calendar.date(0) };
    assert!(older.contains(&results) && !of_day.contains(&results), "nothing waits for last season's pages");

    assert_eq!(days.turn(&mut scheduler).await.expect("a turn").run, None, "all is done");
    let all: BTreeSet<Unit> = world.records().await.into_keys().filter(|unit| unit.date <= today).collect();
    assert!(all.is_subset(&of_day.union(&older).copied().collect()));
}
