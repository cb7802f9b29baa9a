//! Workbooks that are damaged or too large, and those of the form before 2007, which are read with more care.

use std::{fs, path::Path};

use super::{
    workbook_files::{Book, DATE, Number, Shared, Styled, Text, rows},
    workbooks::{LINES, records, refused},
    *,
};

#[test]
fn what_would_take_too_much_memory_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.xlsx");
    let large = |name, content| Book {
        other_part: Some((name, content)),
        ..Book::of(&rows(&[&[Text("a")], &[Text("u")]]))
    };
    let texts = |count: &str| {
        let mut texts = format!("<sst uniqueCount=\"{count}\">").into_bytes();
        texts.extend(b"<si><t>x</t></si></sst>");
        texts
    };
    large("xl/sharedStrings.xml", texts("1")).write(&path);
    assert_eq!(records(&path, BY_A).unwrap().len(), 1);
    large("xl/sharedStrings.xml", texts("123456789012345")).write(&path);
    let said = refused(&path, BY_A);
    assert!(said.contains("has fewer texts than it says"), "{said}");
    let said_length = |part: &'static str, length: u32| {
        let mut content = b"<sst>".to_vec();
        content.resize(54_321, b' ');
        large(part, content).write(&path);
        let mut bytes = fs::read(&path).unwrap();
        let places: Vec<_> = memchr::memmem::find_iter(&bytes, &54_321_u32.to_le_bytes()).collect();
        assert_eq!(places.len(), 2, "before the part and in the list of parts");
        for place in places {
            bytes[place..place + 4].copy_from_slice(&length.to_le_bytes());
        }
        fs::write(&path, bytes).unwrap();
        refused(&path, BY_A)
    };
    let advice = "MiB unpacked): save the sheet as \"CSV UTF-8\"";
    for (part, length, says) in [
        (
            "xl/sharedStrings.xml",
            257 << 20,
            "what is beside its sheets has more than 256",
        ),
        (
            "xl/theme/theme1.xml",
            257 << 20,
            "what is beside its sheets has more than 256",
        ),
        (
            "xl/worksheets/sheet1.xml",
            (2048 << 20) + 1,
            "a sheet has more than 2048",
        ),
    ] {
        let said = said_length(part, length);
        assert!(
            said.ends_with(&format!("it is an Excel workbook that is too large ({says} {advice}")),
            "{said}"
        );
    }
    // No more is unpacked than the list of parts says.
    let said = said_length("xl/sharedStrings.xml", 100);
    assert!(said.contains("larger than its declared uncompressed size"), "{said}");
    let mut old = OLD.to_vec();
    let ranges: Vec<_> = memchr::memmem::find_iter(&old, b"\x00\x02\x0e\x00").collect();
    let last_row = ranges.last().unwrap() + 8;
    for (rows, says) in [
        ([0xff, 0xff, 0xff, 0xff], "span more than 8,000,000 cells"),
        ([1, 0, 0, 0], "ends before it begins"),
    ] {
        old[last_row..last_row + 4].copy_from_slice(&rows);
        fs::write(&path, &old).unwrap();
        let said = refused(&path, MEMBERS);
        assert!(said.contains(says), "{said}");
    }
    fs::File::create(&path).unwrap().set_len(51 * 1024 * 1024).unwrap();
    let mut file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.write_all(&[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1])
        .unwrap();
    assert!(refused(&path, BY_A).contains("it has more than 50 MiB"));
}

const OLD: &[u8] = include_bytes!("members.xls");
const MEMBERS: &str = "timezone: Asia/Seoul
skip_top: 2
identity: {external_id: 회원번호}
user_properties: {at: {column: 가입일시, type: datetime}, points: {column: 포인트, type: double}, agreed: {column: 동의, type: boolean}}
";

#[test]
fn the_old_form_is_read_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("members.xls");
    fs::write(&path, OLD).unwrap();
    let said = records(&path, MEMBERS).unwrap();
    let expected = [
        (
            4,
            r#"{"identity":{"external_id":"M-0001"},"user_properties":{"at":"2025-11-20T01:15:00.000Z","points":1200,"agreed":true}}"#,
        ),
        (
            5,
            r#"{"identity":{"external_id":"M-0002"},"user_properties":{"at":"2025-11-20T01:16:00.000Z","points":1200.5,"agreed":false}}"#,
        ),
    ];
    let found: Vec<_> = said
        .iter()
        .map(|said| (said.number, said.json.as_deref().unwrap()))
        .collect();
    assert_eq!(found, expected);
    let mut hwp = OLD.to_vec();
    let name: Vec<_> = "Workbook".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let at = memchr::memmem::find(&hwp, &name).unwrap();
    hwp[at] = b'X';
    fs::write(&path, &hwp).unwrap();
    assert!(refused(&path, BY_A).contains("an office document and no workbook"));
    let encrypted: Vec<_> = "EncryptedPackage\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
    hwp[at..at + encrypted.len()].copy_from_slice(&encrypted);
    fs::write(&path, &hwp).unwrap();
    assert!(refused(&path, BY_A).contains("with a password: save it without one"));
}

/// Reads damaged bytes: they are refused, or give records; the library never ends the program.
fn is_contained(path: &Path, bytes: &[u8], mapping: &str) {
    fs::write(path, bytes).unwrap();
    if let Err(error) = records(path, mapping) {
        let said = error.to_string();
        assert!(
            said.starts_with(&path.display().to_string()) && !said.contains("M-000"),
            "{said}"
        );
    }
}

#[test]
fn a_damaged_workbook_is_an_error_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let table = rows(&[
        &[Text("id"), Text("name")],
        &[Text("u"), Shared(0)],
        &[Text("v"), Number("1")],
    ]);
    let book = Book {
        texts: "<si><t>M-0001</t></si>",
        ..Book::of(&table)
    };
    let path = book.write(&folder.path().join("a.xlsx"));
    let bytes = fs::read(&path).unwrap();
    for length in (64..bytes.len()).step_by(37) {
        fs::write(&path, &bytes[..length]).unwrap();
        let said = refused(&path, LINES);
        assert!(
            said.contains("it is an Excel workbook that is damaged or cut"),
            "{length}: {said}"
        );
    }
    fs::write(&path, OLD).unwrap();
    let whole = records(&path, MEMBERS).unwrap();
    for at in (1..OLD.len()).step_by(53) {
        fs::write(&path, &OLD[..at]).unwrap();
        // The last sectors are not of the sheet.
        assert!(
            records(&path, MEMBERS).is_ok_and(|said| said == whole) || records(&path, MEMBERS).is_err(),
            "{at}"
        );
    }
    // XML that the library does not expect.
    for sheet in [
        "<worksheet><sheetData><row r=\"1\"><c r=\"A1\" t=\"s\"><v>7</v></c></row></sheetData></worksheet>",
        "<worksheet><sheetData><row r=\"99999999999\"><c r=\"A99999999999\"><v>7</v></c></row></sheetData></worksheet>",
        "<worksheet><sheetData><row><c r=\"ZZZZZZZZZ1\"><v>7</v></c></row></sheetData></worksheet>",
        "<worksheet><sheetData><row r=\"2\"><c r=\"A2\"><v>7</v></c></row><row r=\"1\"><c r=\"A1\"><v>7</v></c></row></sheetData></worksheet>",
        "<worksheet><sheetData><row r=\"1\"><c r=\"A1\"><v>7</v></c><c r=\"A1\"><v>8</v></c></row></sheetData></worksheet>",
        "<worksheet><dimension ref=\"C9:A1\"/><sheetData><row><c><v>7</v>",
        "<worksheet><sheetData><row><c t=\"b\"><v>M-0001</v></c></row></sheetData></worksheet>",
        "<chartsheet></chartsheet>",
        "",
    ] {
        let broken = Book {
            other_part: Some(("xl/worksheets/sheet1.xml", sheet.as_bytes().to_vec())),
            ..Book::of(&table)
        };
        let said = refused(&broken.write(&path), LINES);
        assert!(
            said.contains("damaged or cut") && !said.contains("M-0001"),
            "{sheet}: {said}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_damage_ends_the_program(
        is_old: bool,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.xlsx");
        let mut bytes = if is_old {
            OLD.to_vec()
        } else {
            let table = rows(&[&[Text("id"), Text("name")], &[Text("u"), Text("M-0001")], &[Styled("45981", DATE)]]);
            fs::read(Book::of(&table).write(&path)).unwrap()
        };
        for (at, byte) in &changes {
            let at = at.index(bytes.len());
            bytes[at] ^= byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        is_contained(&path, &bytes, if is_old { MEMBERS } else { LINES });
    }

    #[test]
    fn no_xml_of_a_sheet_ends_the_program(
        parts in prop::collection::vec("<(/?)(row|c|v|is|t|f|sheetData)( (r|t|s)=\"([A-Z]{0,4}[0-9]{0,11}|s|b|e|d|str)\"){0,2}>|[0-9#A-Z:.-]{0,12}|&amp;|&#x[0-9a-f]{1,8};|&", 0..40)
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.xlsx");
        let xml = format!("<worksheet><sheetData><row r=\"1\"><c r=\"A1\" t=\"str\"><v>id</v></c></row>{}</sheetData></worksheet>", parts.concat());
        let book = Book { other_part: Some(("xl/worksheets/sheet1.xml", xml.into_bytes())), ..Book::of(&rows(&[&[]])) };
        let bytes = fs::read(book.write(&path)).unwrap();
        is_contained(&path, &bytes, "identity: {external_id: id}");
    }
}
