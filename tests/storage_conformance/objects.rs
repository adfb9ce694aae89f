//! One suite for every object store: what `fleet::ObjectStore` promises, asked of the disk, of the memory and of
//! a bucket alike. What a bucket says of a document to a browser follows below.

use std::sync::Arc;

use tempfile::TempDir;
use tidegate::adapters::objects::{DiskStore, GcsStore, MemoryStore};
use tidegate::fleet::{ObjectStore, Published};
use tidegate::flow::{Date, Document, DocumentSchema, Keep};

use super::bucket::{BUCKET, PREFIX, TestBucket};
use super::faults::Faults;
use super::storage::Kind;

const PATH: &str = "folder/x.json";

pub(crate) fn document(keep: Keep, as_of: &str, content: i32) -> (Document, Date) {
    let date = Date::parse(as_of).expect("a date");
    let schema = DocumentSchema { name: "t.x", version: 1 };
    (Document::json(PATH, keep, schema, date, &content).expect("a document"), date)
}

/// The name of a document's object.
pub(crate) fn object(path: &str) -> String {
    format!("{PREFIX}/{path}")
}

type Read = Box<dyn Fn(&str) -> Option<Vec<u8>>>;
type Damage = Box<dyn Fn(&str, &[u8])>;

/// A store under test, with a look at a document from outside and a way to damage it.
struct Case {
    name: &'static str,
    store: Arc<dyn ObjectStore>,
    read: Read,
    damage: Option<Damage>,
    _directory: Option<TempDir>,
    _bucket: Option<TestBucket>,
}

fn cases() -> Vec<Case> {
    let directory = tempfile::tempdir().expect("a directory");
    let root = directory.path().join("published");
    let damaged = root.clone();
    let memory = Arc::new(MemoryStore::default());
    let bucket = TestBucket::new(Faults::none());
    let (read, written) = (Arc::clone(&bucket.storage), Arc::clone(&bucket.storage));
    vec![
        Case {
            name: "disk",
            store: Arc::new(DiskStore::open(&root)),
            read: Box::new(move |path| std::fs::read(root.join(path)).ok()),
            damage: Some(Box::new(move |path, bytes| {
                std::fs::write(damaged.join(path), bytes).expect("written");
            })),
            _directory: Some(directory),
            _bucket: None,
        },
        Case {
            name: "memory",
            store: Arc::<MemoryStore>::clone(&memory),
            read: Box::new(move |path| memory.get(path).map(|bytes| bytes.to_vec())),
            damage: None,
            _directory: None,
            _bucket: None,
        },
        Case {
            name: "bucket",
            store: Arc::new(GcsStore::open(bucket.config()).expect("a bucket")),
            read: Box::new(move |path| read.get(BUCKET, &object(path)).map(|(bytes, _)| bytes.to_vec())),
            damage: Some(Box::new(move |path, bytes| {
                written.put(BUCKET, &object(path), bytes.to_vec());
            })),
            _directory: None,
            _bucket: Some(bucket),
        },
    ]
}

#[tokio::test]
async fn what_is_equal_or_later_stays_and_the_rest_is_replaced() {
    let steps = [
        (Keep::Own, "2024-01-02", 1, Published { written: 1, unchanged: 0, later: 0 }),
        (Keep::Own, "2024-01-02", 1, Published { written: 0, unchanged: 1, later: 0 }),
        (Keep::Own, "2024-01-01", 2, Published { written: 1, unchanged: 0, later: 0 }),
        (Keep::Latest, "2024-01-03", 3, Published { written: 1, unchanged: 0, later: 0 }),
        (Keep::Latest, "2024-01-02", 4, Published { written: 0, unchanged: 0, later: 1 }),
        (Keep::Latest, "2024-01-03", 5, Published { written: 1, unchanged: 0, later: 0 }),
    ];
    for case in cases() {
        assert_eq!((case.read)(PATH), None, "{}", case.name);
        for (keep, as_of, content, expected) in steps {
            let (document, date) = document(keep, as_of, content);
            let published = case.store.publish(date, vec![document.clone()]).await.expect("a store");
            assert_eq!(published, expected, "{}: {keep:?} {as_of} {content}", case.name);
            if published.later == 0 {
                assert_eq!((case.read)(PATH).as_deref(), Some(&*document.bytes), "{}", case.name);
            }
        }
        let (_, date) = document(Keep::Own, "2024-01-03", 5);
        assert_eq!(Document::as_of(&(case.read)(PATH).expect("a document")), Some(date), "{}", case.name);
    }
}

#[tokio::test]
async fn nothing_half_written_stays_on_a_disk() {
    let directory = tempfile::tempdir().expect("a directory");
    let (document, date) = document(Keep::Own, "2024-01-02", 1);
    DiskStore::open(directory.path()).publish(date, vec![document]).await.expect("a store");
    let left: Vec<_> = std::fs::read_dir(directory.path().join("folder")).expect("a folder").collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[tokio::test]
async fn a_damaged_document_is_written_again() {
    for case in cases() {
        let Some(damage) = &case.damage else { continue };
        let (later, date) = document(Keep::Latest, "2024-01-05", 1);
        case.store.publish(date, vec![later.clone()]).await.expect("a store");
        damage(PATH, &later.bytes[..20]);
        let (document, date) = document(Keep::Latest, "2024-01-04", 2);
        let published = case.store.publish(date, vec![document]).await.expect("a store");
        assert_eq!(published.written, 1, "{}", case.name);
    }
}

#[tokio::test]
async fn a_bucket_tells_browsers_what_a_document_is_and_how_long_it_keeps() {
    let bucket = TestBucket::new(Faults::none());
    let store = GcsStore::open(bucket.config()).expect("a bucket");
    let (json, date) = document(Keep::Latest, "2024-01-05", 1);
    let own = |path| Document::own(path, "content").expect("a document");
    let documents = vec![json, own("report.html"), own("report.md"), own("trees.bin"), own("LICENSE")];
    store.publish(date, documents).await.expect("a store");
    let expected = [
        (PATH, "application/json"),
        ("report.html", "text/html; charset=utf-8"),
        ("report.md", "text/markdown; charset=utf-8"),
        ("trees.bin", "application/octet-stream"),
        ("LICENSE", "application/octet-stream"),
    ];
    for (path, content_type) in expected {
        let headers = bucket.storage.said(BUCKET, &object(path)).expect("the object").headers;
        assert_eq!(headers["content-type"], content_type, "{path}");
        assert_eq!(headers["cache-control"], "public, max-age=60", "{path}");
        assert_eq!(headers["x-goog-meta-tidegate-as-of"], "2024-01-05", "{path}");
    }
}

/// What is unchanged costs a look, and no content goes over the wire in either direction.
#[tokio::test]
async fn an_unchanged_document_costs_one_look() {
    let bucket = TestBucket::new(Faults::none());
    let store = GcsStore::open(bucket.config()).expect("a bucket");
    let (document, date) = document(Keep::Latest, "2024-01-05", 1);
    store.publish(date, vec![document.clone()]).await.expect("a store");
    let counts = || [Kind::Head, Kind::Put, Kind::Get, Kind::List].map(|kind| bucket.count(kind));
    assert_eq!(counts(), [1, 1, 0, 0]);
    store.publish(date, vec![document]).await.expect("a store");
    assert_eq!(counts(), [2, 1, 0, 0]);
}
