//! `tidegate coverage`: done / (game dates up to today - skipped) by season and dataset. The goal is 100 %.
//! Reads only; works while another process has the home open.

use clap::Args;
use serde_json::{Value, json};

use super::assemble::{self, View};
use super::ending::{Ending, wrong_usage};
use super::selection;
use super::settings::Settings;
use super::source::SourceOptions;
use super::table::{Align, Table, count};
use crate::fleet::{CoverageLine, coverage};
use crate::flow::Season;

const EXAMPLES: &str = "\
Examples:
  tidegate coverage
  tidegate coverage --season 2023-24
  tidegate coverage --dataset nba.ml_feature_store --json

Coverage is done / (game dates up to today - skipped). Skipped are the first days of a season, from which nothing can be
computed yet, payloads that a source does not have, gaps that somebody has accepted, and what today's games have
yet to bring. Dates after today are left out.";

/// Characters of a full bar.
const BAR_WIDTH: usize = 20;

/// Options of `tidegate coverage`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Options {
    /// Only this season: 2023-24
    #[arg(long, value_name = "SEASON")]
    season: Option<String>,
    /// Only this dataset, with or without `nba.`
    #[arg(long, value_name = "DATASET")]
    dataset: Option<String>,
    #[command(flatten)]
    source: SourceOptions,
}

/// Does it.
pub(super) async fn run(options: Options, settings: &Settings) -> anyhow::Result<Ending> {
    let View { engine, today } = assemble::view(settings, None, &options.source).await?;
    let dataset = options.dataset.map(|name| selection::dataset(engine.cascade(), &name)).transpose()?;
    let season = options.season.map(|text| {
        Season::parse(&text).ok_or_else(|| wrong_usage(format!("`{text}` is no season; write it as 2023-24")))
    });
    let lines = coverage(engine.cascade(), &engine.catalog(), season.transpose()?, dataset, today.date());
    if lines.is_empty() {
        return Err(wrong_usage("the source has no dates in that season"));
    }
    settings.print(&render(&lines), || json_of(&lines));
    Ok(Ending::AllDone)
}

fn render(lines: &[CoverageLine]) -> String {
    let mut table = Table::of(&[
        ("season", Align::Left),
        ("dataset", Align::Left),
        ("coverage", Align::Right),
        ("", Align::Left),
        ("done", Align::Right),
        ("dates", Align::Right),
        ("skipped", Align::Left),
        ("rows", Align::Right),
    ]);
    for line in lines {
        let skipped: Vec<String> =
            line.skipped.iter().map(|(reason, number)| format!("{} {reason}", count(*number))).collect();
        table.row([
            line.season.to_string(),
            line.dataset.to_string(),
            percent(line.share()),
            bar(line.share()),
            count(line.done),
            count(line.dates),
            skipped.join(", "),
            count(line.rows),
        ]);
    }
    let (done, possible) = totals(lines);
    let whole = (possible > 0).then(|| done as f64 / possible as f64);
    format!("{}\n{} of all: {} of {} dates\n", table.render(), percent(whole), count(done), count(possible))
}

fn totals(lines: &[CoverageLine]) -> (u64, u64) {
    (lines.iter().map(|line| line.done).sum(), lines.iter().map(CoverageLine::possible).sum())
}

/// Rounded down, so that only what is whole is shown as 100 %.
fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{:.1} %", (share * 1_000.0).floor() / 10.0))
}

fn bar(share: Option<f64>) -> String {
    let full = (share.unwrap_or(0.0) * BAR_WIDTH as f64).floor() as usize;
    let full = full.min(BAR_WIDTH);
    format!("{}{}", "█".repeat(full), "░".repeat(BAR_WIDTH - full))
}

fn json_of(lines: &[CoverageLine]) -> Value {
    let line = |line: &CoverageLine| {
        let skipped: serde_json::Map<_, _> = line
            .skipped
            .iter()
            .map(|(reason, number)| (reason.code().to_owned(), Value::from(*number)))
            .collect();
        json!({
            "season": line.season.to_string(),
            "dataset": line.dataset.as_str(),
            "dates": line.dates,
            "done": line.done,
            "skipped": skipped,
            "possible": line.possible(),
            "coverage": line.share(),
            "rows": line.rows,
        })
    };
    let (done, possible) = totals(lines);
    json!({ "lines": lines.iter().map(line).collect::<Vec<_>>(), "done": done, "possible": possible })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_whole_is_shown_as_a_hundred() {
        let cases = [(None, "-"), (Some(0.0), "0.0 %"), (Some(0.9999), "99.9 %"), (Some(1.0), "100.0 %")];
        for (share, expected) in cases {
            assert_eq!(percent(share), expected);
        }
        assert_eq!(bar(Some(0.9999)).chars().filter(|c| *c == '█').count(), BAR_WIDTH - 1);
    }
}
