//! Documents in memory: for the simulation and for tests. Loses everything with the process.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;

use super::{Present, Remains, Verdict, takes_the_place, what_remains};
use crate::fleet::{ObjectError, ObjectStore, Published, Retraction};
use crate::flow::{Date, Document, DocumentPath, Listing, Unit};

/// A store in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    documents: Mutex<BTreeMap<DocumentPath, Bytes>>,
    lists: Mutex<BTreeMap<Unit, Listing>>,
}

impl MemoryStore {
    /// The document at a path.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<Bytes> {
        let path = DocumentPath::parse(path).ok()?;
        self.documents().get(&path).cloned()
    }

    /// All documents.
    #[must_use]
    pub fn contents(&self) -> BTreeMap<DocumentPath, Bytes> {
        self.documents().clone()
    }

    fn documents(&self) -> MutexGuard<'_, BTreeMap<DocumentPath, Bytes>> {
        self.documents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lists(&self) -> MutexGuard<'_, BTreeMap<Unit, Listing>> {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl ObjectStore for MemoryStore {
    async fn publish(&self, as_of: Date, documents: Vec<Document>) -> Result<Published, ObjectError> {
        let mut kept = self.documents();
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

    async fn list(&self, unit: Unit, more: Listing) -> Result<Listing, ObjectError> {
        let mut lists = self.lists();
        let listing = lists.get(&unit).map_or_else(|| more.clone(), |listed| listed.with(&more));
        lists.insert(unit, listing.clone());
        Ok(listing)
    }

    async fn listed(&self, unit: Unit) -> Result<Listing, ObjectError> {
        Ok(self.lists().get(&unit).cloned().unwrap_or_default())
    }

    async fn retract(&self, retraction: Retraction) -> Result<(), ObjectError> {
        let mut kept = self.documents();
        let present = kept.get(&retraction.path).and_then(|bytes| Document::as_of(bytes));
        if what_remains(&retraction, present) == Remains::Heir {
            match retraction.heir {
                Some((_, heir)) => kept.insert(retraction.path, heir.bytes),
                None => kept.remove(&retraction.path),
            };
        }
        Ok(())
    }
}
