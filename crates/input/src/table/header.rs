//! The header of a table, and what may be above it.

use super::{
    Cells, Header, Table, line_end,
    scanner::{Breaks, Grammar, MAX_COLUMNS},
};
use crate::{
    frame::{Body, Stop},
    line_count::Part,
    look,
    source::EMPTY,
    window::Window,
};

impl Table {
    /// Reads the header: the names of the columns, some of which may be empty.
    pub(crate) fn header(&mut self, window: &mut Window) -> Result<Vec<String>, Stop> {
        let stop = |line, problem: String| Err(Stop::Format(Some(line), problem));
        while self.layout.skip_top > 0 && memchr::memchr2(b'\n', b'\r', window.unread()).is_none() && window.more()? {}
        let is_old = memchr::memchr(b'\n', window.unread()).is_none();
        let byte = if is_old { b'\r' } else { b'\n' };
        if is_old && self.layout.skip_top > 0 {
            window.set_line_break(byte);
        }
        for _ in 0..self.layout.skip_top {
            let length = line_end(window, 0, byte)?;
            window.pass(length.unwrap_or(window.unread().len()), Part::Skipped);
        }
        self.separator_line(window)?;
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
        if self.scanner.columns() > MAX_COLUMNS {
            return stop(
                frame.line,
                format!("the header has more than {MAX_COLUMNS} columns: check the delimiter"),
            );
        }
        let names: Vec<_> = cells.iter().map(|name| name.trim().to_owned()).collect();
        self.header = Header {
            names: cells.iter().map(|name| look::name(name).to_lowercase()).collect(),
            is_read: true,
        };
        let breaks = if self.scanner.ended_with_return() {
            Breaks::CarriageReturn
        } else {
            Breaks::LineFeed
        };
        window.set_line_break(breaks.byte());
        window.pass(std::mem::take(&mut self.pending), Part::Header);
        self.scanner.set_grammar(Grammar {
            breaks,
            ..self.scanner.grammar()
        });
        Ok(names)
    }

    /// Passes over a first line such as `sep=;`, which spreadsheets understand.
    fn separator_line(&mut self, window: &mut Window) -> Result<(), Stop> {
        while window.unread().len() < 7 && window.more()? {}
        let (delimiter, length) = match window.unread() {
            [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', delimiter, b'\r', b'\n', ..] => (*delimiter, 7),
            [
                b's' | b'S',
                b'e' | b'E',
                b'p' | b'P',
                b'=',
                delimiter,
                b'\n' | b'\r',
                ..,
            ] => (*delimiter, 6),
            _ => return Ok(()),
        };
        if delimiter == b'"' || !(delimiter == b'\t' || delimiter.is_ascii_punctuation()) {
            return Ok(());
        }
        if self.layout.delimiter.is_none() {
            self.scanner.set_grammar(Grammar {
                delimiter,
                ..self.scanner.grammar()
            });
        }
        window.pass(length, Part::Skipped);
        Ok(())
    }

    /// Whether these cells are those of the header.
    pub(crate) fn is_header(&self, cells: &Cells) -> bool {
        let same = |name: &String, cell: &str| {
            if cell.is_ascii() {
                // As nearly every cell of nearly every row: nothing is allocated for it.
                cell.trim().eq_ignore_ascii_case(name)
            } else {
                look::name(cell).to_lowercase() == *name
            }
        };
        let mut cells = cells.iter();
        let mut names = self.header.names.iter();
        names.all(|name| cells.next().is_some_and(|cell| same(name, cell))) && cells.next().is_none()
    }
}
