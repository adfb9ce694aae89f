//! The lake: one immutable Parquet file a unit, on the local disk or in a bucket, and the same in memory for
//! simulations. Knows Parquet, the file system and buckets. Must not decide readiness, retry on its own, or
//! know the ledger: whoever reads says what it expects to find.

mod decode;
mod disk;
mod encode;
mod gcs;
mod layout;
mod memory;
mod pages;
mod schema;
mod writer;

pub use disk::ParquetLake;
pub use gcs::GcsLake;
pub use memory::MemoryLake;
