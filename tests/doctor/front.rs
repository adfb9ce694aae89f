//! A front before a local server: what Google's service answers about rights and what emulators do not know is
//! answered here, in the documented REST shapes; everything else is passed on, and the answer may be changed on its way.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The longest body.
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A front.
pub(crate) struct Front {
    /// Where it listens.
    pub(crate) address: String,
    upstream: String,
    http: reqwest::Client,
    rights: Arc<Mutex<Rights>>,
    edits: Mutex<BTreeMap<String, Edit>>,
    /// The bucket whose writes lose their conditions.
    careless: Mutex<Option<&'static str>>,
}

/// Changes the answer to a path.
type Edit = fn(&mut Value);

/// Who may do what, for all fronts of a cloud.
#[derive(Default)]
pub(crate) struct Rights {
    /// Whether such questions are answered at all.
    pub(crate) served: bool,
    /// The project's number.
    pub(crate) number: String,
    /// By resource: each role with its members.
    pub(crate) policies: BTreeMap<String, Vec<(String, Vec<String>)>>,
    /// What whoever asks may not do, by resource and permission.
    pub(crate) denied: BTreeSet<(String, String)>,
    /// Buckets that keep nothing.
    pub(crate) forgetful: BTreeSet<String>,
}

impl Front {
    /// Before the server at `upstream`.
    pub(crate) async fn start(
        runtime: &tokio::runtime::Handle,
        upstream: String,
        rights: Arc<Mutex<Rights>>,
    ) -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let front = Arc::new(Self {
            address: format!("http://{}", listener.local_addr().expect("an address")),
            upstream,
            http: reqwest::Client::new(),
            rights,
            edits: Mutex::default(),
            careless: Mutex::default(),
        });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&front));
        runtime.spawn(async move { axum::serve(listener, router).await });
        front
    }

    /// From now on the answer to this path is changed on its way; `None` is no more.
    pub(crate) fn edit(&self, path: &str, edit: Option<Edit>) {
        let mut edits = held(&self.edits);
        match edit {
            Some(edit) => edits.insert(path.to_owned(), edit),
            None => edits.remove(path),
        };
    }

    /// The bucket whose writes lose their conditions, as at a gateway that does not know them.
    pub(crate) fn forget_conditions(&self, of: Option<&'static str>) {
        *held(&self.careless) = of;
    }

    async fn passed_on(&self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, BODY_BYTES_MAX).await.expect("a body");
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        // The client of buckets encodes what need not be.
        let plain = path.replace("%2D", "-");
        let mut asked = self.http.request(parts.method, format!("{}{path}", self.upstream)).body(body);
        for (name, value) in &parts.headers {
            let is_lost =
                held(&self.careless).is_some_and(|bucket| plain.starts_with(&format!("/{bucket}/")));
            let is_condition = name.as_str() == "x-goog-if-generation-match" && is_lost;
            if *name != header::HOST && *name != header::CONTENT_LENGTH && !is_condition {
                asked = asked.header(name, value);
            }
        }
        let Ok(answer) = asked.send().await else {
            return StatusCode::BAD_GATEWAY.into_response();
        };
        let (status, headers) = (answer.status(), answer.headers().clone());
        let mut body = answer.bytes().await.expect("its body");
        if let Some(edit) = held(&self.edits).get(parts.uri.path()) {
            let mut json: Value = serde_json::from_slice(&body).expect("JSON");
            edit(&mut json);
            body = Bytes::from(json.to_string());
        }
        let mut response = Response::builder().status(status);
        for (name, value) in &headers {
            if *name != header::CONTENT_LENGTH && *name != header::TRANSFER_ENCODING {
                response = response.header(name, value);
            }
        }
        response.body(body.into()).expect("a response")
    }
}

async fn answer(State(front): State<Arc<Front>>, request: Request) -> Response {
    let served = held(&front.rights).served;
    if !served {
        return front.passed_on(request).await;
    }
    let path = request.uri().path().replace("%3A", ":");
    let query = request.uri().query().unwrap_or_default().to_owned();
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match (request.method().as_str(), parts.as_slice()) {
        ("GET", ["v1", .., last]) if last.ends_with(":getIamPolicy") => {
            let resource = last.trim_end_matches(":getIamPolicy");
            answered(held(&front.rights).policy(resource))
        }
        ("POST", [.., last]) if last.ends_with(":testIamPermissions") => {
            let resource = last.trim_end_matches(":testIamPermissions").to_owned();
            let body = to_bytes(request.into_body(), BODY_BYTES_MAX).await.expect("a body");
            let body: Value = serde_json::from_slice(&body).expect("JSON");
            let wanted = body["permissions"].as_array().cloned().unwrap_or_default();
            let wanted = wanted.iter().filter_map(Value::as_str);
            answered(held(&front.rights).permissions(&resource, wanted))
        }
        ("GET", ["v3", "projects", project]) => {
            let number = held(&front.rights).number.clone();
            let (name, state) = (format!("projects/{number}"), "ACTIVE");
            answered(json!({ "name": name, "projectId": project, "state": state, "etag": "W/\"3f4d5c6a\"" }))
        }
        ("GET", ["storage", "v1", "b", bucket]) => {
            let keeps = !held(&front.rights).forgetful.contains(*bucket);
            let seconds = if keeps { "604800" } else { "0" };
            answered(json!({
                "versioning": { "enabled": keeps },
                "softDeletePolicy": { "retentionDurationSeconds": seconds, "effectiveTime": "2026-01-02T03:04:05.678Z" },
            }))
        }
        ("GET", ["storage", "v1", "b", bucket, "iam", "testPermissions"]) => {
            let wanted = query.split('&').filter_map(|pair| pair.strip_prefix("permissions="));
            let mut answer = held(&front.rights).permissions(bucket, wanted);
            answer["kind"] = json!("storage#testIamPermissionsResponse");
            answered(answer)
        }
        _ => front.passed_on(request).await,
    }
}

fn answered(body: Value) -> Response {
    (StatusCode::OK, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

impl Rights {
    fn policy(&self, resource: &str) -> Value {
        let roles = self.policies.get(resource).into_iter().flatten();
        let bindings: Vec<Value> =
            roles.map(|(role, members)| json!({ "role": role, "members": members })).collect();
        json!({ "version": 1, "etag": "BwWWja0YfJA=", "bindings": bindings })
    }

    /// As the service does it: an answer without a list where there is nothing.
    fn permissions<'a>(&self, resource: &str, wanted: impl Iterator<Item = &'a str>) -> Value {
        let allowed =
            wanted.filter(|wanted| !self.denied.contains(&(resource.to_owned(), (*wanted).to_owned())));
        let allowed: Vec<&str> = allowed.collect();
        if allowed.is_empty() { json!({}) } else { json!({ "permissions": allowed }) }
    }
}

/// What a lock holds, whoever panicked meanwhile.
pub(crate) fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
