//! Counts the rows of an export, and finds what among them is not a row, to know whether the export is whole.

use crate::{byte_order_mark::ByteOrderMark, csv_foreign::ForeignText, csv_scanner::RowScanner};

/// Counts rows as a reader of CSV would, and notes the first thing that is not a row.
pub(crate) struct RowCounter {
    mark: ByteOrderMark,
    scanner: RowScanner,
    foreign: ForeignText,
    /// The bytes that have come.
    come: u64,
    /// Rows that have ended, the header included.
    ended: u64,
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
            scanner: RowScanner::default(),
            foreign: ForeignText::default(),
            come: 0,
            ended: 0,
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
        while !bytes.is_empty() {
            let (read, fields) = self.scanner.read_row(bytes);
            let (row, rest) = bytes.split_at(read);
            self.foreign.begin_row(row);
            bytes = rest;
            if let Some(fields) = fields {
                self.end_row(fields);
            }
        }
    }

    fn end_row(&mut self, fields: usize) {
        self.foreign.end_row(self.come);
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
        // A line break ends a row that has none yet; between rows it means nothing; within quotes it does not end them.
        if let (_, Some(fields)) = self.scanner.read_row(b"\n") {
            self.end_row(fields);
        }
        if let Some(place) = self.foreign.at_the_end() {
            return Err(foreign_at(place));
        }
        if self.scanner.is_within_quotes() {
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
    use csv_core::ReadFieldResult;
    use proptest::prelude::*;

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

    /// The same with the state machine of `csv_core`, byte by byte.
    struct Strict {
        /// Its own scanner is not used.
        counter: RowCounter,
        reader: csv_core::Reader,
        fields: usize,
    }

    impl Strict {
        fn feed(&mut self, piece: &[u8]) {
            self.counter.foreign.feed(piece, self.counter.come);
            let (before, rest) = self.counter.mark.skip(piece);
            for byte in [before, rest].concat() {
                if self.fields == 0 {
                    self.counter.foreign.begin_row(&[byte]);
                }
                self.read(byte);
            }
            self.counter.come += piece.len() as u64;
        }

        fn read(&mut self, byte: u8) {
            // Byte by byte, since `csv_core` would skip a second byte order mark if it came in one piece.
            if let (ReadFieldResult::Field { record_end }, ..) = self.reader.read_field(&[byte], &mut [0; 2]) {
                self.fields += 1;
                if record_end {
                    self.counter.end_row(std::mem::take(&mut self.fields));
                }
            }
        }

        fn check_end(&mut self) -> Result<(), NotRows> {
            let rows = self.counter.ended;
            self.read(b'\n');
            let ended_a_row = self.counter.ended > rows;
            if let Some(place) = self.counter.foreign.at_the_end() {
                return Err(foreign_at(place));
            }
            if !ended_a_row && !matches!(self.reader.read_field(&[], &mut [0]).0, ReadFieldResult::End) {
                return Err(NotRows::Cut("the body ends within a quoted field".to_owned()));
            }
            self.counter
                .ragged
                .map_or(Ok(()), |ragged| Err(self.counter.ragged_row(ragged)))
        }
    }

    /// All that can be seen of a counter.
    fn seen(counter: &RowCounter, result: Result<(), NotRows>) -> impl PartialEq + std::fmt::Debug {
        let ragged = counter.ragged.map(|ragged| (ragged.row, ragged.fields, ragged.place));
        let foreign = counter.foreign.found();
        let result = result.map_err(|problem| match problem {
            NotRows::Cut(problem) => (true, problem),
            NotRows::Row(problem) => (false, problem),
        });
        (counter.ended, counter.columns, ragged, foreign, result)
    }

    fn text() -> impl Strategy<Value = Vec<u8>> {
        let part = prop_oneof![
            8 => prop::sample::select(vec!["\"", ",", "\n", "\r", "\r\n", "\"\"", ",\"", "\",", "\"\n"]).prop_map(Vec::from),
            4 => prop::sample::select(vec!["a,b\n", "1,2\n", "\"x\ny\",\"\"\"\"\r\n", "한국어"]).prop_map(Vec::from),
            1 => prop::sample::select(vec!["\u{feff}", "<html", "\n<?XML ", "{\"result\"", "{\"mess"]).prop_map(Vec::from),
            1 => (1_usize..80).prop_map(|length| vec![b'x'; length]),
            2 => any::<u8>().prop_map(|byte| vec![byte]),
        ];
        prop::collection::vec(part, 0..60).prop_map(|parts| parts.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn the_scanner_reads_as_csv_core_does(text in text(), lengths in prop::collection::vec(1_usize..70, 1..20)) {
            let mut counter = RowCounter::new();
            let mut strict = Strict { counter: RowCounter::new(), reader: csv_core::Reader::new(), fields: 0 };
            let mut rest = &text[..];
            for length in lengths.iter().cycle() {
                let (piece, after) = rest.split_at(rest.len().min(*length));
                counter.feed(piece);
                strict.feed(piece);
                let (fast, slow) = (counter.check_middle(64), strict.counter.check_middle(64));
                prop_assert_eq!(seen(&counter, fast), seen(&strict.counter, slow));
                rest = after;
                if rest.is_empty() {
                    break;
                }
            }
            let (fast, slow) = (counter.check_end(), strict.check_end());
            prop_assert_eq!(seen(&counter, fast), seen(&strict.counter, slow));
        }
    }
}
