//! Whatever text a table holds, it is what would be sent.

use std::{collections::BTreeMap, fs, path::Path};

use dfinery::ImportClient;
use dfinery_load::{
    Encoding, FileLoad, Format, InputOptions, Loader, Mapping, Progress, RecordKind, WarningPolicy, check_files,
};
use encoding_rs::EUC_KR;
use proptest::prelude::*;
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::purchases::{gzip, utf16, zstd};

const COLUMNS: [&str; 3] = ["메모", "주소", "비고"];
const MAPPING: &str = r"
identity: {external_id: 번호}
user_properties: {memo: 메모, address: 주소, note: 비고}
";

/// Text with everything that means something to a reader of tables. A line within a cell that has all the delimiters of
/// a row may be taken for a row that a wrong quote swallowed, so a cell has either line breaks or delimiters.
fn cell() -> impl Strategy<Value = String> {
    let texts = prop_oneof![
        "[a-z,\"\n\r\t;|' \\\\0-9-]{0,12}",
        "[가-힣\"\n, ]{0,8}",
        "[가-힣ㄱ-ㅣ一-鿿ぁ-ん①-⑩%\u{1F600}-\u{1F64F}\u{FEFF}\u{0}\u{1A}]{0,6}",
        any::<String>().prop_map(|text| text.chars().take(12).collect()),
    ];
    texts.prop_map(|text| {
        if text.contains(['\n', '\r']) {
            text.replace([',', '\t'], "")
        } else {
            text
        }
    })
}

fn table(rows: &[[String; 3]], delimiter: u8, crlf: bool, quote: csv::QuoteStyle) -> String {
    let terminator = if crlf {
        csv::Terminator::CRLF
    } else {
        csv::Terminator::Any(b'\n')
    };
    let mut writer = csv::WriterBuilder::new()
        .delimiter(delimiter)
        .terminator(terminator)
        .quote_style(quote)
        .from_writer(Vec::new());
    writer.write_record(["번호"].iter().chain(&COLUMNS)).unwrap();
    for (number, row) in rows.iter().enumerate() {
        let number = format!("{number:04}");
        writer.write_record([&number].into_iter().chain(row)).unwrap();
    }
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}

/// All encodings that can hold the text, each with whether it must be said.
fn encoded(text: &str) -> Vec<(&'static str, Option<Encoding>, Vec<u8>)> {
    let marked = format!("\u{feff}{text}");
    let mut all = vec![
        ("UTF-8", Some(Encoding::Utf8), text.as_bytes().to_vec()),
        ("UTF-8 with mark", None, marked.as_bytes().to_vec()),
        ("UTF-16LE with mark", None, utf16(&marked, u16::to_le_bytes)),
        ("UTF-16BE with mark", None, utf16(&marked, u16::to_be_bytes)),
        ("UTF-16LE", Some(Encoding::Utf16Le), utf16(text, u16::to_le_bytes)),
        ("UTF-16BE", Some(Encoding::Utf16Be), utf16(text, u16::to_be_bytes)),
        ("UTF-8, gzip", Some(Encoding::Utf8), gzip(text.as_bytes())),
        (
            "UTF-16LE with mark, zstd",
            None,
            zstd(&utf16(&marked, u16::to_le_bytes)),
        ),
    ];
    let (bytes, _, failed) = EUC_KR.encode(text);
    if !failed {
        all.push(("CP949", Some(Encoding::Cp949), bytes.into_owned()));
    }
    all
}

/// The properties that would be sent, by user.
fn planned(runtime: &Runtime, import: &ImportClient, load: FileLoad) -> BTreeMap<String, Value> {
    let preview = runtime
        .block_on(Loader::builder(import).build().preview(load, usize::MAX))
        .unwrap();
    assert_eq!(
        (preview.report.bad(), preview.stopped.is_none()),
        (0, true),
        "{}",
        preview.report
    );
    preview
        .calls
        .iter()
        .map(|call| serde_json::from_str::<Value>(&call.body).unwrap())
        .map(|call| {
            let user = call["identity"]["external_id"].as_str().unwrap().to_owned();
            (user, call["user_properties"].clone())
        })
        .collect()
}

fn as_properties(row: &[String; 3]) -> Value {
    ["memo", "address", "note"]
        .into_iter()
        .zip(row)
        .filter(|(_, cell)| !cell.is_empty())
        .map(|(name, cell)| (name.to_owned(), Value::from(cell.as_str())))
        .collect()
}

fn options(format: Format, encoding: Option<Encoding>) -> InputOptions {
    let mut options = InputOptions::default();
    options.mapping = Some(Mapping::from_yaml(MAPPING).unwrap());
    options.format = Some(format);
    options.encoding = encoding;
    options
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_text_comes_through_any_table(
        rows in proptest::collection::vec([cell(), cell(), cell()], 1..12),
        is_tsv: bool,
        crlf: bool,
        quote in prop_oneof![Just(csv::QuoteStyle::Necessary), Just(csv::QuoteStyle::Always)],
    ) {
        let runtime = Runtime::new().unwrap();
        let import = ImportClient::builder().service_id("none").token("none").build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (format, delimiter) = if is_tsv { (Format::Tsv, b'\t') } else { (Format::Csv, b',') };
        let text = table(&rows, delimiter, crlf, quote);
        let expected: BTreeMap<_, _> =
            (0..).zip(&rows).map(|(number, row)| (format!("{number:04}"), as_properties(row))).collect();
        for (name, encoding, bytes) in encoded(&text) {
            let path = folder.path().join("table");
            fs::write(&path, bytes).unwrap();
            let load = load(&path, options(format, encoding));
            let report = check_files(&load, None, WarningPolicy::default(), &Progress::default(), None).unwrap();
            prop_assert_eq!((report.records(), report.bad()), (rows.len() as u64, 0), "{} {}", name, report);
            prop_assert!(planned(&runtime, &import, load) == expected, "{}: {:?}", name, rows);
        }
    }
}

fn load(path: &Path, options: InputOptions) -> FileLoad {
    let mut load = FileLoad::new(RecordKind::Profile, [path]);
    load.options = options;
    load
}
