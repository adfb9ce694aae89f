//! TEMPORARY in-process messages.
use crate::fleet::*;
use crate::flow::*;
use async_trait::async_trait;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;
#[derive(Default)]
struct Queue {
    m: Mutex<VecDeque<Message>>,
    n: Notify,
}
pub(super) struct Shim {
    subs: HashMap<String, Arc<Queue>>,
    topics: HashMap<String, Vec<String>>,
}
impl Shim {
    pub(super) fn new(t: &Topology) -> Self {
        let mut subs = HashMap::new();
        let mut topics: HashMap<String, Vec<String>> = HashMap::new();
        for s in &t.subscriptions {
            subs.insert(s.name.clone(), Arc::default());
            topics.entry(s.topic.clone()).or_default().push(s.name.clone());
        }
        Self { subs, topics }
    }
    fn put(&self, topic: &str, m: Message) {
        for s in self.topics.get(topic).into_iter().flatten() {
            let q = &self.subs[s];
            q.m.lock().unwrap().push_back(m.clone());
            q.n.notify_one();
        }
    }
}
#[async_trait]
impl Bus for Shim {
    async fn publish_completions(&self, c: &[Completion]) -> Result<(), Failure> {
        for c in c {
            self.put(&completed_topic(c.unit.dataset), Message::Completion(c.clone()));
        }
        Ok(())
    }
    async fn publish_work_orders(&self, o: &[WorkOrder]) -> Result<(), Failure> {
        for o in o {
            self.put(&work_topic(o.unit.dataset, o.lane), Message::WorkOrder(*o));
        }
        Ok(())
    }
    async fn publish_dead_letter(&self, n: &DeadLetterNotice) -> Result<(), Failure> {
        self.put(&dead_letter_topic(n.order.unit.dataset), Message::DeadLetter(n.clone()));
        Ok(())
    }
}
struct D(Message, Arc<Queue>);
impl Delivery for D {
    fn message(&self) -> &Message {
        &self.0
    }
    fn ack(self: Box<Self>) {}
    fn nack(self: Box<Self>) {
        self.1.m.lock().unwrap().push_back(self.0);
        self.1.n.notify_one();
    }
}
struct Ds(Arc<Queue>);
#[async_trait]
impl Deliveries for Ds {
    async fn next(&mut self) -> Result<Option<Box<dyn Delivery>>, Failure> {
        loop {
            let got = self.0.m.lock().unwrap().pop_front();
            if let Some(m) = got {
                return Ok(Some(Box::new(D(m, self.0.clone()))));
            }
            self.0.n.notified().await;
        }
    }
    async fn close(self: Box<Self>) {}
}
#[async_trait]
impl Subscriber for Shim {
    async fn subscribe(&self, s: &str, _: usize) -> Result<Box<dyn Deliveries>, Failure> {
        Ok(Box::new(Ds(self.subs[s].clone())))
    }
}
