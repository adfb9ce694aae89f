//! One zip of payloads, a member a date. The central directory is read once; a member's bytes are read
//! when asked for and checked against its CRC. Knows names and bytes, no date and no JSON.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use flate2::read::DeflateDecoder;
use zip::{CompressionMethod, ZipArchive};

/// No real payload comes near: the largest date has half a megabyte.
pub(super) const PAYLOAD_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// An open archive.
pub(super) struct Archive {
    members: HashMap<String, Member>,
    reader: Mutex<ZipArchive<BufReader<File>>>,
}

/// What the central directory says of a member.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member {
    index: usize,
    pub(super) crc: u32,
    pub(super) bytes: u64,
}

impl Archive {
    /// Opens the archive and reads its central directory.
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        let file = File::open(path).map_err(|error| error.to_string())?;
        let mut reader = ZipArchive::new(BufReader::new(file)).map_err(|error| error.to_string())?;
        let mut members = HashMap::with_capacity(reader.len());
        for index in 0..reader.len() {
            let entry = reader.by_index_raw(index).map_err(|error| error.to_string())?;
            let name = entry.name().map_err(|error| error.to_string())?.into_owned();
            members.insert(name, Member { index, crc: entry.crc32(), bytes: entry.size() });
        }
        Ok(Self { members, reader: Mutex::new(reader) })
    }

    /// The member of this name, if there is one.
    pub(super) fn member(&self, name: &str) -> Option<Member> {
        self.members.get(name).copied()
    }

    /// A member's bytes. Only the packed bytes are read under the lock; unpacking happens outside of it.
    pub(super) fn read(&self, member: Member) -> Result<Bytes, String> {
        let (packed, method) = {
            let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
            let mut entry = reader.by_index_raw(member.index).map_err(|error| error.to_string())?;
            let mut packed = Vec::new();
            entry.read_to_end(&mut packed).map_err(|error| error.to_string())?;
            (packed, entry.compression())
        };
        let mut bytes = Vec::with_capacity(usize::try_from(member.bytes).unwrap_or(0));
        let unpacked = match method {
            CompressionMethod::Stored => packed.as_slice().read_to_end(&mut bytes),
            CompressionMethod::Deflated => {
                DeflateDecoder::new(packed.as_slice()).take(PAYLOAD_BYTES_MAX).read_to_end(&mut bytes)
            }
            other => return Err(format!("it is packed by {other}; only deflate is read")),
        };
        unpacked.map_err(|error| format!("it does not unpack: {error}"))?;
        let crc = crc32fast::hash(&bytes);
        if crc != member.crc || bytes.len() as u64 != member.bytes {
            let (found, expected) = (bytes.len(), member.bytes);
            return Err(format!(
                "its {found} bytes have CRC {crc:08x}; the archive says {expected} bytes and {:08x}",
                member.crc
            ));
        }
        Ok(bytes.into())
    }
}
