//! The records of a raw export one after the other, whole or not, for those who look at an export without converting it.

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
};

use csv_core::ReadRecordResult;

use super::{
    error::ConvertError,
    limits::{LONGEST_ROW, MOST_COLUMNS},
};

/// Reads records: the header line first, and rows of other widths as they are.
///
/// A record takes no more memory than one that can be converted.
pub(crate) struct Records {
    part: PathBuf,
    file: BufReader<File>,
    csv: csv_core::Reader,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// The header line included.
    read: u64,
}

/// The cells of a record.
#[derive(Clone, Copy)]
pub(crate) struct Record<'a> {
    bytes: &'a [u8],
    ends: &'a [usize],
}

impl Records {
    /// Opens a raw export.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn open(part: &Path) -> Result<Self, ConvertError> {
        let file = File::open(part).map_err(|error| ConvertError::reading(part, error))?;
        Ok(Self {
            part: part.to_owned(),
            file: BufReader::with_capacity(64 << 10, file),
            csv: csv_core::Reader::new(),
            bytes: vec![0; 1024],
            ends: vec![0; MOST_COLUMNS + 1],
            read: 0,
        })
    }

    /// The next record; nothing at the end.
    ///
    /// # Errors
    /// It cannot be read, is too long or has too many cells.
    pub(crate) fn next(&mut self) -> Result<Option<Record<'_>>, ConvertError> {
        let (mut length, mut cells) = (0, 0);
        loop {
            let input = self.file.fill_buf();
            let input = input.map_err(|error| ConvertError::reading(&self.part, error))?;
            let output = self.bytes.get_mut(length..).unwrap_or_default();
            let ends = self.ends.get_mut(cells..).unwrap_or_default();
            let (result, read, written, ended) = self.csv.read_record(input, output, ends);
            self.file.consume(read);
            (length, cells) = (length + written, cells + ended);
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull if length < LONGEST_ROW => self.bytes.resize(self.bytes.len() * 2, 0),
                ReadRecordResult::OutputFull => return Err(self.here(ConvertError::too_long(&self.part))),
                ReadRecordResult::OutputEndsFull => {
                    let problem = format!("it has more than {MOST_COLUMNS} cells");
                    return Err(self.here(ConvertError::unfit(&self.part, problem)));
                }
                ReadRecordResult::Record => break,
                ReadRecordResult::End => return Ok(None),
            }
        }
        self.read += 1;
        Ok(Some(Record {
            bytes: self.bytes.get(..length).unwrap_or_default(),
            ends: self.ends.get(..cells).unwrap_or_default(),
        }))
    }

    /// An error of the next record.
    fn here(&self, error: ConvertError) -> ConvertError {
        if self.read == 0 { error } else { error.at_row(self.read) }
    }
}

impl<'a> Record<'a> {
    pub(crate) const fn len(self) -> usize {
        self.ends.len()
    }

    pub(crate) fn get(self, cell: usize) -> Option<&'a [u8]> {
        let end = *self.ends.get(cell)?;
        let start = cell.checked_sub(1).and_then(|before| self.ends.get(before));
        self.bytes.get(start.copied().unwrap_or_default()..end)
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = &'a [u8]> {
        (0..self.len()).filter_map(move |cell| self.get(cell))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(content: &[u8]) -> Result<Vec<Vec<Vec<u8>>>, ConvertError> {
        let folder = tempfile::tempdir().unwrap();
        let part = folder.path().join("part.csv");
        std::fs::write(&part, content).unwrap();
        let mut records = Records::open(&part)?;
        let mut found = Vec::new();
        while let Some(record) = records.next()? {
            found.push(record.iter().map(<[u8]>::to_vec).collect());
        }
        Ok(found)
    }

    #[test]
    fn a_row_takes_no_more_memory_than_one_that_can_be_converted() {
        let open = [b"a\n\"", &vec![b'x'; LONGEST_ROW + 1][..]].concat();
        let error = read(&open).unwrap_err();
        assert!(error.is_about_answer());
        assert_eq!(error.to_string(), "the answer, row 1: it is longer than 64 MiB");
        let wide = format!("a\n1\n{}\n", ",".repeat(MOST_COLUMNS + 1));
        assert_eq!(
            read(wide.as_bytes()).unwrap_err().to_string(),
            "the answer, row 2: it has more than 10000 cells"
        );
        let widest = ",".repeat(MOST_COLUMNS - 1);
        assert_eq!(read(widest.as_bytes()).unwrap()[0].len(), MOST_COLUMNS);
    }

    proptest! {
        #[test]
        fn records_are_read_as_csv_reads_them(text in "\u{feff}?[a\",\r\n가]{0,60}") {
            let mut reader = ::csv::ReaderBuilder::new();
            let reader = reader.has_headers(false).flexible(true).from_reader(text.as_bytes());
            let expected: Vec<Vec<Vec<u8>>> = reader
                .into_byte_records()
                .map(|record| record.unwrap().iter().map(<[u8]>::to_vec).collect())
                .collect();
            prop_assert_eq!(read(text.as_bytes()).unwrap(), expected);
        }
    }
}
