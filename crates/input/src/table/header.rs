//! The header of a table, and what may be above it.

use super::{
    Cells, Header, Table,
    form::{self, ABOUT_ROW},
    line_end,
    scanner::{Breaks, Grammar, MAX_COLUMNS},
};
use crate::{
    encoding::{self, BadText},
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
        if is_of_bad_rows(window.unread()) {
            // These lines are not in it.
            (self.layout.skip_top, self.layout.skip_bottom) = (0, 0);
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
        let row = window.unread().get(range.clone()).unwrap_or_default();
        if let Err(bad) = self.cells(row, encoding, &mut cells) {
            return Err(match bad {
                BadText::Cp949InUtf8 { .. } => Stop::OtherEncoding(
                    frame.line,
                    "the header looks like CP949, and is to be read as UTF-8".to_owned(),
                ),
                _ => Stop::Format(Some(frame.line), bad.problem("header")),
            });
        }
        let begins_with_about = ABOUT_ROW.iter().enumerate().all(|(index, about)| {
            cells
                .get(index)
                .is_some_and(|cell| look::name(cell).eq_ignore_ascii_case(about))
        });
        if begins_with_about {
            self.header.about_row = ABOUT_ROW.len();
            cells.pass_over(ABOUT_ROW.len());
        }
        let mut scratch = String::new();
        let text = encoding::decode(self.without_about(row), encoding, &mut scratch);
        let text = text.unwrap_or_default().to_owned();
        let line_break = window.unread().get(range.end..self.pending).unwrap_or_default();
        let line_break = match line_break {
            [] => "\n".to_owned(),
            bytes => String::from_utf8_lossy(bytes).into_owned(),
        };
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
            text,
            line_break,
            ..std::mem::take(&mut self.header)
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

    /// The row without the columns about it, which a table of bad rows has.
    pub(crate) fn without_about<'a>(&self, row: &'a [u8]) -> &'a [u8] {
        if self.header.about_row == 0 {
            return row;
        }
        let start = form::behind_about_row(row, self.scanner.grammar().delimiter);
        start.and_then(|start| row.get(start..)).unwrap_or(row)
    }

    /// The line in front of a row, on which its record was in the first input, if this is a table of bad rows.
    pub(crate) fn origin(&self, row: &[u8]) -> Option<u64> {
        let has_reasons = self.header.about_row > 0;
        has_reasons.then(|| form::origin(row, self.scanner.grammar().delimiter))?
    }

    /// Whether the reason in front of a row has these words, if this is a table of bad rows.
    pub(crate) fn reason_has(&self, row: &[u8], words: &str) -> bool {
        self.header.about_row > 0 && form::reason_has(row, self.scanner.grammar().delimiter, words)
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
        self.header.separator_line = true;
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

/// Whether a text begins like a table of bad rows, whose header may stand below a `sep=` line.
fn is_of_bad_rows(text: &[u8]) -> bool {
    text.split(|byte| matches!(byte, b'\n' | b'\r')).take(3).any(|line| {
        let name = line.strip_prefix(b"\"").unwrap_or(line);
        name.get(..ABOUT_ROW[0].len())
            .is_some_and(|name| name.eq_ignore_ascii_case(ABOUT_ROW[0].as_bytes()))
    })
}
