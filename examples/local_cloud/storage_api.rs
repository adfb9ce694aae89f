//! The XML API of Cloud Storage as `object_store` speaks it: objects with generations, conditions and ranges,
//! pages of names. Not there, and refused with 501: multipart and resumable uploads, copies, access lists,
//! signatures. One write a second of one object, as the real service allows it, is not enforced.
#![allow(dead_code, reason = "each test that takes this file uses a part of it")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Query, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;

use super::connections::{Cut, Cuttable, answer_under};
use super::storage::{Kind, Refused, Said, Storage};

/// The most names of a page.
const PAGE_MAX: usize = 1_000;

/// The most bytes of a content: enough for what is tried here.
const CONTENT_BYTES_MAX: usize = 256 * 1024 * 1024;

/// What a generation must be for a request to be carried out.
const IF_GENERATION: &str = "x-goog-if-generation-match";

/// Headers that are kept with an object and given with it, besides those of `META`.
const KEPT_HEADERS: [&str; 5] =
    ["content-type", "cache-control", "content-encoding", "content-language", "content-disposition"];

/// How headers begin that say what the writer wants.
const META: &str = "x-goog-meta-";

/// Answers on the listener until it is dropped.
pub(crate) async fn serve(storage: Arc<Storage>, listener: TcpListener) -> io::Result<()> {
    let router = Router::new().fallback(answer).with_state(storage);
    axum::serve(Cuttable(listener), router.into_make_service_with_connect_info::<Cut>()).await
}

/// A request, taken apart.
struct Asked {
    kind: Kind,
    bucket: String,
    name: String,
    query: BTreeMap<String, String>,
}

async fn answer(
    State(storage): State<Arc<Storage>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: Request,
) -> Response {
    let asked = match asked(request.method(), request.uri()) {
        Ok(asked) => asked,
        Err(reason) => return refusal(StatusCode::BAD_REQUEST, "InvalidURI", &reason),
    };
    let fault = storage.faults.meet(asked.kind);
    let (parts, body) = request.into_parts();
    let Ok(content) = to_bytes(body, CONTENT_BYTES_MAX).await else {
        return refusal(StatusCode::BAD_REQUEST, "IncompleteBody", "The content is not as long as was said.");
    };
    answer_under(fault, &cut, [slow, unavailable], || {
        storage.let_in(asked.kind);
        carry_out(&storage, &asked, &parts.headers, content)
    })
}

fn asked(method: &Method, uri: &Uri) -> Result<Asked, String> {
    let path = uri.path().trim_start_matches('/');
    let (bucket, name) = path.split_once('/').unwrap_or((path, ""));
    let (bucket, name) = (decoded(bucket)?, decoded(name)?);
    let Query(query) = Query::<BTreeMap<String, String>>::try_from_uri(uri).map_err(|e| e.to_string())?;
    let uploads = query.contains_key("uploads") || query.contains_key("uploadId");
    let kind = match (method.as_str(), name.is_empty()) {
        _ if uploads || bucket.is_empty() => Kind::Other,
        ("GET", true) => Kind::List,
        ("GET", false) => Kind::Get,
        ("HEAD", false) => Kind::Head,
        ("PUT", false) => Kind::Put,
        ("DELETE", false) => Kind::Delete,
        _ => Kind::Other,
    };
    Ok(Asked { kind, bucket, name, query })
}

fn decoded(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let code =
            rest.get(..2).and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok());
        bytes.push(code.ok_or_else(|| format!("`{text}` has a `%` without two digits"))?);
        rest = &rest[2..];
    }
    String::from_utf8(bytes).map_err(|_| format!("`{text}` is not UTF-8"))
}

fn carry_out(storage: &Storage, asked: &Asked, headers: &HeaderMap, content: Bytes) -> Response {
    if !storage.has_bucket(&asked.bucket) {
        return refusal(StatusCode::NOT_FOUND, "NoSuchBucket", "The specified bucket does not exist.");
    }
    match asked.kind {
        Kind::Get => get(storage, asked, headers),
        Kind::Head => head(storage, asked),
        Kind::List => list(storage, asked),
        Kind::Put => put(storage, asked, headers, content),
        Kind::Delete if !storage.delete(&asked.bucket, &asked.name) => no_such_key(),
        Kind::Delete => StatusCode::NO_CONTENT.into_response(),
        Kind::Other => refusal(StatusCode::NOT_IMPLEMENTED, "NotImplemented", "Not a part of this server."),
    }
}

fn get(storage: &Storage, asked: &Asked, headers: &HeaderMap) -> Response {
    let Some((said, content)) = storage.get_with(&asked.bucket, &asked.name) else {
        return no_such_key();
    };
    if !is_generation(asked, &said) {
        return no_such_key();
    }
    let Some(range) = headers.get(header::RANGE) else {
        return with_what_is_said(StatusCode::OK, &said, said.size, Body::from(content));
    };
    let length = content.len();
    match range.to_str().ok().and_then(|range| part(range, length)) {
        Some(part) => {
            let content_range = format!("bytes {}-{}/{length}", part.start, part.end - 1);
            let content = content.slice(part);
            let size = content.len() as u64;
            let response = with_what_is_said(StatusCode::PARTIAL_CONTENT, &said, size, Body::from(content));
            ([(header::CONTENT_RANGE, content_range)], response).into_response()
        }
        None => refusal(StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange", "There are no such bytes."),
    }
}

/// The bytes of `bytes=1-2`, `bytes=1-` or `bytes=-2`; `None` where there are none.
fn part(range: &str, length: usize) -> Option<Range<usize>> {
    let (from, to) = range.strip_prefix("bytes=")?.split_once('-')?;
    let part = match (from.parse::<usize>(), to.parse::<usize>()) {
        (Ok(from), Ok(to)) => from..to.saturating_add(1).min(length),
        (Ok(from), Err(_)) if to.is_empty() => from..length,
        (Err(_), Ok(last)) if from.is_empty() => length.saturating_sub(last)..length,
        (Ok(_) | Err(_), _) => return None,
    };
    (part.start < part.end).then_some(part)
}

fn head(storage: &Storage, asked: &Asked) -> Response {
    match storage.said(&asked.bucket, &asked.name) {
        Some(said) if is_generation(asked, &said) => {
            with_what_is_said(StatusCode::OK, &said, said.size, Body::empty())
        }
        Some(_) | None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Whether the generation that was asked for is the present one; earlier ones are not kept.
fn is_generation(asked: &Asked, said: &Said) -> bool {
    asked.query.get("generation").is_none_or(|generation| *generation == said.generation.to_string())
}

fn put(storage: &Storage, asked: &Asked, headers: &HeaderMap, content: Bytes) -> Response {
    if headers.contains_key("x-goog-copy-source") {
        return refusal(
            StatusCode::NOT_IMPLEMENTED,
            "NotImplemented",
            "Copies are not a part of this server.",
        );
    }
    let expected = match headers.get(IF_GENERATION).map(|value| value.to_str().map(str::parse::<u64>)) {
        None => None,
        Some(Ok(Ok(generation))) => Some(generation),
        Some(_) => return refusal(StatusCode::BAD_REQUEST, "InvalidArgument", "No number of a generation."),
    };
    let kept = headers
        .iter()
        .filter(|(name, _)| KEPT_HEADERS.contains(&name.as_str()) || name.as_str().starts_with(META))
        .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
        .collect();
    match storage.put_if(&asked.bucket, &asked.name, content, kept, expected) {
        Ok(said) => (
            [
                (header::ETAG.as_str(), said.etag),
                ("x-goog-generation", said.generation.to_string()),
                ("x-goog-metageneration", "1".to_owned()),
            ],
            StatusCode::OK,
        )
            .into_response(),
        Err(Refused::Precondition) => refusal(
            StatusCode::PRECONDITION_FAILED,
            "PreconditionFailed",
            "At least one of the pre-conditions you specified did not hold.",
        ),
        Err(Refused::NoSuchBucket) => {
            refusal(StatusCode::NOT_FOUND, "NoSuchBucket", "The specified bucket does not exist.")
        }
        Err(Refused::Disk(error)) => {
            refusal(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", &error.to_string())
        }
    }
}

fn list(storage: &Storage, asked: &Asked) -> Response {
    let of = |key: &str| asked.query.get(key).map(String::as_str);
    if of("list-type") != Some("2") {
        let reason = "Names are listed with list-type=2 only.";
        return refusal(StatusCode::NOT_IMPLEMENTED, "NotImplemented", reason);
    }
    let (prefix, delimiter) = (of("prefix").unwrap_or(""), of("delimiter").unwrap_or(""));
    let after = of("continuation-token").or(of("start-after")).unwrap_or("");
    let most = of("max-keys").and_then(|most| most.parse().ok()).unwrap_or(PAGE_MAX).min(PAGE_MAX);
    let mut entries: Vec<(String, Option<Said>)> = Vec::new();
    let mut more = false;
    for (name, said) in storage.list(&asked.bucket, prefix) {
        let rest = &name[prefix.len()..];
        let folder = rest.find(delimiter).filter(|_| !delimiter.is_empty());
        let entry = match folder {
            Some(end) => (name[..prefix.len() + end + delimiter.len()].to_owned(), None),
            None => (name, Some(said)),
        };
        if entry.0.as_str() <= after || entries.last().is_some_and(|(last, _)| *last == entry.0) {
            continue;
        }
        if entries.len() == most {
            more = true;
            break;
        }
        entries.push(entry);
    }
    let page = page(asked, prefix, &entries, more);
    ([(header::CONTENT_TYPE, "application/xml; charset=UTF-8")], page).into_response()
}

/// A page of names, as XML.
fn page(asked: &Asked, prefix: &str, entries: &[(String, Option<Said>)], more: bool) -> String {
    let mut xml = format!(
        "<?xml version='1.0' encoding='UTF-8'?><ListBucketResult xmlns='http://doc.s3.amazonaws.com/2006-03-01'>\
         <Name>{}</Name><Prefix>{}</Prefix><KeyCount>{}</KeyCount><IsTruncated>{more}</IsTruncated>",
        escaped(&asked.bucket),
        escaped(prefix),
        entries.len(),
    );
    if let (true, Some((last, _))) = (more, entries.last()) {
        let _ = write!(xml, "<NextContinuationToken>{}</NextContinuationToken>", escaped(last));
    }
    for (name, said) in entries {
        let name = escaped(name);
        let _ = match said {
            Some(said) => write!(
                xml,
                "<Contents><Key>{name}</Key><Generation>{}</Generation><MetaGeneration>1</MetaGeneration>\
                 <LastModified>{}</LastModified><ETag>{}</ETag><Size>{}</Size></Contents>",
                said.generation,
                moment(said).format("%Y-%m-%dT%H:%M:%S%.3fZ"),
                escaped(&said.etag),
                said.size,
            ),
            None => write!(xml, "<CommonPrefixes><Prefix>{name}</Prefix></CommonPrefixes>"),
        };
    }
    xml.push_str("</ListBucketResult>");
    xml
}

fn moment(said: &Said) -> chrono::DateTime<chrono::Utc> {
    let micros = i64::try_from(said.generation).expect("a generation is a moment");
    chrono::DateTime::from_timestamp_micros(micros).expect("a generation is a moment")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn with_what_is_said(status: StatusCode, said: &Said, length: u64, body: Body) -> Response {
    let mut response = Response::builder()
        .status(status)
        .header(header::ETAG, &said.etag)
        .header(header::LAST_MODIFIED, moment(said).format("%a, %d %b %Y %H:%M:%S GMT").to_string())
        .header(header::CONTENT_LENGTH, length)
        .header(header::ACCEPT_RANGES, "bytes")
        .header("x-goog-generation", said.generation)
        .header("x-goog-metageneration", 1)
        .header("x-goog-stored-content-length", said.size);
    for (name, value) in &said.headers {
        response = response.header(name, value);
    }
    response.body(body).expect("headers that came with a request")
}

fn refusal(status: StatusCode, code: &str, message: &str) -> Response {
    let message = escaped(message);
    let xml = format!(
        "<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    );
    (status, [(header::CONTENT_TYPE, "application/xml; charset=UTF-8")], xml).into_response()
}

fn no_such_key() -> Response {
    refusal(StatusCode::NOT_FOUND, "NoSuchKey", "The specified key does not exist.")
}

fn slow() -> Response {
    refusal(StatusCode::TOO_MANY_REQUESTS, "SlowDown", "Please reduce your request rate.")
}

fn unavailable() -> Response {
    refusal(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", "Try again.")
}
