//! The part of an input that is in memory.

use std::{
    io::{self, Cursor, Read},
    ops::Range,
};

use crate::{
    encoding,
    end_mark::WithoutEndMark,
    format::Encoding,
    frame::Stop,
    line_count::{LineCount, Part},
    utf16::{self, Order, Utf16Reader},
};

/// The most bytes of one record; a longer one is skipped and not parsed as JSON.
pub const MAX_RECORD: usize = 8 * 1024 * 1024;
/// How much to read at once.
const CHUNK: usize = 64 * 1024;
/// How much to keep of a record that is too long.
pub(crate) const KEPT_OF_LONG: usize = 1024;

/// Limits of what is in memory; smaller in tests.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) chunk: usize,
    pub(crate) record: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            chunk: CHUNK,
            record: MAX_RECORD,
        }
    }
}

/// Bytes read but not yet used: at most the longest record and one chunk.
pub(crate) struct Window {
    reader: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    ended: bool,
    encoding: Option<Encoding>,
    /// Whether a byte order mark was at the beginning.
    has_mark: bool,
    /// Where the window starts in the decompressed input.
    offset: u64,
    /// The same in the bytes that the framing reads, which differ in UTF-16.
    passed: u64,
    /// The line on which it starts.
    line: u64,
    /// The byte that ends a line.
    line_break: u8,
    /// How many line ends have been read from the input, used or not.
    arrived: u64,
    /// The lines that have been used.
    lines: LineCount,
    /// What the last line is part of while its end has not been used.
    open_line: Option<Part>,
    pub(crate) bounds: Bounds,
    /// The first bytes of a record that is too long.
    pub(crate) head: Vec<u8>,
}

impl Window {
    /// Reads the beginning and detects as much of the encoding as it shows.
    pub(crate) fn open(reader: Box<dyn Read + Send>, forced: Option<Encoding>, bounds: Bounds) -> io::Result<Self> {
        let mut window = Self {
            reader,
            buffer: vec![0; bounds.chunk],
            start: 0,
            end: 0,
            ended: false,
            encoding: forced,
            has_mark: false,
            offset: 0,
            passed: 0,
            line: 1,
            line_break: b'\n',
            arrived: 0,
            lines: LineCount::default(),
            open_line: None,
            bounds,
            head: Vec::new(),
        };
        while window.end < encoding::DECIDING_BEGINNING && window.more()? {}
        let mark = if let Some(forced) = forced {
            encoding::mark_of(forced, window.unread())
        } else {
            let found = encoding::of_beginning(window.unread());
            window.encoding = found.map(|(encoding, _)| encoding);
            found.map_or(0, |(_, mark)| mark)
        };
        window.has_mark = mark > 0;
        window.start = mark;
        window.offset = mark as u64;
        window.read_as_text();
        while window.unread().len() < encoding::DECIDING_BEGINNING && window.more()? {}
        Ok(window)
    }

    /// Puts the bytes read back in front of the rest, and reads everything as text without a mark at its end.
    fn read_as_text(&mut self) {
        let begun = Cursor::new(self.unread().to_vec());
        let bytes = begun.chain(std::mem::replace(&mut self.reader, Box::new(io::empty())));
        self.reader = match self.order() {
            Some(order) => Box::new(WithoutEndMark::new(Utf16Reader::new(bytes, order))),
            None => Box::new(WithoutEndMark::new(bytes)),
        };
        (self.start, self.end, self.ended) = (0, 0, false);
        self.arrived = 0;
    }

    /// The bytes in memory, from the start of the window.
    pub(crate) fn unread(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Whether the input ends with these bytes.
    pub(crate) const fn is_all(&self) -> bool {
        self.ended
    }

    #[cfg(test)]
    pub(crate) fn capacity(&self) -> usize {
        self.buffer.capacity()
    }

    pub(crate) const fn offset(&self) -> u64 {
        self.offset
    }

    /// How many bytes of the window have been passed.
    pub(crate) const fn passed(&self) -> u64 {
        self.passed
    }

    pub(crate) const fn line(&self) -> u64 {
        self.line
    }

    /// The encoding, as far as it is known: nothing but ASCII was read without one.
    pub(crate) const fn encoding(&self) -> Option<Encoding> {
        self.encoding
    }

    pub(crate) const fn has_mark(&self) -> bool {
        self.has_mark
    }

    /// The encoding of a record in the window. The first one that is not ASCII decides it for the rest of the input.
    ///
    /// JSON is UTF-8 unless another encoding fits; a table may be in any encoding.
    pub(crate) fn encoding_of(&mut self, record: &Range<usize>, is_json: bool) -> Result<Encoding, Stop> {
        if let Some(encoding) = self.encoding {
            return Ok(encoding);
        }
        let bytes = self.unread().get(record.clone()).unwrap_or_default();
        if bytes.is_ascii() {
            return Ok(Encoding::Utf8);
        }
        let first = bytes.iter().take_while(|byte| byte.is_ascii()).count();
        let first = record.start + first;
        self.encoding = self.decide(first)?.or(is_json.then_some(Encoding::Utf8));
        self.encoding.ok_or_else(|| {
            let before = self.unread().get(..first).unwrap_or_default();
            Stop::Encoding(self.line + memchr::memchr_iter(b'\n', before).count() as u64)
        })
    }

    /// Decides the encoding of a table if the bytes in memory show it: a load that cannot read its input should not
    /// begin.
    pub(crate) fn look_ahead(&mut self) -> Result<(), Stop> {
        match self.unread().iter().position(|byte| !byte.is_ascii()) {
            Some(first) => self.encoding_of(&(first..first + 1), false).map(drop),
            None => Ok(()),
        }
    }

    fn decide(&mut self, from: usize) -> io::Result<Option<Encoding>> {
        while self.unread().len() < from + encoding::DECIDING && self.more()? {}
        let after = self.unread().get(from..).unwrap_or_default();
        let is_end = self.ended && after.len() <= encoding::DECIDING;
        Ok(encoding::of_text(
            after.get(..encoding::DECIDING).unwrap_or(after),
            is_end,
        ))
    }

    /// Moves the start of the window past a part of a record that is too long, and keeps its first bytes.
    pub(crate) fn pass_long(&mut self, count: usize, part: Part) {
        let room = KEPT_OF_LONG.saturating_sub(self.head.len());
        let passed = self.buffer.get(self.start..self.start + count).unwrap_or_default();
        self.head.extend(passed.iter().take(room));
        self.pass(count, part);
    }

    /// The byte order, if the input is UTF-16.
    pub(crate) fn order(&self) -> Option<Order> {
        self.encoding.and_then(Order::of)
    }

    /// Moves the start of the window forward, and counts the lines that it passes as parts of this.
    pub(crate) fn pass(&mut self, count: usize, part: Part) {
        let passed = self.unread().get(..count).unwrap_or_default();
        let lines = memchr::memchr_iter(self.line_break, passed).count();
        self.pass_lines(count, lines, part);
    }

    /// Moves the start of the window forward past bytes that end this many lines.
    pub(crate) fn pass_lines(&mut self, count: usize, lines: usize, part: Part) {
        let passed = self.unread().get(..count).unwrap_or_default();
        let Some(last) = passed.last() else { return };
        let open_line = (*last != self.line_break).then_some(part);
        let length = passed.len();
        let original = if self.order().is_some() {
            utf16::original_length(passed)
        } else {
            length
        };
        self.offset += original as u64;
        self.passed += length as u64;
        self.start += length;
        self.line += lines as u64;
        *self.lines.of(part) += lines as u64;
        self.open_line = open_line;
    }

    /// Takes another byte for the end of a line than the line feed. Call it before a record is read.
    pub(crate) fn set_line_break(&mut self, byte: u8) {
        self.line_break = byte;
        self.arrived = self.line - 1 + memchr::memchr_iter(byte, self.unread()).count() as u64;
    }

    /// The lines that have been used; at the end of the input, all of them.
    pub(crate) fn lines(&self) -> LineCount {
        let mut lines = self.lines;
        lines.total = self.arrived;
        if let Some(part) = self.open_line {
            lines.total += 1;
            *lines.of(part) += 1;
        }
        lines
    }

    /// Moves the start of the window past spaces and line breaks, reading on as needed; false at the end of the input.
    pub(crate) fn skip_blank(&mut self) -> io::Result<bool> {
        loop {
            let blank = self
                .unread()
                .iter()
                .take_while(|byte| byte.is_ascii_whitespace())
                .count();
            self.pass(blank, Part::Blank);
            if !self.unread().is_empty() {
                return Ok(true);
            }
            if !self.more()? {
                return Ok(false);
            }
        }
    }

    /// Reads more; false at the end of the input.
    pub(crate) fn more(&mut self) -> io::Result<bool> {
        if self.ended {
            return Ok(false);
        }
        if self.start > 0 && self.buffer.len() - self.end < self.bounds.chunk {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.buffer.len() == self.end {
            let longer = (2 * self.buffer.len()).min(self.bounds.record + 2 * self.bounds.chunk);
            let longer = longer.max(self.end + self.bounds.chunk);
            self.buffer.reserve_exact(longer - self.buffer.len());
            self.buffer.resize(longer, 0);
        }
        let free = self.buffer.get_mut(self.end..).unwrap_or_default();
        loop {
            match self.reader.read(free) {
                Ok(0) => {
                    self.ended = true;
                    return Ok(false);
                }
                Ok(count) => {
                    let arrived = free.get(..count).unwrap_or_default();
                    self.arrived += memchr::memchr_iter(self.line_break, arrived).count() as u64;
                    self.end += count;
                    return Ok(true);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}
