//! Rows written as a table again, to correct and to read anew.

use super::*;

const REASON: &str = "the \"phone\" has no number, as it seems; see\nthe row";

/// Writes all rows of a table as rejected ones.
fn rejected(table: &[u8], options: &InputOptions) -> Vec<u8> {
    let bytes = Box::new(Cursor::new(table.to_vec()));
    let mut input = Input::from_reader("test", bytes, options, None, Accepts::Mixed).unwrap();
    let form = input.table_form().unwrap();
    // As it is kept until it is needed.
    let form: TableForm = serde_json::from_str(&serde_json::to_string(&form).unwrap()).unwrap();
    let mut out = form.head();
    while let Some(line) = input.next().unwrap() {
        form.rows(line.number, &["invalid"], REASON, line.original, &mut out);
    }
    out
}

/// What is the same however far a row is from the beginning.
fn rows(said: &[Said]) -> Vec<(&[u8], &Result<String, String>)> {
    said.iter().map(|row| (&*row.original, &row.json)).collect()
}

#[track_caller]
fn is_read_like_the_first(table: &[u8], options: &InputOptions) -> Vec<u8> {
    let out = rejected(table, options);
    let (first, again) = (read(table, options).unwrap(), read(&out, options).unwrap());
    assert_eq!(rows(&again), rows(&first), "{}", String::from_utf8_lossy(&out));
    assert!(!first.is_empty());
    // Nor does it grow when its rows are rejected once more.
    let lines = again.iter().map(|row| row.number).collect::<Vec<_>>();
    let twice = rejected(&out, options);
    assert_eq!(rows(&read(&twice, options).unwrap()), rows(&first));
    assert!(lines.len() == first.len() && twice.len() <= out.len() + 8 * lines.len());
    out
}

#[test]
fn a_rejected_row_keeps_its_bytes_and_the_table_its_form() {
    let text = "a,메모\r\nu1,\"두 줄\r\n\"\"말\"\"\"\r\n\r\nu2,x\r\n,y\r\n";
    for encoding in ENCODINGS {
        let mark = if encoding == Encoding::Cp949 { "" } else { "\u{FEFF}" };
        let table = encode(&format!("{mark}{text}"), encoding);
        let options = options(Format::Csv, None, Some(BY_A));
        let out = is_read_like_the_first(&table, &options);
        let about = "\"the 'phone' has no number, as it seems; see the row\"";
        let expected = format!(
            "{mark}dfinery_line,dfinery_code,dfinery_reason,a,메모\r\n2,invalid,{about},u1,\"두 줄\r\n\"\"말\"\"\"\r\n\
             5,invalid,{about},u2,x\r\n6,invalid,{about},,y\r\n"
        );
        assert_eq!(out, encode(&expected, encoding), "{encoding:?}");
    }
}

#[test]
fn what_a_mapping_skips_is_not_in_a_table_of_rejected_rows() {
    let mapping = "skip_top: 2\nskip_bottom: 1\ndelimiter: \";\"\nescape: \"\\\\\"\nidentity: {external_id: a}";
    let table = "report; of\nyesterday\na;b\nu1;x\\;y\nu2;\"z\\\"\"\nsum;2\n";
    let options = options(Format::Csv, None, Some(mapping));
    let out = String::from_utf8(is_read_like_the_first(table.as_bytes(), &options)).unwrap();
    assert!(
        out.starts_with("dfinery_line;dfinery_code;dfinery_reason;a;b\n4;invalid;\"the 'phone'"),
        "{out}"
    );
    assert!(out.ends_with(";u2;\"z\\\"\"\n"), "{out}");
}

#[test]
fn separators_and_line_breaks_stay() {
    for (format, table) in [
        (Format::Csv, "sep=;\r\na;b\r\nu1;1\r\nu2;2"),
        (Format::Csv, "a,b\ru1,1\ru2,2\r"),
        (Format::Tsv, "a\tb\nu1\t1\nu2\t2\n"),
        (Format::Csv, "a,b\nu1,1"),
    ] {
        let out = is_read_like_the_first(table.as_bytes(), &options(format, None, Some(BY_A)));
        let out = String::from_utf8(out).unwrap();
        assert_eq!(
            out.starts_with("sep=;\r\ndfinery_line;"),
            table.starts_with("sep="),
            "{out}"
        );
        assert_eq!(out.contains('\n'), table.contains('\n'));
        assert_eq!(out.contains('\t'), format == Format::Tsv);
    }
}

#[test]
fn rows_that_are_none_stay_as_they_are() {
    let table = "a,b\nu1,\"never closed\nu2,2\nu3\nu4,\"x\"y\nu5,5\n";
    let options = options(Format::Csv, None, Some(BY_A));
    let (out, first) = (
        rejected(table.as_bytes(), &options),
        read(table.as_bytes(), &options).unwrap(),
    );
    let lines: Vec<&[u8]> = out.split(|byte| *byte == b'\n').skip(1).collect();
    for (row, line) in first.iter().zip(&lines) {
        assert!(line.ends_with(&row.original) && line.starts_with(row.number.to_string().as_bytes()));
    }
    assert_eq!(read(&out, &options).unwrap().len(), first.len());
}

#[test]
fn every_row_of_a_record_of_several_has_the_reason() {
    let options = options(Format::Csv, None, Some(BY_A));
    let table = Box::new(Cursor::new("a,b\r\nu1,1\r\n"));
    let form = Input::from_reader("test", table, &options, None, Accepts::Mixed).unwrap();
    let form = form.table_form().unwrap();
    let mut out = Vec::new();
    form.rows(2, &["40001"], "no", b"u1,\"1\n2\"\nu1,3\r\nu1,4", &mut out);
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "2,40001,no,u1,\"1\n2\"\r\n2,40001,no,u1,3\r\n2,40001,no,u1,4\r\n"
    );
}

#[test]
fn columns_that_only_look_like_those_of_rejected_rows_are_columns() {
    for header in [
        "dfinery_line,dfinery_code,a",
        "a,dfinery_line,dfinery_code,dfinery_reason",
    ] {
        let cells = header.replace("dfinery_", "x").replace('a', "u1");
        let said = read(
            format!("{header}\n{cells}\n").as_bytes(),
            &options(Format::Csv, None, Some(BY_A)),
        )
        .unwrap();
        assert_eq!(said[0].original, cells.as_bytes());
        assert!(said[0].json.is_ok(), "{said:?}");
    }
    // A spreadsheet may write them in quotes.
    let table = "\"dfinery_line\",\"DFINERY_CODE\",\"dfinery_reason\",\"a\"\n\"2\",\"x\",\"a, \"\"b\"\"\",\"u1\"\n";
    let said = read(table.as_bytes(), &options(Format::Csv, None, Some(BY_A))).unwrap();
    assert_eq!(said[0].original, b"\"u1\"");
    assert_eq!(jsons(&said), [Ok(r#"{"identity":{"external_id":"u1"}}"#)]);
}

/// The origins of the records of a table, whether each is good, and the origins of the rows passed over.
fn origins(table: &str, mapping: &str) -> (Vec<(Vec<u64>, bool)>, Vec<u64>) {
    let options = options(Format::Csv, None, Some(mapping));
    let bytes = Box::new(Cursor::new(table.as_bytes().to_vec()));
    let mut input = Input::from_reader("test", bytes, &options, None, Accepts::Mixed).unwrap();
    let mut found = Vec::new();
    while let Some(line) = input.next().unwrap() {
        found.push((line.origins.to_vec(), line.json.is_ok()));
    }
    (found, input.passed_over_origins().to_vec())
}

const ABOUT: &str = "dfinery_line,dfinery_code,dfinery_reason";

#[test]
fn a_corrected_row_names_the_line_that_it_was_on() {
    let mapping = format!("{BY_A}\nskip_if: {{column: a, equals: none}}");
    let rows =
        "5,invalid,no,u1,1\n\"7\",40001,\"a,b\",u2,2\nx,invalid,no,u3,3\n9,invalid,no,none,\n11,invalid,no,u5,\"\n";
    let (found, passed_over) = origins(&format!("{ABOUT},a,b\n{rows}"), &mapping);
    let expected = [(vec![5], true), (vec![7], true), (vec![], true), (vec![11], false)];
    assert_eq!((found, passed_over), (expected.to_vec(), vec![9]));
    // Any other table has none.
    assert_eq!(origins("a,b\nu1,1\n", &mapping).0, [(vec![], true)]);
}

const ORDERS: &str = "group_by: order\nidentity: {external_id: user}\nevent: df_login\nevent_datetime: {column: at, format: \"%s\"}\n\
                      event_items: [{df_item_name: item}]\n";

#[test]
fn a_record_of_corrected_rows_names_the_lines_of_all_of_them() {
    let rows = "2,invalid,no,R1,u,1,A\n3,invalid,no,R1,u,1,B\n3,invalid,no,R2,u,1,C\n8,invalid,no,,u,1,D\n";
    let table = format!("{ABOUT},order,user,at,item\n{rows}");
    let expected = [(vec![2, 3], true), (vec![3, 8], false)];
    assert_eq!(origins(&table, ORDERS).0, expected);
    let sorted = format!("{ORDERS}sort_by_group: true\n");
    let rows = "2,invalid,no,R1,u,1,A\n3,invalid,no,R2,u,1,B\n4,invalid,no,R1,u,1,C\n";
    let table = format!("{ABOUT},order,user,at,item\n{rows}");
    assert_eq!(origins(&table, &sorted).0, [(vec![2, 4], true), (vec![3], true)]);
}

#[test]
fn rows_without_the_rest_of_their_record_are_not_loaded_as_another_one() {
    let table = "order,user,at,item\nR1,u,1,A\nR2,u,1,B\nR1,u,1,C\n";
    let options = options(Format::Csv, None, Some(ORDERS));
    let bytes = Box::new(Cursor::new(table));
    let mut input = Input::from_reader("test", bytes, &options, None, Accepts::Mixed).unwrap();
    let form = input.table_form().unwrap();
    let mut out = form.head();
    while let Some(line) = input.next().unwrap() {
        if let Err(reason) = &line.json {
            let reason = format!("{}: {}", reason.path(), reason.problem());
            form.rows(line.number, &["invalid"], &reason, line.original, &mut out);
        }
    }
    let again = read(&out, &options).unwrap();
    let [Err(reason)] = &*jsons(&again) else {
        panic!("{again:?}")
    };
    assert!(reason.contains("would become a second one"), "{reason}");
    // It is still known when it has been refused twice, and loaded by who says so.
    let mut twice = form.head();
    form.rows(2, &["invalid"], reason, b"R1,u,1,C", &mut twice);
    assert!(jsons(&read(&twice, &options).unwrap())[0].is_err());
    let wanted = format!("{ABOUT},order,user,at,item\n4,invalid,,R1,u,1,C\n");
    assert!(jsons(&read(wanted.as_bytes(), &options).unwrap())[0].is_ok());
}

proptest! {
    #[test]
    fn any_table_is_read_like_the_first(
        cells in proptest::collection::vec(("[u가]{1,3}", "([x나\",\r\n;]{0,4}|[0-9]{1,3})"), 1..8),
        crlf: bool, encoding in proptest::sample::select(ENCODINGS.to_vec()),
    ) {
        let end = if crlf { "\r\n" } else { "\n" };
        let rows: Vec<_> = cells
            .iter()
            .map(|(id, memo)| format!("{id},\"{}\"{end}", memo.replace('"', "\"\"")))
            .collect();
        let table = format!("a,메모{end}{}", rows.concat());
        let options = options(Format::Csv, Some(encoding), Some(BY_A));
        is_read_like_the_first(&encode(&table, encoding), &options);
    }

    #[test]
    fn whatever_a_row_is_it_is_written_once_behind_its_place(
        original: Vec<u8>, encoding in proptest::sample::select(ENCODINGS.to_vec()), escape: bool,
    ) {
        let escape = if escape { "\nescape: \"\\\\\"" } else { "" };
        let options = options(Format::Csv, Some(encoding), Some(&format!("{BY_A}{escape}")));
        let table = Box::new(Cursor::new(encode("a\n", encoding)));
        let form = Input::from_reader("test", table, &options, None, Accepts::Mixed).unwrap().table_form().unwrap();
        let mut out = Vec::new();
        form.rows(7, &["invalid"], "\"no\\\n", &original, &mut out);
        let (before, end) = (encode("7,invalid,'no' ,", encoding), encode("\n", encoding));
        prop_assert!(out.starts_with(&before) && out.ends_with(&end));
        let is_break = |byte: &u8| matches!(byte, b'\n' | b'\r');
        if encoding == Encoding::Utf8 && !original.iter().any(is_break) {
            prop_assert_eq!(&out[before.len()..out.len() - end.len()], &*original);
        }
    }
}
