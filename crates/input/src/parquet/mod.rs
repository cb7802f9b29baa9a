//! Files in Apache Parquet: their rows one after another, from row groups in the order of the file.
//!
//! Only the columns that are chosen are read, page by page. The bytes of the file are passed in order, those of a row group
//! before its first row, so that its beginning can be compared later. Of an object only the schema and these columns are read.

mod columns;
mod encryption;
mod positioned;
mod ranges;
mod value;

use std::{
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::Arc,
};

use arrow_array::{Array as _, StructArray};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use parquet::{
    arrow::{
        ProjectionMask,
        arrow_reader::{
            ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
        },
    },
    basic::Type,
    errors::ParquetError,
    file::metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData},
    schema::types::SchemaDescriptor,
};

use self::{
    columns::{Column, Values},
    positioned::Positioned,
};
use crate::{
    fingerprint::Passed,
    frame::Stop,
    look,
    source::{ENCRYPTED_PARQUET, Handle, PARQUET},
    table::Cells,
};

/// How many rows to decode at once, at most, and how many bytes they should have together.
const MOST_ROWS: usize = 1_024;
const BATCH_BYTES: u64 = 2 * 1024 * 1024;
/// The mark at the beginning, and the length of the schema and the mark at the end.
const SHORTEST: u64 = 12;

/// An opened file.
pub(crate) struct ParquetFile {
    file: Positioned,
    passed: Arc<Passed>,
    metadata: ArrowReaderMetadata,
    folders: Vec<(String, String)>,
    mask: ProjectionMask,
    columns: Vec<Column>,
    next_group: usize,
    reader: Option<ParquetRecordBatchReader>,
    batch: Batch,
    /// The number of the row read last, from 1.
    number: u64,
}

/// Rows that are decoded.
#[derive(Default)]
struct Batch {
    rows: Option<StructArray>,
    values: Vec<Values>,
    /// The row read last.
    row: usize,
}

impl ParquetFile {
    /// Reads the schema at the end of a file.
    pub(crate) fn open(path: &Path, handle: Handle, length: u64, passed: Arc<Passed>) -> Result<Self, Stop> {
        let file = Positioned::new(handle, length);
        let metadata = Self::metadata(&file, length).map_err(|problem| stop(&file, problem))?;
        Ok(Self {
            file,
            passed,
            metadata,
            folders: columns::folders(path),
            mask: ProjectionMask::all(),
            columns: Vec::new(),
            next_group: 0,
            reader: None,
            batch: Batch::default(),
            number: 0,
        })
    }

    fn metadata(file: &Positioned, length: u64) -> Result<ArrowReaderMetadata, String> {
        let at = length.checked_sub(PARQUET.len() as u64).filter(|_| length >= SHORTEST);
        let at = at.ok_or_else(|| CUT.to_owned())?;
        let end = file.bytes(at, PARQUET.len()).map_err(|error| damaged(&error))?;
        if *end == *ENCRYPTED_PARQUET {
            return Err("it is an encrypted Parquet file, which is not read: decrypt it first".to_owned());
        }
        if *end != *PARQUET {
            return Err(CUT.to_owned());
        }
        if file
            .footer(at)
            .is_some_and(|footer| encryption::has_encrypted_columns(&footer))
        {
            return Err("it is a Parquet file with encrypted columns, which are not read: decrypt it first".to_owned());
        }
        let options = || ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let metadata = guarded(|| {
            let plain = ArrowReaderMetadata::load(file, options())?;
            let schema = Arc::new(as_read(plain.schema(), plain.parquet_schema()));
            ArrowReaderMetadata::try_new(Arc::clone(plain.metadata()), options().with_schema(schema))
        })?;
        let mut columns = metadata
            .metadata()
            .row_groups()
            .iter()
            .flat_map(RowGroupMetaData::columns);
        match columns.find_map(|column| range_of(column, length).err()) {
            Some(problem) => Err(problem),
            None => Ok(metadata),
        }
    }

    fn schema(&self) -> &SchemaDescriptor {
        self.metadata.parquet_schema()
    }

    /// Whether its rows have the shape of records, which name their users.
    pub(crate) fn holds_records(&self) -> bool {
        let fields = self.schema().root_schema().get_fields();
        fields
            .iter()
            .any(|field| field.name() == "identity" && field.is_group())
    }

    /// The names of all its columns.
    pub(crate) fn names(&self) -> Vec<String> {
        columns::names(self.schema(), &self.folders)
    }

    /// The first list of objects, and the names of what these hold.
    pub(crate) fn list_of_objects(&self) -> Option<(String, Vec<String>)> {
        columns::list_of_objects(self.schema())
    }

    /// Whether it has a column of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        columns::find(name, self.schema(), &self.folders).is_some()
    }

    /// Reads only these columns from the first row on; without a call, it reads all. An error names one that is not there or
    /// cannot be read.
    pub(crate) fn choose(&mut self, names: &[String]) -> Result<(), String> {
        let found = names.iter().map(|name| {
            let column = columns::find(name, self.schema(), &self.folders);
            column.ok_or_else(|| format!("it has no column {}", look::shown(name)))
        });
        self.columns = found.collect::<Result<_, _>>()?;
        (self.reader, self.next_group, self.number) = (None, 0, 0);
        self.batch = Batch::default();
        self.mask = columns::projection(&self.columns, self.schema(), is_of_spark(self.metadata.metadata()))?;
        Ok(())
    }

    /// Moves to the next row; false at the end.
    pub(crate) fn advance(&mut self) -> Result<bool, Stop> {
        loop {
            let rows = self.batch.rows.as_ref().map_or(0, StructArray::len);
            if self.batch.row + 1 < rows {
                self.batch.row += 1;
                self.number += 1;
                return Ok(true);
            }
            let batch = match &mut self.reader {
                Some(reader) => guarded(|| reader.next().transpose().map_err(ParquetError::from)),
                None => Ok(None),
            };
            match batch {
                Ok(Some(rows)) if rows.num_rows() > 0 => {
                    let rows = StructArray::from(rows);
                    self.batch = Batch {
                        values: self.columns.iter().map(|column| Values::of(column, &rows)).collect(),
                        rows: Some(rows),
                        row: 0,
                    };
                    self.number += 1;
                    return Ok(true);
                }
                Ok(Some(_)) => {}
                Err(problem) => {
                    let problem = format!("{problem}; {} rows could be read", self.number);
                    return Err(stop(&self.file, problem));
                }
                Ok(None) => {
                    if !self.begin_group()? {
                        return Ok(false);
                    }
                }
            }
        }
    }

    /// Begins to read the next row group; false if there is none.
    fn begin_group(&mut self) -> Result<bool, Stop> {
        self.batch = Batch::default();
        self.reader = None;
        let Some(group) = self.metadata.metadata().row_groups().get(self.next_group) else {
            self.pass_to(u64::MAX)?;
            return Ok(false);
        };
        let ranges = group
            .columns()
            .iter()
            .enumerate()
            .filter_map(|(leaf, column)| Some((leaf, range_of(column, u64::MAX).ok()?)));
        self.pass_to(ranges.clone().map(|(_, range)| range.end).max().unwrap_or_default())?;
        let chosen = ranges.filter(|(leaf, _)| self.mask.leaf_included(*leaf));
        self.file.begin(chosen.map(|(_, range)| range));
        let reader = guarded(|| {
            ParquetRecordBatchReaderBuilder::new_with_metadata(self.file.clone(), self.metadata.clone())
                .with_row_groups(vec![self.next_group])
                .with_projection(self.mask.clone())
                .with_batch_size(batch_size(group, &self.mask))
                .build()
        });
        self.reader = Some(reader.map_err(|problem| stop(&self.file, problem))?);
        self.next_group += 1;
        Ok(true)
    }

    fn pass_to(&self, end: u64) -> Result<(), Stop> {
        let passed = self.file.pass_to(end, &self.passed);
        passed.map_err(|error| Stop::Read(self.file.failure().unwrap_or(error)))
    }

    /// The number of the row, from 1.
    pub(crate) const fn number(&self) -> u64 {
        self.number
    }

    /// Reads the cells of the row, or says why the first of those that cannot be read is empty.
    pub(crate) fn read(&self, cells: &mut Cells, names: &[String]) -> Result<(), String> {
        cells.begin();
        let mut read = Ok(());
        for ((column, values), name) in self.columns.iter().zip(&self.batch.values).zip(names) {
            let pushed = values.push(column, self.batch.row, cells);
            read = read.and(pushed.map_err(|problem| format!("{name} {problem}")));
        }
        read
    }

    /// Writes the row as an object, without what is null.
    pub(crate) fn write(&self, out: &mut String) -> Result<(), String> {
        let Some(rows) = &self.batch.rows else { return Ok(()) };
        out.clear();
        value::json(rows, self.batch.row, out).map_err(|problem| format!("a value {problem}"))
    }
}

const CUT: &str =
    "it is a Parquet file that is cut: its end, which has the schema, is missing; fetch or write it again";

fn damaged(error: &ParquetError) -> String {
    let text = error.to_string();
    let codec = text
        .split_once("Disabled feature at compile time: ")
        .map(|(_, codec)| codec);
    match codec {
        Some(codec) => format!("it is compressed with {codec}, which is not read: write it with zstd, snappy or gzip"),
        None => format!("it is a Parquet file that is damaged or cut ({text}): fetch or write it again"),
    }
}

/// Calls the library, which may panic where a damaged file contradicts itself. What it was called with is of no more use then.
fn guarded<T>(call: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, String> {
    let result = catch_unwind(AssertUnwindSafe(call));
    let result = result.unwrap_or_else(|_| Err(ParquetError::General("its parts contradict each other".to_owned())));
    result.map_err(|error| damaged(&error))
}

/// Why a file cannot be read on: a problem with it, unless its bytes did not come.
fn stop(file: &Positioned, problem: String) -> Stop {
    file.failure().map_or(Stop::Format(None, problem), Stop::Read)
}

/// Where a column of a row group is, if it is in a file of this length.
fn range_of(column: &ColumnChunkMetaData, length: u64) -> Result<Range<u64>, String> {
    let start = column
        .dictionary_page_offset()
        .unwrap_or_else(|| column.data_page_offset());
    let numbers = [
        start,
        column.data_page_offset(),
        column.compressed_size(),
        column.num_values(),
    ];
    let end = start.checked_add(column.compressed_size());
    let end = end
        .filter(|_| numbers.iter().all(|number| *number >= 0))
        .and_then(|end| u64::try_from(end).ok());
    end.filter(|end| *end <= length)
        .and_then(|end| Some(u64::try_from(start).ok()?..end))
        .ok_or_else(|| damaged(&ParquetError::General("a column is outside of the file".to_owned())))
}

/// How many rows to decode at once.
fn batch_size(group: &RowGroupMetaData, mask: &ProjectionMask) -> usize {
    let columns = group.columns().iter().enumerate();
    let chosen = columns.filter(|(leaf, _)| mask.leaf_included(*leaf));
    let sizes = chosen.map(|(_, column)| u64::try_from(column.uncompressed_size()).unwrap_or_default());
    let bytes = sizes.fold(0, u64::saturating_add);
    let rows = u64::try_from(group.num_rows()).unwrap_or_default();
    let of_row = (bytes / rows.max(1)).max(1);
    usize::try_from(BATCH_BYTES / of_row).map_or(MOST_ROWS, |rows| rows.clamp(1, MOST_ROWS))
}

/// Whether Spark wrote the file: its INT96 are points in time.
fn is_of_spark(metadata: &ParquetMetaData) -> bool {
    let pairs = metadata.file_metadata().key_value_metadata();
    pairs.is_some_and(|pairs| pairs.iter().any(|pair| pair.key == "org.apache.spark.version"))
}

/// The schema with texts that share the memory of their page, however often a dictionary repeats them, and with INT96 in a
/// range that holds any date.
fn as_read(schema: &Schema, parquet: &SchemaDescriptor) -> Schema {
    let roots = parquet.root_schema().get_fields();
    let fields = schema.fields().iter().zip(roots).map(|(field, root)| {
        if root.is_primitive() && root.get_physical_type() == Type::INT96 {
            let zone = Some("UTC".into());
            return Field::clone(field).with_data_type(DataType::Timestamp(TimeUnit::Microsecond, zone));
        }
        viewed(field)
    });
    Schema::new(fields.collect::<Vec<_>>())
}

fn viewed(field: &Field) -> Field {
    let inner = |field: &Arc<Field>| Arc::new(viewed(field));
    let kind = match field.data_type() {
        DataType::Utf8 => DataType::Utf8View,
        DataType::Binary => DataType::BinaryView,
        DataType::List(element) => DataType::List(inner(element)),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(inner).collect()),
        DataType::Map(entries, is_sorted) => DataType::Map(inner(entries), *is_sorted),
        other => other.clone(),
    };
    field.clone().with_data_type(kind)
}
