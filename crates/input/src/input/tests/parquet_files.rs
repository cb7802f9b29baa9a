//! Parquet files to read.

use std::{path::PathBuf, sync::Arc};

use ::parquet::{arrow::ArrowWriter, basic::Compression, file::properties::WriterProperties};
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int32Array, Int64Array,
    LargeStringArray, RecordBatch, StringArray, StringViewArray, StructArray, TimestampMicrosecondArray,
    TimestampMillisecondArray, TimestampNanosecondArray, TimestampSecondArray, UInt64Array,
    builder::{Int64Builder, ListBuilder, MapBuilder, StringBuilder, StringDictionaryBuilder, StructBuilder},
    types::Int32Type,
};
use arrow_schema::{DataType, Field};

pub(super) type Columns = Vec<(&'static str, ArrayRef)>;

/// A folder with files in it.
pub(super) struct Files(tempfile::TempDir);

impl Files {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file with row groups of this many rows.
    pub(super) fn write(&self, name: &str, columns: Columns, rows: usize) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let batch =
            RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true)));
        let batch = batch.unwrap();
        let properties = WriterProperties::builder()
            .set_max_row_group_row_count(Some(rows))
            .set_compression(Compression::SNAPPY)
            .build();
        let file = std::fs::File::create(&path).unwrap();
        let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        path
    }
}

pub(super) fn texts(values: &[Option<&str>]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

/// One value of every type, and nothing in a second row.
pub(super) fn every_type() -> Columns {
    let mut dictionary = StringDictionaryBuilder::<Int32Type>::new();
    dictionary.append_value("d");
    dictionary.append_null();
    let mut list = ListBuilder::new(StringBuilder::new());
    list.append_value([Some("a"), Some("b\"")]);
    list.append_null();
    let mut numbers = ListBuilder::new(Int64Builder::new());
    numbers.append_value([Some(1), Some(i64::MAX)]);
    numbers.append_null();
    let mut map = MapBuilder::new(None, StringBuilder::new(), Int64Builder::new());
    map.keys().append_value("k");
    map.values().append_value(7);
    map.append(true).unwrap();
    map.append(false).unwrap();
    vec![
        ("id", texts(&[Some("u1"), Some("u2")])),
        ("large", Arc::new(LargeStringArray::from(vec![Some("large"), None]))),
        (
            "view",
            Arc::new(StringViewArray::from(vec![Some("a view of a longer text"), None])),
        ),
        ("dictionary", Arc::new(dictionary.finish())),
        ("int32", Arc::new(Int32Array::from(vec![Some(-7), None]))),
        (
            "int64",
            Arc::new(Int64Array::from(vec![Some(9_007_199_254_740_993), None])),
        ),
        ("uint64", Arc::new(UInt64Array::from(vec![Some(u64::MAX), None]))),
        ("float32", Arc::new(Float32Array::from(vec![Some(0.1), None]))),
        ("float64", Arc::new(Float64Array::from(vec![Some(5.0), None]))),
        ("nan", Arc::new(Float64Array::from(vec![Some(f64::NAN), None]))),
        (
            "decimal",
            Arc::new(
                Decimal128Array::from(vec![Some(12_345_678_901_234_567_890_i128), None])
                    .with_precision_and_scale(38, 2)
                    .unwrap(),
            ),
        ),
        ("boolean", Arc::new(BooleanArray::from(vec![Some(false), None]))),
        ("date", Arc::new(Date32Array::from(vec![Some(20_412), None]))),
        (
            "seconds",
            Arc::new(TimestampSecondArray::from(vec![Some(1_763_601_300), None])),
        ),
        (
            "millis",
            Arc::new(TimestampMillisecondArray::from(vec![Some(1_763_601_300_250), None]).with_timezone("UTC")),
        ),
        (
            "micros",
            Arc::new(
                TimestampMicrosecondArray::from(vec![Some(1_763_601_300_250_001), None]).with_timezone("Asia/Seoul"),
            ),
        ),
        (
            "nanos",
            Arc::new(TimestampNanosecondArray::from(vec![
                Some(1_763_601_300_250_000_001),
                None,
            ])),
        ),
        (
            "midnight",
            Arc::new(TimestampNanosecondArray::from(vec![
                Some(1_763_596_800_000_000_000),
                None,
            ])),
        ),
        ("list", Arc::new(list.finish())),
        ("numbers", Arc::new(numbers.finish())),
        ("map", Arc::new(map.finish())),
        ("customer", customer()),
        ("lines", lines()),
    ]
}

fn customer() -> ArrayRef {
    let fields = vec![
        Field::new("no", DataType::Int64, true),
        Field::new("name", DataType::Utf8, true),
    ];
    let no: ArrayRef = Arc::new(Int64Array::from(vec![Some(77), None]));
    Arc::new(StructArray::new(
        fields.into(),
        vec![no, texts(&[Some("Kim"), None])],
        None,
    ))
}

fn lines() -> ArrayRef {
    let fields = vec![
        Field::new("sku", DataType::Utf8, true),
        Field::new("n", DataType::Int64, true),
    ];
    let mut lines = ListBuilder::new(StructBuilder::from_fields(fields, 2));
    for (sku, n) in [("A", Some(2)), ("B", None)] {
        let line = lines.values();
        line.field_builder::<StringBuilder>(0).unwrap().append_value(sku);
        line.field_builder::<Int64Builder>(1).unwrap().append_option(n);
        line.append(true);
    }
    lines.append(true);
    lines.append_null();
    Arc::new(lines.finish())
}
