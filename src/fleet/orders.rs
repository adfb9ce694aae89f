//! WHICH ORDER IS BEGUN NEXT of those that a process has taken. A lane's earliest date first, then the place in the
//! cascade: so dates come through whole, and what has just been decoded is used while it is there. A backfill's
//! publications, which no processor reads, are gathered first, and then come in the place of the earliest of them, the
//! latest first: a document that each of many dates would write, such as a player's profile, is mostly written once.
//! Does nothing itself.

use std::cmp::Reverse;
use std::collections::hash_map::Entry;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard};

use tokio::sync::Notify;

use super::lanes::{ByLane, Slots};
use super::ports::Delivery;
use crate::flow::{Cascade, Lane, Millis, RunId, Step, Unit, WorkOrder};

/// How long a backfill's publications are gathered while another order of it is at work.
const GATHERED_MS: Millis = 5_000;

/// The queue.
pub(super) struct OrderQueue {
    orders: Mutex<Orders>,
    more: Notify,
    /// Unanswered orders that the process holds of each processor and lane: with so many gathered of one, no more come.
    held_max: usize,
}

#[derive(Default)]
struct Orders {
    heaps: ByLane<BinaryHeap<Reverse<Queued>>>,
    gathered: Vec<Queued>,
    /// When the first of the gathered came.
    gathered_since: Millis,
    /// Orders that are queued or carried out, with further deliveries of the same: each waits here for the end
    /// of the one before it, instead of waiting for its lease in an attempt's place.
    held: HashMap<(RunId, Unit), VecDeque<Queued>>,
}

struct Queued {
    urgency: Urgency,
    order: WorkOrder,
    delivery: Box<dyn Delivery>,
}

/// Whose turn is first: the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Urgency {
    /// Its date's days; of gathered ones those of the earliest among them.
    days: i32,
    position: usize,
    /// Of gathered ones of a processor the latest date first.
    latest_first: Reverse<i32>,
}

impl OrderQueue {
    /// An empty one, of a process that holds so many unanswered orders of each processor and lane.
    #[must_use]
    pub(super) fn new(held_max: usize) -> Self {
        Self { orders: Mutex::default(), more: Notify::new(), held_max }
    }

    /// Takes an order of this cascade on.
    pub(super) fn push(&self, cascade: &Cascade, order: WorkOrder, delivery: Box<dyn Delivery>, now: Millis) {
        let Unit { dataset, date } = order.unit;
        let position = cascade.position(dataset).unwrap_or(usize::MAX);
        let urgency = Urgency { days: date.days(), position, latest_first: Reverse(date.days()) };
        let queued = Queued { urgency, order, delivery };
        let step = cascade.processor(dataset).map(|processor| processor.step);
        let publishes = matches!(step, Some(Step::Publish { .. }));
        let mut orders = self.orders();
        match orders.held.entry((order.run, order.unit)) {
            Entry::Occupied(mut same) => return same.get_mut().push_back(queued),
            Entry::Vacant(first) => first.insert(VecDeque::new()),
        };
        if publishes && order.lane == Lane::Backfill {
            if orders.gathered.is_empty() {
                orders.gathered_since = now;
            }
            orders.gathered.push(queued);
            let of_it = orders.gathered.iter().filter(|queued| queued.order.unit.dataset == dataset);
            if of_it.count() >= self.held_max {
                orders.release();
            }
        } else {
            orders.heaps.of_mut(order.lane).push(Reverse(queued));
        }
        drop(orders);
        self.more.notify_one();
    }

    /// The order that is to be begun now: a day's where there is room for one, else a backfill's.
    pub(super) fn pop(&self, slots: &Slots, now: Millis) -> Option<(WorkOrder, Box<dyn Delivery>)> {
        let mut orders = self.orders();
        let is_idle = slots.is_idle(Lane::Backfill) && orders.heaps.of(Lane::Backfill).is_empty();
        // A clock that was set back would else have them wait for it.
        let is_set_back = now < orders.gathered_since;
        if is_idle || is_set_back || orders.due().is_some_and(|due| due <= now) {
            orders.release();
        }
        let mut lanes = Lane::ALL.into_iter().filter(|lane| slots.has_room(*lane, now));
        let Reverse(queued) = lanes.find_map(|lane| orders.heaps.of_mut(lane).pop())?;
        Some((queued.order, queued.delivery))
    }

    /// Comes back when there are more orders.
    pub(super) async fn more(&self) {
        self.more.notified().await;
    }

    /// When gathered publications are to be queued at the latest.
    pub(super) fn due(&self) -> Option<Millis> {
        self.orders().due()
    }

    /// An order has been carried out, or not: the next delivery of the same is queued.
    pub(super) fn ended(&self, order: WorkOrder) {
        let mut orders = self.orders();
        let Some(mut same) = orders.held.remove(&(order.run, order.unit)) else { return };
        if let Some(next) = same.pop_front() {
            orders.held.insert((order.run, order.unit), same);
            orders.heaps.of_mut(order.lane).push(Reverse(next));
        }
    }

    fn orders(&self) -> MutexGuard<'_, Orders> {
        self.orders.lock().expect("nobody panics while holding the queue")
    }
}

impl Orders {
    fn due(&self) -> Option<Millis> {
        (!self.gathered.is_empty()).then(|| self.gathered_since + GATHERED_MS)
    }

    /// Queues what was gathered.
    fn release(&mut self) {
        let Some(days) = self.gathered.iter().map(|queued| queued.urgency.days).min() else { return };
        let together = self.gathered.drain(..).map(|queued| {
            let urgency = Urgency { days, ..queued.urgency };
            Reverse(Queued { urgency, ..queued })
        });
        self.heaps.of_mut(Lane::Backfill).extend(together);
    }
}

impl PartialEq for Queued {
    fn eq(&self, other: &Self) -> bool {
        self.urgency == other.urgency
    }
}

impl Eq for Queued {}

impl PartialOrd for Queued {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Queued {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.urgency.cmp(&other.urgency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::Message;
    use crate::flow::{
        Calendar, DatasetName, Date, Input, Payload, Permanent, Pipeline, PipelineName, Presence, Processor,
        Window,
    };

    const LANDED: DatasetName = DatasetName::of("t.landed");
    const SITE: DatasetName = DatasetName::of("t.site");

    fn cascade() -> Cascade {
        const READS: &[Input] =
            &[Input { dataset: LANDED, window: Window::SameDate, presence: Presence::Required }];
        const PROCESSORS: &[Processor] = &[
            Processor::land(LANDED, "", "landed", Presence::Required),
            Processor::publish(SITE, "", 1, READS, |_| Err(Permanent::new("no", "nobody computes here"))),
        ];
        let name = PipelineName::of("t");
        let calendar = |_: &[Payload]| Ok(Calendar::default());
        let pipeline = Pipeline { name, processors: PROCESSORS, calendar_source: "landed", calendar };
        Cascade::of(&pipeline).expect("a cascade")
    }

    struct Delivered(Message);

    impl Delivery for Delivered {
        fn message(&self) -> &Message {
            &self.0
        }

        fn ack(self: Box<Self>) {}

        fn nack(self: Box<Self>) {}
    }

    struct Taken {
        cascade: Cascade,
        queue: OrderQueue,
        slots: Slots,
    }

    impl Taken {
        fn new() -> Self {
            Self { cascade: cascade(), queue: OrderQueue::new(4), slots: Slots::of(8, &Lane::ALL) }
        }

        fn push(&self, dataset: DatasetName, days: i32, lane: Lane, now: Millis) {
            let unit = Unit { dataset, date: Date::from_days(days) };
            let order = WorkOrder { run: RunId(1), lane, unit };
            self.queue.push(&self.cascade, order, Box::new(Delivered(Message::WorkOrder(order))), now);
        }

        /// What is begun now, and stays under way.
        fn begun(&mut self, now: Millis) -> Vec<(DatasetName, i32)> {
            let mut begun = Vec::new();
            while let Some((order, _)) = self.queue.pop(&self.slots, now) {
                self.slots.take(order.lane, Millis::MIN);
                begun.push((order.unit.dataset, order.unit.date.days()));
            }
            begun
        }
    }

    #[test]
    fn a_backfills_publications_are_gathered_and_the_latest_is_made_first() {
        let mut taken = Taken::new();
        for days in [5, 3] {
            taken.push(LANDED, days, Lane::Backfill, 0);
        }
        for (days, now) in [(1, 10), (4, 20), (2, 30)] {
            taken.push(SITE, days, Lane::Backfill, now);
        }
        assert_eq!(taken.begun(40), [(LANDED, 3), (LANDED, 5)], "the earliest date first");
        assert_eq!(taken.queue.due(), Some(10 + GATHERED_MS));
        assert_eq!(taken.begun(9 + GATHERED_MS), []);
        // As urgent as the earliest of them.
        taken.push(LANDED, 2, Lane::Backfill, 50);
        assert_eq!(taken.begun(10 + GATHERED_MS), [(SITE, 4), (SITE, 2), (SITE, 1), (LANDED, 2)]);
        assert_eq!(taken.queue.due(), None);
    }

    #[test]
    fn with_as_many_as_are_held_of_a_processor_none_waits_for_another() {
        let mut taken = Taken::new();
        taken.push(LANDED, 1, Lane::Backfill, 100);
        assert_eq!(taken.begun(100), [(LANDED, 1)]);
        for days in 1..4 {
            taken.push(SITE, days, Lane::Backfill, 100);
        }
        assert_eq!(taken.begun(100), []);
        taken.push(SITE, 4, Lane::Backfill, 100);
        assert_eq!(taken.begun(100), [(SITE, 4), (SITE, 3), (SITE, 2), (SITE, 1)]);
        // Nor for a clock that was set back.
        taken.push(SITE, 5, Lane::Backfill, 100);
        assert_eq!(taken.begun(99), [(SITE, 5)]);
    }

    #[test]
    fn publications_wait_for_nothing_where_there_is_nothing_else_and_days_do_not_wait() {
        let mut taken = Taken::new();
        taken.push(SITE, 1, Lane::Daily, 0);
        taken.push(SITE, 2, Lane::Daily, 0);
        assert_eq!(taken.begun(0), [(SITE, 1), (SITE, 2)]);
        taken.push(SITE, 7, Lane::Backfill, 0);
        taken.push(SITE, 8, Lane::Backfill, 0);
        assert_eq!(taken.begun(0), [(SITE, 8), (SITE, 7)]);
    }

    #[test]
    fn a_second_delivery_waits_for_the_end_of_the_first() {
        let mut taken = Taken::new();
        taken.push(LANDED, 1, Lane::Backfill, 0);
        taken.push(LANDED, 1, Lane::Backfill, 0);
        assert_eq!(taken.begun(0).len(), 1);
        let unit = Unit { dataset: LANDED, date: Date::from_days(1) };
        let order = WorkOrder { run: RunId(1), lane: Lane::Backfill, unit };
        taken.queue.ended(order);
        assert_eq!(taken.begun(0).len(), 1);
        taken.queue.ended(order);
        assert_eq!(taken.begun(0).len(), 0);
    }
}
