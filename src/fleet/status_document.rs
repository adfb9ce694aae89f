//! The pipeline's own document for readers outside: how far each dataset is, and what failed. Made from the
//! ledger at the end of a run, without a time of day, so that nothing is written where nothing has changed.

use serde::Serialize;

use super::engine::Engine;
use crate::flow::{DatasetName, Date, Document, DocumentSchema, Failure, Keep, Outcome, Permanent};

/// Where it stands.
const PATH: &str = "status.json";

/// The schema of the document.
const STATUS: DocumentSchema = DocumentSchema { name: "tidegate.status", version: 1 };

#[derive(Serialize)]
struct Status {
    pipeline: String,
    /// In the cascade's order.
    datasets: Vec<DatasetStatus>,
    /// Open ones, the oldest first.
    dead_letters: Vec<LetterStatus>,
}

#[derive(Serialize)]
struct DatasetStatus {
    dataset: String,
    /// Units with content.
    done: u64,
    /// Units that rightly have none.
    skipped: u64,
    /// The latest date with content.
    latest_date: Option<String>,
    /// Its rows (or payloads, or documents).
    latest_rows: Option<u64>,
}

#[derive(Serialize)]
struct LetterStatus {
    dataset: String,
    date: String,
    /// The stable code of the reason; its message names files and stays inside.
    code: String,
    /// Tasks that it holds.
    holds: u64,
}

/// Publishes it. Nothing is published of a pipeline in which no unit is complete.
pub async fn publish_status(engine: &Engine) -> Result<(), Failure> {
    engine.refresh_catalog().await?;
    let letters = engine.ports.ledger.dead_letters(true).await?;
    let (datasets, as_of) = datasets(engine);
    let Some(as_of) = as_of else {
        return Ok(());
    };
    let dead_letters = letters
        .into_iter()
        .map(|letter| LetterStatus {
            dataset: letter.unit.dataset.to_string(),
            date: letter.unit.date.to_string(),
            code: letter.code,
            holds: letter.held,
        })
        .collect();
    let status = Status { pipeline: engine.cascade.pipeline().to_string(), datasets, dead_letters };
    let document = Document::json(PATH, Keep::Own, STATUS, as_of, &status).map_err(Permanent::from)?;
    engine.ports.objects.publish(as_of, vec![document]).await?;
    Ok(())
}

/// How far each dataset is, and the latest date of all that has content.
fn datasets(engine: &Engine) -> (Vec<DatasetStatus>, Option<Date>) {
    let catalog = engine.catalog();
    let mut as_of = None;
    let of_dataset = |dataset: DatasetName| {
        let mut status = DatasetStatus {
            dataset: dataset.to_string(),
            done: 0,
            skipped: 0,
            latest_date: None,
            latest_rows: None,
        };
        for (_, record) in catalog.complete(dataset) {
            match record.outcome {
                Outcome::Skipped(_) => status.skipped += 1,
                Outcome::Done | Outcome::Unchanged => {
                    status.done += 1;
                    status.latest_date = Some(record.unit.date.to_string());
                    status.latest_rows = Some(record.rows_written);
                    as_of = as_of.max(Some(record.unit.date));
                }
            }
        }
        status
    };
    let statuses = engine.cascade.datasets().map(of_dataset).collect();
    (statuses, as_of)
}
