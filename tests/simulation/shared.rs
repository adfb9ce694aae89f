//! What all processes of the simulated world share: the ledger, the lake, the sources, the bus, the clock,
//! the dice and the shadow that watches. Nothing here is scheduled; `world.rs` does that.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Poll, Waker};

use async_trait::async_trait;
use tidegate::adapters::lake::MemoryLake;
use tidegate::adapters::ledger::InlineLedger;
use tidegate::adapters::objects::MemoryStore;
use tidegate::fleet::{Clock, Message, Millis};
use tidegate::flow::Date;

use crate::chance::Dice;
use crate::pipelines::Fixture;
use crate::shadow::Shadow;

/// The world outside of the processes.
pub(crate) struct Shared {
    pub(crate) fixture: &'static Fixture,
    pub(crate) dice: Mutex<Dice>,
    pub(crate) faults: Mutex<Faults>,
    pub(crate) ledger: Arc<InlineLedger>,
    pub(crate) lake: MemoryLake,
    pub(crate) objects: MemoryStore,
    pub(crate) payloads: Mutex<Payloads>,
    pub(crate) bus: Mutex<BusState>,
    pub(crate) clock: SimulatedClock,
    pub(crate) shadow: Mutex<Shadow>,
    pub(crate) counts: Mutex<BTreeMap<&'static str, u64>>,
    trace: Option<Mutex<u64>>,
}

/// How many port calls may still fail, and how often one does.
#[derive(Default)]
pub(crate) struct Faults {
    pub(crate) left: u32,
    pub(crate) per_mille: u32,
}

/// The sources' payloads: text and version by source and date.
#[derive(Default)]
pub(crate) struct Payloads {
    pub(crate) texts: BTreeMap<(&'static str, Date), (String, u64)>,
    /// Whether stamps tell versions (a file's time) or contents (a hash).
    pub(crate) stamps_are_versions: bool,
    pub(crate) versions: u64,
}

impl Payloads {
    pub(crate) fn stamp(&self, source: &str, date: Date) -> Option<String> {
        let (text, version) = self.get(source, date)?;
        Some(if self.stamps_are_versions { format!("v{version}") } else { format!("c{text}") })
    }

    pub(crate) fn get(&self, source: &str, date: Date) -> Option<&(String, u64)> {
        self.texts.iter().find(|((name, day), _)| *name == source && *day == date).map(|(_, found)| found)
    }

    pub(crate) fn put(&mut self, source: &'static str, date: Date, text: Option<String>) {
        self.versions += 1;
        match text {
            Some(text) => self.texts.insert((source, date), (text, self.versions)),
            None => self.texts.remove(&(source, date)),
        };
    }
}

impl Shared {
    pub(crate) fn new(
        fixture: &'static Fixture,
        ledger: Arc<InlineLedger>,
        dice: Dice,
        traced: bool,
    ) -> Arc<Self> {
        Arc::new(Self {
            fixture,
            dice: Mutex::new(dice),
            faults: Mutex::default(),
            ledger,
            lake: MemoryLake::new(),
            objects: MemoryStore::default(),
            payloads: Mutex::default(),
            bus: Mutex::default(),
            clock: SimulatedClock::default(),
            shadow: Mutex::default(),
            counts: Mutex::default(),
            trace: traced.then(|| Mutex::new(0)),
        })
    }

    pub(crate) fn dice(&self) -> MutexGuard<'_, Dice> {
        self.dice.lock().expect("one thread")
    }

    pub(crate) fn below(&self, end: usize) -> usize {
        self.dice().below(end)
    }

    pub(crate) fn between(&self, from: usize, to: usize) -> usize {
        self.dice().between(from, to)
    }

    pub(crate) fn per_mille(&self, cases: u32) -> bool {
        self.dice().per_mille(cases)
    }

    pub(crate) fn pick<T: Copy>(&self, of: &[T]) -> Option<T> {
        self.dice().pick(of).copied()
    }

    pub(crate) fn bus(&self) -> MutexGuard<'_, BusState> {
        self.bus.lock().expect("one thread")
    }

    pub(crate) fn shadow(&self) -> MutexGuard<'_, Shadow> {
        self.shadow.lock().expect("one thread")
    }

    pub(crate) fn payloads(&self) -> MutexGuard<'_, Payloads> {
        self.payloads.lock().expect("one thread")
    }

    pub(crate) fn count(&self, what: &'static str) {
        *self.counts.lock().expect("one thread").entry(what).or_default() += 1;
    }

    /// Tells a step, when a seed is replayed.
    pub(crate) fn tell(&self, what: impl FnOnce() -> String) {
        if let Some(lines) = &self.trace {
            let mut lines = lines.lock().expect("one thread");
            *lines += 1;
            println!("{:>5} t={:<8} {}", *lines, self.clock.now(), what());
        }
    }

    /// Publishes on a topic: a copy for each of its subscriptions.
    pub(crate) fn publish(&self, topic: &str, message: &Message) {
        let subscriptions = self.fixture.by_topic.get(topic).map_or(&[][..], Vec::as_slice);
        let mut bus = self.bus();
        for subscription in subscriptions {
            bus.add(*subscription, message.clone());
        }
    }
}

/// All messages that are not acknowledged.
#[derive(Default)]
pub(crate) struct BusState {
    numbers: u64,
    messages: BTreeMap<u64, Queued>,
    /// Those that may be delivered now.
    free: Vec<u64>,
    /// Deliveries that got lost on the way: the deadline brings them back.
    pub(crate) lost: Vec<u64>,
}

pub(crate) struct Queued {
    pub(crate) subscription: usize,
    pub(crate) message: Message,
    pub(crate) deliveries: u32,
    /// The deliveries that are not answered.
    live: Vec<u64>,
}

/// One delivery: the message, and which of its deliveries this is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Handed {
    pub(crate) message: u64,
    pub(crate) delivery: u64,
}

impl BusState {
    pub(crate) fn add(&mut self, subscription: usize, message: Message) {
        self.numbers += 1;
        self.messages.insert(self.numbers, Queued { subscription, message, deliveries: 0, live: Vec::new() });
        self.free.push(self.numbers);
    }

    pub(crate) fn free(&self) -> usize {
        self.free.len()
    }

    pub(crate) fn get(&self, message: u64) -> Option<&Queued> {
        self.messages.get(&message)
    }

    pub(crate) fn peek_free(&self, at: usize) -> u64 {
        self.free[at]
    }

    /// Loses the delivery for the time being.
    pub(crate) fn lose(&mut self, at: usize) {
        let message = self.free.swap_remove(at);
        if let Some(queued) = self.messages.get_mut(&message) {
            queued.deliveries += 1;
        }
        self.lost.push(message);
    }

    /// The ack deadline of what was lost has passed.
    pub(crate) fn find_lost(&mut self) -> bool {
        let any = !self.lost.is_empty();
        self.free.append(&mut self.lost);
        any
    }

    pub(crate) fn take(&mut self, at: usize) -> Handed {
        let message = self.free.swap_remove(at);
        self.hand(message)
    }

    /// Another delivery of a message.
    pub(crate) fn hand(&mut self, message: u64) -> Handed {
        self.numbers += 1;
        let queued = self.messages.get_mut(&message).expect("a message that is there");
        queued.deliveries += 1;
        queued.live.push(self.numbers);
        Handed { message, delivery: self.numbers }
    }

    /// Takes a message out, with what was in it.
    pub(crate) fn remove(&mut self, at: usize) -> Option<Queued> {
        let message = self.free.swap_remove(at);
        self.messages.remove(&message)
    }

    /// Acknowledges. A late acknowledgement, after another delivery, counts or is ignored.
    pub(crate) fn ack(&mut self, handed: Handed, late_counts: bool) {
        let Some(queued) = self.messages.get_mut(&handed.message) else {
            return;
        };
        let is_latest = queued.live.last() == Some(&handed.delivery);
        if is_latest || late_counts {
            self.messages.remove(&handed.message);
            self.free.retain(|message| *message != handed.message);
            self.lost.retain(|message| *message != handed.message);
            return;
        }
        self.give_back(handed);
    }

    /// Nobody has this delivery any more.
    pub(crate) fn give_back(&mut self, handed: Handed) {
        if let Some(queued) = self.messages.get_mut(&handed.message) {
            queued.live.retain(|delivery| *delivery != handed.delivery);
            let waits = self.free.contains(&handed.message) || self.lost.contains(&handed.message);
            if queued.live.is_empty() && !waits {
                self.free.push(handed.message);
            }
        }
    }
}

/// A clock that stands still until the world moves it, by any distance.
#[derive(Default)]
pub(crate) struct SimulatedClock {
    state: Mutex<(Millis, BTreeMap<Millis, Vec<Waker>>)>,
}

impl SimulatedClock {
    /// Moves on to the earliest moment that somebody sleeps for, and `further`; wakes all who slept till
    /// then. `false` where nobody sleeps.
    pub(crate) fn advance(&self, further: Millis) -> bool {
        let mut state = self.state.lock().expect("one thread");
        let Some(earliest) = state.1.keys().next().copied() else {
            return false;
        };
        state.0 = state.0.max(earliest) + further;
        let now = state.0;
        let later = state.1.split_off(&(now + 1));
        let woken = std::mem::replace(&mut state.1, later);
        drop(state);
        woken.into_values().flatten().for_each(Waker::wake);
        true
    }
}

#[async_trait]
impl Clock for SimulatedClock {
    fn now(&self) -> Millis {
        self.state.lock().expect("one thread").0
    }

    async fn sleep_until(&self, deadline: Millis) {
        std::future::poll_fn(|context| {
            let mut state = self.state.lock().expect("one thread");
            if state.0 >= deadline {
                return Poll::Ready(());
            }
            state.1.entry(deadline).or_default().push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}
