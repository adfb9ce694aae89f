//! Documents on a local disk, for a web server to serve as they lie. Each is written aside and moved to its
//! place, so that a reader sees the old or the new one; what is equal is not written. All documents of a unit
//! are made durable together, before `publish` returns: after a power loss one may be damaged, but then its
//! unit is not finished and is done again. Must not be written by two processes at a time.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use super::{Present, Verdict, takes_the_place};
use crate::fleet::{ObjectError, ObjectStore, Published};
use crate::flow::{Date, Document, DocumentPath};

/// A store under a directory.
#[derive(Clone)]
pub struct DiskStore(Arc<Disk>);

struct Disk {
    root: PathBuf,
    /// One lock a document that is being looked at and written: two dates may write the same one.
    busy: Mutex<HashMap<DocumentPath, Arc<Mutex<()>>>>,
}

impl DiskStore {
    /// The store under `root`, which is made with the first document.
    #[must_use]
    pub fn open(root: impl Into<PathBuf>) -> Self {
        Self(Arc::new(Disk { root: root.into(), busy: Mutex::default() }))
    }
}

#[async_trait]
impl ObjectStore for DiskStore {
    async fn publish(&self, as_of: Date, documents: Vec<Document>) -> Result<Published, ObjectError> {
        let disk = Arc::clone(&self.0);
        match tokio::task::spawn_blocking(move || disk.publish(as_of, &documents)).await {
            Ok(result) => result,
            // Nobody aborts these tasks, so it has panicked, and so do we.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}

impl Disk {
    fn publish(&self, as_of: Date, documents: &[Document]) -> Result<Published, ObjectError> {
        let mut published = Published::default();
        let mut in_place = Vec::new();
        for document in documents {
            let verdict = self.put(document, as_of)?;
            verdict.count(&mut published);
            match verdict {
                Verdict::Later => {}
                // What is unchanged was perhaps written by a process that was killed before it had made it durable.
                Verdict::Unchanged | Verdict::Write => in_place.push(self.place(&document.path)),
            }
        }
        if !in_place.is_empty() {
            make_durable(&self.root, &in_place)?;
        }
        Ok(published)
    }

    fn place(&self, path: &DocumentPath) -> PathBuf {
        self.root.join(path.as_str())
    }

    fn put(&self, document: &Document, as_of: Date) -> Result<Verdict, ObjectError> {
        let lock = {
            let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(busy.entry(document.path.clone()).or_default())
        };
        let verdict = {
            let _alone = lock.lock().unwrap_or_else(PoisonError::into_inner);
            self.put_alone(document, as_of)
        };
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        // Ours and the map's: nobody else has it or waits for it.
        if Arc::strong_count(&lock) == 2 {
            busy.remove(&document.path);
        }
        verdict
    }

    fn put_alone(&self, document: &Document, as_of: Date) -> Result<Verdict, ObjectError> {
        let place = self.place(&document.path);
        let present = match fs::read(&place) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(failed("read", &place, &error)),
        };
        let present = present.map(|bytes| Present::of_bytes(document, &bytes));
        let verdict = takes_the_place(document.keep, as_of, present.as_ref());
        if verdict == Verdict::Write {
            let directory = place.parent().unwrap_or(&self.root);
            fs::create_dir_all(directory).map_err(|error| failed("make the directory", directory, &error))?;
            let aside = aside(&place);
            if let Err(error) = write_and_move(&aside, &place, &document.bytes) {
                // What matters is the first error; the next writing of this document takes the file over.
                let _ = fs::remove_file(&aside);
                return Err(error);
            }
        }
        Ok(verdict)
    }
}

/// Where a document is written before it is moved: beside it, under a name that no document has.
fn aside(place: &Path) -> PathBuf {
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    place.with_file_name(format!(".{name}.writing"))
}

fn write_and_move(aside: &Path, place: &Path, bytes: &[u8]) -> Result<(), ObjectError> {
    let mut file = File::create(aside).map_err(|error| failed("create", aside, &error))?;
    file.write_all(bytes).map_err(|error| failed("write", aside, &error))?;
    fs::rename(aside, place).map_err(|error| failed("rename", place, &error))
}

/// Makes files and their directories durable. One sync of the file system costs as much as that of one file, and
/// a unit may have hundreds.
#[cfg(target_os = "linux")]
fn make_durable(root: &Path, _places: &[PathBuf]) -> Result<(), ObjectError> {
    let synced = File::open(root).and_then(|opened| Ok(rustix::fs::syncfs(opened)?));
    synced.map_err(|error| failed("sync the file system of", root, &error))
}

/// Makes files and their directories durable, one by one where there is no other way.
#[cfg(not(target_os = "linux"))]
fn make_durable(_root: &Path, places: &[PathBuf]) -> Result<(), ObjectError> {
    let directories: std::collections::BTreeSet<&Path> =
        places.iter().filter_map(|place| place.parent()).collect();
    for place in places.iter().map(PathBuf::as_path).chain(directories) {
        let synced = File::open(place).and_then(|opened| opened.sync_all());
        synced.map_err(|error| failed("sync", place, &error))?;
    }
    Ok(())
}

fn failed(operation: &'static str, place: &Path, cause: &io::Error) -> ObjectError {
    ObjectError { operation, place: place.display().to_string(), reason: cause.to_string() }
}
