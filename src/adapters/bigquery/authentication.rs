//! Whose word BigQuery takes: the machine's credentials (workload identity, application default), or nobody's for
//! a local server. Must not read a setting.

use std::io;

use async_trait::async_trait;
use gcp_bigquery_client::auth::Authenticator;
use gcp_bigquery_client::error::BQError;
use google_cloud_auth::credentials::{AccessTokenCredentials, Builder};

/// What the token may be used for.
const SCOPE: &str = "https://www.googleapis.com/auth/bigquery";

/// Load jobs read their files with the credentials of whoever begins them.
const FILES_SCOPE: &str = "https://www.googleapis.com/auth/devstorage.read_only";

/// The credentials of the machine.
#[derive(Debug, Clone)]
pub(super) struct MachineCredentials(AccessTokenCredentials);

impl MachineCredentials {
    /// The credentials that the machine has; an error says which were looked for.
    pub(super) fn find() -> Result<Self, String> {
        let found = Builder::default().with_scopes([SCOPE, FILES_SCOPE]).build_access_token_credentials();
        found.map(Self).map_err(|error| error.to_string())
    }
}

#[async_trait]
impl Authenticator for MachineCredentials {
    async fn access_token(&self) -> Result<String, BQError> {
        let token = self.0.access_token().await.map_err(|error| {
            let kind =
                if error.is_transient() { io::ErrorKind::TimedOut } else { io::ErrorKind::PermissionDenied };
            BQError::InvalidServiceAccountAuthenticator(io::Error::new(kind, error))
        })?;
        Ok(token.token)
    }
}

/// For a server that asks nobody.
#[derive(Debug, Clone)]
pub(super) struct Nobody;

#[async_trait]
impl Authenticator for Nobody {
    async fn access_token(&self) -> Result<String, BQError> {
        Ok("nobody".to_owned())
    }
}
