//! What a person types. One file a subcommand; `settings.rs` reads the environment, `assemble.rs` puts
//! the parts together. May import every room; nothing but `main.rs` imports this one. Errors are `anyhow`
//! only here: what happened, where, and what to do.

mod arguments;
mod assemble;
mod backfill;
mod bars;
mod bench;
mod bigquery;
mod broker;
mod check;
mod cloud;
mod cloud_settings;
mod completion;
mod console;
mod coverage;
mod dead_letters;
mod doctor;
mod embedded;
mod ending;
mod fetch;
mod fleet_figures;
mod follow;
mod gate;
mod home;
mod leaderboard;
mod log_line;
mod model;
mod plan;
mod query;
mod query_output;
mod role;
mod run;
mod scheduler;
mod selection;
mod serve;
mod settings;
mod signals;
mod sink;
mod source;
mod status;
mod summary;
mod table;
mod telemetry;
mod topology;
mod traces;
mod train;
mod upstream;
mod why;
mod worker;

use std::process::ExitCode;

use clap::Parser;

pub use embedded::Embedded;

use arguments::{Arguments, Command, LogFormat};
use console::Console;
use ending::Ending;
use settings::Settings;
use traces::Traces;

/// Reads the arguments, does what they say, and answers with the exit code: 0 all done, 1 failed, 2 wrong
/// usage, 3 finished but dead letters or held dates remain.
#[must_use]
pub fn run() -> ExitCode {
    // Two providers of TLS come in through the clients; whoever asks for the default must find one. Another one that
    // is there already is as good.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let Arguments { global, command } = Arguments::parse();
    let settings = match Settings::of(global) {
        Ok(settings) => settings,
        Err(error) => return ending::report(&error, LogFormat::Text),
    };
    match within_a_runtime(command, &settings) {
        Ok(ending) => ending.exit_code(),
        Err(error) => ending::report(&error, settings.log_format),
    }
}

fn within_a_runtime(command: Command, settings: &Settings) -> anyhow::Result<Ending> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let traces = Traces::start(settings, command.service(), &runtime)?;
    let console = Console::start(settings, &traces)?;
    let outcome = runtime.block_on(carry_out(command, settings, &console));
    traces.finish();
    outcome
}

async fn carry_out(command: Command, settings: &Settings, console: &Console) -> anyhow::Result<Ending> {
    match command {
        Command::Run(options) => run::run(options, settings, console).await,
        Command::Backfill(options) => backfill::run(options, settings, console).await,
        Command::Fetch(options) => fetch::run(options, settings, console).await,
        Command::Serve(options) => serve::run(options, settings, console).await,
        Command::Worker(options) => worker::run(options, settings, console).await,
        Command::Gate(options) => gate::run(options, settings, console).await,
        Command::Scheduler(options) => scheduler::run(options, settings, console).await,
        Command::Sink(options) => sink::run(options, settings, console).await,
        Command::Bigquery(options) => bigquery::run(options, settings).await,
        Command::Doctor(options) => doctor::run(options, settings, console).await,
        Command::Plan(options) => plan::run(options, settings).await,
        Command::Status(options) => status::run(options, settings).await,
        Command::Why(options) => why::run(options, settings).await,
        Command::Check(options) => check::run(options, settings).await,
        Command::Coverage(options) => coverage::run(options, settings).await,
        Command::DeadLetters(options) => dead_letters::run(options, settings, console).await,
        Command::Train(options) => train::run(options, settings, console).await,
        Command::Model(options) => model::run(options, settings).await,
        Command::Leaderboard(options) => leaderboard::run(options, settings).await,
        Command::Query(options) => query::run(options, settings).await,
        Command::Topology(options) => topology::run(&options, settings),
        Command::Broker(options) => broker::run(options, console).await,
        Command::Bench(options) => bench::run(options, settings).await,
    }
}
