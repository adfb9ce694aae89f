//! The embedded Pub/Sub server: `google.pubsub.v1` over gRPC and REST on one port, durable in one directory.
//!
//! A request comes in by `service.rs` or `rest.rs`, is carried out by `core.rs` against `state.rs`, whose backlogs
//! are `queue.rs`, and what must be durable goes through `writer.rs` as the records of `log.rs` into `storage.rs`;
//! `recovery.rs` reads them back. Usable by any Pub/Sub client; knows no processor, no date, no run, and no room.

mod ack_id;
pub mod api;
mod change;
mod clock;
mod core;
pub mod limits;
mod log;
mod names;
mod queue;
mod recovery;
mod refusal;
mod rest;
mod server;
mod service;
mod settings;
mod state;
mod storage;
mod streaming;
mod writer;

pub use clock::WallClock;
pub use recovery::{RecoveryError, RecoveryReport};
pub use refusal::Refusal;
pub use server::{BrokerConfig, Running, Server, StartError};
pub use state::Dangling;
pub use storage::{Appending, Directory, MemoryDisk, Storage, Unsynced};
