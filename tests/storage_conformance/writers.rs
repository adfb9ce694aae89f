//! Several writers of one object, and what they cost: of two that write at once none overwrites what it has not
//! seen, and requests do not grow with history beyond the pages of one listing.

use std::sync::Arc;

use tidegate::adapters::lake::GcsLake;
use tidegate::adapters::objects::GcsStore;
use tidegate::fleet::{Lake, LakeError, ObjectStore};
use tidegate::flow::{Date, Document, Frame, Keep, Row, Unit};
use tokio::task::JoinSet;

use super::bucket::{BUCKET, TestBucket, name_of};
use super::faults::Faults;
use super::lake::{DATASET, Kinds, full, provenance, unit, write};
use super::objects::{document, object};
use super::storage::Kind;

fn frames(count: i64) -> Vec<Frame> {
    (0..count).map(|seed| Kinds::to_frame(&[full(seed)])).collect()
}

/// Eight processes write eight contents to one unit at once: whoever is told that it is written was, at some
/// moment, the one that is there, and the others are told that somebody else was quicker.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_several_writers_each_is_there_once_or_told() {
    let bucket = TestBucket::new(Faults::none());
    let lakes: Vec<_> = (0..8).map(|_| Arc::new(GcsLake::open(bucket.config()).expect("a bucket"))).collect();
    let mut told = 0;
    for round in 0..10 {
        let unit = unit(round);
        let mut writers = JoinSet::new();
        for (frame, lake) in frames(8).into_iter().zip(&lakes) {
            let lake = Arc::clone(lake);
            writers.spawn(async move { (lake.replace(&provenance(unit), &frame).await, frame) });
        }
        let mut written = Vec::new();
        for (replaced, frame) in writers.join_all().await {
            match replaced {
                Ok(stored) => written.push((stored, frame)),
                Err(LakeError::Storage { operation: "write", reason, .. }) => {
                    assert!(reason.contains("somebody else"), "{reason}");
                    told += 1;
                }
                Err(other) => panic!("{other}"),
            }
        }
        let mut present = 0;
        for (stored, frame) in &written {
            if let Ok(read) = lakes[0].read(unit, Kinds::SCHEMA, stored).await {
                assert_eq!(&read, frame);
                present += 1;
            }
        }
        assert_eq!(present, 1, "the unit is one of those that were written: {}", written.len());
    }
    assert!(told > 0, "nobody was ever told: the writers did not meet");
}

/// Whoever was asleep between its look and its write does not overwrite what came in between.
#[tokio::test]
async fn what_came_between_look_and_write_stays_and_the_writer_is_told() {
    let bucket = TestBucket::new(Faults::none());
    let lake = GcsLake::open(bucket.config()).expect("a bucket");
    let contents = frames(2);
    write(&lake, unit(0), &contents[0]).await;
    let name = name_of(&lake.object_uri(unit(0)));
    let sleeper = async || lake.replace(&provenance(unit(0)), &contents[1]).await;
    let is_told = |replaced: Result<_, LakeError>| match replaced {
        Err(LakeError::Storage { operation: "write", reason, .. }) => reason.contains("somebody else"),
        Ok(_) | Err(_) => false,
    };
    // A write is refused as there is something, looks, and writes: the second write is the one.
    let written = name.clone();
    bucket.storage.before(Kind::Put, 2, move |storage| {
        storage.put(BUCKET, &written, "in between");
    });
    assert!(is_told(sleeper().await));
    assert_eq!(bucket.storage.get(BUCKET, &name).expect("the object").0, "in between");
    let deleted = name.clone();
    bucket.storage.before(Kind::Put, 2, move |storage| assert!(storage.delete(BUCKET, &deleted)));
    assert!(is_told(sleeper().await));
    assert_eq!(bucket.storage.get(BUCKET, &name), None);
    // Whoever comes again sees what is there.
    sleeper().await.expect("written");
}

/// A document is decided anew: by what came in between, a later one, an earlier one, nothing any more.
#[tokio::test]
async fn a_document_is_decided_anew_when_something_came_between() {
    let between =
        [(Some("2024-01-09"), "2024-01-09"), (Some("2024-01-02"), "2024-01-05"), (None, "2024-01-05")];
    for (other, expected) in between {
        let bucket = TestBucket::new(Faults::none());
        let publish = async |as_of: &str, content| {
            let store = GcsStore::open(bucket.config()).expect("a bucket");
            let (document, date) = document(Keep::Latest, as_of, content);
            store.publish(date, vec![document]).await.expect("published")
        };
        publish("2024-01-01", 1).await;
        let object = object("folder/x.json");
        let (first, _) = bucket.storage.get_with(BUCKET, &object).expect("the object");
        let (name, put) = (object.clone(), other.map(|as_of| document(Keep::Latest, as_of, 7).0.bytes));
        bucket.storage.before(Kind::Put, 1, move |storage| match put {
            None => assert!(storage.delete(BUCKET, &name)),
            Some(bytes) => {
                let mut headers = first.headers;
                let as_of = Document::as_of(&bytes).expect("a date").to_string();
                headers.insert("x-goog-meta-tidegate-as-of".to_owned(), as_of);
                storage.put_if(BUCKET, &name, bytes, headers, None).expect("written");
            }
        });
        publish("2024-01-05", 2).await;
        let (bytes, _) = bucket.storage.get(BUCKET, &object).expect("the object");
        assert_eq!(Document::as_of(&bytes), Some(Date::parse(expected).expect("a date")), "{other:?}");
    }
}

/// The same content from several processes at once, as a redelivered order brings it: one write, nobody is told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn equal_contents_at_once_are_one_write() {
    let bucket = TestBucket::new(Faults::none());
    let mut writers = JoinSet::new();
    for _ in 0..8 {
        let lake = GcsLake::open(bucket.config()).expect("a bucket");
        writers.spawn(async move { write(&lake, unit(0), &Kinds::to_frame(&[full(1)])).await });
    }
    let stored = writers.join_all().await;
    assert!(stored.windows(2).all(|pair| pair[0] == pair[1]), "{stored:?}");
    let lake = GcsLake::open(bucket.config()).expect("a bucket");
    let name = name_of(&lake.object_uri(unit(0)));
    let (_, generation) = bucket.storage.get(BUCKET, &name).expect("the object");
    write(&lake, unit(0), &Kinds::to_frame(&[full(1)])).await;
    assert_eq!(bucket.storage.get(BUCKET, &name).expect("the object").1, generation);
}

/// Twenty dates publish the same profile at once, from as many processes: the latest one stays.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_document_that_many_dates_write_at_once_the_latest_stays() {
    let bucket = TestBucket::new(Faults::none());
    let mut writers = JoinSet::new();
    for day in 1..=20 {
        let store = GcsStore::open(bucket.config()).expect("a bucket");
        let (document, date) = document(Keep::Latest, &format!("2024-01-{day:02}"), day);
        writers.spawn(async move { store.publish(date, vec![document]).await.expect("published") });
    }
    writers.join_all().await;
    let (expected, date) = document(Keep::Latest, "2024-01-20", 20);
    let (bytes, _) = bucket.storage.get(BUCKET, &object(expected.path.as_str())).expect("the object");
    assert_eq!(Document::as_of(&bytes), Some(date));
}

/// The same from one process: whoever's turn it is writes the latest of all that wait.
#[tokio::test]
async fn dates_of_one_process_that_write_one_document_share_a_write() {
    let bucket = TestBucket::new(Faults::none());
    let store = GcsStore::open(bucket.config()).expect("a bucket");
    let publish = async |day| {
        let (document, date) = document(Keep::Latest, &format!("2024-01-{day:02}"), day);
        store.publish(date, vec![document]).await.expect("published")
    };
    futures::future::join_all((1..=20).map(publish)).await;
    let (bytes, _) = bucket.storage.get(BUCKET, &object("folder/x.json")).expect("the object");
    assert_eq!(Document::as_of(&bytes), Some(Date::parse("2024-01-20").expect("a date")));
    assert!(bucket.count(Kind::Put) <= 2, "{} writes", bucket.count(Kind::Put));
}

#[tokio::test]
async fn what_a_unit_costs_in_requests() {
    let bucket = TestBucket::new(Faults::none());
    let lake = GcsLake::open(bucket.config()).expect("a bucket");
    let contents = frames(2);
    let counts = || [Kind::Put, Kind::Head, Kind::Get, Kind::List].map(|kind| bucket.count(kind));
    let stored = write(&lake, unit(0), &contents[0]).await;
    assert_eq!(counts(), [1, 0, 0, 0], "a new unit");
    lake.read(unit(0), Kinds::SCHEMA, &stored).await.expect("read");
    assert_eq!(counts(), [1, 0, 1, 0], "a unit that is read");
    write(&lake, unit(0), &contents[0]).await;
    assert_eq!(counts(), [2, 1, 1, 0], "an equal one");
    write(&lake, unit(0), &contents[1]).await;
    assert_eq!(counts(), [4, 2, 1, 0], "one that is replaced");
}

/// Six seasons of a dataset, beside a neighbour with as many: as many requests as a listing has pages, whatever
/// else is in the bucket.
#[tokio::test]
async fn a_listing_costs_a_request_a_thousand_units() {
    let bucket = TestBucket::new(Faults::none());
    let lake = GcsLake::open(bucket.config()).expect("a bucket");
    let neighbour = tidegate::flow::DatasetName::of("nba.kinds_of_others");
    for (dataset, units) in [(DATASET, 2_500), (neighbour, 3_000)] {
        for day in 0..units {
            let unit = Unit { dataset, date: Date::from_days(18_000 + day) };
            bucket.storage.put(BUCKET, &name_of(&lake.object_uri(unit)), vec![0; 3]);
        }
    }
    let listed = lake.present(DATASET).await.expect("listed");
    assert_eq!((listed.len(), listed.values().sum::<u64>()), (2_500, 7_500));
    assert_eq!(bucket.count(Kind::List), 3);
}

/// What else is in the bucket is no unit.
#[tokio::test]
async fn other_objects_in_the_folder_are_no_units() {
    let bucket = TestBucket::new(Faults::none());
    let lake = Arc::new(GcsLake::open(bucket.config()).expect("a bucket"));
    let stored = write(&*lake, unit(0), &frames(1)[0]).await;
    let name = name_of(&lake.object_uri(unit(0)));
    let folder = name.rsplit_once('/').expect("a folder").0;
    for other in [format!("{folder}/_SUCCESS"), format!("{folder}/x/kinds.parquet"), format!("{folder}x")] {
        bucket.storage.put(BUCKET, &other, "other");
    }
    let listed = lake.present(DATASET).await.expect("listed");
    assert_eq!(listed.into_iter().collect::<Vec<_>>(), [(unit(0).date, stored.bytes)]);
}
