//! The rows of a file, counted.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Read},
    path::Path,
};

use flate2::read::MultiGzDecoder;

use crate::format::{Compression, Format};

/// Counts the rows of a file, without a header; none if this build cannot read the format.
pub(crate) fn rows_of(path: &Path, format: Format, compression: Compression) -> io::Result<Option<u64>> {
    let file = File::open(path)?;
    if format == Format::Parquet {
        return parquet_rows(file);
    }
    let plain: Box<dyn Read> = match compression {
        Compression::None => Box::new(file),
        Compression::Gzip => Box::new(MultiGzDecoder::new(file)),
        Compression::Zstd => Box::new(zstd::Decoder::new(file)?),
    };
    if format == Format::Ndjson {
        let mut lines = BufReader::new(plain);
        let (mut rows, mut line) = (0, Vec::new());
        while lines.read_until(b'\n', &mut line)? > 0 {
            rows += 1;
            line.clear();
        }
        return Ok(Some(rows));
    }
    let mut rows = 0;
    let mut record = csv::ByteRecord::new();
    let mut reader = csv::Reader::from_reader(plain);
    while reader.read_byte_record(&mut record).map_err(io::Error::other)? {
        rows += 1;
    }
    Ok(Some(rows))
}

#[cfg(not(feature = "parquet"))]
#[allow(clippy::unnecessary_wraps, reason = "as with the feature")]
fn parquet_rows(_file: File) -> io::Result<Option<u64>> {
    Ok(None)
}

#[cfg(feature = "parquet")]
fn parquet_rows(file: File) -> io::Result<Option<u64>> {
    use parquet::file::reader::{FileReader as _, SerializedFileReader};
    let reader = SerializedFileReader::new(file).map_err(io::Error::other)?;
    Ok(u64::try_from(reader.metadata().file_metadata().num_rows()).ok())
}
