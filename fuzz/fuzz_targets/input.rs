//! Any bytes as an input of any format and encoding: every line is part of something, and a good row is what a strict
//! reader reads.

#![no_main]

use std::{
    io::{Cursor, Read},
    sync::LazyLock,
};

use dfinery_input::{Encoding, Format, Input, InputOptions, Mapping};
use dfinery_records::Accepts;
use libfuzzer_sys::fuzz_target;

static MAPPING: LazyLock<Mapping> = LazyLock::new(|| {
    Mapping::from_yaml("identity: {external_id: a}\nuser_properties: {b: {column: b, empty: keep}}").unwrap()
});

/// Gives a few bytes at a time.
struct Pieces(Cursor<Vec<u8>>, usize);

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = buffer.len().min(self.1);
        self.0.read(buffer.get_mut(..count).unwrap_or_default())
    }
}

fuzz_target!(|data: &[u8]| {
    let [how, piece, bytes @ ..] = data else { return };
    let formats = [
        None,
        Some(Format::Ndjson),
        Some(Format::JsonArray),
        Some(Format::Csv),
        Some(Format::Tsv),
        Some(Format::DeadLetter),
    ];
    let encodings = [None, Some(Encoding::Utf8), Some(Encoding::Cp949), Some(Encoding::Utf16Le), Some(Encoding::Utf16Be)];
    let mut options = InputOptions::default();
    options.format = formats[usize::from(how & 7) % formats.len()];
    options.encoding = encodings[usize::from(how >> 3) % encodings.len()];
    options.mapping = Some(MAPPING.clone());
    let is_table = options.format == Some(Format::Csv) && options.encoding == Some(Encoding::Utf8);
    let bytes = if is_table { [b"a,b\n", bytes].concat() } else { bytes.to_vec() };
    let reader = Pieces(Cursor::new(bytes), 1 + usize::from(*piece));
    let Ok(mut input) = Input::from_reader("fuzz", Box::new(reader), &options, None, Accepts::Mixed) else { return };
    while let Ok(Some(line)) = input.next() {
        let (Ok(json), true) = (line.json, is_table) else { continue };
        let json: serde_json::Value = serde_json::from_str(json).unwrap();
        let mut strict = csv::ReaderBuilder::new().has_headers(false).from_reader(line.original);
        let rows: Vec<_> = strict.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 1);
        assert_eq!(&rows[0][0], json["identity"]["external_id"].as_str().unwrap_or_default());
        assert_eq!(&rows[0][1], json["user_properties"]["b"].as_str().unwrap());
    }
    if is_table {
        assert!(input.lines().is_some_and(|lines| lines.adds_up()), "{:?}", input.lines());
    }
});
