//! `tidegate backfill`: a run over a range of dates that is named, on the backfill lane.

use clap::Args;

use super::console::Console;
use super::ending::Ending;
use super::run as whole;
use super::selection::Selection;
use super::settings::Settings;
use super::source::SourceOptions;
use crate::flow::Date;

const EXAMPLES: &str = "\
Examples:
  tidegate backfill nba --from 2023-10-24 --to 2024-06-17
  tidegate backfill nba --from 2024-01-26 --to 2024-01-26 --only player_daily_cache --force";

/// Options of `tidegate backfill`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Options {
    /// The pipeline
    pipeline: String,
    /// First date, YYYY-MM-DD
    #[arg(long, value_name = "DATE")]
    from: Date,
    /// Last date, itself included
    #[arg(long, value_name = "DATE")]
    to: Date,
    /// Only these datasets, and what they lack upstream; with or without `nba.`
    #[arg(long, value_name = "DATASET", num_args = 1.., value_delimiter = ',')]
    only: Vec<String>,
    /// Compute everything asked for anew, and try dead letters again
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    source: SourceOptions,
}

/// Does it.
pub(super) async fn run(options: Options, settings: &Settings, console: &Console) -> anyhow::Result<Ending> {
    let Options { pipeline, from, to, only, force, source } = options;
    let selection = Selection { from: Some(from), to: Some(to), only, force };
    whole::run(whole::Options { pipeline, source, selection }, settings, console).await
}
