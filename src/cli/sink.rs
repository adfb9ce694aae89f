//! `tidegate sink`: keeps BigQuery equal to the lake of a cloud home until a signal comes. Needs neither the lake nor the
//! landing zone: BigQuery reads the files itself. One is enough; two find each other's jobs by their names.

use std::sync::Arc;

use anyhow::Context;
use clap::Args;

use super::assemble;
use super::bigquery;
use super::cloud;
use super::cloud_settings::CloudSettings;
use super::console::Console;
use super::ending::Ending;
use super::role;
use super::settings::Settings;
use super::signals::Signals;
use super::telemetry::{Phase, Telemetry};
use crate::adapters::pubsub::PubsubSubscriber;
use crate::fleet::SystemClock;
use crate::fleet::sink::{Sink, SinkPorts};

const EXAMPLES: &str = "\
Examples:
  tidegate sink --home /etc/tidegate
  tidegate sink --home /etc/tidegate --once     load what lags, and end

`tidegate bigquery status` says how far it is, and what holds it up.";

/// Options of `tidegate sink`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Options {
    /// End when BigQuery is equal to the lake
    #[arg(long)]
    once: bool,
}

/// Does it.
pub(super) async fn run(options: Options, settings: &Settings, console: &Console) -> anyhow::Result<Ending> {
    let cloud_settings = role::settings(settings, "sink")?;
    let mut signals = Signals::listen()?;
    let telemetry = Telemetry::start("sink", cloud_settings.telemetry).await?;
    telemetry.phase(Phase::Starting);
    let (mut sink, subscriber) = tokio::select! {
        begun = begin(&cloud_settings, &telemetry) => begun?,
        () = signals.next() => return Ok(Ending::AllDone),
    };
    telemetry.phase(Phase::Running);
    console.line(&format!(
        "sink of {}; health and metrics at http://{}; Ctrl-C or SIGTERM stops",
        settings.home.root().display(),
        telemetry.address()
    ));
    let ended = tokio::select! {
        ended = watch(&mut sink, options.once) => ended,
        () = signals.next() => Ok(()),
    };
    telemetry.phase(Phase::Stopping);
    sink.stop().await;
    cloud::settle(&subscriber).await;
    ended.map(|()| Ending::AllDone)
}

async fn begin(
    settings: &CloudSettings,
    telemetry: &Telemetry,
) -> anyhow::Result<(Sink, Arc<PubsubSubscriber>)> {
    let pipeline = assemble::named(&settings.pipeline)?;
    let cascade = assemble::cascade(pipeline)?;
    let warehouse = bigquery::warehouse(settings, &cascade).await?;
    cloud::make_topology(settings).await?;
    let ledger = cloud::ledger(settings, &assemble::datasets(pipeline)).await?;
    let subscriber = cloud::subscriber(settings).await?;
    let ports = SinkPorts {
        ledger: Arc::clone(&ledger),
        warehouse,
        subscriber: Arc::clone(&subscriber) as _,
        clock: Arc::new(SystemClock),
    };
    let sink = Sink::start(ports, &cascade, settings.bigquery()?.limits.clone()).await?;
    telemetry.watch_sink(ledger, sink.lag());
    Ok((sink, subscriber))
}

/// Comes back when the sink has failed, or, where that is all that is asked, when nothing lags.
async fn watch(sink: &mut Sink, once: bool) -> anyhow::Result<()> {
    if once {
        let level = sink.level();
        tokio::select! {
            failure = sink.failed() => {
                Err(failure).context("the sink gives up: the ledger or the Pub/Sub server has failed")
            }
            () = level => Ok(()),
        }
    } else {
        Err(sink.failed().await).context("the sink gives up: the ledger or the Pub/Sub server has failed")
    }
}
