//! The home: the directory of all state, the lock that lets one process at a time change it, and what it
//! remembers of its source. Knows the layout; opens none of the stores in it.

use std::fs::{self, File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

use super::source::Remembered;

/// The directory of all state.
#[derive(Debug, Clone)]
pub(super) struct Home {
    root: PathBuf,
}

/// What `home.json` says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HomeFile {
    /// Raised when the layout of the home changes.
    layout: u32,
    /// The pipeline's name.
    pipeline: String,
    /// Where its payloads come from.
    source: Remembered,
}

/// The layout that this program writes and reads.
const LAYOUT: u32 = 1;

/// Held while this process may change the home; the system lets go of it however the process ends.
#[derive(Debug)]
pub(super) struct HomeLock {
    _file: File,
}

impl Home {
    /// The home at a path; nothing is made or looked at.
    pub(super) fn at(root: PathBuf) -> Self {
        Self { root }
    }

    /// The directory.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The ledger's file.
    pub(super) fn ledger(&self) -> PathBuf {
        self.root.join("ledger.sqlite")
    }

    /// The lake's directory.
    pub(super) fn lake(&self) -> PathBuf {
        self.root.join("lake")
    }

    /// Whether its state is elsewhere, as its settings say.
    pub(super) fn is_cloud(&self) -> bool {
        self.root.join(super::cloud_settings::FILE).exists()
    }

    /// Whether anything was ever run here.
    pub(super) fn exists(&self) -> bool {
        self.ledger().exists()
    }

    /// Who may change the home now; `None` where nobody has it open. Changes nothing.
    pub(super) fn holder(&self) -> anyhow::Result<Option<String>> {
        let path = self.root.join("lock");
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("cannot open {}", path.display())),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(None),
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                file.read_to_string(&mut holder)
                    .with_context(|| format!("cannot read {}", path.display()))?;
                Ok(Some(holder.trim().to_owned()))
            }
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("cannot look at {}", path.display()))
            }
        }
    }

    /// Makes the directory where it is missing and takes the lock.
    pub(super) fn lock(&self) -> anyhow::Result<HomeLock> {
        fs::create_dir_all(&self.root)
            .with_context(|| format!("cannot make the home directory {}", self.root.display()))?;
        let path = self.root.join("lock");
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .with_context(|| format!("cannot open {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Who holds it is told as far as it can be read; that it is held is the point.
                let _ = file.read_to_string(&mut holder);
                let holder = holder.trim();
                let who = if holder.is_empty() { "another process" } else { holder };
                bail!(
                    "the home {} is in use by {who}; wait for it, stop it, or give another --home",
                    self.root.display()
                );
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", path.display()));
            }
        }
        let write = |file: &mut File| {
            file.set_len(0)?;
            file.rewind()?;
            writeln!(file, "process {}", std::process::id())?;
            file.flush()
        };
        write(&mut file).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(HomeLock { _file: file })
    }

    /// The pipeline and the source that the home remembers; `None` where nothing was ever run.
    pub(super) fn remembered(&self) -> anyhow::Result<Option<(String, Remembered)>> {
        let path = self.root.join("home.json");
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        let file: HomeFile = serde_json::from_slice(&bytes)
            .with_context(|| format!("{} is not what this program writes there", path.display()))?;
        if file.layout != LAYOUT {
            bail!(
                "the home {} has layout {}, this program knows {LAYOUT}; use the program that made it, \
                 or another --home",
                self.root.display(),
                file.layout
            );
        }
        Ok(Some((file.pipeline, file.source)))
    }

    /// Remembers the pipeline and its source. The lock proves that nobody else writes here.
    pub(super) fn remember(
        &self,
        _lock: &HomeLock,
        pipeline: &str,
        source: &Remembered,
    ) -> anyhow::Result<()> {
        let path = self.root.join("home.json");
        let file = HomeFile { layout: LAYOUT, pipeline: pipeline.to_owned(), source: source.clone() };
        let text = serde_json::to_string_pretty(&file)?;
        let aside = self.root.join("home.json.new");
        let write = || {
            let mut file = File::create(&aside)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&aside, &path)
        };
        write().with_context(|| format!("cannot write {}", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_is_changed_by_one_at_a_time() {
        let directory = tempfile::tempdir().expect("directory");
        let home = Home::at(directory.path().join("home"));
        let lock = home.lock().expect("the first");
        let refused = home.lock().expect_err("the second").to_string();
        assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");
        drop(lock);
        home.lock().expect("after the first has gone");
    }

    #[test]
    fn a_home_remembers_its_source() {
        let directory = tempfile::tempdir().expect("directory");
        let home = Home::at(directory.path().to_owned());
        assert!(home.remembered().expect("nothing yet").is_none());
        let lock = home.lock().expect("lock");
        let source = Remembered::Landing { directory: PathBuf::from("/data") };
        home.remember(&lock, "nba", &source).expect("remember");
        assert_eq!(home.remembered().expect("read"), Some(("nba".to_owned(), source)));
    }
}
