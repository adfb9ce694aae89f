//! A job of the sink as the body that BigQuery takes, and where its files are. Pure.
//!
//! - A date is loaded by one job into its partition (`table$YYYYMMDD`) with `WRITE_TRUNCATE`: old rows go and new
//!   ones come at once, and a decorator takes one partition only.
//! - A table is loaded by one job with all its files and `WRITE_TRUNCATE_DATA`, which replaces all rows at once and,
//!   unlike `WRITE_TRUNCATE` of a whole table, keeps its columns' descriptions.
//! - The date is no column of the files. It comes from their paths (hive partitioning, as documented for loads).
//! - Load jobs have no priority. Those of a backfill begin later and carry a label; its queries are `BATCH`.

use gcp_bigquery_client::model::hive_partitioning_options::HivePartitioningOptions;
use gcp_bigquery_client::model::job::Job as Body;
use gcp_bigquery_client::model::job_configuration::JobConfiguration;
use gcp_bigquery_client::model::job_configuration_load::JobConfigurationLoad;
use gcp_bigquery_client::model::job_configuration_query::JobConfigurationQuery;
use gcp_bigquery_client::model::job_reference::JobReference;
use gcp_bigquery_client::model::table_reference::TableReference;
use serde_json::{Value, json};

use super::{BigQueryConfig, sql};
use crate::fleet::sink::{Job, JobId, Work};
use crate::flow::{DatasetName, Date, Lane, Unit};

/// The column that the directories of the lake give.
pub(super) const DATE: &str = "date";

/// The name of a job in its project: the dataset is part of it, so that two sinks of one project do not meet.
pub(super) fn name(config: &BigQueryConfig, id: &JobId) -> String {
    format!("tidegate_{}_{id}", config.dataset)
}

/// Where a unit's file is.
pub(super) fn file(config: &BigQueryConfig, unit: Unit) -> String {
    format!("{}/date={}/{}.parquet", directory(config, unit.dataset), unit.date, unit.dataset.table())
}

fn directory(config: &BigQueryConfig, dataset: DatasetName) -> String {
    format!("{}/{}/{}", config.lake, dataset.pipeline(), dataset.table())
}

/// The body of the request that begins a job.
pub(super) fn job(config: &BigQueryConfig, job: &Job) -> Value {
    let reference = JobReference {
        job_id: Some(name(config, &job.id)),
        location: Some(config.location.clone()),
        project_id: Some(config.project.clone()),
    };
    let mut labels = vec![("tidegate_lane".to_owned(), job.lane.as_str().to_owned())];
    if let Some(dataset) = job.work.dataset() {
        labels.push(("tidegate_dataset".to_owned(), dataset.as_str().replace('.', "-")));
    }
    let mut configuration =
        JobConfiguration { labels: Some(labels.into_iter().collect()), ..JobConfiguration::default() };
    match &job.work {
        Work::LoadDate { unit, .. } => {
            let table = format!("{}${}", unit.dataset.table(), partition(unit.date));
            let files = vec![file(config, *unit)];
            configuration.load = Some(load(config, unit.dataset, table, files, "WRITE_TRUNCATE"));
        }
        Work::LoadTable { dataset, contents } => {
            let file = |date: Date| file(config, Unit { dataset: *dataset, date });
            let files = contents.iter().map(|(date, _)| file(*date)).collect();
            let table = dataset.table().to_owned();
            configuration.load = Some(load(config, *dataset, table, files, "WRITE_TRUNCATE_DATA"));
        }
        Work::Empty { dataset, dates } => {
            let dates: Vec<Date> = dates.iter().map(|(date, _)| *date).collect();
            configuration.query = Some(query(sql::delete(config, *dataset, &dates), job.lane));
        }
        Work::Write { notes } => configuration.query = Some(query(sql::insert(config, notes), job.lane)),
    }
    let body = Body { job_reference: Some(reference), configuration: Some(configuration), ..Body::default() };
    let mut body = serde_json::to_value(body).expect("a job of texts is JSON");
    if let Some(load) = body.pointer_mut("/configuration/load") {
        load["parquetOptions"] = json!({ "enableListInference": true });
    }
    body
}

/// A date as a partition is named after it.
fn partition(date: Date) -> String {
    date.to_string().replace('-', "")
}

fn load(
    config: &BigQueryConfig,
    dataset: DatasetName,
    table: String,
    files: Vec<String>,
    disposition: &str,
) -> JobConfigurationLoad {
    JobConfigurationLoad {
        source_uris: Some(files),
        source_format: Some("PARQUET".to_owned()),
        destination_table: Some(TableReference::new(&config.project, &config.dataset, &table)),
        create_disposition: Some("CREATE_NEVER".to_owned()),
        write_disposition: Some(disposition.to_owned()),
        hive_partitioning_options: Some(HivePartitioningOptions {
            mode: Some("CUSTOM".to_owned()),
            source_uri_prefix: Some(format!("{}/{{{DATE}:DATE}}", directory(config, dataset))),
            require_partition_filter: None,
        }),
        ..JobConfigurationLoad::default()
    }
}

fn query(sql: String, lane: Lane) -> JobConfigurationQuery {
    let priority = match lane {
        Lane::Daily => "INTERACTIVE",
        Lane::Backfill => "BATCH",
    };
    JobConfigurationQuery {
        query: sql,
        use_legacy_sql: Some(false),
        priority: Some(priority.to_owned()),
        ..JobConfigurationQuery::default()
    }
}
