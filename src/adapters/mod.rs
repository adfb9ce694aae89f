//! One folder for each outside thing; the only rooms that know a vendor.
//! They implement the ports of `fleet`, classify their own errors by type, and do not import each other; but
//! what lies in a bucket goes through `gcs`, what a client cannot be asked through `rest`, and what lies on the local disk is made durable by `disk`.

mod disk;

pub mod bigquery;
pub mod gcs;
pub mod lake;
pub mod ledger;
pub mod objects;
pub mod otlp;
pub mod project;
pub mod pubsub;
pub mod query;
mod rest;
pub mod sources;
