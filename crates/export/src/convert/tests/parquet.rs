//! Parquet, as its own crate reads it.

use std::{error::Error, io};

use ::parquet::{
    arrow::arrow_reader::ParquetRecordBatchReaderBuilder,
    basic::{ConvertedType, LogicalType, TimeUnit, TimestampType, ZstdLevel},
    file::metadata::ParquetMetaData,
};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, MapArray, StringArray,
    TimestampMicrosecondArray,
};
use jiff::{Span, Timestamp, civil::date};
use serde_json::{Map, json};

use super::{super::error::Kind, cells::table, *};

/// The rows of a file as objects, spelled as in NDJSON.
fn rows(file: Vec<u8>) -> (Vec<Value>, ParquetMetaData) {
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(file)).unwrap();
    let metadata = ParquetMetaData::clone(reader.metadata());
    let mut rows = Vec::new();
    for batch in reader.build().unwrap() {
        let batch = batch.unwrap();
        for row in 0..batch.num_rows() {
            let schema = batch.schema();
            let cells = schema.fields().iter().zip(batch.columns());
            let object: Map<_, _> = cells
                .map(|(field, array)| (field.name().clone(), cell(array, row)))
                .collect();
            rows.push(Value::Object(object));
        }
    }
    (rows, metadata)
}

fn cell(array: &ArrayRef, row: usize) -> Value {
    let any = array.as_any();
    if array.is_null(row) {
        Value::Null
    } else if let Some(array) = any.downcast_ref::<StringArray>() {
        json!(array.value(row))
    } else if let Some(array) = any.downcast_ref::<Int64Array>() {
        json!(array.value(row))
    } else if let Some(array) = any.downcast_ref::<Float64Array>() {
        json!(array.value(row))
    } else if let Some(array) = any.downcast_ref::<BooleanArray>() {
        json!(array.value(row))
    } else if let Some(array) = any.downcast_ref::<Date32Array>() {
        let day = date(1970, 1, 1)
            .checked_add(Span::new().days(array.value(row)))
            .unwrap();
        json!(day.to_string())
    } else if let Some(array) = any.downcast_ref::<TimestampMicrosecondArray>() {
        let time = Timestamp::from_microsecond(array.value(row)).unwrap();
        json!(format!("{time:.6}"))
    } else {
        let entries = any.downcast_ref::<MapArray>().unwrap().value(row);
        let text = |column: usize, entry| cell(entries.column(column), entry);
        let entries = (0..entries.len()).map(|entry| (text(0, entry).as_str().unwrap().to_owned(), text(1, entry)));
        Value::Object(entries.collect())
    }
}

/// Numbers of a column of doubles are the same however they are spelled.
fn with_doubles(mut object: Value) -> Value {
    if let Some(number) = object.get_mut("Double").filter(|number| number.is_number()) {
        *number = json!(number.as_f64());
    }
    object
}

#[test]
fn it_has_the_values_of_ndjson() {
    let (columns, parts) = table();
    let mut conversion = parts.conversion(&columns, Format::Ndjson);
    conversion.lead = Some(lead());
    let expected: Vec<_> = objects(&conversion).into_iter().map(with_doubles).collect();
    let (_, of_ndjson) = written(&conversion);
    conversion.format = Format::Parquet;
    let (file, converted) = written(&conversion);
    let (found, _) = rows(file);
    assert_eq!(found, expected);
    assert_eq!(
        (converted.rows, converted.unparsed),
        (of_ndjson.rows, of_ndjson.unparsed)
    );
    let minus_zero = found
        .iter()
        .find_map(|row| row["Double"].as_f64().filter(|number| *number == 0.0));
    assert!(minus_zero.is_some_and(f64::is_sign_negative));
}

#[test]
fn each_row_has_its_own_cells_that_do_not_fit() {
    let columns = columns(&[
        ("a", ColumnType::Long),
        ("b", ColumnType::Long),
        ("c", ColumnType::String),
    ]);
    let parts = Parts::new(&[b"c,b,a\nx,y,1\n\xff,1,z\n,,\n\xea\xb0,u,v\n".as_slice()]);
    let (found, _) = rows(written(&parts.conversion(&columns, Format::Parquet)).0);
    let unparsed: Vec<_> = found.iter().map(|row| row[UNPARSED].clone()).collect();
    let expected = [
        json!({"b": "y"}),
        json!({"a": "z", "c": "\u{fffd}"}),
        Value::Null,
        json!({"a": "v", "b": "u", "c": "\u{fffd}"}),
    ];
    assert_eq!(unparsed, expected);
}

#[test]
fn types_are_those_that_warehouses_read() {
    let (columns, parts) = table();
    let mut conversion = parts.conversion(&columns, Format::Parquet);
    conversion.lead = Some(lead());
    let (_, metadata) = rows(written(&conversion).0);
    let schema = metadata.file_metadata().schema_descr().root_schema();
    let time = LogicalType::Timestamp(TimestampType {
        is_adjusted_to_u_t_c: true,
        unit: TimeUnit::MICROS,
    });
    for (name, expected) in [
        (DAY, Some(LogicalType::Date)),
        (EXPORTED_AT, Some(time.clone())),
        (EXPORT, Some(LogicalType::String)),
        (UNPARSED, Some(LogicalType::Map)),
        ("String", Some(LogicalType::String)),
        ("Long", None),
        ("Double", None),
        ("Boolean", None),
        ("Datetime", Some(time)),
        ("Date", Some(LogicalType::Date)),
    ] {
        let fields = schema.get_fields();
        let field = fields.iter().find(|field| field.name() == name).unwrap();
        assert_eq!(field.get_basic_info().logical_type_ref(), expected.as_ref(), "{name}");
        assert!(field.is_optional(), "{name}");
        if name == UNPARSED {
            assert_eq!(field.get_basic_info().converted_type(), ConvertedType::MAP);
            let entries = &field.get_fields()[0];
            let names: Vec<_> = entries.get_fields().iter().map(|field| field.name()).collect();
            assert_eq!((entries.name(), &names[..]), ("key_value", &["key", "value"][..]));
        }
    }
    let columns = metadata.row_group(0).columns();
    assert!(
        columns
            .iter()
            .all(|column| column.compression() == ::parquet::basic::Compression::ZSTD(ZstdLevel::default()))
    );
    assert!(columns.iter().all(|column| column.statistics().is_some()));
}

#[test]
fn a_table_without_rows_is_a_file() {
    let (columns, _) = table();
    for parts in [Parts::new(&["Long,String\n"]), Parts::new::<&str>(&[])] {
        let (file, converted) = written(&parts.conversion(&columns, Format::Parquet));
        let (found, metadata) = rows(file);
        assert_eq!((found.len(), converted.rows, metadata.num_row_groups()), (0, 0, 0));
        assert_eq!(
            metadata.file_metadata().schema_descr().root_schema().get_fields().len(),
            7
        );
    }
}

#[test]
fn rows_stay_in_order_over_row_groups_and_parts() {
    let columns = columns(&[
        ("n", ColumnType::Long),
        ("text", ColumnType::String),
        ("none", ColumnType::Date),
    ]);
    let rows_from = |from: u64| {
        let rows = (from..from + 40_000).map(|n| format!("\"첫 줄,\n{n} {}\",{n}\n", "-".repeat(1000)));
        format!("text,n\n{}", rows.collect::<String>())
    };
    let parts = Parts::new(&[rows_from(0), "text\nx\n".to_owned(), rows_from(40_000)]);
    let (found, metadata) = rows(written(&parts.conversion(&columns, Format::Parquet)).0);
    assert!(metadata.num_row_groups() > 4, "{}", metadata.num_row_groups());
    assert_eq!(found.len(), 80_001);
    assert_eq!(
        (&found[40_000]["n"], &found[40_000]["text"]),
        (&Value::Null, &json!("x"))
    );
    for (n, row) in found.iter().filter(|row| !row["n"].is_null()).enumerate() {
        assert_eq!(row["n"], n);
        assert_eq!(row["text"], format!("첫 줄,\n{n} {}", "-".repeat(1000)));
        assert!(row["none"].is_null() && row[UNPARSED].is_null());
    }
}

#[test]
fn a_full_disk_is_an_error() {
    let (columns, parts) = table();
    let conversion = parts.conversion(&columns, Format::Parquet);
    for room in [0, 4, 1000] {
        let mut file = vec![0; room];
        let error = conversion.write(&mut file[..]).unwrap_err();
        assert!(matches!(error.kind, Kind::Unwritable(_)), "{error}");
        let source = error.source().and_then(|source| source.downcast_ref::<io::Error>());
        assert_eq!(source.map(io::Error::kind), Some(io::ErrorKind::WriteZero));
    }
}
