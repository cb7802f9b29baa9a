//! Counts the rows of an export, and finds what among them is not a row, to know whether the export is whole.

use csv_core::ReadFieldResult;

use crate::{byte_order_mark::ByteOrderMark, csv_foreign::ForeignText};

/// Counts rows as a reader of CSV would, and notes the first thing that is not a row.
pub(crate) struct RowCounter {
    mark: ByteOrderMark,
    reader: csv_core::Reader,
    foreign: ForeignText,
    /// The bytes that have come.
    come: u64,
    /// Rows that have ended, the header included.
    ended: u64,
    /// Fields of the row that has begun.
    fields: usize,
    columns: Option<usize>,
    /// The first row that does not have one field for each column.
    ragged: Option<Ragged>,
}

#[derive(Clone, Copy)]
struct Ragged {
    row: u64,
    fields: usize,
    /// The bytes that had come before the piece that it ends in.
    place: u64,
}

/// What shows that an answer is not a whole export.
pub(crate) enum NotRows {
    /// It ends, or something of the server's begins, where a row should be.
    Cut(String),
    /// A row in the middle is none of this table.
    Row(String),
}

impl RowCounter {
    pub(crate) fn new() -> Self {
        Self {
            mark: ByteOrderMark::default(),
            reader: csv_core::Reader::new(),
            foreign: ForeignText::default(),
            come: 0,
            ended: 0,
            fields: 0,
            columns: None,
            ragged: None,
        }
    }

    pub(crate) fn feed(&mut self, piece: &[u8]) {
        self.foreign.feed(piece, self.come);
        let (before, rest) = self.mark.skip(piece);
        self.read(before);
        self.read(rest);
        self.come += piece.len() as u64;
    }

    fn read(&mut self, mut bytes: &[u8]) {
        let mut scratch = [0; 1024];
        while !bytes.is_empty() {
            let (result, read, _) = self.reader.read_field(bytes, &mut scratch);
            let (field, rest) = bytes.split_at(read);
            if self.fields == 0 {
                self.foreign.begin_row(field);
            }
            bytes = rest;
            self.note(&result);
        }
    }

    fn note(&mut self, result: &ReadFieldResult) {
        let ReadFieldResult::Field { record_end } = *result else {
            return;
        };
        self.fields += 1;
        if !record_end {
            return;
        }
        self.foreign.end_row(self.come);
        let fields = std::mem::take(&mut self.fields);
        if self.columns.is_some_and(|columns| columns != fields) && self.ragged.is_none() {
            self.ragged = Some(Ragged {
                row: self.ended,
                fields,
                place: self.come,
            });
        }
        self.ended += 1;
        self.columns = self.columns.or(Some(fields));
    }

    /// Whether the header line has ended.
    pub(crate) fn has_header(&self) -> bool {
        self.ended > 0
    }

    /// Rows without the header.
    pub(crate) fn data_rows(&self) -> u64 {
        self.ended.saturating_sub(1)
    }

    /// What is not a row, if more than `held` bytes have come after it: then it is not the end.
    pub(crate) fn check_middle(&self, held: usize) -> Result<(), NotRows> {
        let passed = |place: u64| self.come - place > held as u64;
        if let Some(place) = self.foreign.found().filter(|place| passed(*place)) {
            return Err(foreign_at(place));
        }
        match self.ragged {
            Some(ragged) if passed(ragged.place) => Err(self.ragged_row(ragged)),
            _ => Ok(()),
        }
    }

    /// Whether all that came are complete rows. Feed nothing afterwards.
    pub(crate) fn check_end(&mut self) -> Result<(), NotRows> {
        let mut scratch = [0; 1];
        // A line break ends a row that has none yet; between rows it means nothing; within quotes it does not end them.
        let (result, _, _) = self.reader.read_field(b"\n", &mut scratch);
        let ended_a_row = matches!(result, ReadFieldResult::Field { .. });
        self.note(&result);
        if let Some(place) = self.foreign.at_the_end() {
            return Err(foreign_at(place));
        }
        if !ended_a_row && !matches!(self.reader.read_field(&[], &mut scratch).0, ReadFieldResult::End) {
            return Err(NotRows::Cut("the body ends within a quoted field".to_owned()));
        }
        self.ragged.map_or(Ok(()), |ragged| Err(self.ragged_row(ragged)))
    }

    fn ragged_row(&self, Ragged { row, fields, .. }: Ragged) -> NotRows {
        let columns = self.columns.unwrap_or_default();
        if row == self.data_rows() {
            NotRows::Cut(format!("the last row has {fields} fields, the header has {columns}"))
        } else {
            NotRows::Row(format!("row {row} has {fields} fields, the header has {columns}"))
        }
    }
}

fn foreign_at(place: u64) -> NotRows {
    NotRows::Cut(format!(
        "at byte {place} the answer holds something other than a row, such as a failure or a page"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(text: &str) -> (u64, bool) {
        let mut counter = RowCounter::new();
        counter.feed(text.as_bytes());
        let whole = counter.check_end().is_ok();
        (counter.data_rows(), whole)
    }

    #[test]
    fn rows_are_counted_as_a_reader_of_csv_reads_them() {
        for (text, rows, whole) in [
            ("a,b\n", 0, true),
            ("a,b\n1,2\n3,4", 2, true),
            ("a,b\r\n1,2\r\n\r\n\n", 1, true),
            ("a,b\n1,5\" pipe\n3,4\n", 2, true),
            ("a,b\n1,\"x\ny\"\n", 1, true),
            ("a,b\n1,\"x\"", 1, true),
            ("\u{feff}\"a\n\",b\n1,2\n", 1, true),
            ("a,b\n1,\"x\n", 0, false),
            ("a,b\n1,\"", 0, false),
            ("a,b\n1,2\n3\n", 2, false),
            ("a,b\n1,2\n3,4,5\n", 2, false),
            ("a,b\n1\n3,4\n", 2, false),
            ("a,b\n1,2\n<html>502</html>\n", 2, false),
            ("a,b\n1,2\n<html>Bad gateway, sorry</html>\n", 2, false),
            ("a,b\n1,2\n<!DOCTYPE html><p>a,b\n3,4\n", 3, false),
            ("a,b\n1,2\n\"<html>Bad gateway, sorry</html>\",3\n", 2, true),
            ("a,b\n1,\"\n<html>, \"\n3,4\n", 2, true),
        ] {
            assert_eq!(counted(text), (rows, whole), "{text:?}");
            let mut bytewise = RowCounter::new();
            text.as_bytes().iter().for_each(|byte| bytewise.feed(&[*byte]));
            assert_eq!(bytewise.check_end().is_ok(), whole, "byte by byte: {text:?}");
        }
    }
}
