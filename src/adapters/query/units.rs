//! The lake's files as a query needs them: which dates a dataset has, and the wanted columns of one file.
//! Reads files; knows nothing of SQL. Everything that does not fit the schema is an error with the path.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use arrow_array::{
    Array, BooleanArray, Date32Array, Float64Array, Int64Array, ListArray, RecordBatch, StringArray,
};
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;

use crate::flow::{ColumnType, Date, Field};

/// Why a part of the lake cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// A directory or file that cannot be opened or read.
    #[error("cannot read {path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file that is not Parquet, or broken.
    #[error("cannot read {path}: not a whole Parquet file: {source}")]
    Parquet {
        /// Which.
        path: PathBuf,
        /// The cause.
        source: ParquetError,
    },
    /// A file without a column of the dataset, or with another type there.
    #[error(
        "cannot read {path}: column `{column}` is missing or not {expected:?}; was it written by another release?"
    )]
    Column {
        /// Which file.
        path: PathBuf,
        /// Which column.
        column: &'static str,
        /// What the dataset declares.
        expected: ColumnType,
    },
}

/// A date that a dataset has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UnitFile {
    /// `YYYY-MM-DD`.
    pub(super) date: String,
    pub(super) path: PathBuf,
}

/// The wanted columns of one file.
pub(super) struct UnitRows {
    rows: usize,
    chunks: Vec<Chunk>,
    /// How often rows of equal cells were asked for.
    asked: std::cell::Cell<u32>,
    index: RefCell<Option<Index>>,
}

/// The rows of a column by their cells.
struct Index {
    column: usize,
    rows: HashMap<Key, Rc<[usize]>>,
}

/// A cell by which rows are found.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Int(i64),
    Text(Box<str>),
}

/// A join asks the same file again and again; a scan asks once, and an index would cost it more than it saves.
const ASKED_BEFORE_INDEX: u32 = 3;

struct Chunk {
    rows: usize,
    /// By column of the dataset; none where the query does not use it.
    columns: Vec<Option<Cells>>,
}

enum Cells {
    Int(Int64Array),
    Float(Float64Array),
    Text(StringArray),
    Bool(BooleanArray),
    Date(Date32Array),
    List(ListArray),
}

/// One cell as SQLite takes it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell<'a> {
    Null,
    Int(i64),
    Float(f64),
    Text(Cow<'a, str>),
}

/// The files of a dataset's directory, in order of date. A directory that does not exist has none.
pub(super) fn list(directory: &Path, table: &str) -> Result<Vec<UnitFile>, FileError> {
    let failed = |source| FileError::Io { path: directory.to_owned(), source };
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let name = entry.map_err(failed)?.file_name();
        let date = name.to_str().and_then(|name| name.strip_prefix("date="));
        if let Some(date) = date.filter(|date| Date::parse(date).is_ok()) {
            let path = directory.join(&name).join(format!("{table}.parquet"));
            files.push(UnitFile { date: date.to_owned(), path });
        }
    }
    files.sort_by(|a, b| a.date.cmp(&b.date));
    Ok(files)
}

impl UnitRows {
    /// Reads the columns for which `wanted` is true. A file that is not there has no rows: its unit was
    /// removed, or is only being written.
    pub(super) fn read(
        path: &Path,
        fields: &[Field],
        wanted: impl Fn(usize) -> bool,
    ) -> Result<Self, FileError> {
        let bytes = match fs::read(path) {
            Ok(bytes) => Bytes::from(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self::of(Vec::new()));
            }
            Err(source) => {
                return Err(FileError::Io { path: path.to_owned(), source });
            }
        };
        let broken = |source| FileError::Parquet { path: path.to_owned(), source };
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let builder =
            ParquetRecordBatchReaderBuilder::try_new_with_options(bytes, options).map_err(broken)?;
        let rows = usize::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or(0);
        let used: Vec<usize> = (0..fields.len()).filter(|column| wanted(*column)).collect();
        if used.is_empty() || rows == 0 {
            let columns = fields.iter().map(|_| None).collect();
            return Ok(Self::of(vec![Chunk { rows, columns }]));
        }
        let names: Vec<&str> = used.iter().map(|column| fields[*column].name).collect();
        let mask = ProjectionMask::columns(builder.parquet_schema(), names);
        let reader = builder.with_projection(mask).with_batch_size(rows).build().map_err(broken)?;
        let mut chunks = Vec::new();
        for batch in reader {
            let batch = batch.map_err(|error| broken(ParquetError::from(error)))?;
            chunks.push(Chunk::of(&batch, fields, &used).map_err(|column| FileError::Column {
                path: path.to_owned(),
                column: fields[column].name,
                expected: fields[column].column_type,
            })?);
        }
        Ok(Self::of(chunks))
    }

    fn of(chunks: Vec<Chunk>) -> Self {
        let rows = chunks.iter().map(|chunk| chunk.rows).sum();
        Self { rows, chunks, asked: std::cell::Cell::new(0), index: RefCell::new(None) }
    }

    /// The rows whose cell of a column is `key`, once it is worth to know them; `None` before, and for a
    /// column with cells of another kind than the key (which SQLite may yet find equal).
    pub(super) fn equal_to(&self, column: usize, key: &Key) -> Option<Rc<[usize]>> {
        self.asked.set(self.asked.get().saturating_add(1));
        if self.asked.get() < ASKED_BEFORE_INDEX {
            return None;
        }
        let mut index = self.index.borrow_mut();
        if index.as_ref().is_none_or(|index| index.column != column) {
            *index = Some(self.index_of(column));
        }
        let rows = &index.as_ref()?.rows;
        let other_kind = rows.keys().next().is_some_and(|one| {
            matches!((one, key), (Key::Int(_), Key::Text(_)) | (Key::Text(_), Key::Int(_)))
        });
        if other_kind {
            return None;
        }
        Some(rows.get(key).map_or_else(|| Rc::from([]), Rc::clone))
    }

    fn index_of(&self, column: usize) -> Index {
        let mut rows: HashMap<Key, Vec<usize>> = HashMap::new();
        for row in 0..self.rows {
            let key = match self.cell(column, row) {
                Cell::Int(number) => Key::Int(number),
                Cell::Text(text) => Key::Text(text.into()),
                // Nulls equal nothing; columns of floats are not asked for.
                Cell::Null | Cell::Float(_) => continue,
            };
            rows.entry(key).or_default().push(row);
        }
        let rows = rows.into_iter().map(|(key, rows)| (key, Rc::from(rows))).collect();
        Index { column, rows }
    }

    /// How many rows there are.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// How many cells it keeps in memory, about.
    pub(super) fn cells(&self) -> usize {
        let columns = self.chunks.first().map_or(0, |chunk| chunk.columns.iter().flatten().count());
        self.rows * columns
    }

    /// A cell of a wanted column; null for one that was not wanted.
    pub(super) fn cell(&self, column: usize, row: usize) -> Cell<'_> {
        let mut row = row;
        for chunk in &self.chunks {
            if row < chunk.rows {
                return chunk.columns[column].as_ref().map_or(Cell::Null, |cells| cells.cell(row));
            }
            row -= chunk.rows;
        }
        Cell::Null
    }
}

impl Chunk {
    /// The used columns of a batch; else the first column that is missing or of another type.
    fn of(batch: &RecordBatch, fields: &[Field], used: &[usize]) -> Result<Self, usize> {
        let mut columns: Vec<Option<Cells>> = fields.iter().map(|_| None).collect();
        for column in used {
            let field = &fields[*column];
            let array = batch.column_by_name(field.name).ok_or(*column)?;
            columns[*column] = Some(Cells::of(array.as_ref(), field.column_type).ok_or(*column)?);
        }
        Ok(Self { rows: batch.num_rows(), columns })
    }
}

impl Cells {
    fn of(array: &dyn Array, column_type: ColumnType) -> Option<Self> {
        let array = array.as_any();
        Some(match column_type {
            ColumnType::Int => Self::Int(array.downcast_ref::<Int64Array>()?.clone()),
            ColumnType::Float => Self::Float(array.downcast_ref::<Float64Array>()?.clone()),
            ColumnType::Text => Self::Text(array.downcast_ref::<StringArray>()?.clone()),
            ColumnType::Bool => Self::Bool(array.downcast_ref::<BooleanArray>()?.clone()),
            ColumnType::Date => Self::Date(array.downcast_ref::<Date32Array>()?.clone()),
            ColumnType::FloatList => {
                let lists = array.downcast_ref::<ListArray>()?;
                lists.values().as_any().downcast_ref::<Float64Array>()?;
                Self::List(lists.clone())
            }
            ColumnType::TextList => {
                let lists = array.downcast_ref::<ListArray>()?;
                lists.values().as_any().downcast_ref::<StringArray>()?;
                Self::List(lists.clone())
            }
        })
    }

    fn cell(&self, row: usize) -> Cell<'_> {
        if self.is_null(row) {
            return Cell::Null;
        }
        match self {
            Self::Int(cells) => Cell::Int(cells.value(row)),
            Self::Float(cells) => Cell::Float(cells.value(row)),
            Self::Text(cells) => Cell::Text(Cow::Borrowed(cells.value(row))),
            Self::Bool(cells) => Cell::Int(i64::from(cells.value(row))),
            Self::Date(cells) => Cell::Text(Cow::Owned(Date::from_days(cells.value(row)).to_string())),
            Self::List(cells) => Cell::Text(Cow::Owned(json(cells.value(row).as_ref()))),
        }
    }

    fn is_null(&self, row: usize) -> bool {
        match self {
            Self::Int(cells) => cells.is_null(row),
            Self::Float(cells) => cells.is_null(row),
            Self::Text(cells) => cells.is_null(row),
            Self::Bool(cells) => cells.is_null(row),
            Self::Date(cells) => cells.is_null(row),
            Self::List(cells) => cells.is_null(row),
        }
    }
}

/// A list as JSON; its elements are floats or texts, never null.
fn json(elements: &dyn Array) -> String {
    let value: serde_json::Value = match elements.as_any().downcast_ref::<Float64Array>() {
        Some(floats) => floats.values().iter().copied().collect(),
        None => elements
            .as_any()
            .downcast_ref::<StringArray>()
            .map(|texts| texts.iter().map(Option::unwrap_or_default).collect())
            .unwrap_or_default(),
    };
    value.to_string()
}
