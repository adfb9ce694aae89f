//! Documents on a local disk, for a web server to serve as they lie. Each is written aside, synced and moved
//! to its place, so that a reader sees the old or the new one; what is equal is not written. The documents of
//! one unit are synced side by side. Must not be written by two processes at a time.

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt, stream};

use super::{Verdict, takes_the_place};
use crate::fleet::{ObjectError, ObjectStore, Published};
use crate::flow::{Date, Document, DocumentPath};

/// Documents of a unit that are written at a time: one sync of the disk serves many of them.
const WRITES_AT_A_TIME: usize = 16;

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
        let put = |document: Document| {
            let disk = Arc::clone(&self.0);
            blocking(move || {
                let verdict = disk.put(&document, as_of)?;
                Ok((verdict, disk.place(&document.path)))
            })
        };
        let puts = stream::iter(documents).map(put).buffer_unordered(WRITES_AT_A_TIME);
        let puts: Vec<(Verdict, PathBuf)> = puts.try_collect().await?;
        let mut published = Published::default();
        let mut directories = BTreeSet::new();
        for (verdict, place) in puts {
            match verdict {
                Verdict::Unchanged => published.unchanged += 1,
                Verdict::Later => published.later += 1,
                Verdict::Write => {
                    published.written += 1;
                    directories.extend(place.parent().map(Path::to_owned));
                }
            }
        }
        blocking(move || directories.iter().try_for_each(|directory| sync_directory(directory))).await?;
        Ok(published)
    }
}

/// Runs file work on the runtime's threads for such.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ObjectError> + Send + 'static,
) -> Result<T, ObjectError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        // Nobody aborts these tasks, so it has panicked, and so do we.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

impl Disk {
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
        let verdict = takes_the_place(document, as_of, present.as_deref());
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
    file.sync_data().map_err(|error| failed("sync", aside, &error))?;
    fs::rename(aside, place).map_err(|error| failed("rename", place, &error))
}

fn sync_directory(directory: &Path) -> Result<(), ObjectError> {
    let synced = File::open(directory).and_then(|opened| opened.sync_all());
    synced.map_err(|error| failed("sync the directory", directory, &error))
}

fn failed(operation: &'static str, place: &Path, cause: &io::Error) -> ObjectError {
    ObjectError { operation, place: place.display().to_string(), reason: cause.to_string() }
}
