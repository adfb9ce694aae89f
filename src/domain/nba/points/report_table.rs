//! The table of a model's figures, as every output has it: one heading and one row of texts for each population and
//! part. Formats; computes nothing.

use super::report::PopulationScore;

/// The columns. Shares are of rows whose error is at most 1, 3 and 5 points; the last three are the baselines'
/// errors on the same rows.
pub const SCORE_COLUMNS: [&str; 15] = [
    "population",
    "part",
    "rows",
    "dates",
    "first",
    "last",
    "MAE",
    "RMSE",
    "bias",
    "within 1",
    "within 3",
    "within 5",
    "last 5",
    "last 10",
    "season",
];

/// A row of the table; `-` for what a population without rows has not.
#[must_use]
pub fn score_cells(of: &PopulationScore) -> [String; SCORE_COLUMNS.len()] {
    let score = &of.score;
    let date = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    [
        of.population.clone(),
        of.part.clone(),
        grouped(score.rows),
        grouped(score.dates),
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
    ]
}

/// `13,209`.
fn grouped(number: usize) -> String {
    if number < 1_000 {
        return number.to_string();
    }
    format!("{},{:03}", grouped(number / 1_000), number % 1_000)
}

fn points(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"))
}

fn share(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{:.1} %", 100.0 * value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        for (number, expected) in [(0, "0"), (999, "999"), (13_209, "13,209"), (1_000_002, "1,000,002")] {
            assert_eq!(grouped(number), expected);
        }
    }
}
