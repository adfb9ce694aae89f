//! The lake: one immutable Parquet file a unit, on the local disk, and the same in memory for simulations.
//! Knows Parquet and the file system; imports `flow` and `fleet` only. Must not decide readiness, retry on
//! its own, or know the ledger: whoever reads says what it expects to find.

mod decode;
mod disk;
mod encode;
mod layout;
mod memory;
mod pages;
mod schema;

pub use disk::ParquetLake;
pub use memory::MemoryLake;
