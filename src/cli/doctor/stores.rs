//! The stores of a cloud home: ledger, buckets, landing zone, BigQuery, and the newest files of the lake.

use std::collections::BTreeMap;

use futures::{StreamExt, stream};

use super::asking::{told, within};
use super::cloud_home::Patient;
use crate::adapters::gcs;
use crate::adapters::ledger::inspect;
use crate::adapters::sources::LandingZone;
use crate::cli::assemble;
use crate::cli::bigquery;
use crate::cli::cloud;
use crate::cli::cloud_settings::{LedgerSettings, Secret};
use crate::cli::embedded::read_calendar;
use crate::doctor::{
    Answer, BucketName, Check, Door, Finding, OBJECT_WRITES, Role, Scope, SeenSource, Verdict, WantedLedger,
    door, newest, standing, stored,
};
use crate::fleet::sink::{Shape, TableSpec, Warehouse as _, WarehouseError, lagging, table_specs};
use crate::fleet::{Clock as _, Lake, LakeError, Millis, SystemClock};
use crate::flow::{DatasetName, Pipeline, Step, Unit, UnitRecord};

/// What the ledger has of complete units.
pub(super) type Records = BTreeMap<Unit, UnitRecord>;

/// Tables that are asked about at a time.
const TABLES_MAX: usize = 16;

/// Files that are read at a time.
const FILES_MAX: usize = 8;

/// The ledger, and its records where it is one that this program can read.
pub(super) async fn ledger(patient: &Patient, has_secret: bool) -> (Vec<Finding>, Option<Records>) {
    let LedgerSettings { host, port, database, user, password, connections_max, tls: _ } =
        &patient.settings.ledger;
    let wanted = WantedLedger {
        address: format!("{host}:{port}"),
        database: database.clone(),
        user: user.clone(),
        secret: password.as_ref().map(|secret| match secret {
            Secret::File(path) => path.display().to_string(),
            Secret::Variable(name) => format!("the variable {name}"),
        }),
        connections_max: i64::try_from(*connections_max).unwrap_or(i64::MAX),
        home: patient.place.home.clone(),
    };
    let config = match cloud::ledger_config(&patient.settings) {
        Ok(config) if has_secret => config,
        // The secret's own finding says why.
        Ok(_) | Err(_) => return (vec![door(&wanted, Door::NoSecret).0], None),
    };
    let before = SystemClock.now();
    let answer = within(async { Answer::Told(inspect(&config).await) }).await;
    let asked = (before, SystemClock.now());
    let seen = match answer {
        Answer::Told(door) => door,
        Answer::Silent(reason) | Answer::Refused(reason) | Answer::Unserved(reason) => Door::Silent(reason),
    };
    let (finding, seen) = door(&wanted, seen);
    let mut findings = vec![finding];
    let Some(seen) = seen else { return (findings, None) };
    let of_ledger = standing(&wanted, &seen, asked);
    let is_sound = !of_ledger.iter().any(|finding| finding.verdict == Verdict::Fail);
    findings.extend(of_ledger);
    // Whoever opens a ledger brings its tables up to date. Where there is something to bring, that is for others.
    if !is_sound || seen.tables != Some(seen.known) {
        return (findings, None);
    }
    let records = told(async {
        let ledger = cloud::ledger(&patient.settings, &assemble::datasets(patient.pipeline)).await?;
        let (_, changes) = ledger.changes_since(0).await?;
        Ok::<Records, anyhow::Error>(
            changes.into_iter().filter_map(|(unit, record)| Some((unit, record?))).collect(),
        )
    });
    match records.await.or_unknown(Check::Ledger, "what is complete", "ask again") {
        Ok(records) => (findings, Some(records)),
        Err(unknown) => {
            findings.push(unknown);
            (findings, None)
        }
    }
}

/// The lake's bucket, or that of the documents.
pub(super) async fn bucket(patient: &Patient, check: Check, probe: bool) -> Vec<Finding> {
    let (settings, key, scope) = if check == Check::Lake {
        (&patient.settings.lake, "lake.bucket", Scope::Lake)
    } else {
        (&patient.settings.published, "published.bucket", Scope::Published)
    };
    let Some(need) = patient.need(scope) else { return Vec::new() };
    let name =
        BucketName { check, name: settings.bucket.clone(), key, project: patient.place.project.clone() };
    let inspection = match gcs::Inspection::of(cloud::bucket(settings)) {
        Ok(inspection) => inspection,
        Err(error) => {
            let texts =
                [error.reason.clone(), "a bucket's name".to_owned(), format!("mend {key} of tidegate.toml")];
            return vec![Finding::wrong(Verdict::Fail, check, error.bucket, texts)];
        }
    };
    let (there, kept) = futures::join!(within(inspection.is_there()), within(inspection.keeps()));
    let is_there = there == Answer::Told(true);
    let mut findings = crate::doctor::bucket(&name, there, kept);
    if probe && is_there && need.permissions == OBJECT_WRITES.as_slice() {
        let mark = format!("{}-{}", SystemClock.now(), std::process::id());
        findings.push(crate::doctor::probe(&name, within(inspection.probe(&mark)).await));
    }
    findings
}

/// The landing zone. The sink has none.
pub(super) async fn landing(patient: &Patient) -> Vec<Finding> {
    if patient.role == Role::Sink {
        return Vec::new();
    }
    landing_in(&patient.settings.landing, patient.pipeline).await
}

/// The landing zone of any home.
pub(super) async fn landing_in(directory: &std::path::Path, pipeline: &Pipeline) -> Vec<Finding> {
    let place = directory.display().to_string();
    let zone = match LandingZone::open(directory) {
        Ok(zone) => zone,
        Err(error) => return crate::doctor::landing(&place, Err(error.to_string()), &[]),
    };
    let dates = match told(read_calendar(pipeline, &zone)).await {
        Answer::Told(calendar) => Ok(calendar.len()),
        Answer::Silent(reason) | Answer::Refused(reason) | Answer::Unserved(reason) => Err(reason),
    };
    let mut sources = Vec::new();
    for processor in pipeline.processors {
        let Step::Land { source, presence } = processor.step else { continue };
        let holders = zone.holders(source).await.map_err(|failure| failure.to_string());
        sources.push(SeenSource { source, presence, holders });
    }
    crate::doctor::landing(&place, dates, &sources)
}

/// BigQuery's dataset and tables, and those tables that the sink can load now.
pub(super) async fn tables(patient: &Patient) -> (Vec<Finding>, Vec<TableSpec>) {
    let Some(settings) = patient.settings.bigquery.as_ref().filter(|_| patient.need(Scope::Tables).is_some())
    else {
        return (Vec::new(), Vec::new());
    };
    let warehouse = match bigquery::warehouse(&patient.settings, &patient.cascade).await {
        Ok(warehouse) => warehouse,
        Err(error) => {
            let none: Answer<()> = Answer::Refused(format!("{error:#}"));
            let unknown =
                none.or_unknown(Check::Dataset, &settings.dataset, "gcloud auth application-default login");
            return (unknown.err().into_iter().collect(), Vec::new());
        }
    };
    let (project, name) = (&settings.project, &settings.dataset);
    let location = within(warehouse.location()).await;
    let is_there = matches!(location, Answer::Told(Some(_)));
    let mut findings = vec![crate::doctor::dataset(project, name, &settings.location, location)];
    if !is_there {
        return (findings, Vec::new());
    }
    let specs = table_specs(&patient.cascade);
    let look = |spec: TableSpec| {
        let warehouse = &warehouse;
        async move { (spec, shape(warehouse, spec).await) }
    };
    let shapes: Vec<_> = stream::iter(specs).map(look).buffered(TABLES_MAX).collect().await;
    let mut loadable = Vec::new();
    let mut wrong = Vec::new();
    for (spec, shape) in shapes {
        if matches!(shape, Ok(Shape::AsDeclared | Shape::Behind(_))) {
            loadable.push(spec);
        }
        wrong.extend(crate::doctor::table(project, name, spec.dataset.table(), shape));
    }
    if wrong.is_empty() {
        let found = format!("all {} are as declared", loadable.len());
        findings.push(Finding::ok(Check::Tables, format!("{project}.{name}"), found));
    }
    findings.extend(wrong);
    (findings, loadable)
}

async fn shape(
    warehouse: &crate::adapters::bigquery::BigQuery,
    spec: TableSpec,
) -> Result<Shape, WarehouseError> {
    // The adapter has a time for each of its requests; this one is one request.
    warehouse.shape(spec).await
}

/// A table that can be asked about in the place of the dataset.
pub(super) fn first_table(patient: &Patient) -> Option<&'static str> {
    table_specs(&patient.cascade).first().map(|spec| spec.dataset.table())
}

/// How far the tables are behind, of those that the sink can load.
pub(super) async fn lag(
    patient: &Patient,
    records: &Records,
    tables: &[TableSpec],
    now: Millis,
) -> Vec<Finding> {
    if tables.is_empty() {
        return Vec::new();
    }
    let contents = told(async {
        let warehouse = bigquery::warehouse(&patient.settings, &patient.cascade).await?;
        Ok::<_, anyhow::Error>(warehouse.contents().await?)
    });
    let mend = "tidegate bigquery status   # asks the same, and says more of it";
    match contents.await.or_unknown(Check::SinkLag, "", mend) {
        Ok(contents) => {
            let lags = lagging(tables, records, &contents);
            let oldest =
                lags.keys().filter_map(|unit| records.get(unit)).map(|record| record.finished_at).min();
            vec![crate::doctor::lag(lags.len(), oldest, now)]
        }
        Err(unknown) => vec![unknown],
    }
}

/// The newest file of each dataset, read as whoever depends on it reads it.
pub(super) async fn newest_units(patient: &Patient, records: &Records) -> Vec<Finding> {
    if patient.need(Scope::Lake).is_none() {
        return Vec::new();
    }
    match cloud::lake(&patient.settings) {
        Ok(lake) => read_newest(&*lake, &patient.cascade, records, &patient.place.home).await,
        // The bucket's own finding says so.
        Err(_) => Vec::new(),
    }
}

/// The same in any lake.
pub(super) async fn read_newest(
    lake: &dyn Lake,
    cascade: &crate::flow::Cascade,
    records: &Records,
    home: &str,
) -> Vec<Finding> {
    let wanted: Vec<(DatasetName, &UnitRecord)> = newest(cascade, records.values()).into_iter().collect();
    let read = |(dataset, record): (DatasetName, &UnitRecord)| {
        let schema = cascade.processor(dataset).and_then(|processor| processor.table());
        let (unit, stored) = (record.unit, record.stored.clone());
        within(async move {
            let (Some((_, schema)), Some(stored)) = (schema, stored) else { return Answer::Told(Ok(())) };
            match lake.read(unit, schema, &stored).await {
                Ok(_) => Answer::Told(Ok(())),
                Err(error @ (LakeError::Missing { .. } | LakeError::Damaged { .. })) => {
                    Answer::Told(Err(error.to_string()))
                }
                Err(error @ (LakeError::Storage { .. } | LakeError::Listing { .. })) => {
                    Answer::Silent(error.to_string())
                }
            }
        })
    };
    let read: Vec<_> = stream::iter(wanted.iter().copied().map(read)).buffered(FILES_MAX).collect().await;
    let read = wanted.into_iter().map(|(_, record)| record).zip(read).collect();
    stored(read, cascade.pipeline().as_str(), home)
}
