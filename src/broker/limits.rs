//! The limits of the server, each with its unit and the reason for the number. Numbers only: the checks stand
//! where the requests are read. Those marked "cloud" are the documented quotas and limits of Cloud Pub/Sub.

use std::time::Duration;

/// Shortest and longest ack deadline of a subscription or stream, and the default for 0 (cloud).
pub const ACK_DEADLINE_SECONDS_MIN: i32 = 10;
/// See [`ACK_DEADLINE_SECONDS_MIN`]; also the longest extension that one ModifyAckDeadline may ask for (cloud).
pub const ACK_DEADLINE_SECONDS_MAX: i32 = 600;
/// The ack deadline of a subscription that names none (cloud).
pub const ACK_DEADLINE_SECONDS_DEFAULT: i32 = 10;

/// Bounds and default of a subscription's `message_retention_duration` (cloud).
pub const RETENTION_MIN: Duration = Duration::from_secs(10 * 60);
/// See [`RETENTION_MIN`].
pub const RETENTION_MAX: Duration = Duration::from_secs(31 * 24 * 3600);
/// See [`RETENTION_MIN`].
pub const RETENTION_DEFAULT: Duration = Duration::from_secs(7 * 24 * 3600);

/// Upper bound of both backoffs of a retry policy, and the default of the maximum (cloud).
pub const BACKOFF_MAX: Duration = Duration::from_secs(600);
/// Default of a retry policy's minimum backoff (cloud).
pub const BACKOFF_MIN_DEFAULT: Duration = Duration::from_secs(10);

/// Bounds and default of a dead-letter policy's `max_delivery_attempts` (cloud).
pub const DELIVERY_ATTEMPTS_MIN: i32 = 5;
/// See [`DELIVERY_ATTEMPTS_MIN`].
pub const DELIVERY_ATTEMPTS_MAX: i32 = 100;

/// Messages in one publish request (cloud).
pub const PUBLISH_MESSAGES_MAX: usize = 1_000;
/// Bytes of one publish request, and so of one message (cloud: 10 MB).
pub const PUBLISH_BYTES_MAX: usize = 10_000_000;
/// Attributes of one message (cloud).
pub const ATTRIBUTES_MAX: usize = 100;
/// Bytes of an attribute's key (cloud).
pub const ATTRIBUTE_KEY_BYTES_MAX: usize = 256;
/// Bytes of an attribute's value (cloud).
pub const ATTRIBUTE_VALUE_BYTES_MAX: usize = 1_024;
/// Labels of one topic or subscription, and the length of a label's key or value (cloud).
pub const LABELS_MAX: usize = 64;
/// See [`LABELS_MAX`].
pub const LABEL_CHARS_MAX: usize = 63;
/// Topics of one project (cloud).
pub const TOPICS_MAX: usize = 10_000;
/// Subscriptions of one project (cloud).
pub const SUBSCRIPTIONS_MAX: usize = 10_000;
/// Subscriptions attached to one topic (cloud).
pub const SUBSCRIPTIONS_PER_TOPIC_MAX: usize = 10_000;

/// Bytes of one gRPC request that are read at all. Above [`PUBLISH_BYTES_MAX`], so that a publish request that is
/// somewhat too large is answered with the cloud's INVALID_ARGUMENT and not cut off by the transport.
pub const REQUEST_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Ack IDs in one request (the cloud limits the request to 512 KiB, which is about as many).
pub const ACK_IDS_MAX: usize = 100_000;
/// Names on one page of a list when the request names no size, and at most.
pub const PAGE_SIZE_DEFAULT: usize = 100;
/// See [`PAGE_SIZE_DEFAULT`].
pub const PAGE_SIZE_MAX: usize = 1_000;

/// Messages in one StreamingPull response. Large enough that framing costs nothing per message; small enough that
/// several streams on one subscription share a backlog.
pub const DELIVERY_MESSAGES_MAX: usize = 1_000;
/// Bytes in one StreamingPull or Pull response, unless a single message is larger: a quarter of the 4 MiB that a
/// plain gRPC client accepts.
pub const DELIVERY_BYTES_MAX: usize = 1024 * 1024;
/// How long a Pull waits for a first message before it answers with none ("a bounded amount of time").
pub const PULL_WAIT: Duration = Duration::from_secs(10);

/// Bytes of unacknowledged payload held in memory, by default. A publish beyond answers RESOURCE_EXHAUSTED, which
/// clients retry with backoff: the publisher slows down instead of the process dying.
pub const BACKLOG_BYTES_MAX_DEFAULT: u64 = 512 * 1024 * 1024;
/// Operations waiting for the log's writer before callers have to wait. One group commit takes all of them.
pub const OPERATIONS_QUEUED_MAX: usize = 8_192;
/// Bytes gathered into one group commit: what a disk writes in about the time of its fsync.
pub const COMMIT_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Bytes of dead log that are always tolerated. Below that, rewriting the log costs more than the space.
pub const LOG_DEAD_BYTES_MIN: u64 = 16 * 1024 * 1024;
/// Streams on one HTTP/2 connection: a fleet opens several for each of its subscriptions over one connection.
pub const STREAMS_PER_CONNECTION_MAX: u32 = 10_000;
/// How long a graceful shutdown waits for calls that are under way.
pub const SHUTDOWN_WAIT: Duration = Duration::from_secs(5);
