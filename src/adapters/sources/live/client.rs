//! Asks hosts: one request at a time for each, with its spacing, its rests and its time limit. Knows no
//! payload; what an answer is worth is decided in `answer.rs` and by the pipeline.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::fmt;
use std::sync::Arc;

use bytes::BytesMut;
use reqwest::redirect::Policy;
use tokio::sync::Mutex;

use super::answer::{ANSWER_BYTES_MAX, Answer};
use super::error::FetchError;
use super::hosts::Host;
use super::requests::{PLAYER_PROPS, Request};
use crate::fleet::{Clock, Millis};

/// A host that wants to be left alone for longer is not waited for: the fetch fails and comes again.
const PATIENCE: Millis = 90_000;

/// The client of all hosts.
pub(super) struct Client {
    http: reqwest::Client,
    clock: Arc<dyn Clock>,
    /// Where all hosts are instead of at their own place, each below its name: for tests and mirrors.
    base: Option<String>,
    spaced: bool,
    /// The key of the host that wants one.
    key: Option<Key>,
    /// When each host may be asked next. Whoever holds the lock is asking.
    free_at: BTreeMap<Host, Mutex<Millis>>,
}

/// A key. It is shown nowhere: not in a log, not in an error, not in a file.
#[derive(Clone)]
pub struct Key(String);

impl Key {
    /// The key in this text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(text.trim().to_owned())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }
}

/// What an earlier answer said of itself, by which the host can say that nothing has changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Validators {
    pub(super) etag: Option<String>,
    pub(super) last_modified: Option<String>,
}

/// One request's end.
pub(super) struct Asked {
    /// The answer, whatever it is worth; none where there was no whole one.
    pub(super) answer: Option<Answer>,
    /// Whether it may be data.
    pub(super) verdict: Result<(), FetchError>,
    /// When the request was sent.
    pub(super) at: Millis,
}

impl Client {
    /// A client of all hosts, or of what stands in for them at `base`.
    pub(super) fn new(
        clock: Arc<dyn Clock>,
        base: Option<String>,
        spaced: bool,
        key: Option<Key>,
    ) -> Result<Self, FetchError> {
        let mut builder = reqwest::Client::builder().redirect(Policy::none());
        if base.is_some() {
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|error| FetchError::Client { reason: causes(&error) })?;
        let free_at = Host::ALL.into_iter().map(|host| (host, Mutex::new(0))).collect();
        Ok(Self { http, clock, base, spaced, key, free_at })
    }

    /// Sends a request for the `attempt`th time, as soon as its host may be asked.
    pub(super) async fn ask(&self, request: &Request, known: &Validators, attempt: u32) -> Asked {
        let limits = request.host.limits();
        let mut free_at = self.free_at[&request.host].lock().await;
        let wait = *free_at - self.clock.now();
        if wait > PATIENCE {
            let verdict = Err(FetchError::Resting { host: limits.name, millis: wait });
            return Asked { answer: None, verdict, at: self.clock.now() };
        }
        if wait > 0 {
            self.clock.sleep_until(*free_at).await;
        }
        let at = self.clock.now();
        let answer = tokio::select! {
            biased;
            answer = self.exchange(request, known) => answer,
            () = self.clock.sleep_until(at + limits.timeout) => {
                Err(FetchError::TimedOut { host: limits.name, path: request.path.clone(), millis: limits.timeout })
            }
        };
        let now = self.clock.now();
        let (answer, verdict) = match answer {
            Ok(answer) => {
                let verdict = answer.check(request, now);
                (Some(answer), verdict)
            }
            Err(error) => (None, Err(error)),
        };
        let rest = match &verdict {
            Err(error) if error.is_passing() => {
                let salt = format!("{} {:?}", request.path, request.query);
                let own = limits.backoff.wait_after(attempt, &salt);
                error.retry_after().unwrap_or(0).max(own)
            }
            Ok(()) | Err(_) if self.spaced => limits.spacing,
            Ok(()) | Err(_) => 0,
        };
        *free_at = now + rest;
        Asked { answer, verdict, at }
    }

    async fn exchange(&self, request: &Request, known: &Validators) -> Result<Answer, FetchError> {
        let (host, path) = (request.host.limits().name, request.path.clone());
        let mut url = reqwest::Url::parse(&self.url(request))
            .map_err(|error| FetchError::Client { reason: error.to_string() })?;
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&request.query);
        }
        if let Some(parameter) = request.host.limits().key_parameter {
            let key = self.key.as_ref().ok_or(FetchError::NoKey { source_name: PLAYER_PROPS })?;
            url.query_pairs_mut().append_pair(parameter, &key.0);
        }
        let mut sent = self.http.get(url);
        for (name, value) in request.host.limits().headers {
            sent = sent.header(*name, *value);
        }
        if let Some(etag) = &known.etag {
            sent = sent.header("if-none-match", etag);
        }
        if let Some(moment) = &known.last_modified {
            sent = sent.header("if-modified-since", moment);
        }
        let mut response = sent.send().await.map_err(|error| match error.is_connect() {
            true => FetchError::Unreachable { host, path: path.clone(), reason: causes(&error) },
            false => FetchError::BrokenOff { host, path: path.clone(), bytes: 0, reason: causes(&error) },
        })?;
        let header = |(name, value): (&reqwest::header::HeaderName, &reqwest::header::HeaderValue)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let (status, headers) = (response.status().as_u16(), response.headers().iter().map(header).collect());
        let mut body = BytesMut::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(error) => {
                    let (bytes, reason) = (body.len(), causes(&error));
                    return Err(FetchError::BrokenOff { host, path, bytes, reason });
                }
            }
            if body.len() > ANSWER_BYTES_MAX {
                return Err(FetchError::TooLarge { host, path, limit: ANSWER_BYTES_MAX });
            }
        }
        let mut answer = Answer { status, headers, body: body.freeze() };
        let bytes = answer.body.len();
        answer.unpack().map_err(|reason| FetchError::BrokenOff { host, path, bytes, reason })?;
        Ok(answer)
    }

    /// The request's address without its parameters.
    pub(super) fn url(&self, request: &Request) -> String {
        let limits = request.host.limits();
        match &self.base {
            Some(base) => format!("{}/{}{}", base.trim_end_matches('/'), limits.name, request.path),
            None => format!("{}{}", limits.url, request.path),
        }
    }
}

/// An error with its causes, without the URL, in which a key may be.
fn causes(error: &reqwest::Error) -> String {
    let mut text = Vec::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push(error.to_string());
        cause = error.source();
    }
    if text.is_empty() { "no cause is known".to_owned() } else { text.join(": ") }
}
