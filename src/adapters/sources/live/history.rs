//! The landing zone as fetches write it: every answer as it came with a receipt, never changed; and the
//! current payload of each place, replaced atomically. Judges nothing. Blocking: call it on threads for that.
//!
//! ```text
//! player_game_logs/2023-24/2024-01-26.json                                   the current payload
//! .fetched/player_game_logs/2023-24/2024-01-26/
//!     20240127T093001Z-5f3c8e2a9b1d4c7e.json.gz                              an answer as it came
//!     20240127T093001Z-5f3c8e2a9b1d4c7e.receipt.json                         what was asked and when, and its worth:
//!                                                                            one each time, also of the same bytes
//!     checked.json                                                           when the payload was last found current
//! ```

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::{Compression, GzBuilder};
use serde::{Deserialize, Serialize};

use super::error::FetchError;
use super::requests::Place;
use crate::adapters::sources::ending;
use crate::fleet::{Fetched, Millis};

/// The file that says when a payload was last found current.
const CHECKED: &str = "checked.json";

/// Writes below the landing zone's directory.
#[derive(Debug, Clone)]
pub(super) struct History {
    root: PathBuf,
}

/// What was asked, what was answered, and what it was worth.
#[derive(Debug, Serialize)]
pub(super) struct Receipt<'a> {
    /// The source, as the pipelines name it.
    pub(super) source: &'static str,
    /// The season, or one with a suffix for its part.
    pub(super) label: &'a str,
    /// The date that the answer is of; null for what is of the whole season.
    pub(super) date: Option<String>,
    pub(super) asked_at: String,
    /// Without any key.
    pub(super) url: String,
    pub(super) status: u16,
    pub(super) headers: &'a std::collections::BTreeMap<String, String>,
    pub(super) bytes: usize,
    pub(super) blake3: String,
    /// `accepted`, or the code of why not.
    pub(super) verdict: &'static str,
    /// Why not, for people.
    pub(super) reason: Option<String>,
}

/// When a payload was last found current, and by what the host can say so again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Checked {
    pub(super) at: Millis,
    /// The hash of the payload that was found current.
    pub(super) blake3: String,
    pub(super) etag: Option<String>,
    pub(super) last_modified: Option<String>,
    /// What was asked for, where a place is filled from one of many: a report has its own name each time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) path: Option<String>,
}

impl History {
    /// Of the landing zone in this directory.
    pub(super) fn below(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Keeps an answer as it came, and a receipt of this time. Bytes that are there already are not kept twice;
    /// `essence` is what has to differ, where some of the bytes say nothing. The same bytes may be refused at
    /// one time and accepted at another, so no receipt takes the place of one before.
    pub(super) fn keep(
        &self,
        place: &Place,
        moment: &str,
        essence: &str,
        body: &[u8],
        receipt: &Receipt<'_>,
    ) -> Result<(), FetchError> {
        let folder = self.root.join(place.history());
        fs::create_dir_all(&folder).map_err(storage("create", &folder))?;
        let digest = &essence[..16];
        let name = format!("{moment}-{digest}");
        let ending = format!("{}.gz", ending(place.source));
        if !has_answer(&folder, &format!("-{digest}.{ending}")).map_err(storage("list", &folder))? {
            let packed = pack(body).map_err(storage("pack", &folder))?;
            replace(&folder, &folder.join(format!("{name}.{ending}")), &packed)?;
        }
        let receipt = pretty(receipt)?;
        // Two receipts of one second, which differ in the millisecond or the verdict.
        let mut path = folder.join(format!("{name}.receipt.json"));
        let mut number = 1;
        while path.exists() {
            number += 1;
            path = folder.join(format!("{name}-{number}.receipt.json"));
        }
        replace(&folder, &path, &receipt)
    }

    /// Makes this the current payload of a place.
    pub(super) fn put(&self, place: &Place, body: &[u8]) -> Result<Fetched, FetchError> {
        let path = self.root.join(place.name());
        if fs::read(&path).is_ok_and(|present| present == body) {
            return Ok(Fetched::Unchanged);
        }
        let history = self.root.join(place.history());
        for folder in [path.parent(), Some(&*history)].into_iter().flatten() {
            fs::create_dir_all(folder).map_err(storage("create", folder))?;
        }
        replace(&history, &path, body)?;
        Ok(Fetched::New)
    }

    /// The current payload of a place, if a fetch or somebody else has put one there.
    pub(super) fn present(&self, place: &Place) -> Result<Option<Vec<u8>>, FetchError> {
        let path = self.root.join(place.name());
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(storage("read", &path)(error)),
        }
    }

    /// When the place's payload was last found current. A note that cannot be read is as good as none: the
    /// payload is asked for once more.
    pub(super) fn checked(&self, place: &Place) -> Option<Checked> {
        let bytes = fs::read(self.root.join(place.history()).join(CHECKED)).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Notes when the place's payload was last found current.
    pub(super) fn note(&self, place: &Place, checked: &Checked) -> Result<(), FetchError> {
        let folder = self.root.join(place.history());
        fs::create_dir_all(&folder).map_err(storage("create", &folder))?;
        replace(&folder, &folder.join(CHECKED), &pretty(checked)?)
    }
}

/// Whether the folder has an answer whose name ends so, under whatever moment.
fn has_answer(folder: &Path, ending: &str) -> io::Result<bool> {
    for entry in fs::read_dir(folder)? {
        if entry?.file_name().to_string_lossy().ends_with(ending) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Packed without a time, so that equal answers are equal files.
fn pack(body: &[u8]) -> io::Result<Vec<u8>> {
    let mut packed = GzBuilder::new().mtime(0).write(Vec::new(), Compression::default());
    packed.write_all(body)?;
    packed.finish()
}

fn pretty(value: &impl Serialize) -> Result<Vec<u8>, FetchError> {
    serde_json::to_vec_pretty(value).map_err(|error| FetchError::Storage {
        operation: "write",
        path: "a receipt".to_owned(),
        reason: error.to_string(),
    })
}

/// Writes a file as a whole: a reader sees the old one or the new one, also after a crash. The half-written
/// one is in `folder`, where nobody looks for payloads.
fn replace(folder: &Path, path: &Path, bytes: &[u8]) -> Result<(), FetchError> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let half = folder.join(format!("half-{}-{number}", std::process::id()));
    let write = || {
        let mut file = File::create(&half)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&half, path)?;
        path.parent().map_or(Ok(()), |parent| File::open(parent)?.sync_all())
    };
    write().map_err(storage("write", path))
}

fn storage(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FetchError {
    let path = path.display().to_string();
    move |error| FetchError::Storage { operation, path, reason: error.to_string() }
}
