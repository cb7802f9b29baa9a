//! NDJSON: one record per line.

use std::io;

use super::{
    format::RECORD_SEPARATOR,
    frame::{Body, Frame},
    line_count::Part,
    window::Window,
};

/// Finds lines, and skips blank ones.
#[derive(Default)]
pub(crate) struct Lines {
    /// The length of the previous line, including its break.
    pending: usize,
    /// Whether it ends with a break.
    has_break: bool,
    /// Whether it is blank.
    is_blank: bool,
    is_passed_over: bool,
}

impl Lines {
    pub(crate) fn next(&mut self, window: &mut Window) -> io::Result<Option<Frame>> {
        loop {
            let part = match (self.is_blank, std::mem::take(&mut self.is_passed_over)) {
                (true, _) => Part::Blank,
                (_, true) => Part::PassedOver,
                _ => Part::Record,
            };
            let has_break = usize::from(self.has_break);
            window.pass_lines(std::mem::take(&mut self.pending), has_break, part);
            // A JSON text sequence has this character before each record.
            if (!window.unread().is_empty() || window.more()?) && window.unread().first() == Some(&RECORD_SEPARATOR) {
                window.pass(1, Part::Record);
            }
            let (line, offset) = (window.line(), window.offset());
            let frame = |body| Ok(Some(Frame { line, offset, body }));
            let Some(with_break) = Self::find_end(window)? else {
                return frame(Body::TooLong(Self::pass_long(window)?));
            };
            let found = window.unread().get(..with_break).unwrap_or_default();
            if found.is_empty() {
                return Ok(None);
            }
            self.pending = with_break;
            self.has_break = found.ends_with(b"\n");
            let length = without_break(found).len();
            if length > window.bounds.record {
                self.pending = 0;
                return frame(Body::TooLong(Self::pass_long(window)?));
            }
            let text = found.get(..length).unwrap_or_default();
            self.is_blank = text.iter().all(u8::is_ascii_whitespace);
            if !self.is_blank {
                return frame(Body::Whole(0..length));
            }
        }
    }

    /// Takes the previous line for none that becomes a record.
    pub(crate) const fn pass_over(&mut self) {
        self.is_passed_over = true;
    }

    /// The length of the line at the start of the window, including its break; `None` if it is certainly too long.
    fn find_end(window: &mut Window) -> io::Result<Option<usize>> {
        let mut searched = 0;
        loop {
            let unread = window.unread();
            if let Some(at) = memchr::memchr(b'\n', unread.get(searched..).unwrap_or_default()) {
                return Ok(Some(searched + at + 1));
            }
            searched = unread.len();
            // One more byte may be the carriage return of the break.
            if searched > window.bounds.record + 1 {
                return Ok(None);
            }
            if !window.more()? {
                return Ok(Some(searched));
            }
        }
    }

    /// Skips the line at the start of the window and returns its length without its break.
    fn pass_long(window: &mut Window) -> io::Result<u64> {
        window.head.clear();
        let mut length = 0;
        let mut ends_with_return = false;
        loop {
            let unread = window.unread();
            let end = memchr::memchr(b'\n', unread);
            let part = unread.get(..end.unwrap_or(unread.len())).unwrap_or_default();
            ends_with_return = part.last().map_or(ends_with_return, |last| *last == b'\r');
            length += part.len() as u64;
            let count = part.len() + usize::from(end.is_some());
            window.pass_long(count, Part::Record);
            if end.is_some() {
                return Ok(length - u64::from(ends_with_return));
            }
            if !window.more()? {
                return Ok(length);
            }
        }
    }
}

/// A line without its break. A lone carriage return is not a break.
fn without_break(line: &[u8]) -> &[u8] {
    match line {
        [rest @ .., b'\r', b'\n'] | [rest @ .., b'\n'] => rest,
        _ => line,
    }
}
