//! The lake on a local disk. A unit is written aside, synced, moved to its place and the move synced, with all
//! others that wait (`writer.rs`): a reader sees the old or the new file, and what `replace` has said survives
//! a power loss. Reading happens on the runtime's blocking threads. Must not be written by two processes at a time.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use super::decode::checked;
use super::encode::{Settings, encode};
use super::layout;
use super::writer::Writer;
use crate::fleet::{Lake, LakeError, Provenance, Stored};
use crate::flow::{DatasetName, Date, Frame, Schema, Unit};

/// A lake of Parquet files under a directory.
pub struct ParquetLake {
    disk: Arc<Disk>,
    writer: Writer,
    settings: Settings,
}

impl ParquetLake {
    /// The lake under `root`, which is made when the first unit is written. Opening touches nothing, so
    /// that a lake may be read while another process writes it.
    #[must_use]
    pub fn open(root: impl Into<PathBuf>) -> Self {
        let root = root.into();
        Self { writer: Writer::new(root.clone()), disk: Arc::new(Disk { root }), settings: Settings::new() }
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
            storage(unit, Failed::new("encode", &place, &io::Error::other(error)))
        })?;
        let stored = Stored { revision, digest: *blake3::hash(&bytes).as_bytes(), bytes: bytes.len() as u64 };
        self.writer.replace(unit, bytes).await.map_err(|failed| storage(unit, failed))?;
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
        listed.map_err(|Failed { operation, place, reason }| LakeError::Listing {
            dataset,
            operation,
            place: place.display().to_string(),
            reason,
        })
    }
}

/// A file operation that failed.
#[derive(Debug, Clone)]
pub(super) struct Failed {
    operation: &'static str,
    place: PathBuf,
    reason: String,
}

impl Failed {
    pub(super) fn new(operation: &'static str, place: &Path, cause: &io::Error) -> Self {
        Self { operation, place: place.to_owned(), reason: cause.to_string() }
    }
}

/// Names the operation and the place of an error, where it arises.
pub(super) fn at<T>(operation: &'static str, place: &Path, result: io::Result<T>) -> Result<T, Failed> {
    result.map_err(|cause| Failed::new(operation, place, &cause))
}

fn storage(unit: Unit, failed: Failed) -> LakeError {
    LakeError::Storage {
        unit,
        operation: failed.operation,
        place: failed.place.display().to_string(),
        reason: failed.reason,
    }
}

/// The directory.
struct Disk {
    root: PathBuf,
}

impl Disk {
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
            Err(error) => return Err(storage(unit, Failed::new("read", &file, &error))),
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
                Err(error) => return Err(Failed::new("look at", &file, &error)),
            }
        }
        Ok(lengths)
    }
}

fn sync_directory(directory: &Path) -> Result<(), Failed> {
    let synced = File::open(directory).and_then(|opened| opened.sync_all());
    at("sync the directory", directory, synced)
}
