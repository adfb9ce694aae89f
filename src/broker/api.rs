//! The public Pub/Sub API (`google.pubsub.v1`) as generated from `proto/google/pubsub/v1`: messages, server
//! traits and clients. Only generated code may be in this room; what we make of it is in `service.rs`.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::allow_attributes_without_reason,
    clippy::disallowed_methods,
    clippy::too_many_lines,
    reason = "generated code; the comments come from the proto files"
)]

tonic::include_proto!("google.pubsub.v1");

/// The encoded `FileDescriptorSet` of the API with its `google.api.http` annotations: the REST routes.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/google.pubsub.v1.bin"));
