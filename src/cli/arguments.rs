//! The command line as clap reads it. Each subcommand's options are declared in its own file; here are
//! the list of subcommands and what they have in common. Does nothing with what it reads.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::{
    backfill, bench, bigquery, broker, check, coverage, dead_letters, doctor, fetch, gate, leaderboard,
    model, plan, query, run, scheduler, serve, sink, status, topology, train, why, worker,
};

const EXAMPLES: &str = "\
Examples:
  tidegate run nba --simulate                    two invented seasons through the whole cascade
  tidegate run nba --landing data/nba            every date that the landing zone has
  tidegate coverage                              what share of the dates is done
  tidegate why nba.ml_feature_store 2024-01-26   why a date is, or is not, done
  tidegate dead-letters list                     what failed for good, and why

Exit codes: 0 all done; 1 failed or interrupted; 2 wrong usage; 3 finished, but dead letters or held
dates remain. Environment: TIDEGATE_HOME, TIDEGATE_LOG, TIDEGATE_LOG_FORMAT stand in for the options.";

/// An event-driven worker fleet for data that arrives by date.
#[derive(Debug, Parser)]
#[command(name = "tidegate", version, about, after_help = EXAMPLES, arg_required_else_help = true)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// Options of every subcommand.
#[derive(Debug, Args)]
pub(super) struct Global {
    /// Directory of all state: lake, ledger, messages [default: .tidegate]
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) home: Option<PathBuf>,
    /// Print one JSON document on standard output instead of text
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// What to log on standard error: error, warn, info, debug, or a filter such as tidegate::fleet=debug [default: warn]
    #[arg(long, global = true, value_name = "FILTER")]
    pub(super) log: Option<String>,
    /// How to log
    #[arg(long, global = true, value_enum, value_name = "FORMAT")]
    pub(super) log_format: Option<LogFormat>,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Command {
    /// As what a process that does it is known to whoever follows a date through several of them.
    pub(super) fn service(&self) -> &'static str {
        match self {
            Self::Worker(_) => "tidegate-worker",
            Self::Gate(_) => "tidegate-gate",
            Self::Scheduler(_) => "tidegate-scheduler",
            Self::Sink(_) => "tidegate-sink",
            Self::Run(_)
            | Self::Backfill(_)
            | Self::Fetch(_)
            | Self::Serve(_)
            | Self::Bigquery(_)
            | Self::Doctor(_)
            | Self::Plan(_)
            | Self::Status(_)
            | Self::Why(_)
            | Self::Check(_)
            | Self::Coverage(_)
            | Self::DeadLetters(_)
            | Self::Train(_)
            | Self::Model(_)
            | Self::Leaderboard(_)
            | Self::Query(_)
            | Self::Topology(_)
            | Self::Broker(_)
            | Self::Bench(_) => "tidegate-client",
        }
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Bring a pipeline up to date and wait until it is
    Run(run::Options),
    /// The same for a range of dates that is named
    Backfill(backfill::Options),
    /// Bring payloads of the public service into a landing zone
    Fetch(fetch::Options),
    /// Keep the fleet running: do what arrives in the landing zone until stopped
    Serve(serve::Options),
    /// Of a cloud home: carry out work orders until stopped
    Worker(worker::Options),
    /// Of a cloud home: find out what is ready and send work orders until stopped
    Gate(gate::Options),
    /// Of a cloud home: open the days, submit what is new, and send again what was lost
    Scheduler(scheduler::Options),
    /// Keep BigQuery equal to the lake of a cloud home
    Sink(sink::Options),
    /// Show how far BigQuery is behind the lake, or compare the two
    Bigquery(bigquery::Options),
    /// Look at all that a home stands on, and say how to mend what is not as it should be
    Doctor(doctor::Options),
    /// Show which tasks a run would have, and why
    Plan(plan::Options),
    /// Show runs, tasks and dead letters
    Status(status::Options),
    /// Explain why a unit is done, skipped, waiting, held or dead, down to the root
    Why(why::Options),
    /// Show what the gates say of each date, GO or NO-GO, and what the checks behind them found
    Check(check::Options),
    /// Show what share of the game dates is done, by season and dataset
    Coverage(coverage::Options),
    /// List, show, replay or accept what failed for good
    DeadLetters(dead_letters::Options),
    /// Train the model of a date, beside those that come once a month
    Train(train::Options),
    /// Show a trained model's figures, or write it and its report as files
    Model(model::Options),
    /// Show how well each prediction system did, month by month
    Leaderboard(leaderboard::Options),
    /// Ask SQL questions of every dataset in the lake
    Query(query::Options),
    /// Show the topics and subscriptions, or draw the cascade
    Topology(topology::Options),
    /// Run the Pub/Sub server alone, for any Pub/Sub client
    Broker(broker::Options),
    /// Measure what the machinery costs, as ratios in one run
    Bench(bench::Options),
}
