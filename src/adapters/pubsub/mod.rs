//! The Pub/Sub client: the fleet's messages as bytes, publishing, subscribing, and creating what is missing;
//! the same code for the embedded server and for the cloud. Imports `flow`, `fleet` and `doctor` only. Must not
//! decide readiness, and retries nothing on its own: that is the client library's and the engine's affair.

mod admin;
mod answered;
mod bus;
mod codec;
mod connection;
mod inspection;
mod subscriber;

pub use admin::ensure_topology;
pub use bus::PubsubBus;
pub use codec::{Codec, CodecError};
pub use connection::{PubsubConfig, PubsubError};
pub use inspection::{Rights, look};
pub use subscriber::PubsubSubscriber;
