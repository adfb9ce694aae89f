//! A local BigQuery: datasets, tables with a partition a day, load jobs that read Parquet files from `gs://`, and the
//! few statements that `bigquery_sql.rs` knows. It keeps real rows, holds callers to the documented limits on a clock
//! that its owner gives, and carries jobs out some time after they were begun, whoever asks about them. What
//! `bigquery_api.rs` answers is decided here.
#![allow(dead_code, reason = "each test that takes this file uses a part of it")]

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde_json::{Value, json};

use super::bigquery_load::{self, File, Row};
use super::bigquery_sql::{self, Cells, Statement};
use super::faults::Faults;

/// Milliseconds since 1970-01-01 UTC.
pub(crate) type Moment = i64;

const DAY_MS: Moment = 24 * 60 * 60 * 1_000;
const SHORT_MS: Moment = 10_000;

/// What the requests are told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Datasets and tables, looked at.
    Look,
    /// Datasets and tables, made or changed.
    Change,
    /// A job, begun.
    InsertJob,
    /// A job, looked at.
    GetJob,
    /// A query and the pages of its result.
    Query,
    /// Anything else, which is refused.
    Other,
}

/// What goes wrong with a job after it was begun; nothing of it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JobFault {
    /// `backendError`.
    Backend,
    /// `rateLimitExceeded`.
    RateLimit,
    /// `quotaExceeded`.
    Quota,
    /// `invalid`.
    Invalid,
}

/// The documented limits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) load_jobs_a_project_and_day: usize,
    pub(crate) modifications_an_unpartitioned_table_and_day: usize,
    pub(crate) partition_modifications_a_table_and_day: usize,
    pub(crate) updates_a_table_in_10_seconds: usize,
    pub(crate) partitions_a_job: usize,
    pub(crate) files_a_job: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            load_jobs_a_project_and_day: 100_000,
            modifications_an_unpartitioned_table_and_day: 1_500,
            partition_modifications_a_table_and_day: 30_000,
            updates_a_table_in_10_seconds: 50,
            partitions_a_job: 4_000,
            files_a_job: 10_000,
        }
    }
}

/// Why something was refused: status, reason, words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) status: u16,
    pub(crate) reason: &'static str,
    pub(crate) message: String,
}

pub(crate) fn refused<T>(
    status: u16,
    reason: &'static str,
    message: impl Into<String>,
) -> Result<T, Refused> {
    Err(Refused { status, reason, message: message.into() })
}

/// A page of a result: its rows, where the next one begins, and how many rows there are in all.
pub(crate) type Page = (Vec<Cells>, Option<usize>, usize);

/// The content of a `gs://` place: bucket and name.
type ReadFile = Box<dyn Fn(&str, &str) -> Option<Bytes> + Send + Sync>;

/// The service.
pub(crate) struct BigQuery {
    /// What goes wrong with requests, and how many there were.
    pub(crate) faults: Faults<Kind>,
    limits: Limits,
    /// How long a job takes.
    job_ms: Moment,
    clock: Box<dyn Fn() -> Moment + Send + Sync>,
    read: ReadFile,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    datasets: BTreeMap<String, String>,
    tables: BTreeMap<(String, String), Table>,
    jobs: BTreeMap<String, Job>,
    results: BTreeMap<String, Vec<Cells>>,
    queue: VecDeque<String>,
    loads: VecDeque<Moment>,
    planned: VecDeque<JobFault>,
    chance: Option<u64>,
    over_limit: Vec<String>,
    queries: u64,
}

struct Table {
    resource: Value,
    partitions: BTreeMap<String, Partition>,
    cells: Vec<Cells>,
    modifications: VecDeque<Moment>,
    updates: VecDeque<Moment>,
}

#[derive(Clone)]
struct Partition {
    files: Vec<File>,
    modified_at: Moment,
}

struct Job {
    body: Value,
    location: String,
    created_at: Moment,
    due: Moment,
    ended: Option<Ended>,
}

struct Ended {
    at: Moment,
    outcome: Result<Option<u64>, Refused>,
}

impl BigQuery {
    /// An empty service. Jobs take `job_ms` on its clock.
    pub(crate) fn new(
        limits: Limits,
        job_ms: Moment,
        faults: Faults<Kind>,
        clock: impl Fn() -> Moment + Send + Sync + 'static,
        read: impl Fn(&str, &str) -> Option<Bytes> + Send + Sync + 'static,
    ) -> Self {
        Self { faults, limits, job_ms, clock: Box::new(clock), read: Box::new(read), state: Mutex::default() }
    }

    /// The next job fails in this way; further ones queue up.
    pub(crate) fn plan_job(&self, fault: JobFault) {
        self.state().planned.push_back(fault);
    }

    /// One job in twenty fails for a passing reason; which follows from the seed.
    pub(crate) fn jobs_of_seed(&self, seed: u64) {
        self.state().chance = Some(seed);
    }

    /// What was asked for beyond a limit, in words.
    pub(crate) fn over_limit(&self) -> Vec<String> {
        self.state().over_limit.clone()
    }

    /// The bodies of all jobs that were begun, in the order of their names.
    pub(crate) fn jobs(&self) -> Vec<Value> {
        self.state().jobs.values().map(|job| job.body.clone()).collect()
    }

    /// The resource of a table.
    pub(crate) fn table(&self, dataset: &str, table: &str) -> Option<Value> {
        let state = self.settled();
        state.tables.get(&(dataset.to_owned(), table.to_owned())).map(|table| table.resource.clone())
    }

    /// Changes a table as somebody else might.
    pub(crate) fn meddle(&self, dataset: &str, table: &str, change: impl FnOnce(&mut Value)) {
        let mut state = self.settled();
        change(&mut state.tables.get_mut(&(dataset.to_owned(), table.to_owned())).expect("a table").resource);
    }

    /// Takes the rows of a partition away, as somebody else might.
    pub(crate) fn lose(&self, dataset: &str, table: &str, partition: &str) {
        let mut state = self.settled();
        let table = state.tables.get_mut(&(dataset.to_owned(), table.to_owned())).expect("a table");
        table.partitions.remove(partition).expect("a partition");
    }

    /// Says that a partition was written to just now, with the same rows.
    pub(crate) fn touch(&self, dataset: &str, table: &str, partition: &str) {
        let now = (self.clock)();
        let mut state = self.settled();
        let table = state.tables.get_mut(&(dataset.to_owned(), table.to_owned())).expect("a table");
        table.partitions.get_mut(partition).expect("a partition").modified_at = now;
    }

    /// Takes a table away, as somebody else might.
    pub(crate) fn drop_table(&self, dataset: &str, table: &str) {
        self.settled().tables.remove(&(dataset.to_owned(), table.to_owned())).expect("a table");
    }

    /// The rows of every partition of a table, decoded: each row by column, the date among them.
    pub(crate) fn rows(&self, dataset: &str, table: &str) -> BTreeMap<String, Vec<Row>> {
        let state = self.settled();
        let Some(table) = state.tables.get(&(dataset.to_owned(), table.to_owned())) else {
            return BTreeMap::new();
        };
        let rows = |files: &[File]| files.iter().flat_map(bigquery_load::rows).collect::<Vec<_>>();
        let rows = table.partitions.iter().map(|(id, partition)| (id.clone(), rows(&partition.files)));
        rows.filter(|(_, rows)| !rows.is_empty()).collect()
    }

    /// Says what a dataset is.
    pub(crate) fn get_dataset(&self, project: &str, dataset: &str) -> Result<Value, Refused> {
        match self.settled().datasets.get(dataset) {
            Some(location) => Ok(json!({
                "kind": "bigquery#dataset",
                "id": format!("{project}:{dataset}"),
                "datasetReference": { "projectId": project, "datasetId": dataset },
                "location": location,
            })),
            None => refused(404, "notFound", format!("Not found: Dataset {project}:{dataset}")),
        }
    }

    /// Makes a dataset.
    pub(crate) fn create_dataset(&self, project: &str, body: &Value) -> Result<Value, Refused> {
        let name = text(body, "/datasetReference/datasetId")?.to_owned();
        let location = body["location"].as_str().unwrap_or("US").to_owned();
        if self.settled().datasets.contains_key(&name) {
            return refused(409, "duplicate", format!("Already Exists: Dataset {project}:{name}"));
        }
        self.state().datasets.insert(name.clone(), location);
        self.get_dataset(project, &name)
    }

    /// Says what a table is.
    pub(crate) fn get_table(&self, dataset: &str, table: &str) -> Result<Value, Refused> {
        let state = self.settled();
        match state.tables.get(&(dataset.to_owned(), table.to_owned())) {
            Some(table) => Ok(table.resource.clone()),
            None => refused(404, "notFound", format!("Not found: Table {dataset}.{table}")),
        }
    }

    /// Makes a table.
    pub(crate) fn create_table(&self, dataset: &str, body: &Value) -> Result<Value, Refused> {
        let name = text(body, "/tableReference/tableId")?.to_owned();
        let now = (self.clock)();
        let mut state = self.settled();
        let Some(location) = state.datasets.get(dataset).cloned() else {
            return refused(404, "notFound", format!("Not found: Dataset {dataset}"));
        };
        let key = (dataset.to_owned(), name.clone());
        if state.tables.contains_key(&key) {
            return refused(409, "duplicate", format!("Already Exists: Table {dataset}.{name}"));
        }
        well_formed(body)?;
        let mut resource = body.clone();
        resource["location"] = json!(location);
        resource["creationTime"] = json!(now.to_string());
        resource["type"] = json!("TABLE");
        let table = Table {
            resource: resource.clone(),
            partitions: BTreeMap::new(),
            cells: Vec::new(),
            modifications: VecDeque::new(),
            updates: VecDeque::from([now]),
        };
        state.tables.insert(key, table);
        Ok(resource)
    }

    /// Changes what a table is: columns may come and be relaxed, and nothing may go.
    pub(crate) fn patch_table(&self, dataset: &str, name: &str, body: &Value) -> Result<Value, Refused> {
        let now = (self.clock)();
        let mut state = self.settled();
        let Some(table) = state.tables.get_mut(&(dataset.to_owned(), name.to_owned())) else {
            return refused(404, "notFound", format!("Not found: Table {dataset}.{name}"));
        };
        if used(&mut table.updates, now, SHORT_MS) >= self.limits.updates_a_table_in_10_seconds {
            let message = "Exceeded rate limits: too many table update operations for this table";
            state.over_limit.push(format!("{name}: {message}"));
            return refused(403, "rateLimitExceeded", message);
        }
        table.updates.push_back(now);
        let merged = merged(&table.resource, body);
        well_formed(&merged)?;
        if merged["timePartitioning"] != table.resource["timePartitioning"] {
            return refused(400, "invalid", "Cannot change partitioning spec for a partitioned table.");
        }
        let (before, after) = (columns(&table.resource), columns(&merged));
        for column in &before {
            let Some(new) = after.iter().find(|new| new.name == column.name) else {
                let message =
                    format!("Provided Schema does not match Table. Field {} is missing", column.name);
                return refused(400, "invalid", message);
            };
            let relaxed = column.mode == "REQUIRED" && new.mode == "NULLABLE";
            if new.kind != column.kind || (new.mode != column.mode && !relaxed) {
                let message =
                    format!("Provided Schema does not match Table. Field {} has changed", column.name);
                return refused(400, "invalid", message);
            }
        }
        let is_new = |new: &&Column| !before.iter().any(|column| column.name == new.name);
        if let Some(column) = after.iter().filter(is_new).find(|new| new.mode == "REQUIRED") {
            let message =
                format!("Cannot add required fields to an existing schema. (field: {})", column.name);
            return refused(400, "invalid", message);
        }
        table.resource = merged.clone();
        Ok(merged)
    }

    /// Begins a job.
    pub(crate) fn insert_job(&self, body: &Value) -> Result<Value, Refused> {
        let id = text(body, "/jobReference/jobId")?.to_owned();
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if id.is_empty() || id.len() > 1_024 || !id.chars().all(allowed) {
            return refused(400, "invalid", format!("Invalid job ID \"{id}\"."));
        }
        let location =
            body.pointer("/jobReference/location").and_then(Value::as_str).unwrap_or("US").to_owned();
        let now = (self.clock)();
        let mut state = self.settled();
        if state.jobs.contains_key(&id) {
            return refused(409, "duplicate", format!("Already Exists: Job {id}"));
        }
        let configuration = &body["configuration"];
        if let Some(load) = configuration.get("load") {
            let files = load["sourceUris"].as_array().map_or(0, Vec::len);
            if files == 0 || files > self.limits.files_a_job {
                return refused(400, "invalid", format!("{files} source URIs; 1 to 10,000 are allowed"));
            }
            if used(&mut state.loads, now, DAY_MS) >= self.limits.load_jobs_a_project_and_day {
                state.over_limit.push("load jobs of the project".to_owned());
                return refused(403, "quotaExceeded", "Quota exceeded: load jobs per project per day");
            }
            state.loads.push_back(now);
        } else if let Some(query) = configuration.get("query") {
            if query["useLegacySql"] != json!(false) {
                return refused(400, "invalidQuery", "legacy SQL is not spoken here");
            }
            if !matches!(query["priority"].as_str(), None | Some("INTERACTIVE" | "BATCH")) {
                return refused(400, "invalid", "Invalid value for priority");
            }
            bigquery_sql::parse(query["query"].as_str().unwrap_or_default())
                .or_else(|message| refused(400, "invalidQuery", message))?;
        } else {
            return refused(400, "invalid", "a job is a load or a query here");
        }
        let due = now + self.job_ms;
        let job = Job { body: body.clone(), location, created_at: now, due, ended: None };
        let answer = resource(&id, &job);
        state.jobs.insert(id.clone(), job);
        state.queue.push_back(id);
        Ok(answer)
    }

    /// Says what has become of a job.
    pub(crate) fn get_job(&self, id: &str, location: Option<&str>) -> Result<Value, Refused> {
        let state = self.settled();
        // Outside of US and EU a job is found only by who names its place.
        let here = |job: &&Job| {
            location.map_or(matches!(&*job.location, "US" | "EU"), |location| location == job.location)
        };
        match state.jobs.get(id).filter(here) {
            Some(job) => Ok(resource(id, job)),
            None => refused(404, "notFound", format!("Not found: Job {id}")),
        }
    }

    /// Runs a query at once; the name of its result, to be read in pages.
    pub(crate) fn query(&self, body: &Value) -> Result<String, Refused> {
        if body["useLegacySql"] != json!(false) {
            return refused(400, "invalidQuery", "legacy SQL is not spoken here");
        }
        let sql = body["query"].as_str().unwrap_or_default();
        let statement = bigquery_sql::parse(sql).or_else(|message| refused(400, "invalidQuery", message))?;
        let mut state = self.settled();
        let rows = match statement {
            Statement::Partitions { dataset } => {
                if !state.datasets.contains_key(&dataset) {
                    return refused(404, "notFound", format!("Not found: Dataset {dataset}"));
                }
                partitions_of(&state, &dataset)
            }
            Statement::Notes { dataset, table } => {
                let Some(table) = state.tables.get(&(dataset.clone(), table.clone())) else {
                    return refused(404, "notFound", format!("Not found: Table {dataset}.{table}"));
                };
                bigquery_sql::latest(&table.cells)
            }
            Statement::Insert { .. } | Statement::Delete { .. } => {
                return refused(400, "invalid", "statements that change rows are jobs here");
            }
        };
        state.queries += 1;
        let id = format!("query_{}", state.queries);
        state.results.insert(id.clone(), rows);
        Ok(id)
    }

    /// A page of a result, and where the next one begins.
    pub(crate) fn page(&self, id: &str, from: usize, count: usize) -> Result<Page, Refused> {
        let state = self.state();
        let Some(rows) = state.results.get(id) else {
            return refused(404, "notFound", format!("Not found: Job {id}"));
        };
        let end = (from + count).min(rows.len());
        let page = rows.get(from..end).unwrap_or_default().to_vec();
        Ok((page, (end < rows.len()).then_some(end), rows.len()))
    }

    /// The state, after all jobs have been carried out whose time has come.
    fn settled(&self) -> MutexGuard<'_, State> {
        let now = (self.clock)();
        let mut state = self.state();
        while let Some(id) = state.queue.front().cloned() {
            let due = state.jobs[&id].due;
            if due > now {
                break;
            }
            state.queue.pop_front();
            let body = state.jobs[&id].body.clone();
            let outcome = self.carry_out(&mut state, &body, due);
            state.jobs.get_mut(&id).expect("a job").ended = Some(Ended { at: due, outcome });
        }
        state
    }

    fn carry_out(&self, state: &mut State, body: &Value, now: Moment) -> Result<Option<u64>, Refused> {
        let configuration = &body["configuration"];
        let fault = state.planned.pop_front().or_else(|| state.chance.as_mut().and_then(by_chance));
        let failed = fault.map(|fault| match fault {
            JobFault::Backend => ("backendError", "Error encountered during job execution. Retry."),
            JobFault::RateLimit => ("rateLimitExceeded", "Exceeded rate limits"),
            JobFault::Quota => ("quotaExceeded", "Quota exceeded: table modifications per day"),
            JobFault::Invalid => ("invalid", "Error while reading data"),
        });
        let statement = configuration.get("query").map(|query| {
            bigquery_sql::parse(query["query"].as_str().unwrap_or_default()).expect("parsed before")
        });
        match statement {
            None => self.load(state, &configuration["load"], now, failed).map(Some),
            Some(Statement::Insert { dataset, table: name, rows }) => {
                let table = table_mut(state, &dataset, &name)?;
                if let Some(over) = self.spend(table, 1, now) {
                    return self.over(state, over);
                }
                if let Some((reason, message)) = failed {
                    return refused(0, reason, message);
                }
                table_mut(state, &dataset, &name)?.cells.extend(rows);
                Ok(None)
            }
            Some(Statement::Delete { dataset, table: name, dates }) => {
                let table = table_mut(state, &dataset, &name)?;
                if let Some(over) = self.spend(table, dates.len(), now) {
                    return self.over(state, over);
                }
                if let Some((reason, message)) = failed {
                    return refused(0, reason, message);
                }
                let table = table_mut(state, &dataset, &name)?;
                for date in dates {
                    table.partitions.remove(&date.replace('-', ""));
                }
                Ok(None)
            }
            Some(Statement::Partitions { .. } | Statement::Notes { .. }) => Ok(None),
        }
    }

    fn load(
        &self,
        state: &mut State,
        load: &Value,
        now: Moment,
        failed: Option<(&'static str, &'static str)>,
    ) -> Result<u64, Refused> {
        let dataset = text(load, "/destinationTable/datasetId")?;
        let destination = text(load, "/destinationTable/tableId")?;
        let (name, decorator) = match destination.split_once('$') {
            Some((name, decorator)) => (name, Some(decorator)),
            None => (destination, None),
        };
        let table = table_mut(state, dataset, name)?;
        let files = load["sourceUris"].as_array().map(Vec::as_slice).unwrap_or_default();
        let touched = if decorator.is_some() { 1 } else { files.len() };
        // What fails counts too.
        if let Some(over) = self.spend(table, touched, now) {
            return self.over(state, over);
        }
        if let Some((reason, message)) = failed {
            return refused(0, reason, message);
        }
        if touched > self.limits.partitions_a_job {
            state.over_limit.push(format!("{name}: {touched} partitions in a job"));
            return refused(
                0,
                "invalid",
                format!("Too many partitions produced by query, allowed 4000, got {touched}"),
            );
        }
        let table = table_mut(state, dataset, name)?;
        let loaded = bigquery_load::read(load, &table.resource, decorator, &self.read)?;
        let rows = loaded.values().flatten().map(|file| file.rows).sum();
        let disposition = load["writeDisposition"].as_str().unwrap_or("WRITE_APPEND");
        match (disposition, decorator) {
            ("WRITE_TRUNCATE" | "WRITE_TRUNCATE_DATA", Some(partition)) => {
                table.partitions.remove(partition);
            }
            ("WRITE_TRUNCATE_DATA", None) => table.partitions.clear(),
            ("WRITE_TRUNCATE", None) => {
                table.partitions.clear();
                // The table takes the schema of the files, and what was said of its columns is gone.
                for field in table.resource["schema"]["fields"].as_array_mut().into_iter().flatten() {
                    field.as_object_mut().expect("a field").remove("description");
                }
            }
            ("WRITE_APPEND", _) => {}
            (other, _) => {
                return refused(0, "invalid", format!("write disposition {other} is not spoken here"));
            }
        }
        for (id, files) in loaded {
            let partition = table
                .partitions
                .entry(id)
                .or_insert_with(|| Partition { files: Vec::new(), modified_at: now });
            partition.files.extend(files);
            partition.modified_at = now;
        }
        Ok(rows)
    }

    /// Counts a job against the limits of its table, whether or not it will succeed; or says which is used up.
    fn spend(&self, table: &mut Table, partitions: usize, now: Moment) -> Option<(&'static str, String)> {
        let partitioned = table.resource["timePartitioning"].is_object();
        let (limit, cost) = if partitioned {
            (self.limits.partition_modifications_a_table_and_day, partitions)
        } else {
            (self.limits.modifications_an_unpartitioned_table_and_day, 1)
        };
        let name = table.resource["tableReference"]["tableId"].as_str().unwrap_or_default().to_owned();
        let day = used(&mut table.modifications, now, DAY_MS);
        let short = used(&mut table.updates, now, SHORT_MS);
        if day + cost > limit {
            return Some(("quotaExceeded", format!("{name}: {} modifications in a day", day + cost)));
        }
        if short >= self.limits.updates_a_table_in_10_seconds {
            return Some(("rateLimitExceeded", format!("{name}: {} updates in 10 s", short + 1)));
        }
        table.modifications.extend(std::iter::repeat_n(now, cost));
        table.updates.push_back(now);
        None
    }

    fn over<T>(&self, state: &mut State, (reason, message): (&'static str, String)) -> Result<T, Refused> {
        state.over_limit.push(message.clone());
        refused(0, reason, format!("Exceeded rate limits or quota: {message}"))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn table_mut<'a>(state: &'a mut State, dataset: &str, name: &str) -> Result<&'a mut Table, Refused> {
    match state.tables.get_mut(&(dataset.to_owned(), name.to_owned())) {
        Some(table) => Ok(table),
        None => refused(404, "notFound", format!("Not found: Table {dataset}.{name}")),
    }
}

/// The rows of `INFORMATION_SCHEMA.PARTITIONS` that have rows.
fn partitions_of(state: &State, dataset: &str) -> Vec<Cells> {
    let mut rows = Vec::new();
    for ((of, name), table) in &state.tables {
        for (id, partition) in &table.partitions {
            let count: u64 = partition.files.iter().map(|file| file.rows).sum();
            if of == dataset && count > 0 {
                let cells = [name.clone(), id.clone(), count.to_string(), partition.modified_at.to_string()];
                rows.push(cells.into_iter().map(Some).collect());
            }
        }
    }
    rows
}

/// A job as it is shown.
fn resource(id: &str, job: &Job) -> Value {
    let mut shown = job.body.clone();
    shown["kind"] = json!("bigquery#job");
    shown["id"] = json!(id);
    shown["statistics"] = json!({ "creationTime": job.created_at.to_string() });
    let Some(ended) = &job.ended else {
        shown["status"] = json!({ "state": "RUNNING" });
        return shown;
    };
    shown["status"] = json!({ "state": "DONE" });
    shown["statistics"]["startTime"] = json!(job.created_at.to_string());
    shown["statistics"]["endTime"] = json!(ended.at.to_string());
    match &ended.outcome {
        Ok(Some(rows)) => shown["statistics"]["load"] = json!({ "outputRows": rows.to_string() }),
        Ok(None) => {}
        Err(error) => {
            let error = json!({ "reason": error.reason, "message": error.message });
            shown["status"]["errors"] = json!([error]);
            shown["status"]["errorResult"] = error;
        }
    }
    shown
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) mode: String,
}

/// The columns of a table's resource.
pub(crate) fn columns(resource: &Value) -> Vec<Column> {
    let fields = resource.pointer("/schema/fields").and_then(Value::as_array);
    let column = |field: &Value| Column {
        name: field["name"].as_str().unwrap_or_default().to_owned(),
        kind: field["type"].as_str().unwrap_or_default().to_owned(),
        mode: field["mode"].as_str().unwrap_or("NULLABLE").to_owned(),
    };
    fields.into_iter().flatten().map(column).collect()
}

/// Refuses a table that BigQuery would not make.
fn well_formed(resource: &Value) -> Result<(), Refused> {
    let columns = columns(resource);
    let find = |name: &str| columns.iter().find(|column| column.name == name);
    if let Some(by) = resource["timePartitioning"]["field"].as_str() {
        let fits = find(by).is_some_and(|column| column.kind == "DATE" && column.mode != "REPEATED");
        if !fits {
            return refused(
                400,
                "invalid",
                format!("The field specified for partitioning can not be `{by}`"),
            );
        }
    } else if resource["requirePartitionFilter"] == json!(true) {
        return refused(400, "invalid", "require_partition_filter needs a partitioned table");
    }
    let by = resource["clustering"]["fields"].as_array().map(Vec::as_slice).unwrap_or_default();
    for name in by {
        let column = find(name.as_str().unwrap_or_default());
        let fits = column.is_some_and(|column| {
            column.mode != "REPEATED" && !matches!(&*column.kind, "FLOAT" | "FLOAT64" | "RECORD")
        });
        if !fits || by.len() > 4 {
            return refused(400, "invalid", format!("{name} is not a valid clustering field"));
        }
    }
    let long = resource.pointer("/schema/fields").and_then(Value::as_array).into_iter().flatten();
    for field in long {
        if field["description"].as_str().is_some_and(|text| text.chars().count() > 1_024) {
            return refused(400, "invalid", "a description of a column is longer than 1,024 characters");
        }
    }
    Ok(())
}

/// A resource with the fields that a patch names.
fn merged(resource: &Value, patch: &Value) -> Value {
    let mut merged = resource.clone();
    for (key, value) in patch.as_object().into_iter().flatten() {
        merged[key] = value.clone();
    }
    merged
}

fn text<'a>(body: &'a Value, pointer: &str) -> Result<&'a str, Refused> {
    match body.pointer(pointer).and_then(Value::as_str) {
        Some(text) => Ok(text),
        None => refused(400, "required", format!("Required parameter is missing: {pointer}")),
    }
}

/// How much was used in the window that ends now.
fn used(spent: &mut VecDeque<Moment>, now: Moment, window: Moment) -> usize {
    while spent.front().is_some_and(|at| at + window <= now) {
        spent.pop_front();
    }
    spent.len()
}

/// SplitMix64; one job in twenty fails.
fn by_chance(state: &mut u64) -> Option<JobFault> {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^= z >> 31;
    let fault = if (z / 20).is_multiple_of(2) { JobFault::Backend } else { JobFault::RateLimit };
    z.is_multiple_of(20).then_some(fault)
}
