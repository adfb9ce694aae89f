//! Spans on their way to a collector, in OpenTelemetry's protocol (OTLP over gRPC). They wait in a bounded queue; what
//! does not fit, or what a collector does not take, is lost and no work waits for it. Decides nothing about which
//! traces are sampled: what comes here is told.

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::{SpanId, TraceId, TracerProvider};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkError;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, IdGenerator, RandomIdGenerator, Sampler, SdkTracerProvider,
};
use tracing::{Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::LookupSpan;

use crate::fleet::numbers_given;

/// Spans that wait for a collector: what a day of forty processors makes, many times over, at about a kilobyte each.
const WAITING_MAX: usize = 16_384;

/// Where spans go, and from whom they come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtlpConfig {
    /// The collector: `http://collector:4317`.
    pub endpoint: String,
    /// The name of this service: `tidegate-worker`.
    pub service: String,
}

/// Why spans cannot be sent there.
#[derive(Debug, thiserror::Error)]
#[error("spans cannot be sent to {endpoint}: {reason}")]
pub struct OtlpError {
    /// The collector.
    pub endpoint: String,
    /// What is wrong with it.
    pub reason: ExporterBuildError,
}

/// Sends spans until it is told to finish.
#[derive(Debug)]
pub struct Otlp {
    provider: SdkTracerProvider,
}

impl Otlp {
    /// Begins. Connects when the first spans are sent, from the runtime in which this is called.
    pub fn start(config: OtlpConfig) -> Result<Self, OtlpError> {
        let OtlpConfig { endpoint, service } = config;
        let exporter = SpanExporter::builder().with_tonic().with_endpoint(&endpoint).build();
        let exporter = exporter.map_err(|reason| OtlpError { endpoint, reason })?;
        let queue = BatchConfigBuilder::default().with_max_queue_size(WAITING_MAX).build();
        let resource = Resource::builder()
            .with_service_name(service)
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .with_attribute(KeyValue::new("process.pid", i64::from(std::process::id())));
        let provider = SdkTracerProvider::builder()
            .with_span_processor(BatchSpanProcessor::builder(exporter).with_batch_config(queue).build())
            .with_sampler(Sampler::AlwaysOn)
            .with_id_generator(Numbers::default())
            .with_resource(resource.build());
        Ok(Self { provider: provider.build() })
    }

    /// What takes the fleet's spans, and the lines of its log as events on them.
    pub fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer("tidegate"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(Targets::new().with_target("tidegate", Level::INFO))
    }

    /// Sends what waits, within a limit. To be called from outside the runtime, while it is there.
    pub fn finish(&self, limit: Duration) -> Result<(), OTelSdkError> {
        self.provider.shutdown_with_timeout(limit)
    }
}

/// Numbers of traces and spans: the given ones, else random ones.
#[derive(Debug, Default)]
struct Numbers(RandomIdGenerator);

impl IdGenerator for Numbers {
    fn new_trace_id(&self) -> TraceId {
        numbers_given().map_or_else(|| self.0.new_trace_id(), |(trace, _)| TraceId::from(trace))
    }

    fn new_span_id(&self) -> SpanId {
        numbers_given().map_or_else(|| self.0.new_span_id(), |(_, span)| SpanId::from(span))
    }
}
