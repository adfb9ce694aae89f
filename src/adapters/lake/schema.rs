//! A dataset's schema as a Parquet schema, and the reverse question: is a file of this schema?
//! Lists are the three-level lists of the Parquet specification, with elements that are never null.
//! Must not read or write a file.

use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::errors::ParquetError;
use parquet::schema::types::{Type, TypePtr};

use crate::flow::{ColumnType, Field, Schema};

/// The column that the directories `date=YYYY-MM-DD` give to whoever reads the lake in the hive manner.
const HIVE_COLUMN: &str = "date";

/// The Parquet schema of a dataset's columns, in their order.
///
/// # Panics
/// When a column has the name of the hive column: readers would refuse or confuse the two.
pub(super) fn parquet_schema(schema: Schema) -> Result<TypePtr, ParquetError> {
    assert!(
        schema.fields.iter().all(|field| field.name != HIVE_COLUMN),
        "no column may be named `{HIVE_COLUMN}`: the lake's directories give a column of that name"
    );
    let fields =
        schema.fields.iter().map(|field| column_type(field).map(Arc::new)).collect::<Result<_, _>>()?;
    Type::group_type_builder("unit").with_fields(fields).build().map(Arc::new)
}

fn column_type(field: &Field) -> Result<Type, ParquetError> {
    let repetition = if field.nullable { Repetition::OPTIONAL } else { Repetition::REQUIRED };
    match field.column_type {
        ColumnType::Int => primitive(field.name, Physical::INT64, None, repetition),
        ColumnType::Float => primitive(field.name, Physical::DOUBLE, None, repetition),
        ColumnType::Text => text(field.name, repetition),
        ColumnType::Bool => primitive(field.name, Physical::BOOLEAN, None, repetition),
        ColumnType::Date => primitive(field.name, Physical::INT32, Some(LogicalType::Date), repetition),
        ColumnType::FloatList => {
            let element = primitive("element", Physical::DOUBLE, None, Repetition::REQUIRED)?;
            list(field.name, element, repetition)
        }
        ColumnType::TextList => list(field.name, text("element", Repetition::REQUIRED)?, repetition),
    }
}

fn text(name: &str, repetition: Repetition) -> Result<Type, ParquetError> {
    let logical = Some(LogicalType::String);
    primitive(name, Physical::BYTE_ARRAY, logical, repetition)
}

fn primitive(
    name: &str,
    physical: Physical,
    logical: Option<LogicalType>,
    repetition: Repetition,
) -> Result<Type, ParquetError> {
    Type::primitive_type_builder(name, physical)
        .with_logical_type(logical)
        .with_repetition(repetition)
        .build()
}

fn list(name: &str, element: Type, repetition: Repetition) -> Result<Type, ParquetError> {
    let repeated = Type::group_type_builder("list")
        .with_repetition(Repetition::REPEATED)
        .with_fields(vec![Arc::new(element)])
        .build()?;
    Type::group_type_builder(name)
        .with_logical_type(Some(LogicalType::List))
        .with_repetition(repetition)
        .with_fields(vec![Arc::new(repeated)])
        .build()
}

/// The first way in which a file's columns are not those of the schema, if there is one.
pub(super) fn difference(expected: &Type, found: &Type) -> Option<String> {
    let (expected, found) = (expected.get_fields(), found.get_fields());
    for (at, column) in expected.iter().enumerate() {
        let Some(there) = found.get(at) else {
            return Some(format!("column `{}` is missing", column.name()));
        };
        if column != there {
            return Some(format!(
                "column {at} is `{}`, expected `{}` with the type that the dataset declares",
                there.name(),
                column.name()
            ));
        }
    }
    found.get(expected.len()).map(|extra| format!("column `{}` is not declared", extra.name()))
}
