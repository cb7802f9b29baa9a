//! Files, pipes and archives.

use super::*;

fn file(name: &str, content: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    (folder, path)
}

fn open(path: &Path) -> Result<Input, InputError> {
    Input::open(path, &InputOptions::default(), None, Accepts::Mixed)
}

fn error(path: &Path) -> String {
    open(path).and_then(read_all).unwrap_err().to_string()
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn zstd(content: &[u8]) -> Vec<u8> {
    zstd::encode_all(content, 1).unwrap()
}

#[test]
fn what_cannot_be_opened_says_why() {
    let (folder, path) = file("empty.ndjson", b"");
    assert!(error(&path).ends_with("empty.ndjson: it is empty: there is nothing to load"));
    assert!(error(folder.path()).ends_with("it is a directory: name the files in it"));
    assert!(error(&folder.path().join("none")).contains("there is no such file"));
    for content in [&b"\xEF\xBB\xBF"[..], b" \n\n", &gzip(b""), &gzip(b"\n")] {
        let (_folder, path) = file("a.ndjson", content);
        assert!(error(&path).contains("it is empty"), "{content:?}");
    }
}

#[test]
fn a_container_is_named_by_what_it_holds_whatever_its_name() {
    let tar: Vec<u8> = std::iter::repeat_n(b'a', 257)
        .chain(*b"ustar\0")
        .chain([0; 300])
        .collect();
    let parts = |parts: &[&[u8]]| parts.concat();
    for (content, part) in [
        (
            parts(&[b"PK\x03\x04", &[0; 26], b"[Content_Types].xml"]),
            "an Excel workbook",
        ),
        (parts(&[b"PK\x03\x04", &[0; 26], b"orders.csv"]), "a ZIP archive"),
        (tar.clone(), "a tar archive"),
        (gzip(&tar), "a tar archive"),
        (b"%PDF-1.7\n".to_vec(), "a PDF document"),
        (b"\n <!DOCTYPE HTML><html>".to_vec(), "an HTML or XML page"),
        (b"\xEF\xBB\xBF<?xml version=\"1.0\"?>".to_vec(), "an HTML or XML page"),
        (encode("\u{FEFF}<table><tr>", Encoding::Utf16Le), "an HTML or XML page"),
        (gzip(&gzip(&gzip(&gzip(b"{}")))), "compressed more than 3 times"),
    ] {
        for name in ["a.csv", "a.ndjson", "a"] {
            let (_folder, path) = file(name, &content);
            let said = error(&path);
            assert!(said.contains(part), "{said}");
        }
    }
}

#[test]
fn a_table_may_begin_as_a_container_does() {
    for header in [
        "ORCID,memo\n1,2\n",
        "PK,url\n1,https://a.b/xl/a.png\n",
        "BZhid,memo\n1,2\n",
        "PAR1,b\n1,2\n",
    ] {
        let (_folder, path) = file("a.csv", header.as_bytes());
        assert!(open(&path).is_err_and(|error| error.needs_mapping()), "{header}");
    }
}

#[test]
fn an_input_compressed_twice_is_unpacked_twice() {
    for content in [gzip(&gzip(b"{}\n")), gzip(&zstd(b"{}\n")), zstd(&gzip(&gzip(b"{}\n")))] {
        let (_folder, path) = file("a.ndjson.gz", &content);
        assert_eq!(read_all(open(&path).unwrap()).unwrap().len(), 1);
    }
}

#[test]
fn archives_are_read_through_all_their_members() {
    let lines = "{\"a\":1}\n".repeat(1000);
    let (first, second) = lines.split_at(4321);
    for compress in [gzip, zstd] {
        let archive = [compress(first.as_bytes()), compress(b""), compress(second.as_bytes())].concat();
        let (_folder, path) = file("a.ndjson.any", &archive);
        let mut input = open(&path).unwrap();
        let mut count = 0;
        while let Some(line) = input.next().unwrap() {
            assert_eq!((line.offset, line.json), (count * 8, Ok("{\"a\":1}")));
            count += 1;
        }
        assert_eq!((count, input.passed().bytes()), (1000, archive.len() as u64));
        assert_eq!(input.length(), Some(archive.len() as u64));
        input.finish().unwrap();
    }
}

#[test]
fn an_archive_that_is_cut_or_damaged_says_so() {
    let lines: Vec<_> = (0..5000)
        .map(|number| format!("{{\"a\":{}}}\n", number * 7919 % 5000))
        .collect();
    let lines = lines.concat();
    for compress in [gzip, zstd] {
        let mut archive = compress(lines.as_bytes());
        let (_folder, path) = file("a", &archive[..archive.len() - 5]);
        assert!(error(&path).contains("archive is cut"), "{}", error(&path));
        let half = archive.len() / 2;
        archive[half..half + 20].fill(0xFF);
        let (_folder, path) = file("a", &archive);
        assert!(error(&path).contains("archive is damaged"), "{}", error(&path));
    }
}

#[test]
fn a_file_that_changes_while_it_is_read_is_told() {
    type Change = fn(&Path);
    let changes: [(Change, &str); 4] = [
        (
            |path| {
                std::fs::OpenOptions::new()
                    .append(true)
                    .open(path)
                    .unwrap()
                    .write_all(b"{}\n")
                    .unwrap();
            },
            "grew by 3 bytes",
        ),
        (|path| std::fs::write(path, "{}\n").unwrap(), "was cut"),
        (
            |path| {
                std::fs::rename(path, path.with_extension("old")).unwrap();
                std::fs::write(path, "{}\n{}\n").unwrap();
            },
            "was replaced",
        ),
        (|path| std::fs::remove_file(path).unwrap(), "was moved or deleted"),
    ];
    for (change, part) in changes {
        let (_folder, path) = file("a.ndjson", b"{}\n{}\n");
        let mut input = open(&path).unwrap();
        input.next().unwrap();
        change(&path);
        let mut count = 1;
        while input.next().unwrap().is_some() {
            count += 1;
        }
        assert_eq!(count, 2, "{part}");
        let error = input.finish().unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn a_file_that_is_rewritten_in_its_length_is_told() {
    let (_folder, path) = file("a.ndjson", b"{}\n{}\n");
    let input = open(&path).unwrap();
    let handle = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    handle.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    assert!(input.finish().unwrap_err().to_string().contains("was modified"));
}

#[test]
fn the_name_and_the_content_show_the_format() {
    for (name, content, format) in [
        ("a.json", &b"\n[{}]"[..], Format::JsonArray),
        ("a.json", b"{}", Format::Ndjson),
        ("a", b"\xEF\xBB\xBF{}", Format::Ndjson),
        ("a.json.gz", &gzip(b"[{}]"), Format::JsonArray),
        ("a.ndjson", b"l_id\":\"u0\"}}\n{}\n", Format::Ndjson),
        ("a.jsonl.gz", &gzip(b"[0]}}\n{}\n"), Format::Ndjson),
        ("a", b"\x1E{}\n\x1E{}\n", Format::Ndjson),
        ("a", b"\xEF\xBB\xBF\xEF\xBB\xBF{}", Format::Ndjson),
        ("a", b"\xFF\xFE[\0]\0", Format::JsonArray),
    ] {
        let (_folder, path) = file(name, content);
        assert_eq!(open(&path).unwrap().format, format, "{name}");
    }
    let (_folder, path) = file("a.csv.gz", &gzip(b"a,b\n1,2\n"));
    assert!(open(&path).is_err_and(|error| error.needs_mapping()));
}
