//! A unit's content as named, typed columns: the neutral form between typed rows and a file format.
//! Knows no file format; its canonical hash is the unit's revision.

use std::sync::Arc;

use super::date::Date;
use super::fingerprint::Revision;

/// What a column holds. Every cell may be null where the field says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// 64-bit signed integer.
    Int,
    /// 64-bit float. NaN never occurs: a value that does not exist is null.
    Float,
    /// UTF-8 text.
    Text,
    /// True or false.
    Bool,
    /// A civil date.
    Date,
    /// A list of floats, none of them null.
    FloatList,
    /// A list of texts, none of them null.
    TextList,
}

/// One column of a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// The column's name.
    pub name: &'static str,
    /// What it holds.
    pub column_type: ColumnType,
    /// Whether a cell may be null.
    pub nullable: bool,
    /// Meaning, unit and source of the formula, for people.
    pub doc: &'static str,
}

/// The columns of a dataset, and those that identify a row within a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schema {
    /// All columns, in order.
    pub fields: &'static [Field],
    /// Names of the columns that are unique together within a unit.
    pub key: &'static [&'static str],
}

impl Schema {
    /// The column that holds the unit's date in every row: the first date that is never null. The engine refuses
    /// rows where it is another date, so that whoever looks for a date in it may look at the units alone.
    #[must_use]
    pub fn date_column(&self) -> Option<usize> {
        self.fields.iter().position(|field| field.column_type == ColumnType::Date && !field.nullable)
    }
}

/// The cells of one column, one for each row.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the variants are those of ColumnType")]
pub enum Column {
    Int(Vec<Option<i64>>),
    Float(Vec<Option<f64>>),
    Text(Vec<Option<Arc<str>>>),
    Bool(Vec<Option<bool>>),
    Date(Vec<Option<Date>>),
    FloatList(Vec<Option<Arc<[f64]>>>),
    TextList(Vec<Option<Arc<[Arc<str>]>>>),
}

/// Why columns are not the content of a dataset.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A column of the schema is missing.
    #[error("column `{0}` is missing")]
    Missing(String),
    /// A column holds another type than the schema says.
    #[error("column `{name}` holds {found:?}, expected {expected:?}")]
    Type {
        /// The column.
        name: String,
        /// What the schema says.
        expected: ColumnType,
        /// What is there.
        found: ColumnType,
    },
    /// A null where the schema allows none.
    #[error("column `{name}`, row {row}: null where a value must be")]
    Null {
        /// The column.
        name: String,
        /// The row, from 0.
        row: usize,
    },
    /// Columns of different lengths.
    #[error("column `{name}` has {found} rows, expected {expected}")]
    Length {
        /// The column.
        name: String,
        /// Rows of the first column.
        expected: usize,
        /// Rows of this one.
        found: usize,
    },
}

impl Column {
    /// An empty column with room for `rows` cells.
    #[must_use]
    pub fn with_capacity(column_type: ColumnType, rows: usize) -> Self {
        match column_type {
            ColumnType::Int => Self::Int(Vec::with_capacity(rows)),
            ColumnType::Float => Self::Float(Vec::with_capacity(rows)),
            ColumnType::Text => Self::Text(Vec::with_capacity(rows)),
            ColumnType::Bool => Self::Bool(Vec::with_capacity(rows)),
            ColumnType::Date => Self::Date(Vec::with_capacity(rows)),
            ColumnType::FloatList => Self::FloatList(Vec::with_capacity(rows)),
            ColumnType::TextList => Self::TextList(Vec::with_capacity(rows)),
        }
    }

    /// What the column holds.
    #[must_use]
    pub fn column_type(&self) -> ColumnType {
        match self {
            Self::Int(_) => ColumnType::Int,
            Self::Float(_) => ColumnType::Float,
            Self::Text(_) => ColumnType::Text,
            Self::Bool(_) => ColumnType::Bool,
            Self::Date(_) => ColumnType::Date,
            Self::FloatList(_) => ColumnType::FloatList,
            Self::TextList(_) => ColumnType::TextList,
        }
    }

    /// How many cells there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Int(cells) => cells.len(),
            Self::Float(cells) => cells.len(),
            Self::Text(cells) => cells.len(),
            Self::Bool(cells) => cells.len(),
            Self::Date(cells) => cells.len(),
            Self::FloatList(cells) => cells.len(),
            Self::TextList(cells) => cells.len(),
        }
    }

    /// Whether there is no cell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn is_null(&self, row: usize) -> bool {
        match self {
            Self::Int(cells) => cells[row].is_none(),
            Self::Float(cells) => cells[row].is_none(),
            Self::Text(cells) => cells[row].is_none(),
            Self::Bool(cells) => cells[row].is_none(),
            Self::Date(cells) => cells[row].is_none(),
            Self::FloatList(cells) => cells[row].is_none(),
            Self::TextList(cells) => cells[row].is_none(),
        }
    }

    /// Bytes of memory that the cells take, about.
    fn memory(&self) -> usize {
        fn cells<T>(cells: &[Option<T>], beside: impl Fn(&T) -> usize) -> usize {
            size_of_val(cells) + cells.iter().flatten().map(beside).sum::<usize>()
        }
        match self {
            Self::Int(values) => size_of_val(values.as_slice()),
            Self::Float(values) => size_of_val(values.as_slice()),
            Self::Bool(values) => size_of_val(values.as_slice()),
            Self::Date(values) => size_of_val(values.as_slice()),
            Self::Text(values) => cells(values, |text| text.len()),
            Self::FloatList(values) => cells(values, |list| size_of_val(&**list)),
            Self::TextList(values) => {
                cells(values, |list| size_of_val(&**list) + list.iter().map(|text| text.len()).sum::<usize>())
            }
        }
    }

    /// Appends the cells as they are hashed: into a buffer, because a hash takes one long input many times
    /// faster than many short ones.
    fn feed(&self, buffer: &mut Vec<u8>) {
        fn cells<T>(buffer: &mut Vec<u8>, cells: &[Option<T>], mut feed: impl FnMut(&mut Vec<u8>, &T)) {
            for cell in cells {
                buffer.push(u8::from(cell.is_some()));
                if let Some(value) = cell {
                    feed(buffer, value);
                }
            }
        }
        fn text(buffer: &mut Vec<u8>, value: &str) {
            length(buffer, value.as_bytes());
            buffer.extend_from_slice(value.as_bytes());
        }
        fn length<T>(buffer: &mut Vec<u8>, list: &[T]) {
            buffer.extend_from_slice(&(list.len() as u64).to_le_bytes());
        }
        fn float(buffer: &mut Vec<u8>, value: f64) {
            buffer.extend_from_slice(&value.to_bits().to_le_bytes());
        }
        match self {
            Self::Int(values) => cells(buffer, values, |b, v| b.extend_from_slice(&v.to_le_bytes())),
            Self::Float(values) => cells(buffer, values, |b, v| float(b, *v)),
            Self::Text(values) => cells(buffer, values, |b, v| text(b, v)),
            Self::Bool(values) => cells(buffer, values, |b, v| b.push(u8::from(*v))),
            Self::Date(values) => cells(buffer, values, |b, v| {
                b.extend_from_slice(&v.days().to_le_bytes());
            }),
            Self::FloatList(values) => cells(buffer, values, |b, list| {
                length(b, list);
                list.iter().for_each(|v| float(b, *v));
            }),
            Self::TextList(values) => cells(buffer, values, |b, list| {
                length(b, list);
                list.iter().for_each(|v| text(b, v));
            }),
        }
    }
}

/// The content of a unit: the schema's columns, all of the same length, checked when it is made.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    schema: Schema,
    columns: Vec<Column>,
    rows: usize,
}

impl Frame {
    /// Columns in the order of the schema's fields.
    pub fn of(schema: Schema, columns: Vec<Column>) -> Result<Self, FrameError> {
        let rows = columns.first().map_or(0, Column::len);
        for (at, field) in schema.fields.iter().enumerate() {
            let name = || field.name.to_owned();
            let column = columns.get(at).ok_or_else(|| FrameError::Missing(name()))?;
            if column.column_type() != field.column_type {
                return Err(FrameError::Type {
                    name: name(),
                    expected: field.column_type,
                    found: column.column_type(),
                });
            }
            if column.len() != rows {
                return Err(FrameError::Length { name: name(), expected: rows, found: column.len() });
            }
            if let Some(row) = (0..rows).find(|row| !field.nullable && column.is_null(*row)) {
                return Err(FrameError::Null { name: name(), row });
            }
        }
        Ok(Self { schema, columns, rows })
    }

    /// The schema that the columns follow.
    #[must_use]
    pub fn schema(&self) -> Schema {
        self.schema
    }

    /// The columns, in the order of the schema's fields.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The first row that is of another date than its unit, with that date.
    #[must_use]
    pub fn of_another_date(&self, unit: Date) -> Option<(usize, Date)> {
        let Some(Column::Date(dates)) = self.schema.date_column().map(|at| &self.columns[at]) else {
            return None;
        };
        dates
            .iter()
            .enumerate()
            .find_map(|(row, date)| date.filter(|date| *date != unit).map(|date| (row, date)))
    }

    /// Bytes of memory that the cells take, about: typed rows of the same content take as much.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.columns.iter().map(Column::memory).sum()
    }

    /// The content's hash: names, types and every cell in order. It does not depend on a file format.
    #[must_use]
    pub fn revision(&self) -> Revision {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&(self.rows as u64).to_le_bytes());
        let mut buffer = Vec::new();
        for (field, column) in self.schema.fields.iter().zip(&self.columns) {
            buffer.clear();
            buffer.extend_from_slice(&(field.name.len() as u64).to_le_bytes());
            buffer.extend_from_slice(field.name.as_bytes());
            buffer.push(field.column_type as u8);
            column.feed(&mut buffer);
            hasher.update(&buffer);
        }
        Revision::from_bytes(*hasher.finalize().as_bytes())
    }
}
