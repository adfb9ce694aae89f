//! The sink against a local BigQuery over HTTP, with a real ledger and a real lake: tables equal to the lake, each
//! fault, crashes, limits, schemas that change; and a fleet that runs while the sink follows it.
#![allow(unreachable_pub, missing_docs, reason = "a test crate has no public interface")]

#[path = "../../examples/local_cloud/bigquery.rs"]
mod bigquery;
#[path = "../../examples/local_cloud/bigquery_api.rs"]
mod bigquery_api;
#[path = "../../examples/local_cloud/bigquery_load.rs"]
mod bigquery_load;
#[path = "../../examples/local_cloud/bigquery_sql.rs"]
mod bigquery_sql;
#[path = "../../examples/local_cloud/connections.rs"]
mod connections;
#[path = "../../examples/local_cloud/faults.rs"]
mod faults;

mod cells;
mod faulty;
mod following;
mod schemas;
mod world;
