//! What the lake and the documents have in common of a local disk: a thread that takes everything that waits
//! for it as one batch, and the sync that makes a batch durable. So many units cost two syncs, and no two
//! threads wait for each other at a directory. Knows files, not what is in them.

#[cfg(not(target_os = "linux"))]
use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use tokio::sync::{mpsc, oneshot};

/// Orders that may wait for a thread; whoever comes after waits to be queued.
const QUEUED_MAX: usize = 1_024;

/// Orders of one batch: enough to make the syncs' share small, few enough for a day's unit not to wait long.
const BATCH_MAX: usize = 64;

/// A thread of its own that is begun with the first order, and ends with its owner.
pub(super) struct Batches<Order> {
    name: &'static str,
    running: Mutex<Option<Running<Order>>>,
}

struct Running<Order> {
    queue: mpsc::Sender<Order>,
    thread: JoinHandle<()>,
}

impl<Order: Send + 'static> Batches<Order> {
    /// A thread of that name, which is not begun yet.
    pub(super) fn new(name: &'static str) -> Self {
        Self { name, running: Mutex::new(None) }
    }

    /// Hands an order to the thread and waits for the answer, which the order brings along. `begin` makes what
    /// works on the batches when the thread is begun.
    pub(super) async fn answered<T, W: FnMut(Vec<Order>) + Send + 'static>(
        &self,
        order: impl FnOnce(oneshot::Sender<T>) -> Order,
        begin: impl FnOnce() -> io::Result<W>,
    ) -> io::Result<T> {
        let stopped = || io::Error::other(format!("the thread {} has stopped after a panic", self.name));
        let (reply, answer) = oneshot::channel();
        let queue = self.queue(begin)?;
        queue.send(order(reply)).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())
    }

    fn queue<W: FnMut(Vec<Order>) + Send + 'static>(
        &self,
        begin: impl FnOnce() -> io::Result<W>,
    ) -> io::Result<mpsc::Sender<Order>> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = &*running {
            return Ok(running.queue.clone());
        }
        let mut work = begin()?;
        let (queue, mut orders) = mpsc::channel(QUEUED_MAX);
        let thread = Builder::new().name(self.name.to_owned()).spawn(move || {
            let mut batch = Vec::new();
            while orders.blocking_recv_many(&mut batch, BATCH_MAX) > 0 {
                work(std::mem::take(&mut batch));
            }
        })?;
        *running = Some(Running { queue: queue.clone(), thread });
        Ok(queue)
    }
}

impl<Order> Drop for Batches<Order> {
    fn drop(&mut self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Running { queue, thread }) = running {
            drop(queue);
            if thread.join().is_err() {
                tracing::error!(thread = self.name, "the thread had panicked");
            }
        }
    }
}

/// Makes files durable, and that they are where they are: one sync of the file system of `root` costs about as much
/// as that of one file.
#[cfg(target_os = "linux")]
pub(super) fn sync(root: &Path, _files: &[PathBuf]) -> io::Result<()> {
    Ok(rustix::fs::syncfs(File::open(root)?)?)
}

/// Makes files durable, and that they are where they are: each, and the directories down to it from `root`, which may
/// have been made for it.
#[cfg(not(target_os = "linux"))]
pub(super) fn sync(root: &Path, files: &[PathBuf]) -> io::Result<()> {
    let below = |place: &&Path| place.starts_with(root);
    let places: BTreeSet<&Path> = files.iter().flat_map(|file| file.ancestors().take_while(below)).collect();
    places.into_iter().try_for_each(|place| File::open(place)?.sync_all())
}
