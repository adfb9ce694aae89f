//! A model's figures as a table for the terminal. Formats; computes nothing.

use crate::cli::table::{Align, Table, count};
use crate::domain::nba::points::{ModelReport, PointsModel, PopulationScore, SCORE_COLUMNS, score_cells};

/// How many features are listed in the terminal; `--json` and the report have all.
const FEATURES_SHOWN: usize = 15;

/// The figures of every population and part.
pub(super) fn render(model: &PointsModel, revision: &str, report: &ModelReport) -> String {
    let mut text = format!(
        "{} {}, revision {revision}: {} rows of {} to {}, {} trees, {} features ({})\n{}\n\n",
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
    text.push_str(&format!("{}\n\n", report.band.sentence()));
    let mut importance = Table::of(&[("feature", Align::Left), ("gain", Align::Right)]);
    for line in report.importance.iter().take(FEATURES_SHOWN) {
        importance.row([line.feature.clone(), format!("{:.1} %", 100.0 * line.gain)]);
    }
    text.push_str(&importance.render());
    text
}

fn scores(scores: &[PopulationScore]) -> Table {
    let columns = SCORE_COLUMNS.map(|name| match name {
        "population" | "part" | "first" | "last" => (name, Align::Left),
        _ => (name, Align::Right),
    });
    let mut table = Table::of(&columns);
    for of in scores {
        table.row(score_cells(of));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::nba::points::trained;

    #[test]
    fn the_terminal_shows_figures_band_and_its_population() {
        let model = trained();
        let report = ModelReport::of(model).expect("the report");
        let text = render(model, "5f3c8e2a", &report);
        for of in &report.scores {
            let mae = of.score.mae.map_or_else(|| "-".to_owned(), |mae| format!("{mae:.3}"));
            let is_row = |line: &&str| line.contains(&of.population) && line.contains(&of.part);
            assert!(text.lines().filter(is_row).any(|line| line.contains(&mae)), "{of:?}");
        }
        for what in [&report.band.name, &report.band.limits, &report.band.defined_on] {
            assert!(text.contains(what), "{what}");
        }
        assert!(text.contains("revision 5f3c8e2a"), "by which it can be asked for again");
    }
}
