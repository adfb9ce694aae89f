//! A trained model as a cell of a row, and what it says of a row of features. It refuses what it was not
//! trained for, rather than guess. Pure.

use std::fmt;
use std::sync::Arc;

use super::booster::Booster;
use super::rows_features::PointsFeatures;
use super::rows_model::PointsModel;
use super::schema::{FEATURE_SLOTS, feature_schema};
use crate::domain::nba::statistics::rounded;
use crate::flow::{Cell, Column, ColumnType, Date};

/// A booster as it is stored: JSON text, parsed once when its row is read, and shared by all who ask it.
#[derive(Clone)]
pub struct StoredModel(Arc<Parsed>);

struct Parsed {
    json: Arc<str>,
    booster: Result<Booster, String>,
}

impl StoredModel {
    /// The model of a JSON text; one that cannot be read refuses to predict and says why.
    #[must_use]
    pub fn parse(json: Arc<str>) -> Self {
        let booster = Booster::parse(&json).map_err(|error| error.to_string());
        Self(Arc::new(Parsed { json, booster }))
    }

    /// The JSON text.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.0.json
    }
}

impl PartialEq for StoredModel {
    fn eq(&self, other: &Self) -> bool {
        self.0.json == other.0.json
    }
}

impl fmt::Debug for StoredModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoredModel({} bytes of JSON)", self.0.json.len())
    }
}

impl Cell for StoredModel {
    const COLUMN_TYPE: ColumnType = ColumnType::Text;
    const NULLABLE: bool = false;

    fn push(&self, column: &mut Column) {
        self.0.json.push(column);
    }

    fn get(column: &Column, row: usize) -> Option<Self> {
        Arc::<str>::get(column, row).map(Self::parse)
    }
}

/// Why a model does not predict a row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The row's features are others than the model was trained on.
    #[error(
        "model {model} of {cutoff} was trained on features {trained_on}, the row of player {player_id} on \
         {game_date} has {found}: train it anew or make the features anew"
    )]
    OtherFeatures {
        /// The model's name.
        model: Arc<str>,
        /// Its cutoff.
        cutoff: Date,
        /// The schema that it was trained on.
        trained_on: Arc<str>,
        /// The row's player.
        player_id: i64,
        /// The row's date.
        game_date: Date,
        /// The row's schema, and how many features it has.
        found: String,
    },
    /// The model has seen the row's date.
    #[error(
        "model {model} was trained on dates before {cutoff} and may have seen {game_date}: use one whose \
         cutoff is not after the date"
    )]
    SeesTheFuture {
        /// The model's name.
        model: Arc<str>,
        /// Its cutoff.
        cutoff: Date,
        /// The row's date.
        game_date: Date,
    },
    /// The stored model cannot be read.
    #[error("model {model} of {cutoff} cannot be read: {reason}; train it anew")]
    Damaged {
        /// The model's name.
        model: Arc<str>,
        /// Its cutoff.
        cutoff: Date,
        /// What the library said.
        reason: String,
    },
}

impl PointsModel {
    /// The points predicted for a row of features, 4 decimals, 0 or more.
    pub fn predict(&self, row: &PointsFeatures) -> Result<f64, Refusal> {
        if row.game_date < self.cutoff_date {
            return Err(Refusal::SeesTheFuture {
                model: Arc::clone(&self.name),
                cutoff: self.cutoff_date,
                game_date: row.game_date,
            });
        }
        let fits = row.feature_schema == self.feature_schema
            && self.feature_schema == feature_schema()
            && row.features.len() == FEATURE_SLOTS.len();
        if !fits {
            return Err(Refusal::OtherFeatures {
                model: Arc::clone(&self.name),
                cutoff: self.cutoff_date,
                trained_on: Arc::clone(&self.feature_schema),
                player_id: row.player_id,
                game_date: row.game_date,
                found: format!("{} ({} features)", row.feature_schema, row.features.len()),
            });
        }
        let booster = self.model.0.booster.as_ref().map_err(|reason| Refusal::Damaged {
            model: Arc::clone(&self.name),
            cutoff: self.cutoff_date,
            reason: reason.clone(),
        })?;
        Ok(rounded(booster.predict_one(&row.features), 4))
    }
}
