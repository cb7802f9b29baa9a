//! Several rows that become one record.

use super::*;

const RECEIPTS: &str = r#"
timezone: Asia/Seoul
group_by: 전표
skip_if: {column: 상품, equals: 합계}
identity: {external_id: 회원}
event: df_purchase
event_datetime: {column: 일시, format: "%Y%m%d%H%M"}
event_properties:
  df_order_id: 전표
  df_total_purchase_amount: {sum: 금액, thousands: ","}
  points: {sum: 포인트, type: long}
  memo: {first: 메모}
  state: {last: 메모, default: 없음}
event_items:
  - {df_item_id: 상품, df_price: {column: 금액, thousands: ","}}
"#;
const HEADER: &str = "전표,회원,일시,상품,금액,포인트,메모\n";

fn read_rows(rows: &str, mapping: &str) -> Vec<Said> {
    read(
        format!("{HEADER}{rows}").as_bytes(),
        &options(Format::Csv, None, Some(mapping)),
    )
    .unwrap()
}

/// The line of each record, and the problem if there is one.
fn problems(said: &[Said]) -> Vec<(u64, &str)> {
    said.iter()
        .map(|said| (said.number, said.json.as_ref().err().map_or("", String::as_str)))
        .collect()
}

#[test]
fn rows_with_one_key_become_one_event() {
    let said = read_rows(
        "1,u1,202406241542,A,\"1,000.1\",,\n1,u1,202406241542,B,0.2,3,선물\n1,u1,202406241542,합계,\"1,000.3\",,\n\n1,u1,202406241542,,,4,급함\n2,u2,202406241543,A,5,,\n",
        RECEIPTS,
    );
    assert_eq!(
        jsons(&said),
        [
            Ok(concat!(
                r#"{"identity":{"external_id":"u1"},"event":{"event_name":"df_purchase","event_datetime":"2024-06-24T06:42:00.000Z","#,
                r#""event_properties":{"df_order_id":"1","df_total_purchase_amount":1000.3,"points":7,"memo":"선물","state":"급함"},"#,
                r#""event_items":[{"df_item_id":"A","df_price":1000.1},{"df_item_id":"B","df_price":0.2}]}}"#
            )),
            Ok(concat!(
                r#"{"identity":{"external_id":"u2"},"event":{"event_name":"df_purchase","event_datetime":"2024-06-24T06:43:00.000Z","#,
                r#""event_properties":{"df_order_id":"2","df_total_purchase_amount":5,"state":"없음"},"#,
                r#""event_items":[{"df_item_id":"A","df_price":5}]}}"#
            )),
        ]
    );
    // The bytes of all its rows, with their line breaks, and without what is passed over.
    assert_eq!(
        (said[0].number, said[0].offset, said[0].original.as_slice()),
        (
            2,
            HEADER.len() as u64,
            "1,u1,202406241542,A,\"1,000.1\",,\n1,u1,202406241542,B,0.2,3,선물\n1,u1,202406241542,,,4,급함".as_bytes()
        )
    );
    assert_eq!(
        (said[1].number, said[1].original.as_slice()),
        (7, "2,u2,202406241543,A,5,,".as_bytes())
    );
}

#[test]
fn a_bad_row_makes_its_group_bad_and_no_other() {
    for (rows, expected) in [
        (
            "1,u,202406241542,A,1,,\n1,u,202406241542,B,x,,\n2,u,202406241542,A,1,,\n",
            [
                (2, "금액: must be a number such as 1234.5 (on line 3, row 2 of 2)"),
                (4, ""),
            ],
        ),
        (
            "1,u,202406241542,A,1,1.5,\n2,u,202406241542,A,1,,\n",
            [(2, "포인트: must be a whole number of 64 bits (on line 2)"), (3, "")],
        ),
        (
            "1,u,202406241542,A,1,,\n1,u,202406241542,B,1,,\n1,u,202406241543,C,1,,\n2,u,202406241542,A,1,,\n",
            [
                (
                    2,
                    "일시: is not the same in all rows of the record: write first: 일시 to take that of the first row, or last: 일시 \
                     (on line 2 and line 4, rows 1 and 3 of 3)",
                ),
                (5, ""),
            ],
        ),
        (
            "1,u,202406241542,A,1,,\n1,,202406241542,B,1,,\n2,u,202406241542,A,1,,\n",
            [
                (
                    2,
                    "회원: is not the same in all rows of the record: write first: 회원 to take that of the first row, or last: 회원 \
                     (on line 2 and line 3, rows 1 and 2 of 2)",
                ),
                (4, ""),
            ],
        ),
        (
            "1,u,202406241542,A,1,9223372036854775807,\n1,u,202406241542,B,1,1,\n2,u,202406241542,A,1,,\n",
            [(2, "포인트: the sum is not a whole number of 64 bits"), (4, "")],
        ),
        (
            "1,u,202406241542,A,1e38,,\n1,u,202406241542,B,0.1,,\n2,u,202406241542,A,1,,\n",
            [
                (
                    2,
                    "금액: the sum has more digits than can be added exactly, which is 38 (on line 3, row 2 of 2)",
                ),
                (4, ""),
            ],
        ),
    ] {
        assert_eq!(problems(&read_rows(rows, RECEIPTS)), expected, "{rows}");
    }
    // A sum that leaves the 64 bits and comes back is one of 64 bits.
    let rows = "1,u,202406241542,A,1,9223372036854775807,\n1,u,202406241542,B,1,5,\n1,u,202406241542,B,1,-6,\n";
    let said = read_rows(rows, RECEIPTS);
    assert!(
        said[0]
            .json
            .as_ref()
            .unwrap()
            .contains(r#""points":9223372036854775806"#)
    );
}

#[test]
fn a_row_whose_key_cannot_be_read_spoils_the_groups_on_both_sides() {
    let short = |place: &str| {
        format!(
            "the row has 1 column, the header has 7; if empty cells at its end were left out, give short_rows: true in the mapping (on \
             line 3, {place})"
        )
    };
    let (last_of_two, second_of_three) = (&*short("row 2 of 2"), &*short("row 2 of 3"));
    let doubt = "전표: the row before the first one may belong to it and cannot be used: mend that row, and load both (on line 3)";
    let empty = "전표: 전표 is empty, so it is not known to which record the row belongs: fill it in, or pass over such rows by skip_if (on line 3, row 2 of 2)";
    for (rows, expected) in [
        (
            "1,u,202406241542,A,1,,\nbroken\n2,u,202406241542,A,1,,\n3,u,202406241542,A,1,,\n",
            vec![(2, last_of_two), (4, doubt), (5, "")],
        ),
        (
            "1,u,202406241542,A,1,,\nbroken\n1,u,202406241542,A,1,,\n3,u,202406241542,A,1,,\n",
            vec![(2, second_of_three), (5, "")],
        ),
        (
            "1,u,202406241542,A,1,,\n ,u,202406241542,A,1,,\n2,u,202406241542,A,1,,\n",
            vec![(2, empty), (4, doubt)],
        ),
        ("1,u,202406241542,A,1,,\nbroken\n", vec![(2, last_of_two)]),
    ] {
        assert_eq!(problems(&read_rows(rows, RECEIPTS)), expected, "{rows}");
    }
    let said = read_rows("broken\n1,u,202406241542,A,1,,\n2,u,202406241542,A,1,,\n", RECEIPTS);
    assert_eq!(
        said.iter()
            .map(|said| (said.number, said.json.is_ok()))
            .collect::<Vec<_>>(),
        [(2, false), (3, false), (4, true)]
    );
}

#[test]
fn a_repeated_header_is_a_record_of_its_own() {
    let rows = format!("1,u,202406241542,A,1,,\n{HEADER}2,u,202406241542,A,1,,\n{HEADER}");
    let said = read_rows(&rows, RECEIPTS);
    let found: Vec<_> = said.iter().map(|said| (said.number, said.json.is_ok())).collect();
    assert_eq!(found, [(2, true), (3, false), (4, true), (5, false)]);
}

#[test]
fn a_group_that_is_cut_by_another_is_told() {
    let rows = "1,u,202406241542,A,1,,\n2,u,202406241542,A,1,,\n1,u,202406241542,B,1,,\n3,u,202406241542,B,1,,\n1,u,202406241542,C,1,,\n";
    let cut = "전표: rows with the same key do not stand together: give sort_by_group: true in the mapping; the first of them became a record of their own (on line 2)";
    assert_eq!(
        problems(&read_rows(rows, RECEIPTS)),
        [(2, ""), (3, ""), (4, cut), (5, ""), (6, cut)]
    );
}

#[test]
fn a_key_of_several_columns_is_not_mixed_up() {
    let mapping = RECEIPTS.replace("group_by: 전표", "group_by: [전표, 회원]");
    let rows = "1,23,202406241542,A,1,,\n12,3,202406241542,A,1,,\n 12 ,3,202406241542,B,1,,\n12,4,202406241542,A,1,,\n12,,202406241542,A,1,,\n";
    let said = read_rows(rows, &mapping);
    let lines: Vec<_> = said.iter().map(|said| (said.number, said.json.is_ok())).collect();
    // The cell of line 4 is written with blanks, and agrees only as a key.
    assert_eq!(lines, [(2, true), (3, false), (5, false)]);
    assert!(problems(&said)[2].1.starts_with("전표 + 회원: 회원 is empty"));
}

#[test]
fn a_group_may_be_several_events() {
    let mapping = r#"
timezone: Asia/Seoul
group_by: 전표
records:
  - identity: {external_id: 회원}
    skip_if: {column: 메모, equals: 반품}
    event: df_purchase
    event_datetime: {column: 일시, format: "%Y%m%d%H%M"}
    event_properties: {total: {sum: 금액, type: double}}
  - identity: {external_id: 회원}
    only_if: {column: 메모, equals: 반품}
    event: df_refund
    event_datetime: {column: 일시, format: "%Y%m%d%H%M"}
    event_properties: {total: {sum: 금액, type: double}}
"#;
    let rows = "1,u,202406241542,A,1,,\n1,u,202406241542,A,2,,반품\n1,u,202406241542,A,3,,\n2,u,202406241542,A,x,,\n2,u,202406241542,A,4,,반품\n3,u,202406241542,A,5,,반품\n";
    let said = read_rows(rows, mapping);
    let found: Vec<_> = said
        .iter()
        .map(|said| {
            let json: Option<serde_json::Value> =
                said.json.as_ref().ok().map(|json| serde_json::from_str(json).unwrap());
            json.map(|json| {
                (
                    said.number,
                    json["event"]["event_name"].to_string(),
                    json["event"]["event_properties"]["total"].to_string(),
                )
            })
        })
        .collect();
    let event = |line, name: &str, total: &str| Some((line, format!("\"{name}\""), total.to_owned()));
    assert_eq!(
        found,
        [
            event(2, "df_purchase", "4"),
            event(2, "df_refund", "2"),
            None,
            event(5, "df_refund", "4"),
            event(7, "df_refund", "5"),
        ]
    );
    assert_eq!(said[0].original, said[1].original);
}

#[test]
fn a_group_that_is_too_long_is_bad_and_costs_no_other() {
    let mapping = "group_by: a\nidentity: {external_id: a}\nevent: e\nevent_datetime: {constant: \"2024-01-01T00:00:00Z\"}\nevent_items: [{b: b}]";
    let row = |key: char| format!("{key},{}\n", "x".repeat(20));
    let csv = format!(
        "a,b\n{}{}{}4,{}\n5,y\n",
        row('1').repeat(2),
        row('2').repeat(9),
        row('3'),
        "z".repeat(100)
    );
    for piece in [1, 7, usize::MAX] {
        let said = read_in_pieces(csv.as_bytes(), &options(Format::Csv, None, Some(mapping)), piece, SMALL).unwrap();
        let problems = problems(&said);
        assert_eq!(
            problems
                .iter()
                .map(|(line, problem)| (*line, problem.is_empty()))
                .collect::<Vec<_>>(),
            [(2, true), (4, false), (13, false), (15, false)]
        );
        assert_eq!(
            problems[1].1,
            "a: the rows of one record have more than 64 bytes together: check that group_by names the right column"
        );
        // The row that is too long may belong to either of its neighbours.
        assert!(
            problems[2].1.contains("at most 64 are read") && problems[3].1.contains("may belong to it"),
            "{problems:?}"
        );
    }
}

#[test]
fn items_that_are_too_long_together_are_bad() {
    let mapping = "group_by: a\nidentity: {external_id: a}\nevent: e\nevent_datetime: {constant: \"2024-01-01T00:00:00Z\"}\nevent_items: [{b: b, c: {constant: a much longer text}}]";
    let options = options(Format::Csv, None, Some(mapping));
    let said = read_in_pieces(b"a,b\n1,x\n1,x\n2,y\n", &options, usize::MAX, SMALL).unwrap();
    let expected = "event.event_items: the items of one record have more than 64 bytes together: check that group_by names the right column";
    assert_eq!(problems(&said), [(2, expected), (4, "")]);
}

#[test]
fn the_rows_of_a_group_are_given_back_in_every_encoding() {
    for encoding in ENCODINGS {
        for line_break in ["\n", "\r\n"] {
            let rows = [
                "1,u,202406241542,사과,1,,",
                "1,u,202406241542,배,2,,",
                "2,u,202406241542,감,3,,",
            ];
            let text = format!("{HEADER}{}", rows.join("\n")).replace('\n', line_break);
            let options = options(Format::Csv, Some(encoding), Some(RECEIPTS));
            let said = read(&encode(&text, encoding), &options).unwrap();
            let original = |rows: &[&str]| encode(&rows.join(line_break), encoding);
            assert_eq!(said[0].original, original(&rows[..2]), "{encoding}");
            assert_eq!(said[1].original, original(&rows[2..]), "{encoding}");
            assert!(said.iter().all(|said| said.json.is_ok()));
        }
    }
}

proptest! {
    #[test]
    fn any_table_adds_up_in_any_pieces(rows in "[12,\"\r\nx]{0,80}", piece in 1..8_usize) {
        let mapping = "group_by: a\nskip_if: {column: b, equals: x}\nidentity: {external_id: a}\nevent: e\nevent_datetime: {constant: \"2024-01-01T00:00:00Z\"}\nevent_properties: {b: {last: b}, n: {sum: b, type: long}}\nevent_items: [{b: b}]";
        let options = options(Format::Csv, None, Some(mapping));
        let csv = format!("a,b\n{rows}");
        let whole = read_in_pieces(csv.as_bytes(), &options, usize::MAX, SMALL).unwrap();
        for said in &whole {
            if let Ok(json) = &said.json {
                prop_assert!(serde_json::from_str::<serde_json::Value>(json).is_ok(), "{}", json);
            }
        }
        prop_assert_eq!(read_in_pieces(csv.as_bytes(), &options, piece, SMALL).unwrap(), whole);
    }
}
