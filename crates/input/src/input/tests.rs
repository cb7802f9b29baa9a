//! Behaviour of an input as a whole.

use std::{
    io::{Cursor, Read, Write as _},
    sync::LazyLock,
};

use proptest::prelude::*;

use super::*;
use crate::{MAX_RECORD, Mapping};
use dfinery_records::RecordKind;

mod columns;
mod conditions;
#[cfg(feature = "spreadsheet")]
mod damaged_workbooks;
mod formats;
mod groups;
mod json_rows;
mod missing;
mod model;
#[cfg(feature = "parquet")]
mod parquet;
#[cfg(feature = "parquet")]
mod parquet_files;
mod quotes;
mod rejected;
mod sorted_groups;
mod sources;
mod speed;
mod tables;
mod values;
#[cfg(feature = "spreadsheet")]
mod workbook_files;
#[cfg(feature = "spreadsheet")]
mod workbooks;

/// What a `Line` said.
#[derive(Clone, Debug, PartialEq)]
struct Said {
    number: u64,
    offset: u64,
    original: Vec<u8>,
    json: Result<String, String>,
}

fn read_all(mut input: Input) -> Result<Vec<Said>, InputError> {
    let mut said = Vec::new();
    while let Some(line) = input.next()? {
        said.push(Said {
            number: line.number,
            offset: line.offset,
            original: line.original.to_vec(),
            json: line.json.map(str::to_owned).map_err(|violation| violation.to_string()),
        });
    }
    assert!(input.lines().is_none_or(|lines| lines.adds_up()), "{:?}", input.lines());
    input.finish()?;
    Ok(said)
}

fn read(bytes: &[u8], options: &InputOptions) -> Result<Vec<Said>, InputError> {
    read_in_pieces(bytes, options, usize::MAX, Bounds::default())
}

/// Reads with a reader that gives at most some bytes at once.
fn read_in_pieces(bytes: &[u8], options: &InputOptions, piece: usize, bounds: Bounds) -> Result<Vec<Said>, InputError> {
    let pieces = Pieces {
        bytes: Cursor::new(bytes.to_vec()),
        piece,
    };
    let (origin, reader) = Origin::read("test", Box::new(pieces))?;
    read_all(Input::new(
        "test".to_owned(),
        origin,
        reader,
        options,
        None,
        Accepts::Mixed,
        bounds,
    )?)
}

struct Pieces {
    bytes: Cursor<Vec<u8>>,
    piece: usize,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = buffer.len().min(self.piece);
        self.bytes.read(&mut buffer[..count])
    }
}

fn options(format: Format, encoding: Option<Encoding>, mapping: Option<&str>) -> InputOptions {
    InputOptions {
        format: Some(format),
        encoding,
        mapping: mapping.map(|yaml| {
            if yaml == BY_A {
                MAPPING_BY_A.clone()
            } else {
                Mapping::from_yaml(yaml).unwrap()
            }
        }),
    }
}

fn jsons(said: &[Said]) -> Vec<Result<&str, &str>> {
    said.iter()
        .map(|line| line.json.as_deref().map_err(String::as_str))
        .collect()
}

/// A text in an encoding, without a byte order mark.
fn encode(text: &str, encoding: Encoding) -> Vec<u8> {
    match encoding {
        Encoding::Utf8 => text.as_bytes().to_vec(),
        Encoding::Cp949 => {
            let (bytes, _, failed) = encoding_rs::EUC_KR.encode(text);
            assert!(!failed, "{text}");
            bytes.into_owned()
        }
        Encoding::Utf16Le => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        Encoding::Utf16Be => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
    }
}

const ENCODINGS: [Encoding; 4] = [Encoding::Utf8, Encoding::Cp949, Encoding::Utf16Le, Encoding::Utf16Be];
const FORMATS: [Format; 4] = [Format::Ndjson, Format::JsonArray, Format::Csv, Format::Tsv];
/// Bounds so small that every case of the framing occurs in a short input.
const SMALL: Bounds = Bounds { chunk: 16, record: 64 };
const BY_A: &str = "identity: {external_id: a}";
/// `BY_A`, read once: some tests need it thousands of times.
static MAPPING_BY_A: LazyLock<Mapping> = LazyLock::new(|| Mapping::from_yaml(BY_A).unwrap());

/// What is said of bytes that come from a pipe and must be a file.
#[cfg(feature = "_typed")]
fn refused_from_pipe(bytes: &[u8]) -> String {
    let reader = Box::new(Cursor::new(bytes.to_vec()));
    let piped = Input::from_reader("-", reader, &InputOptions::default(), None, Accepts::Mixed);
    piped.err().unwrap().to_string()
}
