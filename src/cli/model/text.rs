//! A model's figures as a table for the terminal. Formats; computes nothing.

use crate::cli::table::{Align, Table, count};
use crate::domain::nba::points::{BAND_POPULATION, ModelReport, PointsModel, PopulationScore};

/// How many features are listed in the terminal; `--json` and the report have all.
const FEATURES_SHOWN: usize = 15;

/// The figures of every population and part.
pub(super) fn render(model: &PointsModel, report: &ModelReport) -> String {
    let mut text = format!(
        "{} {}: {} rows of {} to {}, {} trees, {} features ({})\n{}\n\n",
        model.name,
        model.cutoff_date,
        count(model.rows.unsigned_abs()),
        model.first_date,
        model.last_date,
        model.trees,
        model.feature_count,
        model.feature_version,
        report.deployed,
    );
    text.push_str(&scores(&report.scores).render());
    text.push('\n');
    for score in report.scores.iter().filter(|score| score.part == "test") {
        text.push_str(&format!("{}: {}\n", score.population, score.meaning));
    }
    text.push_str(&format!(
        "band of the test part: {} (excellent < 4.0, good < 4.2, acceptable < 4.27)\n  the bands were set on \
         {BAND_POPULATION}\n\n",
        model.test_band
    ));
    let mut importance = Table::of(&[("feature", Align::Left), ("gain", Align::Right)]);
    for line in report.importance.iter().take(FEATURES_SHOWN) {
        importance.row([line.feature.clone(), format!("{:.1} %", 100.0 * line.gain)]);
    }
    text.push_str(&importance.render());
    text
}

fn scores(scores: &[PopulationScore]) -> Table {
    let mut table = Table::of(&[
        ("population", Align::Left),
        ("part", Align::Left),
        ("rows", Align::Right),
        ("first", Align::Left),
        ("last", Align::Left),
        ("MAE", Align::Right),
        ("RMSE", Align::Right),
        ("bias", Align::Right),
        ("<=1", Align::Right),
        ("<=3", Align::Right),
        ("<=5", Align::Right),
        ("last 5", Align::Right),
        ("last 10", Align::Right),
        ("season", Align::Right),
    ]);
    let points = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"));
    let share = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |v| format!("{:.1} %", 100.0 * v));
    let date = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    for PopulationScore { population, part, score, .. } in scores {
        table.row([
            population.clone(),
            part.clone(),
            count(score.rows as u64),
            date(&score.first_date),
            date(&score.last_date),
            points(score.mae),
            points(score.rmse),
            points(score.bias),
            share(score.within_1),
            share(score.within_3),
            share(score.within_5),
            points(score.mae_last_5),
            points(score.mae_last_10),
            points(score.mae_season),
        ]);
    }
    table
}
