//! Which messages this process has acknowledged of late, to notice those that come again all the same: the answer did
//! not reach the server in time, and the client says nothing of it. Knows no message's content.

use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};

/// Acknowledged messages that are remembered for each subscription: minutes of a backfill, and about 200 KB.
const REMEMBERED_MAX: usize = 8_192;

/// What was acknowledged of a subscription.
pub(super) struct Answered {
    lost: fn(usize),
    messages: Mutex<Messages>,
}

#[derive(Default)]
struct Messages {
    known: HashSet<u64>,
    in_order: VecDeque<u64>,
}

impl Answered {
    pub(super) fn new(lost: fn(usize)) -> Self {
        Self { lost, messages: Mutex::default() }
    }

    /// A message has come; answers with its number here.
    pub(super) fn comes(&self, message: &str) -> u64 {
        let mut hasher = DefaultHasher::new();
        message.hash(&mut hasher);
        let number = hasher.finish();
        if self.messages.lock().unwrap_or_else(PoisonError::into_inner).known.contains(&number) {
            (self.lost)(1);
        }
        number
    }

    /// It is acknowledged.
    pub(super) fn acknowledged(&self, number: u64) {
        let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        if messages.known.insert(number) {
            messages.in_order.push_back(number);
        }
        if messages.in_order.len() > REMEMBERED_MAX
            && let Some(oldest) = messages.in_order.pop_front()
        {
            messages.known.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    static LOST: AtomicUsize = AtomicUsize::new(0);

    #[test]
    fn what_comes_again_after_it_was_acknowledged_is_told() {
        let answered = Answered::new(|number| {
            LOST.fetch_add(number, Ordering::Relaxed);
        });
        let lost = || LOST.load(Ordering::Relaxed);
        let first = answered.comes("1");
        assert_eq!(answered.comes("1"), first);
        assert_eq!(lost(), 0, "given back, it comes again rightly");
        answered.acknowledged(first);
        answered.comes("2");
        assert_eq!(lost(), 0);
        answered.comes("1");
        assert_eq!(lost(), 1);
        for message in 10..10 + REMEMBERED_MAX {
            answered.acknowledged(answered.comes(&message.to_string()));
        }
        answered.comes("1");
        assert_eq!(lost(), 1, "forgotten by now");
        let messages = answered.messages.lock().expect("nobody panics");
        assert_eq!((messages.known.len(), messages.in_order.len()), (REMEMBERED_MAX, REMEMBERED_MAX));
    }
}
