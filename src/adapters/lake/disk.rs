//! The lake on a local disk. A unit is written aside, synced, moved to its place and the move synced: a
//! reader sees the old or the new file, and what `replace` has said survives a power loss. File work
//! happens on the runtime's blocking threads. Must not be written by two processes at a time.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;

use super::decode::checked;
use super::encode::{Settings, encode};
use super::layout;
use crate::fleet::{Lake, LakeError, Provenance, Stored};
use crate::flow::{DatasetName, Date, Frame, Schema, Unit};

/// A lake of Parquet files under a directory.
pub struct ParquetLake {
    disk: Arc<Disk>,
    settings: Settings,
}

impl ParquetLake {
    /// The lake under `root`, which is made when the first unit is written. Opening touches nothing, so
    /// that a lake may be read while another process writes it.
    #[must_use]
    pub fn open(root: impl Into<PathBuf>) -> Self {
        let disk = Disk { root: root.into(), writes: AtomicU64::new(0), swept: Mutex::new(false) };
        Self { disk: Arc::new(disk), settings: Settings::new() }
    }

    /// Where the unit's file is or would be.
    #[must_use]
    pub fn place(&self, unit: Unit) -> PathBuf {
        layout::unit_file(&self.disk.root, unit)
    }

    async fn blocking<T: Send + 'static>(&self, work: impl FnOnce(&Disk) -> T + Send + 'static) -> T {
        let disk = Arc::clone(&self.disk);
        match tokio::task::spawn_blocking(move || work(&disk)).await {
            Ok(result) => result,
            // Nobody aborts these tasks, so it has panicked, and so do we.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}

#[async_trait]
impl Lake for ParquetLake {
    async fn replace(&self, provenance: &Provenance, frame: &Frame) -> Result<Stored, LakeError> {
        let unit = provenance.unit;
        let revision = frame.revision();
        let bytes = encode(&self.settings, provenance, &revision, frame).map_err(|error| {
            let place = self.place(unit);
            storage(unit, Failed::new("encode", &place, io::Error::other(error)))
        })?;
        let stored = Stored { revision, digest: *blake3::hash(&bytes).as_bytes(), bytes: bytes.len() as u64 };
        self.blocking(move |disk| disk.replace(unit, &bytes))
            .await
            .map_err(|failed| storage(unit, failed))?;
        Ok(stored)
    }

    async fn read(&self, unit: Unit, schema: Schema, stored: &Stored) -> Result<Frame, LakeError> {
        let expected = stored.clone();
        self.blocking(move |disk| disk.read(unit, schema, &expected)).await
    }

    async fn remove(&self, unit: Unit) -> Result<(), LakeError> {
        self.blocking(move |disk| disk.remove(unit)).await.map_err(|failed| storage(unit, failed))
    }

    async fn present(&self, dataset: DatasetName) -> Result<BTreeMap<Date, u64>, LakeError> {
        let listed = self.blocking(move |disk| disk.present(dataset)).await;
        listed.map_err(|Failed { operation, place, cause }| LakeError::Listing {
            dataset,
            operation,
            place: place.display().to_string(),
            reason: cause.to_string(),
        })
    }
}

/// A file operation that failed.
struct Failed {
    operation: &'static str,
    place: PathBuf,
    cause: io::Error,
}

impl Failed {
    fn new(operation: &'static str, place: &Path, cause: io::Error) -> Self {
        let place = place.to_owned();
        Self { operation, place, cause }
    }
}

/// Names the operation and the place of an error, where it arises.
fn at<T>(operation: &'static str, place: &Path, result: io::Result<T>) -> Result<T, Failed> {
    result.map_err(|cause| Failed::new(operation, place, cause))
}

fn storage(unit: Unit, failed: Failed) -> LakeError {
    LakeError::Storage {
        unit,
        operation: failed.operation,
        place: failed.place.display().to_string(),
        reason: failed.cause.to_string(),
    }
}

/// The directory and what is known about it.
struct Disk {
    root: PathBuf,
    /// Numbers the files that are being written.
    writes: AtomicU64,
    /// Whether the directory for those is there, and free of what an earlier process left half written.
    swept: Mutex<bool>,
}

impl Disk {
    fn replace(&self, unit: Unit, bytes: &[u8]) -> Result<(), Failed> {
        self.sweep()?;
        let number = self.writes.fetch_add(1, Ordering::Relaxed);
        let aside = layout::writing_directory(&self.root).join(number.to_string());
        let written = self.write_and_move(unit, &aside, bytes);
        if written.is_err() {
            // What matters is the first error; a file that stays behind here is swept at the next start.
            let _ = fs::remove_file(&aside);
        }
        written
    }

    fn write_and_move(&self, unit: Unit, aside: &Path, bytes: &[u8]) -> Result<(), Failed> {
        let mut file = at("create", aside, File::create(aside))?;
        at("write", aside, file.write_all(bytes))?;
        at("sync", aside, file.sync_all())?;
        let directory = layout::unit_directory(&self.root, unit);
        let place = layout::unit_file(&self.root, unit);
        let moved = match fs::rename(aside, &place) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                make_directory(&directory)?;
                fs::rename(aside, &place)
            }
            moved => moved,
        };
        at("rename", &place, moved)?;
        sync_directory(&directory)
    }

    /// Removes, before the first write, what a process that was killed left half written.
    fn sweep(&self) -> Result<(), Failed> {
        let mut swept = self.swept.lock().unwrap_or_else(PoisonError::into_inner);
        if *swept {
            return Ok(());
        }
        let directory = layout::writing_directory(&self.root);
        make_directory(&directory)?;
        for entry in at("list", &directory, fs::read_dir(&directory))? {
            let stale = at("list", &directory, entry)?.path();
            at("remove", &stale, fs::remove_file(&stale))?;
        }
        *swept = true;
        Ok(())
    }

    fn remove(&self, unit: Unit) -> Result<(), Failed> {
        let place = layout::unit_file(&self.root, unit);
        match fs::remove_file(&place) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => {
                at("remove", &place, removed)?;
                sync_directory(&layout::unit_directory(&self.root, unit))
            }
        }
    }

    fn read(&self, unit: Unit, schema: Schema, stored: &Stored) -> Result<Frame, LakeError> {
        let file = layout::unit_file(&self.root, unit);
        let place = || file.display().to_string();
        let damaged = |reason: String| LakeError::Damaged { unit, place: place(), reason };
        let bytes = match fs::read(&file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(LakeError::Missing { unit, place: place() });
            }
            Err(error) => return Err(storage(unit, Failed::new("read", &file, error))),
        };
        checked(Bytes::from(bytes), schema, stored).map_err(|error| damaged(error.to_string()))
    }

    fn present(&self, dataset: DatasetName) -> Result<BTreeMap<Date, u64>, Failed> {
        let directory = layout::dataset_directory(&self.root, dataset);
        let entries = match fs::read_dir(&directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
            entries => at("list", &directory, entries)?,
        };
        let file_name = layout::file_name(dataset);
        let mut lengths = BTreeMap::new();
        for entry in entries {
            let entry = at("list", &directory, entry)?;
            let Some(date) = entry.file_name().to_str().and_then(layout::date_of) else {
                continue;
            };
            let file = entry.path().join(&file_name);
            match fs::metadata(&file) {
                Ok(found) => {
                    lengths.insert(date, found.len());
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(Failed::new("look at", &file, error)),
            }
        }
        Ok(lengths)
    }
}

/// Makes a directory and those above it that are missing, each durable in its parent.
fn make_directory(directory: &Path) -> Result<(), Failed> {
    let made = match fs::create_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if let Some(parent) = directory.parent() {
                make_directory(parent)?;
            }
            fs::create_dir(directory)
        }
        made => made,
    };
    match made {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && directory.is_dir() => Ok(()),
        made => {
            at("make the directory", directory, made)?;
            match directory.parent() {
                Some(parent) if !parent.as_os_str().is_empty() => sync_directory(parent),
                _ => Ok(()),
            }
        }
    }
}

fn sync_directory(directory: &Path) -> Result<(), Failed> {
    let synced = File::open(directory).and_then(|opened| opened.sync_all());
    at("sync the directory", directory, synced)
}
