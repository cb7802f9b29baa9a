//! Cuts raw exports at the ends of rows, so that the pieces can be read side by side.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use super::{error::ConvertError, limits::LONGEST_ROW};

const MARK: &[u8] = "\u{feff}".as_bytes();

/// Whole rows of a raw export.
pub(super) struct Chunk {
    /// Which export, from 0.
    pub(super) part: usize,
    /// Whether its header line comes first.
    pub(super) has_header: bool,
    pub(super) bytes: Vec<u8>,
}

/// The pieces of raw exports, in order, without byte order marks.
pub(super) struct Chunks<'a> {
    parts: &'a [PathBuf],
    size: usize,
    /// The open export is the one before this.
    next: usize,
    file: Option<File>,
    /// The beginning of the next piece.
    rest: Vec<u8>,
    has_header: bool,
}

impl<'a> Chunks<'a> {
    /// Pieces of about `size` bytes, and of more only for a row that is longer, up to [`LONGEST_ROW`].
    pub(super) fn new(parts: &'a [PathBuf], size: usize) -> Self {
        Self {
            parts,
            size,
            next: 0,
            file: None,
            rest: Vec::new(),
            has_header: false,
        }
    }

    fn open(&mut self) -> Option<Result<(), ConvertError>> {
        let part = self.parts.get(self.next)?;
        self.next += 1;
        self.has_header = true;
        self.rest.clear();
        let opened = File::open(part).and_then(|mut file| {
            (&mut file).take(MARK.len() as u64).read_to_end(&mut self.rest)?;
            Ok(file)
        });
        if self.rest == MARK {
            self.rest.clear();
        }
        match opened {
            Ok(file) => self.file = Some(file),
            Err(error) => return Some(Err(ConvertError::reading(part, error))),
        }
        Some(Ok(()))
    }

    /// The next piece of the open export, if there is one.
    fn cut(&mut self, part: &Path) -> Result<Option<Chunk>, ConvertError> {
        let Some(mut file) = self.file.take() else {
            return Ok(None);
        };
        let mut bytes = std::mem::take(&mut self.rest);
        let mut size = self.size;
        loop {
            let read = fill(&mut file, &mut bytes, size).map_err(|error| ConvertError::reading(part, error))?;
            let is_last = read == 0 && bytes.len() < size;
            let found = find_row_end(&bytes);
            if is_last && found.within_quotes {
                return Err(ConvertError::unfit(part, "it ends within a quoted cell"));
            }
            let end = if is_last { Some(bytes.len()) } else { found.row_end };
            if let Some(end) = end {
                self.rest = bytes.split_off(end);
                self.file = (!is_last).then_some(file);
                let has_header = std::mem::take(&mut self.has_header);
                return Ok((!bytes.is_empty()).then_some(Chunk {
                    part: self.next - 1,
                    has_header,
                    bytes,
                }));
            }
            if size >= LONGEST_ROW {
                return Err(ConvertError::too_long(part).at_row(1));
            }
            size *= 2;
        }
    }
}

impl Iterator for Chunks<'_> {
    type Item = Result<Chunk, ConvertError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.file.is_none()
                && let Err(error) = self.open()?
            {
                return Some(Err(error));
            }
            let part = self.parts.get(self.next - 1)?;
            if let Some(found) = self.cut(part).transpose() {
                return Some(found);
            }
        }
    }
}

/// Reads until `bytes` has `size`, or to the end; returns 0 only at the end.
fn fill(file: &mut File, bytes: &mut Vec<u8>, size: usize) -> io::Result<usize> {
    let wanted = size.saturating_sub(bytes.len());
    bytes.reserve_exact(wanted);
    file.take(wanted as u64).read_to_end(bytes)
}

#[derive(Debug, PartialEq, Eq)]
struct Found {
    /// Where the last row that has an end ends.
    row_end: Option<usize>,
    /// Whether the bytes end within a quoted cell.
    within_quotes: bool,
}

/// Finds the end of the last row in bytes that begin with a row, as `csv_core` would: a quote at the beginning of a
/// cell begins a quoted one, any other outside of one is text.
fn find_row_end(bytes: &[u8]) -> Found {
    let (mut row_end, mut at) = (None, 0);
    loop {
        let outside = bytes.get(at..).unwrap_or_default();
        let quote = memchr::memchr(b'"', outside);
        let text = outside.get(..quote.unwrap_or(outside.len())).unwrap_or_default();
        if let Some(end) = memchr::memrchr2(b'\n', b'\r', text) {
            row_end = Some(at + end + 1);
        }
        let Some(quote) = quote.map(|quote| at + quote) else {
            let within_quotes = false;
            return Found { row_end, within_quotes };
        };
        let before = quote.checked_sub(1).and_then(|before| bytes.get(before));
        at = quote + 1;
        if before.is_none_or(|before| matches!(before, b',' | b'\n' | b'\r')) {
            let Some(length) = find_quoted_end(bytes.get(at..).unwrap_or_default()) else {
                let within_quotes = true;
                return Found { row_end, within_quotes };
            };
            at += length;
        }
    }
}

/// The length of what a quoted cell holds, its closing quote included.
fn find_quoted_end(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr(b'"', bytes.get(at..)?)? + 1;
        if bytes.get(at) != Some(&b'"') {
            return Some(at);
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::rows::{Batch, Reader, Row},
        *,
    };

    fn rows_of(bytes: &[u8]) -> Vec<Vec<Vec<u8>>> {
        let mut reader = csv::ReaderBuilder::new();
        let reader = reader.has_headers(false).flexible(true);
        // The mark is skipped before; what follows a line break is none.
        let bytes = [b"\n", bytes].concat();
        let records = reader.from_reader(&bytes[..]).into_byte_records();
        records
            .map(|record| record.unwrap().iter().map(<[u8]>::to_vec).collect())
            .collect()
    }

    #[test]
    fn any_line_break_ends_a_row() {
        for line_break in ["\n", "\r\n", "\r"] {
            let folder = tempfile::tempdir().unwrap();
            let parts = [folder.path().join("part.csv")];
            std::fs::write(&parts[0], ["a", "b", "c", "d"].join(line_break)).unwrap();
            let chunks = Chunks::new(&parts, 4).map(|chunk| chunk.unwrap().bytes);
            assert!(chunks.count() > 1, "{line_break:?}");
        }
    }

    proptest! {
        #[test]
        fn pieces_hold_the_same_rows(text in "[a\",\r\n가]{0,60}", size in 1_usize..20) {
            let folder = tempfile::tempdir().unwrap();
            let part = folder.path().join("part.csv");
            std::fs::write(&part, &text).unwrap();
            let parts = [part];
            let mut chunks = Vec::new();
            let mut is_cut = false;
            for chunk in Chunks::new(&parts, size) {
                match chunk {
                    Ok(chunk) => chunks.push(chunk),
                    Err(_) => is_cut = true,
                }
            }
            // A quoted cell that is still open takes more rows for text.
            let more = rows_of(&[text.as_bytes(), b"\nend\n"].concat());
            let is_open = more.last() != Some(&vec![b"end".to_vec()]);
            prop_assert_eq!(is_cut, is_open);
            if !is_cut {
                let found: Vec<_> = chunks.iter().flat_map(|chunk| rows_of(&chunk.bytes)).collect();
                prop_assert_eq!(found, rows_of(text.as_bytes()));
                prop_assert!(chunks.iter().skip(1).all(|chunk| !chunk.has_header));
            }
        }

        #[test]
        fn rows_are_read_as_csv_reads_them(text in "\u{feff}?[a\",\r\n가]{0,60}", size in 1_usize..20) {
            let expected = rows_of(text.as_bytes());
            let columns = expected.first().map_or(0, Vec::len);
            let whole = expected.iter().take_while(|row| row.len() == columns).count();
            let mut reader = Reader::new(text.as_bytes(), columns);
            let (mut batch, mut found) = (Batch::new(), Vec::<Vec<Vec<u8>>>::new());
            while let Ok(Some(rows)) = reader.fill(&mut batch, size) {
                let cells = |row: Row<'_>| (0..columns).map(|at| row.cell(at).unwrap().into()).collect();
                found.extend(rows.iter().map(cells));
            }
            prop_assert!(found.len() <= whole);
            prop_assert_eq!(&found[..], &expected[..found.len()]);
            if whole == expected.len() {
                prop_assert_eq!(found.len(), whole);
            }
        }
    }
}
