//! The plainest way to run declared processors: one after the other, in the order that their reads demand,
//! each over all dates (windows may look ahead), in memory. For tests: the result that any fleet must come
//! to. No IO, no messages.

use std::collections::BTreeMap;

use crate::flow::{
    Calendar, Computed, Content, Dataset, DatasetName, Date, Frame, Inputs, Presence, Processor, Row,
    SkipReason, Step, Upstream, Window,
};

/// The content of every unit, given and computed.
#[derive(Clone, Default)]
pub(super) struct Units {
    contents: BTreeMap<DatasetName, BTreeMap<Date, Content>>,
    frames: BTreeMap<(DatasetName, Date), Frame>,
}

impl Units {
    /// Sets a unit that no processor computes.
    pub(super) fn give(&mut self, dataset: DatasetName, date: Date, content: Content) {
        self.contents.entry(dataset).or_default().insert(date, content);
    }

    /// The rows of a unit; none where it was skipped.
    pub(super) fn rows<R: Row>(&self, dataset: Dataset<R>, date: Date) -> &[R] {
        match self.contents.get(&dataset.name()).and_then(|units| units.get(&date)) {
            Some(Content::Rows(rows)) => rows.downcast_ref::<Vec<R>>().expect("rows of the type"),
            Some(Content::Skipped(_) | Content::Payloads(_)) | None => &[],
        }
    }

    /// The columns of a computed unit; `None` where it was skipped.
    pub(super) fn frame(&self, dataset: DatasetName, date: Date) -> Option<&Frame> {
        self.frames.get(&(dataset, date))
    }

    /// Runs each processor over all dates, after all that it reads. Panics where one fails or writes fewer
    /// rows than expected.
    pub(super) fn run(&mut self, calendar: &Calendar, processors: &[Processor]) {
        let ordered = in_order(processors);
        for processor in &ordered {
            for at in (0..calendar.len()).filter(|at| processor.cadence.falls_on(calendar, *at)) {
                self.step(calendar, at, processor);
            }
        }
    }

    fn step(&mut self, calendar: &Calendar, at: usize, processor: &Processor) {
        let date = calendar.date(at);
        let Step::Compute { compute, .. } = processor.step else {
            return; // payloads are given, and nobody reads documents
        };
        if let Some(reason) = self.demanded_skip(date, processor) {
            self.give(processor.writes, date, Content::Skipped(reason));
            return;
        }
        let units = processor
            .reads
            .iter()
            .map(|input| (input.dataset, self.window(calendar, at, input.dataset, input.window)))
            .collect();
        match compute(&Inputs::new(calendar, at, units)) {
            Ok(Computed::Rows(output)) => {
                let rows = output.frame().rows() as u64;
                let (expected, name) = (output.expected(), processor.writes);
                assert!(rows >= expected, "{name} {date}: {rows} of {expected} rows");
                self.give(name, date, Content::Rows(output.typed_rows()));
                self.frames.insert((name, date), output.frame().clone());
            }
            Ok(Computed::Skipped(reason)) => {
                self.give(processor.writes, date, Content::Skipped(reason));
            }
            Err(failure) => panic!("{} {date}: {failure}", processor.writes),
        }
    }

    fn demanded_skip(&self, date: Date, processor: &Processor) -> Option<SkipReason> {
        let required = processor
            .reads
            .iter()
            .filter(|input| input.presence == Presence::Required && input.window == Window::SameDate);
        let mut contents = required.filter_map(|input| self.contents.get(&input.dataset)?.get(&date));
        contents.find_map(|content| match content {
            Content::Skipped(reason) => Some(*reason),
            Content::Rows(_) | Content::Payloads(_) => None,
        })
    }

    fn window(&self, calendar: &Calendar, at: usize, dataset: DatasetName, window: Window) -> Vec<Upstream> {
        let contents = self.contents.get(&dataset);
        window
            .inputs(calendar, at)
            .filter_map(|index| {
                let date = calendar.date(index);
                let content = contents?.get(&date)?.clone();
                Some(Upstream { date, content })
            })
            .collect()
    }
}

/// Every processor after those that it reads.
fn in_order(processors: &[Processor]) -> Vec<Processor> {
    let mut waiting: Vec<Processor> = processors.to_vec();
    let mut ordered: Vec<Processor> = Vec::new();
    while !waiting.is_empty() {
        let names: Vec<DatasetName> = waiting.iter().map(|processor| processor.writes).collect();
        let (later, ready): (Vec<_>, Vec<_>) = waiting
            .into_iter()
            .partition(|processor| processor.reads.iter().any(|input| names.contains(&input.dataset)));
        assert!(!ready.is_empty(), "the processors read each other in a circle");
        ordered.extend(ready);
        waiting = later;
    }
    ordered
}
