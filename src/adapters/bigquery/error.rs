//! What BigQuery's refusals mean, by the reasons that it documents, and what a job's state says. One rule for a
//! request that was refused and for a job that failed. Must not ask anything.

use std::io;

use gcp_bigquery_client::error::BQError;
use gcp_bigquery_client::model::job::Job;
use serde::Deserialize;

use crate::fleet::sink::{JobState, WarehouseError};
use crate::flow::Millis;

/// What is asked of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    Dataset,
    CreateDataset,
    Table,
    CreateTable,
    PatchTable,
    InsertJob,
    Job,
    RunJob,
    Query,
}

impl Call {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Dataset => "look at the dataset",
            Self::CreateDataset => "create the dataset",
            Self::Table => "look at the table",
            Self::CreateTable => "create the table",
            Self::PatchTable => "change the table",
            Self::InsertJob => "begin the job",
            Self::Job => "look at the job",
            Self::RunJob => "carry out the job",
            Self::Query => "run the query",
        }
    }
}

/// A refusal as the service words it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The HTTP status; 0 for a job that failed.
    pub(super) status: u16,
    /// The reason's code: `quotaExceeded`.
    pub(super) reason: String,
    /// For people.
    pub(super) message: String,
    /// What `Retry-After` said.
    pub(super) retry_after: Option<Millis>,
}

impl Refusal {
    pub(super) fn is_not_found(&self) -> bool {
        self.status == 404 || self.reason == "notFound"
    }

    pub(super) fn is_duplicate(&self) -> bool {
        self.status == 409 || self.reason == "duplicate"
    }

    /// What it means for a call.
    pub(super) fn of(self, call: Call) -> WarehouseError {
        let operation = call.as_str();
        let message =
            if self.reason.is_empty() { self.message } else { format!("{} ({})", self.message, self.reason) };
        match (self.reason.as_str(), self.status) {
            ("rateLimitExceeded" | "jobRateLimitExceeded", _) | (_, 429) => {
                WarehouseError::RateLimited { retry_after: self.retry_after, message }
            }
            ("quotaExceeded", _) => WarehouseError::QuotaExceeded { message },
            (
                "backendError" | "internalError" | "jobBackendError" | "jobInternalError"
                | "tableUnavailable" | "timeout" | "stopped",
                _,
            )
            | (_, 500..) => WarehouseError::Unavailable { operation, message },
            ("accessDenied" | "billingNotEnabled" | "blocked" | "billingTierLimitExceeded", _)
            | (_, 401 | 403) => WarehouseError::Denied { operation, message },
            _ => WarehouseError::Invalid { operation, message },
        }
    }
}

/// The body of a refusal.
#[derive(Debug, Deserialize)]
struct Body {
    error: BodyError,
}

#[derive(Debug, Deserialize)]
struct BodyError {
    message: String,
    #[serde(default)]
    errors: Vec<BodyReason>,
}

#[derive(Debug, Default, Deserialize)]
struct BodyReason {
    #[serde(default)]
    reason: String,
}

/// The refusal of an answer that is none of ours: what its body says, or its status alone.
pub(super) fn refusal(status: u16, retry_after: Option<Millis>, body: &[u8]) -> Refusal {
    match serde_json::from_slice::<Body>(body) {
        Ok(Body { error }) => {
            let reason = error.errors.into_iter().next().unwrap_or_default().reason;
            Refusal { status, reason, message: error.message, retry_after }
        }
        Err(_) => Refusal { status, reason: String::new(), message: format!("status {status}"), retry_after },
    }
}

/// What an error of the client means: the service's refusal, or no word of it.
pub(super) fn of_client(call: Call, error: BQError) -> Result<Refusal, WarehouseError> {
    let operation = call.as_str();
    match error {
        BQError::ResponseError { error } => {
            let first = error.error.errors.first();
            let reason = first.and_then(|first| first.get("reason")).cloned().unwrap_or_default();
            let status = u16::try_from(error.error.code).unwrap_or(0);
            Ok(Refusal { status, reason, message: error.error.message, retry_after: None })
        }
        BQError::InvalidServiceAccountAuthenticator(error)
            if error.kind() == io::ErrorKind::PermissionDenied =>
        {
            Err(WarehouseError::Denied { operation, message: error.to_string() })
        }
        // No answer, half of one, or one that is not BigQuery's: what it has done is not known.
        other => Err(WarehouseError::Unavailable { operation, message: chain(&other) }),
    }
}

/// An error with its causes.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}

/// What has become of a job.
pub(super) fn state_of(job: Job) -> Result<JobState, WarehouseError> {
    let unclear = |what: &str| WarehouseError::Unavailable {
        operation: Call::Job.as_str(),
        message: format!("the answer says nothing of {what}"),
    };
    let status = job.status.ok_or_else(|| unclear("its status"))?;
    if status.state.as_deref() != Some("DONE") {
        return Ok(JobState::UnderWay);
    }
    let statistics = job.statistics.ok_or_else(|| unclear("its statistics"))?;
    let at = statistics.end_time.and_then(|at| at.parse().ok()).ok_or_else(|| unclear("when it ended"))?;
    if let Some(error) = status.error_result {
        let refusal = Refusal {
            status: 0,
            reason: error.reason.unwrap_or_default(),
            message: error.message.unwrap_or_default(),
            retry_after: None,
        };
        return Ok(JobState::Failed { at, error: refusal.of(Call::RunJob) });
    }
    let rows = match statistics.load {
        Some(load) => {
            let rows = load.output_rows.and_then(|rows| rows.parse().ok());
            Some(rows.ok_or_else(|| unclear("the rows that it loaded"))?)
        }
        None => None,
    };
    Ok(JobState::Done { at, rows })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::sink::Remedy;

    #[test]
    fn each_documented_reason_has_its_remedy() {
        let remedy = |status, reason: &str| {
            let refusal =
                Refusal { status, reason: reason.to_owned(), message: "m".to_owned(), retry_after: Some(7) };
            refusal.of(Call::RunJob).remedy()
        };
        let cases = [
            (403, "rateLimitExceeded", Remedy::After(7)),
            (400, "jobRateLimitExceeded", Remedy::After(7)),
            (429, "", Remedy::After(7)),
            (403, "quotaExceeded", Remedy::After(600_000)),
            (500, "backendError", Remedy::Later),
            (503, "", Remedy::Later),
            (0, "backendError", Remedy::Later),
            (0, "internalError", Remedy::Later),
            (403, "accessDenied", Remedy::Seldom),
            (401, "", Remedy::Seldom),
            (400, "invalid", Remedy::Seldom),
            (0, "invalid", Remedy::Seldom),
            (404, "notFound", Remedy::Seldom),
        ];
        for (status, reason, expected) in cases {
            assert_eq!(remedy(status, reason), expected, "{status} {reason}");
        }
    }

    #[test]
    fn a_refusal_is_read_from_its_body_or_its_status() {
        let body =
            br#"{"error":{"code":403,"message":"Quota exceeded","errors":[{"reason":"quotaExceeded"}]}}"#;
        let read = refusal(403, None, body);
        assert_eq!((read.reason.as_str(), read.message.as_str()), ("quotaExceeded", "Quota exceeded"));
        let page = refusal(503, Some(2_000), b"<html>Service Unavailable</html>");
        assert_eq!(
            page.of(Call::Query),
            WarehouseError::Unavailable { operation: "run the query", message: "status 503".to_owned() }
        );
    }
}
