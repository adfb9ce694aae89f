//! Publishes a month's model: its trees, its metadata and its report. In: the model of the date, behind
//! gate F. Out: its files. Skipped where there is no model. Glue only.

use super::datasets::{GATE_F, POINTS_MODEL, SITE_MODEL};
use crate::domain::nba::points::model_files;
use crate::flow::{Document, DocumentError, Documents, Inputs, Permanent, Processor};

/// The processor.
pub(super) const PROCESSOR: Processor = Processor::publish(
    SITE_MODEL,
    "a month's model as files: models/points/DATE/report.html and three more",
    2,
    &[GATE_F.same_date().optional(), POINTS_MODEL.same_date()],
    publish,
)
.monthly();

fn publish(inputs: &Inputs<'_>) -> Result<Documents, Permanent> {
    let date = inputs.date();
    let mut documents = Vec::new();
    for model in inputs.same_date(POINTS_MODEL)? {
        let document = |(name, content)| Document::own(&format!("models/points/{date}/{name}"), content);
        let files: Result<Vec<Document>, DocumentError> =
            model_files(model)?.into_iter().map(document).collect();
        documents.extend(files?);
    }
    Ok(Documents::Made(documents))
}
