//! The fleet's messages as bytes and back: protobuf in a versioned envelope, see
//! `proto/tidegate/v1/messages.proto`. Whatever bytes come, the answer is a message or a reason in words,
//! never a panic. Must not know a topic or a server.

use std::collections::HashMap;

use prost::Message as _;

use crate::fleet::Message;
use crate::flow::{
    Completion, DatasetName, Date, DeadLetterNotice, Lane, Outcome, Revision, RunId, SkipReason, Unit,
    WorkOrder,
};

/// What prost makes of the protobuf file.
mod wire {
    #![expect(unreachable_pub, reason = "generated: its items are all public")]
    include!(concat!(env!("OUT_DIR"), "/tidegate.v1.rs"));
}

use wire::envelope::Message as Body;

/// The version that is written. Any minor version of this major one is understood.
const MAJOR: u32 = 1;
const MINOR: u32 = 0;

/// Why bytes are not a message of the fleet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// Not protobuf, or cut short.
    #[error("not a message of the fleet: {0}")]
    Malformed(String),
    /// From a version that would be misunderstood.
    #[error("schema version {major}.{minor}, but this program understands {MAJOR}.x: update it")]
    Version {
        /// The message's major version; 0 where it has none.
        major: u32,
        /// The message's minor version.
        minor: u32,
    },
    /// A kind of message that a newer minor version has added, or none at all.
    #[error("a kind of message that this program does not know (schema version {MAJOR}.{minor})")]
    Kind {
        /// The message's minor version.
        minor: u32,
    },
    /// A dataset that no processor of this program declares.
    #[error("dataset `{0}` is not declared in this program")]
    Dataset(String),
    /// A field whose value is none that the field may have.
    #[error("field `{field}` is `{found}`, which it cannot be")]
    Field {
        /// The field's name in the protobuf file.
        field: &'static str,
        /// What is there.
        found: String,
    },
}

/// Knows the declared datasets, because a name in a message must be one of them.
#[derive(Debug)]
pub struct Codec {
    datasets: HashMap<&'static str, DatasetName>,
}

impl Codec {
    /// A codec for messages about these datasets.
    #[must_use]
    pub fn of(datasets: impl IntoIterator<Item = DatasetName>) -> Self {
        let named = datasets.into_iter().map(|dataset| (dataset.as_str(), dataset));
        Self { datasets: named.collect() }
    }

    /// The message of these bytes.
    pub fn decode(&self, bytes: &[u8]) -> Result<Message, CodecError> {
        let envelope =
            wire::Envelope::decode(bytes).map_err(|error| CodecError::Malformed(error.to_string()))?;
        let wire::Envelope { major, minor, message } = envelope;
        if major != MAJOR {
            return Err(CodecError::Version { major, minor });
        }
        match message {
            Some(Body::Completion(completion)) => self.completion(completion).map(Message::Completion),
            Some(Body::WorkOrder(order)) => self.work_order(order).map(Message::WorkOrder),
            Some(Body::DeadLetter(notice)) => self.dead_letter(notice).map(Message::DeadLetter),
            None => Err(CodecError::Kind { minor }),
        }
    }

    fn unit(&self, unit: Option<wire::Unit>) -> Result<Unit, CodecError> {
        let wire::Unit { dataset, date } = unit.ok_or_else(|| absent("unit"))?;
        let dataset = match self.datasets.get(dataset.as_str()) {
            Some(dataset) => *dataset,
            None => return Err(CodecError::Dataset(dataset)),
        };
        let date =
            Date::parse(&date).map_err(|error| CodecError::Field { field: "date", found: error.text })?;
        Ok(Unit { dataset, date })
    }

    fn completion(&self, completion: wire::Completion) -> Result<Completion, CodecError> {
        let outcome = outcome(&completion)?;
        let revision: [u8; 32] = completion.revision.as_slice().try_into().map_err(|_| {
            CodecError::Field { field: "revision", found: format!("{} bytes", completion.revision.len()) }
        })?;
        Ok(Completion {
            run: RunId(completion.run),
            lane: lane(completion.lane)?,
            unit: self.unit(completion.unit)?,
            outcome,
            revision: Revision::from_bytes(revision),
            rows_expected: completion.rows_expected,
            rows_written: completion.rows_written,
            attempt: completion.attempt,
        })
    }

    fn work_order(&self, order: wire::WorkOrder) -> Result<WorkOrder, CodecError> {
        Ok(WorkOrder { run: RunId(order.run), lane: lane(order.lane)?, unit: self.unit(order.unit)? })
    }

    fn dead_letter(&self, notice: wire::DeadLetterNotice) -> Result<DeadLetterNotice, CodecError> {
        Ok(DeadLetterNotice {
            id: notice.id,
            order: self.work_order(notice.order.ok_or_else(|| absent("order"))?)?,
            code: notice.code,
            message: notice.message,
            attempts: notice.attempts,
        })
    }
}

/// A completion as bytes.
#[must_use]
pub(super) fn encode_completion(completion: &Completion) -> Vec<u8> {
    let (outcome, skip_reason) = match completion.outcome {
        Outcome::Done => (wire::Outcome::Done, String::new()),
        Outcome::Unchanged => (wire::Outcome::Unchanged, String::new()),
        Outcome::Skipped(reason) => (wire::Outcome::Skipped, reason.code().to_owned()),
    };
    envelope(Body::Completion(wire::Completion {
        run: completion.run.0,
        lane: wire_lane(completion.lane).into(),
        unit: Some(wire_unit(completion.unit)),
        outcome: outcome.into(),
        skip_reason,
        revision: completion.revision.bytes().to_vec(),
        rows_expected: completion.rows_expected,
        rows_written: completion.rows_written,
        attempt: completion.attempt,
    }))
}

/// A work order as bytes.
#[must_use]
pub(super) fn encode_work_order(order: &WorkOrder) -> Vec<u8> {
    envelope(Body::WorkOrder(wire_order(order)))
}

/// A dead letter as bytes.
#[must_use]
pub(super) fn encode_dead_letter(notice: &DeadLetterNotice) -> Vec<u8> {
    envelope(Body::DeadLetter(wire::DeadLetterNotice {
        id: notice.id,
        order: Some(wire_order(&notice.order)),
        code: notice.code.clone(),
        message: notice.message.clone(),
        attempts: notice.attempts,
    }))
}

fn envelope(message: Body) -> Vec<u8> {
    wire::Envelope { major: MAJOR, minor: MINOR, message: Some(message) }.encode_to_vec()
}

fn wire_order(order: &WorkOrder) -> wire::WorkOrder {
    wire::WorkOrder {
        run: order.run.0,
        lane: wire_lane(order.lane).into(),
        unit: Some(wire_unit(order.unit)),
    }
}

fn wire_unit(unit: Unit) -> wire::Unit {
    wire::Unit { dataset: unit.dataset.as_str().to_owned(), date: unit.date.to_string() }
}

fn wire_lane(lane: Lane) -> wire::Lane {
    match lane {
        Lane::Daily => wire::Lane::Daily,
        Lane::Backfill => wire::Lane::Backfill,
    }
}

fn lane(number: i32) -> Result<Lane, CodecError> {
    match wire::Lane::try_from(number) {
        Ok(wire::Lane::Daily) => Ok(Lane::Daily),
        Ok(wire::Lane::Backfill) => Ok(Lane::Backfill),
        Ok(wire::Lane::Unspecified) | Err(_) => {
            Err(CodecError::Field { field: "lane", found: number.to_string() })
        }
    }
}

fn outcome(completion: &wire::Completion) -> Result<Outcome, CodecError> {
    match wire::Outcome::try_from(completion.outcome) {
        Ok(wire::Outcome::Done) => Ok(Outcome::Done),
        Ok(wire::Outcome::Unchanged) => Ok(Outcome::Unchanged),
        Ok(wire::Outcome::Skipped) => SkipReason::parse(&completion.skip_reason)
            .map(Outcome::Skipped)
            .ok_or_else(|| CodecError::Field { field: "skip_reason", found: completion.skip_reason.clone() }),
        Ok(wire::Outcome::Unspecified) | Err(_) => {
            Err(CodecError::Field { field: "outcome", found: completion.outcome.to_string() })
        }
    }
}

fn absent(field: &'static str) -> CodecError {
    CodecError::Field { field, found: "absent".to_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FIRST: DatasetName = DatasetName::of("nba.first");
    const SECOND: DatasetName = DatasetName::of("nba.second");

    fn codec() -> Codec {
        Codec::of([FIRST, SECOND])
    }

    fn orders() -> impl Strategy<Value = WorkOrder> {
        let lanes = prop_oneof![Just(Lane::Daily), Just(Lane::Backfill)];
        let datasets = prop_oneof![Just(FIRST), Just(SECOND)];
        (any::<i64>(), lanes, datasets, -700_000..2_900_000_i32).prop_map(|(run, lane, dataset, days)| {
            let unit = Unit { dataset, date: Date::from_days(days) };
            WorkOrder { run: RunId(run), lane, unit }
        })
    }

    fn completions() -> impl Strategy<Value = Completion> {
        let mut outcomes = vec![Outcome::Done, Outcome::Unchanged];
        outcomes.extend(SkipReason::ALL.map(Outcome::Skipped));
        let numbers = (any::<u64>(), any::<u64>(), any::<u32>());
        (orders(), prop::sample::select(outcomes), any::<[u8; 32]>(), numbers).prop_map(
            |(order, outcome, revision, (rows_expected, rows_written, attempt))| Completion {
                run: order.run,
                lane: order.lane,
                unit: order.unit,
                outcome,
                revision: Revision::from_bytes(revision),
                rows_expected,
                rows_written,
                attempt,
            },
        )
    }

    fn notices() -> impl Strategy<Value = DeadLetterNotice> {
        (orders(), any::<i64>(), "\\PC*", "\\PC*", any::<u32>()).prop_map(
            |(order, id, code, message, attempts)| DeadLetterNotice { id, order, code, message, attempts },
        )
    }

    proptest! {
        #[test]
        fn a_message_comes_back_from_its_bytes(
            order in orders(), completion in completions(), notice in notices(),
        ) {
            let codec = codec();
            prop_assert_eq!(codec.decode(&encode_work_order(&order)), Ok(Message::WorkOrder(order)));
            prop_assert_eq!(
                codec.decode(&encode_completion(&completion)),
                Ok(Message::Completion(completion))
            );
            prop_assert_eq!(codec.decode(&encode_dead_letter(&notice)), Ok(Message::DeadLetter(notice)));
        }

        #[test]
        fn any_bytes_are_a_message_or_a_reason(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _: Result<Message, CodecError> = codec().decode(&bytes);
        }

        #[test]
        fn a_damaged_message_is_a_message_or_a_reason(
            notice in notices(), completion in completions(), at in any::<prop::sample::Index>(), byte in any::<u8>(),
        ) {
            for mut bytes in [encode_dead_letter(&notice), encode_completion(&completion)] {
                let at = at.index(bytes.len());
                bytes[at] = byte;
                let _: Result<Message, CodecError> = codec().decode(&bytes);
                bytes.truncate(at);
                let _: Result<Message, CodecError> = codec().decode(&bytes);
            }
        }
    }

    /// The envelope as a later minor version might have it: more fields at every level.
    #[derive(Clone, PartialEq, prost::Message)]
    struct LaterEnvelope {
        #[prost(uint32, tag = "1")]
        major: u32,
        #[prost(uint32, tag = "2")]
        minor: u32,
        #[prost(message, optional, tag = "4")]
        work_order: Option<LaterOrder>,
        #[prost(string, tag = "200")]
        trace: String,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    struct LaterOrder {
        #[prost(int64, tag = "1")]
        run: i64,
        #[prost(int32, tag = "2")]
        lane: i32,
        #[prost(message, optional, tag = "3")]
        unit: Option<LaterUnit>,
        #[prost(map = "string, uint64", tag = "77")]
        hints: HashMap<String, u64>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    struct LaterUnit {
        #[prost(string, tag = "1")]
        dataset: String,
        #[prost(string, tag = "2")]
        date: String,
        #[prost(string, tag = "3")]
        key: String,
    }

    fn later(major: u32, minor: u32) -> LaterEnvelope {
        let unit = LaterUnit { dataset: "nba.first".into(), date: "2024-01-26".into(), key: "DAL".into() };
        let hints = HashMap::from([("cost".to_owned(), 7)]);
        let order = LaterOrder { run: 3, lane: 2, unit: Some(unit), hints };
        LaterEnvelope { major, minor, work_order: Some(order), trace: "00-ab".into() }
    }

    #[test]
    fn a_newer_minor_version_is_understood_and_a_newer_major_one_refused() {
        let unit = Unit { dataset: FIRST, date: Date::parse("2024-01-26").expect("date") };
        let order = WorkOrder { run: RunId(3), lane: Lane::Backfill, unit };
        let newer_minor = codec().decode(&later(1, 9).encode_to_vec());
        assert_eq!(newer_minor, Ok(Message::WorkOrder(order)));
        let newer_major = codec().decode(&later(2, 0).encode_to_vec());
        assert_eq!(newer_major, Err(CodecError::Version { major: 2, minor: 0 }));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let with = |change: fn(&mut LaterEnvelope)| {
            let mut envelope = later(1, 3);
            change(&mut envelope);
            codec().decode(&envelope.encode_to_vec()).map_err(|error| error.to_string())
        };
        fn order(envelope: &mut LaterEnvelope) -> &mut LaterOrder {
            envelope.work_order.as_mut().expect("order")
        }
        fn unit(envelope: &mut LaterEnvelope) -> &mut LaterUnit {
            order(envelope).unit.as_mut().expect("unit")
        }
        type Change = fn(&mut LaterEnvelope);
        let cases: [(&str, Change); 7] = [
            ("dataset `nba.third` is not declared in this program", |e| unit(e).dataset = "nba.third".into()),
            ("field `date` is `2024-02-30`, which it cannot be", |e| unit(e).date = "2024-02-30".into()),
            ("field `lane` is `0`, which it cannot be", |e| order(e).lane = 0),
            ("field `lane` is `9`, which it cannot be", |e| order(e).lane = 9),
            ("field `unit` is `absent`, which it cannot be", |e| order(e).unit = None),
            ("a kind of message that this program does not know (schema version 1.3)", |e| {
                e.work_order = None
            }),
            ("schema version 0.3, but this program understands 1.x: update it", |e| e.major = 0),
        ];
        for (expected, change) in cases {
            assert_eq!(with(change), Err(expected.to_owned()));
        }
        assert!(matches!(codec().decode(b"{\"json\": 1}"), Err(CodecError::Malformed(_))));
        assert_eq!(codec().decode(b""), Err(CodecError::Version { major: 0, minor: 0 }));
    }
}
