//! Documents: what a processor publishes for readers outside the fleet (a website's files, a model's
//! report), as values. Where they go is the object store's affair.

use std::fmt;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::date::Date;
use super::fingerprint::Revision;

/// Where a document stands in the object store: segments of `a-z A-Z 0-9 . _ -`, separated by `/`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentPath(String);

/// What a path of a document must look like.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is no path of a document: segments of letters, digits, `.`, `_` and `-`, none of them beginning \
     with a dot, separated by `/`"
)]
pub struct DocumentPathError {
    /// The text as it was given.
    pub text: String,
}

impl DocumentPath {
    /// Reads a path, the inverse of `Display`.
    pub fn parse(text: &str) -> Result<Self, DocumentPathError> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let is_segment =
            |segment: &str| !segment.is_empty() && !segment.starts_with('.') && segment.chars().all(is_plain);
        if text.split('/').all(is_segment) {
            Ok(Self(text.to_owned()))
        } else {
            Err(DocumentPathError { text: text.to_owned() })
        }
    }

    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DocumentPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whose a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// One unit's alone: it replaces what is there.
    Own,
    /// Several dates write it (a player's profile): what is there stays if it is as of a later date. It is
    /// then the same whatever the order in which the dates were done.
    Latest,
}

impl Keep {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Latest => "latest",
        }
    }
}

/// A file for readers outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Where it goes.
    pub path: DocumentPath,
    /// Whose it is.
    pub keep: Keep,
    /// Its content.
    pub bytes: Bytes,
}

/// What every JSON document begins with.
#[derive(Serialize)]
struct Envelope<'a, T> {
    schema: &'a str,
    version: u32,
    as_of: String,
    data: &'a T,
}

/// The part of it that says which of two is the later one.
#[derive(Deserialize)]
struct AsOf {
    as_of: String,
}

/// The name and version of a JSON document's schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentSchema {
    /// Its name: `nba.player_profile`.
    pub name: &'static str,
    /// Raised whenever a reader of the version before would be misled.
    pub version: u32,
}

impl Document {
    /// A JSON document: `{"schema": NAME, "version": N, "as_of": "YYYY-MM-DD", "data": DATA}`.
    pub fn json<T: Serialize>(
        path: &str,
        keep: Keep,
        schema: DocumentSchema,
        as_of: Date,
        data: &T,
    ) -> Result<Self, DocumentError> {
        let (schema, version, as_of) = (schema.name, schema.version, as_of.to_string());
        let path = DocumentPath::parse(path)?;
        let bytes = serde_json::to_vec(&Envelope { schema, version, as_of, data })
            .map_err(|error| DocumentError::Json { path: path.clone(), reason: error.to_string() })?;
        Ok(Self { path, keep, bytes: bytes.into() })
    }

    /// A unit's own document of any other kind.
    pub fn own(path: &str, bytes: impl Into<Bytes>) -> Result<Self, DocumentError> {
        Ok(Self { path: DocumentPath::parse(path)?, keep: Keep::Own, bytes: bytes.into() })
    }

    /// The revision of a unit's documents.
    #[must_use]
    pub fn revision_of(documents: &[Self]) -> Revision {
        let parts = documents.iter().flat_map(|document| {
            [document.path.as_str().as_bytes(), document.keep.as_str().as_bytes(), &document.bytes]
        });
        Revision::of_parts(parts)
    }

    /// The length of a unit's documents in bytes.
    #[must_use]
    pub fn bytes_of(documents: &[Self]) -> u64 {
        documents.iter().map(|document| document.bytes.len() as u64).sum()
    }

    /// The date as of which a JSON document was written; `None` where the bytes do not say one, as those of a
    /// damaged file do not.
    #[must_use]
    pub fn as_of(bytes: &[u8]) -> Option<Date> {
        let stated: AsOf = serde_json::from_slice(bytes).ok()?;
        Date::parse(&stated.as_of).ok()
    }
}

/// Why there is no document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Its path is none.
    #[error(transparent)]
    Path(#[from] DocumentPathError),
    /// What it should say cannot be said in JSON.
    #[error("{path}: {reason}")]
    Json {
        /// The document.
        path: DocumentPath,
        /// Why not.
        reason: String,
    },
}

impl From<DocumentError> for super::outcome::Permanent {
    fn from(error: DocumentError) -> Self {
        Self::new("document_malformed", error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_below_its_root() {
        for text in ["results/2024-01-26.json", "players/203999.json", "a"] {
            assert_eq!(DocumentPath::parse(text).expect(text).to_string(), text);
        }
        for text in ["", "/a", "a/", "a//b", "../a", "a/../b", "a/.b", "a b", "a\\b", "é"] {
            assert!(DocumentPath::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_json_document_says_as_of_when_it_is() {
        let date = Date::parse("2024-01-26").expect("a date");
        let schema = DocumentSchema { name: "nba.x", version: 3 };
        let document = Document::json("x.json", Keep::Latest, schema, date, &[1, 2]).expect("a document");
        let text = r#"{"schema":"nba.x","version":3,"as_of":"2024-01-26","data":[1,2]}"#;
        assert_eq!(document.bytes, text);
        assert_eq!(Document::as_of(&document.bytes), Some(date));
        assert_eq!(Document::as_of(&text.as_bytes()[..30]), None);
        assert_eq!(Document::as_of(b""), None);
    }
}
