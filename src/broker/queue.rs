//! One subscription's backlog and leases: a pure state machine without clock, lock, channel or log. It is told the
//! time with every call and names the next moment at which it wants to be called. Must not: know a name, a file, a
//! client; decide what is durable.

use super::api::PubsubMessage;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A moment of the server's steady clock: the time since the server started.
pub(super) type Moment = Duration;

/// A message as stored once for all subscriptions of its topic.
#[derive(Debug)]
pub(super) struct Stored {
    /// Its number, unique and rising over the whole server; also its `message_id`.
    pub(super) seq: u64,
    /// When it was published, microseconds since 1970 UTC.
    pub(super) published_micros: i64,
    /// The message as delivered, id and time included.
    pub(super) message: PubsubMessage,
    /// Its encoded size in bytes.
    pub(super) bytes: u64,
    held: Arc<AtomicU64>,
}

impl Stored {
    /// Counts the message's bytes in `held` for as long as any subscription holds it.
    pub(super) fn new(
        seq: u64,
        published_micros: i64,
        message: PubsubMessage,
        held: &Arc<AtomicU64>,
    ) -> Arc<Stored> {
        let bytes = prost::Message::encoded_len(&message) as u64;
        held.fetch_add(bytes, Ordering::Relaxed);
        Arc::new(Stored { seq, published_micros, message, bytes, held: held.clone() })
    }
}

impl Drop for Stored {
    fn drop(&mut self) {
        self.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// What a subscription's settings mean for its queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Policy {
    /// The delay before each redelivery.
    pub(super) backoff: Backoff,
    /// After how many failed deliveries a message is given to the dead-letter topic, if there is one.
    pub(super) deliveries_max: Option<u32>,
}

/// The delay between a failed delivery and the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Backoff {
    /// No retry policy: as soon as possible.
    Immediate,
    /// `minimum`, doubled with every failure, up to `maximum`; the first retry waits `minimum` too.
    Exponential {
        /// Delay before the first retry.
        minimum: Duration,
        /// Longest delay.
        maximum: Duration,
    },
}

impl Backoff {
    fn delay(self, failures: u32) -> Duration {
        match self {
            Backoff::Immediate => Duration::ZERO,
            Backoff::Exponential { minimum, maximum } => {
                let doublings = failures.saturating_sub(1).min(31);
                minimum.saturating_mul(1 << doublings).min(maximum).max(minimum.min(maximum))
            }
        }
    }
}

/// Who holds leases: a stream, or all unary pulls together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Holder(pub(super) u64);

/// How much one call to [`Queue::take`] may hand out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    /// Messages in this response.
    pub(super) messages: usize,
    /// Bytes in this response; one larger message still fits alone.
    pub(super) bytes: u64,
    /// Messages that the holder may have outstanding altogether.
    pub(super) outstanding_messages: u64,
    /// Bytes that the holder may have outstanding altogether; the message that reaches it is still sent.
    pub(super) outstanding_bytes: u64,
}

/// One delivery of one message, under a lease.
#[derive(Debug, Clone)]
pub(super) struct Delivery {
    /// The message.
    pub(super) stored: Arc<Stored>,
    /// Which lease of this message it is: stale ones are told apart by it.
    pub(super) lease: u32,
    /// One more than the failed deliveries so far.
    pub(super) attempt: u32,
}

/// What time, a nack or a policy has done to a queue.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Lapsed {
    /// Some message can be delivered now that could not before.
    pub(super) ready: bool,
    /// Messages that have used up their deliveries; they wait, parked, for the dead-letter topic.
    pub(super) exhausted: Vec<u64>,
}

/// The backlog of one subscription. Every message in it is unacknowledged.
#[derive(Debug)]
pub(super) struct Queue {
    policy: Policy,
    entries: BTreeMap<u64, Entry>,
    /// Deliverable now, oldest first.
    ready: BTreeSet<u64>,
    /// Ends of leases and of backoffs.
    timers: BTreeSet<(Moment, u64)>,
    outstanding: HashMap<Holder, Outstanding>,
}

/// What one holder has been sent and not yet answered.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outstanding {
    /// Messages under lease.
    pub(super) messages: u64,
    /// Their bytes.
    pub(super) bytes: u64,
}

#[derive(Debug)]
struct Entry {
    stored: Arc<Stored>,
    failures: u32,
    leases: u32,
    place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Ready,
    Leased { until: Moment, holder: Holder },
    BackingOff { until: Moment },
    Parked,
}

impl Queue {
    /// An empty backlog.
    pub(super) fn new(policy: Policy) -> Queue {
        Queue {
            policy,
            entries: BTreeMap::new(),
            ready: BTreeSet::new(),
            timers: BTreeSet::new(),
            outstanding: HashMap::new(),
        }
    }

    /// Adds a message that has failed `failures` times before (0 when just published).
    pub(super) fn push(&mut self, stored: Arc<Stored>, failures: u32) {
        let seq = stored.seq;
        let entry = Entry { stored, failures, leases: 0, place: Place::Ready };
        if self.entries.insert(seq, entry).is_none() {
            self.ready.insert(seq);
        }
    }

    /// Leases the oldest deliverable messages to `holder` until `until`, as far as `room` goes.
    pub(super) fn take(&mut self, until: Moment, holder: Holder, room: Room) -> Vec<Delivery> {
        let mut outstanding = self.outstanding.get(&holder).copied().unwrap_or_default();
        let mut deliveries = Vec::new();
        let mut bytes = 0;
        while deliveries.len() < room.messages
            && outstanding.messages < room.outstanding_messages
            && outstanding.bytes < room.outstanding_bytes
        {
            let Some(&seq) = self.ready.first() else {
                break;
            };
            let entry = self.entries.get_mut(&seq).expect("every ready message has an entry");
            if !deliveries.is_empty() && bytes + entry.stored.bytes > room.bytes {
                break;
            }
            self.ready.pop_first();
            self.timers.insert((until, seq));
            entry.place = Place::Leased { until, holder };
            entry.leases = entry.leases.wrapping_add(1);
            bytes += entry.stored.bytes;
            outstanding.messages += 1;
            outstanding.bytes += entry.stored.bytes;
            let attempt = entry.failures + 1;
            deliveries.push(Delivery { stored: entry.stored.clone(), lease: entry.leases, attempt });
        }
        if !deliveries.is_empty() {
            self.outstanding.insert(holder, outstanding);
        }
        deliveries
    }

    /// Removes a message for good: acknowledged, or moved to the dead-letter topic. A late ack counts, whatever
    /// its lease: the work was done. Says who had room made by it; `None` when it was gone already.
    pub(super) fn remove(&mut self, seq: u64) -> Option<Option<Holder>> {
        let entry = self.entries.remove(&seq)?;
        Some(self.leave(seq, &entry))
    }

    /// A nack: the delivery failed. A stale lease changes nothing, because another may be at work.
    pub(super) fn nack(&mut self, now: Moment, seq: u64, lease: u32) -> Lapsed {
        let mut lapsed = Lapsed::default();
        if self.holds(seq, lease) {
            self.fail(now, seq, &mut lapsed);
        }
        lapsed
    }

    /// Moves the end of a lease; a stale or ended lease is left alone.
    pub(super) fn extend(&mut self, seq: u64, lease: u32, until: Moment) {
        if !self.holds(seq, lease) {
            return;
        }
        let entry = self.entries.get_mut(&seq).expect("a held message has an entry");
        if let Place::Leased { until: before, holder } = entry.place {
            self.timers.remove(&(before, seq));
            self.timers.insert((until, seq));
            entry.place = Place::Leased { until, holder };
        }
    }

    /// Ends every lease and backoff whose time has come.
    pub(super) fn lapse(&mut self, now: Moment) -> Lapsed {
        let mut lapsed = Lapsed::default();
        while let Some(&(until, seq)) = self.timers.first() {
            if until > now {
                break;
            }
            let entry = self.entries.get_mut(&seq).expect("every timer belongs to a message");
            match entry.place {
                Place::Leased { .. } => self.fail(now, seq, &mut lapsed),
                Place::BackingOff { .. } => {
                    self.timers.pop_first();
                    entry.place = Place::Ready;
                    self.ready.insert(seq);
                    lapsed.ready = true;
                }
                Place::Ready | Place::Parked => {
                    unreachable!("only leases and backoffs have timers")
                }
            }
        }
        lapsed
    }

    /// The moment at which [`Queue::lapse`] has something to do.
    pub(super) fn next_moment(&self) -> Option<Moment> {
        self.timers.first().map(|(until, _)| *until)
    }

    /// Drops the messages published before `micros`, leased or not; says the highest number dropped.
    pub(super) fn expire(&mut self, micros: i64) -> Option<u64> {
        let mut through = None;
        while let Some((&seq, entry)) = self.entries.first_key_value() {
            if entry.stored.published_micros >= micros {
                break;
            }
            self.remove(seq);
            through = Some(seq);
        }
        through
    }

    /// Drops every message up to and including number `through`.
    pub(super) fn expire_through(&mut self, through: u64) {
        while let Some((&seq, _)) = self.entries.first_key_value() {
            if seq > through {
                break;
            }
            self.remove(seq);
        }
    }

    /// When the oldest message was published, microseconds since 1970.
    pub(super) fn oldest_micros(&self) -> Option<i64> {
        self.entries.first_key_value().map(|(_, entry)| entry.stored.published_micros)
    }

    /// Takes on other settings. Messages that are beyond the new bound are parked and named.
    pub(super) fn set_policy(&mut self, policy: Policy) -> Lapsed {
        self.policy = policy;
        let mut lapsed = Lapsed::default();
        for (&seq, entry) in &mut self.entries {
            let exhausted = policy.deliveries_max.is_some_and(|max| entry.failures >= max);
            if exhausted && entry.place == Place::Ready {
                entry.place = Place::Parked;
                self.ready.remove(&seq);
                lapsed.exhausted.push(seq);
            } else if policy.deliveries_max.is_none() && entry.place == Place::Parked {
                entry.place = Place::Ready;
                self.ready.insert(seq);
                lapsed.ready = true;
            }
        }
        lapsed
    }

    /// A parked message could not be forwarded (its dead-letter topic is gone): it is delivered again, later.
    pub(super) fn unpark(&mut self, now: Moment, seq: u64) {
        let backoff = self.policy.backoff;
        let Some(entry) = self.entries.get_mut(&seq) else {
            return;
        };
        if entry.place == Place::Parked {
            let until = now + backoff.delay(entry.failures).max(Duration::from_secs(1));
            entry.place = Place::BackingOff { until };
            self.timers.insert((until, seq));
        }
    }

    /// Notes, in recovery, that delivery `attempt` had begun: it counts as failed, because nobody holds it now.
    pub(super) fn delivery_was_begun(&mut self, seq: u64, attempt: u32) {
        if let Some(entry) = self.entries.get_mut(&seq) {
            entry.failures = entry.failures.max(attempt);
        }
    }

    /// A stream has begun: it shares the backlog with the others from now on.
    pub(super) fn join(&mut self, holder: Holder) {
        self.outstanding.entry(holder).or_default();
    }

    /// A stream has ended. Its leases stay until their deadline: its acks may still come by another call.
    pub(super) fn part(&mut self, holder: Holder) {
        self.outstanding.remove(&holder);
    }

    /// A fair part of what is deliverable for one of the streams, at least one.
    pub(super) fn share(&self) -> usize {
        self.ready.len().div_ceil(self.outstanding.len().max(1)).max(1)
    }

    /// A message with the number of its failed deliveries.
    pub(super) fn get(&self, seq: u64) -> Option<(&Arc<Stored>, u32)> {
        self.entries.get(&seq).map(|entry| (&entry.stored, entry.failures))
    }

    /// Every message, with the number of its failed deliveries; one that is under way counts when `begun` says so.
    pub(super) fn backlog(&self, begun: Begun) -> impl Iterator<Item = (&Arc<Stored>, u32)> {
        self.entries.values().map(move |entry| {
            let leased = matches!(entry.place, Place::Leased { .. });
            let counted =
                u32::from(leased && begun == Begun::CountsAsFailed && self.policy.deliveries_max.is_some());
            (&entry.stored, entry.failures + counted)
        })
    }

    /// Unacknowledged messages, leased ones included.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    fn holds(&self, seq: u64, lease: u32) -> bool {
        self.entries
            .get(&seq)
            .is_some_and(|entry| entry.leases == lease && matches!(entry.place, Place::Leased { .. }))
    }

    fn fail(&mut self, now: Moment, seq: u64, lapsed: &mut Lapsed) {
        let entry = self.entries.get_mut(&seq).expect("only a held message fails");
        let Place::Leased { until, holder } = entry.place else { unreachable!("only a held message fails") };
        self.timers.remove(&(until, seq));
        entry.failures += 1;
        let delay = self.policy.backoff.delay(entry.failures);
        if self.policy.deliveries_max.is_some_and(|max| entry.failures >= max) {
            entry.place = Place::Parked;
            lapsed.exhausted.push(seq);
        } else if delay.is_zero() {
            entry.place = Place::Ready;
            self.ready.insert(seq);
        } else {
            entry.place = Place::BackingOff { until: now + delay };
            self.timers.insert((now + delay, seq));
        }
        // Even a message that only starts to back off makes room in its holder's flow control.
        lapsed.ready = true;
        let bytes = entry.stored.bytes;
        self.release(holder, bytes);
    }

    fn leave(&mut self, seq: u64, entry: &Entry) -> Option<Holder> {
        match entry.place {
            Place::Ready => {
                self.ready.remove(&seq);
                None
            }
            Place::Leased { until, holder } => {
                self.timers.remove(&(until, seq));
                self.release(holder, entry.stored.bytes);
                Some(holder)
            }
            Place::BackingOff { until } => {
                self.timers.remove(&(until, seq));
                None
            }
            Place::Parked => None,
        }
    }

    fn release(&mut self, holder: Holder, bytes: u64) {
        if let Some(outstanding) = self.outstanding.get_mut(&holder) {
            outstanding.messages = outstanding.messages.saturating_sub(1);
            outstanding.bytes = outstanding.bytes.saturating_sub(bytes);
        }
    }
}

/// Whether a delivery that is under way counts as failed when the backlog is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begun {
    /// The server goes on: should it crash, whoever holds the message crashed with it.
    CountsAsFailed,
    /// The server stops in good order: being interrupted uses up no delivery.
    CountsNotAtAll,
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Holder = Holder(1);
    const TWO: Holder = Holder(2);
    const WIDE: Room =
        Room { messages: 100, bytes: u64::MAX, outstanding_messages: u64::MAX, outstanding_bytes: u64::MAX };
    const PLAIN: Policy = Policy { backoff: Backoff::Immediate, deliveries_max: None };

    fn seconds(count: u64) -> Moment {
        Duration::from_secs(count)
    }

    /// Messages 0 to `count`, each published at as many microseconds as its number says.
    fn filled(policy: Policy, count: u64) -> (Queue, Arc<AtomicU64>) {
        let held = Arc::new(AtomicU64::new(0));
        let mut queue = Queue::new(policy);
        for seq in 0..count {
            let message = PubsubMessage { data: vec![0; 98].into(), ..PubsubMessage::default() };
            queue.push(Stored::new(seq, seq as i64, message, &held), 0);
        }
        (queue, held)
    }

    fn seqs(deliveries: &[Delivery]) -> Vec<u64> {
        deliveries.iter().map(|delivery| delivery.stored.seq).collect()
    }

    #[test]
    fn room_bounds_what_is_taken() {
        let cases = [
            ("no bound", WIDE, vec![0, 1, 2, 3]),
            ("messages of a response", Room { messages: 2, ..WIDE }, vec![0, 1]),
            ("bytes of a response", Room { bytes: 250, ..WIDE }, vec![0, 1]),
            ("one too large message still goes alone", Room { bytes: 10, ..WIDE }, vec![0]),
            ("outstanding messages", Room { outstanding_messages: 3, ..WIDE }, vec![0, 1, 2]),
            (
                "outstanding bytes, the one that reaches it is sent",
                Room { outstanding_bytes: 150, ..WIDE },
                vec![0, 1],
            ),
        ];
        for (case, room, expected) in cases {
            let (mut queue, _) = filled(PLAIN, 4);
            assert_eq!(seqs(&queue.take(seconds(10), ONE, room)), expected, "{case}");
        }
    }

    #[test]
    fn flow_control_opens_again_whatever_ends_the_lease() {
        let room = Room { outstanding_messages: 1, ..WIDE };
        type End = fn(&mut Queue);
        let ways: [(&str, End); 4] = [
            ("ack", |queue| {
                queue.remove(0);
            }),
            ("nack", |queue| drop(queue.nack(seconds(1), 0, 1))),
            ("deadline", |queue| drop(queue.lapse(seconds(10)))),
            ("retention", |queue| {
                queue.expire(1);
            }),
        ];
        for (case, end) in ways {
            let (mut queue, _) = filled(PLAIN, 3);
            queue.join(ONE);
            assert_eq!(queue.take(seconds(10), ONE, room).len(), 1, "{case}");
            assert_eq!(queue.take(seconds(10), ONE, room).len(), 0, "{case}: full");
            end(&mut queue);
            assert_eq!(queue.take(seconds(20), ONE, room).len(), 1, "{case}: room again");
        }
    }

    #[test]
    fn a_lease_ends_at_its_deadline_and_not_before() {
        let (mut queue, _) = filled(PLAIN, 1);
        let first = queue.take(seconds(10), ONE, WIDE);
        assert_eq!(queue.next_moment(), Some(seconds(10)));
        assert_eq!(queue.lapse(seconds(9)), Lapsed::default());
        queue.extend(0, first[0].lease, seconds(30));
        assert_eq!(queue.lapse(seconds(29)), Lapsed::default());
        assert!(queue.lapse(seconds(30)).ready);
        let second = queue.take(seconds(40), TWO, WIDE);
        assert_eq!((second[0].attempt, second[0].lease), (2, 2));
    }

    #[test]
    fn a_stale_lease_can_ack_but_neither_nack_nor_extend() {
        let (mut queue, _) = filled(PLAIN, 1);
        queue.take(seconds(10), ONE, WIDE);
        queue.lapse(seconds(10));
        let second = queue.take(seconds(20), TWO, WIDE);
        assert_eq!(queue.nack(seconds(11), 0, 1), Lapsed::default());
        queue.extend(0, 1, seconds(99));
        assert_eq!(queue.next_moment(), Some(seconds(20)), "the second holder's lease is untouched");
        assert_eq!(second[0].lease, 2);
        assert_eq!(queue.remove(0), Some(Some(TWO)));
        assert_eq!(queue.remove(0), None);
        assert_eq!(queue.next_moment(), None);
    }

    #[test]
    fn backoff_doubles_from_the_first_retry_to_its_maximum() {
        let backoff = Backoff::Exponential { minimum: seconds(1), maximum: seconds(5) };
        let (mut queue, _) = filled(Policy { backoff, deliveries_max: None }, 1);
        let mut now = seconds(0);
        for delay in [1, 2, 4, 5, 5] {
            let taken = queue.take(now + seconds(60), ONE, WIDE);
            assert!(queue.nack(now, 0, taken[0].lease).exhausted.is_empty());
            assert_eq!(queue.next_moment(), Some(now + seconds(delay)));
            assert_eq!(queue.take(now, ONE, WIDE).len(), 0, "not before its time");
            now += seconds(delay);
            assert!(queue.lapse(now).ready);
        }
    }

    #[test]
    fn the_last_failed_delivery_parks_the_message() {
        let policy = Policy { backoff: Backoff::Immediate, deliveries_max: Some(5) };
        let (mut queue, _) = filled(policy, 1);
        for attempt in 1..=5 {
            let taken = queue.take(seconds(10), ONE, WIDE);
            assert_eq!(taken[0].attempt, attempt);
            let lapsed = queue.nack(seconds(1), 0, taken[0].lease);
            assert_eq!(lapsed.exhausted, if attempt == 5 { vec![0] } else { vec![] });
        }
        assert_eq!(queue.take(seconds(10), ONE, WIDE).len(), 0);
        assert_eq!(queue.get(0).map(|(_, failures)| failures), Some(5));
        queue.unpark(seconds(1), 0);
        assert!(queue.lapse(seconds(2)).ready, "with its topic gone it is delivered again");
        assert_eq!(queue.take(seconds(10), ONE, WIDE)[0].attempt, 6);
    }

    #[test]
    fn a_policy_that_comes_later_finds_what_is_beyond_it() {
        let (mut queue, _) = filled(PLAIN, 1);
        for _ in 0..7 {
            let taken = queue.take(seconds(10), ONE, WIDE);
            queue.nack(seconds(1), 0, taken[0].lease);
        }
        let strict = Policy { backoff: Backoff::Immediate, deliveries_max: Some(5) };
        assert_eq!(queue.set_policy(strict).exhausted, [0]);
        assert!(queue.set_policy(PLAIN).ready, "without the policy it is deliverable again");
    }

    #[test]
    fn retention_drops_the_oldest_leased_or_not_and_frees_the_bytes() {
        let (mut queue, held) = filled(PLAIN, 4);
        let leased = queue.take(seconds(10), ONE, Room { messages: 1, ..WIDE });
        assert_eq!(queue.expire(2), Some(1));
        assert_eq!((queue.len(), queue.oldest_micros(), queue.next_moment()), (2, Some(2), None));
        assert_eq!(queue.expire(2), None);
        drop(leased);
        assert_eq!(held.load(Ordering::Relaxed), 200);
        queue.expire_through(3);
        assert_eq!(held.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn streams_share_what_is_ready() {
        let (mut queue, _) = filled(PLAIN, 7);
        assert_eq!(queue.share(), 7);
        queue.join(ONE);
        queue.join(TWO);
        assert_eq!(queue.share(), 4);
        queue.part(TWO);
        assert_eq!(queue.share(), 7);
    }

    #[test]
    fn only_a_stop_in_good_order_forgets_deliveries_under_way() {
        let policy = Policy { backoff: Backoff::Immediate, deliveries_max: Some(5) };
        let (mut queue, _) = filled(policy, 1);
        queue.take(seconds(10), ONE, WIDE);
        let failures = |begun| queue.backlog(begun).map(|(_, failures)| failures).collect::<Vec<_>>();
        assert_eq!(failures(Begun::CountsAsFailed), [1]);
        assert_eq!(failures(Begun::CountsNotAtAll), [0]);
    }
}
