//! A model's report as Markdown. Formats; computes nothing.

use std::fmt::Write;

use super::report::ModelReport;
use super::report_table::{SCORE_COLUMNS, score_cells};
use super::rows_model::PointsModel;

/// The whole report.
pub(super) fn render(model: &PointsModel, report: &ModelReport) -> String {
    let mut text = String::new();
    head(&mut text, model, report);
    scores(&mut text, report);
    bins(&mut text, report);
    tail(&mut text, report);
    text
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    text.write_fmt(line).expect("a string takes all that is written to it");
    text.push('\n');
}

fn head(text: &mut String, model: &PointsModel, report: &ModelReport) {
    let settings = &report.settings;
    line(text, format_args!("# Model `{}`, cutoff {}\n", model.name, model.cutoff_date));
    line(
        text,
        format_args!(
            "Trained on {} rows of {} to {}; {} trees of depth {}, learning rate {}, seed {}; {} features \
             (`{}`, schema `{}`); {} ({}).\n\n{}.\n",
            model.rows,
            model.first_date,
            model.last_date,
            model.trees,
            settings.depth,
            settings.learning_rate,
            settings.seed,
            settings.features,
            settings.feature_version,
            settings.feature_schema,
            settings.objective,
            settings.target_power,
            report.deployed,
        ),
    );
}

fn scores(text: &mut String, report: &ModelReport) {
    line(text, format_args!("## Figures\n\nErrors in points; the baselines are of exactly the same rows.\n"));
    line(text, format_args!("| {} |\n|{}", SCORE_COLUMNS.join(" | "), "---|".repeat(SCORE_COLUMNS.len())));
    for of in &report.scores {
        line(text, format_args!("| {} |", score_cells(of).join(" | ")));
    }
    text.push('\n');
    for of in report.scores.iter().filter(|score| score.part == "test") {
        line(text, format_args!("- `{}`: {}", of.population, of.meaning));
    }
    line(text, format_args!("\n{}\n", report.band.sentence()));
}

fn bins(text: &mut String, report: &ModelReport) {
    for (title, bins) in [
        ("Calibration: by predicted points", &report.calibration),
        ("Error by the season's minutes a game", &report.error_by_minutes),
    ] {
        line(text, format_args!("## {title}\n\nPopulation `all`, test part.\n"));
        line(
            text,
            format_args!("| from | to | rows | predicted | actual | MAE |\n|---|---|---|---|---|---|"),
        );
        for bin in bins {
            line(
                text,
                format_args!(
                    "| {} | {} | {} | {:.2} | {:.2} | {:.2} |",
                    bin.from, bin.to, bin.rows, bin.predicted, bin.actual, bin.mae
                ),
            );
        }
        text.push('\n');
    }
}

fn tail(text: &mut String, report: &ModelReport) {
    line(
        text,
        format_args!("## Importance\n\nShare in the gain of all splits.\n\n| feature | gain |\n|---|---|"),
    );
    for of in &report.importance {
        line(text, format_args!("| `{}` | {:.2} % |", of.feature, 100.0 * of.gain));
    }
    line(text, format_args!("\n## Learning curve\n\nRoot mean squared error of the transformed points.\n"));
    line(text, format_args!("| trees | train | validation |\n|---|---|---|"));
    let last = report.learning_curve.len();
    for point in report.learning_curve.iter().filter(|p| p.trees % 10 == 0 || p.trees == 1 || p.trees == last)
    {
        line(text, format_args!("| {} | {:.5} | {:.5} |", point.trees, point.train, point.validation));
    }
    line(text, format_args!("\n## Highest scorers of the test part\n"));
    line(text, format_args!("| date | player | actual | predicted | last 10 |\n|---|---|---|---|---|"));
    for check in &report.spot_checks {
        line(
            text,
            format_args!(
                "| {} | {} | {} | {:.1} | {} |",
                check.date,
                check.player,
                check.actual,
                check.predicted,
                check.last_10.map_or_else(|| "-".to_owned(), |points| format!("{points:.1}"))
            ),
        );
    }
}
