//! Objects in JSON through a mapping.

use super::*;

const SHOP: &str = r#"
timezone: Asia/Seoul
identity: {external_id: customer.id, phone_no: {column: customer.phone, type: phone}}
event: df_purchase
event_datetime: {column: paid_at, format: "%Y-%m-%d %H:%M:%S"}
event_properties:
  df_order_id: order
  total: {column: total, type: double, thousands: ","}
  gift: {column: gift, type: boolean, "true": [Y], "false": [N]}
  tags: {column: tags, type: string-array}
event_items:
  - each: lines
    df_item_id: sku.code
    df_quantity: {column: n, type: long}
    kind: {constant: line}
"#;

const ORDER: &str = r#"{"order":17,"customer":{"id":9007199254740993,"phone":"010-1234-5678"},"paid_at":"2025-11-20 10:15:00","total":12.50,"gift":true,"tags":["a",7],"lines":[{"sku":{"code":"A"},"n":2},{"sku":{"code":"B"},"n":1.0}],"more":{"x":[1]}}"#;

fn mapped(text: &str, format: Format, mapping: &str) -> Vec<Result<String, String>> {
    let said = read(text.as_bytes(), &options(format, None, Some(mapping))).unwrap();
    said.into_iter().map(|said| said.json).collect()
}

/// What becomes of the cell `x` in `user_properties`.
fn value(how: &str, json: &str) -> Result<String, String> {
    let mapping = format!("identity: {{external_id: id}}\nuser_properties: {{p: {how}}}");
    let object = format!(r#"{{"id":"u","x":{json}}}"#);
    let record = mapped(&object, Format::Ndjson, &mapping).remove(0)?;
    let record = record.strip_prefix(r#"{"identity":{"external_id":"u"},"user_properties":{"#);
    let value = record.unwrap().strip_suffix("}}").unwrap();
    Ok(value.strip_prefix("\"p\":").unwrap_or(value).to_owned())
}

#[test]
fn an_object_becomes_a_record_with_its_types() {
    let record = r#"{"identity":{"external_id":"9007199254740993","phone_no":"821012345678"},"event":{"event_name":"df_purchase","event_datetime":"2025-11-20T01:15:00.000Z","event_properties":{"df_order_id":"17","total":12.50,"gift":true,"tags":["a","7"]},"event_items":[{"df_item_id":"A","df_quantity":2,"kind":"line"},{"df_item_id":"B","df_quantity":1,"kind":"line"}]}}"#;
    for (text, format) in [
        (format!("{ORDER}\n\n{ORDER}"), Format::Ndjson),
        (format!("\u{1E}{ORDER}\n\u{1E}{ORDER}\n"), Format::Ndjson),
        (format!("[{ORDER},\n {ORDER}]"), Format::JsonArray),
    ] {
        assert_eq!(
            mapped(&text, format, SHOP),
            [Ok(record.to_owned()), Ok(record.to_owned())]
        );
        for encoding in ENCODINGS {
            let bytes = encode(&text.replace("\"A\"", "\"가\""), encoding);
            let said = read(&bytes, &options(format, Some(encoding), Some(SHOP))).unwrap();
            assert_eq!(
                said[1].json.as_deref(),
                Ok(&*record.replace("\"A\"", "\"가\"")),
                "{encoding}"
            );
            let line = encode(&ORDER.replace("\"A\"", "\"가\""), encoding);
            assert!(said.iter().all(|said| said.original == line), "{encoding}");
        }
    }
}

#[test]
fn the_kind_of_a_value_says_how_it_is_read() {
    for (how, json, expected) in [
        ("x", "\"a\"", "\"a\""),
        ("x", "null", ""),
        ("x", "\"\"", ""),
        ("{column: x, empty: \"null\"}", "null", "null"),
        ("{column: x, default: 모름}", "null", "\"모름\""),
        ("x", "-12", "\"-12\""),
        ("x", "18446744073709551616", "\"18446744073709551616\""),
        ("x", "true", "\"true\""),
        ("{column: x, type: long}", "9223372036854775807", "9223372036854775807"),
        ("{column: x, type: long}", "5.0", "5"),
        ("{column: x, type: long}", "1.2e2", "120"),
        ("{column: x, type: long}", "\"5\"", "5"),
        ("{column: x, type: double, thousands: \",\"}", "0.1", "0.1"),
        ("{column: x, type: double, thousands: \",\"}", "\"1,000.5\"", "1000.5"),
        (
            "{column: x, type: boolean, \"true\": [Y], \"false\": [N]}",
            "false",
            "false",
        ),
        ("{column: x, type: boolean}", "1", "true"),
        ("{column: x, values: {\"1\": Male, \"2\": Female}}", "2", "\"Female\""),
        (
            "{column: x, type: datetime, format: unix-milliseconds}",
            "1763601300000",
            "\"2025-11-20T01:15:00.000Z\"",
        ),
        ("{column: x, type: string-array}", "[]", "[]"),
        (
            "{column: x, type: string-array, separator: \"|\"}",
            "[\"a|b\", 1]",
            "[\"a|b\",\"1\"]",
        ),
        (
            "{column: x, type: string-array, separator: \"|\"}",
            "\"a|b\"",
            "[\"a\",\"b\"]",
        ),
        ("{column: x, type: long-array}", "[1, 2.0]", "[1,2]"),
        ("{column: x, type: double-array}", "[1, 2.5]", "[1,2.5]"),
        ("{column: x, type: double-array}", "\"[0.5]\"", "[0.5]"),
        ("{column: x, type: phone}", "821012345678", "\"821012345678\""),
    ] {
        assert_eq!(value(how, json).as_deref(), Ok(expected), "{how} {json}");
    }
    for (how, json, problem) in [
        ("x", "1.5", "decimal point"),
        ("x", "1e3", "decimal point"),
        ("{column: x, type: phone}", "821012345678.0", "decimal point"),
        ("{column: x, type: phone}", "1012345678", "must begin with 0"),
        ("x", "[1]", "is a list"),
        ("x", "{\"a\":1}", "is an object"),
        ("{join: [x, x]}", "[1]", "cannot be joined"),
        ("{column: x, type: long}", "5.5", "whole number"),
        ("{column: x, type: long}", "9007199254740993.0", "whole number"),
        ("{column: x, type: long}", "9223372036854775808", "whole number"),
        ("{column: x, type: long}", "true", "whole number"),
        ("{column: x, type: double}", "1e999", "must be a number"),
        ("{column: x, type: boolean}", "2", "must be one of"),
        ("{column: x, type: string-array}", "\"a\"", "must be a list"),
        ("{column: x, type: string-array}", "7", "must be a list"),
        ("{column: x, type: string-array}", "[null]", "element 1"),
        ("{column: x, type: string-array}", "[\"a\",1.5]", "element 2"),
        (
            "{column: x, type: long-array}",
            "[1,\"2\"]",
            "element 2: must be a number",
        ),
        ("{column: x, type: long-array}", "[[1]]", "element 1"),
        ("{column: x, type: datetime}", "1763601300", "must be a time"),
    ] {
        let said = value(how, json).unwrap_err();
        assert!(said.contains(problem), "{how} {json}: {said}");
    }
}

#[test]
fn an_identifier_is_a_text_or_a_whole_number() {
    let mapping = "identity: {external_id: {join: [a, b], with: \"-\"}, email: c}";
    let of = |object: &str| mapped(object, Format::Ndjson, mapping).remove(0);
    assert_eq!(
        of(r#"{"a":1,"b":"2","c":"x@y.z"}"#).unwrap(),
        r#"{"identity":{"external_id":"1-2","email":"x@y.z"}}"#
    );
    for (object, place) in [
        (
            r#"{"a":1.0,"b":"2","c":null}"#,
            "a + b: is a number with a decimal point",
        ),
        (r#"{"a":1,"b":true,"c":null}"#, "a + b: is true or false"),
        (r#"{"a":1,"b":2,"c":false}"#, "c: is true or false"),
        (r#"{"a":1,"b":2,"c":2e1}"#, "c: is a number with a decimal point"),
    ] {
        let said = of(object).unwrap_err();
        assert!(said.starts_with(place), "{object}: {said}");
    }
}

#[test]
fn a_list_of_items_names_the_element_that_is_bad() {
    let bad = |lines: &str| {
        let from = ORDER.find("\"lines\":").unwrap() + 8;
        let to = ORDER.find(",\"more\"").unwrap();
        let order = format!("{ORDER}\n{}{lines}{}", &ORDER[..from], &ORDER[to..]);
        mapped(&order, Format::Ndjson, SHOP).remove(1)
    };
    for (lines, said) in [
        (
            r#"[{"sku":{"code":"A"},"n":1},{"n":"x"}]"#,
            "lines.n: must be a whole number of 64 bits (in element 2)",
        ),
        (
            "[3]",
            "lines: must be a JSON object, whose members are its columns (in element 1)",
        ),
        ("7", "lines: must be a list of objects, in JSON"),
        (
            r#"[{"n":1,"n":2}]"#,
            "lines: n is given twice: give it once (in element 1)",
        ),
    ] {
        assert_eq!(bad(lines).unwrap_err(), said);
    }
    for lines in ["[]", "null", r#"[{"sku":null},{}]"#] {
        assert!(bad(lines).unwrap().ends_with(r#""event_items":[]}}"#), "{lines}");
    }
}

#[test]
fn conditions_records_missing_words_and_groups_work_as_in_a_table() {
    let mapping = r#"
missing: ["-"]
skip_if: {column: state.kind, equals: "9"}
group_by: receipt
records:
  - identity: {external_id: id}
    only_if: {column: id, empty: false}
    event: df_purchase
    event_datetime: {constant: "2025-11-20T10:15:00Z"}
    event_properties: {total: {sum: price, type: double}, memo: {first: memo}}
    event_items: [{each: items, df_item_id: sku}]
"#;
    let row = |receipt: u32, id: &str, kind: u32, price: &str, sku: &str| {
        format!(
            r#"{{"receipt":{receipt},"id":"{id}","state":{{"kind":{kind}}},"price":{price},"memo":"-","items":[{{"sku":"{sku}"}},{{"sku":"-"}}]}}"#
        )
    };
    let rows = [
        row(1, "u", 1, "0.1", "A"),
        row(1, "u", 9, "5", "skipped"),
        row(2, "-", 1, "1", "nobody"),
        row(2, "v", 1, "1", "C"),
        row(1, "u", 1, "0.2", "B"),
    ];
    let sorting = format!("sort_by_group: true\n{mapping}");
    for (text, format) in [
        (rows.join("\n"), Format::Ndjson),
        (format!("[{}]", rows.join(",\n")), Format::JsonArray),
    ] {
        let mut input = Input::from_reader(
            "test",
            Box::new(Cursor::new(text.clone().into_bytes())),
            &options(format, None, Some(&sorting)),
            None,
            Accepts::Mixed,
        )
        .unwrap();
        let mut said = Vec::new();
        while let Some(line) = input.next().unwrap() {
            said.push((
                line.number,
                String::from_utf8(line.original.to_vec()).unwrap(),
                line.json.unwrap().to_owned(),
            ));
        }
        assert_eq!(said.len(), 2);
        assert_eq!((said[0].0, &*said[0].1), (1, &*format!("{}\n{}", rows[0], rows[4])));
        assert!(
            said[0]
                .2
                .contains(r#""total":0.3},"event_items":[{"df_item_id":"A"},{"df_item_id":"B"}]"#),
            "{}",
            said[0].2
        );
        assert_eq!((said[1].0, &*said[1].1), (4, &*rows[3]));
        assert_eq!(
            (input.passed_over().rows, input.passed_over().first_lines),
            (2, vec![2, 3])
        );
        if format == Format::Ndjson {
            assert_eq!(
                (input.lines().unwrap().records, input.lines().unwrap().passed_over),
                (3, 2)
            );
        }
        assert!(input.table_form().is_none() && input.column_of("identity.external_id") == Some("id"));
        input.finish().unwrap();
        // Without sorting the last row is not with its group.
        let said = read(text.as_bytes(), &options(format, None, Some(mapping))).unwrap();
        assert!(said[2].json.as_ref().unwrap_err().contains("do not stand together"));
    }
}

#[test]
fn a_bad_line_costs_only_itself() {
    let text = format!("{ORDER}\n{{\"order\":\n[1]\n{ORDER}\n{}\n{ORDER}", "\u{FEFF}{}");
    let said = mapped(&text, Format::Ndjson, SHOP);
    let good: Vec<_> = said.iter().map(Result::is_ok).collect();
    assert_eq!(good, [true, false, false, true, false, true]);
    assert!(said[1].as_ref().unwrap_err().starts_with("is not valid JSON"));
    assert!(said[2].as_ref().unwrap_err().starts_with("must be a JSON object"));
    let long = format!("{{\"a\":\"u\"}}\n{{\"a\":\"{}\"}}\n{{\"a\":\"v\"}}\n", "x".repeat(100));
    let options = options(Format::Ndjson, None, Some(BY_A));
    for piece in [1, 7, usize::MAX] {
        let said = read_in_pieces(long.as_bytes(), &options, piece, SMALL).unwrap();
        assert_eq!(said.len(), 3);
        assert!(said[1].json.as_ref().unwrap_err().contains("at most 64 are read"));
        assert_eq!(said[2].json.as_deref(), Ok(r#"{"identity":{"external_id":"v"}}"#));
    }
}

#[test]
fn a_mapping_for_another_file_is_refused_before_the_first_record() {
    let refused = |text: &str, mapping: &str| {
        read(text.as_bytes(), &options(Format::Ndjson, None, Some(mapping)))
            .unwrap_err()
            .to_string()
    };
    let mapping = "identity: {external_id: user.id}\nuser_properties: {grade: grade}";
    assert_eq!(
        refused(r#"{"uid":"secret-1","level":3,"k1234567":1}"#, mapping),
        "test: none of the columns of the mapping is in its first records: check that the mapping is for this file; the fields of \
         the first one are level, uid and others"
    );
    assert_eq!(
        refused(r#"{"user":{"id":"a"},"garde":3}"#, mapping),
        "test: the mapping names a column that its first records do not have: grade; did you mean garde?"
    );
    // A member may be missing in any object.
    let said = mapped(
        "{\"user\":{\"id\":\"a\"}}\n{\"user\":{\"id\":\"b\"},\"grade\":\"G\"}\n",
        Format::Ndjson,
        mapping,
    );
    assert!(said[0].is_ok() && said[1].as_ref().unwrap().contains("\"grade\":\"G\""));
    // It is not taken for a slip of what the mapping uses elsewhere.
    let mapping = "identity: {external_id: id}\nuser_properties: {a: phone1, b: phone2}";
    assert!(mapped(r#"{"id":"u","phone1":"x"}"#, Format::Ndjson, mapping)[0].is_ok());
}

#[test]
fn records_stay_as_they_are_beside_a_mapping_for_other_files() {
    let record = r#"{"identity":{"external_id":"u"},"user_properties":{"a":1}}"#;
    assert_eq!(mapped(record, Format::Ndjson, BY_A), [Ok(record.to_owned())]);
    assert_eq!(
        mapped(record, Format::Ndjson, "identity: {external_id: identity.external_id}"),
        [Ok(r#"{"identity":{"external_id":"u"}}"#.to_owned())]
    );
}

proptest! {
    #[test]
    fn no_line_makes_a_panic(lines in prop::collection::vec(any::<String>(), 0..5), inner in "[\\[\\]{}\",:a.1 -]{0,30}") {
        for text in [lines.join("\n"), format!("{{\"a\":{inner}}}\n{{\"a\":1,\"b\":[{inner}]}}")] {
            let mapping = "identity: {external_id: a}\nevent: e\nevent_datetime: {constant: \"2025-11-20T10:15:00Z\"}\nevent_items: [{each: b, x: a.b}]";
            for format in [Format::Ndjson, Format::JsonArray] {
                let _ = read(text.as_bytes(), &options(format, None, Some(mapping)));
            }
        }
    }
}
