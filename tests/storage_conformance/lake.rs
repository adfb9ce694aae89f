//! One suite for every lake: what `fleet::Lake` promises, asked of the disk, of the memory and of a bucket
//! alike. Each case is a lake with the ways in which its content can be damaged. What only a disk can do
//! (files, directories, leftovers) follows below, for that lake alone.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;
use tidegate::adapters::lake::{GcsLake, MemoryLake, ParquetLake};
use tidegate::fleet::{Lake, LakeError, Provenance, Stored};
use tidegate::flow::{Column, DatasetName, Date, Fingerprint, Frame, Row, Schema, Unit};

use super::bucket::{BUCKET, TestBucket, name_of};
use super::faults::Faults;

tidegate::rows! {
    /// One column of each kind, with and without nulls.
    pub(crate) struct Kinds key(name) {
        /// Text.
        name: Arc<str>,
        /// Text or null.
        nickname: Option<Arc<str>>,
        /// Integer.
        points: i64,
        /// Integer or null.
        rank: Option<i64>,
        /// Float.
        share: f64,
        /// Float or null.
        average: Option<f64>,
        /// Truth.
        home: bool,
        /// Truth or null.
        won: Option<bool>,
        /// Date.
        born: Date,
        /// Date or null.
        debut: Option<Date>,
        /// Floats.
        features: Arc<[f64]>,
        /// Floats or null.
        weights: Option<Arc<[f64]>>,
        /// Texts.
        notes: Arc<[Arc<str>]>,
        /// Texts or null.
        flags: Option<Arc<[Arc<str>]>>,
    }
}

pub(crate) const DATASET: DatasetName = DatasetName::of("nba.kinds");

pub(crate) fn unit(day: i32) -> Unit {
    let date = Date::from_days(19_700 + day);
    Unit { dataset: DATASET, date }
}

pub(crate) fn provenance(unit: Unit) -> Provenance {
    Provenance {
        unit,
        fingerprint: Fingerprint::of_parts([b"made from this".as_slice()]),
        code: 3,
        run: "backfill-2024".to_owned(),
    }
}

fn texts(all: &[&str]) -> Arc<[Arc<str>]> {
    all.iter().map(|text| Arc::from(*text)).collect()
}

pub(crate) fn full(seed: i64) -> Kinds {
    Kinds {
        name: format!("José Čapek 陳 🏀 {}", seed % 3).into(),
        nickname: Some("".into()),
        points: i64::MAX - seed,
        rank: Some(i64::MIN + seed),
        share: -0.0,
        average: Some(1.0 / (seed + 3) as f64),
        home: true,
        won: Some(seed % 2 == 0),
        born: Date::from_days(-9_000),
        debut: Some(Date::from_days(i32::try_from(seed).expect("small"))),
        features: (0..seed % 5).map(|at| at as f64 / 3.0).collect(),
        weights: Some(Arc::from([f64::MIN_POSITIVE, f64::INFINITY])),
        notes: texts(&["zero\0byte", "", "two\nlines"]),
        flags: Some(texts(&[])),
    }
}

fn empty(name: &str) -> Kinds {
    Kinds {
        name: name.into(),
        nickname: None,
        points: 0,
        rank: None,
        share: 0.0,
        average: None,
        home: false,
        won: None,
        born: Date::from_days(0),
        debut: None,
        features: Arc::from([]),
        weights: None,
        notes: texts(&[]),
        flags: None,
    }
}

/// Contents that have hurt columnar formats before.
pub(crate) fn contents() -> Vec<(&'static str, Frame)> {
    let frame = |rows: Vec<Kinds>| Kinds::to_frame(&rows);
    vec![
        ("no rows", frame(vec![])),
        ("one full row", frame(vec![full(1)])),
        ("one empty row", frame(vec![empty("a")])),
        ("nulls first", frame(vec![empty("a"), full(4), empty("b")])),
        ("nulls last", frame(vec![full(4), empty("b"), empty("")])),
        ("many", frame((0..700).map(full).collect())),
        ("only nulls", frame((0..300).map(|_| empty("x")).collect())),
    ]
}

type Damage = Box<dyn Fn(Unit)>;

/// A lake under test, with the ways to damage it.
struct Case {
    name: &'static str,
    lake: Arc<dyn Lake>,
    damages: Vec<(&'static str, Damage)>,
    delete: Damage,
    _directory: Option<TempDir>,
    _bucket: Option<TestBucket>,
}

fn cases() -> Vec<Case> {
    vec![disk_case(), memory_case(), bucket_case()]
}

fn disk_case() -> Case {
    let directory = tempfile::tempdir().expect("directory");
    let lake = Arc::new(ParquetLake::open(directory.path()));
    let change = |change: fn(&mut Vec<u8>)| {
        let lake = Arc::clone(&lake);
        Box::new(move |unit| {
            let place = lake.place(unit);
            let mut bytes = fs::read(&place).expect("the file");
            change(&mut bytes);
            fs::write(&place, bytes).expect("written");
        }) as Damage
    };
    let damages = vec![
        ("a byte of the data", change(|bytes| bytes[10] ^= 1)),
        ("a byte of the footer", change(|bytes| *bytes.last_mut().expect("bytes") ^= 1)),
        ("cut in half", change(|bytes| bytes.truncate(bytes.len() / 2))),
        ("emptied", change(Vec::clear)),
        ("longer", change(|bytes| bytes.push(0))),
    ];
    let place = Arc::clone(&lake);
    Case {
        name: "disk",
        lake,
        damages,
        delete: Box::new(move |unit| fs::remove_file(place.place(unit)).expect("removed")),
        _directory: Some(directory),
        _bucket: None,
    }
}

fn memory_case() -> Case {
    let lake = Arc::new(MemoryLake::new());
    let (damaged, removed) = (Arc::clone(&lake), Arc::clone(&lake));
    Case {
        name: "memory",
        lake,
        damages: vec![("damaged", Box::new(move |unit| assert!(damaged.damage(unit))))],
        delete: Box::new(move |unit| assert!(removed.lose(unit))),
        _directory: None,
        _bucket: None,
    }
}

/// Damage in a bucket is somebody who writes with another tool: it says nothing of its content.
fn bucket_case() -> Case {
    let bucket = TestBucket::new(Faults::none());
    let lake = Arc::new(GcsLake::open(bucket.config()).expect("a bucket"));
    let change = |change: fn(&mut Vec<u8>)| {
        let (lake, storage) = (Arc::clone(&lake), Arc::clone(&bucket.storage));
        Box::new(move |unit| {
            let name = name_of(&lake.object_uri(unit));
            let mut bytes = storage.get(BUCKET, &name).expect("the object").0.to_vec();
            change(&mut bytes);
            storage.put(BUCKET, &name, bytes);
        }) as Damage
    };
    let damages = vec![
        ("a byte of the data", change(|bytes| bytes[10] ^= 1)),
        ("a byte of the footer", change(|bytes| *bytes.last_mut().expect("bytes") ^= 1)),
        ("cut in half", change(|bytes| bytes.truncate(bytes.len() / 2))),
        ("emptied", change(Vec::clear)),
        ("longer", change(|bytes| bytes.push(0))),
    ];
    let (place, storage) = (Arc::clone(&lake), Arc::clone(&bucket.storage));
    Case {
        name: "bucket",
        lake,
        damages,
        delete: Box::new(move |unit| assert!(storage.delete(BUCKET, &name_of(&place.object_uri(unit))))),
        _directory: None,
        _bucket: Some(bucket),
    }
}

pub(crate) async fn write(lake: &dyn Lake, unit: Unit, frame: &Frame) -> Stored {
    let written = lake.replace(&provenance(unit), frame).await;
    written.expect("written")
}

#[tokio::test]
async fn what_was_written_is_read() {
    for case in cases() {
        for (name, frame) in contents() {
            let stored = write(&*case.lake, unit(0), &frame).await;
            assert_eq!(stored.revision, frame.revision(), "{}: {name}", case.name);
            let read = case.lake.read(unit(0), Kinds::SCHEMA, &stored).await;
            let read = read.expect("read");
            assert_eq!(read, frame, "{}: {name}", case.name);
            assert_eq!(read.revision(), stored.revision, "{}: {name}", case.name);
        }
    }
}

#[tokio::test]
async fn a_replaced_unit_is_the_new_one_and_no_longer_the_old() {
    for case in cases() {
        let (old, new) = (Kinds::to_frame(&[full(1)]), Kinds::to_frame(&[full(2)]));
        let old_stored = write(&*case.lake, unit(0), &old).await;
        let new_stored = write(&*case.lake, unit(0), &new).await;
        let read = case.lake.read(unit(0), Kinds::SCHEMA, &new_stored).await;
        assert_eq!(read.expect("read"), new, "{}", case.name);
        let stale = case.lake.read(unit(0), Kinds::SCHEMA, &old_stored).await;
        assert!(matches!(stale, Err(LakeError::Damaged { .. })), "{}: {stale:?}", case.name);
    }
}

#[tokio::test]
async fn equal_input_gives_equal_bytes() {
    for case in cases() {
        for (name, frame) in contents() {
            let first = write(&*case.lake, unit(0), &frame).await;
            let second = write(&*case.lake, unit(0), &frame.clone()).await;
            assert_eq!(first, second, "{}: {name}", case.name);
            let mut other = provenance(unit(0));
            other.run = "another".to_owned();
            let third = case.lake.replace(&other, &frame).await.expect("written");
            assert_eq!(third.revision, first.revision, "{}: {name}", case.name);
            assert_ne!(third.digest, first.digest, "{}: {name}", case.name);
        }
    }
}

#[tokio::test]
async fn damage_is_found_and_mended_by_writing_again() {
    for case in cases() {
        let frame = Kinds::to_frame(&[full(1), empty("a")]);
        for (damage, apply) in &case.damages {
            let stored = write(&*case.lake, unit(0), &frame).await;
            apply(unit(0));
            let read = case.lake.read(unit(0), Kinds::SCHEMA, &stored).await;
            assert!(
                matches!(&read, Err(LakeError::Damaged { unit: named, .. }) if *named == unit(0)),
                "{}: {damage}: {read:?}",
                case.name
            );
            let mended = write(&*case.lake, unit(0), &frame).await;
            assert_eq!(mended, stored, "{}: {damage}", case.name);
            let read = case.lake.read(unit(0), Kinds::SCHEMA, &mended).await;
            assert_eq!(read.expect("read"), frame, "{}: {damage}", case.name);
        }
    }
}

#[tokio::test]
async fn a_deleted_unit_is_missing() {
    for case in cases() {
        let stored = write(&*case.lake, unit(0), &Kinds::to_frame(&[full(1)])).await;
        (case.delete)(unit(0));
        for absent in [unit(0), unit(1)] {
            let read = case.lake.read(absent, Kinds::SCHEMA, &stored).await;
            assert!(
                matches!(&read, Err(LakeError::Missing { unit, .. }) if *unit == absent),
                "{}: {read:?}",
                case.name
            );
        }
    }
}

#[tokio::test]
async fn other_columns_than_the_declared_ones_are_damage() {
    const FEWER: Schema = Schema { fields: Kinds::SCHEMA.fields.split_at(3).0, key: &[] };
    const OTHER: Schema = Schema { fields: Kinds::SCHEMA.fields.split_at(2).1, key: &[] };
    for case in cases() {
        let stored = write(&*case.lake, unit(0), &Kinds::to_frame(&[full(1)])).await;
        for schema in [FEWER, OTHER] {
            let read = case.lake.read(unit(0), schema, &stored).await;
            assert!(matches!(read, Err(LakeError::Damaged { .. })), "{}: {read:?}", case.name);
        }
    }
}

#[tokio::test]
async fn a_listing_has_each_unit_of_the_dataset_with_its_length() {
    for case in cases() {
        let nothing = case.lake.present(DATASET).await.expect("listed");
        assert_eq!(nothing, BTreeMap::new(), "{}", case.name);
        let mut expected = BTreeMap::new();
        for day in [5, 1, 3] {
            let rows: Vec<Kinds> = (0..i64::from(day)).map(full).collect();
            let stored = write(&*case.lake, unit(day), &Kinds::to_frame(&rows)).await;
            expected.insert(unit(day).date, stored.bytes);
        }
        let neighbour = Unit { dataset: DatasetName::of("nba.kind"), date: unit(1).date };
        write(&*case.lake, neighbour, &Kinds::to_frame(&[])).await;
        let listed = case.lake.present(DATASET).await.expect("listed");
        assert_eq!(listed, expected, "{}", case.name);
        (case.delete)(unit(3));
        // Taken away, twice: the second time there is nothing, and that is no error.
        for _ in 0..2 {
            case.lake.remove(unit(5)).await.expect("removed");
        }
        expected.retain(|date, _| *date == unit(1).date);
        let listed = case.lake.present(DATASET).await.expect("listed");
        assert_eq!(listed, expected, "{}", case.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_sees_the_old_or_the_new_content_while_it_is_replaced() {
    for case in cases() {
        let frames: Vec<Frame> =
            (1..=2).map(|seed| Kinds::to_frame(&(seed..seed + 50).map(full).collect::<Vec<_>>())).collect();
        let mut stored = Vec::new();
        for frame in &frames {
            stored.push(write(&*case.lake, unit(0), frame).await);
        }
        let lake = Arc::clone(&case.lake);
        let replaced = frames.clone();
        let mut writers = tokio::task::JoinSet::new();
        writers.spawn(async move {
            for turn in 0..60 {
                write(&*lake, unit(0), &replaced[turn % 2]).await;
            }
        });
        let mut reads = 0;
        let ended = loop {
            if let Some(ended) = writers.try_join_next() {
                break ended;
            }
            let asked = reads % 2;
            let read = case.lake.read(unit(0), Kinds::SCHEMA, &stored[asked]).await;
            match read {
                Ok(frame) => assert_eq!(frame, frames[asked], "{}", case.name),
                // The other of the two; that it is whole is seen by whoever asks for that one.
                Err(LakeError::Damaged { .. }) => {}
                Err(error) => panic!("{}: {error}", case.name),
            }
            let listed = case.lake.present(DATASET).await.expect("listed");
            let length = listed[&unit(0).date];
            assert!(stored.iter().any(|stored| stored.bytes == length), "{}: {length} bytes", case.name);
            reads += 1;
            tokio::task::yield_now().await;
        };
        ended.expect("the writer");
    }
}

#[tokio::test]
async fn a_bucket_has_the_bytes_of_the_disk_under_the_same_names() {
    let directory = tempfile::tempdir().expect("directory");
    let disk = ParquetLake::open(directory.path());
    let bucket = TestBucket::new(Faults::none());
    let lake = GcsLake::open(bucket.config()).expect("a bucket");
    for (name, frame) in contents() {
        let (on_disk, in_bucket) = (write(&disk, unit(0), &frame).await, write(&lake, unit(0), &frame).await);
        assert_eq!(in_bucket, on_disk, "{name}");
        let (bytes, _) = bucket.storage.get(BUCKET, &name_of(&lake.object_uri(unit(0)))).expect("the object");
        let place = disk.place(unit(0));
        assert_eq!(bytes, fs::read(&place).expect("the file"), "{name}");
        let below = place.strip_prefix(directory.path()).expect("below the root");
        assert!(Path::new(&lake.object_uri(unit(0))).ends_with(below), "{}", lake.object_uri(unit(0)));
    }
}

#[tokio::test]
async fn equal_texts_of_a_column_share_one_allocation() {
    let case = disk_case();
    let frame = Kinds::to_frame(&[full(3), full(0), full(6)]);
    let stored = write(&*case.lake, unit(0), &frame).await;
    let read = case.lake.read(unit(0), Kinds::SCHEMA, &stored).await;
    let read = read.expect("read");
    let Column::Text(names) = &read.columns()[0] else { panic!("names are text") };
    let names: Vec<&Arc<str>> = names.iter().flatten().collect();
    assert!(Arc::ptr_eq(names[0], names[1]) && Arc::ptr_eq(names[1], names[2]));
}

#[tokio::test]
async fn what_a_killed_process_left_is_removed_by_the_first_write_and_not_by_a_reader() {
    let directory = tempfile::tempdir().expect("directory");
    let writing = directory.path().join(".writing");
    fs::create_dir(&writing).expect("made");
    let leftover = writing.join("17");
    fs::write(&leftover, b"half a fi").expect("written");
    let lake = ParquetLake::open(directory.path());
    lake.present(DATASET).await.expect("listed");
    assert!(leftover.exists(), "another process may be writing it");
    write(&lake, unit(0), &Kinds::to_frame(&[full(1)])).await;
    assert_eq!(entries(&writing), Vec::<String>::new());
    assert_eq!(entries(directory.path()), [".writing", "nba"]);
}

#[tokio::test]
async fn a_write_that_fails_says_why_and_leaves_the_old_content() {
    let directory = tempfile::tempdir().expect("directory");
    let lake = ParquetLake::open(directory.path());
    let old = Kinds::to_frame(&[full(1)]);
    let stored = write(&lake, unit(0), &old).await;
    // A directory where the file should go: the rename fails, after everything before it has worked.
    let blocked = unit(1);
    fs::create_dir_all(lake.place(blocked).join("in the way")).expect("made");
    let written = lake.replace(&provenance(blocked), &old).await;
    let Err(LakeError::Storage { unit: named, operation, reason, .. }) = written else {
        panic!("{written:?}")
    };
    assert_eq!((named, operation), (blocked, "rename"));
    assert!(reason.to_lowercase().contains("directory"), "{reason}");
    let writing = directory.path().join(".writing");
    assert_eq!(entries(&writing), Vec::<String>::new());
    let read = lake.read(unit(0), Kinds::SCHEMA, &stored).await;
    assert_eq!(read.expect("read"), old);

    let file = directory.path().join("a file");
    fs::write(&file, b"").expect("written");
    let nowhere = ParquetLake::open(&file);
    let written = nowhere.replace(&provenance(unit(0)), &old).await;
    assert!(matches!(written, Err(LakeError::Storage { .. })), "{written:?}");
    let listed = nowhere.present(DATASET).await;
    assert!(
        matches!(&listed, Err(LakeError::Listing { dataset, place, .. })
            if *dataset == DATASET && place.contains("a file")),
        "{listed:?}"
    );
}

#[tokio::test]
async fn of_units_written_together_one_that_fails_takes_no_other_along() {
    let directory = tempfile::tempdir().expect("directory");
    let lake = ParquetLake::open(directory.path());
    let blocked = unit(7);
    fs::create_dir_all(lake.place(blocked).join("in the way")).expect("made");
    let frame = Kinds::to_frame(&[full(1)]);
    let all: Vec<_> = (0..200).map(|day| provenance(unit(day))).collect();
    let written = futures::future::join_all(all.iter().map(|one| lake.replace(one, &frame))).await;
    for (provenance, written) in all.iter().zip(written) {
        match written {
            Ok(stored) => {
                let read = lake.read(provenance.unit, Kinds::SCHEMA, &stored).await;
                assert_eq!(read.expect("read"), frame);
            }
            Err(error) => assert_eq!(provenance.unit, blocked, "{error}"),
        }
    }
    assert_eq!(entries(&directory.path().join(".writing")), Vec::<String>::new());
}

#[tokio::test]
async fn a_file_names_what_it_was_made_from() {
    let directory = tempfile::tempdir().expect("directory");
    let lake = ParquetLake::open(directory.path());
    let stored = write(&lake, unit(0), &Kinds::to_frame(&[full(1)])).await;
    let place = lake.place(unit(0));
    let expected_place = "nba/kinds/date=2023-12-09/kinds.parquet";
    assert!(place.ends_with(expected_place), "{}", place.display());
    let bytes = bytes::Bytes::from(fs::read(place).expect("the file"));
    let reader = parquet::file::serialized_reader::SerializedFileReader::new(bytes);
    let reader = reader.expect("parquet");
    let metadata = parquet::file::reader::FileReader::metadata(&reader).file_metadata();
    assert_eq!(metadata.created_by(), Some("tidegate"));
    let said: BTreeMap<&str, &str> = metadata
        .key_value_metadata()
        .expect("metadata")
        .iter()
        .filter_map(|pair| Some((pair.key.as_str(), pair.value.as_deref()?)))
        .collect();
    let revision = stored.revision.to_string();
    let fingerprint = provenance(unit(0)).fingerprint.to_string();
    let expected = BTreeMap::from([
        ("tidegate.code", "3"),
        ("tidegate.fingerprint", fingerprint.as_str()),
        ("tidegate.revision", revision.as_str()),
        ("tidegate.run", "backfill-2024"),
        ("tidegate.unit", "nba.kinds 2023-12-09"),
    ]);
    assert_eq!(said, expected);
}

fn entries(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(directory)
        .expect("listed")
        .map(|entry| entry.expect("entry").file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
