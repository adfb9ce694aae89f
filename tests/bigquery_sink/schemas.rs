//! Tables as they are made, and declarations that change afterwards.

use std::sync::Arc;

use serde_json::{Value, json};
use tidegate::fleet::sink::{Lag, Shape, Warehouse, WarehouseError, table_specs};
use tidegate::flow::{Cascade, Lane};

use crate::world::{KINDS, OTHERS, TEST, World, unit};

#[tokio::test]
async fn tables_are_made_as_declared() {
    let world = World::new().await;
    world.complete_days(KINDS.name(), 0..1, Lane::Daily, 1).await;
    world.level().await;
    let table = world.server.table("warehouse", "kinds").expect("a table");
    assert_eq!(table["timePartitioning"], json!({ "type": "DAY", "field": "date" }));
    assert_eq!(table["requirePartitionFilter"], json!(true));
    assert_eq!(table["clustering"], json!({ "fields": ["name"] }), "a float cannot be clustered by");
    assert_eq!(table["location"], json!("europe-west1"));
    let fields = table.pointer("/schema/fields").and_then(Value::as_array).expect("columns");
    let fields: Vec<String> = fields
        .iter()
        .map(|field| format!("{} {} {}", field["name"], field["type"], field["mode"]).replace('"', ""))
        .collect();
    assert_eq!(
        fields,
        [
            "date DATE NULLABLE",
            "name STRING NULLABLE",
            "count INTEGER NULLABLE",
            "share FLOAT NULLABLE",
            "flag BOOLEAN NULLABLE",
            "day DATE NULLABLE",
            "features FLOAT REPEATED",
            "issues STRING REPEATED",
        ]
    );
    assert_eq!(table.pointer("/schema/fields/2/description"), Some(&json!("Nullable integer.")));
    let client = world.client().await;
    for spec in table_specs(&Cascade::of(&TEST).expect("a cascade")) {
        assert_eq!(client.shape(spec).await, Ok(Shape::AsDeclared), "{}", spec.dataset);
    }
}

#[tokio::test]
async fn a_column_that_was_added_is_added_to_the_table() {
    let world = World::new().await;
    world.complete_days(KINDS.name(), 0..10, Lane::Backfill, 1).await;
    world.level().await;
    // As an earlier release made it.
    let without = |table: &mut Value, column: &str| {
        let fields = table.pointer_mut("/schema/fields").and_then(Value::as_array_mut).expect("columns");
        fields.retain(|field| field["name"] != json!(column));
    };
    world.server.meddle("warehouse", "kinds", |table| {
        without(table, "flag");
        table["description"] = json!("old");
    });
    let client = world.client().await;
    let [spec, ..] = table_specs(&Cascade::of(&TEST).expect("a cascade"))[..] else { panic!("tables") };
    let behind = ["column `flag` is missing", "it is described otherwise"].map(str::to_owned).to_vec();
    assert_eq!(client.shape(spec).await, Ok(Shape::Behind(behind)));
    world.complete_days(KINDS.name(), 4..5, Lane::Daily, 50).await;
    world.level().await;
    assert_eq!(client.shape(spec).await, Ok(Shape::AsDeclared));
    let table = world.server.table("warehouse", "kinds").expect("a table");
    let last = table.pointer("/schema/fields").and_then(Value::as_array).and_then(|fields| fields.last());
    assert_eq!(last.map(|field| field["name"].clone()), Some(json!("flag")), "at the end, as it must be");
}

#[tokio::test]
async fn a_table_that_does_not_fit_is_reported_and_left_as_it_is() {
    let world = World::new().await;
    world.complete_days(KINDS.name(), 0..3, Lane::Daily, 1).await;
    world.level().await;
    world.server.meddle("warehouse", "kinds", |table| {
        table["schema"]["fields"][2]["type"] = json!("STRING");
    });
    let before = world.server.rows("warehouse", "kinds");
    world.complete_days(KINDS.name(), 0..2, Lane::Daily, 9).await;
    world.complete_days(OTHERS.name(), 0..2, Lane::Daily, 9).await;
    let sink = world.sink().await;
    let mut lag = sink.lag();
    let refused = |lag: &tidegate::fleet::sink::SinkLag| {
        let lag = |name| lag.tables.get(&name);
        lag(OTHERS.name()).is_some_and(|lag| lag.units == 0)
            && lag(KINDS.name()).is_some_and(|lag| lag.refusal.is_some())
    };
    let seen = lag.wait_for(refused).await.expect("one refused, the other equal").clone();
    sink.stop().await;
    let table = &seen.tables[&KINDS.name()];
    assert_eq!(table.units, 2);
    let refusal = table.refusal.clone().unwrap_or_default();
    assert_eq!(
        refusal,
        "table acme.warehouse.kinds: column `count` is String, not Integer; take the table away and it is made \
         and filled anew"
    );
    assert_eq!(world.server.rows("warehouse", "kinds"), before, "nothing half loaded");
    let client = world.client().await;
    let [spec, ..] = table_specs(&Cascade::of(&TEST).expect("a cascade"))[..] else { panic!("tables") };
    assert!(matches!(client.shape(spec).await, Err(WarehouseError::Incompatible { .. })));
    assert_eq!(world.lags().await.get(&unit(KINDS.name(), 0)), Some(&Lag::OtherContent));

    world.server.drop_table("warehouse", "kinds");
    world.level().await;
    world.assert_equal().await;
}

/// How a load is made a wrong one.
type Change = Arc<dyn Fn(&mut Value)>;

#[tokio::test]
async fn what_a_load_must_be_is_asked_of_the_server() {
    // The server refuses what BigQuery refuses; without that the tests above would show nothing.
    let world = World::new().await;
    world.complete_days(KINDS.name(), 0..1, Lane::Daily, 1).await;
    world.level().await;
    let body =
        world.server.jobs().into_iter().find(|job| job["configuration"]["load"].is_object()).expect("one");
    let cases: [(&str, &str, Change); 6] = [
        (
            "inference",
            "changed type",
            Arc::new(|load| drop(load.as_object_mut().map(|l| l.remove("parquetOptions")))),
        ),
        (
            "partition",
            "different partitions",
            Arc::new(|load| load["destinationTable"]["tableId"] = json!("kinds$20240201")),
        ),
        ("table", "Not found", Arc::new(|load| load["destinationTable"]["tableId"] = json!("none$20240126"))),
        (
            "file",
            "Not found",
            Arc::new(|load| {
                load["sourceUris"] = json!(["gs://bucket/lake/test/kinds/date=2024-01-09/kinds.parquet"])
            }),
        ),
        (
            "path",
            "no `date=",
            Arc::new(|load| load["hivePartitioningOptions"]["sourceUriPrefix"] = json!("gs://b/{date:DATE}")),
        ),
        (
            "key",
            "no key of type DATE",
            Arc::new(|load| {
                load["hivePartitioningOptions"]["sourceUriPrefix"] = json!("gs://bucket/lake/test/kinds")
            }),
        ),
    ];
    for (name, expected, change) in cases {
        let mut body = body.clone();
        body["jobReference"]["jobId"] = json!(format!("job_{name}"));
        change(&mut body["configuration"]["load"]);
        world.server.insert_job(&body).expect("begun");
        tidegate::fleet::Clock::sleep_until(&*world.clock, world.clock.tick() + 10_000).await;
        let job = world.server.get_job(&format!("job_{name}"), Some("europe-west1")).expect("a job");
        let message = job["status"]["errorResult"]["message"].as_str().unwrap_or_default();
        assert!(message.contains(expected), "{name}: {job}");
    }
    assert!(world.server.get_job("job_key", None).is_err(), "its place must be named");
}
