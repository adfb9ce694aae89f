//! What a home should be like beside what it is: rules from the declarations and from what was observed to findings,
//! each with what was found, what was expected and how to mend it. Pure: no IO, no clock, no async; asks nobody
//! anything. What adapters observe is told in this room's words. Imports `flow` and the sink's words of `fleet`.

mod agent;
mod answer;
mod bucket;
mod finding;
mod landing;
mod ledger;
mod mend;
mod needs;
mod subscriptions;
mod tables;
mod tasks;
mod topology;
mod units;

pub use agent::{AgentNeed, Grant, agent, agent_needs};
pub use answer::Answer;
pub use bucket::{BucketName, Probe, SeenBucket, bucket, probe};
pub use finding::{Check, Finding, Report, Verdict};
pub use landing::{SeenSource, landing};
pub use ledger::{Door, SeenLedger, WantedLedger, door, standing};
pub use mend::Place;
pub use needs::{Held, Need, OBJECT_READS, OBJECT_WRITES, Role, Scope, needs, rights};
pub use subscriptions::{Delivery, SeenSubscription};
pub use tables::{dataset, lag, table};
pub use tasks::slowest;
pub use topology::{BusResource, SeenBus, SeenTopic, topology};
pub use units::{code, newest, stored};
