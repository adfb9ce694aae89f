//! The object store: documents for readers outside, on a local disk, in a bucket or in memory. Writes each as
//! a whole, leaves alone what is equal or later; knows nothing of what is in them beyond the date they are as of.
//! Beside them a list for each unit of what it has had: `.units/DATASET/DATE`, where no document can be.

mod disk;
mod gcs;
mod memory;
mod turns;

pub use disk::DiskStore;
pub use gcs::GcsStore;
pub use memory::MemoryStore;

use crate::fleet::{Published, Retraction};
use crate::flow::{Date, Document, Keep, Unit};

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

/// Where the list of a unit is, below the root.
fn list_place(unit: Unit) -> String {
    format!(".units/{}/{}", unit.dataset, unit.date)
}

/// What becomes of a document that is taken back, where what is there is as of `present`: `None` where it does not
/// say.
fn what_remains(retraction: &Retraction, present: Option<Date>) -> Remains {
    let heir = retraction.heir.as_ref().map(|(date, _)| *date);
    match retraction.keep {
        Keep::Latest if present > Some(retraction.as_of) && present > heir => Remains::Present,
        Keep::Latest | Keep::Own => Remains::Heir,
    }
}

/// What stays where a document was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Remains {
    /// What is there.
    Present,
    /// The heir, or nothing where there is none.
    Heir,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::{DocumentPath, DocumentSchema};

    #[test]
    fn what_is_later_than_both_dates_stays_and_all_else_gives_way() {
        let date = |day: i32| Date::from_days(19_700 + day);
        let cases = [
            (Keep::Own, None, None, Remains::Heir),
            (Keep::Own, None, Some(9), Remains::Heir),
            (Keep::Latest, None, None, Remains::Heir),
            (Keep::Latest, None, Some(4), Remains::Heir),
            (Keep::Latest, None, Some(5), Remains::Heir),
            (Keep::Latest, None, Some(6), Remains::Present),
            (Keep::Latest, Some(3), Some(2), Remains::Heir),
            (Keep::Latest, Some(3), Some(5), Remains::Heir),
            (Keep::Latest, Some(3), Some(6), Remains::Present),
            (Keep::Latest, Some(8), Some(6), Remains::Heir),
            (Keep::Latest, Some(8), Some(8), Remains::Heir),
            (Keep::Latest, Some(8), Some(9), Remains::Present),
        ];
        for (keep, heir, present, expected) in cases {
            let schema = DocumentSchema { name: "t.x", version: 1 };
            let document = |day| Document::json("x.json", keep, schema, date(day), &day).expect("a document");
            let path = DocumentPath::parse("x.json").expect("a path");
            let heir = heir.map(|day| (date(day), document(day)));
            let retraction = Retraction { path, keep, as_of: date(5), heir };
            assert_eq!(what_remains(&retraction, present.map(date)), expected, "{retraction:?} {present:?}");
        }
    }
}
