//! Quotes, line breaks and rows that are not rows.

use super::*;

const BY_A_AND_B: &str = "identity: {external_id: a}\nuser_properties: {b: b}";

fn read_table(csv: &str, mapping: &str) -> Vec<Said> {
    read(csv.as_bytes(), &options(Format::Csv, None, Some(mapping))).unwrap()
}

/// The lines of good records, and those of bad ones.
fn lines(said: &[Said]) -> (Vec<u64>, Vec<u64>) {
    let of = |good: bool| {
        said.iter()
            .filter(|line| line.json.is_ok() == good)
            .map(|line| line.number)
            .collect()
    };
    (of(true), of(false))
}

/// A header and rows `u1,b1` and so on; those given are put in the place of others.
fn table(rows: usize, others: &[(usize, &str)]) -> String {
    let rows = (1..=rows).map(|row| {
        let other = others.iter().find(|(place, _)| *place == row);
        other.map_or_else(|| format!("u{row},b{row}\n"), |(_, text)| format!("{text}\n"))
    });
    std::iter::once("a,b\n".to_owned()).chain(rows).collect()
}

#[test]
fn a_quote_too_many_costs_its_own_row_only() {
    for (first, second) in [
        ("u3,\"b", "u90,\"b"),
        ("u3,\"b", "u90,b\""),
        ("u3,\"b", "u90,\""),
        ("\"u3,b", "u90\",b"),
        ("u3,\"b", "u90,\"b\" x"),
    ] {
        let said = read_table(&table(100, &[(3, first), (90, second)]), BY_A_AND_B);
        let (good, bad) = lines(&said);
        assert_eq!(bad, [4, 91], "{first} {second}");
        assert_eq!(good.len(), 98);
    }
    let said = read_table(&table(100, &[(3, "u3,\"b")]), BY_A_AND_B);
    assert_eq!(lines(&said).1, [4]);
    assert!(
        said[2].json.as_ref().unwrap_err().contains("is never closed"),
        "{:?}",
        said[2]
    );
}

#[test]
fn a_quote_that_is_never_closed_costs_its_own_row_in_a_file_longer_than_a_record() {
    let csv = table(300, &[(3, "u3,\"b")]);
    let said = read_in_pieces(csv.as_bytes(), &options(Format::Csv, None, Some(BY_A)), 7, SMALL).unwrap();
    assert_eq!((lines(&said).1, said.len()), (vec![4], 300));
}

#[test]
fn no_line_of_a_text_behind_a_wrong_quote_is_a_row() {
    let csv = "a,b,c\nu1,\"first line\nsecond line\nthird line\nfourth line\"x,c\nu2,b,c\n";
    let said = read_table(csv, BY_A);
    assert_eq!(lines(&said), (vec![6], vec![2, 3, 4, 5]));
    let problem = said[0].json.as_ref().unwrap_err();
    assert!(
        problem.contains("closes 3 lines later with text behind it"),
        "{problem}"
    );
}

#[test]
fn a_cell_of_several_lines_is_a_cell() {
    let csv = "a,b,c\nu1,\"line one\nline two, with a comma\n\n\"\"line\"\" four\",c\nu2,b,c\n";
    let said = read_table(csv, "identity: {external_id: a}\nuser_properties: {b: b}");
    assert_eq!(lines(&said), (vec![2, 6], vec![]));
    assert!(said[0].json.as_ref().unwrap().contains("\\n\\n\\\"line\\\" four"));
}

#[test]
fn a_closing_quote_ends_its_cell() {
    for row in ["u1,\"a\"b", "u1,\"a\" ", "\"u1\"x,b", "u1,\"a\"\"b\"c"] {
        let said = read_table(&format!("a,b\n{row}\nu2,b\n"), BY_A);
        assert_eq!(lines(&said), (vec![3], vec![2]), "{row}");
        assert_eq!(said[0].original, row.as_bytes());
    }
    let said = read_table("a,b\nu1,12\" screen\nu2,\"a\"\"b\"\n", BY_A_AND_B);
    assert_eq!(lines(&said), (vec![2, 3], vec![]));
    assert!(said[0].json.as_ref().unwrap().contains("12\\\" screen"));
}

#[test]
fn quotes_with_a_backslash_need_the_setting_that_the_message_names() {
    let csv = "a,b\nu1,\"said \\\"yes\\\"\"\nu2,\\N\nu3,\"C:\\\\x, y\\\\\"\nu4,a\\,b\nu5,C:\\temp\n";
    let said = read_table(csv, BY_A_AND_B);
    let problem = said[0].json.as_ref().unwrap_err();
    assert!(problem.contains(r#"give escape: "\\""#), "{problem}");
    let said = read_table(csv, &format!("escape: \"\\\\\"\n{BY_A_AND_B}"));
    assert_eq!(
        jsons(&said)[..4],
        [
            Ok(r#"{"identity":{"external_id":"u1"},"user_properties":{"b":"said \"yes\""}}"#),
            Ok(r#"{"identity":{"external_id":"u2"},"user_properties":{}}"#),
            Ok(r#"{"identity":{"external_id":"u3"},"user_properties":{"b":"C:\\x, y\\"}}"#),
            Ok(r#"{"identity":{"external_id":"u4"},"user_properties":{"b":"a,b"}}"#),
        ]
    );
    assert!(said[4].json.as_ref().unwrap_err().contains("needs none"));
}

#[test]
fn a_carriage_return_within_a_row_is_no_line_break() {
    let said = read_table("a,b\r\nu1,x\ry\r\nu2,\"x\ry\"\r\nu3,z\r\r\n", BY_A_AND_B);
    assert_eq!(lines(&said), (vec![3, 4], vec![2]));
    assert!(
        said[0]
            .json
            .as_ref()
            .unwrap_err()
            .contains("a carriage return stands alone")
    );
    assert!(said[1].json.as_ref().unwrap().contains("x\\ry"));
}

#[test]
fn lines_may_end_with_carriage_returns_alone() {
    let said = read_table("a,b\ru1,x\ru2,\"y\rz\"\r\ru3,z", BY_A_AND_B);
    assert_eq!(lines(&said), (vec![2, 3, 6], vec![]));
    assert!(said[1].json.as_ref().unwrap().contains("y\\rz"));
}

#[test]
fn rows_may_end_early_only_if_the_mapping_says_so() {
    let csv = "a,b,c\nu1,b\nu2\nu3,b,c,d\n";
    let said = read_table(csv, BY_A);
    assert_eq!(lines(&said), (vec![], vec![2, 3, 4]));
    assert!(
        said[0]
            .json
            .as_ref()
            .unwrap_err()
            .contains("give short_rows: true in the mapping")
    );
    let said = read_table(csv, &format!("short_rows: true\n{BY_A}"));
    assert_eq!(lines(&said), (vec![2, 3], vec![4]));
}

#[test]
fn lines_above_and_below_a_table_are_skipped_if_the_mapping_says_so() {
    let csv = "Orders of May\n\"as of 2026\na,b\nu1,b\nu2,b\n\nTotal: 2\nend\n\n";
    let said = read_table(csv, &format!("skip_top: 2\nskip_bottom: 2\n{BY_A}"));
    assert_eq!(lines(&said), (vec![4, 5], vec![]));
    let error = read(csv.as_bytes(), &options(Format::Csv, None, Some(BY_A)))
        .unwrap_err()
        .to_string();
    assert!(error.contains("skip_top: 2"), "{error}");
    let short = read_table("a,b\nu1,b\n", &format!("skip_bottom: 5\n{BY_A}"));
    assert_eq!(short, []);
}

#[test]
fn a_separator_line_is_passed_over_and_used() {
    for (first, mapping) in [("sep=;\r\n", ""), ("SEP=;\n", ""), ("sep=,\n", "delimiter: \";\"\n")] {
        let said = read_table(&format!("{first}a;b\nu1;x,y\n"), &format!("{mapping}{BY_A}"));
        assert_eq!(lines(&said), (vec![3], vec![]), "{first}");
    }
}

#[test]
fn a_row_that_repeats_the_header_is_bad() {
    let said = read_table("a,b\nu1,b\na,b\nu2,b\na,c\n", BY_A);
    assert_eq!(lines(&said), (vec![2, 4, 5], vec![3]));
    assert!(said[1].json.as_ref().unwrap_err().contains("repeats the header"));
}

#[test]
fn a_mark_at_the_end_of_a_file_is_not_a_record() {
    for (format, content) in [
        (Format::Csv, "a,b\nu1,b\n\u{1A}"),
        (Format::Csv, "a,b\nu1,b\u{1A}\u{1A}"),
        (Format::Ndjson, "{}\n\u{1A}"),
    ] {
        for piece in [1, 3, usize::MAX] {
            for encoding in [Encoding::Utf8, Encoding::Utf16Le] {
                let mapping = format.is_table().then_some(BY_A);
                let options = options(format, Some(encoding), mapping);
                let said = read_in_pieces(&encode(content, encoding), &options, piece, Bounds::default()).unwrap();
                assert_eq!(said.len(), 1, "{content:?}");
                assert!(said[0].json.is_ok());
            }
        }
    }
    let said = read_table("a,b\nu1,b\u{1A}c\n", BY_A_AND_B);
    assert!(said[0].json.as_ref().unwrap().contains("b\\u001ac"));
}

/// Bytes of which the pieces of a table are made, whole or wrong.
fn pieces_of_a_table() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => Just(&b"\n"[..]),
        2 => Just(&b"\r\n"[..]),
        1 => Just(&b"\r"[..]),
        5 => Just(&b","[..]),
        4 => Just(&b"\""[..]),
        1 => Just(&b"\"\""[..]),
        1 => Just(&b"\\"[..]),
        1 => Just(&b"N"[..]),
        3 => Just(&b"x"[..]),
        2 => Just(&b"u1,b1\n"[..]),
        1 => Just(&b"u2,\"b2\"\n"[..]),
        1 => Just("가나".as_bytes()),
        1 => Just(&[0xB0, 0xA1][..]),
        1 => Just(&[0x1A][..]),
    ];
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn every_line_is_part_of_something_and_every_good_row_is_what_a_strict_reader_reads(
        bytes in pieces_of_a_table(), piece in 1_usize..40, cp949: bool, long: bool,
    ) {
        let encoding = if cp949 { Encoding::Cp949 } else { Encoding::Utf8 };
        let mapping = "identity: {external_id: a}\nuser_properties: {b: {column: b, empty: keep}}";
        let options = options(Format::Csv, Some(encoding), Some(mapping));
        let bytes = [&b"a,b\n"[..], &bytes].concat();
        let bounds = if long { Bounds::default() } else { Bounds { chunk: piece, ..SMALL } };
        let said = read_in_pieces(&bytes, &options, piece, bounds).unwrap();
        let mut lines: Vec<_> = said.iter().map(|line| line.number).collect();
        lines.dedup();
        prop_assert_eq!(lines.len(), said.len(), "two records begin on one line");
        for line in said {
            let Ok(json) = &line.json else { continue };
            let at = usize::try_from(line.offset).unwrap();
            prop_assert_eq!(&bytes[at..at + line.original.len()], &line.original);
            let (row, _, has_errors) = match encoding {
                Encoding::Cp949 => encoding_rs::EUC_KR.decode(&line.original),
                _ => encoding_rs::UTF_8.decode(&line.original),
            };
            prop_assert!(!has_errors);
            let mut strict = csv::ReaderBuilder::new().has_headers(false).from_reader(row.as_bytes());
            let rows: Vec<_> = strict.records().map(Result::unwrap).collect();
            prop_assert_eq!(rows.len(), 1, "{:?}", row);
            let json: serde_json::Value = serde_json::from_str(json).unwrap();
            prop_assert_eq!(&rows[0][0], json["identity"]["external_id"].as_str().unwrap_or_default());
            prop_assert_eq!(&rows[0][1], json["user_properties"]["b"].as_str().unwrap());
        }
    }
}

#[test]
fn the_lines_of_an_input_are_counted_by_what_they_are() {
    let csv = "note\na,b\n\nu1,\"x\ny\"\nu2,z\n\n\nend";
    let mapping = format!("skip_top: 1\nskip_bottom: 1\n{BY_A}");
    let options = options(Format::Csv, None, Some(&mapping));
    let reader = Box::new(Cursor::new(csv));
    let mut input = Input::from_reader("test", reader, &options, None, Accepts::Mixed).unwrap();
    while input.next().unwrap().is_some() {}
    let lines = input.lines().unwrap();
    assert_eq!(
        (lines.total, lines.records, lines.header, lines.blank, lines.skipped),
        (9, 3, 1, 3, 2)
    );
}

#[test]
fn the_text_of_a_cell_is_no_row_though_it_has_as_many_commas() {
    for (header, row) in [
        ("a,b,c", "M-1,\"사과, 배\n귤, 감, 3\n포도, 감\",100"),
        ("a,b,c", "M-1,\"서울시 강남구, 역삼동\n101동, 1201호\",3"),
        ("a,b,c,d", "M-1,kim,\"a, b\nc, d, e\",3"),
        ("a,b", "kim,\"a, b\nlee, c\""),
    ] {
        let mapping = "identity: {external_id: a}\nuser_properties: {b: b}";
        let said = read_table(&format!("{header}\n{row}\n"), mapping);
        assert_eq!((said.len(), lines(&said).1), (1, vec![]), "{row}");
        // With a wrong quote, none of its lines becomes a user.
        let wrong = row.replacen("\",", "\"x,", 1);
        if wrong != row {
            let said = read_table(&format!("{header}\n{wrong}\n"), mapping);
            assert_eq!(lines(&said).0, Vec::<u64>::new(), "{wrong}");
        }
    }
}

#[test]
fn rows_behind_text_of_an_open_quote_are_rows() {
    let said = read_table("a,b\nM-1,\"multi\nline\nnote\nM-2,b\nM-3,c\n", BY_A_AND_B);
    assert_eq!(lines(&said), (vec![5, 6], vec![2, 3, 4]));
}

#[test]
fn files_that_were_joined_show_their_marks() {
    for (csv, good, bad) in [
        ("a,b\nu1,b\n\u{FEFF}a,b\nu2,b\n", vec![2, 4], vec![3]),
        ("a,b\nu1,b\n\u{FEFF}\"a\",b\nu2,b\n", vec![2, 4], vec![3]),
        ("a,b\nu1,b\n A , b\nu2,b\n", vec![2, 4], vec![3]),
        ("a,b\nu1,b\n\u{FEFF}u2,b\n", vec![2], vec![3]),
    ] {
        assert_eq!(lines(&read_table(csv, BY_A)), (good, bad), "{csv:?}");
    }
    let said = read("{}\n\u{FEFF}{}\n".as_bytes(), &options(Format::Ndjson, None, None)).unwrap();
    assert!(said[1].json.as_ref().unwrap_err().contains("U+FEFF"));
}

#[test]
fn lines_above_a_table_of_carriage_returns_are_skipped() {
    let said = read_table("title\rsep=;\ra;b\ru1;b\r", &format!("skip_top: 1\n{BY_A}"));
    assert_eq!(lines(&said), (vec![4], vec![]));
}
