//! The lake in memory, for simulations and for measuring the engine without a disk: the same promises, no
//! file format, no runtime. Offers what a test needs: all contents as digests, and ways to do damage.
//! Must not be used where anything has to survive the process.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::fleet::{Lake, LakeError, Provenance, Stored};
use crate::flow::{DatasetName, Date, Frame, Schema, Unit};

/// A lake that lives as long as the value.
#[derive(Default)]
pub struct MemoryLake {
    units: Mutex<BTreeMap<Unit, Content>>,
}

struct Content {
    frame: Frame,
    stored: Stored,
}

impl MemoryLake {
    /// An empty lake.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What is stored of every unit. The digest covers the cells and the provenance, so two lakes with
    /// equal contents are equal byte for byte.
    #[must_use]
    pub fn contents(&self) -> BTreeMap<Unit, Stored> {
        self.units().iter().map(|(unit, content)| (*unit, content.stored.clone())).collect()
    }

    /// Changes the stored content so that it no longer is what was recorded; says whether there was any.
    pub fn damage(&self, unit: Unit) -> bool {
        let mut units = self.units();
        let content = units.get_mut(&unit);
        content.is_some_and(|content| {
            content.stored.digest[0] ^= 1;
            true
        })
    }

    /// Deletes the unit's content, as somebody might who should not; says whether there was any.
    pub fn lose(&self, unit: Unit) -> bool {
        self.units().remove(&unit).is_some()
    }

    fn units(&self) -> MutexGuard<'_, BTreeMap<Unit, Content>> {
        self.units.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn place(unit: Unit) -> String {
    format!("memory:{}/{}", unit.dataset, unit.date)
}

fn stored(provenance: &Provenance, frame: &Frame) -> Stored {
    let revision = frame.revision();
    let mut hasher = blake3::Hasher::new();
    hasher.update(provenance.unit.dataset.as_str().as_bytes());
    hasher.update(&provenance.unit.date.days().to_le_bytes());
    hasher.update(revision.bytes());
    hasher.update(provenance.fingerprint.bytes());
    hasher.update(&provenance.code.to_le_bytes());
    hasher.update(provenance.run.as_bytes());
    Stored {
        revision,
        digest: *hasher.finalize().as_bytes(),
        // Eight bytes a cell: a length that changes with the content's size is all that is asked of it.
        bytes: 8 * (frame.rows() * frame.columns().len()) as u64,
    }
}

#[async_trait]
impl Lake for MemoryLake {
    async fn replace(&self, provenance: &Provenance, frame: &Frame) -> Result<Stored, LakeError> {
        let stored = stored(provenance, frame);
        let content = Content { frame: frame.clone(), stored: stored.clone() };
        self.units().insert(provenance.unit, content);
        Ok(stored)
    }

    async fn read(&self, unit: Unit, schema: Schema, stored: &Stored) -> Result<Frame, LakeError> {
        let units = self.units();
        let content = units.get(&unit).ok_or_else(|| LakeError::Missing { unit, place: place(unit) })?;
        let damaged =
            |reason: &str| LakeError::Damaged { unit, place: place(unit), reason: reason.to_owned() };
        if content.stored.digest != stored.digest {
            return Err(damaged("its content is not the one recorded"));
        }
        if content.frame.schema() != schema {
            return Err(damaged("its columns are not those that the dataset declares"));
        }
        Ok(content.frame.clone())
    }

    async fn remove(&self, unit: Unit) -> Result<(), LakeError> {
        self.units().remove(&unit);
        Ok(())
    }

    async fn present(&self, dataset: DatasetName) -> Result<BTreeMap<Date, u64>, LakeError> {
        let units = self.units();
        let of_dataset = units.iter().filter(|(unit, _)| unit.dataset == dataset);
        Ok(of_dataset.map(|(unit, content)| (unit.date, content.stored.bytes)).collect())
    }
}
