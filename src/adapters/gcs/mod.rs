//! A bucket of Google Cloud Storage, as the lake and the object store write to it: contents that replace what
//! was seen and nothing else, each saying of itself which content it is. Retries are those of the client
//! (`object_store`), one loop a request; nobody around it tries again before the task is tried again. Must not
//! know what is in an object.

mod inspection;

use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::gcp::{GcpCredential, GoogleCloudStorage, GoogleCloudStorageBuilder};
use object_store::path::Path as Key;
use object_store::{
    Attribute, Attributes, BackoffConfig, ClientOptions, Error, GetOptions, ObjectStore, ObjectStoreExt,
    PutMode, PutOptions, RetryConfig, StaticCredentialProvider, UpdateVersion,
};

pub use inspection::Inspection;

/// The service itself. An address in the environment is not taken for it: that is what `endpoint` is for.
const SERVICE: &str = "https://storage.googleapis.com";

/// How long one request may take. Units and documents are a few hundred kilobytes at most.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(15);

/// How long a request is tried again. The lease of its task is renewed meanwhile.
const RETRY_TIME_MAX: Duration = Duration::from_secs(20);

/// The first wait before a request is tried again; later ones are up to twice as long as the one before, with
/// jitter, as the service asks for it.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// The same at an emulator, which is near and has no quotas.
const FIRST_WAIT_AT_EMULATOR: Duration = Duration::from_millis(5);

/// The longest wait between two tries.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// How often one object may be written: the service allows about one write a second, and answers 429 to more.
const BETWEEN_WRITES: Duration = Duration::from_secs(1);

/// The same at an emulator.
const BETWEEN_WRITES_AT_EMULATOR: Duration = Duration::from_millis(1);

/// What an object says of its content: BLAKE3, in hexadecimal.
const DIGEST: &str = "tidegate-digest";

/// Where a bucket is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GcsConfig {
    /// The bucket's name, without `gs://`.
    pub bucket: String,
    /// Put before the name of every object: `lake` or `a/b`. `None` where the bucket has nothing else in it.
    pub prefix: Option<String>,
    /// An emulator's address (`http://127.0.0.1:4443`), which is asked without credentials. `None` is the
    /// service itself with the application default credentials: the file of `GOOGLE_APPLICATION_CREDENTIALS`,
    /// that of `gcloud auth application-default login`, or the identity of the machine or workload.
    pub endpoint: Option<String>,
}

/// Why a bucket cannot be used as it is configured.
#[derive(Debug, thiserror::Error)]
#[error("bucket `{bucket}` of Cloud Storage: {reason}")]
pub struct GcsError {
    /// The bucket as it was given.
    pub bucket: String,
    /// What is wrong, and what would be right.
    pub reason: String,
}

/// A bucket, or the part of it under a prefix.
pub(in crate::adapters) struct Bucket {
    store: GoogleCloudStorage,
    name: String,
    prefix: String,
    between_writes: Duration,
}

/// A request that failed.
#[derive(Debug, Clone)]
pub(in crate::adapters) struct Failed {
    pub(in crate::adapters) operation: &'static str,
    pub(in crate::adapters) place: String,
    pub(in crate::adapters) reason: String,
}

/// What is to be stored, with what is said of it.
pub(in crate::adapters) struct Content {
    bytes: Bytes,
    digest: String,
    attributes: Attributes,
}

/// What an object says of itself.
#[derive(Debug)]
pub(in crate::adapters) struct Seen {
    generation: UpdateVersion,
    size: u64,
    attributes: Attributes,
}

/// What became of a content that was to be stored.
#[derive(Debug)]
pub(in crate::adapters) enum Put {
    /// It is there. It may have been there before, or have been written by a try whose answer was lost.
    There,
    /// Something else is there than was expected, or nothing.
    Otherwise(Option<Seen>),
}

impl Content {
    pub(in crate::adapters) fn new(bytes: Bytes, content_type: &'static str) -> Self {
        let digest = blake3::hash(&bytes).to_hex().to_string();
        let mut attributes = Attributes::new();
        attributes.insert(Attribute::ContentType, content_type.into());
        attributes.insert(Attribute::Metadata(DIGEST.into()), digest.clone().into());
        Self { bytes, digest, attributes }
    }

    /// Says this of it too. `value` is ASCII, as everything is that goes over the wire in a header.
    pub(in crate::adapters) fn saying(mut self, attribute: Attribute, value: String) -> Self {
        self.attributes.insert(attribute, value.into());
        self
    }
}

impl Seen {
    /// Whether it is this content, as it says itself: content and metadata of an object change together or
    /// not at all, and whoever writes with another tool does not write our metadata.
    pub(in crate::adapters) fn is(&self, content: &Content) -> bool {
        self.size == content.bytes.len() as u64 && self.says(DIGEST) == Some(&content.digest)
    }

    /// What it says under a name of ours.
    pub(in crate::adapters) fn says(&self, name: &'static str) -> Option<&str> {
        self.attributes.get(&Attribute::Metadata(name.into())).map(|value| &**value)
    }
}

impl Bucket {
    /// Reads the credentials' file where there is one; asks nobody anything.
    pub(in crate::adapters) fn open(config: GcsConfig) -> Result<Self, GcsError> {
        let GcsConfig { bucket, prefix, endpoint } = config;
        let wrong = |reason: String| GcsError { bucket: bucket.clone(), reason };
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
        if bucket.is_empty() || !bucket.chars().all(is_plain) {
            return Err(wrong("a name is of a-z, 0-9, `-`, `_`, `.`, without `gs://`".to_owned()));
        }
        let prefix = prefix.unwrap_or_default();
        let prefix = prefix.trim_matches('/');
        if let Err(error) = Key::parse(prefix) {
            return Err(wrong(format!("prefix `{prefix}`: {error}")));
        }
        let store = connect(&bucket, endpoint.as_deref()).map_err(wrong)?;
        let between_writes = if endpoint.is_some() { BETWEEN_WRITES_AT_EMULATOR } else { BETWEEN_WRITES };
        Ok(Self { store, prefix: prefix.to_owned(), name: bucket, between_writes })
    }

    /// The name of an object, or of what begins so, below the prefix.
    fn key(&self, name: &str) -> Key {
        if self.prefix.is_empty() { Key::from(name) } else { Key::from(format!("{}/{name}", self.prefix)) }
    }

    /// How long after a write of an object the next one of it may come.
    pub(in crate::adapters) fn between_writes(&self) -> Duration {
        self.between_writes
    }

    /// Where an object is, as tools and BigQuery call it: `gs://bucket/prefix/name`.
    pub(in crate::adapters) fn uri(&self, name: &str) -> String {
        format!("gs://{}/{}", self.name, self.key(name))
    }

    /// What an object says of itself; `None` where there is none.
    pub(in crate::adapters) async fn look(&self, name: &str) -> Result<Option<Seen>, Failed> {
        let options = GetOptions { head: true, ..GetOptions::default() };
        match self.store.get_opts(&self.key(name), options).await {
            Ok(found) => Ok(Some(Seen {
                generation: UpdateVersion { e_tag: None, version: found.meta.version },
                size: found.meta.size,
                attributes: found.attributes,
            })),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed("look at", name, &error)),
        }
    }

    /// Stores a content if what is there is still what was seen; `None` is nothing. A try whose answer was
    /// lost may have taken effect, and what is there then says so: that is no error.
    pub(in crate::adapters) async fn put(
        &self,
        name: &str,
        content: &Content,
        seen: Option<&Seen>,
    ) -> Result<Put, Failed> {
        let mode = seen.map_or(PutMode::Create, |seen| PutMode::Update(seen.generation.clone()));
        let options = PutOptions { mode, attributes: content.attributes.clone(), ..PutOptions::default() };
        let put = self.store.put_opts(&self.key(name), content.bytes.clone().into(), options).await;
        let Err(error) = put else { return Ok(Put::There) };
        let refused = matches!(error, Error::AlreadyExists { .. } | Error::Precondition { .. });
        match self.look(name).await {
            Ok(Some(present)) if present.is(content) => Ok(Put::There),
            Ok(present) if refused => Ok(Put::Otherwise(present)),
            Err(failed) if refused => Err(failed),
            Ok(_) | Err(_) => Err(self.failed("write", name, &error)),
        }
    }

    /// An object's content; `None` where there is none. A bucket that is not there is an error: otherwise
    /// everything in it would seem to be lost, and be made again.
    pub(in crate::adapters) async fn get(&self, name: &str) -> Result<Option<Bytes>, Failed> {
        let got = match self.store.get(&self.key(name)).await {
            Ok(found) => found.bytes().await,
            Err(error) => Err(error),
        };
        match got {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error @ Error::NotFound { .. }) => {
                let failed = self.failed("read", name, &error);
                if failed.reason.contains("NoSuchBucket") { Err(failed) } else { Ok(None) }
            }
            Err(error) => Err(self.failed("read", name, &error)),
        }
    }

    /// The objects below a folder, as their names in it and their lengths. One request a thousand objects.
    pub(in crate::adapters) async fn list(&self, folder: &str) -> Result<Vec<(String, u64)>, Failed> {
        let below = self.key(folder);
        let listed = self.store.list(Some(&below)).try_collect::<Vec<_>>().await;
        let listed = listed.map_err(|error| self.failed("list", folder, &error))?;
        let skipped = below.as_ref().len() + 1;
        let in_folder = |key: &Key| key.as_ref().get(skipped..).map(str::to_owned);
        Ok(listed.into_iter().filter_map(|found| Some((in_folder(&found.location)?, found.size))).collect())
    }

    /// Takes an object away, whatever its content; nothing happens where there is none.
    pub(in crate::adapters) async fn delete(&self, name: &str) -> Result<(), Failed> {
        match self.store.delete(&self.key(name)).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.failed("delete", name, &error)),
        }
    }

    /// A write that always found something else there than it had seen.
    pub(in crate::adapters) fn contended(&self, name: &str) -> Failed {
        let reason = "somebody else writes it at the same time, with another content".to_owned();
        Failed { operation: "write", place: self.uri(name), reason }
    }

    fn failed(&self, operation: &'static str, name: &str, error: &Error) -> Failed {
        Failed { operation, place: self.uri(name), reason: error.to_string() }
    }
}

fn connect(bucket: &str, endpoint: Option<&str>) -> Result<GoogleCloudStorage, String> {
    let (builder, first_wait) = match endpoint {
        None => (GoogleCloudStorageBuilder::from_env().with_base_url(SERVICE), FIRST_WAIT),
        Some(endpoint) => {
            if !(endpoint.starts_with("http://") || endpoint.starts_with("https://")) {
                return Err(format!("endpoint `{endpoint}`: it begins with `http://` or `https://`"));
            }
            let nobody = StaticCredentialProvider::new(GcpCredential { bearer: String::new() });
            let builder = GoogleCloudStorageBuilder::new()
                .with_base_url(endpoint.trim_end_matches('/'))
                .with_credentials(std::sync::Arc::new(nobody))
                .with_client_options(ClientOptions::new().with_allow_http(true));
            (builder, FIRST_WAIT_AT_EMULATOR)
        }
    };
    let retry = RetryConfig {
        backoff: BackoffConfig { init_backoff: first_wait, max_backoff: WAIT_MAX, base: 2.0 },
        max_retries: 10,
        retry_timeout: RETRY_TIME_MAX,
    };
    let built = builder
        .with_config(
            object_store::gcp::GoogleConfigKey::Client(object_store::ClientConfigKey::Timeout),
            format!("{} seconds", REQUEST_TIME_MAX.as_secs()),
        )
        .with_retry(retry)
        .with_bucket_name(bucket)
        .build();
    built.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_that_cannot_work_is_refused_with_what_would() {
        let of = |bucket: &str, prefix: &str, endpoint: &str| GcsConfig {
            bucket: bucket.to_owned(),
            prefix: Some(prefix.to_owned()),
            endpoint: Some(endpoint.to_owned()),
        };
        let fine = Bucket::open(of("acme-lake", "/a/b/", "http://127.0.0.1:4443/")).ok();
        assert_eq!(fine.expect("a bucket").uri("x/y"), "gs://acme-lake/a/b/x/y");
        let cases = [
            (of("gs://acme", "", "http://127.0.0.1:1"), "without `gs://`"),
            (of("", "", "http://127.0.0.1:1"), "a name is of"),
            (of("acme", "a//b", "http://127.0.0.1:1"), "prefix `a//b`"),
            (of("acme", "", "127.0.0.1:1"), "begins with `http://`"),
        ];
        for (config, expected) in cases {
            let error = Bucket::open(config.clone()).err().expect("refused").to_string();
            assert!(error.contains(expected), "{config:?}: {error}");
        }
    }
}
