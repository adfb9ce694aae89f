//! The file layer under the log: a directory on disk, and a disk in memory that can be told to lose what was not
//! synced. Knows names and bytes, no records. Must not: retry, or hide an error of the file system.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

/// Where the log's segments lie. Creations, renames and removals are durable only after [`Storage::sync_names`].
pub trait Storage: Send + Sync {
    /// The names of all files.
    fn names(&self) -> io::Result<Vec<String>>;
    /// The whole content of a file.
    fn read(&self, name: &str) -> io::Result<Vec<u8>>;
    /// An empty file to append to, replacing one of that name.
    fn create(&self, name: &str) -> io::Result<Box<dyn Appending>>;
    /// An existing file cut to `length` bytes, to append to.
    fn reopen(&self, name: &str, length: u64) -> io::Result<Box<dyn Appending>>;
    /// Renames a file over whatever has the new name.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Makes creations, renames and removals durable.
    fn sync_names(&self) -> io::Result<()>;
}

/// A file that is only ever appended to.
pub trait Appending: Send {
    /// Appends all of `bytes`.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Makes everything appended so far durable.
    fn sync(&mut self) -> io::Result<()>;
}

/// A directory of the file system, locked against a second server.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    _lock: File,
}

const LOCK_FILE: &str = "lock";

impl Directory {
    /// Opens or makes the directory. An error of kind `WouldBlock` means that another process has it.
    pub fn open(path: &Path) -> io::Result<Directory> {
        std::fs::create_dir_all(path)?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(path.join(LOCK_FILE))?;
        lock.try_lock().map_err(io::Error::from)?;
        Ok(Directory { path: path.to_owned(), _lock: lock })
    }
}

impl Storage for Directory {
    fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.path)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name != LOCK_FILE {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        std::fs::read(self.path.join(name))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn Appending>> {
        Ok(Box::new(OnDisk(File::create(self.path.join(name))?)))
    }

    fn reopen(&self, name: &str, length: u64) -> io::Result<Box<dyn Appending>> {
        let file = OpenOptions::new().append(true).open(self.path.join(name))?;
        file.set_len(length)?;
        Ok(Box::new(OnDisk(file)))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        std::fs::rename(self.path.join(from), self.path.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        std::fs::remove_file(self.path.join(name))
    }

    fn sync_names(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }
}

struct OnDisk(File);

impl Appending for OnDisk {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync_data()
    }
}

/// A disk in memory, for tests and for a server that need not outlive its process. It keeps apart what was
/// synced and what was not, and can fail from a given sync on, as at a loss of power.
#[derive(Debug, Clone, Default)]
pub struct MemoryDisk {
    inner: Arc<Mutex<Sectors>>,
}

/// What a crash leaves of the bytes and names that were never synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsynced {
    /// Nothing.
    Lost,
    /// Of each file, this many parts in a hundred of its unsynced bytes; the names stay as they were synced.
    Torn {
        /// 0 to 100.
        percent: usize,
    },
    /// The right length, but zeros, as a file system leaves it that grew the file first.
    Zeros,
    /// All of it, names included.
    Kept,
}

#[derive(Debug, Default)]
struct Sectors {
    files: BTreeMap<String, Content>,
    /// The names as of the last sync of names.
    durable_names: BTreeMap<String, Content>,
    syncs: u64,
    syncs_max: Option<u64>,
}

type Content = Arc<Mutex<Bytes>>;

#[derive(Debug, Default)]
struct Bytes {
    written: Vec<u8>,
    synced: usize,
}

impl MemoryDisk {
    /// An empty disk.
    pub fn new() -> MemoryDisk {
        MemoryDisk::default()
    }

    /// From now on only `count` more syncs succeed; every one after them fails and makes nothing durable.
    pub fn fail_after_syncs(&self, count: u64) {
        let mut sectors = self.lock();
        sectors.syncs_max = Some(sectors.syncs + count);
    }

    /// How many syncs have succeeded.
    pub fn syncs(&self) -> u64 {
        self.lock().syncs
    }

    /// The disk as it is found after the power was cut, healthy again.
    pub fn after_crash(&self, unsynced: Unsynced) -> MemoryDisk {
        let sectors = self.lock();
        let names = if unsynced == Unsynced::Kept { &sectors.files } else { &sectors.durable_names };
        let mut files = BTreeMap::new();
        for (name, content) in names {
            let content = locked(content);
            let (synced, rest) = content.written.split_at(content.synced);
            let mut found = synced.to_vec();
            match unsynced {
                Unsynced::Lost => {}
                Unsynced::Torn { percent } => found.extend_from_slice(&rest[..rest.len() * percent / 100]),
                Unsynced::Zeros => found.resize(content.written.len(), 0),
                Unsynced::Kept => found.extend_from_slice(rest),
            }
            let synced = found.len();
            files.insert(name.clone(), Arc::new(Mutex::new(Bytes { written: found, synced })));
        }
        let sectors = Sectors { durable_names: files.clone(), files, syncs: 0, syncs_max: None };
        MemoryDisk { inner: Arc::new(Mutex::new(sectors)) }
    }

    /// Changes a byte of a file in place: a decayed disk.
    pub fn corrupt(&self, name: &str, at: usize) {
        let sectors = self.lock();
        let content = sectors.files.get(name).expect("the file to corrupt exists");
        locked(content).written[at] ^= 0x55;
    }

    /// The bytes of all files together.
    pub fn bytes(&self) -> u64 {
        self.lock().files.values().map(|content| locked(content).written.len() as u64).sum()
    }

    fn lock(&self) -> MutexGuard<'_, Sectors> {
        self.inner.lock().expect("no holder of the lock panics")
    }

    fn sync_once(&self) -> io::Result<()> {
        let mut sectors = self.lock();
        if sectors.syncs_max.is_some_and(|max| sectors.syncs >= max) {
            return Err(io::Error::other("the disk has stopped syncing"));
        }
        sectors.syncs += 1;
        Ok(())
    }
}

fn locked(content: &Content) -> MutexGuard<'_, Bytes> {
    content.lock().expect("no holder of the lock panics")
}

fn missing(name: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, name.to_owned())
}

impl Storage for MemoryDisk {
    fn names(&self) -> io::Result<Vec<String>> {
        Ok(self.lock().files.keys().cloned().collect())
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let sectors = self.lock();
        let content = sectors.files.get(name).ok_or_else(|| missing(name))?;
        Ok(locked(content).written.clone())
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn Appending>> {
        let content = Content::default();
        self.lock().files.insert(name.to_owned(), content.clone());
        Ok(Box::new(InMemory { disk: self.clone(), content }))
    }

    fn reopen(&self, name: &str, length: u64) -> io::Result<Box<dyn Appending>> {
        let content = self.lock().files.get(name).cloned().ok_or_else(|| missing(name))?;
        let mut bytes = locked(&content);
        bytes.written.truncate(length as usize);
        bytes.synced = bytes.synced.min(bytes.written.len());
        drop(bytes);
        Ok(Box::new(InMemory { disk: self.clone(), content }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut sectors = self.lock();
        let content = sectors.files.remove(from).ok_or_else(|| missing(from))?;
        sectors.files.insert(to.to_owned(), content);
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.lock().files.remove(name).map(drop).ok_or_else(|| missing(name))
    }

    fn sync_names(&self) -> io::Result<()> {
        self.sync_once()?;
        let mut sectors = self.lock();
        sectors.durable_names = sectors.files.clone();
        Ok(())
    }
}

struct InMemory {
    disk: MemoryDisk,
    content: Content,
}

impl Appending for InMemory {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        locked(&self.content).written.extend_from_slice(bytes);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.disk.sync_once()?;
        let mut content = locked(&self.content);
        content.synced = content.written.len();
        Ok(())
    }
}
