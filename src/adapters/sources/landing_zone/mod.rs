//! A landing zone on the disk: raw payloads as the upstream sent them, never changed here.
//! `<source>/<label>.zip` has a member `<date>.json` a date; `<source>/<label>/<date>.json` is the same
//! unpacked, and takes the place of the zip's member; `schedule/<season>.json.gz` is a season's games, cut by
//! date, and `<season>.json` takes its place. Payloads of `injury_report` are PDFs, `<date>.pdf`.
//! Labels are a season, or one with a suffix (`2023-24-playoffs`).
//! Nothing else is looked at, so `.fetched/`, where the answers of fetches are kept, is never a payload.
//! Interprets no payload.

mod archive;
mod error;
mod season_list;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;

use super::ending;
use crate::fleet::{Found, Source};
use crate::flow::{Date, Failure, Payload};

use archive::{Archive, PAYLOAD_BYTES_MAX};
pub use error::SourceError;
use season_list::SeasonList;

/// The folder that has the season lists.
const SCHEDULE: &str = "schedule";

/// A landing zone. Cheap to clone; files stay open between calls and are opened anew when they change.
#[derive(Clone)]
pub struct LandingZone(Arc<Zone>);

struct Zone {
    root: PathBuf,
    files: Mutex<BTreeMap<PathBuf, Kept>>,
}

/// A file as it was when it was last opened.
struct Kept {
    len: u64,
    modified: Option<SystemTime>,
    opened: Opened,
}

/// What a file is.
#[derive(Clone)]
enum Opened {
    Archive(Arc<Archive>),
    List(Arc<SeasonList>),
    /// One unpacked payload.
    Plain {
        crc: u32,
    },
    Broken(Arc<str>),
}

/// What a file should be, by its name.
#[derive(Clone, Copy)]
enum Kind {
    Archive,
    List,
    Plain,
}

/// Something in a source's folder that may hold payloads: a file, or a folder of unpacked ones.
struct Holder {
    label: String,
    /// Its path within the landing zone, for people.
    name: String,
    path: PathBuf,
    form: Form,
}

enum Form {
    Archive,
    Folder,
    List,
}

/// A date's payload within a holder.
struct Part {
    name: String,
    crc: u32,
    place: Place,
}

enum Place {
    Member { archive: Arc<Archive>, file: String, member: String },
    Plain(PathBuf),
    Extract(Bytes),
}

impl LandingZone {
    /// The landing zone in this directory.
    pub fn open(root: &Path) -> Result<Self, SourceError> {
        if !root.is_dir() {
            return Err(SourceError::NoDirectory { path: root.display().to_string() });
        }
        Ok(Self(Arc::new(Zone { root: root.to_owned(), files: Mutex::default() })))
    }

    /// How many seasons' files and folders a source has.
    pub async fn holders(&self, source: &'static str) -> Result<usize, Failure> {
        self.with(move |zone| Ok(zone.holders(source)?.len())).await
    }

    /// Runs blocking work on the runtime's threads for such.
    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Zone) -> Result<T, SourceError> + Send + 'static,
    ) -> Result<T, Failure> {
        let zone = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || work(&zone)).await;
        let result = done.map_err(|error| SourceError::Interrupted { reason: error.to_string() })?;
        Ok(result?)
    }
}

#[async_trait]
impl Source for LandingZone {
    async fn calendar(&self, source: &str) -> Result<Vec<Payload>, Failure> {
        let source = source.to_owned();
        self.with(move |zone| zone.lists(&source)).await
    }

    async fn stamp(&self, source: &str, date: Date) -> Result<Found<String>, Failure> {
        let source = source.to_owned();
        self.with(move |zone| zone.stamp(&source, date)).await.map(Found::from)
    }

    async fn payloads(&self, source: &str, date: Date) -> Result<Found<Vec<Payload>>, Failure> {
        let source = source.to_owned();
        self.with(move |zone| zone.payloads(&source, date)).await.map(Found::from)
    }
}

impl Zone {
    fn lists(&self, source: &str) -> Result<Vec<Payload>, SourceError> {
        let mut payloads = Vec::new();
        for holder in self.holders(source)? {
            let Form::List = holder.form else { continue };
            let reason = match self.opened(&holder.path, Kind::List)? {
                Opened::List(list) => {
                    payloads.push(Payload { name: holder.name.into(), bytes: list.whole.clone() });
                    continue;
                }
                Opened::Broken(reason) => reason.to_string(),
                Opened::Archive(_) | Opened::Plain { .. } => "it is no list".to_owned(),
            };
            return Err(SourceError::ListUnreadable { file: holder.name, reason });
        }
        if payloads.is_empty() {
            let path = self.root.join(source).display().to_string();
            return Err(SourceError::NoCalendar { path });
        }
        Ok(payloads)
    }

    /// CRC and length of each part; a file that cannot be read has a stamp too, so that planning goes on
    /// and the date becomes a dead letter of its own.
    fn stamp(&self, source: &str, date: Date) -> Result<Option<String>, SourceError> {
        match self.parts(source, date) {
            Ok(parts) => {
                let stamps: Vec<String> = parts.iter().map(|part| format!("{:08x}", part.crc)).collect();
                Ok((!stamps.is_empty()).then(|| stamps.join("+")))
            }
            Err(SourceError::FileUnreadable { file, reason, .. }) => {
                Ok(Some(format!("unreadable {file}: {reason}")))
            }
            Err(error) => Err(error),
        }
    }

    fn payloads(&self, source: &str, date: Date) -> Result<Option<Vec<Payload>>, SourceError> {
        let parts = self.parts(source, date)?;
        let payloads: Result<Vec<Payload>, SourceError> = parts.into_iter().map(read).collect();
        Ok(Some(payloads?).filter(|payloads| !payloads.is_empty()))
    }

    /// The date's payloads, in order of their labels.
    fn parts(&self, source: &str, date: Date) -> Result<Vec<Part>, SourceError> {
        let mut parts: Vec<(String, Part)> = Vec::new();
        let mut broken = None;
        for holder in self.holders(source)? {
            match self.part(&holder, &format!("{date}.{}", ending(source)), date)? {
                Ok(Some(part)) => {
                    // A folder stands before the zip of its label and takes its place.
                    if parts.last().is_none_or(|(label, _)| *label != holder.label) {
                        parts.push((holder.label, part));
                    }
                }
                Ok(None) => {}
                Err(reason) if self.may_hold(source, &holder.label, date)? => {
                    broken.get_or_insert(SourceError::FileUnreadable { file: holder.name, date, reason });
                }
                Err(_) => {}
            }
        }
        match broken {
            Some(error) => Err(error),
            None => Ok(parts.into_iter().map(|(_, part)| part).collect()),
        }
    }

    /// What a holder has for a date; the inner error is a holder that cannot be read at all.
    fn part(
        &self,
        holder: &Holder,
        member: &str,
        date: Date,
    ) -> Result<Result<Option<Part>, String>, SourceError> {
        let part = match holder.form {
            Form::Archive => match self.opened(&holder.path, Kind::Archive)? {
                Opened::Archive(archive) => archive.member(member).map(|found| Part {
                    name: format!("{}#{member}", holder.name),
                    crc: found.crc,
                    place: Place::Member { archive, file: holder.name.clone(), member: member.to_owned() },
                }),
                Opened::Broken(reason) => return Ok(Err(reason.to_string())),
                Opened::List(_) | Opened::Plain { .. } => None,
            },
            Form::List => match self.opened(&holder.path, Kind::List)? {
                Opened::List(list) => match &list.dates {
                    Ok(dates) => dates.get(&date).map(|extract| Part {
                        name: format!("{}#{date}", holder.name),
                        crc: crc32fast::hash(extract),
                        place: Place::Extract(extract.clone()),
                    }),
                    Err(reason) => return Ok(Err(reason.clone())),
                },
                Opened::Broken(reason) => return Ok(Err(reason.to_string())),
                Opened::Archive(_) | Opened::Plain { .. } => None,
            },
            Form::Folder => {
                let path = holder.path.join(member);
                if !path.is_file() {
                    return Ok(Ok(None));
                }
                match self.opened(&path, Kind::Plain)? {
                    Opened::Plain { crc } => Some(Part {
                        name: format!("{}/{member}", holder.name),
                        crc,
                        place: Place::Plain(path),
                    }),
                    Opened::Broken(reason) => return Ok(Err(reason.to_string())),
                    Opened::Archive(_) | Opened::List(_) => None,
                }
            }
        };
        Ok(Ok(part))
    }

    /// Whether a file that cannot be read may hold the date: by the season in its label, where the season
    /// lists know the date's season.
    fn may_hold(&self, source: &str, label: &str, date: Date) -> Result<bool, SourceError> {
        if source == SCHEDULE {
            return Ok(true);
        }
        for holder in self.holders(SCHEDULE)? {
            let Form::List = holder.form else { continue };
            if let Opened::List(list) = self.opened(&holder.path, Kind::List)?
                && list.dates.as_ref().is_ok_and(|dates| dates.contains_key(&date))
            {
                return Ok(label.starts_with(&holder.label));
            }
        }
        Ok(true)
    }

    /// Everything in a source's folder that may hold payloads, by label, folders before files. Empty where
    /// there is no such folder.
    fn holders(&self, source: &str) -> Result<Vec<Holder>, SourceError> {
        let folder = self.root.join(source);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(storage("list", &folder, &error)),
        };
        let mut holders = Vec::new();
        for entry in entries {
            let path = entry.map_err(|error| storage("list", &folder, &error))?.path();
            let Some(file) = path.file_name().and_then(|name| name.to_str()) else { continue };
            let (label, form) = if path.is_dir() {
                (file, Form::Folder)
            } else if let Some(label) = file.strip_suffix(".zip") {
                (label, Form::Archive)
            } else if let Some(label) = file.strip_suffix(".json.gz").or_else(|| file.strip_suffix(".json")) {
                (label, Form::List)
            } else {
                continue;
            };
            let (label, name) = (label.to_owned(), format!("{source}/{file}"));
            holders.push(Holder { label, name, path, form });
        }
        holders.sort_by(|a, b| {
            (&a.label, !matches!(a.form, Form::Folder), &a.name).cmp(&(
                &b.label,
                !matches!(b.form, Form::Folder),
                &b.name,
            ))
        });
        // One season's games are in one file: the plain one takes the place of the packed one.
        holders.dedup_by(|later, first| {
            matches!((&first.form, &later.form), (Form::List, Form::List)) && later.label == first.label
        });
        Ok(holders)
    }

    /// The file, opened now or when it last changed.
    fn opened(&self, path: &Path, kind: Kind) -> Result<Opened, SourceError> {
        let metadata: Metadata = fs::metadata(path).map_err(|error| storage("open", path, &error))?;
        let (len, modified) = (metadata.len(), metadata.modified().ok());
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = files.get(path)
            && (kept.len, kept.modified) == (len, modified)
        {
            return Ok(kept.opened.clone());
        }
        let opened = match kind {
            Kind::Archive => Archive::open(path).map(|archive| Opened::Archive(Arc::new(archive))),
            Kind::List => SeasonList::open(path).map(|list| Opened::List(Arc::new(list))),
            Kind::Plain => plain(path, len),
        };
        let opened = opened.unwrap_or_else(|reason| Opened::Broken(reason.into()));
        files.insert(path.to_owned(), Kept { len, modified, opened: opened.clone() });
        Ok(opened)
    }
}

fn plain(path: &Path, len: u64) -> Result<Opened, String> {
    if len > PAYLOAD_BYTES_MAX {
        return Err(format!("it has {len} bytes; more than {PAYLOAD_BYTES_MAX} are not taken for a payload"));
    }
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    Ok(Opened::Plain { crc: crc32fast::hash(&bytes) })
}

fn read(part: Part) -> Result<Payload, SourceError> {
    let bytes = match part.place {
        Place::Extract(bytes) => bytes,
        Place::Plain(path) => fs::read(&path).map_err(|error| storage("read", &path, &error))?.into(),
        Place::Member { archive, file, member } => {
            let found = archive.member(&member);
            let size = found.map_or(0, |found| found.bytes);
            if size > PAYLOAD_BYTES_MAX {
                let name = part.name;
                return Err(SourceError::TooLarge { name, bytes: size, limit: PAYLOAD_BYTES_MAX });
            }
            let unpacked = found.map_or_else(|| Err("it is gone".to_owned()), |found| archive.read(found));
            unpacked.map_err(|reason| SourceError::MemberUnreadable { file, member, reason })?
        }
    };
    Ok(Payload { name: part.name.into(), bytes })
}

fn storage(operation: &'static str, path: &Path, error: &io::Error) -> SourceError {
    SourceError::Storage { operation, path: path.display().to_string(), reason: error.to_string() }
}
