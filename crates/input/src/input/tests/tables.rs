//! Tables, and what a mapping makes of them.

use super::*;

fn read_table(csv: &str, mapping: &str) -> Result<Vec<Said>, InputError> {
    read(csv.as_bytes(), &options(Format::Csv, None, Some(mapping)))
}

fn table_error(csv: &str, mapping: &str) -> String {
    read_table(csv, mapping).unwrap_err().to_string()
}

const PURCHASES: &str = "\
회원번호,휴대폰,결제일시,합계,주문번호,상품코드,수량
u1,010-1234-5678,2024-06-24 15:42:25,\"1,234,000\",1234567890123456,P-7,2
u2,,2024-06-25 00:00:00,0.1,007,,
";
const PURCHASE: &str = r#"
timezone: Asia/Seoul
event: df_purchase
identity:
  external_id: 회원번호
  phone_no: {column: 휴대폰, type: phone}
event_datetime: {column: 결제일시, format: "%Y-%m-%d %H:%M:%S"}
event_properties:
  df_total_purchase_amount: {column: 합계, thousands: ","}
  df_order_id: 주문번호
  pos_store: {constant: 강남점}
event_items:
  - df_item_id: 상품코드
    df_quantity: 수량
    df_discount: {constant: 0.5}
"#;

#[test]
fn a_row_becomes_an_event() {
    let said = read_table(PURCHASES, PURCHASE).unwrap();
    assert_eq!(
        jsons(&said),
        [
            Ok(concat!(
                r#"{"identity":{"external_id":"u1","phone_no":"821012345678"},"event":{"event_name":"df_purchase","#,
                r#""event_datetime":"2024-06-24T06:42:25.000Z","event_properties":{"df_total_purchase_amount":1234000,"#,
                r#""df_order_id":"1234567890123456","pos_store":"강남점"},"#,
                r#""event_items":[{"df_item_id":"P-7","df_quantity":2,"df_discount":0.5}]}}"#
            )),
            Ok(concat!(
                r#"{"identity":{"external_id":"u2"},"event":{"event_name":"df_purchase","#,
                r#""event_datetime":"2024-06-24T15:00:00.000Z","event_properties":{"df_total_purchase_amount":0.1,"#,
                r#""df_order_id":"007","pos_store":"강남점"},"event_items":[]}}"#
            )),
        ]
    );
}

#[test]
fn a_row_becomes_a_profile() {
    let mapping = r#"
identity: {external_id: id}
timezone: Asia/Seoul
request_datetime: {column: at, format: "%Y%m%d"}
user_properties:
  df_birth: {column: birth, format: "%Y%m%d"}
  df_push_optin: {column: optin, empty: "null"}
  memo: {column: memo, empty: keep}
  tags: {column: tags, type: long-array, separator: "|"}
  level: {column: level, type: boolean, "true": [예], "false": [아니오]}
"#;
    let csv = "id,at,birth,optin,memo,tags,level\n1,20240624,19991231,y,,1| 2 |,예\n2,20240624,,,x,,\n";
    let said = read_table(csv, mapping).unwrap();
    assert_eq!(
        jsons(&said),
        [
            Ok(concat!(
                r#"{"identity":{"external_id":"1"},"user_properties":{"df_birth":"1999-12-31","df_push_optin":true,"memo":"","#,
                r#""tags":[1,2],"level":true},"request_datetime":"2024-06-23T15:00:00.000Z"}"#
            )),
            Ok(concat!(
                r#"{"identity":{"external_id":"2"},"user_properties":{"df_push_optin":null,"memo":"x"},"#,
                r#""request_datetime":"2024-06-23T15:00:00.000Z"}"#
            )),
        ]
    );
}

#[test]
fn a_cell_that_does_not_fit_names_its_column_and_never_its_value() {
    for (kind, cell, form) in [
        ("type: long", "1x", "must be a whole number of 64 bits"),
        ("type: long", "9223372036854775808", "must be a whole number of 64 bits"),
        ("type: long", "1,000", "give thousands in the mapping"),
        ("type: double", "NaN", "must be a number such as 1234.5"),
        (
            "type: double, thousands: \",\"",
            "1,00",
            "must be a number such as 1234.5",
        ),
        ("type: boolean", "maybe", "must be one of true, 1, Y or false, 0, N"),
        (
            "type: datetime",
            "yesterday",
            "must be a time in the form 2024-06-24T15:42:25+09:00",
        ),
        ("type: datetime", "2023-06-24 15:42:25", "needs a time zone"),
        ("type: date", "24.06.2023", "must be a date in the form %Y-%m-%d"),
        (
            "type: date, format: \"%Y%m%d\"",
            "20230230",
            "must be a date in the form %Y%m%d",
        ),
        (
            "type: phone",
            "1012345678",
            "must begin with 0, + or the country code 82",
        ),
        (
            "type: long-array, separator: \"|\"",
            "1|b7",
            "element 2: must be a whole number",
        ),
    ] {
        let mapping = format!("identity: {{external_id: a}}\nuser_properties: {{p: {{column: 값, {kind}}}}}");
        let said = read_table(&format!("a,값\n1,\"{cell}\"\n2,\n"), &mapping).unwrap();
        let problem = said[0].json.clone().unwrap_err();
        assert!(problem.starts_with("값: ") && problem.contains(form), "{problem}");
        assert!(!problem.contains(cell), "{problem}");
        assert!(said[1].json.is_ok());
    }
}

#[test]
fn a_header_that_does_not_do_is_an_error() {
    for (csv, part) in [
        (
            "a,b,a\n",
            "columns 1 and 3 of the header have the same name, a, which the mapping uses",
        ),
        (
            "b,c\n",
            "names a column that is not in the header: a; none of its 2 columns is named in the mapping",
        ),
        ("kim@example.com,c\n", "does not look like a header"),
        ("\"a\nb,c\n", "never closed"),
    ] {
        let error = table_error(csv, BY_A);
        assert!(error.contains(part) && !error.contains('@'), "{error}");
    }
    let tsv = options(Format::Tsv, None, Some(BY_A));
    assert!(read(b"\n", &tsv).unwrap_err().to_string().contains("it is empty"));
    let error = table_error("b,d\n", "identity: {external_id: a, email: b}");
    assert!(
        error.ends_with("not in the header: a; its columns are: b, d"),
        "{error}"
    );
    let error = table_error("b\n", "identity: {external_id: a, email: c}");
    assert!(
        error.contains("names columns that are not in the header: a, c"),
        "{error}"
    );
}

#[test]
fn names_of_columns_are_compared_as_the_eye_sees_them() {
    let mapping = "identity: {external_id: 회원번호}";
    for header in [
        ",회원번호,",
        "메모,회원번호,메모",
        "\u{FEFF}회원번호,b,c",
        "\u{FEFF}\u{FEFF}회원번호,b,c",
        "b,\u{1112}\u{116C}\u{110B}\u{116F}\u{11AB}\u{1107}\u{1165}\u{11AB}\u{1112}\u{1169},c",
        "b,c,회원\u{200B}번호\u{A0}",
    ] {
        let said = read_table(&format!("{header}\n1,1,1\n"), mapping).unwrap();
        assert_eq!(
            jsons(&said),
            [Ok("{\"identity\":{\"external_id\":\"1\"}}")],
            "{header:?}"
        );
    }
    let error = table_error("회원 번호\u{200B},b\n", "identity: {external_id: 회원번호, email: b}");
    assert!(error.contains("its columns are: 회원 번호\\u{200B}, b"), "{error}");
}

#[test]
fn rows_that_do_not_fit_the_header_are_told_and_passed() {
    let said = read_table("a,b\n1,2\n3\n4,5,6\r\n\n7,\"8\n\"\"9\"\n10,11\n", BY_A).unwrap();
    let lines: Vec<_> = said.iter().map(|line| line.number).collect();
    assert_eq!(lines, [2, 3, 4, 6, 8]);
    assert!(
        jsons(&said)[1]
            .unwrap_err()
            .starts_with("the row has 1 column, the header has 2; if empty cells")
    );
    assert_eq!(jsons(&said)[2], Err("the row has 3 columns, the header has 2"));
    assert_eq!(said[2].original, b"4,5,6");
    assert_eq!(said[3].original, b"7,\"8\n\"\"9\"");
}

#[test]
fn a_row_with_very_many_columns_is_told_and_passed() {
    let many = "x,".repeat(10_000);
    let said = read_table(&format!("a\n{many}\n1\n"), BY_A).unwrap();
    assert_eq!(jsons(&said)[0], Err("the row has 10001 columns, the header has 1"));
    assert!(said[1].json.is_ok());
    assert!(
        table_error(
            &format!(
                "a{}\n",
                (0..5000).map(|n| format!(",c{n}")).collect::<Vec<_>>().concat()
            ),
            BY_A
        )
        .contains("more than 4096")
    );
}

#[test]
fn the_delimiter_is_that_of_the_mapping_or_the_format() {
    for (format, table, delimiter) in [
        (Format::Tsv, "a\tb,c\n1\t2\n", ""),
        (Format::Csv, "a;b,c\n1;2\n", "delimiter: \";\"\n"),
        (Format::Tsv, "a|b,c\n1|2\n", "delimiter: \"|\"\n"),
    ] {
        let mapping = format!("{delimiter}{BY_A}");
        let said = read(table.as_bytes(), &options(format, None, Some(&mapping))).unwrap();
        assert_eq!(jsons(&said), [Ok("{\"identity\":{\"external_id\":\"1\"}}")], "{table}");
    }
}

#[test]
fn a_mapping_must_make_what_the_load_takes() {
    let open = |mapping: &str, kind| {
        let options = options(Format::Csv, None, Some(mapping));
        Input::from_reader(
            "test",
            Box::new(Cursor::new("a,b\n1,2\n")),
            &options,
            None,
            Accepts::Only(kind),
        )
        .map(|_| ())
    };
    let profile = "identity: {external_id: a}\nuser_properties: {b: b}";
    assert!(open(BY_A, RecordKind::Identity).is_ok());
    assert!(open(BY_A, RecordKind::Deletion).is_ok());
    assert!(open(profile, RecordKind::Profile).is_ok());
    assert!(
        open(profile, RecordKind::Event)
            .unwrap_err()
            .to_string()
            .contains("makes profiles")
    );
    assert!(
        open(BY_A, RecordKind::Event)
            .unwrap_err()
            .to_string()
            .contains("makes identities")
    );
    assert!(
        open("identity: {email: a}", RecordKind::Deletion)
            .unwrap_err()
            .to_string()
            .contains("external_id only")
    );
}

fn cell() -> BoxedStrategy<String> {
    prop_oneof!["[ a-z0-9가나다똠쀍\",]{0,12}", "[ a-z0-9가나다똠쀍\"\r\n]{0,12}"].boxed()
}

/// A cell whose line breaks do not look like those between rows.
fn id() -> BoxedStrategy<String> {
    "[ a-z0-9가나다똠쀍\",]{0,12}".boxed()
}

fn quoted(cell: &str) -> String {
    format!("\"{}\"", cell.replace('"', "\"\""))
}

proptest! {
    #[test]
    fn the_same_table_gives_the_same_records_in_every_encoding(
        rows in proptest::collection::vec([id(), cell()], 1..12), piece in 1_usize..40, mark: bool,
    ) {
        let mapping = "identity: {external_id: 번호}\nuser_properties: {메모: {column: 메모, empty: keep}}";
        let table: String = std::iter::once("번호,메모\r\n".to_owned())
            .chain(rows.iter().map(|[id, memo]| format!("{},{}\r\n", quoted(id), quoted(memo))))
            .collect();
        let expected: Vec<_> = rows.iter().map(|[id, memo]| {
            let identity = if id.is_empty() { serde_json::json!({}) } else { serde_json::json!({"external_id": id}) };
            serde_json::json!({"identity": identity, "user_properties": {"메모": memo}})
        }).collect();
        for encoding in ENCODINGS {
            let marked = mark && encoding != Encoding::Cp949;
            let bytes = encode(&if marked { format!("\u{FEFF}{table}") } else { table.clone() }, encoding);
            let forced = (!marked).then_some(encoding);
            let bounds = Bounds { chunk: piece, record: 4096 };
            let said = read_in_pieces(&bytes, &options(Format::Csv, forced, Some(mapping)), piece, bounds).unwrap();
            let found: Vec<serde_json::Value> =
                said.iter().map(|line| serde_json::from_str(line.json.as_ref().unwrap()).unwrap()).collect();
            prop_assert_eq!(&found, &expected, "{}", encoding);
            for (line, [id, memo]) in said.iter().zip(&rows) {
                prop_assert_eq!(&line.original, &encode(&format!("{},{}", quoted(id), quoted(memo)), encoding));
                let at = usize::try_from(line.offset).unwrap();
                prop_assert_eq!(&bytes[at..at + line.original.len()], &line.original);
            }
        }
    }
}
