//! NDJSON: one record per line.

use std::io;

use super::{
    frame::{Body, Frame},
    window::Window,
};

/// Finds lines, and skips blank ones.
#[derive(Default)]
pub(crate) struct Lines {
    /// The length of the previous line, including its break.
    pending: usize,
}

impl Lines {
    pub(crate) fn next(&mut self, window: &mut Window) -> io::Result<Option<Frame>> {
        loop {
            window.advance(self.pending, u64::from(self.pending > 0));
            self.pending = 0;
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
            let length = without_break(found).len();
            if length > window.bounds.record {
                self.pending = 0;
                return frame(Body::TooLong(Self::pass_long(window)?));
            }
            let is_blank = |text: &[u8]| text.iter().all(u8::is_ascii_whitespace);
            if !is_blank(found.get(..length).unwrap_or_default()) {
                return frame(Body::Whole(0..length));
            }
        }
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
            window.pass_long(count);
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
