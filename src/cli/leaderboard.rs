//! `tidegate leaderboard`: how well each prediction system did, month by month. Reads only; works while
//! another process has the home open.

use clap::Args;

use super::assemble;
use super::ending::{Ending, wrong_usage};
use super::query;
use super::query_output::QueryFormat;
use super::settings::Settings;
use crate::flow::Date;

const EXAMPLES: &str = "\
Examples:
  tidegate leaderboard nba
  tidegate leaderboard nba --month 2024-01 --population all --json

A month's result is that of its last graded date. baseline_mae is the error of the mean of the last 10 games on
exactly the rows that the system is graded on; within_5 is what confidence should be. Accuracy counts
bookmakers' lines alone.";

/// Options of `tidegate leaderboard`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Options {
    /// The pipeline
    pipeline: String,
    /// Only this month: 2024-01
    #[arg(long, value_name = "MONTH")]
    month: Option<String>,
    /// Whose predictions: the published ones, or all
    #[arg(long, value_enum, default_value_t)]
    population: Population,
}

#[derive(Debug, Clone, Copy, Default, clap::ValueEnum)]
enum Population {
    #[default]
    Eligible,
    All,
}

/// Does it.
pub(super) async fn run(options: Options, settings: &Settings) -> anyhow::Result<Ending> {
    assemble::pipeline(Some(&options.pipeline), &settings.home)?;
    let month = options.month.as_deref().map(checked).transpose()?;
    query::print(statement(month, options.population), QueryFormat::Table, settings).await
}

/// A month that is written as `2024-01`.
fn checked(month: &str) -> anyhow::Result<&str> {
    match Date::parse(&format!("{month}-01")) {
        Ok(_) => Ok(month),
        Err(_) => Err(wrong_usage(format!("`{month}` is no month; write it as 2024-01"))),
    }
}

fn statement(month: Option<&str>, population: Population) -> String {
    let population = match population {
        Population::Eligible => "eligible",
        Population::All => "all",
    };
    let of_month = month.map_or_else(String::new, |month| format!(" AND month = '{month}-01'"));
    format!(
        "SELECT substr(month, 1, 7) AS month, system_id AS system, graded, voided, refused, mae, baseline_mae, bias, \
         within_3_share AS within_3, within_5_share AS within_5, mean_confidence AS confidence, \
         lines_graded AS lines, line_accuracy AS accuracy FROM nba.prediction_leaderboard \
         WHERE game_date IN (SELECT max(game_date) FROM nba.prediction_leaderboard GROUP BY month) \
         AND population = '{population}'{of_month} ORDER BY 1, mae IS NULL, mae, system_id"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_a_year_and_a_month() {
        assert_eq!(checked("2024-01").ok(), Some("2024-01"));
        for wrong in ["2024", "2024-13", "2024-01-05", "' OR 1"] {
            assert!(checked(wrong).is_err(), "{wrong}");
        }
    }
}
