//! Documents in a bucket of Cloud Storage, for a website to serve as they lie: with their content type and how
//! long they may be kept. A document says of itself which content it is and as of when, so that looking at it
//! decides whether it is written; a write is conditional on what was looked at, so any number of processes may
//! publish. Who finds something else there looks again, and decides anew. Within a process the dates that write
//! one document take turns (`turns.rs`). Must not retry.

use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::Attribute;

use super::turns::Turns;
use super::{Present, Verdict, takes_the_place};
use crate::adapters::gcs::{Bucket, Content, Failed, GcsConfig, GcsError, Put};
use crate::fleet::{ObjectError, ObjectStore, Published};
use crate::flow::{Date, Document, DocumentPath, Keep};

/// As of when a document is, in its metadata: `2024-01-26`.
const AS_OF: &str = "tidegate-as-of";

/// How long readers and what stands between may keep a document. It changes a few times a day, and a minute
/// is not noticed; without this a public object is kept for an hour.
const CACHE_CONTROL: &str = "public, max-age=60";

/// How many documents of a unit are under way at a time. A unit may have hundreds, and each is a request or two.
const AT_A_TIME: usize = 16;

/// How often a document is decided anew because another one came first. Each time somebody else has written, so
/// with N dates at work N times are enough.
const TURNS_MAX: usize = 32;

/// A store in a bucket.
pub struct GcsStore {
    bucket: Bucket,
    turns: Turns,
}

impl GcsStore {
    /// The store in a bucket. Asks nobody anything: a bucket that is not there is found by the first request.
    pub fn open(config: GcsConfig) -> Result<Self, GcsError> {
        let bucket = Bucket::open(config)?;
        Ok(Self { turns: Turns::new(bucket.between_writes()), bucket })
    }

    async fn put(&self, as_of: Date, document: Document) -> Result<Verdict, Failed> {
        match document.keep {
            Keep::Own => self.put_now(as_of, document).await,
            Keep::Latest => {
                let write = |as_of, document| self.put_now(as_of, document);
                self.turns.take(as_of, document, write).await
            }
        }
    }

    async fn put_now(&self, as_of: Date, document: Document) -> Result<Verdict, Failed> {
        let name = document.path.as_str();
        let content = Content::new(document.bytes.clone(), content_type(&document.path))
            .saying(Attribute::CacheControl, CACHE_CONTROL.to_owned())
            .saying(Attribute::Metadata(AS_OF.into()), as_of.to_string());
        let mut seen = self.bucket.look(name).await?;
        for _ in 0..TURNS_MAX {
            let present = seen.as_ref().map(|seen| Present {
                is_equal: seen.is(&content),
                as_of: seen.says(AS_OF).and_then(|date| Date::parse(date).ok()),
            });
            let verdict = takes_the_place(document.keep, as_of, present.as_ref());
            if verdict != Verdict::Write {
                return Ok(verdict);
            }
            match self.bucket.put(name, &content, seen.as_ref()).await? {
                Put::There => return Ok(Verdict::Write),
                Put::Otherwise(present) => seen = present,
            }
        }
        Err(self.bucket.contended(name))
    }
}

#[async_trait]
impl ObjectStore for GcsStore {
    async fn publish(&self, as_of: Date, documents: Vec<Document>) -> Result<Published, ObjectError> {
        let puts: Vec<_> = documents.into_iter().map(|document| self.put(as_of, document)).collect();
        let verdicts = stream::iter(puts).buffer_unordered(AT_A_TIME).try_collect::<Vec<_>>().await;
        let verdicts = verdicts.map_err(|Failed { operation, place, reason }| ObjectError {
            operation,
            place,
            reason,
        })?;
        let mut published = Published::default();
        verdicts.into_iter().for_each(|verdict| verdict.count(&mut published));
        Ok(published)
    }
}

/// What a browser is told that a document is, by the ending of its name.
fn content_type(path: &DocumentPath) -> &'static str {
    match path.as_str().rsplit_once('.').map(|(_, ending)| ending) {
        Some("json") => "application/json",
        Some("html") => "text/html; charset=utf-8",
        Some("md") => "text/markdown; charset=utf-8",
        Some("csv") => "text/csv; charset=utf-8",
        Some("txt") => "text/plain; charset=utf-8",
        Some(_) | None => "application/octet-stream",
    }
}
