//! The lake in a bucket of Cloud Storage: the same bytes under the same names as on a disk
//! (`gs://bucket/prefix/<pipeline>/<dataset>/date=YYYY-MM-DD/<dataset>.parquet`), written by any number of
//! processes at a time. An object appears whole or not at all, and is durable when the service says so.
//!
//! Every write is conditional on the generation that was seen, so of two that write at the same time one is
//! told, and overwrites nothing it has not seen. An attempt writes before it commits, and the ledger's fence
//! turns a stale one away only then: an attempt that slept through its lease and wakes after its successor has
//! committed can still replace what that one wrote. Mostly this is nothing, as the same inputs give the same
//! bytes and equal bytes are not written. Where its inputs were older, the object is no longer the one of the
//! ledger's digest: no reader takes it (`Damaged`), the unit is made again, and the next plan finds it by its
//! length. So the fence decides what counts, the digest what is read, and the condition that nothing is lost
//! between two who write at once. Taking away has no condition: what is missing by mistake is made again too.
//! Must not decide readiness or retry.

use std::collections::BTreeMap;

use async_trait::async_trait;
use object_store::Attribute;

use super::decode::checked;
use super::encode::{Settings, encode};
use super::layout;
use crate::adapters::gcs::{Bucket, Content, Failed, GcsConfig, GcsError, Put};
use crate::fleet::{Lake, LakeError, Provenance, Stored};
use crate::flow::{DatasetName, Date, Frame, Schema, Unit};

/// What a unit's file is, for whoever asks over HTTP.
const CONTENT_TYPE: &str = "application/vnd.apache.parquet";

/// What an object says of its rows besides its digest: the revision, as the ledger has it.
const REVISION: &str = "tidegate-revision";

/// A lake of Parquet objects in a bucket.
pub struct GcsLake {
    bucket: Bucket,
    settings: Settings,
}

impl GcsLake {
    /// The lake in a bucket. Asks nobody anything: a bucket that is not there is found by the first request.
    pub fn open(config: GcsConfig) -> Result<Self, GcsError> {
        Ok(Self { bucket: Bucket::open(config)?, settings: Settings::new() })
    }

    /// Where the unit's object is or would be: `gs://bucket/...`.
    #[must_use]
    pub fn object_uri(&self, unit: Unit) -> String {
        self.bucket.uri(&layout::unit_name(unit))
    }

    /// Most units are new, so a write begins by expecting nothing: one request. Where there is something, it is
    /// looked at and replaced, unless it is the same: three.
    async fn put(&self, unit: Unit, content: &Content) -> Result<(), Failed> {
        let name = layout::unit_name(unit);
        let seen = match self.bucket.put(&name, content, None).await? {
            Put::There => return Ok(()),
            Put::Otherwise(seen) => seen,
        };
        match self.bucket.put(&name, content, seen.as_ref()).await? {
            Put::There => Ok(()),
            // Whose turn it is, the ledger says at the next claim.
            Put::Otherwise(_) => Err(self.bucket.contended(&name)),
        }
    }
}

fn storage(unit: Unit, failed: Failed) -> LakeError {
    let Failed { operation, place, reason } = failed;
    LakeError::Storage { unit, operation, place, reason }
}

#[async_trait]
impl Lake for GcsLake {
    async fn replace(&self, provenance: &Provenance, frame: &Frame) -> Result<Stored, LakeError> {
        let unit = provenance.unit;
        let revision = frame.revision();
        let bytes = encode(&self.settings, provenance, &revision, frame).map_err(|error| {
            let failed =
                Failed { operation: "encode", place: self.object_uri(unit), reason: error.to_string() };
            storage(unit, failed)
        })?;
        let stored = Stored { revision, digest: *blake3::hash(&bytes).as_bytes(), bytes: bytes.len() as u64 };
        let content = Content::new(bytes.into(), CONTENT_TYPE)
            .saying(Attribute::Metadata(REVISION.into()), stored.revision.to_string());
        self.put(unit, &content).await.map_err(|failed| storage(unit, failed))?;
        Ok(stored)
    }

    async fn read(&self, unit: Unit, schema: Schema, stored: &Stored) -> Result<Frame, LakeError> {
        let got = self.bucket.get(&layout::unit_name(unit)).await;
        let Some(bytes) = got.map_err(|failed| storage(unit, failed))? else {
            return Err(LakeError::Missing { unit, place: self.object_uri(unit) });
        };
        let expected = stored.clone();
        let decoded = tokio::task::spawn_blocking(move || checked(bytes, schema, &expected)).await;
        match decoded {
            Ok(Ok(frame)) => Ok(frame),
            Ok(Err(error)) => {
                Err(LakeError::Damaged { unit, place: self.object_uri(unit), reason: error.to_string() })
            }
            // Nobody aborts these tasks, so it has panicked, and so do we.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    async fn remove(&self, unit: Unit) -> Result<(), LakeError> {
        self.bucket.delete(&layout::unit_name(unit)).await.map_err(|failed| storage(unit, failed))
    }

    /// One request a thousand units, which are six seasons of a daily dataset.
    async fn present(&self, dataset: DatasetName) -> Result<BTreeMap<Date, u64>, LakeError> {
        let listed = self.bucket.list(&layout::dataset_name(dataset)).await;
        let listed = listed.map_err(|Failed { operation, place, reason }| LakeError::Listing {
            dataset,
            operation,
            place,
            reason,
        })?;
        let file_name = layout::file_name(dataset);
        let date = |name: &str| {
            let (directory, file) = name.split_once('/')?;
            layout::date_of(directory).filter(|_| file == file_name)
        };
        Ok(listed.into_iter().filter_map(|(name, length)| Some((date(&name)?, length))).collect())
    }
}
