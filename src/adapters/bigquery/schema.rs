//! A dataset's columns as a BigQuery table, and the reverse question: is a table one into which the dataset's rows can
//! be loaded? Every column is nullable and every list repeated, whatever the declaration says: a column can then be
//! added to a table that has rows, and what must not be null is held by the lake already. Pure.

use gcp_bigquery_client::model::clustering::Clustering;
use gcp_bigquery_client::model::field_type::FieldType;
use gcp_bigquery_client::model::table::Table;
use gcp_bigquery_client::model::table_field_schema::TableFieldSchema;
use gcp_bigquery_client::model::table_schema::TableSchema;
use gcp_bigquery_client::model::time_partitioning::TimePartitioning;

use super::BigQueryConfig;
use super::request::DATE;
use crate::fleet::sink::{Shape, TableSpec};
use crate::flow::{ColumnType, Field, Schema};

/// The table of notes.
pub(super) const NOTES: &str = "tidegate_units";

/// Columns by which a table is clustered, at most.
const CLUSTERING_COLUMNS_MAX: usize = 4;

/// The longest description of a column, in characters.
const DESCRIPTION_CHARACTERS_MAX: usize = 1_024;

/// The table that a dataset should have.
pub(super) fn declared(config: &BigQueryConfig, spec: TableSpec) -> Table {
    let mut fields = vec![field(DATE, FieldType::Date, "NULLABLE", "The unit's date; the partition.")];
    fields.extend(spec.schema.fields.iter().map(column));
    let mut table =
        Table::new(&config.project, &config.dataset, spec.dataset.table(), TableSchema::new(fields));
    table.description = Some(format!("{} One partition a date, as the lake has it.", sentence(spec.summary)));
    table.time_partitioning = Some(TimePartitioning::per_day().field(DATE));
    table.require_partition_filter = Some(true);
    let key = clustering(spec.schema);
    table.clustering = (!key.is_empty()).then_some(Clustering { fields: Some(key) });
    table
}

/// The table of notes as it should be.
pub(super) fn notes(config: &BigQueryConfig) -> Table {
    let column = |name: &str, kind: FieldType, doc: &str| field(name, kind, "NULLABLE", doc);
    let fields = vec![
        column("dataset", FieldType::String, "The dataset: pipeline and table."),
        column(DATE, FieldType::Date, "The unit's date."),
        column("revision", FieldType::String, "The hash of the content that was loaded."),
        column("row_count", FieldType::Integer, "Its rows."),
        column("committed_at", FieldType::Timestamp, "When the ledger's record of it was committed."),
        column("job", FieldType::String, "The job, without the prefix that all have."),
        column("ended_at", FieldType::Timestamp, "When the job ended."),
        column("fault", FieldType::String, "Why it failed; null where the rows are there."),
    ];
    let mut table = Table::new(&config.project, &config.dataset, NOTES, TableSchema::new(fields));
    table.description = Some(
        "What the sink has loaded, one row a unit and job; the latest of a unit counts. Written by the sink alone."
            .to_owned(),
    );
    table.clustering = Some(Clustering { fields: Some(vec!["dataset".to_owned(), DATE.to_owned()]) });
    table
}

/// What a table that is there is beside the declared one; an error is the first difference that cannot be mended
/// without touching rows.
pub(super) fn compare(declared: &Table, found: &Table) -> Result<Shape, String> {
    let partitioning = |table: &Table| {
        table.time_partitioning.as_ref().map(|by| (by.r#type.clone(), by.field.clone().unwrap_or_default()))
    };
    if partitioning(declared) != partitioning(found) {
        return Err(format!(
            "it is partitioned by {:?}, not by {:?}",
            partitioning(found),
            partitioning(declared)
        ));
    }
    let mut behind = Vec::new();
    let (declared_fields, found_fields) = (fields(declared), fields(found));
    for field in declared_fields {
        let Some(there) = found_fields.iter().find(|there| there.name == field.name) else {
            behind.push(format!("column `{}` is missing", field.name));
            continue;
        };
        let (kind, found_kind) = (kind(&field.r#type), kind(&there.r#type));
        if kind != found_kind {
            return Err(format!("column `{}` is {found_kind}, not {kind}", field.name));
        }
        match (mode(field), mode(there)) {
            ("NULLABLE", "REQUIRED") => behind.push(format!("column `{}` may not be null", field.name)),
            (mode, found_mode) if mode != found_mode => {
                return Err(format!("column `{}` is {found_mode}, not {mode}", field.name));
            }
            _ if field.description != there.description => {
                behind.push(format!("column `{}` is described otherwise", field.name));
            }
            _ => {}
        }
    }
    let is_declared =
        |there: &&TableFieldSchema| declared_fields.iter().any(|field| field.name == there.name);
    if let Some(extra) = found_fields.iter().find(|there| !is_declared(there)) {
        return Err(format!("column `{}` is not declared", extra.name));
    }
    let clustering = |table: &Table| table.clustering.as_ref().and_then(|by| by.fields.clone());
    if clustering(declared) != clustering(found) {
        behind.push("it is clustered otherwise".to_owned());
    }
    if declared.require_partition_filter.unwrap_or(false) != found.require_partition_filter.unwrap_or(false) {
        behind.push("it does not ask for a date".to_owned());
    }
    if declared.description != found.description {
        behind.push("it is described otherwise".to_owned());
    }
    Ok(if behind.is_empty() { Shape::AsDeclared } else { Shape::Behind(behind) })
}

/// The declared table with its columns in the order in which the found one has them, new ones last: what a patch
/// must say, because it replaces the schema as a whole.
pub(super) fn mended(declared: Table, found: &Table) -> Table {
    let places: Vec<&str> = fields(found).iter().map(|field| field.name.as_str()).collect();
    let place =
        |field: &TableFieldSchema| places.iter().position(|name| *name == field.name).unwrap_or(places.len());
    let mut columns = fields(&declared).to_vec();
    columns.sort_by_key(place);
    Table { schema: TableSchema::new(columns), ..declared }
}

fn fields(table: &Table) -> &[TableFieldSchema] {
    table.schema.fields.as_deref().unwrap_or_default()
}

fn column(field: &Field) -> TableFieldSchema {
    let (kind, mode) = match field.column_type {
        ColumnType::Int => (FieldType::Integer, "NULLABLE"),
        ColumnType::Float => (FieldType::Float, "NULLABLE"),
        ColumnType::Text => (FieldType::String, "NULLABLE"),
        ColumnType::Bool => (FieldType::Boolean, "NULLABLE"),
        ColumnType::Date => (FieldType::Date, "NULLABLE"),
        ColumnType::FloatList => (FieldType::Float, "REPEATED"),
        ColumnType::TextList => (FieldType::String, "REPEATED"),
    };
    self::field(field.name, kind, mode, field.doc)
}

fn field(name: &str, kind: FieldType, mode: &str, doc: &str) -> TableFieldSchema {
    let doc = doc.split_whitespace().collect::<Vec<_>>().join(" ");
    TableFieldSchema {
        description: Some(doc.chars().take(DESCRIPTION_CHARACTERS_MAX).collect()),
        mode: Some(mode.to_owned()),
        ..TableFieldSchema::new(name, kind)
    }
}

/// The key's columns that a table can be clustered by.
fn clustering(schema: Schema) -> Vec<String> {
    let can = |name: &&&str| {
        let field = schema.fields.iter().find(|field| field.name == **name);
        field.is_some_and(|field| match field.column_type {
            ColumnType::Int | ColumnType::Text | ColumnType::Bool | ColumnType::Date => true,
            ColumnType::Float | ColumnType::FloatList | ColumnType::TextList => false,
        })
    };
    schema.key.iter().filter(can).take(CLUSTERING_COLUMNS_MAX).map(|name| (*name).to_owned()).collect()
}

fn sentence(summary: &str) -> String {
    let mut letters = summary.trim().trim_end_matches('.').chars();
    let first = letters.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

fn mode(field: &TableFieldSchema) -> &str {
    field.mode.as_deref().unwrap_or("NULLABLE")
}

/// A type's name; two of the service's names of one type are one here.
fn kind(kind: &FieldType) -> String {
    match kind {
        FieldType::Int64 => "Integer".to_owned(),
        FieldType::Float64 => "Float".to_owned(),
        FieldType::Bool => "Boolean".to_owned(),
        FieldType::Struct => "Record".to_owned(),
        other => format!("{other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::DatasetName;

    const FIELDS: [Field; 3] = [
        Field { name: "player", column_type: ColumnType::Text, nullable: false, doc: " Who.\n More." },
        Field { name: "points", column_type: ColumnType::Float, nullable: true, doc: " How many." },
        Field { name: "issues", column_type: ColumnType::TextList, nullable: false, doc: " What is odd." },
    ];

    fn spec(fields: &'static [Field]) -> TableSpec {
        let schema = Schema { fields, key: &["player", "points"] };
        TableSpec { dataset: DatasetName::of("nba.points"), schema, summary: "points of a player" }
    }

    fn config() -> BigQueryConfig {
        let text = str::to_owned;
        BigQueryConfig {
            project: text("acme"),
            dataset: text("nba"),
            location: text("US"),
            endpoint: None,
            lake: text("gs://b/lake"),
        }
    }

    #[test]
    fn a_table_is_partitioned_by_date_and_clustered_by_its_key() {
        let table = declared(&config(), spec(&FIELDS));
        let columns: Vec<_> = fields(&table)
            .iter()
            .map(|field| {
                (field.name.as_str(), kind(&field.r#type), mode(field), field.description.as_deref())
            })
            .collect();
        let text = str::to_owned;
        assert_eq!(
            columns,
            [
                ("date", text("Date"), "NULLABLE", Some("The unit's date; the partition.")),
                ("player", text("String"), "NULLABLE", Some("Who. More.")),
                ("points", text("Float"), "NULLABLE", Some("How many.")),
                ("issues", text("String"), "REPEATED", Some("What is odd.")),
            ]
        );
        assert_eq!(table.clustering.and_then(|by| by.fields), Some(vec![text("player")]), "no float");
        assert_eq!(table.require_partition_filter, Some(true));
        let description = table.description.unwrap_or_default();
        assert_eq!(description, "Points of a player. One partition a date, as the lake has it.");
    }

    #[test]
    fn what_can_be_added_is_told_from_what_cannot_be_mended() {
        let whole = declared(&config(), spec(&FIELDS));
        let found = |change: &dyn Fn(&mut Table, &mut Vec<TableFieldSchema>)| {
            let mut table = whole.clone();
            let mut columns = fields(&table).to_vec();
            change(&mut table, &mut columns);
            table.schema = TableSchema::new(columns);
            compare(&whole, &table)
        };
        let behind = |what: &str| Ok(Shape::Behind(vec![what.to_owned()]));
        assert_eq!(found(&|_, _| {}), Ok(Shape::AsDeclared));
        assert_eq!(found(&|_, columns| drop(columns.remove(2))), behind("column `points` is missing"));
        assert_eq!(
            found(&|_, columns| columns[1].mode = Some("REQUIRED".to_owned())),
            behind("column `player` may not be null")
        );
        assert_eq!(found(&|table, _| table.clustering = None), behind("it is clustered otherwise"));
        assert_eq!(found(&|table, _| table.description = None), behind("it is described otherwise"));
        assert_eq!(
            found(&|_, columns| columns[2].r#type = FieldType::String),
            Err("column `points` is String, not Float".to_owned())
        );
        assert_eq!(
            found(&|_, columns| columns[3].mode = None),
            Err("column `issues` is NULLABLE, not REPEATED".to_owned())
        );
        assert_eq!(
            found(&|_, columns| columns.push(TableFieldSchema::new("old", FieldType::String))),
            Err("column `old` is not declared".to_owned())
        );
        assert!(found(&|table, _| table.time_partitioning = None).is_err());
        assert_eq!(found(&|_, columns| columns[2].r#type = FieldType::Float64), Ok(Shape::AsDeclared));
    }

    #[test]
    fn a_patch_keeps_the_order_of_what_is_there() {
        let whole = declared(&config(), spec(&FIELDS));
        let mut found = whole.clone();
        let columns = fields(&whole);
        found.schema = TableSchema::new(vec![columns[3].clone(), columns[0].clone(), columns[1].clone()]);
        let mended = mended(whole, &found);
        let names: Vec<_> = fields(&mended).iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["issues", "date", "player", "points"]);
    }
}
