//! Apache Parquet: each worker turns a piece into a row group.

use std::{io::Write, iter::repeat_n, sync::Arc};

use ::parquet::{
    arrow::{
        ArrowWriter,
        arrow_writer::{ArrowColumnChunk, ArrowRowGroupWriterFactory, ArrowWriterOptions, compute_leaves},
    },
    basic::{Compression, ZstdLevel},
    errors::ParquetError,
    file::properties::{EnabledStatistics, WriterProperties},
    schema::types::ColumnPath,
};
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray,
    builder::{MapBuilder, MapFieldNames, StringBuilder},
    new_null_array,
};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use jiff::{civil::Time, tz::TimeZone};

use super::{
    cell,
    chunks::Chunk,
    error::ConvertError,
    output::{Hashed, Written},
    plan::{Layout, Lead, Plan},
    rows::{Cell, Rows},
    tally::Tally,
    time, unparsed,
};
use crate::column::ColumnType;

/// Text of an export that becomes a row group, in bytes. More makes larger row groups, which readers like, and takes
/// more memory: about twelve times as much.
const PIECE: usize = 16 << 20;

/// The text of different values of a column, in bytes, from which on a row group repeats them. More makes files no
/// smaller and the hashing of columns without repetition slow.
const DICTIONARY: usize = 128 << 10;

/// The lowest: higher ones take longer and save little after the encodings of Parquet.
const ZSTD_LEVEL: i32 = 1;

const UTC: &str = "UTC";

/// The names that the format asks for.
const ENTRIES: &str = "key_value";
const KEY: &str = "key";
const VALUE: &str = "value";

/// A row, counted in its batch, the place of a column, and the text of the cell.
type Unfit<'a> = (usize, usize, Cell<'a>);

pub(super) fn write(plan: &Plan<'_>, file: impl Write + Send) -> Result<(Written, Tally), ConvertError> {
    let schema = schema(plan);
    let properties = properties(plan)?;
    // The types of Parquet say everything.
    let options = ArrowWriterOptions::new()
        .with_properties(properties)
        .with_skip_arrow_metadata(true);
    let mut hashed = Hashed::new(file);
    let writer = ArrowWriter::try_new_with_options(&mut hashed, Arc::clone(&schema), options);
    let (mut writer, factory) = writer.and_then(ArrowWriter::into_serialized_writer).map_err(writing)?;
    let row_group = |chunk: &Chunk| row_group(chunk, plan, &schema, &factory);
    let tally = plan.convert(PIECE, 0, row_group, |columns| {
        if columns.is_empty() {
            return Ok(());
        }
        let mut row_group = writer.next_row_group().map_err(writing)?;
        for column in columns {
            column.append_to_row_group(&mut row_group).map_err(writing)?;
        }
        row_group.close().map(drop).map_err(writing)
    })?;
    writer.finish().map_err(writing)?;
    drop(writer);
    Ok((hashed.finish().map_err(ConvertError::writing)?, tally))
}

fn properties(plan: &Plan<'_>) -> Result<WriterProperties, ConvertError> {
    let level = ZstdLevel::try_new(ZSTD_LEVEL).map_err(writing)?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_dictionary_page_size_limit(DICTIONARY)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_created_by(concat!("dfinery-export version ", env!("CARGO_PKG_VERSION")).to_owned());
    // Times hardly repeat.
    let times = plan
        .columns
        .iter()
        .filter(|column| column.column_type == ColumnType::Datetime);
    let paths = times.map(|column| ColumnPath::new(vec![column.name.clone()]));
    let properties = paths.fold(properties, |properties, path| {
        properties.set_column_dictionary_enabled(path, false)
    });
    Ok(properties.build())
}

fn writing(error: ParquetError) -> ConvertError {
    match error {
        ParquetError::External(error) => ConvertError::writing(error),
        error => ConvertError::writing(error),
    }
}

fn schema(plan: &Plan<'_>) -> SchemaRef {
    let types = plan.lead.map(|_| [DataType::Date32, timestamp(), DataType::Utf8]);
    let front = plan.front().zip(types.into_iter().flatten().chain([map()]));
    let columns = plan.columns.iter();
    let columns = columns.map(|column| (column.name.as_str(), data_type(column.column_type)));
    let fields = front
        .chain(columns)
        .map(|(name, data_type)| Field::new(name, data_type, true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn data_type(column_type: ColumnType) -> DataType {
    match column_type {
        ColumnType::String => DataType::Utf8,
        ColumnType::Long => DataType::Int64,
        ColumnType::Double => DataType::Float64,
        ColumnType::Boolean => DataType::Boolean,
        ColumnType::Datetime => timestamp(),
        ColumnType::Date => DataType::Date32,
    }
}

fn timestamp() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into()))
}

fn map() -> DataType {
    let (key, value) = (
        Field::new(KEY, DataType::Utf8, false),
        Field::new(VALUE, DataType::Utf8, true),
    );
    let entries = DataType::Struct(vec![key, value].into());
    DataType::Map(Arc::new(Field::new(ENTRIES, entries, false)), false)
}

/// The columns of a row group; none for a piece without rows.
fn row_group(
    chunk: &Chunk,
    plan: &Plan<'_>,
    schema: &Schema,
    factory: &ArrowRowGroupWriterFactory,
) -> Result<(Vec<ArrowColumnChunk>, Tally), ConvertError> {
    // The number matters to encryption only.
    let mut writers = factory.create_column_writers(0).map_err(writing)?;
    let tally = plan.read(chunk, |rows, layout, tally| {
        let arrays = arrays(rows, layout, plan, tally);
        let mut writers = writers.iter_mut();
        for (field, array) in schema.fields().iter().zip(&arrays) {
            let leaves = compute_leaves(field, array).map_err(writing)?;
            for (leaf, writer) in leaves.iter().zip(&mut writers) {
                writer.write(leaf).map_err(writing)?;
            }
        }
        Ok(())
    })?;
    if tally.rows == 0 {
        return Ok((Vec::new(), tally));
    }
    let columns = writers.into_iter().map(|writer| writer.close().map_err(writing));
    Ok((columns.collect::<Result<_, _>>()?, tally))
}

fn arrays(rows: Rows<'_>, layout: &Layout, plan: &Plan<'_>, tally: &mut Tally) -> Vec<ArrayRef> {
    let mut unfit = Vec::new();
    let columns = plan.columns.iter().zip(&layout.sources).enumerate();
    let columns: Vec<_> = columns
        .map(|(place, (column, source))| match source {
            Some(source) => array(column.column_type, rows.column(*source), plan.zone, |row, cell| {
                tally.unparsed(place);
                unfit.push((row, place, cell));
            }),
            None => new_null_array(&data_type(column.column_type), rows.count()),
        })
        .collect();
    let unparsed = if unfit.is_empty() {
        new_null_array(&map(), rows.count())
    } else {
        maps(unfit, plan, rows.count())
    };
    let lead = plan.lead.map(|lead| lead_arrays(lead, rows.count()));
    lead.into_iter().flatten().chain([unparsed]).chain(columns).collect()
}

fn lead_arrays(lead: &Lead, rows: usize) -> [ArrayRef; 3] {
    let day = time::days(lead.day.to_datetime(Time::midnight()));
    let exported_at = TimestampMicrosecondArray::from_value(lead.exported_at.as_microsecond(), rows);
    [
        Arc::new(repeat_n(day, rows).collect::<Date32Array>()),
        Arc::new(exported_at.with_timezone(UTC)),
        Arc::new(repeat_n(Some(&lead.export), rows).collect::<StringArray>()),
    ]
}

/// The cells of a column, null where they are empty or do not fit.
fn array<'a>(
    column_type: ColumnType,
    cells: impl Iterator<Item = Cell<'a>>,
    zone: Option<&TimeZone>,
    unfit: impl FnMut(usize, Cell<'a>),
) -> ArrayRef {
    match column_type {
        ColumnType::String => Arc::new(values(cells, Some, unfit).collect::<StringArray>()),
        ColumnType::Long => Arc::new(values(cells, cell::long, unfit).collect::<Int64Array>()),
        ColumnType::Double => Arc::new(values(cells, cell::double, unfit).collect::<Float64Array>()),
        ColumnType::Boolean => Arc::new(values(cells, cell::boolean, unfit).collect::<BooleanArray>()),
        ColumnType::Datetime => {
            let times = values(cells, |cell| time::datetime(cell, zone), unfit);
            Arc::new(times.collect::<TimestampMicrosecondArray>().with_timezone(UTC))
        }
        ColumnType::Date => Arc::new(values(cells, time::date, unfit).collect::<Date32Array>()),
    }
}

fn values<'a, T>(
    cells: impl Iterator<Item = Cell<'a>>,
    read: impl Fn(&'a str) -> Option<T>,
    mut unfit: impl FnMut(usize, Cell<'a>),
) -> impl Iterator<Item = Option<T>> {
    cells.enumerate().map(move |(row, cell)| {
        if cell == Ok("") {
            return None;
        }
        let value = cell.ok().and_then(&read);
        if value.is_none() {
            unfit(row, cell);
        }
        value
    })
}

/// For each row its cells that do not fit, by column.
fn maps(mut unfit: Vec<Unfit<'_>>, plan: &Plan<'_>, rows: usize) -> ArrayRef {
    // They came column by column.
    unfit.sort_by_key(|(row, ..)| *row);
    let names = MapFieldNames {
        entry: ENTRIES.to_owned(),
        key: KEY.to_owned(),
        value: VALUE.to_owned(),
    };
    let mut maps = MapBuilder::new(Some(names), StringBuilder::new(), StringBuilder::new());
    let mut unfit = unfit.into_iter().peekable();
    for row in 0..rows {
        let mut is_valid = false;
        while let Some((_, place, cell)) = unfit.next_if(|(of, ..)| *of == row) {
            let name = plan.columns.get(place).map_or("", |column| &column.name);
            maps.keys().append_value(name);
            maps.values().append_value(unparsed::text(cell));
            is_valid = true;
        }
        // Keys and values are as long as each other, and it asks for nothing more.
        let _ = maps.append(is_valid);
    }
    Arc::new(maps.finish())
}
