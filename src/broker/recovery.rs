//! From the files of a stopped or crashed server to its state: picks the living segment, replays it, cuts a torn
//! tail and says what was dropped. Must not: guess. Damage to what was durable refuses to start.

use super::log::{self, Header};
use super::state::{Dangling, State};
use super::storage::{Appending, Storage};
use std::io;

/// What recovery found; for the log of whoever started the server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecoveryReport {
    /// The segment that was read; none in an empty directory.
    pub segment: Option<String>,
    /// Records replayed.
    pub records: u64,
    /// Bytes after the last whole record that were dropped. None of them was ever acknowledged.
    pub dropped_bytes: u64,
    /// Messages that are unacknowledged in some subscription, counted once for each.
    pub backlog: u64,
    /// Dead files that were removed.
    pub removed_files: Vec<String>,
}

/// Why the log cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    /// The file layer failed.
    #[error("the log's file {file} cannot be used: {cause}")]
    Io {
        /// The file.
        file: String,
        /// The error of the file layer.
        #[source]
        cause: io::Error,
    },
    /// Written by a later version of the program.
    #[error("{file} has the format version {found}; this program reads version {known}")]
    Version {
        /// The file.
        file: String,
        /// The version that it names.
        found: u32,
        /// The version that is known here.
        known: u32,
    },
    /// Bytes that were durable have changed: the disk is at fault, and going on would lose acknowledged messages.
    #[error(
        "{file} is damaged at byte {at}, in a part that was durable; restore it from a backup or remove it"
    )]
    Damaged {
        /// The file.
        file: String,
        /// The offset of the first unreadable byte.
        at: u64,
    },
    /// A sound record that contradicts those before it.
    #[error("{file} contradicts itself before byte {at}: {cause}")]
    Contradiction {
        /// The file.
        file: String,
        /// The offset of the end of the record.
        at: u64,
        /// What does not fit.
        #[source]
        cause: Dangling,
    },
}

/// A recovered log: the state and the segment to go on with.
pub(super) struct Recovered {
    /// The sum of the records.
    pub(super) state: State,
    /// The segment, cut to its last whole record.
    pub(super) segment: Box<dyn Appending>,
    /// The segment's number.
    pub(super) number: u64,
    /// Its length in bytes.
    pub(super) length: u64,
    /// What was found.
    pub(super) report: RecoveryReport,
}

/// The name of segment `number`.
pub(super) fn segment_name(number: u64) -> String {
    format!("{number:012}.log")
}

fn segment_number(name: &str) -> Option<u64> {
    name.strip_suffix(".log")?.parse().ok()
}

/// Opens the log in `storage`, or begins one.
pub(super) fn recover(storage: &dyn Storage) -> Result<Recovered, RecoveryError> {
    let names = storage.names().map_err(|cause| failed("directory", cause))?;
    let newest = names.iter().filter_map(|name| segment_number(name)).max();
    let mut report = RecoveryReport::default();
    for name in names {
        let dead = segment_number(&name).map_or(name.ends_with(".tmp"), |number| Some(number) != newest);
        if dead {
            storage.remove(&name).map_err(|cause| failed(&name, cause))?;
            report.removed_files.push(name);
        }
    }
    match newest {
        Some(number) => replay(storage, number, report),
        None => begin(storage, report),
    }
}

fn begin(storage: &dyn Storage, report: RecoveryReport) -> Result<Recovered, RecoveryError> {
    let number = 1;
    let name = segment_name(number);
    let mut header = Vec::new();
    log::put_header(&mut header);
    let begun = || -> io::Result<Box<dyn Appending>> {
        // Under a temporary name first: a segment that exists has a header.
        let temporary = format!("{name}.tmp");
        let mut segment = storage.create(&temporary)?;
        segment.append(&header)?;
        segment.sync()?;
        storage.rename(&temporary, &name)?;
        storage.sync_names()?;
        Ok(segment)
    };
    let segment = begun().map_err(|cause| failed(&name, cause))?;
    Ok(Recovered { state: State::default(), segment, number, length: header.len() as u64, report })
}

fn replay(
    storage: &dyn Storage,
    number: u64,
    mut report: RecoveryReport,
) -> Result<Recovered, RecoveryError> {
    let name = segment_name(number);
    let bytes = storage.read(&name).map_err(|cause| failed(&name, cause))?;
    match log::header(&bytes) {
        Header::Current => {}
        Header::Version(found) => {
            return Err(RecoveryError::Version { file: name, found, known: log::FORMAT_VERSION });
        }
        Header::Damaged => return Err(RecoveryError::Damaged { file: name, at: 0 }),
    }
    let mut state = State::default();
    let mut at = log::HEADER_BYTES;
    while let Some(frame) = log::frame(&bytes, at) {
        at = frame.end;
        report.records += 1;
        state.apply(frame.record).map_err(|cause| RecoveryError::Contradiction {
            file: name.clone(),
            at: at as u64,
            cause,
        })?;
    }
    if durable_beyond(&bytes, at) {
        return Err(RecoveryError::Damaged { file: name, at: at as u64 });
    }
    state.settle();
    report.dropped_bytes = (bytes.len() - at) as u64;
    report.backlog = state.subscriptions.values().map(|entry| entry.queue.len() as u64).sum();
    report.segment = Some(name.clone());
    let cut = || -> io::Result<Box<dyn Appending>> {
        let mut segment = storage.reopen(&name, at as u64)?;
        segment.sync()?;
        storage.sync_names()?;
        Ok(segment)
    };
    let segment = cut().map_err(|cause| failed(&name, cause))?;
    Ok(Recovered { state, segment, number, length: at as u64, report })
}

/// Whether a sound frame after the unreadable one at `at` knows `at` to have been durable.
fn durable_beyond(bytes: &[u8], at: usize) -> bool {
    (at..bytes.len()).filter_map(|start| log::frame(bytes, start)).any(|frame| frame.synced > at as u64)
}

fn failed(file: &str, cause: io::Error) -> RecoveryError {
    RecoveryError::Io { file: file.to_owned(), cause }
}
