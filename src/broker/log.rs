//! The log's bytes: records, the frames around them, and the segment's header. Encodes and decodes; reads and
//! writes no file. A change to anything here is a new [`FORMAT_VERSION`].
//!
//! ```text
//! segment = header checkpoint? frame*            the newest segment is the whole truth; older ones are dead
//! header  = "TGBROKER" version:u32 crc:u32       crc of the twelve bytes before it
//! frame   = length:u32 crc:u32 synced:u64 record crc of length, synced and record; numbers little-endian
//! ```
//! `synced` is how much of the segment was durable when the frame was written. It tells a torn tail (nothing that
//! was ever acknowledged) from decay (a bad frame that a later one knows to have been durable).

use super::api::{PubsubMessage, Subscription, Topic};
use prost::Message as _;

/// The version of the format that this program writes, and the only one that it reads.
pub(super) const FORMAT_VERSION: u32 = 1;
/// Bytes of a segment's header.
pub(super) const HEADER_BYTES: usize = 16;
const MAGIC: &[u8; 8] = b"TGBROKER";
const FRAME_BYTES: usize = 16;
/// No record is longer: a publish request with its framing. A longer length is damage.
const RECORD_BYTES_MAX: usize = 64 * 1024 * 1024;

/// One durable fact. Each is protobuf in its frame, so a field can be added without a new version.
///
/// Order of facts: a topic or subscription is put before anything names its id; ids and message numbers are never
/// used twice. A checkpoint is `Topic* Subscription* Restored* Counters`, at the start of a segment.
#[derive(Clone, PartialEq, prost::Oneof)]
#[expect(
    clippy::large_enum_variant,
    reason = "a record lives for one commit; the frequent ones hold vectors"
)]
pub(super) enum Record {
    /// A topic was created, or its settings changed.
    #[prost(message, tag = "1")]
    TopicPut(TopicPut),
    /// A topic was deleted; its subscriptions stay, without one.
    #[prost(uint64, tag = "2")]
    TopicDeleted(u64),
    /// A subscription was created, changed or detached.
    #[prost(message, tag = "3")]
    SubscriptionPut(SubscriptionPut),
    /// A subscription was deleted with its backlog.
    #[prost(uint64, tag = "4")]
    SubscriptionDeleted(u64),
    /// Messages were published to a topic and belong to every subscription that it has at this point of the log.
    #[prost(message, tag = "5")]
    Published(Published),
    /// Messages of one subscription were acknowledged.
    #[prost(message, tag = "6")]
    Acknowledged(Seqs),
    /// Deliveries began on a subscription with a dead-letter policy. Not synced for its own sake: it outlives the
    /// process, which is what a message that kills the process needs.
    #[prost(message, tag = "7")]
    Delivered(Delivered),
    /// Retention dropped everything of one subscription up to a number.
    #[prost(message, tag = "8")]
    Expired(Expired),
    /// A message left one subscription and was published to its dead-letter topic, in one step.
    #[prost(message, tag = "9")]
    DeadLettered(DeadLettered),
    /// A message of a checkpoint, with the subscriptions that still hold it.
    #[prost(message, tag = "10")]
    Restored(Restored),
    /// The next id and message number: the end of a checkpoint, and the only trace of a publish without subscribers.
    #[prost(message, tag = "11")]
    Counters(Counters),
}

/// See [`Record::TopicPut`].
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct TopicPut {
    /// The topic's id.
    #[prost(uint64, tag = "1")]
    pub(super) id: u64,
    /// Its settings and name.
    #[prost(message, required, tag = "2")]
    pub(super) topic: Topic,
}

/// See [`Record::SubscriptionPut`].
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct SubscriptionPut {
    /// The subscription's id.
    #[prost(uint64, tag = "1")]
    pub(super) id: u64,
    /// Its topic's id; none once the topic was deleted.
    #[prost(uint64, optional, tag = "2")]
    pub(super) topic_id: Option<u64>,
    /// Its settings and name.
    #[prost(message, required, tag = "3")]
    pub(super) subscription: Subscription,
}

/// See [`Record::Published`].
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Published {
    /// The topic's id.
    #[prost(uint64, tag = "1")]
    pub(super) topic_id: u64,
    /// The first message's number; the others follow.
    #[prost(uint64, tag = "2")]
    pub(super) first_seq: u64,
    /// Microseconds since 1970 UTC.
    #[prost(int64, tag = "3")]
    pub(super) micros: i64,
    /// The messages, id and time left out.
    #[prost(message, repeated, tag = "4")]
    pub(super) messages: Vec<PubsubMessage>,
}

/// Messages of one subscription.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Seqs {
    /// The subscription's id.
    #[prost(uint64, tag = "1")]
    pub(super) subscription_id: u64,
    /// The messages' numbers.
    #[prost(uint64, repeated, tag = "2")]
    pub(super) seqs: Vec<u64>,
}

/// See [`Record::Delivered`].
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Delivered {
    /// The subscription's id.
    #[prost(uint64, tag = "1")]
    pub(super) subscription_id: u64,
    /// The messages' numbers.
    #[prost(uint64, repeated, tag = "2")]
    pub(super) seqs: Vec<u64>,
    /// For each, which delivery it is, from 1.
    #[prost(uint32, repeated, tag = "3")]
    pub(super) attempts: Vec<u32>,
}

/// See [`Record::Expired`].
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Expired {
    /// The subscription's id.
    #[prost(uint64, tag = "1")]
    pub(super) subscription_id: u64,
    /// The highest message number dropped.
    #[prost(uint64, tag = "2")]
    pub(super) through: u64,
}

/// See [`Record::DeadLettered`].
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct DeadLettered {
    /// The subscription that gave up.
    #[prost(uint64, tag = "1")]
    pub(super) subscription_id: u64,
    /// The message's number there.
    #[prost(uint64, tag = "2")]
    pub(super) seq: u64,
    /// The publication on the dead-letter topic.
    #[prost(message, required, tag = "3")]
    pub(super) published: Published,
}

/// See [`Record::Restored`].
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Restored {
    /// The message's number.
    #[prost(uint64, tag = "1")]
    pub(super) seq: u64,
    /// Microseconds since 1970 UTC.
    #[prost(int64, tag = "2")]
    pub(super) micros: i64,
    /// The message, id and time left out.
    #[prost(message, required, tag = "3")]
    pub(super) message: PubsubMessage,
    /// Ids of the subscriptions that still hold it.
    #[prost(uint64, repeated, tag = "4")]
    pub(super) subscription_ids: Vec<u64>,
    /// For each, the failed deliveries so far.
    #[prost(uint32, repeated, tag = "5")]
    pub(super) failures: Vec<u32>,
}

/// See [`Record::Counters`].
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct Counters {
    /// The next topic or subscription id.
    #[prost(uint64, tag = "1")]
    pub(super) next_id: u64,
    /// The next message number.
    #[prost(uint64, tag = "2")]
    pub(super) next_seq: u64,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Body {
    #[prost(oneof = "Record", tags = "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11")]
    record: Option<Record>,
}

/// Appends the header of a segment.
pub(super) fn put_header(out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
    let crc = crc32fast::hash(&out[start..]);
    out.extend_from_slice(&crc.to_le_bytes());
}

/// What the first bytes of a segment say.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Header {
    /// Ours, to be read.
    Current,
    /// Ours, of a format that this program does not know.
    Version(u32),
    /// Not a segment, or a damaged one.
    Damaged,
}

/// Reads the header of a segment.
pub(super) fn header(bytes: &[u8]) -> Header {
    let Some(header) = bytes.get(..HEADER_BYTES) else {
        return Header::Damaged;
    };
    let (body, crc) = header.split_at(HEADER_BYTES - 4);
    if !body.starts_with(MAGIC) || u32_at(crc, 0) != crc32fast::hash(body) {
        return Header::Damaged;
    }
    match u32_at(body, MAGIC.len()) {
        FORMAT_VERSION => Header::Current,
        version => Header::Version(version),
    }
}

/// Appends one record in its frame; `synced` as in the module's comment. Gives the record back.
pub(super) fn put_frame(out: &mut Vec<u8>, record: Record, synced: u64) -> Record {
    let body = Body { record: Some(record) };
    let length = body.encoded_len();
    assert!(length <= RECORD_BYTES_MAX, "a record of {length} bytes was let through the limits");
    let start = out.len();
    out.extend_from_slice(&(length as u32).to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&synced.to_le_bytes());
    body.encode(out).expect("a vector grows as needed");
    let crc = checksum(&out[start..]);
    out[start + 4..start + 8].copy_from_slice(&crc.to_le_bytes());
    body.record.expect("it was put in above")
}

/// A frame that was read.
#[derive(Debug, PartialEq)]
pub(super) struct Frame {
    /// What it says.
    pub(super) record: Record,
    /// How much of the segment was durable when it was written.
    pub(super) synced: u64,
    /// Where the next one starts.
    pub(super) end: usize,
}

/// Reads the frame that starts at `at`; `None` when the bytes there are not a whole and sound one.
pub(super) fn frame(bytes: &[u8], at: usize) -> Option<Frame> {
    let framing = bytes.get(at..at.checked_add(FRAME_BYTES)?)?;
    let length = u32_at(framing, 0) as usize;
    if length > RECORD_BYTES_MAX {
        return None;
    }
    let end = at + FRAME_BYTES + length;
    let whole = bytes.get(at..end)?;
    if checksum(whole) != u32_at(framing, 4) {
        return None;
    }
    let synced = u64::from(u32_at(framing, 8)) | u64::from(u32_at(framing, 12)) << 32;
    let body = Body::decode(&whole[FRAME_BYTES..]).ok()?;
    Some(Frame { record: body.record?, synced, end })
}

/// Of a frame: everything but the checksum itself.
fn checksum(frame: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&frame[..4]);
    hasher.update(&frame[8..]);
    hasher.finalize()
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut four = [0; 4];
    four.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(four)
}
