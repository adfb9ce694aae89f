//! `tidegate check`: what the gates say of a range of dates, and what the checks behind them found. Reads only;
//! works while another process has the home open. Decides nothing: the gates did when the dates were made.

mod render;
mod survey;

use clap::Args;
use serde_json::Value;

use super::assemble;
use super::ending::Ending;
use super::selection;
use super::settings::Settings;
use super::source::SourceOptions;
use crate::fleet::Engine;
use crate::flow::{DatasetName, Date};
use survey::{survey, survey_of};

const EXAMPLES: &str = "\
Examples:
  tidegate check nba
  tidegate check nba --from 2024-01-01 --to 2024-01-31
  tidegate check nba --json

Each gate says GO or NO-GO for each date, by checks that block; checks that warn hold nothing. A NO-GO is a dead
letter: mend what it names, or accept it. Exit code 0 where every date of the range has passed every gate (or is
skipped for a reason, or was accepted by a person), 1 where one is NO-GO, held, or was never computed.";

/// Options of `tidegate check`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Options {
    /// The pipeline [default: the one of the home]
    pipeline: Option<String>,
    /// First date, YYYY-MM-DD [default: the first that the source has]
    #[arg(long, value_name = "DATE")]
    from: Option<Date>,
    /// Last date, itself included [default: today, or the last that the source has]
    #[arg(long, value_name = "DATE")]
    to: Option<Date>,
    #[command(flatten)]
    source: SourceOptions,
}

/// Does it.
pub(super) async fn run(options: Options, settings: &Settings) -> anyhow::Result<Ending> {
    assemble::must_exist(&settings.home)?;
    let assemble::View { engine, today } =
        assemble::view(settings, options.pipeline.as_deref(), &options.source).await?;
    let (from, to) = selection::range(engine.calendar(), today.date(), options.from, options.to)?;
    let survey = survey(&engine, engine.calendar().between(from, to)).await?;
    settings.print(&render::text(&survey), || render::json(&survey));
    Ok(if survey.all_go() { Ending::AllDone } else { Ending::NoGo })
}

/// What the gates among these datasets say of one date, for people and for machines: for whoever has just had the
/// date made.
pub(super) async fn verdicts(
    engine: &Engine,
    at: usize,
    datasets: &[DatasetName],
) -> anyhow::Result<(String, Value)> {
    let survey = survey_of(engine, at..at + 1, |gate| datasets.contains(&gate)).await?;
    Ok((render::verdicts(&survey), render::verdicts_json(&survey)))
}
