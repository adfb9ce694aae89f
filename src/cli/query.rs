//! `tidegate query`: SQL over every dataset of the lake, as it lies on the disk. Reads only; works while
//! another process has the home open.

use std::io;

use anyhow::Context;
use clap::Args;

use super::assemble;
use super::ending::{Ending, wrong_usage};
use super::query_output::{QueryFormat, QueryOutput};
use super::settings::Settings;
use crate::adapters::query::{LakeSql, QueryError};
use crate::flow::Processor;

const EXAMPLES: &str = "\
Examples:
  tidegate query \"SELECT count(*), sum(points) FROM nba.player_game_summary\"
  tidegate query \"SELECT * FROM nba.ml_feature_store WHERE game_date = '2024-01-26'\" --format csv

Every dataset with rows is a table: nba.player_game_summary, nba.ml_feature_store and so on. The SQL is that of
SQLite. A condition on game_date reads only those dates.";

/// Options of `tidegate query`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Options {
    /// One statement that reads
    sql: String,
    /// How the result is printed; --json is the same as --format json
    #[arg(long, value_enum, default_value_t)]
    format: QueryFormat,
}

/// Does it.
pub(super) async fn run(options: Options, settings: &Settings) -> anyhow::Result<Ending> {
    print(options.sql, options.format, settings).await
}

/// Prints what one statement reads from the home's lake.
pub(super) async fn print(sql: String, format: QueryFormat, settings: &Settings) -> anyhow::Result<Ending> {
    let pipeline = assemble::pipeline(None, &settings.home)?;
    assemble::must_exist(&settings.home)?;
    if settings.home.is_cloud() {
        return Err(wrong_usage(
            "the lake of a cloud home is on Cloud Storage, where this command does not read: ask BigQuery, whose \
             tables the sink keeps equal to it (bq query), or read the Parquet files of the bucket",
        ));
    }
    let datasets: Vec<_> = pipeline.processors.iter().filter_map(Processor::table).collect();
    let format = if settings.json { QueryFormat::Json } else { format };
    let lake = settings.home.lake();
    let work = move || {
        let lake = LakeSql::open(&lake, &datasets)?;
        let mut output = QueryOutput::new(io::BufWriter::new(io::stdout().lock()), format);
        lake.run(&sql, &mut output)?;
        output.finish().map_err(QueryError::Output)?;
        Ok(())
    };
    match tokio::task::spawn_blocking(work).await.context("the query panicked")? {
        Ok(()) => Ok(Ending::AllDone),
        // A reader that has closed the pipe (`| head`) has read what it wanted.
        Err(QueryError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Ending::AllDone),
        Err(
            error @ (QueryError::Sql(_)
            | QueryError::UnknownTable { .. }
            | QueryError::NotReadOnly(_)
            | QueryError::SeveralStatements),
        ) => Err(wrong_usage(error.to_string())),
        Err(error @ (QueryError::File(_) | QueryError::Output(_))) => Err(anyhow::Error::new(error)),
    }
}
