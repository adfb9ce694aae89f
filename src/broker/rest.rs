//! The REST/JSON face: every call of the API, by the routes that its proto files declare (`google.api.http`), turned
//! into the gRPC call of the same name. Knows no resource and no rule: the answer and the errors are gRPC's.

use super::api;
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use prost_reflect::{
    DescriptorPool, DynamicMessage, MessageDescriptor, MethodDescriptor, SerializeOptions, Value,
};
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;
use tonic::{Code, Status};
use tower::Service;

/// Adds the REST routes to a router that has the gRPC services.
pub(super) fn beside(grpc: Router) -> Router {
    let routes = Arc::new(routes());
    let inner = grpc.clone();
    grpc.fallback(move |request: Request| {
        let (routes, inner) = (routes.clone(), inner.clone());
        async move { answer(&routes, inner, request).await }
    })
}

/// One HTTP binding of one call.
#[derive(Debug)]
struct Route {
    verb: Method,
    segments: Vec<Segment>,
    /// What follows a colon at the end, as in `:publish`.
    custom: Option<String>,
    has_body: bool,
    path: String,
    input: MessageDescriptor,
    output: MessageDescriptor,
}

/// One part of a path between slashes; a variable may span several.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Segment {
    /// The literal text, or anything.
    literal: Option<String>,
    /// The request's field that it belongs to.
    field: Option<String>,
}

fn routes() -> Vec<Route> {
    let pool = DescriptorPool::decode(api::DESCRIPTORS).expect("the build script wrote the descriptors");
    let rule =
        pool.get_extension_by_name("google.api.http").expect("the API imports google/api/annotations.proto");
    let mut routes = Vec::new();
    for method in pool.services().flat_map(|service| service.methods().collect::<Vec<_>>()) {
        let options = method.options();
        let Value::Message(rule) = options.get_extension(&rule).into_owned() else {
            continue;
        };
        routes.extend(route(&method, &rule));
    }
    routes
}

fn route(method: &MethodDescriptor, rule: &DynamicMessage) -> Option<Route> {
    let verbs = [
        ("get", Method::GET),
        ("put", Method::PUT),
        ("post", Method::POST),
        ("delete", Method::DELETE),
        ("patch", Method::PATCH),
    ];
    let text =
        |field: &str| rule.get_field_by_name(field).and_then(|value| value.as_str().map(str::to_owned));
    let (template, verb) = verbs.into_iter().find_map(|(field, verb)| {
        text(field).filter(|template| !template.is_empty()).map(|template| (template, verb))
    })?;
    let (template, custom) = match template.rsplit_once(':') {
        Some((template, custom)) => (template.to_owned(), Some(custom.to_owned())),
        None => (template, None),
    };
    Some(Route {
        verb,
        segments: segments(&template),
        custom,
        has_body: text("body").is_some_and(|body| !body.is_empty()),
        path: format!("/{}/{}", method.parent_service().full_name(), method.name()),
        input: method.input(),
        output: method.output(),
    })
}

/// `/v1/{topic=projects/*/topics/*}/subscriptions` as its parts.
fn segments(template: &str) -> Vec<Segment> {
    let mut segments = Vec::new();
    let mut field: Option<String> = None;
    for part in template.trim_start_matches('/').split('/') {
        let mut text = part;
        if let Some(opened) = text.strip_prefix('{') {
            let (name, rest) = opened.split_once('=').unwrap_or((opened.trim_end_matches('}'), "*"));
            field = Some(name.to_owned());
            text = rest;
        }
        let bare = text.trim_end_matches('}');
        let literal = (bare != "*").then(|| bare.to_owned());
        segments.push(Segment { literal, field: field.clone() });
        if part.ends_with('}') {
            field = None;
        }
    }
    segments
}

impl Route {
    /// The fields that the path gives, if it is one of this route.
    fn matched(&self, path: &str) -> Option<Vec<(String, String)>> {
        let path = match &self.custom {
            Some(custom) => path.strip_suffix(custom.as_str())?.strip_suffix(':')?,
            None => path,
        };
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        if parts.len() != self.segments.len() {
            return None;
        }
        let mut fields: Vec<(String, String)> = Vec::new();
        for (segment, part) in self.segments.iter().zip(parts) {
            let part = percent_decoded(part)?;
            if segment.literal.as_ref().is_some_and(|literal| *literal != part) {
                return None;
            }
            let Some(field) = &segment.field else {
                continue;
            };
            match fields.last_mut() {
                Some((name, value)) if name == field => {
                    value.push('/');
                    value.push_str(&part);
                }
                _ => fields.push((field.clone(), part)),
            }
        }
        Some(fields)
    }
}

async fn answer(routes: &[Route], grpc: Router, request: Request) -> Response {
    let content_type =
        request.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    if content_type.starts_with(b"application/grpc") {
        return unserved(request.uri().path()).into_http::<Body>();
    }
    transcoded(routes, grpc, request).await.unwrap_or_else(|status| refused(&status))
}

async fn transcoded(routes: &[Route], grpc: Router, request: Request) -> Result<Response, Status> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    let found = routes.iter().filter(|route| route.verb == parts.method);
    let Some((route, fields)) = found.filter_map(|route| Some((route, route.matched(path)?))).next() else {
        return Err(Status::not_found(format!("no call answers to {} {path}", parts.method)));
    };
    let body = to_bytes(body, super::limits::REQUEST_BYTES_MAX)
        .await
        .map_err(|error| Status::invalid_argument(format!("the request's body cannot be read: {error}")))?;
    let mut message = if route.has_body { parsed(&body)? } else { Map::new() };
    let query = Query::read(parts.uri.query().unwrap_or_default())?;
    if !route.has_body {
        for (name, value) in query.fields {
            place(&mut message, &name, value);
        }
    }
    for (name, value) in fields {
        place(&mut message, &name, value);
    }
    let input = DynamicMessage::deserialize(route.input.clone(), Json::Object(message))
        .map_err(|error| Status::invalid_argument(format!("Invalid JSON payload received. {error}")))?;
    let output = called(grpc, route, &input).await?;
    let options = SerializeOptions::new().use_enum_numbers(query.enum_numbers);
    let json = output
        .serialize_with_options(serde_json::value::Serializer, &options)
        .map_err(|error| Status::internal(format!("the answer has no JSON form: {error}")))?;
    Ok(axum::Json(json).into_response())
}

/// The gRPC call of a route, inside this process.
async fn called(mut grpc: Router, route: &Route, input: &DynamicMessage) -> Result<DynamicMessage, Status> {
    let body = prost::Message::encode_to_vec(input);
    let mut framed = Vec::with_capacity(body.len() + FRAME_BYTES);
    framed.push(0);
    framed.extend_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes());
    framed.extend_from_slice(&body);
    let request = Request::builder()
        .method(Method::POST)
        .uri(&route.path)
        .header(header::CONTENT_TYPE, "application/grpc")
        .header(header::TE, "trailers")
        .body(Body::from(framed))
        .map_err(|error| Status::internal(error.to_string()))?;
    let Ok(response) = grpc.call(request).await;
    if let Some(status) = Status::from_header_map(response.headers())
        && status.code() != Code::Ok
    {
        // Without words it is the router's: the call belongs to a service that is not there, such as schemas.
        let wordless = status.code() == Code::Unimplemented && status.message().is_empty();
        return Err(if wordless { unserved(&route.path) } else { status });
    }
    let framed = to_bytes(response.into_body(), usize::MAX)
        .await
        .map_err(|error| Status::internal(error.to_string()))?;
    let body = framed.get(FRAME_BYTES..).ok_or_else(|| Status::internal("the call gave no answer"))?;
    DynamicMessage::decode(route.output.clone(), body).map_err(|error| Status::internal(error.to_string()))
}

fn unserved(path: &str) -> Status {
    Status::unimplemented(format!("{} is not served by this server", path.trim_start_matches('/')))
}

/// Bytes before each message of a gRPC body: a flag and the length.
const FRAME_BYTES: usize = 5;

fn parsed(body: &Bytes) -> Result<Map<String, Json>, Status> {
    if body.is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(body) {
        Ok(Json::Object(message)) => Ok(message),
        Ok(_) => Err(Status::invalid_argument("Invalid JSON payload received. The body must be an object")),
        Err(error) => Err(Status::invalid_argument(format!("Invalid JSON payload received. {error}"))),
    }
}

/// Puts a value at a dotted path of proto field names, whatever the body said there.
fn place(message: &mut Map<String, Json>, path: &str, value: String) {
    match path.split_once('.') {
        None => drop(message.insert(path.to_owned(), Json::String(value))),
        Some((head, rest)) => {
            let inner = message.entry(head).or_insert_with(|| json!({}));
            if let Json::Object(inner) = inner {
                place(inner, rest, value);
            }
        }
    }
}

/// The query of a URI: fields of the request, and how the answer is to look.
struct Query {
    fields: Vec<(String, String)>,
    enum_numbers: bool,
}

impl Query {
    fn read(query: &str) -> Result<Query, Status> {
        /// Parameters of every Google API that are no fields of the request.
        const SYSTEM: [&str; 9] = [
            "alt",
            "key",
            "fields",
            "prettyPrint",
            "quotaUser",
            "access_token",
            "oauth_token",
            "callback",
            "upload_protocol",
        ];
        let mut read = Query { fields: Vec::new(), enum_numbers: false };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decoded = |text: &str| percent_decoded(&text.replace('+', " "));
            let (Some(name), Some(value)) = (decoded(name), decoded(value)) else {
                return Err(Status::invalid_argument(format!("`{pair}` is not percent-encoded UTF-8")));
            };
            if name == "$alt" || name == "alt" {
                read.enum_numbers |= value.contains("enum-encoding=int");
            } else if !name.starts_with('$') && !SYSTEM.contains(&name.as_str()) {
                read.fields.push((name, value));
            }
        }
        Ok(read)
    }
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = || u8::from_str_radix(std::str::from_utf8(after.get(..2)?).ok()?, 16).ok();
        match (first, hex()) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

/// An error as Google's REST APIs answer it.
fn refused(status: &Status) -> Response {
    let (http, name) = http_status(status.code());
    let error = json!({ "error": { "code": http.as_u16(), "message": status.message(), "status": name } });
    (http, axum::Json(error)).into_response()
}

/// The mapping of `google/rpc/code.proto`.
fn http_status(code: Code) -> (StatusCode, &'static str) {
    match code {
        Code::Ok => (StatusCode::OK, "OK"),
        Code::Cancelled => (StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST), "CANCELLED"),
        Code::Unknown => (StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN"),
        Code::InvalidArgument => (StatusCode::BAD_REQUEST, "INVALID_ARGUMENT"),
        Code::DeadlineExceeded => (StatusCode::GATEWAY_TIMEOUT, "DEADLINE_EXCEEDED"),
        Code::NotFound => (StatusCode::NOT_FOUND, "NOT_FOUND"),
        Code::AlreadyExists => (StatusCode::CONFLICT, "ALREADY_EXISTS"),
        Code::PermissionDenied => (StatusCode::FORBIDDEN, "PERMISSION_DENIED"),
        Code::ResourceExhausted => (StatusCode::TOO_MANY_REQUESTS, "RESOURCE_EXHAUSTED"),
        Code::FailedPrecondition => (StatusCode::BAD_REQUEST, "FAILED_PRECONDITION"),
        Code::Aborted => (StatusCode::CONFLICT, "ABORTED"),
        Code::OutOfRange => (StatusCode::BAD_REQUEST, "OUT_OF_RANGE"),
        Code::Unimplemented => (StatusCode::NOT_IMPLEMENTED, "UNIMPLEMENTED"),
        Code::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL"),
        Code::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE"),
        Code::DataLoss => (StatusCode::INTERNAL_SERVER_ERROR, "DATA_LOSS"),
        Code::Unauthenticated => (StatusCode::UNAUTHORIZED, "UNAUTHENTICATED"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_but_the_stream_has_a_route() {
        let routes = routes();
        let called = |verb: Method, path: &str| {
            let mut found = routes.iter().filter(|route| route.verb == verb && route.matched(path).is_some());
            let first = found.next().map(|route| route.path.rsplit('/').next().unwrap().to_owned());
            assert!(found.next().is_none(), "{path} has two routes");
            first
        };
        let cases = [
            (Method::PUT, "/v1/projects/p/topics/abc", Some("CreateTopic")),
            (Method::GET, "/v1/projects/p/topics/abc", Some("GetTopic")),
            (Method::PATCH, "/v1/projects/p/topics/abc", Some("UpdateTopic")),
            (Method::DELETE, "/v1/projects/p/topics/abc", Some("DeleteTopic")),
            (Method::GET, "/v1/projects/p/topics", Some("ListTopics")),
            (Method::GET, "/v1/projects/p/topics/abc/subscriptions", Some("ListTopicSubscriptions")),
            (Method::POST, "/v1/projects/p/topics/abc:publish", Some("Publish")),
            (Method::PUT, "/v1/projects/p/subscriptions/abc", Some("CreateSubscription")),
            (Method::POST, "/v1/projects/p/subscriptions/abc:pull", Some("Pull")),
            (Method::POST, "/v1/projects/p/subscriptions/abc:acknowledge", Some("Acknowledge")),
            (Method::POST, "/v1/projects/p/subscriptions/abc:detach", Some("DetachSubscription")),
            (Method::GET, "/v1/projects/p/snapshots", Some("ListSnapshots")),
            (Method::POST, "/v1/projects/p/topics/abc", None),
            (Method::GET, "/v2/projects/p/topics/abc", None),
        ];
        for (verb, path, expected) in cases {
            assert_eq!(called(verb.clone(), path).as_deref(), expected, "{verb} {path}");
        }
    }

    #[test]
    fn a_variable_spans_segments_and_is_decoded() {
        let routes = routes();
        let route = routes.iter().find(|route| route.path.ends_with("/UpdateTopic")).unwrap();
        let fields = route.matched("/v1/projects/p/topics/a%25b").unwrap();
        assert_eq!(fields, [("topic.name".to_owned(), "projects/p/topics/a%b".to_owned())]);
    }
}
