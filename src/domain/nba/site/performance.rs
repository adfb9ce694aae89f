//! How well each system has done, month by month: the last standing of each month of a year.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::nba::{SystemStanding, Units};
use crate::flow::{Date, DocumentSchema};

/// The schema of the document.
pub const PERFORMANCE: DocumentSchema = DocumentSchema { name: "nba.system_performance", version: 1 };

/// The months of a year, the latest first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Performance<'a> {
    months: Vec<Month<'a>>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Month<'a> {
    /// `YYYY-MM`.
    month: String,
    /// The last date that is counted.
    until: String,
    /// The published predictions, by system.
    systems: BTreeMap<&'a str, Standing>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Standing {
    graded: i64,
    voided: i64,
    refused: i64,
    mae: Option<f64>,
    bias: Option<f64>,
    within_3_share: Option<f64>,
    within_5_share: Option<f64>,
    /// The system's error where a player has a last-10 mean, and that mean's own error on the same rows.
    mae_on_baseline_rows: Option<f64>,
    baseline_mae: Option<f64>,
    lines_graded: i64,
    line_accuracy: Option<f64>,
}

/// The document's data, of the standings of all dates of a year: of each month its last date's.
#[must_use]
pub fn performance<'a>(standings: &Units<'a, SystemStanding>) -> Performance<'a> {
    let mut months: BTreeMap<Date, Month<'a>> = BTreeMap::new();
    for row in standings.iter().flat_map(|(_, rows)| *rows).filter(|row| &*row.population == "eligible") {
        let until = row.game_date.to_string();
        let month = months.entry(row.month).or_insert_with(|| Month {
            month: row.month.to_string()[..7].to_owned(),
            until: until.clone(),
            systems: BTreeMap::new(),
        });
        month.until = until;
        month.systems.insert(&row.system_id, Standing::of(row));
    }
    Performance { months: months.into_values().rev().collect() }
}

impl Standing {
    fn of(row: &SystemStanding) -> Self {
        Self {
            graded: row.graded,
            voided: row.voided,
            refused: row.refused,
            mae: row.mae,
            bias: row.bias,
            within_3_share: row.within_3_share,
            within_5_share: row.within_5_share,
            mae_on_baseline_rows: row.mae_on_baseline_rows,
            baseline_mae: row.baseline_mae,
            lines_graded: row.lines_graded,
            line_accuracy: row.line_accuracy,
        }
    }
}
