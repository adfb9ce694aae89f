//! Messages in memory, in order, each until it is acknowledged: what a restarted process finds again.
//! Decides nothing and loses nothing.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tidegate::fleet::{Bus, Deliveries, Delivery, Message, Subscriber, Traced};
use tidegate::flow::{
    Cascade, Completion, DeadLetterNotice, Failure, Permanent, Topology, WorkOrder, completed_topic,
    dead_letter_topic, work_topic,
};
use tokio::sync::Notify;

/// All subscriptions of a cascade.
pub(crate) struct MemoryBus {
    queues: BTreeMap<String, Arc<Queue>>,
    by_topic: BTreeMap<String, Vec<Arc<Queue>>>,
}

#[derive(Default)]
struct Queue {
    waiting: Mutex<VecDeque<Message>>,
    more: Notify,
}

impl Queue {
    fn push(&self, message: Message) {
        self.waiting.lock().expect("one thread").push_back(message);
        self.more.notify_one();
    }
}

impl MemoryBus {
    pub(crate) fn of(cascade: &Cascade) -> Self {
        let (mut queues, mut by_topic) = (BTreeMap::new(), BTreeMap::new());
        for subscription in Topology::of(cascade).subscriptions {
            let queue = Arc::new(Queue::default());
            by_topic.entry(subscription.topic).or_insert_with(Vec::new).push(Arc::clone(&queue));
            queues.insert(subscription.name, queue);
        }
        Self { queues, by_topic }
    }

    fn publish(&self, topic: &str, message: &Message) {
        for queue in self.by_topic.get(topic).into_iter().flatten() {
            queue.push(message.clone());
        }
    }
}

#[async_trait]
impl Bus for MemoryBus {
    async fn publish_completions(&self, completions: &[Traced<Completion>]) -> Result<(), Failure> {
        for Traced { message: completion, .. } in completions {
            let topic = completed_topic(completion.unit.dataset);
            self.publish(&topic, &Message::Completion(completion.clone()));
        }
        Ok(())
    }

    async fn publish_work_orders(&self, orders: &[Traced<WorkOrder>]) -> Result<(), Failure> {
        for Traced { message: order, .. } in orders {
            self.publish(&work_topic(order.unit.dataset, order.lane), &Message::WorkOrder(*order));
        }
        Ok(())
    }

    async fn publish_dead_letter(&self, notice: &Traced<DeadLetterNotice>) -> Result<(), Failure> {
        let notice = &notice.message;
        let topic = dead_letter_topic(notice.order.unit.dataset);
        self.publish(&topic, &Message::DeadLetter(notice.clone()));
        Ok(())
    }
}

#[async_trait]
impl Subscriber for MemoryBus {
    async fn subscribe(&self, subscription: &str, _most: usize) -> Result<Box<dyn Deliveries>, Failure> {
        let queue = self.queues.get(subscription);
        let unknown = || Permanent::new("no_subscription", subscription.to_owned());
        Ok(Box::new(Open(Arc::clone(queue.ok_or_else(unknown)?))))
    }
}

struct Open(Arc<Queue>);

#[async_trait]
impl Deliveries for Open {
    async fn next(&mut self) -> Result<Option<Box<dyn Delivery>>, Failure> {
        loop {
            let taken = self.0.waiting.lock().expect("one thread").pop_front();
            if let Some(message) = taken {
                let queue = Arc::clone(&self.0);
                return Ok(Some(Box::new(Handed { queue, message, answered: false })));
            }
            self.0.more.notified().await;
        }
    }

    async fn close(self: Box<Self>) {}
}

struct Handed {
    queue: Arc<Queue>,
    message: Message,
    answered: bool,
}

impl Delivery for Handed {
    fn message(&self) -> &Message {
        &self.message
    }

    fn ack(mut self: Box<Self>) {
        self.answered = true;
    }

    fn nack(self: Box<Self>) {}
}

impl Drop for Handed {
    fn drop(&mut self) {
        if !self.answered {
            self.queue.push(self.message.clone());
        }
    }
}
