//! A collector of spans, as a server of OTLP over gRPC in this process: takes what is exported to it and remembers it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tonic::{Request, Response, Status};

/// A span, as it was told.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) service: String,
    pub(crate) name: String,
    pub(crate) kind: SpanKind,
    pub(crate) trace: Vec<u8>,
    pub(crate) id: Vec<u8>,
    /// Empty of a span that comes first.
    pub(crate) parent: Vec<u8>,
    /// Traces and spans.
    pub(crate) links: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) attributes: BTreeMap<String, String>,
    /// Why it failed, if it did.
    pub(crate) error: Option<String>,
}

impl Told {
    /// An attribute; empty where there is none.
    pub(crate) fn of(&self, attribute: &str) -> &str {
        self.attributes.get(attribute).map_or("", String::as_str)
    }
}

/// The collector.
pub(crate) struct Collector {
    pub(crate) endpoint: String,
    told: Arc<Mutex<Vec<Told>>>,
    _server: JoinSet<()>,
}

impl Collector {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let told: Arc<Mutex<Vec<Told>>> = Arc::default();
        let service = TraceServiceServer::new(Taking(Arc::clone(&told)));
        let mut server = JoinSet::new();
        server.spawn(async move {
            let incoming = TcpListenerStream::new(listener);
            Server::builder().add_service(service).serve_with_incoming(incoming).await.expect("it serves");
        });
        Self { endpoint, told, _server: server }
    }

    /// All that it was told so far.
    pub(crate) fn told(&self) -> Vec<Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

struct Taking(Arc<Mutex<Vec<Told>>>);

#[tonic::async_trait]
impl TraceService for Taking {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        for of_resource in request.into_inner().resource_spans {
            let resource =
                attributes(of_resource.resource.map(|resource| resource.attributes).unwrap_or_default());
            let spans = of_resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
            let told =
                spans.map(|span| told(span, resource.get("service.name").cloned().unwrap_or_default()));
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(told);
        }
        Ok(Response::new(ExportTraceServiceResponse { partial_success: None }))
    }
}

fn told(span: Span, service: String) -> Told {
    Told {
        service,
        kind: span.kind(),
        name: span.name,
        trace: span.trace_id,
        id: span.span_id,
        parent: span.parent_span_id,
        links: span.links.into_iter().map(|link| (link.trace_id, link.span_id)).collect(),
        attributes: attributes(span.attributes),
        error: span.status.filter(|status| status.code() == StatusCode::Error).map(|status| status.message),
    }
}

fn attributes(of: Vec<KeyValue>) -> BTreeMap<String, String> {
    let text = |value: Option<Value>| match value {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    };
    of.into_iter().map(|pair| (pair.key, text(pair.value.and_then(|value| value.value)))).collect()
}
