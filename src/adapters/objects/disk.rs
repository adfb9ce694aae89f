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

use super::{Present, Remains, Verdict, list_place, takes_the_place, what_remains};
use crate::adapters::disk::{Batches, sync};
use crate::fleet::{ObjectError, ObjectStore, Published, Retraction};
use crate::flow::{Date, Document, Listing, Unit};

/// A store under a directory.
pub struct DiskStore {
    root: PathBuf,
    batches: Batches<Order>,
}

/// Something to be made durable.
enum Order {
    /// A date's documents.
    Publish(Date, Vec<Document>, Reply<Published>),
    /// What is to be added to a unit's list.
    List(Unit, Listing, Reply<Listing>),
    /// A document that is taken back.
    Retract(Retraction, Reply<()>),
}

type Reply<T> = oneshot::Sender<Result<T, ObjectError>>;

/// What was done, and whom to tell when it is durable.
enum Done {
    Publish(Result<Published, ObjectError>, Reply<Published>),
    List(Result<Listing, ObjectError>, Reply<Listing>),
    Retract(Result<(), ObjectError>, Reply<()>),
}

impl DiskStore {
    /// The store under `root`, which is made with the first document.
    #[must_use]
    pub fn open(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), batches: Batches::new("documents-writer") }
    }

    async fn answered<T>(&self, order: impl FnOnce(Reply<T>) -> Order) -> Result<T, ObjectError> {
        let begin = || {
            let root = self.root.clone();
            fs::create_dir_all(&root)?;
            Ok(move |batch| commit(&root, batch))
        };
        let answer = self.batches.answered(order, begin).await;
        answer.map_err(|error| failed("begin to write", &self.root, &error))?
    }
}

#[async_trait]
impl ObjectStore for DiskStore {
    async fn publish(&self, as_of: Date, documents: Vec<Document>) -> Result<Published, ObjectError> {
        self.answered(|reply| Order::Publish(as_of, documents, reply)).await
    }

    async fn list(&self, unit: Unit, more: Listing) -> Result<Listing, ObjectError> {
        self.answered(|reply| Order::List(unit, more, reply)).await
    }

    async fn listed(&self, unit: Unit) -> Result<Listing, ObjectError> {
        let place = self.root.join(list_place(unit));
        let read = tokio::task::spawn_blocking(move || read_list(&place)).await;
        // Nobody aborts these tasks, so it has panicked, and so do we.
        read.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
    }

    async fn retract(&self, retraction: Retraction) -> Result<(), ObjectError> {
        self.answered(|reply| Order::Retract(retraction, reply)).await
    }
}

impl Order {
    fn date(&self) -> Date {
        match self {
            Self::Publish(date, _, _) => *date,
            Self::List(unit, _, _) => unit.date,
            Self::Retract(retraction, _) => retraction.as_of,
        }
    }

    /// Does it; notes in `touched` what has to be made durable.
    fn carry_out(self, root: &Path, touched: &mut Vec<PathBuf>) -> Done {
        match self {
            Self::Publish(as_of, documents, reply) => {
                Done::Publish(put_all(root, as_of, &documents, touched), reply)
            }
            Self::List(unit, more, reply) => Done::List(add_to_list(root, unit, &more, touched), reply),
            Self::Retract(retraction, reply) => Done::Retract(retract(root, &retraction, touched), reply),
        }
    }
}

impl Done {
    fn tell(self, root: &Path, synced: &io::Result<()>) {
        // Whoever asked may have gone (a shutdown): what was done stays done.
        match self {
            Self::Publish(done, reply) => drop(reply.send(durable(done, root, synced))),
            Self::List(done, reply) => drop(reply.send(durable(done, root, synced))),
            Self::Retract(done, reply) => drop(reply.send(durable(done, root, synced))),
        }
    }
}

fn durable<T>(done: Result<T, ObjectError>, root: &Path, synced: &io::Result<()>) -> Result<T, ObjectError> {
    match synced {
        Ok(()) => done,
        Err(error) => Err(failed("sync", root, error)),
    }
}

/// Carries out a batch and makes it durable together. The latest dates come first: a document that several of them
/// write is written once.
fn commit(root: &Path, mut batch: Vec<Order>) {
    batch.sort_by_key(|order| Reverse(order.date()));
    let mut touched = Vec::new();
    let done: Vec<Done> = batch.into_iter().map(|order| order.carry_out(root, &mut touched)).collect();
    let synced = if touched.is_empty() { Ok(()) } else { sync(root, &touched) };
    done.into_iter().for_each(|done| done.tell(root, &synced));
}

/// Adds to a unit's list, and answers with the whole of it.
fn add_to_list(
    root: &Path,
    unit: Unit,
    more: &Listing,
    touched: &mut Vec<PathBuf>,
) -> Result<Listing, ObjectError> {
    let place = root.join(list_place(unit));
    let listed = read_list(&place)?;
    let listing = listed.with(more);
    if listing != listed {
        write(&place, listing.to_text().as_bytes())?;
    }
    if !listing.is_empty() {
        // Even what is unchanged: a process may have written it that was killed before it had made it durable.
        touched.push(place);
    }
    Ok(listing)
}

fn read_list(place: &Path) -> Result<Listing, ObjectError> {
    let bytes = read(place)?.unwrap_or_default();
    Listing::parse(&bytes).map_err(|error| failed("read the list", place, &io::Error::other(error)))
}

fn put_all(
    root: &Path,
    as_of: Date,
    documents: &[Document],
    touched: &mut Vec<PathBuf>,
) -> Result<Published, ObjectError> {
    let mut published = Published::default();
    for document in documents {
        let place = root.join(document.path.as_str());
        let verdict = put(document, &place, as_of)?;
        verdict.count(&mut published);
        match verdict {
            Verdict::Later => {}
            // What is unchanged was perhaps written by a process that was killed before it had made it durable.
            Verdict::Unchanged | Verdict::Write => touched.push(place),
        }
    }
    Ok(published)
}

fn put(document: &Document, place: &Path, as_of: Date) -> Result<Verdict, ObjectError> {
    let present = read(place)?.map(|bytes| Present::of_bytes(document, &bytes));
    let verdict = takes_the_place(document.keep, as_of, present.as_ref());
    if verdict == Verdict::Write {
        write(place, &document.bytes)?;
    }
    Ok(verdict)
}

/// Takes a document back.
fn retract(root: &Path, retraction: &Retraction, touched: &mut Vec<PathBuf>) -> Result<(), ObjectError> {
    let place = root.join(retraction.path.as_str());
    let present = read(&place)?;
    let as_of = present.as_ref().and_then(|bytes| Document::as_of(bytes));
    match (what_remains(retraction, as_of), &retraction.heir) {
        (Remains::Present, _) => {}
        (Remains::Heir, Some((_, heir))) => {
            if present.as_deref() != Some(&*heir.bytes) {
                write(&place, &heir.bytes)?;
            }
            touched.push(place);
        }
        (Remains::Heir, None) => touched.push(remove(root, &place)?),
    }
    Ok(())
}

/// Removes a file, and the directories that are empty without it. Answers with the directory that remains.
fn remove(root: &Path, place: &Path) -> Result<PathBuf, ObjectError> {
    match fs::remove_file(place) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed("remove", place, &error)),
        Ok(()) | Err(_) => {}
    }
    let above = place.ancestors().skip(1).take_while(|directory| directory.starts_with(root));
    for directory in above.filter(|directory| *directory != root) {
        match fs::remove_dir(directory).map_err(|error| (error.kind(), error)) {
            Ok(()) | Err((io::ErrorKind::NotFound, _)) => {}
            Err((io::ErrorKind::DirectoryNotEmpty, _)) => return Ok(directory.to_owned()),
            Err((_, error)) => return Err(failed("remove", directory, &error)),
        }
    }
    Ok(root.to_owned())
}

/// A file's content; `None` where there is none.
fn read(place: &Path) -> Result<Option<Vec<u8>>, ObjectError> {
    match fs::read(place) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("read", place, &error)),
    }
}

/// Writes a file aside and moves it to its place, in a directory that may not be there yet.
fn write(place: &Path, bytes: &[u8]) -> Result<(), ObjectError> {
    let aside = aside(place);
    let created = match File::create(&aside) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let directory = place.parent().unwrap_or(place);
            fs::create_dir_all(directory).map_err(|error| failed("make the directory", directory, &error))?;
            File::create(&aside)
        }
        created => created,
    };
    let file = created.map_err(|error| failed("create", &aside, &error))?;
    if let Err(error) = fill_and_move(file, &aside, place, bytes) {
        // What matters is the first error; the next writing of this file takes the one aside over.
        let _ = fs::remove_file(&aside);
        return Err(error);
    }
    Ok(())
}

/// Where a document is written before it is moved: beside it, under a name that no document has.
fn aside(place: &Path) -> PathBuf {
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    place.with_file_name(format!(".{name}.writing"))
}

fn fill_and_move(mut file: File, aside: &Path, place: &Path, bytes: &[u8]) -> Result<(), ObjectError> {
    file.write_all(bytes).map_err(|error| failed("write", aside, &error))?;
    fs::rename(aside, place).map_err(|error| failed("rename", place, &error))
}

fn failed(operation: &'static str, place: &Path, cause: &io::Error) -> ObjectError {
    ObjectError { operation, place: place.display().to_string(), reason: cause.to_string() }
}
