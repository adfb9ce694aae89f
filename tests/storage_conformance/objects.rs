//! One suite for every object store: what `fleet::ObjectStore` promises, asked of the disk, of the memory and of
//! a bucket alike. What a bucket says of a document to a browser follows below.

use std::sync::Arc;

use tempfile::TempDir;
use tidegate::adapters::objects::{DiskStore, GcsStore, MemoryStore};
use tidegate::fleet::{ObjectStore, Published, Retraction};
use tidegate::flow::{DatasetName, Date, Document, DocumentSchema, Keep, Listing, Unit};

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

/// The documents of a list: those of these paths, and whose they are.
fn listing(documents: &[(&str, Keep)]) -> Listing {
    let document = |(path, keep): &(&str, Keep)| Document {
        keep: *keep,
        ..Document::own(path, "x").expect("a document")
    };
    Listing::of(&documents.iter().map(document).collect::<Vec<_>>())
}

#[tokio::test]
async fn a_list_only_grows_and_is_each_units_own() {
    let unit = |dataset, day| Unit { dataset: DatasetName::of(dataset), date: Date::from_days(19_700 + day) };
    let (own, latest) = (("own/1.json", Keep::Own), ("people/7.json", Keep::Latest));
    for case in cases() {
        let store = &case.store;
        let list = async |unit, documents: &[_]| store.list(unit, listing(documents)).await.expect("a store");
        assert_eq!(list(unit("t.a", 1), &[]).await, Listing::default(), "{}", case.name);
        assert_eq!(list(unit("t.a", 1), &[latest]).await, listing(&[latest]), "{}", case.name);
        assert_eq!(list(unit("t.a", 1), &[own]).await, listing(&[own, latest]), "{}", case.name);
        assert_eq!(list(unit("t.a", 1), &[]).await, listing(&[own, latest]), "{}", case.name);
        assert_eq!(list(unit("t.b", 1), &[own]).await, listing(&[own]), "{}", case.name);
        for (unit, expected) in [
            (unit("t.a", 1), listing(&[own, latest])),
            (unit("t.b", 1), listing(&[own])),
            (unit("t.a", 2), Listing::default()),
        ] {
            assert_eq!(store.listed(unit).await.expect("a store"), expected, "{}: {unit}", case.name);
        }
        let text = (case.read)(".units/t.a/2023-12-10");
        let expected = "own own/1.json\nlatest people/7.json\n";
        assert!(text.is_none_or(|text| text == expected.as_bytes()), "{}", case.name);
        let Some(damage) = &case.damage else { continue };
        damage(".units/t.a/2023-12-10", b"own own/1.json\nelse\n");
        let error = store.list(unit("t.a", 1), listing(&[own])).await.expect_err("damaged").to_string();
        assert!(error.contains("2023-12-10") && error.contains("line 2: `else`"), "{error}");
    }
}

#[tokio::test]
async fn what_is_taken_back_gives_way_to_its_heir_or_to_nothing() {
    let of = |as_of: &str, content| Some(document(Keep::Latest, as_of, content));
    // What is there; the date that no longer has it; the heir; what remains.
    let cases_of_latest = [
        (of("2024-01-05", 1), "2024-01-05", None, None),
        (of("2024-01-05", 1), "2024-01-05", of("2024-01-03", 2), of("2024-01-03", 2)),
        (of("2024-01-04", 1), "2024-01-05", of("2024-01-03", 2), of("2024-01-03", 2)),
        (of("2024-01-03", 2), "2024-01-05", of("2024-01-03", 2), of("2024-01-03", 2)),
        (of("2024-01-06", 1), "2024-01-05", of("2024-01-03", 2), of("2024-01-06", 1)),
        (of("2024-01-06", 1), "2024-01-05", None, of("2024-01-06", 1)),
        (of("2024-01-06", 1), "2024-01-05", of("2024-01-07", 2), of("2024-01-07", 2)),
        (None, "2024-01-05", of("2024-01-03", 2), of("2024-01-03", 2)),
        (None, "2024-01-05", None, None),
    ];
    for case in cases() {
        for (present, gone, heir, expected) in cases_of_latest.clone() {
            let (own, date) = document(Keep::Own, "2024-01-09", 0);
            let retract = async |keep, as_of: &str, heir| {
                let (path, as_of) = (own.path.clone(), Date::parse(as_of).expect("a date"));
                case.store.retract(Retraction { path, keep, as_of, heir }).await.expect("a store");
            };
            // One's own goes, whatever it is as of.
            case.store.publish(date, vec![own.clone()]).await.expect("a store");
            retract(Keep::Own, "2024-01-01", None).await;
            assert_eq!((case.read)(PATH), None, "{}", case.name);
            if let Some((document, date)) = present.clone() {
                case.store.publish(date, vec![document]).await.expect("a store");
            }
            let heir = heir.map(|(document, date)| (date, document));
            let told = format!("{}: {present:?} {gone} {heir:?}", case.name);
            for _ in 0..2 {
                retract(Keep::Latest, gone, heir.clone()).await;
                let expected = expected.as_ref().map(|(document, _)| document.bytes.to_vec());
                assert_eq!((case.read)(PATH), expected, "{told}");
            }
        }
    }
}

/// A disk is left without the directory of what was taken back, and with what else is in it.
#[tokio::test]
async fn no_empty_directory_stays_on_a_disk() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = DiskStore::open(directory.path());
    let own = |path: &str| Document::own(path, "x").expect("a document");
    let documents = vec![own("a/b/1.json"), own("a/b/2.json"), own("a/3.json"), own("c/d/4.json")];
    let as_of = Date::from_days(19_700);
    store.publish(as_of, documents.clone()).await.expect("a store");
    let retract = async |path: &str| {
        let (path, keep) = (own(path).path, Keep::Own);
        store.retract(Retraction { path, keep, as_of, heir: None }).await.expect("a store");
    };
    let is_there = |path: &str| directory.path().join(path).exists();
    retract("a/b/1.json").await;
    assert!(is_there("a/b/2.json"));
    retract("a/b/2.json").await;
    assert!(!is_there("a/b") && is_there("a/3.json"));
    retract("c/d/4.json").await;
    retract("c/d/4.json").await;
    assert!(!is_there("c") && is_there("a/3.json"));
}
