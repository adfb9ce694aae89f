//! The one thread that writes the log: takes every operation that is waiting, writes their records in one piece,
//! syncs once, and only then shows the messages to subscribers and answers the callers. Nothing else mutates what
//! is durable. A failed write ends its trust in the disk for good: everything later is refused.

use super::api::PubsubMessage;
use super::change::{self, Answer, Change};
use super::clock::Clock;
use super::limits;
use super::log::{self, Counters, DeadLettered, Delivered, Expired, Published, Record, Seqs};
use super::names::{id_of, project_of};
use super::queue::{Begun, Moment, Stored};
use super::recovery::segment_name;
use super::refusal::Refusal;
use super::state::{State, timestamp};
use super::storage::{Appending, Storage};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use tokio::sync::{Notify, mpsc, oneshot};

/// Where the answer to an operation goes, after its commit.
pub(super) type Reply<T> = oneshot::Sender<Result<T, Refusal>>;

/// What can be asked of the log.
#[derive(Debug)]
pub(super) enum Operation {
    /// Publishes messages that were checked before; answers with their ids.
    Publish {
        /// The topic's full name.
        topic: String,
        /// The messages.
        messages: Vec<PubsubMessage>,
        /// Gets the ids.
        reply: Reply<Vec<String>>,
    },
    /// Messages that were taken out of a backlog in memory. Empty, it waits for all acks before it.
    Acknowledge {
        /// The messages.
        acknowledged: Seqs,
        /// Told when they are durable; a stream does not ask, and its acks are synced with what comes next.
        reply: Option<Reply<()>>,
    },
    /// Deliveries that began. Written, but not synced for.
    Begin(Delivered),
    /// A parked message is to move to its dead-letter topic.
    DeadLetter {
        /// The subscription's id.
        subscription_id: u64,
        /// The message's number.
        seq: u64,
        /// For the next try, should the topic be gone.
        now: Moment,
    },
    /// Retention dropped messages in memory.
    Expire(Expired),
    /// A change of topics or subscriptions.
    Change(Box<Change>, Reply<Answer>),
    /// Write a checkpoint if it is small, sync, and end.
    Stop,
}

/// What the writer shares with the callers.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// The server's clocks.
    pub(super) clock: Clock,
    /// Payload bytes beyond which a publish is refused.
    pub(super) backlog_bytes_max: u64,
    /// Told when a message may lapse before the moment in `alarm_micros`.
    pub(super) alarm: Notify,
    /// When the timekeeper wakes next, on the steady clock.
    pub(super) alarm_micros: AtomicU64,
    failure: OnceLock<Refusal>,
}

impl Shared {
    /// Around a recovered state.
    pub(super) fn new(state: State, clock: Clock, backlog_bytes_max: u64) -> Shared {
        let alarm_micros = AtomicU64::new(u64::MAX);
        let failure = OnceLock::new();
        Shared {
            state: Mutex::new(state),
            clock,
            backlog_bytes_max,
            alarm: Notify::new(),
            alarm_micros,
            failure,
        }
    }

    /// The state. Held briefly, never over an await or a write.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panicked while changing the state")
    }

    /// Refuses once the log has failed.
    pub(super) fn trusted(&self) -> Result<(), Refusal> {
        self.failure.get().cloned().map_or(Ok(()), Err)
    }

    /// Makes sure that the timekeeper wakes at `moment` at the latest.
    pub(super) fn wake_by(&self, moment: Moment) {
        if (moment.as_micros() as u64) < self.alarm_micros.load(Ordering::Relaxed) {
            self.alarm.notify_one();
        }
    }
}

/// The thread's own.
pub(super) struct Writer {
    /// Where the segments lie.
    pub(super) storage: Arc<dyn Storage>,
    /// The living segment.
    pub(super) segment: Box<dyn Appending>,
    /// Its number.
    pub(super) number: u64,
    /// Its length.
    pub(super) length: u64,
    /// How much of it is durable.
    pub(super) synced: u64,
    /// Its length beyond which it is worth a look whether it should be rewritten.
    pub(super) rewrite_at: u64,
    /// Bytes of dead log that are always tolerated.
    pub(super) dead_bytes_min: u64,
    /// What is shared with the callers.
    pub(super) shared: Arc<Shared>,
    /// What they ask for.
    pub(super) operations: mpsc::Receiver<Operation>,
}

/// One group commit.
#[derive(Default)]
struct Commit {
    bytes: Vec<u8>,
    needs_sync: bool,
    /// Shown to subscribers once they are durable.
    visible: Vec<Record>,
    answers: Vec<Settled>,
    stop: bool,
}

enum Settled {
    Published(Reply<Vec<String>>, Vec<String>),
    Acknowledged(Reply<()>),
    Changed(Reply<Answer>, Box<Answer>),
}

impl Writer {
    /// Serves operations until it is told to stop or nobody can ask any more.
    pub(super) fn run(mut self) {
        while let Some(first) = self.operations.blocking_recv() {
            let commit = self.gather(first);
            let stop = commit.stop;
            let written = self.shared.trusted().and_then(|()| self.write(&commit));
            self.settle(commit, written);
            if self.shared.trusted().is_ok() && self.length >= self.rewrite_at {
                self.rewrite_if_worth();
            }
            if stop {
                self.leave_tidy();
                break;
            }
        }
    }

    /// A stop in good order leaves a small log and no delivery counted that was only interrupted.
    fn leave_tidy(&mut self) {
        let held = self.shared.state().held_bytes();
        if self.shared.trusted().is_ok() && held <= limits::LOG_DEAD_BYTES_MIN {
            self.rewrite(Begun::CountsNotAtAll);
        }
    }

    fn gather(&mut self, first: Operation) -> Commit {
        let shared = self.shared.clone();
        let mut commit = Commit::default();
        let mut state = shared.state();
        let mut next = Some(first);
        while let Some(operation) = next {
            self.stage(&mut state, operation, &mut commit);
            let full = commit.stop || commit.bytes.len() >= limits::COMMIT_BYTES_MAX;
            next = if full { None } else { self.operations.try_recv().ok() };
        }
        commit
    }

    fn stage(&self, state: &mut State, operation: Operation, commit: &mut Commit) {
        match operation {
            Operation::Publish { topic, messages, reply } => {
                match self.publish(state, &topic, messages, commit) {
                    Ok(ids) => commit.answers.push(Settled::Published(reply, ids)),
                    Err(refusal) => drop(reply.send(Err(refusal))),
                }
            }
            Operation::Acknowledge { acknowledged, reply } => {
                if !acknowledged.seqs.is_empty() {
                    self.put(commit, Record::Acknowledged(acknowledged));
                }
                // Nobody was promised anything for an ack on a stream: lost, it is a redelivery.
                commit.needs_sync |= reply.is_some();
                commit.answers.extend(reply.map(Settled::Acknowledged));
            }
            Operation::Begin(delivered) => drop(self.put(commit, Record::Delivered(delivered))),
            Operation::DeadLetter { subscription_id, seq, now } => {
                self.dead_letter(state, subscription_id, seq, now, commit);
            }
            Operation::Expire(expired) => drop(self.put(commit, Record::Expired(expired))),
            Operation::Change(change, reply) => match change::decide(state, *change) {
                Ok((record, answer)) => {
                    let record = self.put(commit, record);
                    // At once, so that what follows in this commit can build on it; the answer waits.
                    state.apply(record).expect("a decided change fits the state");
                    commit.needs_sync = true;
                    self.shared.alarm.notify_one();
                    commit.answers.push(Settled::Changed(reply, Box::new(answer)));
                }
                Err(refusal) => drop(reply.send(Err(refusal))),
            },
            Operation::Stop => {
                commit.needs_sync = true;
                commit.stop = true;
            }
        }
    }

    fn put(&self, commit: &mut Commit, record: Record) -> Record {
        log::put_frame(&mut commit.bytes, record, self.synced)
    }

    fn publish(
        &self,
        state: &mut State,
        topic: &str,
        messages: Vec<PubsubMessage>,
        commit: &mut Commit,
    ) -> Result<Vec<String>, Refusal> {
        let (topic_id, entry) = state.topic(topic)?;
        let heard = !entry.subscriptions.is_empty();
        let staged: u64 = messages.iter().map(|message| prost::Message::encoded_len(message) as u64).sum();
        if heard && state.held_bytes() + commit.bytes.len() as u64 + staged > self.shared.backlog_bytes_max {
            let limit = format!("{} bytes", self.shared.backlog_bytes_max);
            return Err(Refusal::Exhausted { what: "the unacknowledged backlog of this server", limit });
        }
        let first_seq = state.next_seq;
        state.next_seq += messages.len() as u64;
        let ids = (first_seq..state.next_seq).map(|seq| seq.to_string()).collect();
        if heard {
            let published =
                Published { topic_id, first_seq, micros: self.shared.clock.wall_micros(), messages };
            let record = self.put(commit, Record::Published(published));
            commit.visible.push(record);
        } else {
            // Nobody will receive it, but its id must never be given out again.
            let counters = Counters { next_id: state.next_id, next_seq: state.next_seq };
            self.put(commit, Record::Counters(counters));
        }
        commit.needs_sync = true;
        Ok(ids)
    }

    fn dead_letter(
        &self,
        state: &mut State,
        subscription_id: u64,
        seq: u64,
        now: Moment,
        commit: &mut Commit,
    ) {
        let Some(entry) = state.subscriptions.get_mut(&subscription_id) else {
            return;
        };
        let Some((stored, failures)) = entry.queue.get(seq) else {
            return;
        };
        let message = dead_lettered(stored, failures, &entry.settings.name);
        let target =
            entry.settings.dead_letter_policy.as_ref().map(|policy| policy.dead_letter_topic.clone());
        let topic_id = target.and_then(|name| state.topic_ids.get(&name).copied());
        let Some(topic_id) = topic_id else {
            if let Some(entry) = state.subscriptions.get_mut(&subscription_id) {
                entry.queue.unpark(now, seq);
            }
            self.shared.alarm.notify_one();
            return;
        };
        let first_seq = state.next_seq;
        state.next_seq += 1;
        let micros = self.shared.clock.wall_micros();
        let published = Published { topic_id, first_seq, micros, messages: vec![message] };
        let record = self.put(commit, Record::DeadLettered(DeadLettered { subscription_id, seq, published }));
        commit.visible.push(record);
        commit.needs_sync = true;
    }

    fn write(&mut self, commit: &Commit) -> Result<(), Refusal> {
        let written = self.append(&commit.bytes).and_then(|()| {
            if commit.needs_sync && self.synced < self.length {
                self.segment.sync()?;
                self.synced = self.length;
            }
            Ok(())
        });
        written.map_err(|cause| self.fail(&cause))
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !bytes.is_empty() {
            self.segment.append(bytes)?;
            self.length += bytes.len() as u64;
        }
        Ok(())
    }

    fn fail(&self, cause: &io::Error) -> Refusal {
        tracing::error!(error = %cause, segment = %segment_name(self.number), "the broker's log cannot be written");
        let failed = || Refusal::StorageFailed { cause: cause.to_string() };
        let refusal = self.shared.failure.get_or_init(failed).clone();
        for entry in self.shared.state().subscriptions.values() {
            entry.wake.notify_waiters();
        }
        refusal
    }

    fn settle(&self, commit: Commit, written: Result<(), Refusal>) {
        if written.is_ok() && !commit.visible.is_empty() {
            let mut state = self.shared.state();
            for record in commit.visible {
                state.apply(record).expect("a publication names no id that must exist");
            }
        }
        for answer in commit.answers {
            // A caller that went away has no use for its answer.
            match answer {
                Settled::Published(reply, ids) => drop(reply.send(written.clone().map(|()| ids))),
                Settled::Acknowledged(reply) => drop(reply.send(written.clone())),
                Settled::Changed(reply, answer) => drop(reply.send(written.clone().map(|()| *answer))),
            }
        }
    }

    fn rewrite_if_worth(&mut self) {
        let living = self.shared.state().held_bytes();
        if self.length > 3 * living + self.dead_bytes_min {
            self.rewrite(Begun::CountsAsFailed);
        }
        // Whatever came of it, the next look is due when the log has grown by as much as it may waste.
        self.rewrite_at = self.length + self.dead_bytes_min + living;
    }

    /// Writes the state to a new segment and drops the old one. Until the rename the old one is whole, so a failure
    /// before it costs only space.
    fn rewrite(&mut self, begun: Begun) {
        let number = self.number + 1;
        let name = segment_name(number);
        let temporary = format!("{name}.tmp");
        let (segment, length) = match self.write_checkpoint(&temporary, begun) {
            Ok(written) => written,
            Err(cause) => {
                tracing::warn!(error = %cause, segment = %name, "the broker's log could not be rewritten yet");
                return;
            }
        };
        let renamed = self.storage.rename(&temporary, &name).and_then(|()| self.storage.sync_names());
        if let Err(cause) = renamed {
            // Which of the two a restart finds is not known, so nothing may be added to either.
            self.fail(&cause);
            return;
        }
        let old = std::mem::replace(&mut self.number, number);
        (self.segment, self.length, self.synced) = (segment, length, length);
        if let Err(cause) = self.storage.remove(&segment_name(old)) {
            tracing::warn!(error = %cause, segment = %segment_name(old), "a dead segment could not be removed yet");
        }
    }

    fn write_checkpoint(&self, name: &str, begun: Begun) -> io::Result<(Box<dyn Appending>, u64)> {
        let checkpoint = self.shared.state().checkpoint(begun);
        let mut segment = self.storage.create(name)?;
        let mut length = 0;
        let mut bytes = Vec::new();
        log::put_header(&mut bytes);
        for record in checkpoint.records() {
            log::put_frame(&mut bytes, record, 0);
            if bytes.len() >= limits::COMMIT_BYTES_MAX {
                segment.append(&bytes)?;
                length += bytes.len() as u64;
                bytes.clear();
            }
        }
        segment.append(&bytes)?;
        segment.sync()?;
        Ok((segment, length + bytes.len() as u64))
    }
}

/// The message as its dead-letter topic gets it, with the documented attributes.
fn dead_lettered(stored: &Stored, failures: u32, subscription: &str) -> PubsubMessage {
    let micros = stored.published_micros;
    let mut attributes = stored.message.attributes.clone();
    let added = [
        ("CloudPubSubDeadLetterSourceDeliveryCount", failures.to_string()),
        ("CloudPubSubDeadLetterSourceSubscription", id_of(subscription).to_owned()),
        ("CloudPubSubDeadLetterSourceSubscriptionProject", project_of(subscription).to_owned()),
        ("CloudPubSubDeadLetterSourceTopicPublishTime", timestamp(micros).to_string()),
    ];
    attributes.extend(added.map(|(key, value)| (key.to_owned(), value)));
    PubsubMessage { attributes, data: stored.message.data.clone(), ..PubsubMessage::default() }
}
