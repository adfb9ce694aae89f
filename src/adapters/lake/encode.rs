//! A frame as the bytes of a Parquet file: zstd, one row group, our metadata, nothing that depends on the
//! time or the machine, so that the same input gives the same bytes. Writes the columns directly, without
//! Arrow arrays between. Must not touch a file.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use parquet::basic::Compression;
use parquet::column::writer::{ColumnWriter, get_column_writer};
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr};
use parquet::file::writer::{SerializedFileWriter, SerializedPageWriter, TrackedWrite};

use super::pages::{CompressedPages, told_as_compressed};
use super::schema::parquet_schema;
use crate::fleet::Provenance;
use crate::flow::{Column, Frame, Revision};

/// How columns are written: the same settings for every file.
pub(super) struct Settings {
    /// Equal values are written once, and compared for that.
    dictionary: WriterPropertiesPtr,
    /// Values one after another: for floats, which seldom are equal and whose repetitions zstd finds.
    plain: WriterPropertiesPtr,
}

impl Settings {
    pub(super) fn new() -> Self {
        let with = |dictionary| {
            let properties = WriterProperties::builder()
                .set_created_by("tidegate".to_owned())
                .set_dictionary_enabled(dictionary)
                // Compressed they are all the same, by `pages`.
                .set_compression(Compression::UNCOMPRESSED)
                // A unit is read as a whole: nothing is skipped by a minimum or an index.
                .set_statistics_enabled(EnabledStatistics::None)
                .set_offset_index_disabled(true)
                .build();
            Arc::new(properties)
        };
        Self { dictionary: with(true), plain: with(false) }
    }

    fn of(&self, column: &Column) -> WriterPropertiesPtr {
        match column {
            Column::Float(_) | Column::FloatList(_) => Arc::clone(&self.plain),
            Column::Int(_) | Column::Text(_) | Column::Bool(_) | Column::Date(_) | Column::TextList(_) => {
                Arc::clone(&self.dictionary)
            }
        }
    }
}

/// The file of a unit.
pub(super) fn encode(
    settings: &Settings,
    provenance: &Provenance,
    revision: &Revision,
    frame: &Frame,
) -> Result<Vec<u8>, ParquetError> {
    let schema = parquet_schema(frame.schema())?;
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::clone(&settings.dictionary))?;
    for (key, value) in metadata(provenance, revision) {
        writer.append_key_value_metadata(KeyValue::new(key.to_owned(), value));
    }
    if frame.rows() > 0 {
        let columns = writer.schema_descr().columns().to_vec();
        let mut row_group = writer.next_row_group()?;
        for (description, column) in columns.into_iter().zip(frame.columns()) {
            let mut chunk = TrackedWrite::new(Vec::new());
            let pages = CompressedPages::before(SerializedPageWriter::new(&mut chunk));
            let mut writer = get_column_writer(description, settings.of(column), Box::new(pages));
            write_column(&mut writer, column)?;
            let close = told_as_compressed(writer.close()?)?;
            row_group.append_column(&Bytes::from(chunk.into_inner()?), close)?;
        }
        row_group.close()?;
    }
    writer.into_inner()
}

fn metadata(provenance: &Provenance, revision: &Revision) -> [(&'static str, String); 5] {
    [
        ("tidegate.unit", provenance.unit.to_string()),
        ("tidegate.revision", revision.to_string()),
        ("tidegate.fingerprint", provenance.fingerprint.to_string()),
        ("tidegate.code", provenance.code.to_string()),
        ("tidegate.run", provenance.run.clone()),
    ]
}

fn write_column(writer: &mut ColumnWriter<'_>, column: &Column) -> Result<(), ParquetError> {
    match (writer, column) {
        (ColumnWriter::Int64ColumnWriter(writer), Column::Int(cells)) => {
            let (levels, values) = flat(cells, |value| *value);
            writer.write_batch(&values, Some(&levels), None)?;
        }
        (ColumnWriter::DoubleColumnWriter(writer), Column::Float(cells)) => {
            let (levels, values) = flat(cells, |value| *value);
            writer.write_batch(&values, Some(&levels), None)?;
        }
        (ColumnWriter::BoolColumnWriter(writer), Column::Bool(cells)) => {
            let (levels, values) = flat(cells, |value| *value);
            writer.write_batch(&values, Some(&levels), None)?;
        }
        (ColumnWriter::Int32ColumnWriter(writer), Column::Date(cells)) => {
            let (levels, values) = flat(cells, |date| date.days());
            writer.write_batch(&values, Some(&levels), None)?;
        }
        (ColumnWriter::ByteArrayColumnWriter(writer), Column::Text(cells)) => {
            let (levels, texts) = flat(cells, Arc::as_ref);
            writer.write_batch(&byte_arrays(&texts), Some(&levels), None)?;
        }
        (ColumnWriter::DoubleColumnWriter(writer), Column::FloatList(cells)) => {
            let nullable = writer.get_descriptor().max_def_level() == 2;
            let (definition, repetition, values) = nested(cells, nullable, |value| *value);
            writer.write_batch(&values, Some(&definition), Some(&repetition))?;
        }
        (ColumnWriter::ByteArrayColumnWriter(writer), Column::TextList(cells)) => {
            let nullable = writer.get_descriptor().max_def_level() == 2;
            let (definition, repetition, texts) = nested(cells, nullable, Arc::as_ref);
            let values = byte_arrays(&texts);
            writer.write_batch(&values, Some(&definition), Some(&repetition))?;
        }
        (_, column) => {
            let found = column.column_type();
            return Err(ParquetError::General(format!("a column holds {found:?}")));
        }
    }
    Ok(())
}

/// Definition levels (1 where there is a value) and the values themselves.
fn flat<'a, T, V>(cells: &'a [Option<T>], value_of: impl Fn(&'a T) -> V) -> (Vec<i16>, Vec<V>) {
    let levels = cells.iter().map(|cell| i16::from(cell.is_some())).collect();
    (levels, cells.iter().flatten().map(value_of).collect())
}

/// Definition levels, repetition levels and values of a list column. From the outside in: the list is
/// there (only counted where it may be null), it has an element.
fn nested<'a, T, V>(
    cells: &'a [Option<Arc<[T]>>],
    nullable: bool,
    value_of: impl Fn(&'a T) -> V,
) -> (Vec<i16>, Vec<i16>, Vec<V>) {
    let present = i16::from(nullable);
    let (mut definition, mut repetition, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for cell in cells {
        let list: &[T] = cell.as_deref().unwrap_or_default();
        if list.is_empty() {
            definition.push(if cell.is_some() { present } else { 0 });
            repetition.push(0);
        }
        for (at, value) in list.iter().enumerate() {
            definition.push(present + 1);
            repetition.push(i16::from(at > 0));
            values.push(value_of(value));
        }
    }
    (definition, repetition, values)
}

/// All texts in one buffer, and a slice of it for each: one allocation a column.
fn byte_arrays(texts: &[&str]) -> Vec<ByteArray> {
    let mut buffer = BytesMut::with_capacity(texts.iter().map(|text| text.len()).sum());
    texts.iter().for_each(|text| buffer.put_slice(text.as_bytes()));
    let mut rest: Bytes = buffer.freeze();
    texts.iter().map(|text| ByteArray::from(rest.split_to(text.len()))).collect()
}
