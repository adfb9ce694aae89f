//! A bucket under faults: each kind at each request, alone and by the hundred, a bucket that is gone, a server
//! that refuses for good. What must hold: what was said to be written is there, an error is an error of its
//! kind, and nothing is taken for lost that is there.

use std::collections::BTreeMap;

use tidegate::adapters::gcs::GcsConfig;
use tidegate::adapters::lake::GcsLake;
use tidegate::adapters::objects::GcsStore;
use tidegate::fleet::{Lake, LakeError, ObjectStore};
use tidegate::flow::{Document, Keep, Row};

use super::bucket::{BUCKET, TestBucket, name_of};
use super::faults::{Fault, Faults};
use super::lake::{DATASET, Kinds, full, provenance, unit, write};
use super::objects::{document, object};
use super::storage::Kind;

const EACH_FAULT: [Fault; 5] = [
    Fault::TooManyRequests,
    Fault::Unavailable,
    Fault::UnavailableAfter,
    Fault::DroppedBefore,
    Fault::DroppedAfter,
];

#[tokio::test]
async fn one_fault_of_any_kind_at_any_request_is_not_noticed() {
    let (old, new) = (Kinds::to_frame(&[full(1)]), Kinds::to_frame(&[full(2)]));
    for kind in [Kind::Put, Kind::Head, Kind::Get, Kind::List, Kind::Delete] {
        for fault in EACH_FAULT {
            let bucket = TestBucket::new(Faults::none());
            let lake = GcsLake::open(bucket.config()).expect("a bucket");
            bucket.storage.faults.plan(kind, fault);
            // New, equal, another one: every branch of a write.
            let first = write(&lake, unit(0), &old).await;
            assert_eq!(write(&lake, unit(0), &old).await, first);
            let stored = write(&lake, unit(0), &new).await;
            let read = lake.read(unit(0), Kinds::SCHEMA, &stored).await;
            assert_eq!(read.expect("read"), new, "{kind:?} {fault:?}");
            let listed = lake.present(DATASET).await.expect("listed");
            assert_eq!(listed, BTreeMap::from([(unit(0).date, stored.bytes)]), "{kind:?} {fault:?}");
            lake.remove(unit(0)).await.expect("removed");
            assert_eq!(lake.present(DATASET).await.expect("listed"), BTreeMap::new(), "{kind:?} {fault:?}");
        }
    }
}

/// A write that took effect and whose answer never came, tried again by the client or by whoever asked: one
/// generation, no error.
#[tokio::test]
async fn a_lost_answer_of_a_write_is_no_error_and_no_second_write() {
    let frame = Kinds::to_frame(&[full(1)]);
    for fault in [Fault::UnavailableAfter, Fault::DroppedAfter] {
        let bucket = TestBucket::new(Faults::none());
        let lake = GcsLake::open(bucket.config()).expect("a bucket");
        bucket.storage.faults.plan(Kind::Put, fault);
        write(&lake, unit(0), &frame).await;
        let name = name_of(&lake.object_uri(unit(0)));
        let (_, generation) = bucket.storage.get(BUCKET, &name).expect("the object");
        write(&lake, unit(0), &frame).await;
        let (_, again) = bucket.storage.get(BUCKET, &name).expect("the object");
        assert_eq!(again, generation, "{fault:?}");
    }
}

#[tokio::test]
async fn documents_come_through_faults() {
    for kind in [Kind::Put, Kind::Head] {
        for fault in EACH_FAULT {
            let bucket = TestBucket::new(Faults::none());
            let store = GcsStore::open(bucket.config()).expect("a bucket");
            bucket.storage.faults.plan(kind, fault);
            for (as_of, content, later) in [("2024-01-02", 1, 0), ("2024-01-03", 2, 0), ("2024-01-01", 3, 1)]
            {
                let (document, date) = document(Keep::Latest, as_of, content);
                let published = store.publish(date, vec![document]).await.expect("a store");
                assert_eq!(published.later, later, "{kind:?} {fault:?} {as_of}");
            }
            let (expected, _) = document(Keep::Latest, "2024-01-03", 2);
            let (bytes, _) = bucket.storage.get(BUCKET, &object(expected.path.as_str())).expect("the object");
            assert_eq!(bytes, expected.bytes, "{kind:?} {fault:?}");
        }
    }
}

/// One request in twenty fails, in all ways: what was said to be written is there, byte for byte.
#[tokio::test]
async fn what_was_said_to_be_written_is_there_whatever_happens() {
    for seed in 0..4 {
        let bucket = TestBucket::new(Faults::of_seed(seed));
        let lake = GcsLake::open(bucket.config()).expect("a bucket");
        for turn in 0..120 {
            let (unit, frame) = (unit(turn % 7), Kinds::to_frame(&[full(i64::from(turn % 5))]));
            let stored = write(&lake, unit, &frame).await;
            let read = lake.read(unit, Kinds::SCHEMA, &stored).await;
            assert_eq!(read.expect("read"), frame, "seed {seed}, turn {turn}");
        }
        assert_eq!(lake.present(DATASET).await.expect("listed").len(), 7, "seed {seed}");
    }
}

/// More faults than the client has patience for: an error that says so, and that another attempt may mend.
#[tokio::test]
async fn a_server_that_stays_down_is_a_storage_error_of_its_operation() {
    let bucket = TestBucket::new(Faults::none());
    let lake = GcsLake::open(bucket.config()).expect("a bucket");
    let stored = write(&lake, unit(0), &Kinds::to_frame(&[full(1)])).await;
    for kind in [Kind::Get, Kind::List, Kind::Delete, Kind::Put, Kind::Head] {
        for _ in 0..40 {
            bucket.storage.faults.plan(kind, Fault::Unavailable);
        }
    }
    let place = lake.object_uri(unit(0));
    let expect = |error: Option<LakeError>, expected: &str| match error {
        Some(LakeError::Storage { operation, place: at, reason, .. }) => {
            assert_eq!((operation, &at), (expected, &place));
            assert!(reason.contains("503"), "{reason}");
        }
        other => panic!("{expected}: {other:?}"),
    };
    expect(lake.read(unit(0), Kinds::SCHEMA, &stored).await.err(), "read");
    expect(lake.remove(unit(0)).await.err(), "delete");
    let frame = Kinds::to_frame(&[full(2)]);
    expect(lake.replace(&provenance(unit(0)), &frame).await.err(), "write");
    let listed = lake.present(DATASET).await;
    assert!(matches!(&listed, Err(LakeError::Listing { operation: "list", .. })), "{listed:?}");
}

/// Not a single unit is missing when the whole bucket is: whoever took that for lost would make all of it again.
#[tokio::test]
async fn a_bucket_that_is_gone_is_an_error_and_not_a_lake_without_units() {
    let bucket = TestBucket::new(Faults::none());
    let lake = GcsLake::open(bucket.config()).expect("a bucket");
    let frame = Kinds::to_frame(&[full(1)]);
    let stored = write(&lake, unit(0), &frame).await;
    bucket.storage.delete_bucket(BUCKET);
    let read = lake.read(unit(0), Kinds::SCHEMA, &stored).await;
    assert!(
        matches!(&read, Err(LakeError::Storage { reason, .. }) if reason.contains("NoSuchBucket")),
        "{read:?}"
    );
    let listed = lake.present(DATASET).await;
    assert!(
        matches!(&listed, Err(LakeError::Listing { reason, .. }) if reason.contains("NoSuchBucket")),
        "{listed:?}"
    );
    let written = lake.replace(&provenance(unit(0)), &frame).await;
    assert!(
        matches!(&written, Err(LakeError::Storage { reason, .. }) if reason.contains("NoSuchBucket")),
        "{written:?}"
    );
    let store = GcsStore::open(bucket.config()).expect("a bucket");
    let (document, date) = document(Keep::Own, "2024-01-02", 1);
    let error = store.publish(date, vec![document]).await.expect_err("no bucket");
    assert!(error.reason.contains("NoSuchBucket"), "{error}");
}

#[tokio::test]
async fn nobody_at_the_address_is_an_error_with_the_address() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("one").port();
    let endpoint = format!("http://127.0.0.1:{port}");
    let config = GcsConfig { bucket: "acme".to_owned(), prefix: None, endpoint: Some(endpoint.clone()) };
    let store = GcsStore::open(config).expect("a bucket");
    let document = Document::own("x.json", "{}").expect("a document");
    let date = unit(0).date;
    let error = store.publish(date, vec![document]).await.expect_err("nobody listens");
    assert_eq!(error.place, "gs://acme/x.json");
    assert!(error.reason.contains(&endpoint), "{error}");
}
