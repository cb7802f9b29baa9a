//! Where the rows of a CSV end, and how many fields each has.

use memchr::{memchr, memchr_iter, memchr3};

/// Reads CSV as `csv_core` does, but jumps from one quote or line break to the next: as fast as memory, where a look at
/// each byte would take longer than to receive and write it.
#[derive(Debug, Default)]
pub(crate) struct RowScanner {
    state: State,
    /// Commas of the row so far that part fields.
    commas: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Line breaks here mean nothing.
    #[default]
    BetweenRows,
    /// After a comma.
    FieldStart,
    /// Quotes here mean nothing.
    Unquoted,
    Quoted,
    /// After a quote in a quoted field, which ends it or is the first of two.
    QuoteInQuoted,
}

impl RowScanner {
    /// Reads to the end of a row, or of the bytes. Returns how many bytes that took, and the number of fields if the row
    /// has ended.
    pub(crate) fn read_row(&mut self, bytes: &[u8]) -> (usize, Option<usize>) {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            match self.state {
                State::BetweenRows => {
                    let breaks = rest.iter().take_while(|byte| is_line_break(**byte)).count();
                    at += breaks;
                    if breaks < rest.len() {
                        self.state = State::FieldStart;
                    }
                }
                State::Quoted => {
                    let Some(quote) = memchr(b'"', rest) else {
                        return (bytes.len(), None);
                    };
                    at += quote + 1;
                    self.state = State::QuoteInQuoted;
                }
                State::QuoteInQuoted if rest.starts_with(b"\"") => {
                    at += 1;
                    self.state = State::Quoted;
                }
                State::FieldStart | State::Unquoted | State::QuoteInQuoted => {
                    let length = memchr3(b'"', b'\n', b'\r', rest).unwrap_or(rest.len());
                    let (plain, after) = rest.split_at(length);
                    self.commas += memchr_iter(b',', plain).count();
                    self.state = match plain.last() {
                        Some(b',') => State::FieldStart,
                        Some(_) => State::Unquoted,
                        None => self.state,
                    };
                    at += length;
                    match after.first() {
                        None => {}
                        Some(b'"') => {
                            at += 1;
                            let opens = self.state == State::FieldStart;
                            self.state = if opens { State::Quoted } else { State::Unquoted };
                        }
                        Some(_) => return (at + 1, Some(self.end_row())),
                    }
                }
            }
        }
        (at, None)
    }

    fn end_row(&mut self) -> usize {
        self.state = State::BetweenRows;
        std::mem::take(&mut self.commas) + 1
    }

    /// Whether a quoted field has begun and not ended.
    pub(crate) fn is_within_quotes(&self) -> bool {
        self.state == State::Quoted
    }
}

fn is_line_break(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}
