//! The rows of a file, counted without being held.

use std::io::{self, BufRead, BufReader, Read, Seek};

use csv_core::ReadRecordResult;
use flate2::read::MultiGzDecoder;

use crate::format::{Compression, Format};

/// Read at once, in bytes.
const PIECE: usize = 64 << 10;

/// Counts the rows of a file, without a header; none if this build cannot read the format.
pub(crate) fn rows_of(file: impl Read + Seek, format: Format, compression: Compression) -> io::Result<Option<u64>> {
    if format == Format::Parquet {
        return parquet_rows(file);
    }
    let plain: Box<dyn Read + '_> = match compression {
        Compression::None => Box::new(file),
        Compression::Gzip => Box::new(MultiGzDecoder::new(file)),
        Compression::Zstd => Box::new(zstd::Decoder::new(file)?),
    };
    let text = BufReader::with_capacity(PIECE, plain);
    let rows = match format {
        Format::Ndjson => lines(text),
        _ => csv_rows(text),
    };
    rows.map(Some)
}

fn lines(mut text: impl BufRead) -> io::Result<u64> {
    let (mut lines, mut last) = (0, b'\n');
    loop {
        let bytes = text.fill_buf()?;
        let Some(end) = bytes.last() else {
            return Ok(lines + u64::from(last != b'\n'));
        };
        last = *end;
        lines += memchr::memchr_iter(b'\n', bytes).count() as u64;
        let read = bytes.len();
        text.consume(read);
    }
}

fn csv_rows(mut text: impl BufRead) -> io::Result<u64> {
    let mut reader = csv_core::Reader::new();
    // What cells hold is of no use: it is overwritten, so that a row may have any length.
    let (mut cells, mut ends) = (vec![0; PIECE], [0; 1024]);
    let mut records: u64 = 0;
    loop {
        let bytes = text.fill_buf()?;
        let (result, read, ..) = reader.read_record(bytes, &mut cells, &mut ends);
        text.consume(read);
        match result {
            ReadRecordResult::Record => records += 1,
            ReadRecordResult::End => return Ok(records.saturating_sub(1)),
            ReadRecordResult::InputEmpty | ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {}
        }
    }
}

#[cfg(not(feature = "parquet"))]
#[allow(clippy::unnecessary_wraps, reason = "as with the feature")]
fn parquet_rows(_file: impl Read + Seek) -> io::Result<Option<u64>> {
    Ok(None)
}

#[cfg(feature = "parquet")]
fn parquet_rows(mut file: impl Read + Seek) -> io::Result<Option<u64>> {
    use parquet::file::metadata::{FooterTail, ParquetMetaDataReader};
    use std::io::SeekFrom;

    let mut tail = [0; 8];
    let footer = file.seek(SeekFrom::End(-8))?;
    file.read_exact(&mut tail)?;
    let length = FooterTail::try_new(&tail).map_err(io::Error::other)?.metadata_length() as u64;
    let start = footer.checked_sub(length).ok_or(io::ErrorKind::InvalidData)?;
    file.seek(SeekFrom::Start(start))?;
    let mut metadata = Vec::new();
    file.take(length).read_to_end(&mut metadata)?;
    let metadata = ParquetMetaDataReader::decode_metadata(&metadata).map_err(io::Error::other)?;
    Ok(u64::try_from(metadata.file_metadata().num_rows()).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(content: &str, format: Format) -> Option<u64> {
        rows_of(std::io::Cursor::new(content), format, Compression::None).unwrap()
    }

    #[test]
    fn rows_of_any_length_are_counted() {
        let long = "줄\n\"\"".repeat(PIECE);
        let wide = ",".repeat(3 * PIECE);
        for (content, rows) in [
            (String::new(), 0),
            ("a,b\n".to_owned(), 0),
            ("a,b\n1,2\n\"3\n\",4".to_owned(), 2),
            (format!("a\n\"{long}\"\n\"{long}\"\n"), 2),
            (format!("{wide}\n{wide}\n{wide}\n{wide}"), 3),
        ] {
            assert_eq!(counted(&content, Format::Csv), Some(rows));
        }
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(3 * PIECE));
        for (content, rows) in [
            (String::new(), 0),
            ("{}\n{}\n".to_owned(), 2),
            (format!("{long}\n{long}"), 2),
        ] {
            assert_eq!(counted(&content, Format::Ndjson), Some(rows));
        }
    }
}
