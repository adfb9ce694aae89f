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

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::super::booster::Booster;
    use super::super::schema::FEATURE_SLOTS;
    use super::super::train::tests::trained;
    use super::*;

    #[test]
    fn every_part_is_in_every_output() {
        let model = trained();
        let report = ModelReport::of(model).expect("the report");
        let [(_, trees), (_, metadata), (_, markdown), (_, html)] = model_files(model).expect("the files");
        Booster::parse(&trees).expect("the trees as the library reads them");
        let read: ModelReport = serde_json::from_str(&metadata).expect("JSON");
        assert_eq!(read, report, "the metadata are all that the model says of itself");
        assert!(report.band.defined_on.contains("2024-02-04 to 2024-04-14"));

        let band = &report.band;
        assert!(metadata.contains(&band.name) && metadata.contains(&band.limits));
        assert!(metadata.contains(&band.defined_on));
        let mut missing = String::new();
        for (file, text) in [("report.md", &markdown), ("report.html", &html)] {
            let mut demand = |part: &str, what: &str| {
                if !text.contains(what) {
                    writeln!(missing, "{file}: {part}: {what}").expect("a string");
                }
            };
            demand("band", &format!("test part: {} (", band.name));
            demand("limits of the bands", &band.limits);
            demand("the bands' population", &band.defined_on);
            demand("cutoff", &model.cutoff_date.to_string());
            demand("what was deployed", &report.deployed);
            for of in &report.scores {
                demand("meaning of a population", &of.meaning);
                for value in [of.score.mae, of.score.rmse, of.score.bias, of.score.mae_last_10] {
                    demand("figures", &value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}")));
                }
            }
            for slot in FEATURE_SLOTS {
                demand("importance", slot.name);
            }
            for check in &report.spot_checks {
                demand("spot checks", &check.player);
            }
        }
        for plot in ["Predicted against actual", "Calibration", "by the season's minutes", "Learning curve"] {
            assert!(html.contains(plot), "{plot}");
        }
        assert_eq!(missing, "");
        let rows_of_all = html.split("<h2>Importance of all features</h2>").nth(1).expect("the table");
        let rows_of_all = rows_of_all.split("</table>").next().expect("its end");
        assert_eq!(
            rows_of_all.matches("<tr>").count(),
            FEATURE_SLOTS.len() + 1,
            "all features and a heading"
        );
        assert_eq!(html.matches("<svg").count(), 5);
        let outside = html.contains("http://") || html.contains("https://") || html.contains("<script");
        assert!(!outside, "a page that needs nothing else");
    }
}
