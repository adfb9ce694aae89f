//! The traces of a process on a cloud home, as its settings say: none, unless they name a collector. A home of one
//! machine has none. Everything about the spans themselves is the fleet's.

use std::time::Duration;

use tokio::runtime::Runtime;
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::registry::LookupSpan;

use super::cloud;
use super::settings::Settings;
use crate::adapters::otlp::{Otlp, OtlpConfig};

/// How long the last spans may take to reach the collector when a process ends.
const FINISH: Duration = Duration::from_secs(5);

/// What this process tells of itself in traces.
pub(super) struct Traces {
    otlp: Option<Otlp>,
    /// The project whose traces they are.
    pub(super) project: Option<String>,
}

impl Traces {
    /// Begins, if the home has settings and they name a collector. Settings that cannot be read are the command's
    /// affair, which reads them again.
    pub(super) fn start(settings: &Settings, service: &str, runtime: &Runtime) -> anyhow::Result<Self> {
        let found = settings.home.is_cloud().then(|| cloud::settings(&settings.home).ok()).flatten();
        let Some(found) = found else { return Ok(Self { otlp: None, project: None }) };
        let _within = runtime.enter();
        let start = |traces: super::cloud_settings::TracesSettings| {
            Otlp::start(OtlpConfig { endpoint: traces.endpoint, service: service.to_owned() })
        };
        Ok(Self { otlp: found.traces.map(start).transpose()?, project: Some(found.pubsub.project) })
    }

    /// What takes the spans; none where nobody does.
    pub(super) fn layer<S>(&self) -> Option<impl Layer<S> + Send + Sync + use<S>>
    where
        S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
    {
        self.otlp.as_ref().map(Otlp::layer)
    }

    /// Sends what waits. Called after all work has ended, from outside the runtime.
    pub(super) fn finish(&self) {
        if let Some(Err(error)) = self.otlp.as_ref().map(|otlp| otlp.finish(FINISH)) {
            tracing::warn!(%error, "the last spans did not reach the collector");
        }
    }
}
