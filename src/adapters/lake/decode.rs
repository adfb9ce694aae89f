//! The bytes of a unit's Parquet file as a frame, once it is known that they are the bytes that were written;
//! what is still open is whether the dataset has other columns by now, and that is a reason in words. Equal texts of a column share one allocation. Must not touch a file.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use parquet::data_type::{ByteArray, DataType};
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaDataReader;

use super::pages::DecompressedPages;
use super::schema::{difference, parquet_schema};
use crate::flow::{Column, ColumnType, Date, Field, Frame, FrameError, Schema, Stored};

/// Why bytes are not the file of a unit of this schema.
#[derive(Debug, thiserror::Error)]
pub(super) enum DecodeError {
    /// Not as long as what was recorded.
    #[error("{found} bytes, recorded were {expected}")]
    Length {
        /// Bytes as they were read.
        found: u64,
        /// Bytes as they were written.
        expected: u64,
    },
    /// Not what was recorded.
    #[error("its bytes are not those recorded")]
    Digest,
    /// Not a Parquet file, or a broken one.
    #[error("{0}")]
    Parquet(#[from] ParquetError),
    /// Other columns than the schema's.
    #[error("{0}")]
    Schema(String),
    /// Cells that the schema does not allow.
    #[error("{0}")]
    Frame(#[from] FrameError),
    /// Fewer or more cells than the file says it has rows.
    #[error("column `{column}` has {found} rows, the file says {expected}")]
    Rows {
        /// The column.
        column: &'static str,
        /// Rows by the file's footer.
        expected: usize,
        /// Rows in the column.
        found: usize,
    },
    /// A text that is not UTF-8.
    #[error("column `{column}`: {reason}")]
    Text {
        /// The column.
        column: &'static str,
        /// What is wrong with it.
        reason: std::str::Utf8Error,
    },
}

/// The content of a unit's file, if it is the one that was recorded.
pub(super) fn checked(bytes: Bytes, schema: Schema, stored: &Stored) -> Result<Frame, DecodeError> {
    let (found, expected) = (bytes.len() as u64, stored.bytes);
    if found != expected {
        return Err(DecodeError::Length { found, expected });
    }
    if *blake3::hash(&bytes).as_bytes() != stored.digest {
        return Err(DecodeError::Digest);
    }
    decode(bytes, schema)
}

/// The content of a unit's file.
fn decode(bytes: Bytes, schema: Schema) -> Result<Frame, DecodeError> {
    let metadata = ParquetMetaDataReader::new().parse_and_finish(&bytes)?;
    let expected = parquet_schema(schema)?;
    if let Some(difference) = difference(&expected, metadata.file_metadata().schema()) {
        return Err(DecodeError::Schema(difference));
    }
    let mut columns: Vec<Column> =
        schema.fields.iter().map(|field| Column::with_capacity(field.column_type, 0)).collect();
    for group in metadata.row_groups() {
        let rows = usize::try_from(group.num_rows()).unwrap_or(0);
        for (at, field) in schema.fields.iter().enumerate() {
            let chunk = group.column(at);
            let pages = DecompressedPages::of(bytes.clone(), chunk, rows)?;
            let reader = get_column_reader(chunk.column_descr_ptr(), Box::new(pages));
            let cells = read_column(reader, field, rows)?;
            if cells.len() != rows {
                return Err(DecodeError::Rows { column: field.name, expected: rows, found: cells.len() });
            }
            append(&mut columns[at], cells);
        }
    }
    Ok(Frame::of(schema, columns)?)
}

fn append(column: &mut Column, more: Column) {
    match (column, more) {
        (Column::Int(cells), Column::Int(more)) => cells.extend(more),
        (Column::Float(cells), Column::Float(more)) => cells.extend(more),
        (Column::Text(cells), Column::Text(more)) => cells.extend(more),
        (Column::Bool(cells), Column::Bool(more)) => cells.extend(more),
        (Column::Date(cells), Column::Date(more)) => cells.extend(more),
        (Column::FloatList(cells), Column::FloatList(more)) => cells.extend(more),
        (Column::TextList(cells), Column::TextList(more)) => cells.extend(more),
        (column, more) => unreachable!("{:?} and {:?}", column.column_type(), more.column_type()),
    }
}

fn read_column(reader: ColumnReader, field: &Field, rows: usize) -> Result<Column, DecodeError> {
    let column = match (reader, field.column_type) {
        (ColumnReader::Int64ColumnReader(reader), ColumnType::Int) => {
            Column::Int(Cells::read(reader, field, rows)?.flat(|value| value))
        }
        (ColumnReader::DoubleColumnReader(reader), ColumnType::Float) => {
            Column::Float(Cells::read(reader, field, rows)?.flat(|value| value))
        }
        (ColumnReader::BoolColumnReader(reader), ColumnType::Bool) => {
            Column::Bool(Cells::read(reader, field, rows)?.flat(|value| value))
        }
        (ColumnReader::Int32ColumnReader(reader), ColumnType::Date) => {
            Column::Date(Cells::read(reader, field, rows)?.flat(Date::from_days))
        }
        (ColumnReader::ByteArrayColumnReader(reader), ColumnType::Text) => {
            Column::Text(Cells::read(reader, field, rows)?.texts(field)?.flat(|text| text))
        }
        (ColumnReader::DoubleColumnReader(reader), ColumnType::FloatList) => {
            Column::FloatList(Cells::read(reader, field, rows)?.lists())
        }
        (ColumnReader::ByteArrayColumnReader(reader), ColumnType::TextList) => {
            Column::TextList(Cells::read(reader, field, rows)?.texts(field)?.lists())
        }
        (_, expected) => {
            let reason = format!("column `{}` is not {expected:?}", field.name);
            return Err(DecodeError::Schema(reason));
        }
    };
    Ok(column)
}

/// A column as Parquet has it: values without the nulls, and the levels that say where those are.
struct Cells<T> {
    /// The definition level of a list that is there; without lists, of a value.
    present: i16,
    definition: Vec<i16>,
    repetition: Vec<i16>,
    values: Vec<T>,
    rows: usize,
}

impl<T> Cells<T> {
    fn read<D: DataType<T = T>>(
        mut reader: ColumnReaderImpl<D>,
        field: &Field,
        rows: usize,
    ) -> Result<Self, DecodeError> {
        let list = matches!(field.column_type, ColumnType::FloatList | ColumnType::TextList);
        let mut cells = Self {
            present: i16::from(field.nullable),
            definition: Vec::with_capacity(rows),
            repetition: Vec::new(),
            values: Vec::with_capacity(rows),
            rows,
        };
        let definition = (list || field.nullable).then_some(&mut cells.definition);
        let repetition = list.then_some(&mut cells.repetition);
        let (_, _, levels) = reader.read_records(rows, definition, repetition, &mut cells.values)?;
        if !list && levels != rows {
            return Err(DecodeError::Rows { column: field.name, expected: rows, found: levels });
        }
        Ok(cells)
    }

    fn flat<V>(self, value_of: impl Fn(T) -> V) -> Vec<Option<V>> {
        if self.definition.is_empty() {
            return self.values.into_iter().map(|value| Some(value_of(value))).collect();
        }
        let mut values = self.values.into_iter();
        self.definition
            .iter()
            .map(|level| if *level > 0 { values.next().map(&value_of) } else { None })
            .collect()
    }

    fn lists(self) -> Vec<Option<Arc<[T]>>> {
        let mut cells = Vec::with_capacity(self.rows);
        let mut values = self.values.into_iter();
        let levels = self.definition.len();
        let mut at = 0;
        while at < levels {
            let mut end = at + 1;
            while end < levels && self.repetition.get(end).is_some_and(|level| *level > 0) {
                end += 1;
            }
            cells.push(if self.definition[at] > self.present {
                Some(values.by_ref().take(end - at).collect())
            } else if self.definition[at] == self.present {
                Some(Arc::from(Vec::new()))
            } else {
                None
            });
            at = end;
        }
        cells
    }
}

impl Cells<ByteArray> {
    fn texts(self, field: &Field) -> Result<Cells<Arc<str>>, DecodeError> {
        let mut interned: HashMap<&[u8], Arc<str>> = HashMap::new();
        let mut texts = Vec::with_capacity(self.values.len());
        for value in &self.values {
            let bytes = value.data();
            let text = match interned.get(bytes) {
                Some(text) => Arc::clone(text),
                None => {
                    let text = std::str::from_utf8(bytes)
                        .map_err(|reason| DecodeError::Text { column: field.name, reason })?;
                    let text: Arc<str> = Arc::from(text);
                    interned.insert(bytes, Arc::clone(&text));
                    text
                }
            };
            texts.push(text);
        }
        drop(interned);
        Ok(Cells {
            present: self.present,
            definition: self.definition,
            repetition: self.repetition,
            values: texts,
            rows: self.rows,
        })
    }
}
