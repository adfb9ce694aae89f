//! One suite for every lake and one for every object store, each asked of the disk, of the memory and of a
//! bucket alike; and what a bucket alone must do: conditions, faults, several writers.

#[path = "../../examples/local_cloud/connections.rs"]
mod connections;
#[path = "../../examples/local_cloud/faults.rs"]
mod faults;
#[path = "../../examples/local_cloud/storage.rs"]
mod storage;
#[path = "../../examples/local_cloud/storage_api.rs"]
mod storage_api;

mod bucket;
mod faulty;
mod lake;
mod objects;
mod server;
mod writers;
