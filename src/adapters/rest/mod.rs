//! Questions to Google's services that their clients cannot be asked: plain REST with the credentials of the machine, or
//! nobody's at a local server. Each is asked once and within a time. Knows no service; decides nothing.

use std::time::Duration;

use google_cloud_auth::credentials::{AccessTokenCredentials, Builder};
use serde_json::Value;

use crate::doctor::Answer;

/// What the token may be used for; what it is allowed is a matter of its grants.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(10);

/// A service.
pub(in crate::adapters) struct Rest {
    http: reqwest::Client,
    base: String,
    /// `None` for a server that asks nobody.
    credentials: Option<AccessTokenCredentials>,
}

impl Rest {
    /// The service at `service` (`https://storage.googleapis.com`), or the local server in its place. Asks nobody
    /// anything; an error says which credentials were looked for.
    pub(in crate::adapters) fn of(service: &str, endpoint: Option<&str>) -> Result<Self, String> {
        let credentials = match endpoint {
            Some(_) => None,
            None => {
                let found = Builder::default().with_scopes([SCOPE]).build_access_token_credentials();
                Some(found.map_err(|error| error.to_string())?)
            }
        };
        let http = reqwest::Client::builder().timeout(ANSWER).build().map_err(|error| error.to_string())?;
        let base = endpoint.unwrap_or(service).trim_end_matches('/').to_owned();
        Ok(Self { http, base, credentials })
    }

    /// What is at a path (`/storage/v1/b/acme-lake?fields=versioning`).
    pub(in crate::adapters) async fn get(&self, path: &str) -> Answer<Value> {
        self.ask(self.http.get(format!("{}{path}", self.base))).await
    }

    /// What a question with a body is answered.
    pub(in crate::adapters) async fn post(&self, path: &str, body: &Value) -> Answer<Value> {
        let request = self.http.post(format!("{}{path}", self.base));
        self.ask(request.header("content-type", "application/json").body(body.to_string())).await
    }

    async fn ask(&self, request: reqwest::RequestBuilder) -> Answer<Value> {
        let request = match &self.credentials {
            // As BigQuery's client does it: local servers look whether there is a token, not which.
            None => request.bearer_auth("nobody"),
            Some(credentials) => match credentials.access_token().await {
                Ok(token) => request.bearer_auth(token.token),
                Err(error) => return Answer::Refused(format!("no token: {error}")),
            },
        };
        let answer = async {
            let response = request.send().await?;
            let status = response.status().as_u16();
            Ok::<_, reqwest::Error>((status, response.bytes().await?))
        };
        match answer.await {
            Ok((status, body)) => judged(status, &body),
            Err(error) => Answer::Silent(chain(&error.without_url())),
        }
    }
}

/// What a status and a body mean. Questions are about what is there: what is not found is the question.
fn judged(status: u16, body: &[u8]) -> Answer<Value> {
    let parsed = serde_json::from_slice::<Value>(body);
    let words = parsed.as_ref().ok().and_then(|body| body["error"]["message"].as_str());
    let reason = words.map_or_else(|| format!("status {status}"), |words| format!("{words} ({status})"));
    match (status, parsed) {
        (200..=299, Ok(body)) => Answer::Told(body),
        (200..=299, Err(_)) | (404 | 405 | 501, _) => Answer::Unserved(reason),
        (401 | 403, _) => Answer::Refused(reason),
        _ => Answer::Silent(reason),
    }
}

/// An error with all its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        told = format!("{told}: {error}");
        cause = error.source();
    }
    told
}

/// The permissions of an answer to "which of these do I have": none where it names none.
pub(in crate::adapters) fn permissions(answer: &Value) -> Vec<String> {
    let named = answer["permissions"].as_array().into_iter().flatten();
    named.filter_map(|permission| permission.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_says_who_is_at_fault() {
        let words = br#"{"error": {"code": 403, "message": "Permission denied"}}"#;
        let cases: [(u16, &[u8], Answer<Value>); 5] = [
            (200, br#"{"a": 1}"#, Answer::Told(serde_json::json!({ "a": 1 }))),
            (403, words, Answer::Refused("Permission denied (403)".to_owned())),
            (404, b"<Error/>", Answer::Unserved("status 404".to_owned())),
            (200, b"hello", Answer::Unserved("status 200".to_owned())),
            (503, b"", Answer::Silent("status 503".to_owned())),
        ];
        for (status, body, expected) in cases {
            assert_eq!(judged(status, body), expected, "{status}");
        }
    }
}
