//! Which Pub/Sub server is meant, and what can go wrong with it: the settings and the one error type of
//! this folder. Must not read a setting from the environment, nor hold a connection.

use google_cloud_auth::credentials::{Credentials, anonymous};
use google_cloud_gax::error::Error;
use google_cloud_gax::error::rpc::Code;

use crate::flow::{Failure, Permanent, Transient};

/// Which server, and whose topics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PubsubConfig {
    /// `http://127.0.0.1:8085` for a server without credentials and encryption, as the embedded one is;
    /// `None` for the cloud with the credentials of the machine.
    pub endpoint: Option<String>,
    /// The project that the topics and subscriptions belong to.
    pub project: String,
}

impl PubsubConfig {
    /// A server on this endpoint that asks for no credentials.
    #[must_use]
    pub fn local(endpoint: impl Into<String>, project: impl Into<String>) -> Self {
        Self { endpoint: Some(endpoint.into()), project: project.into() }
    }

    /// Google's own service, with the credentials that the machine or the workload has: the file of
    /// `GOOGLE_APPLICATION_CREDENTIALS`, the login of `gcloud`, or the identity that the platform lends.
    #[must_use]
    pub fn cloud(project: impl Into<String>) -> Self {
        Self { endpoint: None, project: project.into() }
    }

    /// A topic's name as the server knows it.
    #[must_use]
    pub fn topic(&self, name: &str) -> String {
        format!("projects/{}/topics/{name}", self.project)
    }

    /// A subscription's name as the server knows it.
    #[must_use]
    pub fn subscription(&self, name: &str) -> String {
        format!("projects/{}/subscriptions/{name}", self.project)
    }

    /// Where, for people.
    pub(super) fn place(&self) -> &str {
        self.endpoint.as_deref().unwrap_or("the cloud")
    }

    pub(super) fn anonymous() -> Credentials {
        anonymous::Builder::new().build()
    }
}

/// What went wrong with the server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PubsubError {
    /// No client could be made for it: a malformed endpoint, no credentials.
    #[error("no Pub/Sub client for {place}: {reason}")]
    Client {
        /// The endpoint.
        place: String,
        /// The cause.
        reason: String,
    },
    /// The server does not allow it or does not have it: asking again does not help.
    #[error("the Pub/Sub server refused to {operation} {name}: {reason}")]
    Refused {
        /// What was asked for.
        operation: &'static str,
        /// The topic or subscription.
        name: String,
        /// The server's word.
        reason: String,
    },
    /// The server did not answer, or not now.
    #[error("the Pub/Sub server failed to {operation} {name}: {reason}")]
    Failed {
        /// What was asked for.
        operation: &'static str,
        /// The topic or subscription.
        name: String,
        /// What happened.
        reason: String,
    },
}

impl PubsubError {
    /// The error of a call, judged by its status.
    pub(super) fn of(operation: &'static str, name: &str, error: &Error) -> Self {
        let (name, reason) = (name.to_owned(), error.to_string());
        match error.status().map(|status| status.code) {
            Some(
                Code::InvalidArgument
                | Code::NotFound
                | Code::PermissionDenied
                | Code::Unauthenticated
                | Code::FailedPrecondition
                | Code::Unimplemented
                | Code::OutOfRange,
            ) => Self::Refused { operation, name, reason },
            _ => Self::Failed { operation, name, reason },
        }
    }
}

impl From<PubsubError> for Failure {
    fn from(error: PubsubError) -> Self {
        let message = error.to_string();
        match error {
            PubsubError::Client { .. } => Permanent::new("pubsub_client", message).into(),
            PubsubError::Refused { .. } => Permanent::new("pubsub_refused", message).into(),
            PubsubError::Failed { .. } => Transient { code: "pubsub_unavailable", message }.into(),
        }
    }
}
