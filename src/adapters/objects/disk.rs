//! Documents on a local disk, for a web server to serve as they lie. Each is written aside and moved to its
//! place, so that a reader sees the old or the new one; what is equal is not written. All documents of a unit
//! are made durable together, before `publish` returns: after a power loss one may be damaged, but then its
//! unit is not finished and is done again. Must not be written by two processes at a time.

use std::cmp::Reverse;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use tokio::sync::oneshot;

use super::{Present, Verdict, takes_the_place};
use crate::adapters::disk::{Batches, sync};
use crate::fleet::{ObjectError, ObjectStore, Published};
use crate::flow::{Date, Document};

/// A store under a directory.
pub struct DiskStore {
    root: PathBuf,
    batches: Batches<Order>,
}

/// A unit's documents.
struct Order {
    as_of: Date,
    documents: Vec<Document>,
    reply: oneshot::Sender<Result<Published, ObjectError>>,
}

impl DiskStore {
    /// The store under `root`, which is made with the first document.
    #[must_use]
    pub fn open(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), batches: Batches::new("documents-writer") }
    }
}

#[async_trait]
impl ObjectStore for DiskStore {
    async fn publish(&self, as_of: Date, documents: Vec<Document>) -> Result<Published, ObjectError> {
        let begin = || {
            let root = self.root.clone();
            fs::create_dir_all(&root)?;
            Ok(move |batch| commit(&root, batch))
        };
        let answer = self.batches.answered(|reply| Order { as_of, documents, reply }, begin).await;
        answer.map_err(|error| failed("begin to write", &self.root, &error))?
    }
}

/// Puts the documents of a batch in their places and makes them durable together. The latest dates come first: a
/// document that several of them write is written once.
fn commit(root: &Path, mut batch: Vec<Order>) {
    batch.sort_by_key(|order| Reverse(order.as_of));
    let mut in_place = Vec::new();
    let put: Vec<_> = batch
        .into_iter()
        .map(|order| (put_all(root, order.as_of, &order.documents, &mut in_place), order.reply))
        .collect();
    let synced = if in_place.is_empty() { Ok(()) } else { sync(root, &in_place) };
    for (published, reply) in put {
        let published = match &synced {
            Ok(()) => published,
            Err(error) => Err(failed("sync", root, error)),
        };
        // Whoever asked may have gone (a shutdown): what was done stays done.
        drop(reply.send(published));
    }
}

fn put_all(
    root: &Path,
    as_of: Date,
    documents: &[Document],
    in_place: &mut Vec<PathBuf>,
) -> Result<Published, ObjectError> {
    let mut published = Published::default();
    for document in documents {
        let place = root.join(document.path.as_str());
        let verdict = put(document, &place, as_of)?;
        verdict.count(&mut published);
        match verdict {
            Verdict::Later => {}
            // What is unchanged was perhaps written by a process that was killed before it had made it durable.
            Verdict::Unchanged | Verdict::Write => in_place.push(place),
        }
    }
    Ok(published)
}

fn put(document: &Document, place: &Path, as_of: Date) -> Result<Verdict, ObjectError> {
    let present = match fs::read(place) {
        Ok(bytes) => Some(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(failed("read", place, &error)),
    };
    let present = present.map(|bytes| Present::of_bytes(document, &bytes));
    let verdict = takes_the_place(document.keep, as_of, present.as_ref());
    if verdict == Verdict::Write {
        let directory = place.parent().unwrap_or(place);
        fs::create_dir_all(directory).map_err(|error| failed("make the directory", directory, &error))?;
        let aside = aside(place);
        if let Err(error) = write_and_move(&aside, place, &document.bytes) {
            // What matters is the first error; the next writing of this document takes the file over.
            let _ = fs::remove_file(&aside);
            return Err(error);
        }
    }
    Ok(verdict)
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

fn failed(operation: &'static str, place: &Path, cause: &io::Error) -> ObjectError {
    ObjectError { operation, place: place.display().to_string(), reason: cause.to_string() }
}
