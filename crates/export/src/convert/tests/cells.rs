//! What becomes of the cells of each type, in every format.

use std::fmt::Write as _;

use super::*;

/// A type, a cell, and what NDJSON has for it; `None` for a cell that does not fit.
pub(super) const CELLS: &[(ColumnType, &str, Option<&str>)] = &[
    (ColumnType::String, "", Some("null")),
    (ColumnType::String, " ", Some(r#"" ""#)),
    (ColumnType::String, "null", Some(r#""null""#)),
    (
        ColumnType::String,
        "장바구니, \"쿠폰\"",
        Some(r#""장바구니, \"쿠폰\"""#),
    ),
    (
        ColumnType::String,
        "첫 줄\n둘째\r\n줄\r",
        Some(r#""첫 줄\n둘째\r\n줄\r""#),
    ),
    (
        ColumnType::String,
        "\t\\\u{1}\u{7f}\u{2028}",
        Some("\"\\t\\\\\\u0001\u{7f}\u{2028}\""),
    ),
    (ColumnType::String, "\u{feff}mark", Some("\"\u{feff}mark\"")),
    (ColumnType::String, "007", Some(r#""007""#)),
    (ColumnType::String, "[1, 2]", Some(r#""[1, 2]""#)),
    (ColumnType::Long, "", Some("null")),
    (ColumnType::Long, "0", Some("0")),
    (ColumnType::Long, "-0", Some("0")),
    (ColumnType::Long, "+5", Some("5")),
    (ColumnType::Long, "007", Some("7")),
    (ColumnType::Long, "-12", Some("-12")),
    (ColumnType::Long, "9007199254740993", Some("9007199254740993")),
    (ColumnType::Long, "9223372036854775807", Some("9223372036854775807")),
    (ColumnType::Long, "-9223372036854775808", Some("-9223372036854775808")),
    (ColumnType::Long, "9223372036854775808", None),
    (ColumnType::Long, "1.0", None),
    (ColumnType::Long, "1e3", None),
    (ColumnType::Long, "12개", None),
    (ColumnType::Double, "0.1", Some("0.1")),
    (ColumnType::Double, "-0", Some("-0")),
    (ColumnType::Double, "1", Some("1")),
    (ColumnType::Double, "1E+5", Some("1E+5")),
    (
        ColumnType::Double,
        "0.1000000000000000055511151231257827",
        Some("0.1000000000000000055511151231257827"),
    ),
    (ColumnType::Double, "+1.5", Some("1.5")),
    (ColumnType::Double, ".5", Some("0.5")),
    (ColumnType::Double, "1.", Some("1.0")),
    (ColumnType::Double, "+1e300", Some("1e300")),
    (ColumnType::Double, "1e400", None),
    (ColumnType::Double, "NaN", None),
    (ColumnType::Double, "-inf", None),
    (ColumnType::Double, "1,5", None),
    (ColumnType::Boolean, "true", Some("true")),
    (ColumnType::Boolean, "FALSE", Some("false")),
    (ColumnType::Boolean, "1", Some("true")),
    (ColumnType::Boolean, "0", Some("false")),
    (ColumnType::Boolean, "yes", None),
    (
        ColumnType::Datetime,
        "2026-11-20T10:00:00+09:00",
        Some(r#""2026-11-20T01:00:00.000000Z""#),
    ),
    (
        ColumnType::Datetime,
        "2026-11-20 10:00:00.1234560Z",
        Some(r#""2026-11-20T10:00:00.123456Z""#),
    ),
    (
        ColumnType::Datetime,
        "1969-12-31T23:59:59.999999Z",
        Some(r#""1969-12-31T23:59:59.999999Z""#),
    ),
    (ColumnType::Datetime, "2026-11-20T10:00:00.1234561Z", None),
    (ColumnType::Datetime, "2026-12-31T23:59:60Z", None),
    (ColumnType::Datetime, "2026-11-20T10:00:00", None),
    (ColumnType::Date, "2026-11-20", Some(r#""2026-11-20""#)),
    (ColumnType::Date, "1969-12-31", Some(r#""1969-12-31""#)),
    (ColumnType::Date, "2026-02-30", None),
    (ColumnType::Date, "2026/11/20", None),
];

pub(super) const TYPES: [ColumnType; 6] = [
    ColumnType::String,
    ColumnType::Long,
    ColumnType::Double,
    ColumnType::Boolean,
    ColumnType::Datetime,
    ColumnType::Date,
];

/// A column for each type, and a part with a row for each cell.
pub(super) fn table() -> (Vec<Column>, Parts) {
    let names: Vec<_> = TYPES.iter().map(|column_type| format!("{column_type:?}")).collect();
    let columns = columns(&names.iter().map(String::as_str).zip(TYPES).collect::<Vec<_>>());
    let mut part = ::csv::Writer::from_writer(Vec::new());
    part.write_record(&names).unwrap();
    for (column_type, cell, _) in CELLS {
        let place = |of: &ColumnType| if of == column_type { *cell } else { "" };
        part.write_record(TYPES.iter().map(place)).unwrap();
    }
    (columns, Parts::new(&[part.into_inner().unwrap()]))
}

fn unfit() -> impl Iterator<Item = &'static (ColumnType, &'static str, Option<&'static str>)> {
    CELLS.iter().filter(|(.., expected)| expected.is_none())
}

#[test]
fn ndjson_has_values_of_json() {
    let (columns, parts) = table();
    let (file, converted) = written(&parts.conversion(&columns, Format::Ndjson));
    let text = String::from_utf8(file).unwrap();
    assert_eq!(text.lines().count(), CELLS.len());
    for (line, (column_type, cell, expected)) in text.lines().zip(CELLS) {
        let name = format!("{column_type:?}");
        let unparsed = match expected {
            Some(_) => "null".to_owned(),
            None => serde_json::json!({ name.as_str(): cell }).to_string(),
        };
        let mut object = format!("{{\"_dfinery_unparsed\":{unparsed}");
        for other in TYPES {
            let value = expected.filter(|_| other == *column_type).unwrap_or("null");
            write!(object, ",\"{other:?}\":{value}").unwrap();
        }
        assert_eq!(line, object + "}", "{column_type:?} {cell:?}");
    }
    assert_eq!(converted.rows, CELLS.len() as u64);
    for column_type in TYPES {
        let count = unfit().filter(|(of, ..)| *of == column_type).count() as u64;
        let counted = converted.unparsed.get(&format!("{column_type:?}")).copied();
        assert_eq!(counted.unwrap_or_default(), count, "{column_type:?}");
    }
}

#[test]
fn csv_has_the_values_of_ndjson() {
    let (columns, parts) = table();
    let (file, converted) = written(&parts.conversion(&columns, Format::Csv));
    let records = records(&file);
    assert_eq!(records.len(), CELLS.len() + 1);
    for (record, (column_type, cell, expected)) in records.iter().skip(1).zip(CELLS) {
        let name = format!("{column_type:?}");
        let (unparsed, text) = match expected {
            Some(value) => (String::new(), text_of(value)),
            None => (serde_json::json!({ name: cell }).to_string(), String::new()),
        };
        let mut row = vec![unparsed];
        row.extend(TYPES.map(|of| {
            if of == *column_type {
                text.clone()
            } else {
                String::new()
            }
        }));
        assert_eq!(*record, row, "{column_type:?} {cell:?}");
    }
    assert_eq!(converted.unparsed.values().sum::<u64>(), unfit().count() as u64);
}

/// The text of a value of NDJSON.
fn text_of(value: &str) -> String {
    match serde_json::from_str(value).unwrap() {
        Value::Null => String::new(),
        Value::String(text) => text,
        _ => value.to_owned(),
    }
}

#[test]
fn csv_is_quoted_only_where_it_must_be() {
    let columns = columns(&[("이름, 성", ColumnType::String), ("b", ColumnType::Long)]);
    let parts = Parts::new(&["\"이름, 성\",\"b\"\r\n\"plain\",\"1\"\r\n\"a \"\"b\"\"\",x\r\n\"\",\"\"\r\n"]);
    let expected = "_dfinery_unparsed,\"이름, 성\",b\n,plain,1\n\"{\"\"b\"\":\"\"x\"\"}\",\"a \"\"b\"\"\",\n,,\n";
    assert_eq!(text(&parts.conversion(&columns, Format::Csv)), expected);
    // Without a column of its own, a row without cells would be a blank line.
    let parts = Parts::new(&["\"이름, 성\"\n\"\"\n\"x\"\n"]);
    let expected = "_dfinery_unparsed,\"이름, 성\"\n,\n,x\n";
    assert_eq!(text(&parts.conversion(&columns[..1], Format::Csv)), expected);
}

#[test]
fn what_is_not_utf_8_does_not_fit() {
    let columns = columns(&[
        ("a", ColumnType::String),
        ("b", ColumnType::String),
        ("c", ColumnType::Long),
    ]);
    // The two cells would be a character if nothing were between them.
    let parts = Parts::new(&[b"a,b,c\n\xea\xb0,\x80,1\n".as_slice()]);
    let (file, converted) = written(&parts.conversion(&columns, Format::Ndjson));
    let expected = "{\"_dfinery_unparsed\":{\"a\":\"\u{fffd}\",\"b\":\"\u{fffd}\"},\"a\":null,\"b\":null,\"c\":1}\n";
    assert_eq!(String::from_utf8(file).unwrap(), expected);
    assert_eq!(converted.unparsed.values().collect::<Vec<_>>(), [&1, &1]);
    let expected = "_dfinery_unparsed,a,b,c\n\"{\"\"a\"\":\"\"\u{fffd}\"\",\"\"b\"\":\"\"\u{fffd}\"\"}\",,,1\n";
    assert_eq!(text(&parts.conversion(&columns, Format::Csv)), expected);
}

#[test]
fn a_time_without_an_offset_is_of_the_zone() {
    let columns = columns(&[("at", ColumnType::Datetime)]);
    let parts = Parts::new(&["at\n2026-11-20 10:00:00\n2026-11-20 10:00:00Z\n"]);
    let mut conversion = parts.conversion(&columns, Format::Ndjson);
    conversion.time_zone = Some(TimeZone::fixed(jiff::tz::offset(9)));
    let expected = ["2026-11-20T01:00:00.000000Z", "2026-11-20T10:00:00.000000Z"];
    let times: Vec<_> = objects(&conversion).iter().map(|object| object["at"].clone()).collect();
    assert_eq!(times, expected);
    conversion.format = Format::Csv;
    assert_eq!(
        text(&conversion),
        format!("_dfinery_unparsed,at\n,{}\n,{}\n", expected[0], expected[1])
    );
}
