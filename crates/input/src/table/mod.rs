//! CSV and TSV: a header, and one record per row.
//!
//! A quoted cell ends at a quote before the delimiter, a line break or the end of the input. When a quote is in another
//! place, or the lines that it spans look like rows, only the line on which it opens is bad, and reading goes on with
//! the next line. So a quote too many costs its own row and no other.

mod cells;
mod form;
mod header;
#[cfg(feature = "_typed")]
mod row_form;
mod scanner;
mod swallowed;

pub(crate) use self::cells::{Cells, Kind};
pub use self::form::TableForm;
#[cfg(feature = "_typed")]
pub(crate) use self::row_form::RowForm;

use std::collections::VecDeque;

use self::{
    scanner::{Breaks, Fault, Grammar, Scanner, Step, without_break},
    swallowed::{Form, Swallowed, count_breaks, lines_later},
};
use crate::{
    encoding::BadText,
    format::{Encoding, Format},
    frame::{Body, Frame, Stop},
    line_count::Part,
    window::Window,
};

/// How a table is written, as far as its mapping says.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Layout {
    pub(crate) delimiter: Option<u8>,
    pub(crate) escape: Option<u8>,
    /// Whether a row may end before its last cells, which are then empty.
    pub(crate) short_rows: bool,
    /// How many lines stand above the header.
    pub(crate) skip_top: usize,
    /// How many lines stand below the last row.
    pub(crate) skip_bottom: usize,
}

/// Finds rows and splits them into cells.
pub(crate) struct Table {
    scanner: Scanner,
    layout: Layout,
    header: Header,
    /// How many bytes of the window the previous row has, with its line break.
    pending: usize,
    /// Whether the previous row was passed over.
    is_passed_over: bool,
    /// The ends of the next lines, if lines below the last row are to be skipped.
    ahead: VecDeque<u64>,
    /// How many of the next bytes are lines that a wrong quote swallowed: they are read line by line.
    alone: usize,
    /// What these lines must begin with to be rows, if many of them are none.
    form: Option<Form>,
    /// How many of the next bytes may be parts of a quoted cell, so that a quote within a cell is suspect.
    wary: usize,
}

/// The header of a table.
#[derive(Default)]
struct Header {
    names: Vec<String>,
    is_read: bool,
    /// The header as it is in the file, without the columns about bad rows.
    text: String,
    line_break: String,
    separator_line: bool,
    /// How many columns in front are about the rows, as in a table of bad rows.
    about_row: usize,
}

impl Header {
    /// How many cells a row should have.
    const fn due(&self) -> usize {
        self.about_row + self.names.len()
    }
}

/// How a row ended.
enum Ended {
    /// Behind this many bytes, with its line break if it has one.
    Row(usize),
    /// It is no row: the fault shows behind this many bytes.
    Fault(usize, Fault),
    /// It is too long to be held.
    TooLong(u64),
}

impl Table {
    /// `usual` separates the cells if neither the mapping nor the table itself says otherwise.
    pub(crate) fn new(layout: Layout, usual: u8) -> Self {
        Self {
            scanner: Scanner::new(Grammar {
                delimiter: layout.delimiter.unwrap_or(usual),
                escape: layout.escape,
                breaks: Breaks::Undecided,
            }),
            layout,
            header: Header::default(),
            pending: 0,
            is_passed_over: false,
            ahead: VecDeque::new(),
            alone: 0,
            form: None,
            wary: 0,
        }
    }

    pub(crate) fn next(&mut self, window: &mut Window) -> Result<Option<Frame>, Stop> {
        self.pass_pending(window);
        if !self.skip_breaks(window)? {
            return Ok(None);
        }
        if self.layout.skip_bottom > 0 && self.header.is_read && self.is_bottom(window)? {
            while !window.unread().is_empty() {
                window.pass(window.unread().len(), Part::Skipped);
                window.more()?;
            }
            return Ok(None);
        }
        let (line, offset) = (window.line(), window.offset());
        let body = match self.read_row(window)? {
            Ended::TooLong(length) => Body::TooLong(length),
            Ended::Row(read) => self.row(window, read),
            Ended::Fault(at, fault) => self.faulty(window, at, fault)?,
        };
        Ok(Some(Frame { line, offset, body }))
    }

    /// The cells of the row found last.
    pub(crate) fn cells(&self, row: &[u8], encoding: Encoding, out: &mut Cells) -> Result<(), BadText> {
        let (cells, ends) = self.scanner.cells();
        out.decode(cells, ends, row, encoding)?;
        out.pass_over(self.header.about_row);
        Ok(())
    }

    /// The cells of a row that was found before, with its line break.
    pub(crate) fn cells_again(&mut self, row: &[u8], encoding: Encoding, out: &mut Cells) -> Result<(), BadText> {
        self.scanner.begin();
        if self.scanner.scan(row).1 == Step::More {
            self.scanner.finish();
        }
        self.cells(without_break(row), encoding, out)
    }

    /// How the table is written; call it once the header is read.
    pub(crate) fn form(&self, format: Format, window: &Window) -> TableForm {
        let Grammar { delimiter, escape, .. } = self.scanner.grammar();
        TableForm {
            format,
            encoding: window.encoding(),
            byte_order_mark: window.has_mark(),
            separator_line: self.header.separator_line,
            delimiter: delimiter.into(),
            escape: escape.map(char::from),
            line_break: self.header.line_break.clone(),
            header: self.header.text.clone(),
        }
    }

    fn pass(&mut self, window: &mut Window, count: usize, part: Part) {
        self.forget(count);
        window.pass(count, part);
    }

    /// Counts bytes of a stretch with a wrong quote as read.
    const fn forget(&mut self, count: usize) {
        self.alone = self.alone.saturating_sub(count);
        self.wary = self.wary.saturating_sub(count);
    }

    /// How many bytes of the window the previous row has, with its line break.
    pub(crate) const fn row_length(&self) -> usize {
        self.pending
    }

    /// Takes the previous row for none that becomes a record.
    pub(crate) const fn pass_over(&mut self) {
        self.is_passed_over = true;
    }

    /// Moves past the previous row.
    fn pass_pending(&mut self, window: &mut Window) {
        let part = if std::mem::take(&mut self.is_passed_over) {
            Part::PassedOver
        } else {
            Part::Record
        };
        let count = std::mem::take(&mut self.pending);
        self.forget(count);
        if self.scanner.has_quotes() {
            window.pass(count, part);
        } else {
            let byte = self.scanner.grammar().breaks.byte();
            let last = count.checked_sub(1).and_then(|last| window.unread().get(last));
            let has_break = last == Some(&byte);
            window.pass_lines(count, usize::from(has_break), part);
        }
    }

    /// Skips line breaks, including blank lines.
    fn skip_breaks(&mut self, window: &mut Window) -> Result<bool, Stop> {
        loop {
            let is_break = |byte: &&u8| matches!(byte, b'\r' | b'\n');
            let breaks = window.unread().iter().take_while(is_break).count();
            self.pass(window, breaks, Part::Blank);
            if !window.unread().is_empty() {
                return Ok(true);
            }
            if !window.more()? {
                return Ok(false);
            }
        }
    }

    /// Whether only the lines below the last row are left.
    fn is_bottom(&mut self, window: &mut Window) -> Result<bool, Stop> {
        let byte = self.scanner.grammar().breaks.byte();
        let start = window.passed();
        while self.ahead.front().is_some_and(|end| *end <= start) {
            self.ahead.pop_front();
        }
        let place = |end: &u64| usize::try_from(end - start).unwrap_or(usize::MAX);
        let mut at = self.ahead.back().map_or(0, place);
        while self.ahead.len() <= self.layout.skip_bottom {
            let Some(end) = line_end(window, at, byte)? else {
                return Ok(false);
            };
            if end == at {
                return Ok(true);
            }
            let line = window.unread().get(at..end).unwrap_or_default();
            if !line.trim_ascii().is_empty() {
                self.ahead.push_back(start + end as u64);
            }
            at = end;
        }
        Ok(false)
    }

    /// Reads the row at the start of the window.
    fn read_row(&mut self, window: &mut Window) -> Result<Ended, Stop> {
        self.scanner.begin();
        if self.alone > 0 {
            let byte = self.scanner.grammar().breaks.byte();
            let stretch = window.unread().get(..self.alone).unwrap_or_default();
            let end = memchr::memchr(byte, stretch).map_or(stretch.len(), |at| at + 1);
            let line = stretch.get(..end).unwrap_or_default();
            let (read, step) = self.scanner.scan(line);
            return Ok(match step {
                Step::End => Ended::Row(read),
                Step::Fault(fault) => Ended::Fault(end, fault),
                Step::More => match self.scanner.finish() {
                    Step::Fault(fault) => Ended::Fault(end, fault),
                    _ => Ended::Row(end),
                },
            });
        }
        let mut scanned = 0;
        loop {
            let unread = window.unread().get(scanned..).unwrap_or_default();
            if unread.is_empty() {
                if window.more()? {
                    continue;
                }
                return Ok(match self.scanner.finish() {
                    Step::Fault(fault) => Ended::Fault(scanned, fault),
                    _ => Ended::Row(scanned),
                });
            }
            let (read, step) = self.scanner.scan(unread);
            scanned += read;
            let row = window.unread().get(..scanned).unwrap_or_default();
            let length = match step {
                Step::End => without_break(row).len(),
                Step::More | Step::Fault(_) => scanned,
            };
            if length > window.bounds.record {
                return self.too_long(window, scanned, step);
            }
            match step {
                Step::End => return Ok(Ended::Row(scanned)),
                Step::Fault(fault) => return Ok(Ended::Fault(scanned, fault)),
                Step::More => {}
            }
        }
    }

    /// Passes over a row that is too long, unless an open quote has swallowed rows.
    fn too_long(&mut self, window: &mut Window, scanned: usize, step: Step) -> Result<Ended, Stop> {
        let grammar = self.scanner.grammar();
        let row = window.unread().get(..scanned).unwrap_or_default();
        let last_line = memchr::memrchr(grammar.breaks.byte(), row);
        if self.scanner.has_quotes()
            && let Some(last_line) = last_line
            && Swallowed::read(row.get(..last_line).unwrap_or_default(), grammar, self.header.due()).has_rows()
        {
            return Ok(Ended::Fault(scanned, Fault::Unclosed));
        }
        window.head.clear();
        let (mut length, mut step, mut scanned) = (0, step, scanned);
        loop {
            let passed = window.unread().get(..scanned).unwrap_or_default();
            length += passed.len() as u64;
            if step == Step::End {
                length -= (passed.len() - without_break(passed).len()) as u64;
            }
            window.pass_long(scanned, Part::Record);
            match step {
                Step::End => return Ok(Ended::TooLong(length)),
                Step::Fault(_) => self.scanner.begin(),
                Step::More => self.scanner.forget_cells(),
            }
            if window.unread().is_empty() && !window.more()? {
                return Ok(Ended::TooLong(length));
            }
            (scanned, step) = self.scanner.scan(window.unread());
        }
    }

    /// Judges a row that ended as it should.
    fn row(&mut self, window: &Window, read: usize) -> Body {
        let grammar = self.scanner.grammar();
        let bytes = window.unread().get(..read).unwrap_or_default();
        let row = without_break(bytes);
        let range = 0..row.len();
        let (found, due) = (self.scanner.columns(), self.header.due());
        let is_due = found == due || !self.header.is_read || (self.layout.short_rows && found < due);
        if self.scanner.has_quotes()
            && self.header.is_read
            && memchr::memchr(grammar.breaks.byte(), row).is_some()
            && Swallowed::hides_rows(row, grammar, due, is_due)
        {
            let problem = format!(
                "a quote that opens here closes only {}, and the lines between look like rows: they are read as rows of their own; \
                     write a quote within a cell twice",
                lines_later(count_breaks(row, grammar))
            );
            return self.first_line_only(window, (read, read), None, problem);
        }
        self.pending = read;
        if self.alone > 0
            && let Some(form) = &self.form
            && !form.fits(row, grammar.delimiter)
        {
            return Body::Broken(range, IN_STRETCH.to_owned());
        }
        if let Some(fault) = self.scanner.fault() {
            return Body::Broken(range, self.problem(fault));
        }
        if self.wary > 0 && self.scanner.has_bare_quote() {
            return Body::Broken(range, IN_STRETCH.to_owned());
        }
        if is_due {
            return Body::Whole(range);
        }
        let columns = if found == 1 { "column" } else { "columns" };
        let advice = if found < due {
            "; if empty cells at its end were left out, give short_rows: true in the mapping"
        } else {
            ""
        };
        Body::Broken(
            range,
            format!("the row has {found} {columns}, the header has {due}{advice}"),
        )
    }

    /// Judges a row that shows a fault behind this many bytes.
    fn faulty(&mut self, window: &mut Window, at: usize, fault: Fault) -> Result<Body, Stop> {
        let grammar = self.scanner.grammar();
        let byte = grammar.breaks.byte();
        if self.alone > 0 {
            self.pending = at;
            let row = without_break(window.unread().get(..at).unwrap_or_default());
            return Ok(Body::Broken(0..row.len(), IN_STRETCH.to_owned()));
        }
        let row = window.unread().get(..at).unwrap_or_default();
        let last_line = memchr::memrchr(byte, without_break(row)).map_or(0, |at| at + 1);
        let end_of_line = line_end(window, at.saturating_sub(1), byte)?;
        let unread = window.unread();
        if last_line == 0 || !self.header.is_read {
            let Some(end_of_line) = end_of_line else {
                return Self::pass_line(window, byte);
            };
            self.pending = end_of_line;
            let row = without_break(unread.get(..end_of_line).unwrap_or_default());
            return Ok(Body::Broken(0..row.len(), self.problem(fault)));
        }
        let before = unread.get(..last_line).unwrap_or_default();
        let end = match fault {
            Fault::Unclosed => "is never closed".to_owned(),
            _ => format!(
                "closes {} with text behind it",
                lines_later(count_breaks(before, grammar))
            ),
        };
        let problem = format!(
            "a quote that opens here {end}: the lines after this one are read as rows of their own; write a quote within a cell twice"
        );
        let form = Swallowed::read(before, grammar, self.header.due()).into_form();
        Ok(self.first_line_only(window, (last_line, end_of_line.unwrap_or(at)), form, problem))
    }

    /// Passes over a faulty row whose last line is too long to be held.
    fn pass_line(window: &mut Window, byte: u8) -> Result<Body, Stop> {
        window.head.clear();
        let mut length = 0;
        loop {
            let unread = window.unread();
            let end = memchr::memchr(byte, unread);
            let passed = end.unwrap_or(unread.len());
            length += passed as u64;
            window.pass_long(end.map_or(passed, |end| end + 1), Part::Record);
            if end.is_some() || !window.more()? {
                return Ok(Body::TooLong(length));
            }
        }
    }

    /// Takes only the first line of a stretch as the bad row; the lines after it are rows of their own.
    fn first_line_only(
        &mut self,
        window: &Window,
        (alone, wary): (usize, usize),
        form: Option<Form>,
        problem: String,
    ) -> Body {
        let unread = window.unread();
        let end = memchr::memchr(self.scanner.grammar().breaks.byte(), unread).map_or(unread.len(), |at| at + 1);
        self.pending = end;
        self.alone = alone;
        self.form = form;
        self.wary = wary;
        let row = without_break(unread.get(..end).unwrap_or_default());
        Body::Broken(0..row.len(), problem)
    }

    fn problem(&self, fault: Fault) -> String {
        match fault {
            Fault::AfterQuote { escaped: true } if self.layout.escape.is_none() => {
                r#"a quote within a cell has a backslash before it, as PHP and MySQL write it: give escape: "\\" in the mapping"#
            }
            Fault::AfterQuote { .. } => "text follows the closing quote of a cell: write a quote within a cell twice",
            Fault::Unclosed => "a quote that opens in this row is never closed",
            Fault::LoneReturn => {
                "a carriage return stands alone in this row: put the cell in quotes, or end every line in the same way"
            }
            Fault::Escape => "the escape character stands before a character that needs none: write it twice",
        }
        .to_owned()
    }
}

const IN_STRETCH: &str = "this line follows a row with a wrong quote, and may be a part of its cell: mend that row, and load this one with it";

/// Where the line ends that holds this place, with its break; `None` if it is too long to be held.
fn line_end(window: &mut Window, from: usize, byte: u8) -> Result<Option<usize>, Stop> {
    let mut searched = from;
    loop {
        let rest = window.unread().get(searched..).unwrap_or_default();
        if let Some(at) = memchr::memchr(byte, rest) {
            return Ok(Some(searched + at + 1));
        }
        searched += rest.len();
        if searched > window.bounds.record {
            return Ok(None);
        }
        if !window.more()? {
            return Ok(Some(searched));
        }
    }
}
