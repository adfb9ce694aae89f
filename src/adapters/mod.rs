//! One folder for each outside thing; the only rooms that know a vendor.
//! They implement the ports of `fleet`, classify their own errors by type, and do not import each other; but
//! what lies in a bucket goes through `gcs`, and what lies on the local disk is made durable by `disk`.

mod disk;

pub mod bigquery;
pub mod gcs;
pub mod lake;
pub mod ledger;
pub mod objects;
pub mod pubsub;
pub mod query;
pub mod sources;
