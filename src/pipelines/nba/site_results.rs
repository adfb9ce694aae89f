//! Publishes what became of a date's predictions, for a website. In: the date's grades. Out: the document
//! of the date, and the same as the latest. Glue only.

use super::datasets::{PREDICTION_ACCURACY, SITE_RESULTS};
use crate::domain::nba::site::{RESULTS, results};
use crate::flow::{Document, Documents, Inputs, Keep, Permanent, Processor};

/// The processor.
pub(super) const PROCESSOR: Processor = Processor::publish(
    SITE_RESULTS,
    "the date's results as JSON: results/DATE.json and results/latest.json",
    // One more than the shape's: homes made before list their documents, and void who did not play.
    RESULTS.version + 1,
    &[PREDICTION_ACCURACY.same_date()],
    publish,
);

fn publish(inputs: &Inputs<'_>) -> Result<Documents, Permanent> {
    let date = inputs.date();
    let data = results(date, inputs.same_date(PREDICTION_ACCURACY)?);
    let document = |path: &str, keep| Document::json(path, keep, RESULTS, date, &data);
    let own = document(&format!("results/{date}.json"), Keep::Own)?;
    Ok(Documents::Made(vec![own, document("results/latest.json", Keep::Latest)?]))
}
