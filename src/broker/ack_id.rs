//! The ack ID that a client gets with each delivery: which subscription, message and lease it stands for. Opaque to
//! clients; a stale one is told apart, a malformed one refused.

use super::refusal::Refusal;
use std::fmt;

/// One lease of one message in one subscription. Written as `s.m.l`, three decimal numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AckId {
    /// The subscription's id.
    pub(super) subscription_id: u64,
    /// The message's number.
    pub(super) seq: u64,
    /// The lease's number.
    pub(super) lease: u32,
}

impl AckId {
    /// Reads what [`AckId`]'s `Display` wrote.
    pub(super) fn parse(text: &str) -> Result<AckId, Refusal> {
        let mut parts = text.split('.');
        let mut number = || parts.next().and_then(|part| part.parse::<u64>().ok());
        let parsed = (number(), number(), number().and_then(|lease| u32::try_from(lease).ok()));
        match (parsed, parts.next()) {
            ((Some(subscription_id), Some(seq), Some(lease)), None) => {
                Ok(AckId { subscription_id, seq, lease })
            }
            _ => Err(Refusal::invalid("ack_ids", format!("`{}` is not an ack ID", text.escape_default()))),
        }
    }
}

impl fmt::Display for AckId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.subscription_id, self.seq, self.lease)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_written_is_read() {
        let id = AckId { subscription_id: 3, seq: u64::MAX, lease: 7 };
        assert_eq!(AckId::parse(&id.to_string()), Ok(id));
        for malformed in ["", "1", "1.2", "1.2.3.4", "a.b.c", "1.2.-3", "1.2.4294967296", "1..2"] {
            assert!(AckId::parse(malformed).is_err(), "{malformed}");
        }
    }
}
