//! BigQuery as the sink's warehouse: datasets and tables through the official shapes, Parquet files from `gs://`
//! by load jobs, notes and state by SQL. Knows BigQuery and nothing of when something is to be loaded; tries
//! nothing twice. Imports `flow`, `fleet` and `doctor` only.

mod authentication;
mod calls;
mod error;
mod request;
mod schema;
mod sql;

use async_trait::async_trait;
use gcp_bigquery_client::model::dataset::Dataset;
use gcp_bigquery_client::model::table::Table;
use serde_json::json;

use crate::adapters::rest::{self, Rest};
use crate::doctor::Answer;
use crate::fleet::sink::{Begun, Contents, Job, JobState, Shape, TableSpec, Warehouse, WarehouseError};
use crate::flow::DatasetName;
use calls::Calls;
use error::Call;

/// Google's own.
const SERVICE: &str = "https://bigquery.googleapis.com";

/// Where the tables are and where their files come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BigQueryConfig {
    /// The project that has the tables and pays for the jobs.
    pub project: String,
    /// The dataset of the tables, in BigQuery's sense.
    pub dataset: String,
    /// Where the dataset is: `US`, `europe-west1`. The lake's bucket must be in the same place.
    pub location: String,
    /// `http://127.0.0.1:9050` for a server without credentials; `None` for the cloud with the credentials of
    /// the machine.
    pub endpoint: Option<String>,
    /// Where the lake begins: `gs://acme-tidegate-lake/lake`, without a slash at the end.
    pub lake: String,
}

/// A BigQuery dataset whose tables are kept equal to the lake.
pub struct BigQuery {
    config: BigQueryConfig,
    datasets: Vec<DatasetName>,
    calls: Calls,
}

impl BigQuery {
    /// A client for the tables of these datasets; nothing is asked of the service yet.
    pub async fn connect(
        config: BigQueryConfig,
        datasets: impl IntoIterator<Item = DatasetName>,
    ) -> Result<Self, WarehouseError> {
        let calls = Calls::connect(&config).await?;
        Ok(Self { config, datasets: datasets.into_iter().collect(), calls })
    }

    /// Where the dataset is; `None` where there is none.
    pub async fn location(&self) -> Answer<Option<String>> {
        match self.calls.dataset().await {
            Ok(found) => Answer::Told(found.map(|dataset| dataset.location.unwrap_or_default())),
            Err(WarehouseError::Denied { message, .. }) => Answer::Refused(message),
            Err(error) => Answer::Silent(error.to_string()),
        }
    }

    /// Which of these permissions whoever asks has on a table. A dataset cannot be asked; its tables have what it has.
    pub async fn permissions(&self, table: &str, wanted: &[&str]) -> Answer<Vec<String>> {
        let BigQueryConfig { project, dataset, endpoint, .. } = &self.config;
        let path =
            format!("/bigquery/v2/projects/{project}/datasets/{dataset}/tables/{table}:testIamPermissions");
        match Rest::of(SERVICE, endpoint.as_deref()) {
            Ok(rest) => {
                let answer = rest.post(&path, &json!({ "permissions": wanted })).await;
                answer.map(|answer| rest::permissions(&answer))
            }
            Err(reason) => Answer::Refused(reason),
        }
    }

    async fn shape_of(&self, table: TableSpec) -> Result<(Shape, Option<Table>), WarehouseError> {
        let name = table.dataset.table();
        let found = self.calls.table(name).await?;
        let shape = match &found {
            None => Shape::Missing,
            Some(found) => {
                schema::compare(&schema::declared(&self.config, table), found).map_err(|reason| {
                    let table = format!("{}.{}.{name}", self.config.project, self.config.dataset);
                    WarehouseError::Incompatible { table, reason }
                })?
            }
        };
        Ok((shape, found))
    }
}

#[async_trait]
impl Warehouse for BigQuery {
    async fn open(&self) -> Result<(), WarehouseError> {
        let BigQueryConfig { project, dataset, location, .. } = &self.config;
        if self.calls.dataset().await?.is_none() {
            let new = Dataset::new(project, dataset).location(location).label("tidegate", "sink");
            self.calls.create_dataset(new).await?;
        }
        let declared = schema::notes(&self.config);
        match self.calls.table(schema::NOTES).await? {
            None => self.calls.create_table(declared).await,
            Some(found) => match schema::compare(&declared, &found) {
                Ok(Shape::AsDeclared) => Ok(()),
                Ok(Shape::Missing | Shape::Behind(_)) => {
                    self.calls.patch_table(schema::NOTES, schema::mended(declared, &found)).await
                }
                Err(reason) => {
                    let table = format!("{project}.{dataset}.{}", schema::NOTES);
                    Err(WarehouseError::Incompatible { table, reason })
                }
            },
        }
    }

    async fn shape(&self, table: TableSpec) -> Result<Shape, WarehouseError> {
        Ok(self.shape_of(table).await?.0)
    }

    async fn prepare(&self, table: TableSpec) -> Result<Shape, WarehouseError> {
        let (shape, found) = self.shape_of(table).await?;
        let declared = schema::declared(&self.config, table);
        match (&shape, found) {
            (Shape::AsDeclared, _) => {}
            (Shape::Behind(_), Some(found)) => {
                self.calls.patch_table(table.dataset.table(), schema::mended(declared, &found)).await?;
            }
            (Shape::Missing | Shape::Behind(_), _) => self.calls.create_table(declared).await?,
        }
        Ok(shape)
    }

    async fn contents(&self) -> Result<Contents, WarehouseError> {
        let partitions = self.calls.query(sql::partitions(&self.config)).await?;
        let notes = self.calls.query(sql::notes(&self.config)).await?;
        sql::contents(&self.datasets, &partitions, &notes)
            .map_err(|message| WarehouseError::Invalid { operation: Call::Query.as_str(), message })
    }

    async fn begin(&self, job: &Job) -> Result<Begun, WarehouseError> {
        self.calls.insert_job(&request::job(&self.config, job)).await
    }

    async fn look(&self, job: &Job) -> Result<JobState, WarehouseError> {
        let found = self.calls.job(&request::name(&self.config, &job.id)).await?;
        error::state_of(found)
    }
}
