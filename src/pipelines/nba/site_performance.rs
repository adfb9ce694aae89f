//! Publishes how well the systems have done over a year, for a website. In: the standings of each date of a
//! year. Out: one document that all dates write. Glue only.

use super::datasets::{PREDICTION_LEADERBOARD, SITE_PERFORMANCE};
use crate::domain::nba::site::{PERFORMANCE, performance};
use crate::flow::{Document, Documents, Inputs, Keep, Permanent, Processor, Window};

/// The processor.
pub(super) const PROCESSOR: Processor = Processor::publish(
    SITE_PERFORMANCE,
    "each system's months of a year as JSON: systems/performance.json",
    // One more since documents are listed: so a home made before lists them all.
    PERFORMANCE.version + 1,
    &[PREDICTION_LEADERBOARD.read(Window::Days { back: 365, ahead: 0 })],
    publish,
);

fn publish(inputs: &Inputs<'_>) -> Result<Documents, Permanent> {
    if let Some(reason) = inputs.skipped(PREDICTION_LEADERBOARD.name())? {
        return Ok(Documents::Skipped(reason));
    }
    let data = performance(&inputs.window(PREDICTION_LEADERBOARD)?);
    let path = "systems/performance.json";
    let document = Document::json(path, Keep::Latest, PERFORMANCE, inputs.date(), &data)?;
    Ok(Documents::Made(vec![document]))
}
