//! Formats of records, and encodings of text.

use std::{fmt, path::Path, str::FromStr};

use serde::{Serialize, Serializer};

/// Begins a record of a JSON text sequence (RFC 7464).
pub(crate) const RECORD_SEPARATOR: u8 = 0x1E;

/// A format of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// One JSON object per line.
    Ndjson,
    /// One JSON array of objects.
    JsonArray,
    /// A table with a header, separated by commas or by what the mapping says.
    Csv,
    /// A table with a header, separated by tabs.
    Tsv,
    /// The records in the lines of a dead-letter file.
    DeadLetter,
    /// A file in Apache Parquet, which is read with the feature `parquet`.
    Parquet,
    /// A sheet of an Excel workbook, which is read with the feature `spreadsheet`.
    Workbook,
}

impl Format {
    const ALL: [Self; 7] = [
        Self::Ndjson,
        Self::JsonArray,
        Self::Csv,
        Self::Tsv,
        Self::DeadLetter,
        Self::Parquet,
        Self::Workbook,
    ];

    /// The format that the name of a file means; `None` if the contents decide.
    #[must_use]
    pub fn of_name(path: &Path) -> Option<Self> {
        let extension = |path: &Path| path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
        let mut last = extension(path)?;
        if matches!(last.as_str(), "gz" | "zst" | "zstd") {
            last = extension(Path::new(path.file_stem()?))?;
        }
        match last.as_str() {
            "csv" => Some(Self::Csv),
            "tsv" | "tab" => Some(Self::Tsv),
            "ndjson" | "jsonl" | "ldjson" => Some(Self::Ndjson),
            "parquet" => Some(Self::Parquet),
            _ => None,
        }
    }

    /// The format of JSON that begins with this byte; `None` if no JSON does.
    pub(crate) const fn of_json(first: Option<&u8>) -> Option<Self> {
        match first {
            Some(b'[') => Some(Self::JsonArray),
            Some(b'{' | &RECORD_SEPARATOR) => Some(Self::Ndjson),
            _ => None,
        }
    }

    pub(crate) const fn is_table(self) -> bool {
        matches!(self, Self::Csv | Self::Tsv)
    }

    /// The word for one record in a message.
    pub(crate) const fn unit(self) -> &'static str {
        match self {
            Self::Ndjson | Self::DeadLetter => "line",
            Self::JsonArray => "element",
            Self::Csv | Self::Tsv | Self::Parquet | Self::Workbook => "row",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ndjson => "ndjson",
            Self::JsonArray => "json",
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::DeadLetter => "dead-letter",
            Self::Parquet => "parquet",
            Self::Workbook => "workbook",
        })
    }
}

impl Serialize for Format {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for Format {
    type Err = String;

    /// Reads `ndjson`, `json`, `csv`, `tsv`, `dead-letter`, `parquet` or `workbook`.
    fn from_str(text: &str) -> Result<Self, String> {
        find(&Self::ALL, text)
    }
}

/// An encoding of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// CP949, also known as windows-949 or UHC: what Korean Windows writes, and a superset of EUC-KR.
    Cp949,
    /// UTF-16, the lower byte first.
    Utf16Le,
    /// UTF-16, the higher byte first.
    Utf16Be,
}

impl Encoding {
    const ALL: [Self; 4] = [Self::Utf8, Self::Cp949, Self::Utf16Le, Self::Utf16Be];

    /// Its usual name.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Cp949 => "CP949",
            Self::Utf16Le | Self::Utf16Be => "UTF-16",
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Utf8 => "utf-8",
            Self::Cp949 => "cp949",
            Self::Utf16Le => "utf-16le",
            Self::Utf16Be => "utf-16be",
        })
    }
}

impl Serialize for Encoding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for Encoding {
    type Err = String;

    /// Reads `utf-8`, `cp949`, `utf-16le` or `utf-16be`; `euc-kr` is read as `cp949`, which contains it.
    fn from_str(text: &str) -> Result<Self, String> {
        if text.eq_ignore_ascii_case("euc-kr") {
            return Ok(Self::Cp949);
        }
        find(&Self::ALL, text)
    }
}

fn find<T: Copy + fmt::Display>(all: &[T], text: &str) -> Result<T, String> {
    all.iter()
        .copied()
        .find(|one| one.to_string().eq_ignore_ascii_case(text))
        .ok_or_else(|| {
            let names: Vec<_> = all.iter().map(ToString::to_string).collect();
            format!("must be one of {}", names.join(", "))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_table_shows_also_behind_that_of_an_archive() {
        for (name, format) in [
            ("a.csv", Some(Format::Csv)),
            ("a.CSV.gz", Some(Format::Csv)),
            ("a.b.tsv.zst", Some(Format::Tsv)),
            ("a.ndjson", Some(Format::Ndjson)),
            ("a.jsonl.gz", Some(Format::Ndjson)),
            ("a.parquet", Some(Format::Parquet)),
            ("a.json", None),
            ("a.gz", None),
            ("csv", None),
        ] {
            assert_eq!(Format::of_name(Path::new(name)), format, "{name}");
        }
    }

    #[test]
    fn every_option_reads_what_it_writes() {
        for format in Format::ALL {
            assert_eq!(format.to_string().parse(), Ok(format));
        }
        for encoding in Encoding::ALL {
            assert_eq!(encoding.to_string().to_uppercase().parse(), Ok(encoding));
        }
        assert_eq!(
            "latin1".parse::<Encoding>().unwrap_err(),
            "must be one of utf-8, cp949, utf-16le, utf-16be"
        );
    }
}
