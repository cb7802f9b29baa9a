//! CSV and TSV: a header, and one record per row.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use crate::{
    encoding::{self, BadByte},
    format::Encoding,
    frame::{Body, Frame, Stop},
    source::EMPTY,
    window::Window,
};

/// The most columns of a table.
const MAX_COLUMNS: usize = 4096;

/// Finds rows and splits them into cells.
pub(crate) struct Table {
    reader: Reader,
    pending: usize,
    row: Row,
    /// How many columns the header has; zero before it is read.
    columns: usize,
}

/// The cells of one row, still in the encoding of the input.
#[derive(Default)]
struct Row {
    /// The unquoted cells, one after another.
    cells: Vec<u8>,
    ends: Vec<usize>,
    length: usize,
    count: usize,
    /// How many cells came before these, in a row with more than can be held.
    dropped: usize,
}

/// How a row ended.
enum Ended {
    /// After this many bytes of the window, with its break.
    Break(usize),
    /// With the input.
    Input(usize),
    /// It did not end: a quote is still open at the end of the input.
    Unclosed(usize),
    TooLong(u64),
}

impl Table {
    pub(crate) fn new(delimiter: u8) -> Self {
        let mut reader = ReaderBuilder::new().delimiter(delimiter).build();
        // On its first read it would remove a byte order mark, which the window has already done.
        reader.read_record(b"\n", &mut [0], &mut [0]);
        Self {
            reader,
            pending: 0,
            row: Row::default(),
            columns: 0,
        }
    }

    /// Reads the header.
    pub(crate) fn header(&mut self, window: &mut Window) -> Result<Vec<String>, Stop> {
        let stop = |line, problem: String| Err(Stop::Format(Some(line), problem));
        let Some(frame) = self.next(window)? else {
            return Err(Stop::Format(None, EMPTY.to_owned()));
        };
        let range = match frame.body {
            Body::Whole(range) => range,
            Body::Broken(_, problem) => return stop(frame.line, problem),
            Body::TooLong(_) => return stop(frame.line, "the header is too long to be one".to_owned()),
        };
        let encoding = window.encoding_of(&range, false)?;
        let mut cells = Cells::default();
        if let Err(bad) = self.cells(window.unread().get(range).unwrap_or_default(), encoding, &mut cells) {
            return stop(frame.line, bad.problem("header"));
        }
        let names: Vec<_> = cells.iter().map(|name| name.trim().to_owned()).collect();
        for (index, name) in names.iter().enumerate() {
            if name.is_empty() {
                return stop(frame.line, format!("column {} of the header has no name", index + 1));
            }
            if let Some(before) = names.iter().take(index).position(|other| other == name) {
                return stop(
                    frame.line,
                    format!(
                        "columns {} and {} of the header have the same name",
                        before + 1,
                        index + 1
                    ),
                );
            }
        }
        if self.row.dropped > 0 {
            return stop(
                frame.line,
                format!("the header has more than {MAX_COLUMNS} columns: check the delimiter"),
            );
        }
        self.columns = names.len();
        Ok(names)
    }

    pub(crate) fn next(&mut self, window: &mut Window) -> Result<Option<Frame>, Stop> {
        window.advance_counting(std::mem::take(&mut self.pending));
        if !Self::skip_breaks(window)? {
            return Ok(None);
        }
        let (line, offset) = (window.line(), window.offset());
        let ended = self.read_row(window)?;
        let body = match ended {
            Ended::TooLong(length) => Body::TooLong(length),
            Ended::Break(length) | Ended::Input(length) => {
                self.pending = length;
                let range = 0..length - usize::from(matches!(ended, Ended::Break(_)));
                let (found, due) = (self.row.dropped + self.row.count, self.columns);
                if due == 0 || found == due {
                    Body::Whole(range)
                } else {
                    let columns = if found == 1 { "column" } else { "columns" };
                    Body::Broken(range, format!("the row has {found} {columns}, the header has {due}"))
                }
            }
            Ended::Unclosed(length) => {
                self.pending = length;
                let row = window.unread().get(..length).unwrap_or_default();
                let lines = memchr::memchr_iter(b'\n', row.trim_ascii_end()).count() + 1;
                Body::Broken(
                    0..length,
                    format!(
                        "a quote that opens in this row is never closed: its {lines} lines up to the end were read as one row"
                    ),
                )
            }
        };
        Ok(Some(Frame { line, offset, body }))
    }

    /// Skips line breaks, including blank lines.
    fn skip_breaks(window: &mut Window) -> Result<bool, Stop> {
        loop {
            let is_break = |byte: &&u8| matches!(byte, b'\r' | b'\n');
            let breaks = window.unread().iter().take_while(is_break).count();
            window.advance_counting(breaks);
            if !window.unread().is_empty() {
                return Ok(true);
            }
            if !window.more()? {
                return Ok(false);
            }
        }
    }

    /// Reads the row at the start of the window.
    fn read_row(&mut self, window: &mut Window) -> Result<Ended, Stop> {
        (self.row.length, self.row.count, self.row.dropped) = (0, 0, 0);
        let mut scanned = 0;
        let mut passed = None;
        loop {
            let unread = window.unread().get(scanned..).unwrap_or_default();
            if unread.is_empty() {
                if window.more()? {
                    continue;
                }
                // A line break ends a row unless a quote is open.
                return Ok(match (passed, self.row.read_all(&mut self.reader, b"\n")) {
                    (Some(length), _) => Ended::TooLong(length),
                    (None, ReadRecordResult::Record) => Ended::Input(scanned),
                    (None, _) => Ended::Unclosed(scanned),
                });
            }
            let (result, read) = self.row.read(&mut self.reader, unread);
            scanned += read;
            let is_done = matches!(result, ReadRecordResult::Record);
            if scanned - usize::from(is_done) > window.bounds.record || passed.is_some() {
                if passed.is_none() {
                    window.head.clear();
                }
                let text = scanned - usize::from(is_done);
                window.pass_long(scanned);
                let length = passed.unwrap_or(0) + text as u64;
                if is_done {
                    return Ok(Ended::TooLong(length));
                }
                passed = Some(length);
                scanned = 0;
            } else if is_done {
                return Ok(Ended::Break(scanned));
            }
            if passed.is_some() {
                (self.row.length, self.row.count) = (0, 0);
            }
        }
    }

    /// The cells of the row found last.
    pub(crate) fn cells(&self, row: &[u8], encoding: Encoding, out: &mut Cells) -> Result<(), BadByte> {
        out.text.clear();
        out.ends.clear();
        let cells = self.row.cells.get(..self.row.length).unwrap_or_default();
        let ends = self.row.ends.get(..self.row.count).unwrap_or_default();
        // One check of all cells is enough, unless a character spans two cells.
        if let Ok(text) = simdutf8::basic::from_utf8(cells)
            && (encoding != Encoding::Cp949 || text.is_ascii())
            && ends.iter().all(|end| text.is_char_boundary(*end))
        {
            out.text.push_str(text);
            out.ends.extend_from_slice(ends);
            return Ok(());
        }
        let mut start = 0;
        for end in ends {
            let cell = cells.get(start..*end).unwrap_or_default();
            start = *end;
            match encoding::decode(cell, encoding, &mut out.scratch) {
                Ok(text) => out.text.push_str(text),
                // The position counts in the row, which still has its quotes.
                Err(bad) => {
                    return Err(encoding::decode(row, encoding, &mut out.scratch).err().unwrap_or(bad));
                }
            }
            out.ends.push(out.text.len());
        }
        Ok(())
    }
}

impl Row {
    /// Makes room, then reads to the end of the row, of the input or of that room.
    fn read(&mut self, reader: &mut Reader, input: &[u8]) -> (ReadRecordResult, usize) {
        if self.length == self.cells.len() {
            self.cells.resize((2 * self.cells.len()).max(4096), 0);
        }
        if self.count == MAX_COLUMNS {
            self.dropped += std::mem::take(&mut self.count);
        } else if self.count == self.ends.len() {
            self.ends.resize((2 * self.ends.len()).clamp(64, MAX_COLUMNS), 0);
        }
        let cells = self.cells.get_mut(self.length..).unwrap_or_default();
        let ends = self.ends.get_mut(self.count..).unwrap_or_default();
        let (result, read, written, ended) = reader.read_record(input, cells, ends);
        self.length += written;
        self.count += ended;
        (result, read)
    }

    /// Reads a whole short input.
    fn read_all(&mut self, reader: &mut Reader, input: &[u8]) -> ReadRecordResult {
        let mut rest = input;
        loop {
            let (result, read) = self.read(reader, rest);
            rest = rest.get(read..).unwrap_or_default();
            if rest.is_empty() || matches!(result, ReadRecordResult::Record) {
                return result;
            }
        }
    }
}

/// The cells of a row as text.
#[derive(Default)]
pub(crate) struct Cells {
    text: String,
    ends: Vec<usize>,
    scratch: String,
}

impl Cells {
    pub(crate) fn get(&self, index: usize) -> Option<&str> {
        let start = match index.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        self.text.get(start..*self.ends.get(index)?)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.ends.len()).filter_map(|index| self.get(index))
    }
}
