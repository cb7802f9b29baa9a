//! Workbooks as people save them, and damaged ones.

use std::{fs, path::Path};

use super::{
    workbook_files::{
        Book, Boolean, Cell, DATE, DATE_TIME, DURATION, Empty, Error, Formula, KOREAN, Number, Rows, Shared, Styled,
        TIME, Text, rows,
    },
    *,
};
use crate::fingerprint::Beginning;

fn open(path: &Path, mapping: &str) -> Result<Input, InputError> {
    let options = InputOptions {
        mapping: Some(Mapping::from_yaml(mapping).unwrap()),
        ..InputOptions::default()
    };
    Input::open(path, &options, None, Accepts::Mixed)
}

pub(super) fn records(path: &Path, mapping: &str) -> Result<Vec<Said>, InputError> {
    read_all(open(path, mapping)?)
}

pub(super) fn refused(path: &Path, mapping: &str) -> String {
    records(path, mapping).unwrap_err().to_string()
}

/// What becomes of a cell.
fn value(book: impl FnOnce(&Rows<'_>) -> Book<'static>, cell: Cell<'_>, how: &str) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let table = rows(&[&[Text("id"), Text("v")], &[Text("u"), cell]]);
    let path = book(&table).write(&folder.path().join("a.xlsx"));
    let mapping = format!("timezone: Asia/Seoul\nidentity: {{external_id: id}}\nuser_properties: {{p: {how}}}");
    let said = records(&path, &mapping).unwrap();
    let json = said[0].json.clone()?;
    let at = json.find("\"user_properties\":{").unwrap() + 19;
    let value = json[at..].strip_suffix("}}").unwrap();
    Ok(value.strip_prefix("\"p\":").unwrap_or(value).to_owned())
}

#[test]
fn every_type_arrives_as_it_is() {
    let texts = "<si><r><t xml:space=\"preserve\">rich </t></r><r><rPr><b/></rPr><t>text</t></r></si><si><t xml:space=\"preserve\"> a&amp;b&#10;c </t></si>";
    let book = |rows: &Rows<'_>| Book {
        texts,
        ..Book::of(rows)
    };
    for (cell, how, expected) in [
        (Text("가나"), "v", "\"가나\""),
        (Shared(0), "v", "\"rich text\""),
        (Shared(1), "v", "\" a&b\\nc \""),
        (Formula("x&amp;y"), "v", "\"x&y\""),
        (Text("1,234"), "{column: v, type: long, thousands: \",\"}", "1234"),
        (Number("1007"), "{column: v, type: long}", "1007"),
        (Number("1007"), "{column: v, type: double}", "1007"),
        (Number("0.1"), "{column: v, type: double}", "0.1"),
        (Number("-2.5E-7"), "{column: v, type: double}", "-2.5e-7"),
        (
            Number("9007199254740992"),
            "{column: v, type: long}",
            "9007199254740992",
        ),
        (Number("12"), "{column: v, type: long-array, separator: \"|\"}", "[12]"),
        (Number("1"), "{column: v, type: boolean}", "true"),
        (Number("2"), "{column: v, values: {1: Male, 2: Female}}", "\"Female\""),
        (Boolean(true), "{column: v, type: boolean}", "true"),
        (
            Number("20251120"),
            "{column: v, type: date, format: \"%Y%m%d\"}",
            "\"2025-11-20\"",
        ),
        (
            Number("45981.5"),
            "{column: v, type: datetime, format: serial-days}",
            "\"2025-11-20T03:00:00.000Z\"",
        ),
        (
            Styled("45981", DATE),
            "{column: v, type: date, format: \"%Y%m%d\"}",
            "\"2025-11-20\"",
        ),
        (Styled("45981", DATE), "v", "\"2025-11-20\""),
        (Styled("45981", KOREAN), "{column: v, type: date}", "\"2025-11-20\""),
        (Styled("45981", DATE_TIME), "{column: v, type: date}", "\"2025-11-20\""),
        (
            Styled("45981", DATE),
            "{column: v, type: datetime}",
            "\"2025-11-19T15:00:00.000Z\"",
        ),
        (
            Styled("45981.427083333336", DATE_TIME),
            "{column: v, type: datetime}",
            "\"2025-11-20T01:15:00.000Z\"",
        ),
        (
            Styled("45981.999999999", DATE_TIME),
            "{column: v, type: datetime}",
            "\"2025-11-20T15:00:00.000Z\"",
        ),
        (Styled("0.427083333", TIME), "v", "\"10:15:00\""),
        (Empty, "v", ""),
        (Text("  "), "{column: v, empty: keep}", "\"\""),
    ] {
        assert_eq!(value(book, cell, how).as_deref(), Ok(expected), "{how}");
    }
    let from_1904 = |rows: &Rows<'_>| Book {
        is_from_1904: true,
        ..Book::of(rows)
    };
    let found = value(from_1904, Styled("44519", DATE), "{column: v, type: date}");
    assert_eq!(found.as_deref(), Ok("\"2025-11-20\""));
}

#[test]
fn what_a_cell_is_not_makes_its_row_bad() {
    for (cell, how, problem) in [
        (
            Number("1012345678"),
            "v",
            "v: is a number, from which a spreadsheet drops zeros in front",
        ),
        (
            Number("1012345678"),
            "{column: v, type: phone}",
            "format the column as text",
        ),
        (
            Number("12"),
            "{column: v, type: string-array, separator: \"|\"}",
            "format the column as text",
        ),
        (Number("12"), "{join: [id, v]}", "format the column as text"),
        (Number("0.5"), "{column: v, type: long}", "must be a whole number"),
        (Number("1e16"), "{column: v, type: long}", "must be a whole number"),
        (
            Styled("0.5", DURATION),
            "v",
            "v (cell B2) is a duration, which is not read",
        ),
        (Styled("60", DATE), "v", "v (cell B2) is a date out of range"),
        (Styled("-1", DATE), "v", "v (cell B2) is a date out of range"),
        (Styled("1e300", DATE), "v", "v (cell B2) is a date out of range"),
        (
            Styled("45981.5", DATE_TIME),
            "{column: v, type: date}",
            "must be a date",
        ),
        (Error("#N/A"), "v", "v (cell B2, #N/A) is an error of the spreadsheet"),
        (
            Error("#DIV/0!"),
            "{column: v, type: long}",
            "v (cell B2, #DIV/0!) is an error",
        ),
    ] {
        let said = value(Book::of, cell, how).unwrap_err();
        assert!(said.contains(problem), "{how}: {said}");
    }
}

#[test]
fn a_number_is_no_identifier() {
    let folder = tempfile::tempdir().unwrap();
    let table = rows(&[
        &[Text("id"), Text("phone"), Text("no")],
        &[Number("17"), Empty, Empty],
        &[Text("00017"), Text("010-1234-5678"), Number("5")],
    ]);
    let path = Book::of(&table).write(&folder.path().join("a.xlsx"));
    let mapping = "identity: {external_id: id, phone_no: {column: phone, type: phone}}";
    let said = records(&path, mapping).unwrap();
    let problem = said[0].json.as_ref().unwrap_err();
    assert!(
        problem.starts_with("id: is a number") && !problem.contains("17"),
        "{problem}"
    );
    let good = r#"{"identity":{"external_id":"00017","phone_no":"821012345678"}}"#;
    assert_eq!(said[1].json.as_deref(), Ok(good));
    let said = records(&path, "identity: {external_id: {join: [id, no]}}").unwrap();
    assert!(said[1].json.as_ref().unwrap_err().contains("format the column as text"));
}

pub(super) const LINES: &str = "identity: {external_id: id}\nuser_properties: {name: name}";

#[test]
fn rows_have_the_numbers_of_the_sheet_and_come_back_with_all_its_columns() {
    let folder = tempfile::tempdir().unwrap();
    let table: Rows<'_> = vec![
        (2, vec![Text("11월 회원")]),
        (4, vec![Empty, Text("name"), Text("note"), Empty, Text("id")]),
        (
            5,
            vec![Text("1"), Text("Kim, A"), Error("#REF!"), Text("stray"), Text("u1")],
        ),
        (7, vec![Text("only a note beside the table")]),
        (9, vec![Empty, Error("#N/A"), Boolean(true), Empty, Text("u2")]),
        (10, vec![Empty, Text("name"), Text("note"), Empty, Text("id")]),
        (
            12,
            vec![Empty, Text("Lee"), Empty, Empty, Text("u3"), Text("beyond the header")],
        ),
        (20, vec![Text("합계"), Text("합계"), Number("3")]),
    ];
    let path = Book::of(&table).write(&folder.path().join("a.xlsx"));
    let said = refused(&path, LINES);
    assert!(
        said.ends_with("; row 4 has these names: give skip_top: 3 in the mapping"),
        "{said}"
    );
    let mapping = format!("skip_top: 3\nskip_bottom: 1\n{LINES}");
    let mut input = open(&path, &mapping).unwrap();
    let form = input.table_form().unwrap();
    let (mut found, mut table) = (Vec::new(), form.head());
    while let Some(line) = input.next().unwrap() {
        let json = line.json.map(str::to_owned).map_err(|violation| violation.to_string());
        if json.is_err() {
            form.rows(line.number, &["invalid"], "because", line.original, &mut table);
        }
        found.push((line.number, line.offset, json));
    }
    assert!(input.lines().is_none());
    input.finish().unwrap();
    let places: Vec<_> = found.iter().map(|(number, offset, _)| (*number, *offset)).collect();
    assert_eq!(places, [(5, 4), (9, 8), (10, 9), (12, 11)]);
    assert_eq!(
        found[0].2.as_deref(),
        Ok(r#"{"identity":{"external_id":"u1"},"user_properties":{"name":"Kim, A"}}"#)
    );
    let problem = found[1].2.as_ref().unwrap_err();
    assert!(problem.contains("name (cell B9, #N/A) is an error"), "{problem}");
    assert!(found[2].2.as_ref().unwrap_err().contains("repeats the header"));
    let expected = "\u{FEFF}dfinery_line,dfinery_code,dfinery_reason,name,note,id\n9,invalid,because,#N/A,true,u2\n10,invalid,because,name,note,id\n";
    assert_eq!(String::from_utf8(table.clone()).unwrap(), expected);
    // What was corrected loads with the same mapping.
    let corrected = folder.path().join("rejected.csv");
    fs::write(&corrected, expected.replace("#N/A", "Park")).unwrap();
    let said = records(&corrected, &mapping).unwrap();
    assert!(said[0].json.as_ref().unwrap().contains("Park"));
    // A condition passes over the row of totals as well.
    let mapping = format!("skip_top: 3\nskip_if: {{column: name, equals: 합계}}\n{LINES}");
    assert_eq!(records(&path, &mapping).unwrap().len(), 4);
}

#[test]
fn groups_are_sorted_with_their_types() {
    let folder = tempfile::tempdir().unwrap();
    let table = rows(&[
        &[Text("key"), Text("id"), Text("at"), Text("price")],
        &[Number("1"), Text("u"), Styled("45981.5", DATE_TIME), Number("5")],
        &[Number("2"), Text("v"), Styled("45981", DATE), Number("1")],
        &[Number("1"), Text("u"), Styled("45981.5", DATE_TIME), Number("0.5")],
    ]);
    let path = Book::of(&table).write(&folder.path().join("a.xlsx"));
    let mapping = "timezone: UTC\ngroup_by: key\nsort_by_group: true\nidentity: {external_id: id}\nevent: e\nevent_datetime: at\nevent_properties: {total: {sum: price, type: double}}";
    let said = records(&path, mapping).unwrap();
    let first = said[0].json.as_ref().unwrap();
    assert!(
        first.contains("\"2025-11-20T12:00:00.000Z\"") && first.contains("\"total\":5.5"),
        "{first}"
    );
    assert_eq!((said.len(), said[1].number), (2, 3));
    let said = records(
        &path,
        &mapping.replace("total: {sum: price, type: double}", "memo: {first: price}"),
    )
    .unwrap();
    let problem = said[0].json.as_ref().unwrap_err();
    assert!(problem.contains("format the column as text"), "{problem}");
}

#[test]
fn a_sheet_is_chosen_by_name_or_number_and_never_guessed() {
    let folder = tempfile::tempdir().unwrap();
    let table = |id: &'static str| rows(&[&[Text("a")], &[Text(id)]]);
    let path = |name: &str| folder.path().join(name);
    let alone = Book::default()
        .sheet("숨김", "hidden", &table("hidden"))
        .sheet("빈", "visible", &rows(&[&[Text(" ")]]))
        .sheet("회원", "visible", &table("u"));
    let alone = alone.write(&path("alone.xlsx"));
    let id = |path: &Path, choice: &str| records(path, &format!("{choice}{BY_A}")).unwrap()[0].json.clone();
    let record = |id: &str| Ok(format!(r#"{{"identity":{{"external_id":"{id}"}}}}"#));
    assert_eq!(id(&alone, ""), record("u"));
    assert_eq!(id(&alone, "sheet: 2\n"), record("u"));
    assert_eq!(id(&alone, "sheet: 숨김\n"), record("hidden"));
    let said = refused(&alone, &format!("sheet: 3\n{BY_A}"));
    assert!(
        said.ends_with("the mapping names sheet 3, and 2 sheets are seen in it"),
        "{said}"
    );
    let said = refused(&alone, &format!("sheet: 회 원\n{BY_A}"));
    assert!(
        said.contains("it has no sheet 회 원, which the mapping names; ") && said.contains("숨김, 빈, 회원"),
        "{said}"
    );
    let said = refused(&alone, &format!("sheet: 빈\n{BY_A}"));
    assert!(said.contains("its sheet 빈 is empty"), "{said}");

    let names: Vec<_> = (1..=12).map(|number| format!("{number}월")).collect();
    let many = names
        .iter()
        .fold(Book::default(), |book, name| book.sheet(name, "visible", &table("x")));
    let many = many.write(&path("many.xlsx"));
    let said = refused(&many, BY_A);
    assert!(
        said.contains("it has 12 sheets: give one of them as sheet in the mapping: 1월, 2월")
            && said.ends_with("10월 and 2 more"),
        "{said}"
    );
    let numbered =
        Book::default()
            .sheet("2025", "visible", &table("by name"))
            .sheet("2024", "visible", &table("other"));
    let numbered = numbered.write(&path("numbered.xlsx"));
    assert_eq!(id(&numbered, "sheet: \"2025\"\n"), record("by name"));
    assert!(refused(&numbered, &format!("sheet: 2025\n{BY_A}")).contains("names sheet 2025"));
    let empty = Book::of(&rows(&[&[]])).write(&path("empty.xlsx"));
    assert!(refused(&empty, BY_A).contains("all its sheets are empty"));
    let none = Book::of(&rows(&[&[Text("a")]])).write(&path("none.xlsx"));
    assert!(records(&none, BY_A).unwrap().is_empty());
}

#[test]
fn a_workbook_is_known_by_its_content() {
    let folder = tempfile::tempdir().unwrap();
    let path = Book::of(&rows(&[&[Text("a")], &[Text("u")]])).write(&folder.path().join("a.csv"));
    assert_eq!(records(&path, BY_A).unwrap().len(), 1);
    let without = Input::open(&path, &InputOptions::default(), None, Accepts::Mixed);
    assert!(without.err().unwrap().needs_mapping());
    let bytes = fs::read(&path).unwrap();
    assert!(refused_from_pipe(&bytes).contains("cannot be read from a pipe"));
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&bytes).unwrap();
    let path = folder.path().join("a.xlsx.gz");
    fs::write(&path, packed.finish().unwrap()).unwrap();
    assert!(refused(&path, BY_A).contains("an Excel workbook that is compressed as a whole: unpack it"));
    let path = folder.path().join("text.xlsx");
    fs::write(&path, "a\nu\n").unwrap();
    assert_eq!(records(&path, BY_A).unwrap().len(), 1);
    for (part, says) in [
        ("xl/workbook.bin", "a binary Excel workbook (.xlsb): save it as .xlsx"),
        ("word/document.xml", "an office document and no workbook"),
    ] {
        let other = Book {
            other_part: Some((part, Vec::new())),
            ..Book::of(&rows(&[&[Text("a")]]))
        };
        let said = refused(&other.write(&path), BY_A);
        assert!(said.contains(says), "{said}");
    }
    let mut archive = zip::ZipWriter::new(fs::File::create(&path).unwrap());
    archive
        .start_file("a.csv", zip::write::SimpleFileOptions::default())
        .unwrap();
    archive.write_all(b"a\nu\n").unwrap();
    archive.finish().unwrap();
    assert!(refused(&path, BY_A).contains("a ZIP archive: unpack it"));
}

#[test]
fn a_row_of_a_million_is_read_and_few_are_held() {
    let folder = tempfile::tempdir().unwrap();
    let table: Rows<'_> = vec![(1, vec![Text("a")]), (1_048_576, vec![Text("last")])];
    let path = Book::of(&table).write(&folder.path().join("a.xlsx"));
    let said = records(&path, BY_A).unwrap();
    assert_eq!((said.len(), said[0].number), (1, 1_048_576));
    let ids: Vec<_> = (0..2_000).map(|id| format!("user-{id}")).collect();
    let mut table: Rows<'_> = vec![(1, vec![Text("a")])];
    table.extend((2..).zip(ids.iter().map(|id| vec![Text(id)])));
    let path = Book::of(&table).write(&folder.path().join("b.xlsx"));
    let mut input = open(&path, BY_A).unwrap();
    // An input that is left early leaves no thread that waits.
    assert!(input.next().unwrap().is_some());
    drop(input);
    assert_eq!(records(&path, BY_A).unwrap().len(), 2_000);
}

#[test]
fn all_of_a_workbook_is_passed_before_its_first_row() {
    let folder = tempfile::tempdir().unwrap();
    let path = Book::of(&rows(&[&[Text("a")], &[Text("u")]])).write(&folder.path().join("a.xlsx"));
    let input = open(&path, BY_A).unwrap();
    let passed = input.passed();
    assert_eq!(Some(passed.bytes()), input.length());
    assert_eq!(
        passed.beginning(),
        Beginning::of_file(&path, u64::MAX, || true).unwrap().unwrap()
    );
    fs::write(&path, "other").unwrap();
    assert!(input.finish().unwrap_err().is_changed());
}
