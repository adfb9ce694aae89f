//! The objects of a local Cloud Storage: buckets of named, immutable contents with generations, in memory or
//! in a directory that survives its server. What `storage_api` answers is decided here, and other local
//! servers read `gs://` places here. Every bucket is there until somebody deletes it.
#![allow(dead_code, reason = "each test that takes this file uses a part of it")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::faults::Faults;

/// What the requests are told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A content or a part of it.
    Get,
    /// What is said of a content.
    Head,
    /// One page of names.
    List,
    /// A new content.
    Put,
    /// An end.
    Delete,
    /// Anything else, which is refused.
    Other,
}

/// What is said of an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Said {
    /// Microseconds since 1970-01-01 UTC, rising with every write of any object: its name among contents.
    pub(crate) generation: u64,
    /// Length in bytes.
    pub(crate) size: u64,
    /// A hash of the content, in quotes.
    pub(crate) etag: String,
    /// `content-type`, `cache-control`, `x-goog-meta-*`, as they were given.
    pub(crate) headers: BTreeMap<String, String>,
}

/// Why a write did not happen.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The bucket was deleted.
    NoSuchBucket,
    /// The present generation is another one.
    Precondition,
    /// The directory failed.
    Disk(io::Error),
}

/// The objects of all buckets.
pub(crate) struct Storage {
    /// What goes wrong with requests, and how many there were.
    pub(crate) faults: Faults<Kind>,
    directory: Option<PathBuf>,
    state: Mutex<State>,
    /// What comes in between, by the number of the request before which it does.
    between: Mutex<BTreeMap<(Kind, u64), Between>>,
}

/// What somebody else does in between two requests.
type Between = Box<dyn FnOnce(&Storage) + Send>;

#[derive(Default)]
struct State {
    buckets: BTreeMap<String, BTreeMap<String, Object>>,
    deleted: BTreeSet<String>,
    latest_generation: u64,
}

struct Object {
    said: Said,
    /// In memory; where there is a directory, in its file there.
    content: Option<Bytes>,
}

/// The first line of an object's file; the content follows.
#[derive(Serialize, Deserialize)]
struct Header {
    bucket: String,
    name: String,
    said: Said,
}

impl Storage {
    /// A storage that ends with the process.
    pub(crate) fn in_memory(faults: Faults<Kind>) -> Self {
        Self { faults, directory: None, state: Mutex::default(), between: Mutex::default() }
    }

    /// The storage that was left in a directory, or a new one there.
    pub(crate) fn open(directory: &Path, faults: Faults<Kind>) -> io::Result<Self> {
        fs::create_dir_all(directory)?;
        let mut state = State::default();
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            if path.extension().is_some() {
                // Half written by a server that was killed.
                fs::remove_file(&path)?;
                continue;
            }
            let (header, _) = read_object(&path)?;
            state.latest_generation = state.latest_generation.max(header.said.generation);
            let object = Object { said: header.said, content: None };
            state.buckets.entry(header.bucket).or_default().insert(header.name, object);
        }
        let (directory, between) = (Some(directory.to_owned()), Mutex::default());
        Ok(Self { faults, directory, state: Mutex::new(state), between })
    }

    /// Somebody else comes in between: right before the request of this kind that is the `nth` from now, the
    /// first being 1.
    pub(crate) fn before(&self, kind: Kind, nth: u64, between: impl FnOnce(&Self) + Send + 'static) {
        let number = self.faults.count(kind) + nth;
        let mut all = self.between.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert((kind, number), Box::new(between));
    }

    /// Lets in what was to come before the present request of this kind.
    pub(crate) fn let_in(&self, kind: Kind) {
        let number = self.faults.count(kind);
        let between = self.between.lock().unwrap_or_else(PoisonError::into_inner).remove(&(kind, number));
        if let Some(between) = between {
            between(self);
        }
    }

    /// A content and its generation.
    pub(crate) fn get(&self, bucket: &str, name: &str) -> Option<(Bytes, u64)> {
        self.get_with(bucket, name).map(|(said, content)| (content, said.generation))
    }

    /// A content with what is said of it.
    pub(crate) fn get_with(&self, bucket: &str, name: &str) -> Option<(Said, Bytes)> {
        let state = self.state();
        let object = state.buckets.get(bucket)?.get(name)?;
        let content = match (&object.content, &self.directory) {
            (Some(content), _) => content.clone(),
            (None, Some(directory)) => {
                read_object(&place(directory, bucket, name)).expect("an object's file is readable").1
            }
            (None, None) => unreachable!("without a directory contents are in memory"),
        };
        Some((object.said.clone(), content))
    }

    /// What is said of an object.
    pub(crate) fn said(&self, bucket: &str, name: &str) -> Option<Said> {
        Some(self.state().buckets.get(bucket)?.get(name)?.said.clone())
    }

    /// The objects whose names begin so, in the order of their names.
    pub(crate) fn list(&self, bucket: &str, prefix: &str) -> Vec<(String, Said)> {
        let state = self.state();
        let from = prefix.to_owned();
        let objects = state.buckets.get(bucket).into_iter().flat_map(|objects| objects.range(from.clone()..));
        objects
            .take_while(|(name, _)| name.starts_with(prefix))
            .map(|(name, object)| (name.clone(), object.said.clone()))
            .collect()
    }

    /// Writes an object whatever is there, and says nothing of it: as somebody might with another tool.
    pub(crate) fn put(&self, bucket: &str, name: &str, content: impl Into<Bytes>) -> u64 {
        let written = self.put_if(bucket, name, content.into(), BTreeMap::new(), None);
        written.expect("a write without a condition").generation
    }

    /// Writes an object if its present generation is the expected one, 0 being none.
    pub(crate) fn put_if(
        &self,
        bucket: &str,
        name: &str,
        content: Bytes,
        headers: BTreeMap<String, String>,
        expected: Option<u64>,
    ) -> Result<Said, Refused> {
        let etag = format!("\"{}\"", &blake3::hash(&content).to_hex()[..32]);
        let mut state = self.state();
        if state.deleted.contains(bucket) {
            return Err(Refused::NoSuchBucket);
        }
        let present = state.buckets.get(bucket).and_then(|objects| objects.get(name));
        let present = present.map_or(0, |object| object.said.generation);
        if expected.is_some_and(|expected| expected != present) {
            return Err(Refused::Precondition);
        }
        let generation = now_micros().max(state.latest_generation + 1);
        let said = Said { generation, size: content.len() as u64, etag, headers };
        if let Some(directory) = &self.directory {
            write_object(directory, bucket, name, &said, &content).map_err(Refused::Disk)?;
        }
        state.latest_generation = generation;
        let content = self.directory.is_none().then_some(content);
        let objects = state.buckets.entry(bucket.to_owned()).or_default();
        objects.insert(name.to_owned(), Object { said: said.clone(), content });
        Ok(said)
    }

    /// Takes an object away; says whether there was one.
    pub(crate) fn delete(&self, bucket: &str, name: &str) -> bool {
        let mut state = self.state();
        let there = state.buckets.get_mut(bucket).and_then(|objects| objects.remove(name)).is_some();
        if let (true, Some(directory)) = (there, &self.directory) {
            fs::remove_file(place(directory, bucket, name)).expect("an object's file can be removed");
        }
        there
    }

    /// Takes a bucket away, with all that is in it, as somebody might who should not.
    pub(crate) fn delete_bucket(&self, bucket: &str) {
        for (name, _) in self.list(bucket, "") {
            self.delete(bucket, &name);
        }
        self.state().deleted.insert(bucket.to_owned());
    }

    /// Whether the bucket is there.
    pub(crate) fn has_bucket(&self, bucket: &str) -> bool {
        !self.state().deleted.contains(bucket)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[expect(clippy::disallowed_methods, reason = "generations are moments, as the real service's are")]
fn now_micros() -> u64 {
    u64::try_from(chrono::Utc::now().timestamp_micros()).unwrap_or(0)
}

/// The file of an object: names of objects may have any sign, and any length.
fn place(directory: &Path, bucket: &str, name: &str) -> PathBuf {
    directory.join(blake3::hash(format!("{bucket}\0{name}").as_bytes()).to_hex().as_str())
}

fn write_object(directory: &Path, bucket: &str, name: &str, said: &Said, content: &[u8]) -> io::Result<()> {
    let place = place(directory, bucket, name);
    let header = Header { bucket: bucket.to_owned(), name: name.to_owned(), said: said.clone() };
    let mut bytes = serde_json::to_vec(&header).map_err(io::Error::other)?;
    bytes.push(b'\n');
    bytes.extend_from_slice(content);
    let aside = place.with_extension("writing");
    fs::write(&aside, bytes)?;
    fs::rename(aside, place)
}

fn read_object(path: &Path) -> io::Result<(Header, Bytes)> {
    let bytes = Bytes::from(fs::read(path)?);
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let header = serde_json::from_slice(&bytes[..end])
        .map_err(|error| io::Error::other(format!("{}: {error}", path.display())))?;
    Ok((header, bytes.slice((end + 1).min(bytes.len())..)))
}
