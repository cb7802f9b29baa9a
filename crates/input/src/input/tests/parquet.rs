//! Parquet files as people's warehouses write them, and damaged ones.

use std::{fs, path::Path, sync::Arc};

use arrow_array::{ArrayRef, Int64Array, StringArray};

use super::{
    parquet_files::{Columns, Files, every_type, texts},
    *,
};
use crate::fingerprint::Beginning;

fn open(path: &Path, mapping: Option<&str>) -> Result<Input, InputError> {
    let options = InputOptions {
        mapping: mapping.map(|yaml| Mapping::from_yaml(yaml).unwrap()),
        ..InputOptions::default()
    };
    Input::open(path, &options, None, Accepts::Mixed)
}

fn records(path: &Path, mapping: Option<&str>) -> Result<Vec<Said>, InputError> {
    read_all(open(path, mapping)?)
}

/// What becomes of a column of [`every_type`] in both rows.
fn value(path: &Path, how: &str) -> Vec<Result<String, String>> {
    let mapping = format!("timezone: Asia/Seoul\nidentity: {{external_id: id}}\nuser_properties: {{p: {how}}}");
    let said = records(path, Some(&mapping)).unwrap();
    let value = |said: &Said| {
        let json = said.json.clone()?;
        let at = json.find("\"user_properties\":{").unwrap() + 19;
        let value = json[at..].strip_suffix("}}").unwrap();
        Ok(value.strip_prefix("\"p\":").unwrap_or(value).to_owned())
    };
    said.iter().map(value).collect()
}

#[test]
fn every_type_arrives_exactly() {
    let files = Files::new();
    let path = files.write("a.parquet", every_type(), 1);
    for (how, expected) in [
        ("large", "\"large\""),
        ("view", "\"a view of a longer text\""),
        ("dictionary", "\"d\""),
        ("int32", "\"-7\""),
        ("{column: int32, type: long}", "-7"),
        ("int64", "\"9007199254740993\""),
        ("{column: int64, type: long}", "9007199254740993"),
        ("uint64", "\"18446744073709551615\""),
        ("{column: float32, type: double}", "0.1"),
        ("{column: float64, type: long}", "5"),
        ("{column: float64, type: double}", "5.0"),
        ("{column: decimal, type: double}", "123456789012345678.90"),
        ("{column: boolean, type: boolean}", "false"),
        ("{column: date, type: date, format: \"%Y%m%d\"}", "\"2025-11-20\""),
        ("{column: date, type: datetime}", "\"2025-11-19T15:00:00.000Z\""),
        ("{column: midnight, type: date}", "\"2025-11-20\""),
        (
            "{column: seconds, type: datetime, format: \"%s\"}",
            "\"2025-11-20T01:15:00.000Z\"",
        ),
        ("{column: millis, type: datetime}", "\"2025-11-20T01:15:00.250Z\""),
        ("{column: micros, type: datetime}", "\"2025-11-20T01:15:00.250Z\""),
        ("{column: nanos, type: datetime}", "\"2025-11-19T16:15:00.250Z\""),
        ("millis", "\"2025-11-20T01:15:00.25Z\""),
        ("{column: list, type: string-array}", "[\"a\",\"b\\\"\"]"),
        ("{column: numbers, type: long-array}", "[1,9223372036854775807]"),
        ("customer.name", "\"Kim\""),
        ("{join: [customer.no, int32]}", "\"77 -7\""),
    ] {
        assert_eq!(value(&path, how), [Ok(expected.to_owned()), Ok(String::new())], "{how}");
    }
    for (how, problem) in [
        ("float64", "decimal point"),
        ("decimal", "decimal point"),
        ("{column: uint64, type: long}", "whole number of 64 bits"),
        ("{column: nan, type: double}", "must be a number"),
        ("{column: millis, type: date}", "must be a date"),
        ("{column: nanos, type: date}", "must be a date"),
        ("list", "is a list"),
        ("map", "is an object"),
        ("customer", "is an object"),
    ] {
        let said = value(&path, how)[0].clone().unwrap_err();
        assert!(said.contains(problem), "{how}: {said}");
    }
}

const ORDERS: &str = "
identity: {external_id: id}
event: e
event_datetime: millis
event_properties: {no: customer.no, at: {column: nanos, type: datetime}, memo: view}
event_items: [{each: lines, df_item_id: sku, df_quantity: {column: n, type: long}}]
timezone: Asia/Seoul
";

#[test]
fn the_rows_come_back_as_a_table_that_loads_with_the_same_mapping() {
    let files = Files::new();
    let path = files.write("a.parquet", every_type(), 10);
    let mut input = open(&path, Some(ORDERS)).unwrap();
    let form = input.table_form().unwrap();
    assert_eq!((input.lines(), form.extension()), (None, "csv".to_owned()));
    let mut table = form.head();
    let mut json = Vec::new();
    while let Some(line) = input.next().unwrap() {
        form.rows(line.number, &["invalid"], "because", line.original, &mut table);
        json.push(line.json.map(str::to_owned).map_err(|violation| violation.to_string()));
    }
    let first = r#"{"identity":{"external_id":"u1"},"event":{"event_name":"e","event_datetime":"2025-11-20T01:15:00.250Z","event_properties":{"no":"77","at":"2025-11-19T16:15:00.250Z","memo":"a view of a longer text"},"event_items":[{"df_item_id":"A","df_quantity":2},{"df_item_id":"B"}]}}"#;
    assert_eq!(json[0].as_deref(), Ok(first));
    let text = str::from_utf8(&table).unwrap();
    assert!(
        text.starts_with("\u{FEFF}dfinery_line,dfinery_code,dfinery_reason,millis,customer.no,nanos,view,lines,id\n1,invalid,because,")
            || text.contains("dfinery_reason,"),
        "{text}"
    );
    let path = files.path("rejected.csv");
    fs::write(&path, &table).unwrap();
    let again: Vec<_> = records(&path, Some(ORDERS))
        .unwrap()
        .into_iter()
        .map(|said| said.json)
        .collect();
    assert_eq!(again, json);
}

#[test]
fn cells_are_written_so_that_they_are_read_again() {
    let odd = ["a,b", "a\"b", "a\nb", "\r\n", "a\\b", "a;b", "", " x ", "\\N"];
    for layout in [
        "",
        "delimiter: \";\"\n",
        "escape: \"\\\\\"\n",
        "delimiter: \"\\t\"\nescape: \"\\\\\"\n",
    ] {
        let mapping =
            format!("{layout}identity: {{external_id: id}}\nuser_properties: {{p: {{column: p, empty: keep}}}}");
        let files = Files::new();
        let ids: Vec<_> = (0..odd.len()).map(|id| Some(id.to_string())).collect();
        let columns: Columns = vec![
            ("id", Arc::new(StringArray::from(ids))),
            ("p", Arc::new(StringArray::from(odd.to_vec()))),
        ];
        let path = files.write("a.parquet", columns, 3);
        let mut input = open(&path, Some(&mapping)).unwrap();
        let form = input.table_form().unwrap();
        let (mut table, mut expected) = (form.head(), Vec::new());
        while let Some(line) = input.next().unwrap() {
            form.rows(line.number, &["x"], "y", line.original, &mut table);
            expected.push(line.json.unwrap().to_owned());
        }
        let path = files.path("rejected.csv");
        fs::write(&path, &table).unwrap();
        let again: Vec<_> = records(&path, Some(&mapping))
            .unwrap()
            .into_iter()
            .map(|said| said.json.unwrap())
            .collect();
        assert_eq!(again, expected, "{mapping}");
    }
}

#[test]
fn groups_conditions_and_missing_words_work_as_in_a_table() {
    let files = Files::new();
    let columns: Columns = vec![
        ("key", Arc::new(Int64Array::from(vec![1, 2, 1, 3, 2]))),
        ("id", texts(&[Some("u"), Some("v"), Some("u"), Some("-"), Some("v")])),
        (
            "price",
            Arc::new(Int64Array::from(vec![Some(5), None, Some(7), Some(1), Some(2)])),
        ),
    ];
    let path = files.write("a.parquet", columns, 2);
    let mapping = "missing: [\"-\"]\nskip_if: {column: id, empty: true}\ngroup_by: key\nsort_by_group: true\nidentity: {external_id: id}\nevent: e\nevent_datetime: {constant: \"2025-11-20T10:15:00Z\"}\nevent_properties: {total: {sum: price, type: long}}\n";
    let mut input = open(&path, Some(mapping)).unwrap();
    let mut found = Vec::new();
    while let Some(line) = input.next().unwrap() {
        let original = String::from_utf8(line.original.to_vec()).unwrap();
        found.push((line.number, original, line.json.unwrap().contains("\"total\":12")));
    }
    let columns = input.table_form().unwrap();
    assert_eq!(found.len(), 2, "{columns:?}");
    assert_eq!((found[0].0, found[0].2, found[0].1.lines().count()), (1, true, 2));
    assert_eq!(found[1].0, 2);
    assert_eq!(
        (input.passed_over().rows, input.passed_over().first_lines),
        (1, vec![4])
    );
    input.finish().unwrap();
}

#[test]
fn a_value_of_any_type_may_be_missing() {
    let files = Files::new();
    let path = files.write("a.parquet", every_type(), 1);
    for (how, word) in [
        ("{column: int32, type: long}", "-7"),
        ("{column: boolean, type: boolean}", "false"),
        ("{column: date, type: date}", "2025-11-20"),
        ("{column: millis, type: datetime}", "2025-11-20T01:15:00.25Z"),
    ] {
        let mapping = format!(
            "missing: [\"{word}\"]\ntimezone: Asia/Seoul\nidentity: {{external_id: id}}\nuser_properties: {{p: {how}}}"
        );
        let said = records(&path, Some(&mapping)).unwrap();
        let none = r#"{"identity":{"external_id":"u1"},"user_properties":{}}"#;
        assert_eq!(said[0].json.as_deref(), Ok(none), "{how}");
    }
}

#[test]
fn a_cell_that_cannot_be_read_leaves_the_others_in_the_row() {
    let files = Files::new();
    let columns: Columns = vec![
        ("id", texts(&[Some("u")])),
        ("bytes", Arc::new(arrow_array::BinaryArray::from(vec![&b"\xFF"[..]]))),
        ("name", texts(&[Some("Kim")])),
        ("more", Arc::new(arrow_array::BinaryArray::from(vec![&b"\xFE"[..]]))),
    ];
    let path = files.write("a.parquet", columns, 1);
    let mapping = "identity: {external_id: id}\nuser_properties: {a: bytes, b: name, c: more}";
    let said = records(&path, Some(mapping)).unwrap();
    assert!(
        said[0].json.as_ref().unwrap_err().contains("bytes holds bytes"),
        "{said:?}"
    );
    assert_eq!(said[0].original, b"u,,Kim,");
}

#[test]
fn a_column_that_cannot_be_named_never_gives_its_place_to_another() {
    let files = Files::new();
    let field = arrow_schema::Field::new("x.y", arrow_schema::DataType::Utf8, true);
    let object = arrow_array::StructArray::new(vec![field].into(), vec![texts(&[Some("inner")])], None);
    let columns: Columns = vec![
        ("s", Arc::new(object)),
        ("id", texts(&[Some("u")])),
        ("name", texts(&[Some("Kim")])),
    ];
    let path = files.write("a.parquet", columns, 1);
    let mapping = "identity: {external_id: id}\nuser_properties: {a: s.x.y, b: name}";
    let said = records(&path, Some(mapping)).unwrap_err().to_string();
    assert!(
        said.contains("names a column that is not in the header: s.x.y"),
        "{said}"
    );
}

#[test]
fn columns_with_the_names_of_wrappers_are_columns() {
    let files = Files::new();
    let columns = || -> Columns {
        vec![
            ("list", texts(&[Some("l")])),
            ("array", texts(&[Some("a")])),
            ("dt", texts(&[Some("of the file")])),
            ("id", texts(&[Some("u")])),
        ]
    };
    let path = files.write("dt=2025-11-20/a.parquet", columns(), 1);
    let mapping = "identity: {external_id: id}\nuser_properties: {l: list, a: array, d: dt}";
    let said = records(&path, Some(mapping)).unwrap();
    let expected = r#"{"identity":{"external_id":"u"},"user_properties":{"l":"l","a":"a","d":"of the file"}}"#;
    assert_eq!(said[0].json.as_deref(), Ok(expected));
    let said = records(&path, Some("identity: {external_id: ids}\nuser_properties: {l: list}")).unwrap_err();
    let all = "did you mean id? its columns are: list, array, dt, id";
    assert!(said.to_string().ends_with(all), "{said}");
}

#[test]
fn the_folders_of_hive_are_columns() {
    let files = Files::new();
    let columns = || -> Columns { vec![("id", texts(&[Some("u")]))] };
    let mapping = "identity: {external_id: id}\nuser_properties: {day: {column: dt, type: date}, shop: shop}";
    let path = files.write("dt=2026-11-20/shop=%EA%B0%95%EB%82%A8%2F1/a.parquet", columns(), 1);
    let said = records(&path, Some(mapping)).unwrap();
    assert!(
        said[0]
            .json
            .as_ref()
            .unwrap()
            .ends_with(r#"{"day":"2026-11-20","shop":"강남/1"}}"#),
        "{said:?}"
    );
    let path = files.write("dt=2026-11-21/shop=__HIVE_DEFAULT_PARTITION__/a.parquet", columns(), 1);
    assert!(
        records(&path, Some(mapping)).unwrap()[0]
            .json
            .as_ref()
            .unwrap()
            .ends_with(r#"{"day":"2026-11-21"}}"#)
    );
}

#[test]
fn rows_in_the_shape_of_records_need_no_mapping() {
    let files = Files::new();
    let identity = r#"{"identity":{"external_id":"u"},"user_properties":{"n":1,"tags":["a"]}}"#;
    let user = |name: &str, value: ArrayRef| -> ArrayRef {
        let field = arrow_schema::Field::new(name, value.data_type().clone(), true);
        Arc::new(arrow_array::StructArray::new(vec![field].into(), vec![value], None))
    };
    let mut tags = arrow_array::builder::ListBuilder::new(arrow_array::builder::StringBuilder::new());
    tags.append_value([Some("a")]);
    let properties = arrow_array::StructArray::from(vec![
        (
            Arc::new(arrow_schema::Field::new("n", arrow_schema::DataType::Int64, true)),
            Arc::new(Int64Array::from(vec![1])) as ArrayRef,
        ),
        (
            Arc::new(arrow_schema::Field::new(
                "tags",
                arrow_array::Array::data_type(&tags.finish_cloned()).clone(),
                true,
            )),
            Arc::new(tags.finish()) as ArrayRef,
        ),
    ]);
    let columns: Columns = vec![
        ("identity", user("external_id", texts(&[Some("u")]))),
        ("user_properties", Arc::new(properties)),
        ("event", user("event_name", texts(&[None]))),
    ];
    let path = files.write("a.parquet", columns, 1);
    for mapping in [None, Some(BY_A)] {
        let said = records(&path, mapping).unwrap();
        let json = said[0].json.clone().unwrap();
        assert!(
            json == identity || json == identity.replace("}}", "},\"event\":{}}"),
            "{json}"
        );
        assert_eq!(said[0].original, json.as_bytes());
    }
    let mapped = records(&path, Some("identity: {external_id: identity.external_id}")).unwrap();
    assert_eq!(mapped[0].json.as_deref(), Ok(r#"{"identity":{"external_id":"u"}}"#));
}

#[test]
fn what_does_not_fit_is_refused_before_the_first_record() {
    let files = Files::new();
    let path = files.write("a.parquet", every_type(), 1);
    let refused = |path: &Path, mapping: Option<&str>| records(path, mapping).unwrap_err();
    assert!(refused(&path, None).needs_mapping());
    let said = refused(&path, Some("identity: {external_id: idd}\nuser_properties: {a: view}")).to_string();
    assert!(
        said.contains("names a column that is not in the header: idd; did you mean id?"),
        "{said}"
    );
    let text = files.path("text.parquet");
    fs::write(&text, "a,b\n1,2\n").unwrap();
    assert!(refused(&text, Some(BY_A)).to_string().contains("it is no Parquet file"));
    let header = files.path("a.csv");
    fs::write(&header, "PAR1,a\nx,u\n").unwrap();
    assert!(records(&header, Some(BY_A)).unwrap()[0].json.is_ok());
    let bytes = fs::read(&path).unwrap();
    assert!(refused_from_pipe(&bytes).contains("cannot be read from a pipe"));
    let mut encrypted = bytes.clone();
    let end = encrypted.len() - 1;
    encrypted[end] = b'E';
    let path = files.path("encrypted.parquet");
    for begin in [b'1', b'E'] {
        encrypted[3] = begin;
        fs::write(&path, &encrypted).unwrap();
        assert!(
            refused(&path, Some(BY_A))
                .to_string()
                .contains("is an encrypted Parquet file")
        );
    }
    for (bytes, says) in [
        (
            &include_bytes!("encrypted_footer.parquet")[..],
            "is an encrypted Parquet file",
        ),
        (
            include_bytes!("encrypted_columns.parquet"),
            "is a Parquet file with encrypted columns",
        ),
    ] {
        fs::write(&path, bytes).unwrap();
        let said = refused(&path, Some("identity: {external_id: id}")).to_string();
        assert!(said.contains(says), "{said}");
    }
    let none = files.write("none.parquet", vec![("a", texts(&[]))], 1);
    assert!(records(&none, Some(BY_A)).unwrap().is_empty());
}

#[test]
fn a_damaged_file_is_an_error_and_never_other_values() {
    let files = Files::new();
    let good = files.write("a.parquet", every_type(), 1);
    let expected = records(&good, Some(ORDERS)).unwrap();
    let bytes = fs::read(&good).unwrap();
    let path = files.path("b.parquet");
    for length in (0..bytes.len()).step_by(97) {
        fs::write(&path, &bytes[..length]).unwrap();
        assert!(records(&path, Some(ORDERS)).is_err(), "{length}");
    }
    let mut wrong = 0;
    for at in (4..bytes.len()).step_by(29) {
        let mut broken = bytes.clone();
        broken[at] ^= 0x41;
        fs::write(&path, &broken).unwrap();
        match records(&path, Some(ORDERS)) {
            Err(error) => assert!(!error.to_string().contains("longer text"), "{error}"),
            // A file without checksums cannot show that a letter is another one.
            Ok(said) => wrong += usize::from(said.len() != expected.len()),
        }
    }
    assert_eq!(wrong, 0);
}

#[test]
fn what_was_read_is_the_beginning_of_the_file() {
    let files = Files::new();
    let ids: Vec<_> = (0..50).map(|id| Some(format!("user-{id:0200}"))).collect();
    let path = files.write("a.parquet", vec![("a", Arc::new(StringArray::from(ids)))], 10);
    let mut input = open(&path, Some(BY_A)).unwrap();
    let passed = input.passed();
    assert_eq!(
        (passed.bytes(), input.length()),
        (0, Some(fs::metadata(&path).unwrap().len()))
    );
    let mut lengths = Vec::new();
    while input.next().unwrap().is_some() {
        let beginning = Beginning::of_file(&path, passed.bytes(), || true).unwrap().unwrap();
        assert_eq!(passed.beginning(), beginning);
        lengths.push(passed.bytes());
    }
    lengths.dedup();
    assert_eq!(lengths.len(), 5, "{lengths:?}");
    assert_eq!(passed.bytes(), input.length().unwrap());
    fs::write(&path, "other").unwrap();
    assert!(input.finish().unwrap_err().is_changed());
}
