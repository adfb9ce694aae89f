//! A bucket on a local server, in this process, for one test: the same storage can be looked at, damaged and
//! told to fail from outside.

use std::sync::Arc;

use tidegate::adapters::gcs::GcsConfig;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::faults::Faults;
use super::storage::{Kind, Storage};
use super::storage_api;

/// The bucket's name.
pub(crate) const BUCKET: &str = "acme-tidegate";

/// What stands before the names of objects in it.
pub(crate) const PREFIX: &str = "some/where";

/// A server that ends with the value.
pub(crate) struct TestBucket {
    pub(crate) storage: Arc<Storage>,
    endpoint: String,
    _server: JoinSet<()>,
}

impl TestBucket {
    /// A server on a free port, with these faults.
    pub(crate) fn new(faults: Faults<Kind>) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("a listener of a runtime");
        let listener = TcpListener::from_std(listener).expect("a runtime");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let storage = Arc::new(Storage::in_memory(faults));
        let mut server = JoinSet::new();
        let serving = storage_api::serve(Arc::clone(&storage), listener);
        server.spawn(async move { serving.await.expect("it serves") });
        Self { storage, endpoint, _server: server }
    }

    /// How the bucket is reached.
    pub(crate) fn config(&self) -> GcsConfig {
        GcsConfig {
            bucket: BUCKET.to_owned(),
            prefix: Some(PREFIX.to_owned()),
            endpoint: Some(self.endpoint.clone()),
        }
    }

    /// The requests so far: `Put` 3 and the like.
    pub(crate) fn count(&self, kind: Kind) -> u64 {
        self.storage.faults.count(kind)
    }
}

/// The name of the object at a place `gs://bucket/name`.
pub(crate) fn name_of(uri: &str) -> String {
    let name = uri.strip_prefix("gs://").and_then(|rest| rest.strip_prefix(BUCKET)?.strip_prefix('/'));
    name.expect("a place in the bucket").to_owned()
}
