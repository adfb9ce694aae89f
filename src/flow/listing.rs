//! What a unit has published, as a list of paths: what the object store remembers of each unit, so that a
//! document which the unit no longer has can be taken back. A value and its text; knows no store.

use std::collections::BTreeMap;

use super::document::{Document, DocumentPath, Keep};

/// The documents that a unit has in the object store, or may have: their paths, and whose they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing(BTreeMap<DocumentPath, Keep>);

/// Why a listing cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: `{text}` is neither `own PATH` nor `latest PATH`")]
pub struct ListingError {
    /// The line, from 1.
    pub line: usize,
    /// What it says.
    pub text: String,
}

impl Listing {
    /// The list of these documents.
    #[must_use]
    pub fn of(documents: &[Document]) -> Self {
        Self(documents.iter().map(|document| (document.path.clone(), document.keep)).collect())
    }

    /// Reads the text of a listing, the inverse of `to_text`.
    pub fn parse(text: &[u8]) -> Result<Self, ListingError> {
        let text = String::from_utf8_lossy(text);
        let entry = |line: &str| {
            let (keep, path) = line.split_once(' ')?;
            let keep = [Keep::Own, Keep::Latest].into_iter().find(|known| known.as_str() == keep)?;
            Some((DocumentPath::parse(path).ok()?, keep))
        };
        let entries = text.lines().enumerate().map(|(at, line)| {
            entry(line).ok_or_else(|| ListingError { line: at + 1, text: line.to_owned() })
        });
        entries.collect::<Result<_, _>>().map(Self)
    }

    /// One line a document: `own results/2024-01-26.json`, in the order of the paths.
    #[must_use]
    pub fn to_text(&self) -> String {
        self.0.iter().map(|(path, keep)| format!("{} {path}\n", keep.as_str())).collect()
    }

    /// The documents of both.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        Self(self.0.iter().chain(&other.0).map(|(path, keep)| (path.clone(), *keep)).collect())
    }

    /// The documents that are not in the other one, each with whose it is.
    pub fn without<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = (&'a DocumentPath, Keep)> {
        let gone = |(path, _): &(&DocumentPath, &Keep)| !other.0.contains_key(*path);
        self.0.iter().filter(gone).map(|(path, keep)| (path, *keep))
    }

    /// Whether the document of this path is in it.
    #[must_use]
    pub fn has(&self, path: &DocumentPath) -> bool {
        self.0.contains_key(path)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_read_back_and_a_damaged_one_is_refused() {
        let document = |path, keep| Document { keep, ..Document::own(path, "x").expect("a document") };
        let both = [document("results/2024-01-26.json", Keep::Own), document("players/7.json", Keep::Latest)];
        let listing = Listing::of(&both);
        let text = listing.to_text();
        assert_eq!(text, "latest players/7.json\nown results/2024-01-26.json\n");
        assert_eq!(Listing::parse(text.as_bytes()), Ok(listing.clone()));
        assert_eq!(Listing::parse(b""), Ok(Listing::default()));
        for (text, line) in
            [("own a\nfirst b", 2), ("own ../a", 1), ("own", 1), ("own a\n\n", 2), ("\u{1}", 1)]
        {
            assert_eq!(Listing::parse(text.as_bytes()).map_err(|error| error.line), Err(line), "{text:?}");
        }
        let first = Listing::of(&both[..1]);
        let gone: Vec<_> = listing.without(&first).map(|(path, keep)| (path.as_str(), keep)).collect();
        assert_eq!(gone, [("players/7.json", Keep::Latest)]);
        assert_eq!(first.with(&listing), listing);
    }
}
