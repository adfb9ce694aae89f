//! BigQuery's REST API as the client speaks it: datasets, tables, jobs, queries. Not there, and refused with 501:
//! uploads, streaming, models, routines, access lists.
#![allow(dead_code, reason = "each test that takes this file uses a part of it")]

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{ConnectInfo, Query, Request, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::bigquery::{BigQuery, Kind, Refused, refused};
use super::connections::{Cut, Cuttable, answer_under};

/// The longest body: a job with ten thousand files.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Rows of a page where nobody asks for fewer.
const PAGE_ROWS: usize = 10_000;

/// Answers on the listener until it is dropped.
pub(crate) async fn serve(bigquery: Arc<BigQuery>, listener: TcpListener) -> io::Result<()> {
    let router = Router::new().fallback(answer).with_state(bigquery);
    axum::serve(Cuttable(listener), router.into_make_service_with_connect_info::<Cut>()).await
}

/// A request, taken apart.
struct Asked {
    kind: Kind,
    project: String,
    what: What,
    query: BTreeMap<String, String>,
}

enum What {
    GetDataset(String),
    CreateDataset,
    GetTable(String, String),
    CreateTable(String),
    PatchTable(String, String),
    InsertJob,
    GetJob(String),
    Query,
    Page(String),
    Other(String),
}

async fn answer(
    State(bigquery): State<Arc<BigQuery>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: Request,
) -> Response {
    let asked = asked(request.method().as_str(), request.uri());
    let fault = bigquery.faults.meet(asked.kind);
    let authorized = request.headers().contains_key(header::AUTHORIZATION);
    let Ok(body) = to_bytes(request.into_body(), BODY_BYTES_MAX).await else {
        return refusal(&Refused { status: 413, reason: "uploadTooLarge", message: "too long".to_owned() });
    };
    answer_under(fault, &cut, [slow, unavailable], || {
        let done = if authorized {
            let body = if body.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(&body) };
            match body {
                Ok(body) => carry_out(&bigquery, &asked, &body),
                Err(error) => refused(400, "parseError", error.to_string()),
            }
        } else {
            refused(401, "required", "Login Required.")
        };
        match done {
            Ok(body) => ([(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response(),
            Err(error) => refusal(&error),
        }
    })
}

fn asked(method: &str, uri: &Uri) -> Asked {
    let query = Query::<BTreeMap<String, String>>::try_from_uri(uri).map(|Query(query)| query);
    let parts: Vec<String> = uri.path().split('/').skip(1).map(|part| part.replace("%24", "$")).collect();
    let path: Vec<&str> = parts.iter().map(String::as_str).collect();
    let owned = |part: &str| part.to_owned();
    let (project, what) = match (method, path.as_slice()) {
        ("GET", ["bigquery", "v2", "projects", project, "datasets", dataset]) => {
            (project, What::GetDataset(owned(dataset)))
        }
        ("POST", ["bigquery", "v2", "projects", project, "datasets"]) => (project, What::CreateDataset),
        ("GET", ["bigquery", "v2", "projects", project, "datasets", dataset, "tables", table]) => {
            (project, What::GetTable(owned(dataset), owned(table)))
        }
        ("POST", ["bigquery", "v2", "projects", project, "datasets", dataset, "tables"]) => {
            (project, What::CreateTable(owned(dataset)))
        }
        ("PATCH", ["bigquery", "v2", "projects", project, "datasets", dataset, "tables", table]) => {
            (project, What::PatchTable(owned(dataset), owned(table)))
        }
        ("POST", ["bigquery", "v2", "projects", project, "jobs"]) => (project, What::InsertJob),
        ("GET", ["bigquery", "v2", "projects", project, "jobs", job]) => (project, What::GetJob(owned(job))),
        ("POST", ["bigquery", "v2", "projects", project, "queries"]) => (project, What::Query),
        ("GET", ["bigquery", "v2", "projects", project, "queries", job]) => (project, What::Page(owned(job))),
        _ => (&"", What::Other(format!("{method} {}", uri.path()))),
    };
    let kind = match what {
        What::GetDataset(_) | What::GetTable(..) => Kind::Look,
        What::CreateDataset | What::CreateTable(_) | What::PatchTable(..) => Kind::Change,
        What::InsertJob => Kind::InsertJob,
        What::GetJob(_) => Kind::GetJob,
        What::Query | What::Page(_) => Kind::Query,
        What::Other(_) => Kind::Other,
    };
    Asked { kind, project: (*project).to_owned(), what, query: query.unwrap_or_default() }
}

fn carry_out(bigquery: &BigQuery, asked: &Asked, body: &Value) -> Result<Value, Refused> {
    match &asked.what {
        What::GetDataset(dataset) => bigquery.get_dataset(&asked.project, dataset),
        What::CreateDataset => bigquery.create_dataset(&asked.project, body),
        What::GetTable(dataset, table) => bigquery.get_table(dataset, table),
        What::CreateTable(dataset) => bigquery.create_table(dataset, body),
        What::PatchTable(dataset, table) => bigquery.patch_table(dataset, table, body),
        What::InsertJob => bigquery.insert_job(body),
        What::GetJob(job) => bigquery.get_job(job, asked.query.get("location").map(String::as_str)),
        What::Query => {
            let job = bigquery.query(body)?;
            let count = body["maxResults"].as_u64().and_then(|count| usize::try_from(count).ok());
            page(bigquery, &asked.project, &job, 0, count)
        }
        What::Page(job) => {
            let number = |name: &str| asked.query.get(name).and_then(|text| text.parse().ok());
            page(bigquery, &asked.project, job, number("pageToken").unwrap_or(0), number("maxResults"))
        }
        What::Other(request) => {
            refused(501, "notImplemented", format!("{request} is not a part of this server"))
        }
    }
}

fn page(
    bigquery: &BigQuery,
    project: &str,
    job: &str,
    from: usize,
    count: Option<usize>,
) -> Result<Value, Refused> {
    let (rows, next, total) = bigquery.page(job, from, count.unwrap_or(PAGE_ROWS).min(PAGE_ROWS))?;
    let row = |cells: Vec<Option<String>>| {
        let cells: Vec<Value> = cells.into_iter().map(|cell| json!({ "v": cell })).collect();
        json!({ "f": cells })
    };
    let mut answer = json!({
        "kind": "bigquery#queryResponse",
        "jobReference": { "projectId": project, "jobId": job },
        "jobComplete": true,
        "totalRows": total.to_string(),
        "rows": rows.into_iter().map(row).collect::<Vec<_>>(),
    });
    if let Some(next) = next {
        answer["pageToken"] = json!(next.to_string());
    }
    Ok(answer)
}

fn refusal(refused: &Refused) -> Response {
    // A job that failed for a table that is not there has no status; a request has.
    let status = StatusCode::from_u16(refused.status).unwrap_or(StatusCode::BAD_REQUEST);
    let error = json!({ "reason": refused.reason, "domain": "global", "message": refused.message });
    let body = json!({ "error": {
        "code": status.as_u16(),
        "message": refused.message,
        "errors": [error],
        "status": status.canonical_reason().unwrap_or_default(),
    } });
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

/// As a proxy in front of the service says it, not in the service's words.
fn slow() -> Response {
    let message = "Exceeded rate limits: too many api requests per user per method".to_owned();
    refusal(&Refused { status: 429, reason: "rateLimitExceeded", message })
}

fn unavailable() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, "<html><title>503 Service Unavailable</title></html>").into_response()
}
