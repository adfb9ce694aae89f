//! Documents in a bucket of Cloud Storage, for a website to serve as they lie: with their content type and how
//! long they may be kept. A document says of itself which content it is and as of when, so that looking at it
//! decides whether it is written; a write is conditional on what was looked at, so any number of processes may
//! publish. Who finds something else there looks again, and decides anew. Within a process the dates that write
//! one document take turns (`turns.rs`). Must not retry.

use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::Attribute;

use super::turns::Turns;
use super::{Present, Remains, Verdict, list_place, takes_the_place, what_remains};
use crate::adapters::gcs::{Bucket, Content, Failed, GcsConfig, GcsError, Put, Seen};
use crate::fleet::{ObjectError, ObjectStore, Published, Retraction};
use crate::flow::{Date, Document, DocumentPath, Keep, Listing, Unit};

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
        let content = content(as_of, &document);
        self.put_where(document.path.as_str(), &content, |seen| {
            let present = seen.map(|seen| Present { is_equal: seen.is(&content), as_of: as_of_said(seen) });
            takes_the_place(document.keep, as_of, present.as_ref())
        })
        .await
    }

    /// Writes a content where the verdict on what is there says so.
    async fn put_where(
        &self,
        name: &str,
        content: &Content,
        judge: impl Fn(Option<&Seen>) -> Verdict,
    ) -> Result<Verdict, Failed> {
        let mut seen = self.bucket.look(name).await?;
        for _ in 0..TURNS_MAX {
            let verdict = judge(seen.as_ref());
            if verdict != Verdict::Write {
                return Ok(verdict);
            }
            match self.bucket.put(name, content, seen.as_ref()).await? {
                Put::There => return Ok(Verdict::Write),
                Put::Otherwise(present) => seen = present,
            }
        }
        Err(self.bucket.contended(name))
    }

    /// A removal knows no condition: whoever comes to write between the look and it has listed the document
    /// before, is found when the heirs are looked for again, and is put back in its place.
    async fn take_back(&self, retraction: &Retraction) -> Result<(), Failed> {
        let name = retraction.path.as_str();
        let Some((date, heir)) = &retraction.heir else {
            let Some(seen) = self.bucket.look(name).await? else { return Ok(()) };
            return match what_remains(retraction, as_of_said(&seen)) {
                Remains::Present => Ok(()),
                Remains::Heir => self.bucket.delete(name).await,
            };
        };
        let content = content(*date, heir);
        let judge = |seen: Option<&Seen>| match seen {
            Some(seen) if seen.is(&content) => Verdict::Unchanged,
            Some(seen) if what_remains(retraction, as_of_said(seen)) == Remains::Present => Verdict::Later,
            Some(_) | None => Verdict::Write,
        };
        self.put_where(name, &content, judge).await.map(drop)
    }
}

/// A document as an object.
fn content(as_of: Date, document: &Document) -> Content {
    Content::new(document.bytes.clone(), content_type(&document.path))
        .saying(Attribute::CacheControl, CACHE_CONTROL.to_owned())
        .saying(Attribute::Metadata(AS_OF.into()), as_of.to_string())
}

/// As of when an object says that it is.
fn as_of_said(seen: &Seen) -> Option<Date> {
    seen.says(AS_OF).and_then(|date| Date::parse(date).ok())
}

#[async_trait]
impl ObjectStore for GcsStore {
    async fn publish(&self, as_of: Date, documents: Vec<Document>) -> Result<Published, ObjectError> {
        let puts: Vec<_> = documents.into_iter().map(|document| self.put(as_of, document)).collect();
        let verdicts = stream::iter(puts).buffer_unordered(AT_A_TIME).try_collect::<Vec<_>>().await;
        let mut published = Published::default();
        verdicts.map_err(failed)?.into_iter().for_each(|verdict| verdict.count(&mut published));
        Ok(published)
    }

    async fn list(&self, unit: Unit, more: Listing) -> Result<Listing, ObjectError> {
        let name = list_place(unit);
        for _ in 0..TURNS_MAX {
            // In this order: what is read is what was seen, or the write is refused.
            let seen = self.bucket.look(&name).await.map_err(failed)?;
            let listed = if seen.is_some() { self.listed(unit).await? } else { Listing::default() };
            let listing = listed.with(&more);
            if listing == listed {
                return Ok(listing);
            }
            let content = Content::new(listing.to_text().into(), "text/plain; charset=utf-8");
            match self.bucket.put(&name, &content, seen.as_ref()).await.map_err(failed)? {
                Put::There => return Ok(listing),
                Put::Otherwise(_) => {}
            }
        }
        Err(failed(self.bucket.contended(&name)))
    }

    async fn listed(&self, unit: Unit) -> Result<Listing, ObjectError> {
        let name = list_place(unit);
        let bytes = self.bucket.get(&name).await.map_err(failed)?.unwrap_or_default();
        Listing::parse(&bytes).map_err(|error| {
            failed(Failed { operation: "read", place: self.bucket.uri(&name), reason: error.to_string() })
        })
    }

    async fn retract(&self, retraction: Retraction) -> Result<(), ObjectError> {
        self.take_back(&retraction).await.map_err(failed)
    }
}

fn failed(Failed { operation, place, reason }: Failed) -> ObjectError {
    ObjectError { operation, place, reason }
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
