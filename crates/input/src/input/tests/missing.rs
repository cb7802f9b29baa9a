//! Texts that mean an empty cell.

use super::*;

/// The records of a table under a mapping, with the texts that are missing or without.
fn both(missing: &str, mapping: &str, table: &str) -> [Vec<Said>; 2] {
    ["", missing].map(|missing| {
        let options = options(Format::Csv, None, Some(&format!("{missing}\n{mapping}")));
        read(table.as_bytes(), &options).unwrap()
    })
}

/// What is made of the rows: JSON, or nothing of a bad one.
fn made(said: &[Said]) -> Vec<Option<&str>> {
    said.iter().map(|said| said.json.as_deref().ok()).collect()
}

#[test]
fn what_is_missing_is_read_as_an_empty_cell_everywhere() {
    // Each mapping of a property or an identifier meets the same cells, filled with words in one table and left empty in the
    // other.
    let mappings = [
        "identity: {external_id: a, email: b}",
        "identity: {external_id: {join: [a, b]}}",
        "identity: {external_id: a}\nuser_properties: {p: {column: b, values: {x: 1}}}",
        "identity: {external_id: a}\nuser_properties: {p: {column: b, values: {x: 1}, default: 2}}",
        "identity: {external_id: a}\nuser_properties: {p: {column: b, default: none}}",
        "identity: {external_id: a}\nuser_properties: {p: {column: b, empty: \"null\"}, q: {column: c, empty: keep}}",
        "identity: {external_id: a}\nuser_properties: {p: {join: [a, b, c], with: \"-\"}}",
        "identity: {external_id: a}\nuser_properties: {n: {column: n, type: long}}",
        "identity: {external_id: a}\nonly_if: {column: b, empty: true}",
        "skip_if: {column: b, empty: true}\nidentity: {external_id: a}",
        "skip_if: {column: c, empty: true}\nrecords: [{identity: {external_id: a}}, {only_if: {column: b, empty: false}, \
         identity: {external_id: b}}]",
        "group_by: a\nidentity: {external_id: a}\nevent: e\nevent_datetime: {constant: \"2024-01-01T00:00:00Z\"}\n\
         event_properties: {n: {sum: n, type: long}, f: {first: b}, l: {last: b, default: none}}\nevent_items: [{c: c}]",
    ];
    let words = "a,b,c,n\nu1,x,?, N/A \nu1,\" - \",x,1\nu2,N/A,\"?\",2\n?,x,x,?\nu3,x,y,5\n";
    let empty = "a,b,c,n\nu1,x,,\nu1,,x,1\nu2,,,2\n,x,x,\nu3,x,y,5\n";
    for mapping in mappings {
        let [_, said] = both("missing: [\"?\", N/A, \"-\"]", mapping, words);
        let [expected, _] = both("", mapping, empty);
        assert_eq!(made(&said), made(&expected), "{mapping}");
        assert_eq!(
            said.iter().map(|said| said.number).collect::<Vec<_>>(),
            expected.iter().map(|said| said.number).collect::<Vec<_>>()
        );
    }
}

#[test]
fn a_value_with_a_type_of_its_own_may_be_missing() {
    let record = |missing: &str, how: &str, json: &str| {
        let mapping = format!("{missing}identity: {{external_id: id}}\nuser_properties: {{p: {how}}}");
        let object = format!(r#"{{"id":"u","x":{json}}}"#);
        let said = read(object.as_bytes(), &options(Format::Ndjson, None, Some(&mapping)));
        said.unwrap().remove(0).json
    };
    for (how, json) in [
        ("{column: x, type: long}", "-1"),
        ("{column: x, type: double, default: 2.5}", "-1"),
        ("{column: x, type: boolean}", "false"),
        ("{column: x, type: boolean, empty: \"null\"}", "false"),
        ("{column: x, type: string-array}", "[]"),
        ("{column: x, type: phone}", "0"),
        ("x", "0"),
    ] {
        let missing = record("missing: [\"-1\", \"false\", \"[]\", \"0\"]\n", how, json);
        assert_eq!(missing.unwrap(), record("", how, "null").unwrap(), "{how} {json}");
    }
    let both = "missing: [\"0\"]\nidentity: {external_id: id, phone_no: {column: x, type: phone}}";
    let said = read(br#"{"id":"u","x":0}"#, &options(Format::Ndjson, None, Some(both))).unwrap();
    assert_eq!(said[0].json.as_deref(), Ok(r#"{"identity":{"external_id":"u"}}"#));
}

#[test]
fn only_a_whole_cell_that_is_listed_is_missing() {
    let mapping = "identity: {external_id: a}\nuser_properties: {p: b}";
    let table = "a,b\nu1,-1\nu2,n/a\nu3,--\nu4,N/A.\n";
    let [without, with] = both("missing: [\"-\", N/A]", mapping, table);
    assert_eq!(made(&with), made(&without));
    let [said, _] = both("", mapping, "a,b\nu1,-\n");
    assert_eq!(
        said[0].json.as_deref(),
        Ok(r#"{"identity":{"external_id":"u1"},"user_properties":{"p":"-"}}"#)
    );
}

#[test]
fn a_bad_row_keeps_the_words_that_were_missing() {
    let mapping = "missing: [없음]\nidentity: {external_id: a}\nuser_properties: {n: {column: n, type: long}}";
    let table = "a,n,b\nu1,x,없음\n";
    for encoding in ENCODINGS {
        let said = read(&encode(table, encoding), &options(Format::Csv, None, Some(mapping))).unwrap();
        assert!(said[0].json.is_err());
        assert_eq!(said[0].original, encode("u1,x,없음", encoding), "{encoding:?}");
    }
}

#[test]
fn the_key_of_a_group_may_be_missing_and_a_repeated_header_is_found() {
    let mapping = "missing: [\"-\", b]\ngroup_by: a\nidentity: {external_id: a}\nevent: e\n\
                   event_datetime: {constant: \"2024-01-01T00:00:00Z\"}";
    let said = read(b"a,b\n-,1\n", &options(Format::Csv, None, Some(mapping))).unwrap();
    assert!(said[0].json.as_ref().unwrap_err().contains("a is empty"), "{said:?}");
    let said = read(b"a,b\nu,1\na,b\n", &options(Format::Csv, None, Some(mapping))).unwrap();
    assert!(
        said[1].json.as_ref().unwrap_err().contains("repeats the header"),
        "{said:?}"
    );
}

#[test]
fn sorted_rows_are_read_in_the_same_way() {
    let mapping = "missing: [\"-\"]\ngroup_by: a\nsort_by_group: true\nidentity: {external_id: a}\nevent: e\n\
                   event_datetime: {constant: \"2024-01-01T00:00:00Z\"}\nevent_properties: {n: {sum: n, type: long}}";
    let said = read(b"a,n\nu1,1\nu2,2\nu1,-\n", &options(Format::Csv, None, Some(mapping))).unwrap();
    let sums: Vec<_> = said
        .iter()
        .map(|said| said.json.as_ref().unwrap().contains(r#"{"n":1}"#))
        .collect();
    assert_eq!(sums, [true, false]);
}
