//! The object store: documents for readers outside, on a local disk, in a bucket or in memory. Writes each as
//! a whole, leaves alone what is equal or later; knows nothing of what is in them beyond the date they are as of.

mod disk;
mod gcs;
mod memory;
mod turns;

pub use disk::DiskStore;
pub use gcs::GcsStore;
pub use memory::MemoryStore;

use crate::fleet::Published;
use crate::flow::{Date, Document, Keep};

/// What stands where a document goes.
struct Present {
    /// Whether it is the very document.
    is_equal: bool,
    /// As of when it is; `None` where it does not say.
    as_of: Option<Date>,
}

impl Present {
    /// What these bytes are to a document.
    fn of_bytes(document: &Document, bytes: &[u8]) -> Self {
        let is_equal = bytes == document.bytes;
        let matters = !is_equal && document.keep == Keep::Latest;
        Self { is_equal, as_of: matters.then(|| Document::as_of(bytes)).flatten() }
    }
}

/// Whether a document should take the place of what is there.
fn takes_the_place(keep: Keep, as_of: Date, present: Option<&Present>) -> Verdict {
    match (present, keep) {
        (Some(Present { is_equal: true, .. }), _) => Verdict::Unchanged,
        (Some(Present { as_of: Some(present), .. }), Keep::Latest) if *present > as_of => Verdict::Later,
        (Some(_), Keep::Own | Keep::Latest) | (None, _) => Verdict::Write,
    }
}

/// What is to be done with a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// The same bytes are there.
    Unchanged,
    /// What is there is as of a later date.
    Later,
    /// It is to be written.
    Write,
}

impl Verdict {
    fn count(&self, published: &mut Published) {
        match self {
            Self::Unchanged => published.unchanged += 1,
            Self::Later => published.later += 1,
            Self::Write => published.written += 1,
        }
    }
}
