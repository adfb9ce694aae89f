//! Publishes a date's predictions for a website. In: the date's schedule, predictions and injury report. Out: the
//! document of the date, and the same as the latest. Glue only.

use super::datasets::{INJURY_REPORT, PLAYER_PROP_PREDICTIONS, SCHEDULE, SITE_PREDICTIONS};
use crate::domain::nba::site::{PREDICTIONS, predictions};
use crate::flow::{Document, Documents, Inputs, Keep, Permanent, Processor};

/// The processor.
pub(super) const PROCESSOR: Processor = Processor::publish(
    SITE_PREDICTIONS,
    "the date's predictions as JSON: predictions/DATE.json and predictions/latest.json",
    // One more since documents are listed: so a home made before lists them all.
    PREDICTIONS.version + 1,
    &[SCHEDULE.same_date(), PLAYER_PROP_PREDICTIONS.same_date(), INJURY_REPORT.same_date().optional()],
    publish,
);

fn publish(inputs: &Inputs<'_>) -> Result<Documents, Permanent> {
    let date = inputs.date();
    let data = predictions(
        date,
        inputs.same_date(SCHEDULE)?,
        inputs.same_date(PLAYER_PROP_PREDICTIONS)?,
        inputs.same_date(INJURY_REPORT)?,
    );
    let document = |path: &str, keep| Document::json(path, keep, PREDICTIONS, date, &data);
    let own = document(&format!("predictions/{date}.json"), Keep::Own)?;
    Ok(Documents::Made(vec![own, document("predictions/latest.json", Keep::Latest)?]))
}
