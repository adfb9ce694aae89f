//! Loading, restating, emptying; and the same with everything going wrong that can.

use serde_json::{Value, json};
use tidegate::fleet::sink::{Lag, Warehouse};
use tidegate::flow::Lane;

use crate::bigquery::{JobFault, Kind, Limits};
use crate::faults::{Fault, Faults};
use crate::world::{KINDS, OTHERS, World, rows, unit};

/// Two tables, days and a backfill.
async fn filled(world: &World) {
    world.complete_days(KINDS.name(), 0..12, Lane::Backfill, 1).await;
    world.complete_days(OTHERS.name(), 0..3, Lane::Daily, 100).await;
}

#[tokio::test]
async fn tables_are_equal_to_the_lake_and_follow_its_changes() {
    let world = World::new().await;
    filled(&world).await;
    world.level().await;
    world.assert_equal().await;
    let begun = world.jobs().len();
    assert_eq!(begun, 1 + 3, "a joint job for the backfill, one for each day");

    // Restated, skipped, new, without rows, and back to what it was.
    let changes = [
        (unit(KINDS.name(), 3), Some(rows(unit(KINDS.name(), 3).date, 77))),
        (unit(KINDS.name(), 4), None),
        (unit(OTHERS.name(), 9), Some(rows(unit(OTHERS.name(), 9).date, 5))),
        (unit(OTHERS.name(), 1), Some(Vec::new())),
    ];
    for (unit, rows) in &changes {
        world.complete(*unit, Lane::Daily, rows.as_deref()).await;
    }
    assert_eq!(world.lags().await.len(), 4);
    world.level().await;
    world.assert_equal().await;
    world.complete(unit(KINDS.name(), 3), Lane::Daily, Some(&rows(unit(KINDS.name(), 3).date, 4))).await;
    world.level().await;
    world.assert_equal().await;
    let before = world.jobs().len();
    world.level().await;
    assert_eq!(world.jobs().len(), before, "nothing is loaded twice");
}

#[tokio::test]
async fn dates_that_are_taken_back_are_emptied() {
    let world = World::new().await;
    filled(&world).await;
    world.level().await;
    let gone = [unit(KINDS.name(), 2), unit(KINDS.name(), 7)];
    tidegate::fleet::Ledger::withdraw(&*world.ledger, &gone, world.clock.tick()).await.expect("taken back");
    world.level().await;
    world.assert_equal().await;
    assert_eq!(world.server.rows("warehouse", "kinds").len(), 10);
    let deletes = world.jobs().into_iter().filter(|job| job["query"].is_object()).count();
    assert_eq!(deletes, 1, "both at once");
}

#[tokio::test]
async fn a_backfill_is_of_low_priority_and_says_so() {
    let world = World::new().await;
    filled(&world).await;
    world.level().await;
    let jobs: Vec<Value> = world.server.jobs();
    let lane = |job: &Value, lane: &str| job["configuration"]["labels"]["tidegate_lane"] == json!(lane);
    let joint = |job: &Value| {
        job.pointer("/configuration/load/sourceUris").and_then(Value::as_array).map_or(0, Vec::len) == 12
    };
    let joint = jobs.iter().find(|job| joint(job)).expect("the backfill's job");
    assert!(lane(joint, "backfill"));
    assert_eq!(joint["configuration"]["load"]["writeDisposition"], json!("WRITE_TRUNCATE_DATA"));
    // A load has no priority in BigQuery; a query has.
    for job in jobs.iter().filter(|job| job["configuration"]["query"].is_object()) {
        let priority = if lane(job, "backfill") { "BATCH" } else { "INTERACTIVE" };
        assert_eq!(job["configuration"]["query"]["priority"], json!(priority));
    }
    let begun = |job: &&Value| lane(job, "daily") && job["configuration"]["load"].is_object();
    assert_eq!(jobs.iter().filter(begun).count(), 3);
}

#[tokio::test]
async fn each_fault_of_each_request_passes() {
    let faults = [
        Fault::TooManyRequests,
        Fault::Unavailable,
        Fault::UnavailableAfter,
        Fault::DroppedBefore,
        Fault::DroppedAfter,
    ];
    for fault in faults {
        let world = World::new().await;
        filled(&world).await;
        for kind in [Kind::Look, Kind::Change, Kind::InsertJob, Kind::GetJob, Kind::Query] {
            world.server.faults.plan(kind, fault);
            world.server.faults.plan(kind, fault);
        }
        world.level().await;
        world.assert_equal().await;
    }
}

#[tokio::test]
async fn jobs_that_fail_are_tried_again_under_another_name() {
    for fault in [JobFault::Backend, JobFault::RateLimit, JobFault::Quota, JobFault::Invalid] {
        let world = World::new().await;
        filled(&world).await;
        (0..6).for_each(|_| world.server.plan_job(fault));
        world.level().await;
        world.assert_equal().await;
    }
}

#[tokio::test]
async fn whatever_goes_wrong_by_chance_the_tables_become_equal() {
    for seed in 1..4 {
        let world = World::with(Faults::of_seed(seed), Limits::default()).await;
        world.server.jobs_of_seed(seed);
        filled(&world).await;
        world.level().await;
        for day in 0..6 {
            world.complete_days(KINDS.name(), day..day + 2, Lane::Daily, i64::from(day) * 10).await;
            world.level().await;
        }
        world.assert_equal().await;
    }
}

#[tokio::test]
async fn a_job_that_was_begun_before_a_crash_is_found_again() {
    // Its answer was lost, it was answered and not yet done, it was done and not yet written down.
    for lost in [true, false] {
        let world = World::new().await;
        world.complete_days(OTHERS.name(), 0..1, Lane::Daily, 3).await;
        if lost {
            world.server.faults.plan(Kind::InsertJob, Fault::DroppedAfter);
        }
        let sink = world.sink().await;
        while world.jobs().is_empty() {
            tokio::task::yield_now().await;
        }
        // As if it were killed: nothing is closed, nothing written down.
        drop(sink);
        world.level().await;
        world.assert_equal().await;
        assert_eq!(world.jobs().len(), 1, "begun once; lost: {lost}");
    }
}

#[tokio::test]
async fn what_somebody_else_does_to_a_table_is_found_and_mended() {
    let world = World::new().await;
    filled(&world).await;
    world.level().await;
    world.server.lose("warehouse", "kinds", "20240127");
    world.clock.tick();
    world.server.touch("warehouse", "kinds", "20240128");
    let lags = world.lags().await;
    assert_eq!(lags.get(&unit(KINDS.name(), 1)), Some(&Lag::OtherRows { expected: 7, found: 0 }));
    assert_eq!(lags.get(&unit(KINDS.name(), 2)), Some(&Lag::WrittenSince));
    world.level().await;
    world.assert_equal().await;
    world.server.drop_table("warehouse", "others");
    world.level().await;
    world.assert_equal().await;
}

#[tokio::test]
async fn a_file_that_cannot_be_loaded_is_reported_and_holds_up_nothing_else() {
    let world = World::new().await;
    filled(&world).await;
    let bad = unit(KINDS.name(), 5);
    let file = world.lake.place(bad);
    let good = std::fs::read(&file).expect("a file");
    std::fs::write(&file, "no Parquet").expect("damage");
    let sink = world.sink().await;
    let mut lag = sink.lag();
    let others =
        |lag: &tidegate::fleet::sink::SinkLag| lag.tables.values().map(|table| table.units).sum::<u64>() == 1;
    lag.wait_for(others).await.expect("all but one");
    loop {
        match world.lags().await.get(&bad) {
            Some(Lag::Failed { fault }) => {
                assert!(
                    fault.contains("Error while reading data") && fault.contains("2024-01-31"),
                    "{fault}"
                );
                break;
            }
            _ => tokio::task::yield_now().await,
        }
    }
    std::fs::write(&file, good).expect("mended");
    lag.wait_for(|lag| lag.tables.values().all(|table| table.units == 0)).await.expect("mended");
    sink.stop().await;
    world.level().await;
    world.assert_equal().await;
}

#[tokio::test]
async fn limits_are_kept_by_who_knows_them() {
    let mut world = World::new().await;
    world.limits.joint_load_from = usize::MAX;
    let began = world.clock.tick();
    world.complete_days(KINDS.name(), 0..130, Lane::Daily, 1).await;
    world.level().await;
    world.assert_equal().await;
    let took = world.clock.tick() - began;
    assert!(took >= 20_000, "130 jobs of a table, 50 in ten seconds: {took} ms");
}

#[tokio::test]
async fn a_limit_that_is_hit_is_waited_for() {
    let limits = Limits { partition_modifications_a_table_and_day: 5, ..Limits::default() };
    let mut world = World::with(Faults::none(), limits).await;
    world.limits.joint_load_from = usize::MAX;
    let began = world.clock.tick();
    world.complete_days(KINDS.name(), 0..8, Lane::Daily, 1).await;
    world.level().await;
    assert!(world.lags().await.is_empty());
    assert!(!world.server.over_limit().is_empty(), "the service had to say so");
    let days = (world.clock.tick() - began) / (24 * 60 * 60 * 1_000);
    assert!((1..4).contains(&days), "as soon as the day's limit allowed it: {days} days");
}

#[tokio::test]
async fn a_table_of_more_partitions_than_a_job_takes_is_loaded_date_by_date() {
    let limits = Limits { partitions_a_job: 10, ..Limits::default() };
    let mut world = World::with(Faults::none(), limits).await;
    world.limits.partitions_per_job = 10;
    world.complete_days(KINDS.name(), 0..11, Lane::Backfill, 1).await;
    world.level().await;
    world.assert_equal().await;
    assert_eq!(world.jobs().len(), 11);
}

#[tokio::test]
async fn a_service_that_was_never_used_has_nothing() {
    let world = World::new().await;
    filled(&world).await;
    let client = world.client().await;
    let contents = client.contents().await.expect("an answer");
    assert!(contents.partitions.is_empty() && contents.notes.is_empty());
    assert!(world.lags().await.values().all(|lag| *lag == Lag::NotLoaded));
}
