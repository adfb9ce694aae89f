//! A load job of the local BigQuery: Parquet files from `gs://`, the date from their paths, held against the table's
//! schema as the service does it. Rows are kept as the files have them and decoded when somebody asks.

use std::collections::BTreeMap;

use bytes::Bytes;
use parquet::basic::{ConvertedType, LogicalType, Repetition, Type as Physical};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use parquet::schema::types::Type;
use serde_json::{Value, json};

use super::bigquery::{Column, Refused, columns, refused};

/// A value of a row. A list that is null is an empty one, as BigQuery stores it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Null,
    Int(i64),
    Float(f64),
    Text(String),
    Bool(bool),
    /// Days since 1970-01-01.
    Date(i32),
    Floats(Vec<f64>),
    Texts(Vec<String>),
}

/// A row, by column.
pub(crate) type Row = BTreeMap<String, Cell>;

/// A file that was loaded.
#[derive(Debug, Clone)]
pub(crate) struct File {
    /// Its rows.
    pub(crate) rows: u64,
    /// The column that its path gives, and the day there.
    key: (String, String),
    bytes: Bytes,
    columns: Vec<Column>,
}

/// Reads the files of a load configuration, by partition.
pub(crate) fn read(
    load: &Value,
    table: &Value,
    decorator: Option<&str>,
    content: &dyn Fn(&str, &str) -> Option<Bytes>,
) -> Result<BTreeMap<String, Vec<File>>, Refused> {
    if load["sourceFormat"] != json!("PARQUET") {
        return refused(0, "invalid", "only PARQUET is spoken here");
    }
    let Some(partitioned_by) = table["timePartitioning"]["field"].as_str() else {
        return refused(0, "invalid", "only tables with a partition a day are loaded here");
    };
    let inference = load.pointer("/parquetOptions/enableListInference") == Some(&json!(true));
    let mut partitions: BTreeMap<String, Vec<File>> = BTreeMap::new();
    for uri in load["sourceUris"].as_array().into_iter().flatten() {
        let uri = uri.as_str().unwrap_or_default();
        let (column, day) = key_of(load, uri)?;
        let place = uri.strip_prefix("gs://").and_then(|place| place.split_once('/'));
        let Some(bytes) = place.and_then(|(bucket, name)| content(bucket, name)) else {
            return refused(0, "notFound", format!("Not found: URI {uri}"));
        };
        let file = file(uri, bytes, (column.clone(), day.clone()), table, inference)?;
        let partition = if column == partitioned_by { day.replace('-', "") } else { "__NULL__".to_owned() };
        if decorator.is_some_and(|decorator| decorator != partition) && file.rows > 0 {
            let message = "Some rows belong to different partitions rather than destination partition";
            return refused(0, "invalid", message);
        }
        partitions.entry(partition).or_default().push(file);
    }
    Ok(partitions)
}

/// The column and the day that a file's path gives by the configured prefix: `gs://b/t/{date:DATE}`.
fn key_of(load: &Value, uri: &str) -> Result<(String, String), Refused> {
    let options = &load["hivePartitioningOptions"];
    if options["mode"] != json!("CUSTOM") {
        return refused(0, "invalid", "the date comes from the path here: hive partitioning, CUSTOM");
    }
    let prefix = options["sourceUriPrefix"].as_str().unwrap_or_default();
    let parts = prefix.strip_suffix(":DATE}").and_then(|prefix| prefix.rsplit_once('{'));
    let Some((root, column)) = parts else {
        return refused(0, "invalid", format!("sourceUriPrefix `{prefix}` names no key of type DATE"));
    };
    let day = uri.strip_prefix(root).and_then(|rest| rest.split_once('/')).map(|(directory, _)| directory);
    let day = day.and_then(|directory| directory.strip_prefix(column)?.strip_prefix('='));
    match day.filter(|day| chrono::NaiveDate::parse_from_str(day, "%Y-%m-%d").is_ok()) {
        Some(day) => Ok((column.to_owned(), day.to_owned())),
        None => refused(0, "invalid", format!("{uri} has no `{column}=YYYY-MM-DD` after {root}")),
    }
}

fn file(
    uri: &str,
    bytes: Bytes,
    key: (String, String),
    table: &Value,
    inference: bool,
) -> Result<File, Refused> {
    let reader = match SerializedFileReader::new(bytes.clone()) {
        Ok(reader) => reader,
        Err(error) => return refused(0, "invalid", format!("Error while reading data: {uri}: {error}")),
    };
    let metadata = reader.metadata().file_metadata();
    let columns = columns(table);
    let mismatch = |reason: String| {
        let message = format!("Provided Schema does not match Table. {reason} (file {uri})");
        refused::<File>(0, "invalid", message)
    };
    let fields = metadata.schema().get_fields();
    for field in fields {
        if field.name() == key.0 {
            return mismatch(format!("Field {} is in the file and in its path", key.0));
        }
        let Some(column) = columns.iter().find(|column| column.name == field.name()) else {
            return mismatch(format!("Cannot add fields (field: {})", field.name()));
        };
        let (kind, repeated) = kind_of(field, inference);
        if !same_kind(&column.kind, kind) {
            let name = field.name();
            return mismatch(format!("Field {name} has changed type from {} to {kind}", column.kind));
        }
        if repeated != (column.mode == "REPEATED") {
            return mismatch(format!("Field {} has changed mode from {}", field.name(), column.mode));
        }
        let nullable = field.get_basic_info().repetition() == Repetition::OPTIONAL;
        if nullable && column.mode == "REQUIRED" {
            return mismatch(format!("Field {} has changed mode from REQUIRED to NULLABLE", field.name()));
        }
    }
    let named = |column: &&Column| column.name == key.0 || fields.iter().any(|f| f.name() == column.name);
    if let Some(column) = columns.iter().filter(|column| column.mode == "REQUIRED").find(|c| !named(c)) {
        return mismatch(format!("Field {} is missing", column.name));
    }
    let rows = u64::try_from(metadata.num_rows()).unwrap_or(0);
    Ok(File { rows, key, bytes, columns })
}

/// What BigQuery takes a Parquet column for, and whether it is repeated.
fn kind_of(field: &Type, inference: bool) -> (&'static str, bool) {
    let info = field.get_basic_info();
    if field.is_group() {
        let is_list = info.logical_type_ref() == Some(&LogicalType::List)
            || info.converted_type() == ConvertedType::LIST;
        let element = field.get_fields().first().and_then(|list| list.get_fields().first().cloned());
        return match element.filter(|_| is_list && inference) {
            Some(element) => (kind_of(&element, inference).0, true),
            None => ("RECORD", false),
        };
    }
    let kind = match (field.get_physical_type(), info.logical_type_ref()) {
        (Physical::INT32, Some(LogicalType::Date)) => "DATE",
        (Physical::INT32 | Physical::INT64, None) => "INTEGER",
        (Physical::DOUBLE | Physical::FLOAT, None) => "FLOAT",
        (Physical::BOOLEAN, None) => "BOOLEAN",
        (Physical::BYTE_ARRAY, Some(LogicalType::String)) => "STRING",
        (Physical::BYTE_ARRAY, None) => "BYTES",
        _ => "a type that is not spoken here",
    };
    (kind, false)
}

fn same_kind(column: &str, file: &str) -> bool {
    let one_name = |kind: &str| match kind {
        "INT64" => "INTEGER".to_owned(),
        "FLOAT64" => "FLOAT".to_owned(),
        "BOOL" => "BOOLEAN".to_owned(),
        other => other.to_owned(),
    };
    one_name(column) == one_name(file)
}

/// The rows of a file as the table shows them: with the key of its path, and null where it lacks a column.
pub(crate) fn rows(file: &File) -> Vec<Row> {
    let reader = SerializedFileReader::new(file.bytes.clone()).expect("a file that was read before");
    let epoch = chrono::NaiveDate::from_ymd_opt(1970, 1, 1).expect("a date");
    let day: chrono::NaiveDate = file.key.1.parse().expect("a date that was read before");
    let days = i32::try_from((day - epoch).num_days()).expect("a day of our age");
    let blank = |column: &Column| match (column.mode.as_str(), column.kind.as_str()) {
        ("REPEATED", "FLOAT" | "FLOAT64") => Cell::Floats(Vec::new()),
        ("REPEATED", _) => Cell::Texts(Vec::new()),
        _ => Cell::Null,
    };
    let row = |row: parquet::record::Row| {
        let mut cells: Row = file.columns.iter().map(|c| (c.name.clone(), blank(c))).collect();
        for (name, field) in row.get_column_iter() {
            if !matches!(field, Field::Null) {
                let floats = file.columns.iter().any(|c| c.name == *name && c.kind.starts_with("FLOAT"));
                cells.insert(name.clone(), cell(field, floats));
            }
        }
        cells.insert(file.key.0.clone(), Cell::Date(days));
        cells
    };
    let rows = reader.get_row_iter(None).expect("rows");
    rows.map(|found| row(found.expect("a row"))).collect()
}

fn cell(field: &Field, floats: bool) -> Cell {
    match field {
        Field::Long(value) => Cell::Int(*value),
        Field::Double(value) => Cell::Float(*value),
        Field::Str(value) => Cell::Text(value.clone()),
        Field::Bool(value) => Cell::Bool(*value),
        Field::Date(value) => Cell::Date(*value),
        Field::ListInternal(list) if floats => {
            let float = |field: &Field| match field {
                Field::Double(value) => *value,
                other => panic!("{other:?} in a list of floats"),
            };
            Cell::Floats(list.elements().iter().map(float).collect())
        }
        Field::ListInternal(list) => {
            let text = |field: &Field| match field {
                Field::Str(value) => value.clone(),
                other => panic!("{other:?} in a list of texts"),
            };
            Cell::Texts(list.elements().iter().map(text).collect())
        }
        other => panic!("{other:?} is not spoken here"),
    }
}
