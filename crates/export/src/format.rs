//! How exported files are written.

use serde::{Deserialize, Serialize};

/// The format of exported files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Comma-separated values with a header line.
    #[default]
    Csv,
    /// A JSON object a line.
    Ndjson,
    /// Apache Parquet. Needs the feature `parquet`.
    Parquet,
}

/// How exported files are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// gzip.
    Gzip,
    /// Zstandard. The only one for Parquet, which compresses inside.
    Zstd,
}

impl Format {
    /// What the names of its files end in, after the dot.
    #[must_use]
    pub const fn extension(self, compression: Compression) -> &'static str {
        match (self, compression) {
            (Self::Csv, Compression::None) => "csv",
            (Self::Csv, Compression::Gzip) => "csv.gz",
            (Self::Csv, Compression::Zstd) => "csv.zst",
            (Self::Ndjson, Compression::None) => "ndjson",
            (Self::Ndjson, Compression::Gzip) => "ndjson.gz",
            (Self::Ndjson, Compression::Zstd) => "ndjson.zst",
            (Self::Parquet, _) => "parquet",
        }
    }
}
