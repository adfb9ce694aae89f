//! The object store: documents for readers outside, on a local disk or in memory. Writes each as a whole,
//! leaves alone what is equal or later; knows nothing of what is in them beyond the date they are as of.

mod disk;
mod memory;

pub use disk::DiskStore;
pub use memory::MemoryStore;

use crate::flow::{Date, Document, Keep};

/// Whether a document should take the place of what is there.
fn takes_the_place(document: &Document, as_of: Date, present: Option<&[u8]>) -> Verdict {
    match (present, document.keep) {
        (Some(present), _) if present == document.bytes => Verdict::Unchanged,
        (Some(present), Keep::Latest) if Document::as_of(present).is_some_and(|date| date > as_of) => {
            Verdict::Later
        }
        (Some(_), Keep::Own | Keep::Latest) | (None, _) => Verdict::Write,
    }
}

/// What is to be done with a document.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// The same bytes are there.
    Unchanged,
    /// What is there is as of a later date.
    Later,
    /// It is to be written.
    Write,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::{ObjectStore, Published};
    use crate::flow::DocumentSchema;

    fn document(keep: Keep, as_of: &str, content: i32) -> (Document, Date) {
        let date = Date::parse(as_of).expect("a date");
        let schema = DocumentSchema { name: "t.x", version: 1 };
        (Document::json("folder/x.json", keep, schema, date, &content).expect("a document"), date)
    }

    /// One suite for both stores.
    async fn check(store: &dyn ObjectStore, read: impl Fn() -> Option<Vec<u8>>) {
        let cases = [
            (Keep::Own, "2024-01-02", 1, Published { written: 1, unchanged: 0, later: 0 }),
            (Keep::Own, "2024-01-02", 1, Published { written: 0, unchanged: 1, later: 0 }),
            (Keep::Own, "2024-01-01", 2, Published { written: 1, unchanged: 0, later: 0 }),
            (Keep::Latest, "2024-01-03", 3, Published { written: 1, unchanged: 0, later: 0 }),
            (Keep::Latest, "2024-01-02", 4, Published { written: 0, unchanged: 0, later: 1 }),
            (Keep::Latest, "2024-01-03", 5, Published { written: 1, unchanged: 0, later: 0 }),
        ];
        assert_eq!(read(), None);
        for (keep, as_of, content, expected) in cases {
            let (document, date) = document(keep, as_of, content);
            let published = store.publish(date, vec![document.clone()]).await.expect("a store");
            assert_eq!(published, expected, "{keep:?} {as_of} {content}");
            if published.later == 0 {
                assert_eq!(read().as_deref(), Some(&*document.bytes));
            }
        }
        let (_, date) = document(Keep::Own, "2024-01-03", 5);
        assert_eq!(Document::as_of(&read().expect("a document")), Some(date));
    }

    #[tokio::test]
    async fn documents_in_memory() {
        let store = MemoryStore::default();
        check(&store, || store.get("folder/x.json").map(|bytes| bytes.to_vec())).await;
    }

    #[tokio::test]
    async fn documents_on_a_disk() {
        let directory = tempfile::tempdir().expect("a directory");
        let root = directory.path().join("published");
        check(&DiskStore::open(&root), || std::fs::read(root.join("folder/x.json")).ok()).await;
        let left: Vec<_> = std::fs::read_dir(root.join("folder")).expect("a folder").collect();
        assert_eq!(left.len(), 1, "nothing half written stays: {left:?}");
    }

    #[tokio::test]
    async fn a_damaged_document_is_written_again() {
        let directory = tempfile::tempdir().expect("a directory");
        let store = DiskStore::open(directory.path());
        let (later, date) = document(Keep::Latest, "2024-01-05", 1);
        store.publish(date, vec![later.clone()]).await.expect("a store");
        std::fs::write(directory.path().join("folder/x.json"), &later.bytes[..20]).expect("written");
        let (document, date) = document(Keep::Latest, "2024-01-04", 2);
        let published = store.publish(date, vec![document]).await.expect("a store");
        assert_eq!(published.written, 1);
    }
}
