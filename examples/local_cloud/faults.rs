//! What goes wrong with the requests to a local server: one by one as a test says, or by chance from a seed.
//! Counts the requests too. Knows no service; `K` is what a service tells its requests apart by.
#![allow(dead_code, reason = "each test that takes this file uses a part of it")]

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What goes wrong with one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Answered with 429 and `Retry-After`; nothing was done.
    TooManyRequests,
    /// Answered with 503; nothing was done.
    Unavailable,
    /// Answered with 503, although it was done.
    UnavailableAfter,
    /// The connection breaks before anything was done.
    DroppedBefore,
    /// The connection breaks after it was done, without an answer.
    DroppedAfter,
}

/// All faults, for a seed to choose from.
const ALL: [Fault; 5] = [
    Fault::TooManyRequests,
    Fault::Unavailable,
    Fault::UnavailableAfter,
    Fault::DroppedBefore,
    Fault::DroppedAfter,
];

/// By chance, one request in so many goes wrong.
const ONE_IN: u64 = 20;

/// The faults of a server, and how often it was asked.
#[derive(Debug)]
pub(crate) struct Faults<K>(Mutex<State<K>>);

#[derive(Debug)]
struct State<K> {
    planned: BTreeMap<K, VecDeque<Fault>>,
    chance: Option<u64>,
    counts: BTreeMap<K, u64>,
}

impl<K: Ord + Copy> Faults<K> {
    /// Nothing goes wrong, but what is planned.
    pub(crate) fn none() -> Self {
        Self(Mutex::new(State { planned: BTreeMap::new(), chance: None, counts: BTreeMap::new() }))
    }

    /// One request in twenty goes wrong; which and how follows from the seed and the order of requests.
    pub(crate) fn of_seed(seed: u64) -> Self {
        let faults = Self::none();
        faults.state().chance = Some(seed);
        faults
    }

    /// The next request of this kind goes wrong in this way; further ones queue up.
    pub(crate) fn plan(&self, kind: K, fault: Fault) {
        self.state().planned.entry(kind).or_default().push_back(fault);
    }

    /// Counts a request; says what goes wrong with it.
    pub(crate) fn meet(&self, kind: K) -> Option<Fault> {
        let mut state = self.state();
        *state.counts.entry(kind).or_default() += 1;
        let planned = state.planned.get_mut(&kind).and_then(VecDeque::pop_front);
        planned.or_else(|| state.chance.as_mut().and_then(by_chance))
    }

    /// How many requests of each kind there were.
    pub(crate) fn counts(&self) -> BTreeMap<K, u64> {
        self.state().counts.clone()
    }

    /// How many requests of this kind there were.
    pub(crate) fn count(&self, kind: K) -> u64 {
        self.state().counts.get(&kind).copied().unwrap_or(0)
    }

    fn state(&self) -> MutexGuard<'_, State<K>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// SplitMix64: small, and the same everywhere.
fn by_chance(state: &mut u64) -> Option<Fault> {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^= z >> 31;
    let which = usize::try_from((z / ONE_IN) % ALL.len() as u64).expect("below the number of faults");
    z.is_multiple_of(ONE_IN).then(|| ALL[which])
}
