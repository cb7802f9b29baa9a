//! Whole conversions. What the cells of each type hold is tested where they are read.

mod cells;
#[cfg(feature = "parquet")]
mod parquet;
mod parts;
mod round_trip;

use std::path::PathBuf;

use jiff::civil::date;
use serde_json::Value;

use super::*;
use crate::column::{ColumnType, Origin};

/// Parts on disk, which vanish at the end.
struct Parts {
    _folder: tempfile::TempDir,
    paths: Vec<PathBuf>,
}

impl Parts {
    fn new<T: AsRef<[u8]>>(contents: &[T]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let paths = contents.iter().enumerate().map(|(at, content)| {
            let path = folder.path().join(format!("{at}.csv"));
            std::fs::write(&path, content).unwrap();
            path
        });
        let paths = paths.collect();
        Self { _folder: folder, paths }
    }

    fn conversion<'a>(&'a self, columns: &'a [Column], format: Format) -> Conversion<'a> {
        Conversion {
            parts: &self.paths,
            columns,
            lead: None,
            time_zone: None,
            format,
            compression: Compression::None,
        }
    }
}

fn columns(names: &[(&str, ColumnType)]) -> Vec<Column> {
    let columns = names.iter().map(|(name, column_type)| Column {
        name: (*name).to_owned(),
        column_type: *column_type,
        origin: Origin::Taxonomy,
    });
    columns.collect()
}

fn lead() -> Lead {
    Lead {
        day: date(2026, 11, 20),
        exported_at: "2026-11-21T01:02:03.000004Z".parse().unwrap(),
        export: "오늘, \"1\"".to_owned(),
    }
}

fn written(conversion: &Conversion<'_>) -> (Vec<u8>, Converted) {
    let mut file = Vec::new();
    let converted = conversion.write(&mut file).unwrap();
    assert_eq!(converted.bytes, file.len() as u64);
    (file, converted)
}

fn text(conversion: &Conversion<'_>) -> String {
    String::from_utf8(written(conversion).0).unwrap()
}

fn objects(conversion: &Conversion<'_>) -> Vec<Value> {
    let lines = text(conversion);
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn records(file: &[u8]) -> Vec<Vec<String>> {
    let mut reader = ::csv::ReaderBuilder::new();
    let records = reader.has_headers(false).from_reader(file).into_records();
    records
        .map(|record| record.unwrap().iter().map(str::to_owned).collect())
        .collect()
}
