//! Rows that a mapping passes over, and rows that become several records.

use super::*;

fn open(csv: &'static str, mapping: &str) -> Input {
    let options = options(Format::Csv, None, Some(mapping));
    Input::from_reader("t", Box::new(csv.as_bytes()), &options, None, Accepts::Mixed).unwrap()
}

/// The lines of the good records, those of the bad ones, and of the rows that are passed over.
fn lines(csv: &'static str, conditions: &str) -> (Vec<u64>, Vec<u64>, Vec<u64>) {
    let mut input = open(csv, &format!("identity: {{external_id: 전표}}\n{conditions}"));
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    while let Some(line) = input.next().unwrap() {
        if line.json.is_ok() { &mut good } else { &mut bad }.push(line.number);
    }
    let passed_over = input.passed_over();
    assert_eq!(passed_over.rows, passed_over.first_lines.len() as u64);
    let lines = input.lines().unwrap();
    assert_eq!(lines.records, (good.len() + bad.len()) as u64);
    assert_eq!(lines.passed_over, passed_over.rows);
    input.finish().unwrap();
    (good, bad, passed_over.first_lines)
}

#[test]
fn conditions_pass_over_rows() {
    let csv = "전표,구분,메모\n1,판매,\n2, 취소 ,x\n합계,,\n,판매,※ 주의\n5,반품\n6,판매완료,\n";
    for (conditions, good, passed_over) in [
        ("skip_if: {column: 전표, equals: 합계}", &[2, 3, 5, 7][..], &[4][..]),
        ("skip_if: {column: 구분, in: [취소, 판매]}", &[4, 7], &[2, 3, 5]),
        ("skip_if: {column: 구분, prefix: 판매}", &[3, 4], &[2, 5, 7]),
        (
            "skip_if: [{column: 전표, equals: 합계}, {column: 메모, prefix: ※}]",
            &[2, 3, 7],
            &[4, 5],
        ),
        ("only_if: {column: 구분, equals: 판매}", &[2, 5], &[3, 4, 7]),
        (
            "only_if: [{column: 구분, prefix: 판매}, {column: 전표, empty: false}]",
            &[2, 7],
            &[3, 4, 5],
        ),
        (
            "only_if: {column: 구분, prefix: 판매}\nskip_if: {column: 전표, equals: 1}",
            &[5, 7],
            &[2, 3, 4],
        ),
        ("only_if: {column: 전표, equals: 2}", &[3], &[2, 4, 5, 7]),
    ] {
        // The row with two cells is bad before any condition.
        assert_eq!(
            lines(csv, conditions),
            (good.to_vec(), vec![6], passed_over.to_vec()),
            "{conditions}"
        );
    }
}

#[test]
fn a_condition_can_pass_over_a_header_that_is_repeated() {
    let csv = "전표,구분\n1,판매\n전표,구분\n2,판매\n";
    assert_eq!(lines(csv, ""), (vec![2, 4], vec![3], vec![]));
    let condition = "skip_if: {column: 전표, equals: 전표}";
    assert_eq!(lines(csv, condition), (vec![2, 4], vec![], vec![3]));
}

#[test]
fn rows_that_are_passed_over_may_have_several_lines() {
    let mut input = open(
        "id,memo\n1,\"a\nb\"\n\n2,x\n",
        "identity: {external_id: id}\nskip_if: {column: id, equals: 1}",
    );
    while input.next().unwrap().is_some() {}
    let lines = input.lines().unwrap();
    assert_eq!(
        (lines.total, lines.records, lines.blank, lines.passed_over),
        (5, 1, 1, 2)
    );
    assert_eq!(input.passed_over().rows, 1);
}

#[test]
fn a_condition_on_a_column_that_is_missing_is_an_error() {
    for mapping in [
        "identity: {external_id: 전표}\nskip_if: {column: 상태, empty: true}",
        "records: [{identity: {external_id: 전표}, only_if: {column: 상태, empty: true}}]",
        "records: [{identity: {external_id: 전표}}]\nonly_if: {column: 상태, empty: true}",
    ] {
        let error = read(b"\xEF\xBB\xBFa,b\n", &options(Format::Csv, None, Some(mapping))).unwrap_err();
        assert!(error.to_string().contains("상태"), "{error}");
    }
}

const CRM: &str = r"
skip_if: {column: 회원, prefix: 합계}
records:
  - identity: {external_id: 회원, phone_no: {column: 전화, type: phone}}
  - identity: {external_id: 회원}
    only_if: {column: 동의, equals: Y}
    user_properties: {df_gender: {column: 성별, values: {남: Male, 여: Female}}}
";

#[test]
fn a_row_becomes_several_records_each_with_its_own_fate() {
    let csv = "회원,전화,동의,성별\n1,010-1234-5678,Y,남\n2,010-1234-5678,N,남\n합계,,,\n3,12,Y,여\n4,,Y,?\n5\n";
    let said = read(csv.as_bytes(), &options(Format::Csv, None, Some(CRM))).unwrap();
    let found: Vec<_> = said
        .iter()
        .map(|said| (said.number, said.json.as_deref().map_err(String::as_str)))
        .collect();
    assert_eq!(
        found,
        [
            (2, Ok(r#"{"identity":{"external_id":"1","phone_no":"821012345678"}}"#)),
            (
                2,
                Ok(r#"{"identity":{"external_id":"1"},"user_properties":{"df_gender":"Male"}}"#)
            ),
            (3, Ok(r#"{"identity":{"external_id":"2","phone_no":"821012345678"}}"#)),
            (
                5,
                Err(
                    "전화: must begin with 0, + or the country code 82; a spreadsheet may have taken the leading zero away"
                )
            ),
            (
                5,
                Ok(r#"{"identity":{"external_id":"3"},"user_properties":{"df_gender":"Female"}}"#)
            ),
            (6, Ok(r#"{"identity":{"external_id":"4"}}"#)),
            (6, Err("성별: must be one of 남, 여")),
            (
                7,
                Err(
                    "the row has 1 column, the header has 4; if empty cells at its end were left out, give short_rows: true in the mapping"
                )
            ),
        ]
    );
    assert!(
        said.iter()
            .filter(|said| said.number == 2)
            .all(|said| said.original == "1,010-1234-5678,Y,남".as_bytes())
    );
}

#[test]
fn a_row_without_a_record_is_passed_over() {
    let csv = "id,a\n1,x\n2,y\n3,z\n";
    let mapping = r"
records:
  - {identity: {external_id: id}, only_if: {column: a, equals: x}}
  - {identity: {external_id: id}, skip_if: {column: a, in: [x, y]}}
";
    let mut input = open(csv, mapping);
    let mut found = Vec::new();
    while let Some(line) = input.next().unwrap() {
        found.push(line.number);
    }
    assert_eq!((found, input.passed_over().first_lines), (vec![2, 4], vec![3]));
}

#[test]
fn a_field_is_traced_to_its_column_if_all_records_agree() {
    let mapping = "
records:
  - identity: {external_id: a, email: c}
  - identity: {external_id: b, email: c}
    user_properties: {p: d}
";
    let input = open("a,b,c,d\n", mapping);
    let columns = ["identity.external_id", "identity.email", "user_properties.p"].map(|path| input.column_of(path));
    assert_eq!(columns, [None, Some("c"), Some("d")]);
}

#[test]
fn a_load_takes_a_mapping_only_if_it_takes_all_its_records() {
    for (kind, takes) in [
        (Accepts::Mixed, true),
        (Accepts::Only(RecordKind::Identity), false),
        (Accepts::Only(RecordKind::Profile), false),
    ] {
        let options = options(Format::Csv, None, Some(CRM));
        let table = "회원,전화,동의,성별\n".as_bytes();
        let opened = Input::from_reader("t", Box::new(table), &options, None, kind);
        assert_eq!(opened.is_ok(), takes);
        if let Err(error) = opened {
            assert!(error.to_string().contains("takes records of the kind"), "{error}");
        }
    }
}
