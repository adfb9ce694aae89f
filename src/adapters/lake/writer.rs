//! The writing of units to the disk, batch by batch: their files aside, one sync, each to its place, one more
//! sync. A file that fails takes no other along. Knows bytes and places, not what is in them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tokio::sync::oneshot;

use super::disk::{Failed, at};
use super::layout;
use crate::adapters::disk::{Batches, sync};
use crate::flow::Unit;

/// Writes the units of a lake.
pub(super) struct Writer {
    root: PathBuf,
    batches: Batches<Order>,
}

/// A unit's new content.
struct Order {
    unit: Unit,
    bytes: Vec<u8>,
    reply: oneshot::Sender<Result<(), Failed>>,
}

impl Writer {
    /// For the lake under `root`. Touches nothing.
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root, batches: Batches::new("lake-writer") }
    }

    /// Replaces the unit's file; it is durable on return.
    pub(super) async fn replace(&self, unit: Unit, bytes: Vec<u8>) -> Result<(), Failed> {
        let begin = || {
            sweep(&self.root)?;
            let root = self.root.clone();
            Ok(move |batch| commit(&root, batch))
        };
        let answer = self.batches.answered(|reply| Order { unit, bytes, reply }, begin).await;
        at("begin to write", &self.root, answer)?
    }
}

/// Removes, before the first write, what a process that was killed left half written.
fn sweep(root: &Path) -> io::Result<()> {
    let directory = layout::writing_directory(root);
    fs::create_dir_all(&directory)?;
    for entry in fs::read_dir(&directory)? {
        fs::remove_file(entry?.path())?;
    }
    Ok(())
}

/// Writes a batch. After a sync that failed nothing of it is sure.
fn commit(root: &Path, batch: Vec<Order>) {
    let writing = layout::writing_directory(root);
    let numbered = batch.into_iter().enumerate();
    let begun = numbered.map(|(number, order)| Begun { aside: writing.join(number.to_string()), order });
    let written = each(begun, |begun| at("write", &begun.aside, fs::write(&begun.aside, &begun.order.bytes)));
    let asides: Vec<PathBuf> = written.iter().map(|begun| begun.aside.clone()).collect();
    let synced = at("sync", root, sync(root, &asides));
    let written = each(written, |_| synced.clone());
    let moved = each(written, |begun| move_to(&begun.aside, &layout::unit_file(root, begun.order.unit)));
    let places: Vec<PathBuf> = moved.iter().map(|begun| layout::unit_file(root, begun.order.unit)).collect();
    let synced = at("sync", root, sync(root, &places));
    for Begun { order, .. } in each(moved, |_| synced.clone()) {
        order.answer(Ok(()));
    }
}

/// A unit whose file is under way.
struct Begun {
    /// Where it is written before it is moved.
    aside: PathBuf,
    order: Order,
}

/// Does a step for each; those for which it fails are answered, and the others go on.
fn each(all: impl IntoIterator<Item = Begun>, step: impl Fn(&Begun) -> Result<(), Failed>) -> Vec<Begun> {
    let mut going_on = Vec::new();
    for begun in all {
        match step(&begun) {
            Ok(()) => going_on.push(begun),
            Err(failed) => {
                // What matters is the first error; a file that stays behind is written over by the next batch.
                let _ = fs::remove_file(&begun.aside);
                begun.order.answer(Err(failed));
            }
        }
    }
    going_on
}

impl Order {
    fn answer(self, result: Result<(), Failed>) {
        // Whoever asked may have gone (a shutdown): what was done stays done.
        drop(self.reply.send(result));
    }
}

fn move_to(aside: &Path, place: &Path) -> Result<(), Failed> {
    let moved = match fs::rename(aside, place) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let directory = place.parent().unwrap_or(place);
            at("make the directory", directory, fs::create_dir_all(directory))?;
            fs::rename(aside, place)
        }
        moved => moved,
    };
    at("rename", place, moved)
}
