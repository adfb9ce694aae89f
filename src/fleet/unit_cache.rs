//! Decoded units, shared by all attempts of a process: a unit is decoded once, however many windows read
//! it, and what an attempt has just written need not be read back. Bounded by the bytes it holds.

use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::OnceCell;

use crate::flow::{Revision, Unit};

/// Typed rows of a unit.
pub(super) type TypedRows = Arc<dyn Any + Send + Sync>;

type Key = (Unit, Revision);

/// The cache. Least recently used units go first.
pub(super) struct UnitCache {
    bytes_max: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    entries: HashMap<Key, Entry>,
    by_use: BTreeMap<u64, Key>,
    clock: u64,
    bytes: usize,
}

struct Entry {
    rows: Arc<OnceCell<TypedRows>>,
    used: u64,
    bytes: usize,
}

impl UnitCache {
    /// A cache that holds at most about `bytes_max` bytes of decoded rows.
    #[must_use]
    pub(super) fn new(bytes_max: usize) -> Self {
        Self { bytes_max, state: Mutex::new(State::default()) }
    }

    /// The place of a unit's rows, empty or filled. Whoever finds it empty fills it and says what they
    /// `weigh`; others wait for that one.
    pub(super) fn place(&self, unit: Unit, revision: Revision) -> Arc<OnceCell<TypedRows>> {
        self.lock().touch((unit, revision))
    }

    /// How many bytes of memory a unit's rows take, now that they are there.
    pub(super) fn weigh(&self, unit: Unit, revision: Revision, bytes: usize) {
        self.lock().weigh((unit, revision), bytes, self.bytes_max);
    }

    /// Rows that were just written.
    pub(super) fn put(&self, unit: Unit, revision: Revision, bytes: usize, rows: TypedRows) {
        let place = self.place(unit, revision);
        // Filled already: by the same content, since the revision is the key.
        drop(place.set(rows));
        self.weigh(unit, revision, bytes);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics while holding the unit cache")
    }
}

impl State {
    fn touch(&mut self, key: Key) -> Arc<OnceCell<TypedRows>> {
        self.clock += 1;
        let now = self.clock;
        let entry = self.entries.entry(key).or_insert_with(|| Entry {
            rows: Arc::new(OnceCell::new()),
            used: now,
            bytes: 0,
        });
        self.by_use.remove(&entry.used);
        entry.used = now;
        self.by_use.insert(now, key);
        Arc::clone(&entry.rows)
    }

    fn weigh(&mut self, key: Key, bytes: usize, bytes_max: usize) {
        // Gone already: others were used since.
        let Some(entry) = self.entries.get_mut(&key) else {
            return;
        };
        self.bytes += bytes.saturating_sub(entry.bytes);
        entry.bytes = entry.bytes.max(bytes);
        while self.bytes > bytes_max && self.by_use.len() > 1 {
            if let Some((_, oldest)) = self.by_use.pop_first()
                && let Some(gone) = self.entries.remove(&oldest)
            {
                self.bytes -= gone.bytes;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::{DatasetName, Date};

    #[test]
    fn the_least_recently_used_unit_goes_first() {
        let cache = UnitCache::new(20);
        let unit = |day| Unit { dataset: DatasetName::of("a.b"), date: Date::from_days(day) };
        let revision = Revision::of_bytes(b"x");
        let filled = |day| cache.place(unit(day), revision).get().is_some();
        cache.put(unit(1), revision, 10, Arc::new(vec![1]));
        cache.put(unit(2), revision, 10, Arc::new(vec![2]));
        assert!(filled(1));
        cache.put(unit(3), revision, 10, Arc::new(vec![3]));
        assert!(filled(1) && filled(3));
        assert!(!filled(2));
    }
}
