//! Why a request is refused, and the status code that the cloud gives for it. The one error type of the requests;
//! failures of the log at start are in `recovery.rs`. May not hold free-form codes: a variant decides the status.

use tonic::{Code, Status};

/// A refused request. The text names the field or the resource, as it goes to the client unchanged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The resource does not exist: NOT_FOUND.
    #[error("Resource not found (resource={name}).")]
    NotFound {
        /// The full name that was asked for.
        name: String,
    },
    /// The resource exists already: ALREADY_EXISTS.
    #[error("Resource already exists in the project (resource={name}).")]
    AlreadyExists {
        /// The full name that was to be created.
        name: String,
    },
    /// The request breaks a documented rule: INVALID_ARGUMENT.
    #[error("{field}: {rule}")]
    Invalid {
        /// The field of the request.
        field: &'static str,
        /// The rule, with the value that breaks it.
        rule: String,
    },
    /// The API has it and this server does not: UNIMPLEMENTED.
    #[error("{feature} is not served by this server; it is refused rather than ignored")]
    Unserved {
        /// What was asked for, by its name in the API.
        feature: &'static str,
    },
    /// The subscription is detached from its topic: FAILED_PRECONDITION.
    #[error("Subscription is detached from its topic (resource={name}).")]
    Detached {
        /// The subscription.
        name: String,
    },
    /// A quota or the memory for the backlog is used up: RESOURCE_EXHAUSTED.
    #[error("{what} is limited to {limit}")]
    Exhausted {
        /// What is limited.
        what: &'static str,
        /// The limit with its unit.
        limit: String,
    },
    /// The server is stopping: UNAVAILABLE, which clients retry.
    #[error("the server is shutting down")]
    Stopping,
    /// The log could not be written, so nothing more is promised: INTERNAL.
    #[error("the log cannot be written ({cause}); nothing more is accepted until the server is restarted")]
    StorageFailed {
        /// The error of the file layer.
        cause: String,
    },
}

impl Refusal {
    /// The status code of the documentation.
    pub fn code(&self) -> Code {
        match self {
            Refusal::NotFound { .. } => Code::NotFound,
            Refusal::AlreadyExists { .. } => Code::AlreadyExists,
            Refusal::Invalid { .. } => Code::InvalidArgument,
            Refusal::Unserved { .. } => Code::Unimplemented,
            Refusal::Detached { .. } => Code::FailedPrecondition,
            Refusal::Exhausted { .. } => Code::ResourceExhausted,
            Refusal::Stopping => Code::Unavailable,
            // Nothing to try again: the client would, for minutes, and whoever publishes would seem to hang.
            Refusal::StorageFailed { .. } => Code::FailedPrecondition,
        }
    }

    pub(super) fn invalid(field: &'static str, rule: impl Into<String>) -> Refusal {
        Refusal::Invalid { field, rule: rule.into() }
    }

    pub(super) fn not_found(name: &str) -> Refusal {
        Refusal::NotFound { name: name.to_owned() }
    }
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Status {
        Status::new(refusal.code(), refusal.to_string())
    }
}
