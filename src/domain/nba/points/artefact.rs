//! A model's artefact: the files that a person or another program takes away.

use super::report::ModelReport;
use super::rows_model::PointsModel;
use super::{report_html, report_markdown};
use crate::flow::Permanent;

/// The files of a model, by name: `model.json` (the trees, as the library reads them), `metadata.json`, and the
/// report as `report.md` and `report.html`.
pub fn model_files(model: &PointsModel) -> Result<[(&'static str, String); 4], Permanent> {
    let report = ModelReport::of(model)?;
    let metadata = serde_json::to_string_pretty(&report).map_err(|error| malformed(model, &error))?;
    Ok([
        ("model.json", model.model.json().to_owned()),
        ("metadata.json", format!("{metadata}\n")),
        ("report.md", report_markdown::render(model, &report)),
        ("report.html", report_html::render(model, &report)),
    ])
}

impl ModelReport {
    /// What a model says of itself.
    pub fn of(model: &PointsModel) -> Result<Self, Permanent> {
        serde_json::from_str(&model.metadata).map_err(|error| malformed(model, &error))
    }
}

fn malformed(model: &PointsModel, error: &serde_json::Error) -> Permanent {
    let (name, cutoff) = (&model.name, model.cutoff_date);
    let message =
        format!("the metadata of {name} of {cutoff} is of another version ({error}): train it anew");
    Permanent::new("model_metadata_malformed", message)
}
