//! Framing and decoding, format by format.

use super::*;

#[test]
fn lines_are_read_with_their_numbers_and_places() {
    let said = read(b"{\"a\":1}\r\n\n  \n{\"b\":2}\n{\"c\":3}", &InputOptions::default()).unwrap();
    let places: Vec<_> = said
        .iter()
        .map(|line| (line.number, line.offset, line.json.as_deref().unwrap()))
        .collect();
    assert_eq!(
        places,
        [(1, 0, "{\"a\":1}"), (4, 13, "{\"b\":2}"), (5, 21, "{\"c\":3}")]
    );
    assert_eq!(said[0].original, b"{\"a\":1}");
}

#[test]
fn elements_of_an_array_are_split_by_structure_alone() {
    let array = b" [ {\"a\":\"],{\\\"\"} ,\n{\"b\":[1,\n{\"c\":2}]},{} , 7 ] \n";
    let said = read(array, &InputOptions::default()).unwrap();
    let places: Vec<_> = said
        .iter()
        .map(|line| (line.number, line.offset, line.json.as_deref().unwrap()))
        .collect();
    assert_eq!(
        places,
        [
            (1, 3, "{\"a\":\"],{\\\"\"}"),
            (2, 19, "{\"b\":[1,\n{\"c\":2}]}"),
            (3, 38, "{}"),
            (3, 43, "7")
        ]
    );
    assert_eq!(read(b"[]", &InputOptions::default()).unwrap(), []);
}

#[test]
fn an_array_that_is_not_one_is_an_error_with_its_line() {
    for (array, part) in [
        (
            &b"[{},\n{\"a\":1"[..],
            "line 2: the element that begins here has no end",
        ),
        (b"[{},\n", "line 2: the array ends here without its closing bracket"),
        (b"[{}]\n[{}]", "line 2: there is text after the end"),
        (b"[{},\n,{}]", "line 2: an element of the array is missing"),
        (b"[,{}]", "line 1: an element of the array is missing"),
        (b"[{},\n]", "line 2: an element of the array is missing"),
    ] {
        let error = read(array, &InputOptions::default()).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    let error = read(b"{}", &options(Format::JsonArray, None, None))
        .unwrap_err()
        .to_string();
    assert!(error.contains("must begin with ["), "{error}");
}

#[test]
fn a_bad_byte_is_named_and_reading_goes_on() {
    for (format, input, line) in [
        (Format::Ndjson, &b"{}\n{\"a\":\"b\xFFc\"}\n{\"c\":1}\n"[..], 2),
        (Format::JsonArray, b"[{},\n{\"a\":\"b\xFFc\"},{\"c\":1}]", 2),
    ] {
        let said = read(input, &options(format, None, None)).unwrap();
        assert_eq!((said.len(), said[1].number), (3, line));
        let problem = said[1].json.clone().unwrap_err();
        assert!(
            problem.starts_with(&format!("the {} is not valid UTF-8: ", format.unit()))
                && problem.ends_with(" (byte 8: 0xFF)"),
            "{problem}"
        );
        assert_eq!(said[1].original, b"{\"a\":\"b\xFFc\"}");
        assert_eq!(said[2].json.as_deref(), Ok("{\"c\":1}"));
    }
}

#[test]
fn a_bad_byte_in_a_table_is_counted_in_the_row_as_it_stands() {
    let input = b"a,b\n1,2\n\"x\"\"y\",\"\xB0\xA1\xFF\"\n\xB0\xA1,3\n";
    let said = read(input, &options(Format::Csv, Some(Encoding::Cp949), Some(BY_A))).unwrap();
    assert_eq!(said[1].number, 3);
    let problem = said[1].json.clone().unwrap_err();
    assert!(
        problem.starts_with("the row is not valid CP949: ") && problem.ends_with(" (byte 11: 0xFF)"),
        "{problem}"
    );
    assert_eq!(jsons(&said)[2], Ok("{\"identity\":{\"external_id\":\"가\"}}"));
}

#[test]
fn a_character_that_is_split_by_a_delimiter_is_none() {
    let said = read(
        b"a,b\n\xEA,\xB0\x80\n",
        &options(Format::Csv, Some(Encoding::Utf8), Some(BY_A)),
    )
    .unwrap();
    let problem = said[0].json.clone().unwrap_err();
    assert!(
        problem.starts_with("the row is not valid UTF-8: ") && problem.ends_with(" (byte 1: 0xEA)"),
        "{problem}"
    );
}

#[test]
fn text_in_utf_8_in_an_input_in_cp949_is_bad() {
    let utf8 = "고객";
    for format in [Format::Csv, Format::Ndjson] {
        let good = |text: &str| match format {
            Format::Csv => format!("u1,{text}\n"),
            _ => format!("{{\"a\":\"{text}\"}}\n"),
        };
        let mut input = if format == Format::Csv {
            b"a,b\n".to_vec()
        } else {
            Vec::new()
        };
        input.extend(encode(&good("회원번호와 이름").repeat(20), Encoding::Cp949));
        input.extend(good(utf8).bytes());
        // One syllable alone may be meant.
        input.extend(encode(&good("가"), Encoding::Cp949));
        let said = read(&input, &options(format, None, Some(BY_A))).unwrap();
        let bad: Vec<_> = said.iter().filter(|line| line.json.is_err()).collect();
        assert_eq!(bad.len(), 1, "{format}");
        assert_eq!(bad[0].original, good(utf8).trim_end().as_bytes());
        assert!(
            bad[0].json.as_ref().unwrap_err().contains("has text in UTF-8"),
            "{:?}",
            bad[0]
        );
    }
}

#[test]
fn half_a_surrogate_pair_is_a_bad_byte_of_utf_16() {
    let mut input = encode("{}\n{\"a\":\"", Encoding::Utf16Le);
    input.extend([0x00, 0xD8]);
    input.extend(encode("\"}\n{}\n", Encoding::Utf16Le));
    let said = read(&input, &InputOptions::default()).unwrap();
    let problem = said[1].json.clone().unwrap_err();
    assert!(
        problem.starts_with("the line is not valid UTF-16: ") && problem.ends_with(" (byte 13: 0xD800)"),
        "{problem}"
    );
    assert_eq!((said[1].number, said[1].offset, said.len()), (2, 6, 3));
    assert_eq!(said[1].original, input[6..6 + 18]);
}

#[test]
fn a_record_that_is_too_long_is_passed_without_being_held() {
    let long = "x".repeat(5000);
    for (format, text, lines) in [
        (Format::Ndjson, format!("{{}}\n{long}\r\n{{}}\n"), [1, 2, 3]),
        (Format::JsonArray, format!("[{{}},\n{long}\n,{{}}]"), [1, 2, 3]),
        (Format::Csv, format!("a\n1\n\"{long}\n\"\n2\n"), [2, 3, 5]),
    ] {
        for piece in [1, 7, usize::MAX] {
            let mapping = format.is_table().then_some(BY_A);
            let said = read_in_pieces(text.as_bytes(), &options(format, None, mapping), piece, SMALL).unwrap();
            assert_eq!(said.iter().map(|line| line.number).collect::<Vec<_>>(), lines);
            let problem = said[1].json.clone().unwrap_err();
            let length = if format == Format::Ndjson {
                5000
            } else {
                5000 + text.matches('"').count() + 1
            };
            assert!(
                problem.contains(&format!("has {length} bytes, at most 64")),
                "{problem}"
            );
            assert_eq!(said[1].original.len(), 1024);
            assert!(said[2].json.is_ok());
        }
    }
}

#[test]
fn the_window_does_not_grow_with_a_record_that_is_too_long() {
    struct Endless(u64);
    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = (buffer.len() as u64).min(self.0);
            self.0 -= count;
            buffer.fill(b'x');
            Ok(usize::try_from(count).unwrap())
        }
    }
    for format in [Format::Ndjson, Format::JsonArray, Format::Csv] {
        let begin = if format == Format::JsonArray { "[" } else { "a\n" };
        let reader = Box::new(Cursor::new(begin).chain(Endless(3 * MAX_RECORD as u64)));
        let options = options(format, None, Some(BY_A));
        let mut input = Input::from_reader("test", reader, &options, None, Accepts::Mixed).unwrap();
        while let Ok(Some(_)) = input.next() {}
        assert!(
            input.window.capacity() < 2 * MAX_RECORD,
            "{format}: {}",
            input.window.capacity()
        );
    }
}

#[test]
fn the_encoding_is_decided_where_it_first_shows() {
    let ascii = "{\"a\":1}\n".repeat(100_000);
    for encoding in [Encoding::Utf8, Encoding::Cp949] {
        let mut input = ascii.clone().into_bytes();
        input.extend(encode("{\"a\":\"회원번호\"}\n{\"a\":\"쀍똠\"}\n", encoding));
        let said = read(&input, &InputOptions::default()).unwrap();
        let last: Vec<_> = said[100_000..]
            .iter()
            .map(|line| line.json.as_deref().unwrap())
            .collect();
        assert_eq!(last, ["{\"a\":\"회원번호\"}", "{\"a\":\"쀍똠\"}"]);
        assert_eq!(said.last().unwrap().original, encode("{\"a\":\"쀍똠\"}", encoding));
    }
}

#[test]
fn a_table_in_no_known_encoding_asks_for_it() {
    let error = read(b"a,b\n1,2\n\xE9t\xE9,1\n", &options(Format::Csv, None, Some(BY_A)))
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("test, line 3: it is neither UTF-8 nor CP949"),
        "{error}"
    );
}

#[test]
fn a_table_needs_a_mapping() {
    let error = read(b"a,b\n1,2\n", &InputOptions::default()).unwrap_err();
    assert!(error.needs_mapping() && error.name() == "test", "{error}");
}

/// A line of JSON, not too short and not too long for the small bounds.
fn json_text() -> impl Strategy<Value = String> {
    "[ a-c가-힣\\]\\[\\\\,{}\"]{0,40}".prop_map(|text| serde_json::to_string(&text).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn any_pieces_give_the_same_lines(
        bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(b'"'), Just(b','), Just(b'['), Just(b']'), Just(b'{'), Just(b'}'), Just(b'a'), Just(b' '), Just(0xB0), Just(0xA1)], 0..400),
        piece in 1_usize..40,
    ) {
        for format in FORMATS {
            let options = options(format, Some(Encoding::Cp949), Some(BY_A));
            let text: Vec<u8> = b"a\n".iter().copied().chain(bytes.iter().copied()).collect();
            let all = if format.is_table() { &text } else { &bytes };
            let whole = read_in_pieces(all, &options, usize::MAX, SMALL).map_err(|error| error.to_string());
            let pieces = read_in_pieces(all, &options, piece, Bounds { chunk: piece, ..SMALL }).map_err(|error| error.to_string());
            prop_assert_eq!(whole, pieces, "{}", format);
        }
    }

    #[test]
    fn json_comes_back_from_lines_and_arrays(records in proptest::collection::vec(json_text(), 1..20), piece in 1_usize..40) {
        for encoding in ENCODINGS {
            let bounds = Bounds { chunk: piece, record: 4096 };
            let lines = encode(&records.join("\r\n"), encoding);
            let said = read_in_pieces(&lines, &options(Format::Ndjson, Some(encoding), None), piece, bounds).unwrap();
            prop_assert_eq!(jsons(&said), records.iter().map(|record| Ok(record.as_str())).collect::<Vec<_>>());
            for line in &said {
                let at = usize::try_from(line.offset).unwrap();
                prop_assert_eq!(&lines[at..at + line.original.len()], &line.original);
            }
            let array = encode(&format!("[\n{}\n]", records.join(" ,\n")), encoding);
            let said = read_in_pieces(&array, &options(Format::JsonArray, Some(encoding), None), piece, bounds).unwrap();
            prop_assert_eq!(jsons(&said), records.iter().map(|record| Ok(record.as_str())).collect::<Vec<_>>());
            let numbers: Vec<_> = said.iter().map(|line| line.number).collect();
            prop_assert_eq!(numbers, (2..2 + records.len() as u64).collect::<Vec<_>>());
        }
    }

    #[test]
    fn no_bytes_make_a_panic(bytes: Vec<u8>, piece in 1_usize..20) {
        for format in FORMATS {
            for encoding in ENCODINGS.into_iter().map(Some).chain([None]) {
                let _ = read_in_pieces(&bytes, &options(format, encoding, Some(BY_A)), piece, SMALL);
                let table: Vec<u8> = encode("a\n", encoding.unwrap_or(Encoding::Utf8)).into_iter().chain(bytes.iter().copied()).collect();
                let _ = read_in_pieces(&table, &options(format, encoding, Some(BY_A)), piece, SMALL);
            }
        }
        let _ = read_in_pieces(&bytes, &InputOptions::default(), piece, SMALL);
    }
}
