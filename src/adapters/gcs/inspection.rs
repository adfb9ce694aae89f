//! A bucket for whoever looks after it: whether it is there, what it keeps, what whoever asks may do in it, and whether
//! it honours conditions. Only the last writes, one object of its own, and takes it away.

use serde_json::Value;

use super::{Bucket, Content, GcsConfig, GcsError, Put, SERVICE};
use crate::adapters::rest::{self, Rest};
use crate::doctor::{Answer, Probe, SeenBucket};

/// An object that is not there.
const NOTHING: &str = ".tidegate-doctor/nothing";

/// A bucket that is looked at.
pub struct Inspection {
    bucket: Bucket,
    name: String,
    endpoint: Option<String>,
}

impl Inspection {
    /// Asks nobody anything yet.
    pub fn of(config: GcsConfig) -> Result<Self, GcsError> {
        let (name, endpoint) = (config.bucket.clone(), config.endpoint.clone());
        Ok(Self { bucket: Bucket::open(config)?, name, endpoint })
    }

    /// Whether there is such a bucket, as far as we may read in it.
    pub async fn is_there(&self) -> Answer<bool> {
        match self.bucket.get(NOTHING).await {
            Ok(_) => Answer::Told(true),
            Err(failed) if failed.reason.contains("NoSuchBucket") => Answer::Told(false),
            Err(failed) => refused_or_silent(&failed.reason),
        }
    }

    /// What it keeps of what was overwritten or deleted.
    pub async fn keeps(&self) -> Answer<SeenBucket> {
        let path = format!("/storage/v1/b/{}?fields=versioning,softDeletePolicy", self.name);
        let rest = match self.rest() {
            Ok(rest) => rest,
            Err(reason) => return Answer::Refused(reason),
        };
        rest.get(&path).await.map(|bucket| seen(&bucket))
    }

    /// Which of these permissions whoever asks has in it.
    pub async fn permissions(&self, wanted: &[&str]) -> Answer<Vec<String>> {
        let query: Vec<String> =
            wanted.iter().map(|permission| format!("permissions={permission}")).collect();
        let path = format!("/storage/v1/b/{}/iam/testPermissions?{}", self.name, query.join("&"));
        match self.rest() {
            Ok(rest) => rest.get(&path).await.map(|answer| rest::permissions(&answer)),
            Err(reason) => Answer::Refused(reason),
        }
    }

    /// Writes an object that nobody else has, once more under the same condition, reads it and takes it away.
    /// `mark` is in its name and content.
    pub async fn probe(&self, mark: &str) -> Answer<Probe> {
        let name = format!(".tidegate-doctor/{mark}");
        let written = self.write_twice(&name, mark).await;
        // Whatever became of it, nothing is left behind.
        let removed = self.bucket.delete(&name).await;
        match (written, removed) {
            (Ok(probe), Ok(())) => Answer::Told(probe),
            (Err(failed), _) | (Ok(_), Err(failed)) => refused_or_silent(&failed.reason),
        }
    }

    async fn write_twice(&self, name: &str, mark: &str) -> Result<Probe, super::Failed> {
        let content = |text: String| Content::new(text.into_bytes().into(), "text/plain");
        let first = format!("a probe of tidegate doctor: {mark}");
        self.bucket.put(name, &content(first.clone()), None).await?;
        let second = self.bucket.put(name, &content(format!("{first}, once more")), None).await?;
        let read = self.bucket.get(name).await?;
        Ok(match second {
            Put::There => Probe::Overwritten,
            Put::Otherwise(_) if read.is_some_and(|read| read == first.as_bytes()) => Probe::Held,
            Put::Otherwise(_) => Probe::OtherContent,
        })
    }

    fn rest(&self) -> Result<Rest, String> {
        Rest::of(SERVICE, self.endpoint.as_deref())
    }
}

/// By the words of the client, which has no other way of saying it for every error.
fn refused_or_silent<T>(reason: &str) -> Answer<T> {
    let is_refused = ["401", "403", "AccessDenied", "Unauthenticated", "PermissionDenied"];
    if is_refused.iter().any(|word| reason.contains(word)) {
        Answer::Refused(reason.to_owned())
    } else {
        Answer::Silent(reason.to_owned())
    }
}

fn seen(bucket: &Value) -> SeenBucket {
    let soft_delete = &bucket["softDeletePolicy"]["retentionDurationSeconds"];
    SeenBucket {
        versioned: bucket["versioning"]["enabled"].as_bool().unwrap_or(false),
        // The JSON of 64-bit numbers is text.
        soft_delete_seconds: soft_delete.as_str().and_then(|seconds| seconds.parse().ok()).unwrap_or(0),
    }
}
