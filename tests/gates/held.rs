//! What a dead letter holds, by the plainest rule there is: whoever reads it waits, and whoever reads who waits.

use std::collections::BTreeSet;

use tidegate::flow::{Calendar, Pipeline, Unit};

/// The units that wait for these, which are dead.
pub(crate) fn held_behind(pipeline: &Pipeline, calendar: &Calendar, dead: &BTreeSet<Unit>) -> BTreeSet<Unit> {
    let mut waiting = dead.clone();
    loop {
        let before = waiting.len();
        for processor in pipeline.processors {
            for at in (0..calendar.len()).filter(|at| processor.cadence.falls_on(calendar, *at)) {
                let waits = processor.reads.iter().any(|input| {
                    let mut window = input.window.inputs(calendar, at);
                    window
                        .any(|at| waiting.contains(&Unit { dataset: input.dataset, date: calendar.date(at) }))
                });
                if waits {
                    waiting.insert(Unit { dataset: processor.writes, date: calendar.date(at) });
                }
            }
        }
        if waiting.len() == before {
            return waiting.difference(dead).copied().collect();
        }
    }
}
