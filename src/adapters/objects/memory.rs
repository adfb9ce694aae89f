//! Documents in memory: for the simulation and for tests. Loses everything with the process.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;

use super::{Present, Verdict, takes_the_place};
use crate::fleet::{ObjectError, ObjectStore, Published};
use crate::flow::{Date, Document, DocumentPath};

/// A store in memory.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<BTreeMap<DocumentPath, Bytes>>);

impl MemoryStore {
    /// The document at a path.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<Bytes> {
        let path = DocumentPath::parse(path).ok()?;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&path).cloned()
    }
}

#[async_trait]
impl ObjectStore for MemoryStore {
    async fn publish(&self, as_of: Date, documents: Vec<Document>) -> Result<Published, ObjectError> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut published = Published::default();
        for document in documents {
            let present = kept.get(&document.path).map(|bytes| Present::of_bytes(&document, bytes));
            let verdict = takes_the_place(document.keep, as_of, present.as_ref());
            verdict.count(&mut published);
            if verdict == Verdict::Write {
                kept.insert(document.path, document.bytes);
            }
        }
        Ok(published)
    }
}
