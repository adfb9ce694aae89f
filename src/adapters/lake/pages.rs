//! Compression of pages with contexts that live as long as their thread. Parquet's own codec makes a pair
//! of zstd contexts for every column of every file, and each asks the processor what it can do (`cpuid`),
//! which a virtual machine answers with an exit to its host: measured, that was half of the time of
//! encoding and decoding a unit. Must not touch a file.

use std::cell::RefCell;
use std::io;

use bytes::Bytes;
use parquet::basic::{Compression, ZstdLevel};
use parquet::column::page::{CompressedPage, Page, PageMetadata, PageReader, PageWriteSpec, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::serialized_reader::SerializedPageReader;
use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::get_frame_content_size;

/// Level 1: on columns of a unit's length higher levels take longer and are no smaller.
const LEVEL: i32 = 1;

thread_local! {
    static COMPRESSOR: RefCell<io::Result<Compressor<'static>>> =
        RefCell::new(Compressor::new(LEVEL));
    static DECOMPRESSOR: RefCell<io::Result<Decompressor<'static>>> =
        RefCell::new(Decompressor::new());
}

fn compress(bytes: &[u8]) -> Result<Bytes> {
    COMPRESSOR.with_borrow_mut(|compressor| match compressor {
        Ok(compressor) => Ok(compressor.compress(bytes)?.into()),
        Err(error) => Err(ParquetError::General(error.to_string())),
    })
}

/// `limit` is what the file says of the whole column: a frame that claims more is not believed.
fn decompress(bytes: &[u8], limit: u64) -> Result<Bytes> {
    let broken = |what: &str| ParquetError::General(format!("a page is broken: {what}"));
    let size = match get_frame_content_size(bytes) {
        Ok(Some(size)) if size <= limit => size,
        Ok(Some(_)) => return Err(broken("it is larger than its column")),
        Ok(None) => return Err(broken("it does not tell its size")),
        Err(_) => return Err(broken("it is not zstd")),
    };
    let capacity = usize::try_from(size).map_err(|_| broken("it is larger than the memory"))?;
    DECOMPRESSOR.with_borrow_mut(|decompressor| match decompressor {
        Ok(decompressor) => Ok(decompressor.decompress(bytes, capacity)?.into()),
        Err(error) => Err(ParquetError::General(error.to_string())),
    })
}

/// The page with its buffer put through `change`.
fn with_buffer(page: &Page, change: impl FnOnce(&[u8]) -> Result<Bytes>) -> Result<Page> {
    let mut page = page.clone();
    match &mut page {
        Page::DataPage { buf, .. } | Page::DictionaryPage { buf, .. } => *buf = change(buf)?,
        Page::DataPageV2 { .. } => {
            return Err(ParquetError::General("pages of the second format are not written here".to_owned()));
        }
    }
    Ok(page)
}

/// Compresses the pages that a column writer without compression hands over.
pub(super) struct CompressedPages<W> {
    pages: W,
}

impl<W> CompressedPages<W> {
    /// Pages on their way to `pages`.
    pub(super) fn before(pages: W) -> Self {
        Self { pages }
    }
}

impl<W: PageWriter> PageWriter for CompressedPages<W> {
    fn write_page(&mut self, page: CompressedPage) -> Result<PageWriteSpec> {
        let size = page.uncompressed_size();
        let compressed = with_buffer(page.compressed_page(), compress)?;
        self.pages.write_page(CompressedPage::new(compressed, size))
    }

    fn close(&mut self) -> Result<()> {
        self.pages.close()
    }
}

/// What a column writer without compression says of its column, told as it is: compressed.
pub(super) fn told_as_compressed(mut close: ColumnCloseResult) -> Result<ColumnCloseResult> {
    close.metadata = told_as(Compression::ZSTD(ZstdLevel::default()), close.metadata)?;
    Ok(close)
}

fn told_as(compression: Compression, column: ColumnChunkMetaData) -> Result<ColumnChunkMetaData> {
    column.into_builder().set_compression(compression).build()
}

/// Decompresses the pages of a column on their way to its reader.
pub(super) struct DecompressedPages {
    pages: SerializedPageReader<Bytes>,
    limit: u64,
}

impl DecompressedPages {
    /// The pages of a column of `file`.
    pub(super) fn of(file: Bytes, column: &ColumnChunkMetaData, rows: usize) -> Result<Self> {
        if !matches!(column.compression(), Compression::ZSTD(_)) {
            let found = column.compression();
            return Err(ParquetError::General(format!("compressed with {found}")));
        }
        let column = told_as(Compression::UNCOMPRESSED, column.clone())?;
        Ok(Self {
            pages: SerializedPageReader::new(file.into(), &column, rows, None)?,
            limit: u64::try_from(column.uncompressed_size()).unwrap_or(0),
        })
    }
}

impl Iterator for DecompressedPages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for DecompressedPages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let Some(page) = self.pages.get_next_page()? else {
            return Ok(None);
        };
        with_buffer(&page, |bytes| decompress(bytes, self.limit)).map(Some)
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.pages.skip_next_page()
    }
}
