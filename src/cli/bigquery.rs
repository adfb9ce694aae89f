//! `tidegate bigquery`: what lags in BigQuery and why, and whether its tables are what the ledger and the lake say.
//! Everything is asked of the ledger and of BigQuery itself; the sink need not run. Changes nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::assemble;
use super::cloud;
use super::cloud_settings::CloudSettings;
use super::ending::{Ending, wrong_usage};
use super::selection;
use super::settings::Settings;
use super::table::{Align, Table, count, span};
use crate::adapters::bigquery::BigQuery;
use crate::fleet::sink::{
    Contents, Lag, Shape, TableSpec, Wanted, Warehouse, WarehouseError, lagging, table_specs,
};
use crate::fleet::{Clock as _, Lake, Millis, SystemClock};
use crate::flow::{Cascade, DatasetName, Date, Unit, UnitRecord};

const EXAMPLES: &str = "\
Examples:
  tidegate bigquery status                                     how far each table is, and what holds it up
  tidegate bigquery verify --dataset player_game_summary       rows and revisions, date by date

Exit codes: 0 the tables are equal to the lake; 3 something lags or differs.";

/// Dates that are named of each table; the JSON names all.
const NAMED_MAX: usize = 5;

/// Options of `tidegate bigquery`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Options {
    #[command(subcommand)]
    action: Action,
}

/// What to do.
#[derive(Debug, Subcommand)]
enum Action {
    /// Show what lags, and why
    Status(Which),
    /// Compare rows and revisions of every date with the ledger, and look for every file in the lake
    Verify(Which),
}

/// Which tables.
#[derive(Debug, Args)]
struct Which {
    /// Only this dataset, with or without `nba.`
    #[arg(long, value_name = "DATASET")]
    dataset: Option<String>,
}

/// Does it.
pub(super) async fn run(options: Options, settings: &Settings) -> anyhow::Result<Ending> {
    if !settings.home.is_cloud() {
        return Err(wrong_usage(format!(
            "{} has no tidegate.toml: only a cloud home is loaded into BigQuery; `tidegate query` asks this one",
            settings.home.root().display()
        )));
    }
    let cloud_settings = cloud::settings(&settings.home)?;
    let pipeline = assemble::named(&cloud_settings.pipeline)?;
    let cascade = assemble::cascade(pipeline)?;
    let (which, verify) = match options.action {
        Action::Status(which) => (which, false),
        Action::Verify(which) => (which, true),
    };
    let chosen = which.dataset.map(|name| selection::dataset(&cascade, &name)).transpose()?;
    let specs: Vec<TableSpec> = table_specs(&cascade)
        .into_iter()
        .filter(|spec| chosen.is_none_or(|dataset| dataset == spec.dataset))
        .collect();
    if specs.is_empty() {
        return Err(wrong_usage("that dataset has no rows, so BigQuery has no table of it"));
    }
    let warehouse = warehouse(&cloud_settings, &cascade).await?;
    let ledger = cloud::ledger(&cloud_settings, &assemble::datasets(pipeline)).await?;
    let (_, changes) = ledger.changes_since(0).await?;
    let records: BTreeMap<Unit, UnitRecord> =
        changes.into_iter().filter_map(|(unit, record)| Some((unit, record?))).collect();
    let contents = warehouse.contents().await?;
    let mut lines = survey(&specs, &records, &contents);
    for (spec, line) in specs.iter().zip(&mut lines) {
        line.table = standing(warehouse.shape(*spec).await)?;
    }
    if verify {
        let lake = cloud::lake(&cloud_settings)?;
        for line in &mut lines {
            line.without_file = without_file(&*lake, line.dataset, &records).await?;
        }
    }
    let now = SystemClock.now();
    settings.print(&render(&lines, verify, now), || json_of(&lines));
    Ok(if lines.iter().all(Line::is_equal) { Ending::AllDone } else { Ending::Remains })
}

/// BigQuery as the settings of a cloud home say.
pub(super) async fn warehouse(settings: &CloudSettings, cascade: &Cascade) -> anyhow::Result<Arc<BigQuery>> {
    let config = settings.bigquery_config()?;
    Ok(Arc::new(BigQuery::connect(config, cascade.datasets()).await?))
}

/// A table beside what the ledger says.
struct Line {
    dataset: DatasetName,
    /// Dates that should have rows, and how many.
    dates: u64,
    rows: u64,
    /// Rows that are there, and those of them that are in no date's partition.
    found: u64,
    strays: u64,
    lags: Vec<(Date, Lag)>,
    /// When the oldest record was committed that lags.
    since: Option<Millis>,
    /// What is to be said of the table itself.
    table: Option<String>,
    /// Dates whose file the lake lacks.
    without_file: Vec<Date>,
}

impl Line {
    fn is_equal(&self) -> bool {
        self.lags.is_empty() && self.strays == 0 && self.without_file.is_empty() && self.table.is_none()
    }
}

fn survey(specs: &[TableSpec], records: &BTreeMap<Unit, UnitRecord>, contents: &Contents) -> Vec<Line> {
    let lags = lagging(specs, records, contents);
    let line = |spec: &TableSpec| {
        let dataset = spec.dataset;
        let of = |unit: &Unit| unit.dataset == dataset;
        let wanted = records.iter().filter(|(unit, _)| of(unit));
        let rows: Vec<u64> = wanted
            .filter_map(|(_, record)| match Wanted::of(Some(record)) {
                Wanted::Content(content) => Some(content.rows),
                Wanted::Nothing => None,
            })
            .collect();
        let strays = contents.strays.get(&dataset).copied().unwrap_or(0);
        let there = contents.partitions.iter().filter(|(unit, _)| of(unit));
        let lags: Vec<(Date, Lag)> =
            lags.iter().filter(|(unit, _)| of(unit)).map(|(unit, lag)| (unit.date, lag.clone())).collect();
        let since = lags.iter().filter_map(|(date, _)| records.get(&Unit { dataset, date: *date }));
        Line {
            dataset,
            dates: rows.len() as u64,
            rows: rows.iter().sum(),
            found: there.map(|(_, partition)| partition.rows).sum::<u64>() + strays,
            strays,
            since: since.map(|record| record.finished_at).min(),
            lags,
            table: None,
            without_file: Vec::new(),
        }
    };
    specs.iter().map(line).collect()
}

/// What is to be said of a table: nothing where it is as declared.
fn standing(shape: Result<Shape, WarehouseError>) -> Result<Option<String>, WarehouseError> {
    match shape {
        Ok(Shape::AsDeclared) => Ok(None),
        Ok(Shape::Missing) => Ok(Some("there is no table yet; the sink makes it".to_owned())),
        Ok(Shape::Behind(what)) => Ok(Some(format!("{}; the sink mends it", what.join(", ")))),
        Err(error @ WarehouseError::Incompatible { .. }) => Ok(Some(error.to_string())),
        Err(error) => Err(error),
    }
}

async fn without_file(
    lake: &dyn Lake,
    dataset: DatasetName,
    records: &BTreeMap<Unit, UnitRecord>,
) -> anyhow::Result<Vec<Date>> {
    let present = lake.present(dataset).await?;
    let stored = records.iter().filter(|(unit, record)| unit.dataset == dataset && record.stored.is_some());
    let missing = stored.filter(|(unit, record)| {
        present.get(&unit.date).copied() != record.stored.as_ref().map(|stored| stored.bytes)
    });
    Ok(missing.map(|(unit, _)| unit.date).collect())
}

fn render(lines: &[Line], verify: bool, now: Millis) -> String {
    let mut table = Table::of(&[
        ("dataset", Align::Left),
        ("dates", Align::Right),
        ("rows", Align::Right),
        ("in BigQuery", Align::Right),
        ("lagging", Align::Right),
        ("since", Align::Left),
    ]);
    for line in lines {
        table.row([
            line.dataset.to_string(),
            count(line.dates),
            count(line.rows),
            count(line.found),
            count(line.lags.len() as u64),
            line.since.map_or_else(String::new, |since| span(u64::try_from(now - since).unwrap_or(0))),
        ]);
    }
    let mut text = table.render();
    for line in lines.iter().filter(|line| !line.is_equal()) {
        text.push_str(&format!("\n{}\n", line.dataset));
        text.extend(line.table.iter().map(|standing| format!("  {standing}\n")));
        if line.strays > 0 {
            text.push_str(&format!(
                "  {} rows are in no date's partition; somebody else wrote them\n",
                count(line.strays)
            ));
        }
        let named = line.lags.iter().take(NAMED_MAX).map(|(date, lag)| format!("  {date}  {lag}\n"));
        text.extend(named);
        if line.lags.len() > NAMED_MAX {
            text.push_str(&format!("  and {} more dates\n", count((line.lags.len() - NAMED_MAX) as u64)));
        }
        for date in line.without_file.iter().take(NAMED_MAX) {
            text.push_str(&format!("  {date}  the lake's file is missing or of another length\n"));
        }
    }
    let lagging: usize = lines.iter().map(|line| line.lags.len()).sum();
    text.push_str(&match (lines.iter().all(Line::is_equal), verify) {
        (true, true) => {
            "\nevery date has the rows and the revision that the ledger says, and its file\n".to_owned()
        }
        (true, false) => "\nnothing lags\n".to_owned(),
        (false, _) => format!("\n{} dates lag\n", count(lagging as u64)),
    });
    text
}

fn json_of(lines: &[Line]) -> Value {
    let line = |line: &Line| {
        let lags: Vec<Value> = line
            .lags
            .iter()
            .map(|(date, lag)| json!({ "date": date.to_string(), "reason": lag.to_string() }))
            .collect();
        json!({
            "dataset": line.dataset.as_str(),
            "dates": line.dates,
            "rows": line.rows,
            "rows_in_bigquery": line.found,
            "rows_without_date": line.strays,
            "lagging": lags,
            "oldest_committed_at_ms": line.since,
            "table": line.table,
            "without_file": line.without_file.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    };
    json!({
        "equal": lines.iter().all(Line::is_equal),
        "tables": lines.iter().map(line).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::Stored;
    use crate::fleet::sink::{Note, Partition};
    use crate::flow::{Fingerprint, Outcome, Revision, RunId, Schema};

    #[test]
    fn a_table_is_shown_beside_what_it_should_be() {
        let dataset = DatasetName::of("nba.points");
        let unit = |day| Unit { dataset, date: Date::from_days(day) };
        let revision = Revision::from_bytes([1; 32]);
        let record = |unit| UnitRecord {
            unit,
            outcome: Outcome::Done,
            fingerprint: Fingerprint::from_bytes([2; 32]),
            stored: Some(Stored { revision, digest: [0; 32], bytes: 9 }),
            rows_expected: 4,
            rows_written: 4,
            code: 1,
            run: RunId(1),
            attempt: 1,
            duration_ms: 1,
            finished_at: 1_000,
        };
        let records = [0, 1].map(|day| (unit(day), record(unit(day)))).into();
        let note = Note {
            unit: unit(0),
            revision,
            rows: 4,
            committed_at: 1_000,
            job: "j".to_owned(),
            ended_at: 2_000,
            fault: None,
        };
        let contents = Contents {
            partitions: [(unit(0), Partition { rows: 4, modified_at: 2_000 })].into(),
            notes: [(unit(0), note)].into(),
            strays: [(dataset, 3)].into(),
        };
        let spec = TableSpec { dataset, schema: Schema { fields: &[], key: &[] }, summary: "points" };
        let lines = survey(&[spec], &records, &contents);
        let text = render(&lines, false, 61_000);
        assert!(text.contains("1970-01-02  not loaded yet"), "{text}");
        assert!(text.contains("3 rows are in no date's partition"), "{text}");
        assert!(text.ends_with("1 dates lag\n"), "{text}");
        let json = json_of(&lines);
        assert_eq!(json["tables"][0]["rows"], json!(8));
        assert_eq!(json["tables"][0]["rows_in_bigquery"], json!(7));
        assert_eq!(json["equal"], json!(false));
    }
}
