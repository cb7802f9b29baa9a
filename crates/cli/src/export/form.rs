//! In which form a file is written.

use std::{ffi::OsStr, path::Path};

use anyhow::{anyhow, bail};
use dfinery_export::{Compression, Format};

use crate::settings::{
    Settings,
    table::{COMPRESS, EXPORT_FORMAT},
};

/// Format and compression: by the options, or else by the name of the file.
pub fn form(settings: &Settings, path: Option<&Path>) -> anyhow::Result<(Format, Compression)> {
    let format = match settings.text(&EXPORT_FORMAT) {
        Some("csv") => Some(Format::Csv),
        Some("ndjson") => Some(Format::Ndjson),
        Some("parquet") => Some(Format::Parquet),
        _ => None,
    };
    let (named, named_compression) = match path {
        Some(path) => by_name(path, format.is_some())?,
        None => (None, None),
    };
    let compression = match settings.text(&COMPRESS) {
        Some("none") => Some(Compression::None),
        Some("gzip") => Some(Compression::Gzip),
        Some("zstd") => Some(Compression::Zstd),
        _ => None,
    };
    let chosen = format.or(named).unwrap_or_default();
    if chosen == Format::Parquet && matches!(compression, Some(Compression::None | Compression::Gzip)) {
        bail!("Parquet files are compressed inside, with zstd: leave --compress out");
    }
    if let Some(path) = path {
        let contradicts = |option: &str| {
            anyhow!(
                "{} would not be what its name says: give another name, or another {option}",
                path.display()
            )
        };
        if named.is_some_and(|named| named != chosen) {
            return Err(contradicts("--format"));
        }
        if let (Some(named), Some(compression)) = (named_compression, compression)
            && chosen != Format::Parquet
            && named != compression
        {
            return Err(contradicts("--compress"));
        }
    }
    Ok(match chosen {
        Format::Parquet => (chosen, Compression::Zstd),
        _ => (chosen, compression.or(named_compression).unwrap_or_default()),
    })
}

/// What the name of a file says of its format and compression.
fn by_name(path: &Path, has_format: bool) -> anyhow::Result<(Option<Format>, Option<Compression>)> {
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    let (name, compression) = match name.rsplit_once('.') {
        Some((name, "gz")) => (name, Some(Compression::Gzip)),
        Some((name, "zst")) => (name, Some(Compression::Zstd)),
        _ => (name, None),
    };
    let format = match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("csv") => Format::Csv,
        Some("ndjson" | "jsonl") => Format::Ndjson,
        Some("parquet") if compression.is_some() => {
            bail!("Parquet files are compressed inside, with zstd: end the name in .parquet")
        }
        Some("parquet") => Format::Parquet,
        Some("xlsx" | "xls") => bail!("no workbook is written: end the name in .csv, which spreadsheets open"),
        Some("json") if !has_format => bail!("JSON is written a row a line: end the name in .ndjson, or give --format"),
        _ => return Ok((None, compression)),
    };
    Ok((Some(format), Some(compression.unwrap_or_default())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_the_form_or_is_refused() {
        for (name, format, compression) in [
            ("a.csv", Some(Format::Csv), Some(Compression::None)),
            ("a.csv.gz", Some(Format::Csv), Some(Compression::Gzip)),
            ("a.b.jsonl.zst", Some(Format::Ndjson), Some(Compression::Zstd)),
            ("a.parquet", Some(Format::Parquet), Some(Compression::None)),
            ("a.gz", None, Some(Compression::Gzip)),
            ("out", None, None),
        ] {
            assert_eq!(
                by_name(Path::new(name), false).unwrap(),
                (format, compression),
                "{name}"
            );
        }
        for name in ["a.json", "a.json.gz", "a.parquet.gz", "a.xlsx"] {
            assert!(by_name(Path::new(name), false).is_err(), "{name}");
        }
        assert_eq!(by_name(Path::new("a.json"), true).unwrap(), (None, None));
    }
}
