//! What must hold of the spans of a date: one trace, in which everything hangs together.

use std::collections::{BTreeMap, BTreeSet};

use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use tidegate::flow::{Date, RunId};

use crate::collector::Told;

/// The spans of a run's date.
pub(crate) struct Walk {
    spans: BTreeMap<Vec<u8>, Told>,
    root: Vec<u8>,
}

impl Walk {
    /// All spans of the date, which must be of one trace, and each the child of another, but for one.
    pub(crate) fn of(told: &[Told], run: RunId, date: Date) -> Self {
        let first = told.iter().find(|span| {
            span.of("tidegate.run") == run.0.to_string() && span.of("tidegate.date") == date.to_string()
        });
        let trace = &first.unwrap_or_else(|| panic!("{date}: no span")).trace;
        let of_trace = told.iter().filter(|span| span.trace == *trace);
        let spans: BTreeMap<Vec<u8>, Told> =
            of_trace.clone().map(|span| (span.id.clone(), span.clone())).collect();
        assert_eq!(spans.len(), of_trace.count(), "{date}: two spans have one number");
        for span in told {
            let is_of_date =
                span.of("tidegate.run") == run.0.to_string() && span.of("tidegate.date") == date.to_string();
            // A gate is told of other dates too, each in its own trace.
            assert!(!is_of_date || span.trace == *trace, "{date}: another trace has {span:?}");
        }
        let first: Vec<&Told> = spans.values().filter(|span| span.parent.is_empty()).collect();
        assert_eq!(first.len(), 1, "{date}: one span comes first: {first:#?}");
        for span in spans.values().filter(|span| !span.parent.is_empty()) {
            assert!(spans.contains_key(&span.parent), "{date}: whose child is {span:?}?");
        }
        let root = first[0].id.clone();
        Self { spans, root }
    }

    pub(crate) fn root(&self) -> &Told {
        &self.spans[&self.root]
    }

    pub(crate) fn spans(&self) -> impl Iterator<Item = &Told> {
        self.spans.values()
    }

    pub(crate) fn parent(&self, span: &Told) -> &Told {
        &self.spans[&span.parent]
    }

    /// The processors that made an attempt, with the attempts' outcomes.
    pub(crate) fn attempts(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for span in self.spans().filter(|span| span.name == "attempt") {
            let outcomes = found.entry(span.of("tidegate.processor").to_owned()).or_default();
            outcomes.insert(span.of("tidegate.outcome").to_owned());
        }
        found
    }

    /// From a processor's attempt back to the submission: each span's name.
    pub(crate) fn chain(&self, processor: &str) -> Vec<String> {
        let mut attempts =
            self.spans().filter(|span| span.name == "attempt" && span.of("tidegate.processor") == processor);
        let mut span = attempts.next().unwrap_or_else(|| panic!("no attempt of {processor}"));
        let mut names = vec![span.name.clone()];
        while !span.parent.is_empty() {
            span = self.parent(span);
            names.push(span.name.clone());
        }
        names
    }

    /// That every message's spans say what messaging's conventions ask for, and follow each other.
    pub(crate) fn check_messages(&self) {
        let mut hops = 0;
        for span in self.spans().filter(|span| !span.of("messaging.system").is_empty()) {
            let (operation, topic) =
                (span.of("messaging.operation.name"), span.of("messaging.destination.name"));
            assert_eq!(span.of("messaging.system"), "gcp_pubsub");
            assert_eq!(span.of("messaging.operation.type"), operation);
            assert_eq!(span.of("tidegate.pipeline"), topic.split('.').next().unwrap_or_default());
            match operation {
                "send" => {
                    assert_eq!((span.kind, &span.name), (SpanKind::Producer, &format!("send {topic}")));
                }
                "process" => {
                    let subscription = span.of("messaging.destination.subscription.name");
                    assert_eq!(span.kind, SpanKind::Consumer);
                    assert_eq!(span.name, format!("process {subscription}"));
                    assert_eq!(self.parent(span).name, format!("send {topic}"));
                    hops += 1;
                }
                other => panic!("{other}: {span:?}"),
            }
        }
        assert!(hops > 0, "no message was taken");
    }
}
