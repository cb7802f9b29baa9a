//! Several parts, their headers, and what is said about them.

use std::{error::Error, io};

use super::{super::error::Kind, *};

fn abc() -> Vec<Column> {
    columns(&[
        ("event_name", ColumnType::String),
        ("price", ColumnType::Long),
        ("새 속성", ColumnType::String),
    ])
}

fn failed(parts: &Parts, columns: &[Column]) -> ConvertError {
    let conversion = parts.conversion(columns, Format::Ndjson);
    conversion.write(io::sink()).unwrap_err()
}

#[test]
fn columns_are_found_by_their_names() {
    let columns = abc();
    let parts = Parts::new(&[
        "\u{feff}price,event_name\r\n1,a\r\n2,b\r\n",
        "새 속성,event_name\nx,a\n\ny,\n",
        "event_name\n",
    ]);
    let (file, converted) = written(&parts.conversion(&columns, Format::Csv));
    let expected = "_dfinery_unparsed,event_name,price,새 속성\n,a,1,\n,b,2,\n,a,,x\n,,,y\n";
    assert_eq!(String::from_utf8(file).unwrap(), expected);
    assert_eq!(converted.rows, 4);
    let events: Vec<_> = converted
        .events
        .iter()
        .map(|(name, rows)| (name.as_str(), *rows))
        .collect();
    assert_eq!(events, [("", 1), ("a", 2), ("b", 1)]);
}

#[test]
fn every_row_begins_with_the_lead() {
    let columns = columns(&[("a", ColumnType::Long)]);
    let parts = Parts::new(&["a\n1\nx\n"]);
    let mut conversion = parts.conversion(&columns, Format::Csv);
    conversion.lead = Some(lead());
    let at = "2026-11-20,2026-11-21T01:02:03.000004Z,\"오늘, \"\"1\"\"\"";
    let header = "_dfinery_day,_dfinery_exported_at,_dfinery_export,_dfinery_unparsed,a";
    let expected = format!("{header}\n{at},,1\n{at},\"{{\"\"a\"\":\"\"x\"\"}}\",\n");
    assert_eq!(text(&conversion), expected);
    conversion.format = Format::Ndjson;
    let at = r#""_dfinery_day":"2026-11-20","_dfinery_exported_at":"2026-11-21T01:02:03.000004Z","_dfinery_export":"오늘, \"1\"""#;
    let expected = format!(
        "{{{at},\"_dfinery_unparsed\":null,\"a\":1}}\n{{{at},\"_dfinery_unparsed\":{{\"a\":\"x\"}},\"a\":null}}\n"
    );
    assert_eq!(text(&conversion), expected);
}

#[test]
fn a_table_may_have_no_rows() {
    let columns = abc();
    for parts in [Parts::new(&["event_name,price\n"]), Parts::new::<&str>(&[])] {
        let conversion = parts.conversion(&columns, Format::Csv);
        assert_eq!(text(&conversion), "_dfinery_unparsed,event_name,price,새 속성\n");
        let (file, converted) = written(&parts.conversion(&columns, Format::Ndjson));
        assert_eq!((file.len(), converted.rows), (0, 0));
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(converted.sha256, empty);
    }
}

#[test]
fn rows_stay_in_order_over_many_pieces() {
    let columns = columns(&[("n", ColumnType::Long), ("text", ColumnType::String)]);
    let rows = |from: u64| {
        let rows = (from..from + 40_000).map(|n| format!("{n},\"한 줄,\n또 한 줄 {n} {}\"\n", "-".repeat(60)));
        format!("n,text\n{}", rows.collect::<String>())
    };
    let parts = Parts::new(&[rows(0), rows(40_000)]);
    let (file, converted) = written(&parts.conversion(&columns, Format::Ndjson));
    assert_eq!(converted.rows, 80_000);
    for (n, line) in String::from_utf8(file).unwrap().lines().enumerate() {
        let object: Value = serde_json::from_str(line).unwrap();
        assert_eq!(object["n"], n);
        assert_eq!(object["text"], format!("한 줄,\n또 한 줄 {n} {}", "-".repeat(60)));
    }
}

#[test]
fn text_is_compressed_in_one_stream() {
    use std::io::Read;

    let columns = columns(&[("n", ColumnType::Long)]);
    let numbers: Vec<_> = (0..300_000).map(|n| n.to_string()).collect();
    let parts = Parts::new(&[format!("n\n{}", numbers.join("\n"))]);
    let mut conversion = parts.conversion(&columns, Format::Csv);
    let (plain, _) = written(&conversion);
    conversion.compression = Compression::Gzip;
    let (file, converted) = written(&conversion);
    let mut unpacked = Vec::new();
    // It reads one member only.
    flate2::read::GzDecoder::new(&file[..])
        .read_to_end(&mut unpacked)
        .unwrap();
    assert!(unpacked == plain);
    assert_eq!(converted.sha256, sha256(&file));
    conversion.compression = Compression::Zstd;
    let (file, converted) = written(&conversion);
    let mut decoder = zstd::Decoder::new(&file[..]).unwrap().single_frame();
    unpacked.clear();
    decoder.read_to_end(&mut unpacked).unwrap();
    assert!(unpacked == plain);
    assert_eq!(converted.sha256, sha256(&file));
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;

    let digest = sha2::Sha256::digest(bytes);
    digest
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

#[test]
fn a_header_has_each_name_once() {
    let parts = Parts::new(&["\u{feff}\"a\n\",b,\"c\"\"\"\r\n1,2,3\n"]);
    assert_eq!(header(&parts.paths[0], &FRONT).unwrap(), ["a\n", "b", "c\""]);
    let parts = Parts::new(&["a"]);
    assert_eq!(header(&parts.paths[0], &FRONT).unwrap(), ["a"]);
    for (content, problem) in [
        (&b""[..], "it has no header line"),
        (b"\xef\xbb\xbf\r\n\n", "it has no header line"),
        (b"a,b,a\n1,2,3\n", "the header line has the column \"a\" twice"),
        (b"a,\xff\n", "the header line is not UTF-8"),
        (b"a,\"b\n", "it ends within a quoted cell"),
    ] {
        let parts = Parts::new(&[content]);
        let error = header(&parts.paths[0], &FRONT).unwrap_err();
        assert_eq!(error.to_string(), format!("the answer: {problem}"));
        assert!(error.is_about_answer());
        assert_eq!(error.part(), Some(parts.paths[0].as_path()));
    }
}

#[test]
fn a_header_may_be_long() {
    let names: Vec<_> = (0..MOST_COLUMNS).map(|n| format!("속성_{n}")).collect();
    let parts = Parts::new(&[names.join(",")]);
    assert_eq!(header(&parts.paths[0], &FRONT).unwrap(), names);
}

#[test]
fn a_column_must_be_of_the_table() {
    let parts = Parts::new(&["event_name,price\n", "event_name,new\nsecret,1\n"]);
    let error = failed(&parts, &abc());
    assert!(matches!(&error.kind, Kind::UnknownColumn(name) if name == "new"));
    assert_eq!(error.part(), Some(parts.paths[1].as_path()));
    assert_eq!(error.to_string(), "the answer: the table has no column \"new\"");
}

#[test]
fn the_table_has_each_column_once() {
    let parts = Parts::new(&["a\n"]);
    let of = |name| columns(&[("a", ColumnType::Long), (name, ColumnType::String)]);
    assert_eq!(
        failed(&parts, &of("a")).to_string(),
        "the table has the column \"a\" twice"
    );
    for name in [DAY, EXPORTED_AT, EXPORT, UNPARSED] {
        let columns = of(name);
        let mut conversion = parts.conversion(&columns, Format::Ndjson);
        // A file without a lead has no column of it.
        assert_eq!(conversion.write(io::sink()).is_ok(), name != UNPARSED, "{name}");
        conversion.lead = Some(lead());
        let error = conversion.write(io::sink()).unwrap_err();
        assert!(!error.is_about_answer());
        let error = error.to_string();
        assert!(error.contains(name) && error.contains("added to each file"), "{error}");
    }
}

#[test]
fn an_answer_has_no_column_of_ours() {
    for name in [DAY, EXPORTED_AT, EXPORT, UNPARSED] {
        let parts = Parts::new(&[format!("a,{name}\n")]);
        assert_eq!(
            header(&parts.paths[0], &FRONT_ALONE).is_ok(),
            name != UNPARSED,
            "{name}"
        );
        let error = header(&parts.paths[0], &FRONT).unwrap_err();
        assert!(error.is_about_answer() && error.to_string().contains(name), "{error}");
    }
}

#[test]
fn the_cells_of_a_row_that_has_too_many_are_only_counted() {
    let parts = Parts::new(&[format!("event_name,price\na,1\n{}\n", ",".repeat(1 << 20))]);
    let error = failed(&parts, &abc()).to_string();
    assert_eq!(
        error,
        "the answer, row 2: the row has 1048577 cells, the header line has 2"
    );
    let parts = Parts::new(&[",".repeat(1 << 20)]);
    let error = failed(&parts, &abc()).to_string();
    assert_eq!(
        error,
        "the answer: the header line has 1048577 columns, and 10000 are the most"
    );
}

#[test]
fn a_ragged_row_is_named_by_its_number() {
    let good = "secret,1\n".repeat(200_000);
    for (parts, row) in [
        (Parts::new(&["event_name,price\na,1\nb\n".to_owned()]), 2),
        (Parts::new(&["event_name,price\na,1,2\n".to_owned()]), 1),
        (
            Parts::new(&[format!("event_name,price\n{good}secret\n{good}")]),
            200_001,
        ),
        (
            Parts::new(&[
                format!("price\n{}", "1\n".repeat(900_000)),
                format!("event_name,price\n{good}a\n"),
            ]),
            200_001,
        ),
    ] {
        let error = failed(&parts, &abc());
        assert_eq!(
            (error.row, error.part()),
            (Some(row), parts.paths.last().map(PathBuf::as_path))
        );
        let text = error.to_string();
        assert!(
            text.contains(&format!(", row {row}: the row has ")) && !text.contains("secret"),
            "{text}"
        );
    }
}

#[test]
fn a_row_is_not_longer_than_memory_allows() {
    let long = "-".repeat(65 << 20);
    let parts = Parts::new(&[format!("event_name\na\n{long}\n")]);
    let error = failed(&parts, &abc());
    assert_eq!(error.to_string(), "the answer, row 2: it is longer than 64 MiB");
}

#[test]
fn a_part_that_is_cut_within_quotes_is_refused() {
    let parts = Parts::new(&["event_name\na\n\"b\nc"]);
    assert!(
        failed(&parts, &abc())
            .to_string()
            .ends_with("it ends within a quoted cell")
    );
}

#[test]
fn errors_of_the_system_are_sources() {
    let mut parts = Parts::new(&["event_name\na\n"]);
    let full = Failing;
    let error = parts.conversion(&abc(), Format::Csv).write(full).unwrap_err();
    assert!(matches!(error.kind, Kind::Unwritable(_)) && error.part().is_none());
    assert!(!error.is_about_answer());
    assert!(
        error
            .source()
            .is_some_and(|source| source.to_string() == "the disk is full")
    );
    parts.paths.push(parts.paths[0].with_file_name("none.csv"));
    let error = failed(&parts, &abc());
    assert!(matches!(error.kind, Kind::Unreadable(_)) && error.part() == parts.paths.last().map(PathBuf::as_path));
    assert!(!error.is_about_answer() && error.to_string().contains("none.csv: reading failed: "));
    let source = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    assert_eq!(source.map(io::Error::kind), Some(io::ErrorKind::NotFound));
}

struct Failing;

impl Write for Failing {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::Error::other("the disk is full"))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(not(feature = "parquet"))]
#[test]
fn a_build_without_parquet_says_so() {
    let parts = Parts::new(&["event_name\na\n"]);
    let error = parts.conversion(&abc(), Format::Parquet).write(io::sink()).unwrap_err();
    assert!(error.needs_parquet());
    assert_eq!(
        error.to_string(),
        "this build cannot write Parquet: build it with the feature `parquet`"
    );
}
