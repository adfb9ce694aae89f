//! The requests to BigQuery, one method each, each made once and within a time. Datasets, tables, jobs' states and
//! queries go through the client; a job begins by a request of our own, because the client's load configuration
//! lacks `parquetOptions`, without which a list arrives as a record in a record. Decides nothing.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use gcp_bigquery_client::Client;
use gcp_bigquery_client::auth::Authenticator;
use gcp_bigquery_client::client_builder::ClientBuilder;
use gcp_bigquery_client::error::BQError;
use gcp_bigquery_client::model::dataset::Dataset;
use gcp_bigquery_client::model::get_query_results_parameters::GetQueryResultsParameters;
use gcp_bigquery_client::model::job::Job;
use gcp_bigquery_client::model::query_request::QueryRequest;
use gcp_bigquery_client::model::table::Table;
use gcp_bigquery_client::model::table_row::TableRow;
use serde_json::Value;

use super::authentication::{MachineCredentials, Nobody};
use super::error::{self, Call, Refusal, chain};
use super::{BigQueryConfig, SERVICE};
use crate::fleet::sink::{Begun, WarehouseError};
use crate::flow::Millis;

/// How long an answer may take. A query that takes longer is asked about again.
const ANSWER: Duration = Duration::from_secs(30);

/// How long the service may take over a query before it answers that it is not done, in milliseconds.
const QUERY_ANSWER_MS: i32 = 10_000;

/// How often a query is asked about before it is given up.
const QUERY_ANSWERS_MAX: u32 = 12;

/// Rows of a page of a query's result: well below the 10 MB of an answer.
const PAGE_ROWS: i32 = 10_000;

/// The service.
pub(super) struct Calls {
    config: BigQueryConfig,
    client: Client,
    credentials: Arc<dyn Authenticator>,
    http: reqwest::Client,
    base: String,
}

impl Calls {
    pub(super) async fn connect(config: &BigQueryConfig) -> Result<Self, WarehouseError> {
        let operation = "make a client for BigQuery";
        let denied = |message: String| WarehouseError::Denied { operation, message };
        let credentials: Arc<dyn Authenticator> = match config.endpoint {
            Some(_) => Arc::new(Nobody),
            None => Arc::new(MachineCredentials::find().map_err(denied)?),
        };
        let host = config.endpoint.as_deref().unwrap_or(SERVICE);
        let base = format!("{}/bigquery/v2", host.trim_end_matches('/'));
        let client = ClientBuilder::new()
            .with_v2_base_url(base.clone())
            .build_from_authenticator(Arc::clone(&credentials))
            .await
            .map_err(|error| denied(chain(&error)))?;
        let http = reqwest::Client::builder().build().map_err(|error| denied(chain(&error)))?;
        Ok(Self { config: config.clone(), client, credentials, http, base })
    }

    pub(super) async fn dataset(&self) -> Result<Option<Dataset>, WarehouseError> {
        let BigQueryConfig { project, dataset, .. } = &self.config;
        let found = answer(Call::Dataset, self.client.dataset().get(project, dataset)).await?;
        there(Call::Dataset, found)
    }

    pub(super) async fn create_dataset(&self, dataset: Dataset) -> Result<(), WarehouseError> {
        made(Call::CreateDataset, answer(Call::CreateDataset, self.client.dataset().create(dataset)).await?)
    }

    pub(super) async fn table(&self, name: &str) -> Result<Option<Table>, WarehouseError> {
        let BigQueryConfig { project, dataset, .. } = &self.config;
        let found = answer(Call::Table, self.client.table().get(project, dataset, name, None)).await?;
        there(Call::Table, found)
    }

    pub(super) async fn create_table(&self, table: Table) -> Result<(), WarehouseError> {
        made(Call::CreateTable, answer(Call::CreateTable, self.client.table().create(table)).await?)
    }

    pub(super) async fn patch_table(&self, name: &str, table: Table) -> Result<(), WarehouseError> {
        let BigQueryConfig { project, dataset, .. } = &self.config;
        let patch = self.client.table().patch(project, dataset, name, table);
        let patched = answer(Call::PatchTable, patch).await?;
        patched.map(|_| ()).map_err(|refusal| refusal.of(Call::PatchTable))
    }

    pub(super) async fn job(&self, name: &str) -> Result<Job, WarehouseError> {
        let BigQueryConfig { project, location, .. } = &self.config;
        let found = answer(Call::Job, self.client.job().get_job(project, name, Some(location))).await?;
        found.map_err(|refusal| refusal.of(Call::Job))
    }

    /// All rows of a query; none where a table of it is missing.
    pub(super) async fn query(&self, sql: String) -> Result<Vec<TableRow>, WarehouseError> {
        let BigQueryConfig { project, location, .. } = &self.config;
        let request = QueryRequest {
            location: Some(location.clone()),
            timeout_ms: Some(QUERY_ANSWER_MS),
            max_results: Some(PAGE_ROWS),
            ..QueryRequest::new(sql)
        };
        let Some(first) =
            there(Call::Query, answer(Call::Query, self.client.job().query(project, request)).await?)?
        else {
            return Ok(Vec::new());
        };
        let job = first.job_reference.and_then(|job| job.job_id).unwrap_or_default();
        let mut rows = Vec::new();
        let (mut complete, mut next) = (first.job_complete.unwrap_or(false), first.page_token);
        rows.extend(first.rows.into_iter().flatten());
        let mut unanswered = 0;
        while !complete || next.is_some() {
            let parameters = GetQueryResultsParameters {
                location: Some(location.clone()),
                timeout_ms: Some(QUERY_ANSWER_MS),
                max_results: Some(PAGE_ROWS),
                page_token: next,
                ..GetQueryResultsParameters::default()
            };
            let page = self.client.job().get_query_results(project, &job, parameters);
            let page = answer(Call::Query, page).await?.map_err(|refusal| refusal.of(Call::Query))?;
            (complete, next) = (page.job_complete.unwrap_or(false), page.page_token);
            rows.extend(page.rows.into_iter().flatten());
            unanswered += u32::from(!complete);
            if unanswered > QUERY_ANSWERS_MAX {
                let message = format!("query {job} has not ended");
                return Err(WarehouseError::Unavailable { operation: Call::Query.as_str(), message });
            }
        }
        Ok(rows)
    }

    /// Begins the job of a body.
    pub(super) async fn insert_job(&self, body: &Value) -> Result<Begun, WarehouseError> {
        let operation = Call::InsertJob.as_str();
        let unavailable = |error: reqwest::Error| WarehouseError::Unavailable {
            operation,
            message: chain(&error.without_url()),
        };
        let token = match answer(Call::InsertJob, self.credentials.access_token()).await? {
            Ok(token) => token,
            Err(refusal) => return Err(refusal.of(Call::InsertJob)),
        };
        let url = format!("{}/projects/{}/jobs", self.base, self.config.project);
        let request = self.http.post(url).bearer_auth(token).timeout(ANSWER);
        let request = request.header("content-type", "application/json").body(body.to_string());
        let response = request.send().await.map_err(unavailable)?;
        let status = response.status();
        let retry_after = response.headers().get("retry-after");
        let retry_after = retry_after.and_then(|seconds| seconds.to_str().ok()?.parse::<Millis>().ok());
        // The whole answer is read even where its status says all, so that half an answer counts as none.
        let answer = response.bytes().await.map_err(unavailable)?;
        if status.is_success() {
            return Ok(Begun::Now);
        }
        let refusal = error::refusal(status.as_u16(), retry_after.map(|seconds| seconds * 1_000), &answer);
        if refusal.is_duplicate() { Ok(Begun::Before) } else { Err(refusal.of(Call::InsertJob)) }
    }
}

/// The answer of a call: what was asked for, or the service's refusal.
async fn answer<T>(
    call: Call,
    request: impl Future<Output = Result<T, BQError>>,
) -> Result<Result<T, Refusal>, WarehouseError> {
    let Ok(answer) = tokio::time::timeout(ANSWER, request).await else {
        let message = format!("no answer within {} s", ANSWER.as_secs());
        return Err(WarehouseError::Unavailable { operation: call.as_str(), message });
    };
    match answer {
        Ok(found) => Ok(Ok(found)),
        Err(error) => error::of_client(call, error).map(Err),
    }
}

/// What was found, `None` where there is nothing.
fn there<T>(call: Call, answer: Result<T, Refusal>) -> Result<Option<T>, WarehouseError> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(refusal) if refusal.is_not_found() => Ok(None),
        Err(refusal) => Err(refusal.of(call)),
    }
}

/// Made, now or by somebody else.
fn made<T>(call: Call, answer: Result<T, Refusal>) -> Result<(), WarehouseError> {
    match answer {
        Ok(_) => Ok(()),
        Err(refusal) if refusal.is_duplicate() => Ok(()),
        Err(refusal) => Err(refusal.of(call)),
    }
}
