//! A JSON array: one record per element.

use std::ops::Range;

use super::{
    frame::{Body, Frame, Stop},
    line_count::Part,
    window::Window,
};

/// Finds the elements of an array without looking inside them.
#[derive(Default)]
pub(crate) struct Array {
    pending: usize,
    state: State,
}

#[derive(Default, PartialEq, Eq)]
enum State {
    #[default]
    Begin,
    /// Behind the bracket, or behind a comma.
    Open {
        comma: bool,
    },
    /// Behind an element.
    Element,
    Done,
}

/// How far an element has been read.
#[derive(Default)]
struct Scan {
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Scan {
    /// The position of the comma or bracket that ends the element; `None` if it is not in these bytes.
    fn find_end(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            if self.escaped {
                self.escaped = false;
            } else if self.in_string {
                let skipped = memchr::memchr2(b'"', b'\\', bytes.get(at..).unwrap_or_default())?;
                at += skipped;
                let is_quote = bytes.get(at) == Some(&b'"');
                self.in_string = !is_quote;
                self.escaped = !is_quote;
            } else {
                match byte {
                    b'"' => self.in_string = true,
                    b'[' | b'{' => self.depth += 1,
                    b',' | b']' if self.depth == 0 => return Some(at),
                    b']' | b'}' => self.depth = self.depth.saturating_sub(1),
                    _ => {}
                }
            }
            at += 1;
        }
        None
    }
}

impl Array {
    pub(crate) fn next(&mut self, window: &mut Window) -> Result<Option<Frame>, Stop> {
        window.pass(std::mem::take(&mut self.pending), Part::Record);
        loop {
            if !window.skip_blank()? {
                return match self.state {
                    State::Done => Ok(None),
                    State::Begin | State::Open { .. } | State::Element => Err(Stop::Format(
                        Some(window.line()),
                        "the array ends here without its closing bracket: the input is cut".to_owned(),
                    )),
                };
            }
            let first = window.unread().first().copied();
            match (&self.state, first) {
                (State::Begin, Some(b'[')) => self.state = State::Open { comma: false },
                (State::Begin, _) => {
                    return Err(Stop::Format(
                        Some(window.line()),
                        "a JSON array must begin with [".to_owned(),
                    ));
                }
                (State::Element, Some(b',')) => self.state = State::Open { comma: true },
                (State::Element | State::Open { comma: false }, Some(b']')) => self.state = State::Done,
                (State::Open { .. }, Some(b',' | b']')) => {
                    return Err(Stop::Format(
                        Some(window.line()),
                        "an element of the array is missing beside a comma: the input is cut or was edited".to_owned(),
                    ));
                }
                (State::Open { .. }, _) => {
                    self.state = State::Element;
                    return self.element(window).map(Some);
                }
                (State::Element, _) => {
                    return Err(Stop::Format(
                        Some(window.line()),
                        "a comma is missing behind an element of the array".to_owned(),
                    ));
                }
                (State::Done, _) => {
                    return Err(Stop::Format(
                        Some(window.line()),
                        "there is text after the end of the array: write one array, or one record per line".to_owned(),
                    ));
                }
            }
            window.pass(1, Part::Record);
        }
    }

    fn element(&mut self, window: &mut Window) -> Result<Frame, Stop> {
        let (line, offset) = (window.line(), window.offset());
        let frame = |body| Ok(Frame { line, offset, body });
        let mut scan = Scan::default();
        let mut scanned = 0;
        loop {
            let unread = window.unread();
            let end = scan.find_end(unread.get(scanned..).unwrap_or_default());
            scanned = end.map_or(unread.len(), |end| scanned + end);
            // Spaces after it count, so that they are bounded too.
            if scanned > window.bounds.record {
                return frame(Body::TooLong(Self::pass_long(window, scan, scanned, end.is_some())?));
            }
            if end.is_some() {
                let text = unread.get(..scanned).unwrap_or_default().trim_ascii_end();
                self.pending = scanned;
                return frame(Body::Whole(Range {
                    start: 0,
                    end: text.len(),
                }));
            }
            if !window.more()? {
                return Err(Stop::Format(
                    Some(line),
                    "the element that begins here has no end: the input is cut".to_owned(),
                ));
            }
        }
    }

    /// Skips a partly scanned element, and returns its length including the spaces after it.
    fn pass_long(window: &mut Window, mut scan: Scan, scanned: usize, mut ended: bool) -> Result<u64, Stop> {
        window.head.clear();
        let mut length = 0;
        let mut part = scanned;
        loop {
            length += part as u64;
            window.pass_long(part, Part::Record);
            if ended {
                return Ok(length);
            }
            if !window.more()? {
                return Err(Stop::Format(
                    Some(window.line()),
                    "the array ends here within an element: the input is cut".to_owned(),
                ));
            }
            let unread = window.unread();
            let end = scan.find_end(unread);
            ended = end.is_some();
            part = end.unwrap_or(unread.len());
        }
    }
}
