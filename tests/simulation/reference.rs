//! The plain sequential order: processor by processor, date by date, with neither messages, ledger nor
//! engine. What the fleet's result is compared with: every record, every byte of the lake, what is dead and
//! what it holds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::FutureExt;
use tidegate::adapters::lake::MemoryLake;
use tidegate::fleet::{Lake, Provenance, Stored, UnitRecord};
use tidegate::flow::{
    Calendar, Cascade, Catalog, Computed, Content, DatasetName, Date, Document, DocumentPath, Documents,
    Fingerprint, Inputs, Outcome, Payload, Presence, Processor, Publish, Revision, RunId, SkipReason, Step,
    Unit, Upstream, Window,
};

use crate::shared::Payloads;
use crate::world::RUN_NAME;

/// What the plain order comes to.
pub(crate) struct Reference {
    pub(crate) lake: BTreeMap<Unit, Stored>,
    /// The object store.
    pub(crate) documents: BTreeMap<DocumentPath, Document>,
    /// The dates on which a unit that publishes is dead or held: what it had before stays.
    pub(crate) unsettled: BTreeSet<Date>,
    pub(crate) records: BTreeMap<Unit, (Outcome, Fingerprint, Option<Stored>)>,
    pub(crate) dead: BTreeSet<Unit>,
    pub(crate) held: BTreeSet<Unit>,
}

enum Made {
    Dead,
    Complete(Outcome, Option<Stored>, Content),
    Published(Vec<Document>),
}

struct Order<'a> {
    cascade: &'a Cascade,
    calendar: Arc<Calendar>,
    payloads: &'a Payloads,
    lake: MemoryLake,
    contents: BTreeMap<Unit, Content>,
}

/// Does it.
pub(crate) fn reference(
    cascade: &Cascade,
    calendar: &Arc<Calendar>,
    payloads: &Payloads,
    gaps: &BTreeMap<Unit, Fingerprint>,
) -> Reference {
    let mut catalog = Catalog::empty(cascade, Arc::clone(calendar));
    let mut order = Order {
        cascade,
        calendar: Arc::clone(calendar),
        payloads,
        lake: MemoryLake::new(),
        contents: BTreeMap::new(),
    };
    let (mut documents, mut unsettled) = (BTreeMap::new(), BTreeSet::new());
    let (mut records, mut dead, mut held) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
    for processor in cascade.processors() {
        for at in (0..calendar.len()).filter(|at| processor.cadence.falls_on(calendar, *at)) {
            let unit = Unit { dataset: processor.writes, date: calendar.date(at) };
            if order.windows(processor, at).any(|read| dead.contains(&read) || held.contains(&read)) {
                held.insert(unit);
                if matches!(processor.step, Step::Publish { .. }) {
                    unsettled.insert(unit.date);
                }
                continue;
            }
            let stamp = match processor.step {
                Step::Land { source, .. } => payloads.stamp(source, unit.date),
                Step::Compute { .. } | Step::Publish { .. } => None,
            };
            let fingerprint = catalog.fingerprint(processor, at, stamp.as_deref());
            let made = if gaps.get(&unit) == Some(&fingerprint) {
                Made::Complete(Outcome::Skipped(SkipReason::Gap), None, Content::Skipped(SkipReason::Gap))
            } else {
                order.make(processor, at, unit, fingerprint)
            };
            let (outcome, stored) = match made {
                Made::Dead => {
                    dead.insert(unit);
                    if matches!(processor.step, Step::Publish { .. }) {
                        unsettled.insert(unit.date);
                    }
                    continue;
                }
                Made::Published(of_unit) => {
                    let stored = stored_documents(&of_unit);
                    documents.extend(of_unit.into_iter().map(|document| (document.path.clone(), document)));
                    (Outcome::Done, Some(stored))
                }
                Made::Complete(outcome, stored, content) => {
                    order.contents.insert(unit, content);
                    (outcome, stored)
                }
            };
            catalog.put(unit, Some(record(unit, outcome, fingerprint, stored.clone())));
            records.insert(unit, (outcome, fingerprint, stored));
        }
    }
    Reference { lake: order.lake.contents(), documents, unsettled, records, dead, held }
}

fn stored_documents(documents: &[Document]) -> Stored {
    let revision = Document::revision_of(documents);
    Stored { revision, digest: *revision.bytes(), bytes: Document::bytes_of(documents) }
}

fn record(unit: Unit, outcome: Outcome, fingerprint: Fingerprint, stored: Option<Stored>) -> UnitRecord {
    UnitRecord {
        unit,
        outcome,
        fingerprint,
        stored,
        rows_expected: 0,
        rows_written: 0,
        code: 1,
        run: RunId(0),
        attempt: 1,
        duration_ms: 0,
        finished_at: 0,
    }
}

impl Order<'_> {
    fn windows<'b>(&'b self, processor: &Processor, at: usize) -> impl Iterator<Item = Unit> + 'b {
        processor.reads.iter().flat_map(move |input| {
            let source = self.cascade.processor(input.dataset).expect("a declared dataset");
            let places = input.window.inputs(&self.calendar, at);
            let places = places.filter(move |place| source.cadence.falls_on(&self.calendar, *place));
            places.map(|place| Unit { dataset: input.dataset, date: self.calendar.date(place) })
        })
    }

    fn make(&self, processor: &Processor, at: usize, unit: Unit, fingerprint: Fingerprint) -> Made {
        match processor.step {
            Step::Land { source, presence } => self.land(source, presence, unit),
            Step::Publish { publish } => self.publish(publish, processor, at, unit),
            Step::Compute { compute, .. } => {
                if let Some(reason) = self.skipped_input(processor, unit) {
                    return skip(reason);
                }
                match compute(&Inputs::new(&self.calendar, at, self.inputs(processor, at))) {
                    Err(_) => Made::Dead,
                    Ok(Computed::Skipped(reason)) => skip(reason),
                    Ok(Computed::Rows(output)) => {
                        let run = RUN_NAME.to_owned();
                        let provenance = Provenance { unit, fingerprint, code: processor.code, run };
                        let written = self.lake.replace(&provenance, output.frame()).now_or_never();
                        let stored = written.expect("memory does not wait").expect("memory does not fail");
                        Made::Complete(Outcome::Done, Some(stored), Content::Rows(output.typed_rows()))
                    }
                }
            }
        }
    }

    fn publish(&self, publish: Publish, processor: &Processor, at: usize, unit: Unit) -> Made {
        if let Some(reason) = self.skipped_input(processor, unit) {
            return skip(reason);
        }
        match publish(&Inputs::new(&self.calendar, at, self.inputs(processor, at))) {
            Err(_) => Made::Dead,
            Ok(Documents::Skipped(reason)) => skip(reason),
            Ok(Documents::Made(documents)) => Made::Published(documents),
        }
    }

    /// The content of all units in the windows.
    fn inputs(&self, processor: &Processor, at: usize) -> BTreeMap<DatasetName, Vec<Upstream>> {
        let mut units: BTreeMap<DatasetName, Vec<Upstream>> = BTreeMap::new();
        for input in processor.reads {
            units.entry(input.dataset).or_default();
        }
        for read in self.windows(processor, at) {
            let content = self.contents[&read].clone();
            units.entry(read.dataset).or_default().push(Upstream { date: read.date, content });
        }
        units
    }

    fn land(&self, source: &str, presence: Presence, unit: Unit) -> Made {
        let Some((text, _)) = self.payloads.get(source, unit.date) else {
            return match presence {
                Presence::Optional => skip(SkipReason::NotInSource),
                Presence::Required => Made::Dead,
            };
        };
        let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(text.as_bytes());
        let revision = Revision::of_bytes(&bytes);
        let stored = Stored { revision, digest: *revision.bytes(), bytes: text.len() as u64 };
        let name = format!("{source}/{}", unit.date).into();
        let payload = Payload { name, bytes: text.clone().into_bytes().into() };
        Made::Complete(Outcome::Done, Some(stored), Content::Payloads(vec![payload].into()))
    }

    fn skipped_input(&self, processor: &Processor, unit: Unit) -> Option<SkipReason> {
        let decides = |window: Window, presence| window == Window::SameDate && presence == Presence::Required;
        processor.reads.iter().filter(|input| decides(input.window, input.presence)).find_map(|input| {
            match self.contents.get(&Unit { dataset: input.dataset, date: unit.date })? {
                Content::Skipped(reason) => Some(*reason),
                Content::Rows(_) | Content::Payloads(_) => None,
            }
        })
    }
}

fn skip(reason: SkipReason) -> Made {
    Made::Complete(Outcome::Skipped(reason), None, Content::Skipped(reason))
}

impl Reference {
    /// Panics where the object store is not as in the plain order: a document more, one less, or another one.
    pub(crate) fn check_documents(&self, found: &BTreeMap<DocumentPath, bytes::Bytes>) {
        let is_unsettled =
            |bytes: &bytes::Bytes| Document::as_of(bytes).is_some_and(|date| self.unsettled.contains(&date));
        let expected = self.documents.iter().map(|(path, document)| (path, &document.bytes));
        let expected: BTreeMap<_, _> = expected.collect();
        for path in expected.keys().copied().chain(found.keys()) {
            let (found, expected) = (found.get(path), expected.get(path).copied());
            if !found.is_some_and(is_unsettled) {
                assert_eq!(found, expected, "{path} is not as in the plain order");
            }
        }
    }
}
