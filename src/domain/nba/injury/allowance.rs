//! What one file may cost to read: bytes that its streams unpack to, and entries of its fonts' tables. Counted over
//! the whole file, as often as pages come back to the same stream; what is beyond it ends in a fault.

use lopdf::{DecompressError, Error, Stream};

/// What streams of pages and fonts may unpack to, all together.
const BYTES_MAX: usize = 64 * 1024 * 1024;
/// What one of them may unpack to, and a page's contents together.
pub(super) const STREAM_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Entries of the fonts' maps and lists of widths, all together: seven of each possible code.
const ENTRIES_MAX: usize = 500_000;

/// What is left of it.
#[derive(Debug)]
pub(super) struct Allowance {
    bytes: usize,
    entries: usize,
}

impl Allowance {
    /// Of a file that nothing has been read of.
    pub(super) const WHOLE: Self = Self { bytes: BYTES_MAX, entries: ENTRIES_MAX };

    /// A stream's bytes. It costs what it unpacks to, at least what it is packed in.
    pub(super) fn unpack(&mut self, stream: &Stream) -> Result<Vec<u8>, String> {
        let filters = stream.filters().unwrap_or_default();
        // Only such an outer filter leaves less than it is given, so that nothing great is between the two.
        let is_plain = match *filters.as_slice() {
            [] | [_] => true,
            [outer, _] => outer == b"ASCII85Decode" || outer == b"ASCIIHexDecode",
            [..] => false,
        };
        if !is_plain {
            return Err("a stream that is packed more than once".to_owned());
        }
        let beyond = || format!("streams that unpack to more than {BYTES_MAX} bytes in the whole file");
        let limit = STREAM_BYTES_MAX.min(self.bytes);
        let bytes = stream.decompressed_content_with_limit(limit).map_err(|error| match error {
            Error::Decompress(DecompressError::MemoryLimitExceeded { .. }) if limit < STREAM_BYTES_MAX => {
                beyond()
            }
            Error::Decompress(DecompressError::MemoryLimitExceeded { .. }) => {
                format!("a stream that unpacks to more than {STREAM_BYTES_MAX} bytes")
            }
            error => error.to_string(),
        })?;
        let cost = bytes.len().max(stream.content.len()) + 1;
        self.bytes = self.bytes.checked_sub(cost).ok_or_else(beyond)?;
        Ok(bytes)
    }

    /// Asks for so many entries of a table before they are built.
    pub(super) fn entries(&mut self, count: usize) -> Result<(), String> {
        self.entries = self
            .entries
            .checked_sub(count)
            .ok_or_else(|| format!("tables of fonts of more than {ENTRIES_MAX} entries in the whole file"))?;
        Ok(())
    }
}
