//! `tidegate broker`: the Pub/Sub server alone, durable in a directory, for any Pub/Sub client.
//! Says how a client is pointed at it, and runs until it is stopped.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use super::console::Console;
use super::ending::Ending;
use super::signals::Signals;
use crate::broker::{BrokerConfig, Server};

const EXAMPLES: &str = "\
Examples:
  tidegate broker --listen 127.0.0.1:8085 --dir broker-data
  PUBSUB_EMULATOR_HOST=127.0.0.1:8085 your-program    for clients that know this variable";

/// Options of `tidegate broker`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Options {
    /// Address and port; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8085")]
    listen: SocketAddr,
    /// Directory of its log
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
}

/// Does it.
pub(super) async fn run(options: Options, console: &Console) -> anyhow::Result<Ending> {
    let mut signals = Signals::listen()?;
    let config = BrokerConfig::durable(&options.dir, options.listen)?;
    let server = Server::start(config).await.context("the Pub/Sub server did not start")?;
    let address = server.local_addr();
    console.line(&format!(
        "google.pubsub.v1 (gRPC and REST) on {address}, durable in {}; Ctrl-C stops\n\
         clients that know it: PUBSUB_EMULATOR_HOST={address}\n\
         others: endpoint {} without credentials",
        options.dir.display(),
        server.endpoint()
    ));
    signals.next().await;
    tokio::select! {
        stopped = server.shutdown() => stopped.context("the server's log was not written to its end")?,
        () = signals.next() => {}
    }
    Ok(Ending::AllDone)
}
