//! Text among the rows of an export that is not data: a failure of the server as JSON, or a page of a gateway.
//!
//! With as many commas as there are columns it would pass for a row, so it is known by how it begins. In CSV a quote
//! within a field is doubled, so `{"result"` is part of no field, however the server quotes.

use memchr::memchr;

/// Looks for such text in pieces of bytes.
#[derive(Debug, Default)]
pub(crate) struct ForeignText {
    state: State,
    /// Where the first one begins.
    found: Option<u64>,
    /// The first bytes of the row that has begun, in lower case.
    row: Vec<u8>,
    /// Whether it is no page, whatever the rest of the row is.
    row_is_no_page: bool,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Outside,
    /// After a brace at this place and maybe blanks.
    Brace(u64),
    /// After the quote that follows: the bytes of the name so far.
    Name(u64, Vec<u8>),
}

/// The names that the failures of both APIs and of gateways begin with.
const NAMES: [&[u8]; 9] = [
    b"result",
    b"message",
    b"status",
    b"statusCode",
    b"code",
    b"error",
    b"errors",
    b"timestamp",
    b"detail",
];
const LONGEST_NAME: usize = 10;
/// In lower case, at the beginning of a row.
const PAGES: [&[u8]; 3] = [b"<html", b"<!doctype", b"<?xml"];
const LONGEST_PAGE: usize = 9;

impl ForeignText {
    /// Looks at the next piece, which begins at this place.
    pub(crate) fn feed(&mut self, piece: &[u8], place: u64) {
        if self.found.is_some() {
            return;
        }
        let mut at = 0;
        while let Some(byte) = piece.get(at) {
            let state = std::mem::take(&mut self.state);
            self.state = match (state, *byte) {
                (_, b'{') => State::Brace(place + at as u64),
                (State::Outside, _) => {
                    let Some(brace) = piece.get(at..).and_then(|rest| memchr(b'{', rest)) else {
                        return;
                    };
                    at += brace;
                    continue;
                }
                (State::Brace(brace), b' ' | b'\t') => State::Brace(brace),
                (State::Brace(brace), b'"') => State::Name(brace, Vec::new()),
                (State::Name(brace, name), b'"') if NAMES.contains(&&*name) => {
                    self.found = Some(brace);
                    return;
                }
                (State::Name(brace, mut name), letter @ (b'a'..=b'z' | b'A'..=b'Z')) if name.len() < LONGEST_NAME => {
                    name.push(letter);
                    State::Name(brace, name)
                }
                _ => State::Outside,
            };
            at += 1;
        }
    }

    /// More bytes of a row, maybe after line breaks and with the one that ends it.
    pub(crate) fn begin_row(&mut self, bytes: &[u8]) {
        if self.row_is_no_page {
            return;
        }
        let mut bytes = bytes.iter().filter(|byte| !matches!(byte, b'\r' | b'\n')).peekable();
        if self.row.is_empty() && bytes.peek().is_some_and(|first| **first != b'<') {
            self.row_is_no_page = true;
            return;
        }
        let room = LONGEST_PAGE - self.row.len();
        self.row.extend(bytes.take(room).map(u8::to_ascii_lowercase));
    }

    /// A row has ended in the piece that begins at this place.
    pub(crate) fn end_row(&mut self, place: u64) {
        if self.found.is_none() && PAGES.iter().any(|page| self.row.starts_with(page)) {
            self.found = Some(place);
        }
        self.row.clear();
        self.row_is_no_page = false;
    }

    /// Where the first such text begins, or the piece that it ends in.
    pub(crate) fn found(&self) -> Option<u64> {
        self.found
    }

    /// As [`found`](Self::found), once nothing more comes: what has begun may have been cut off.
    pub(crate) fn at_the_end(&self) -> Option<u64> {
        let cut = match &self.state {
            State::Name(brace, name) if !name.is_empty() => {
                NAMES.iter().any(|whole| whole.starts_with(name)).then_some(*brace)
            }
            _ => None,
        };
        self.found.or(cut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, length: usize) -> (Option<u64>, Option<u64>) {
        let mut foreign = ForeignText::default();
        let mut place = 0;
        for piece in text.as_bytes().chunks(length) {
            foreign.feed(piece, place);
            place += piece.len() as u64;
        }
        (foreign.found(), foreign.at_the_end())
    }

    #[test]
    fn failures_are_found_whole_or_cut_and_fields_are_not() {
        for (text, whole, at_the_end) in [
            (r#"1,a{"result":"fail","message":"x"}"#, Some(3), Some(3)),
            ("1,2\n{ \"status\" :false,", Some(4), Some(4)),
            ("{{\"code\":1}", Some(1), Some(1)),
            (r#"1,a{"mess"#, None, Some(3)),
            (r#"1,a{"r"#, None, Some(3)),
            (r#"1,a{"other"#, None, None),
            (r#"1,"a{""result"": 1}""#, None, None),
            ("1,\"a{\"\n\"result\",2", None, None),
            ("1,a{\n\"result\",2", None, None),
            ("1,{result},{\"price\":1}", None, None),
        ] {
            for length in [1, 2, 5, 100] {
                assert_eq!(found(text, length), (whole, at_the_end), "{text:?} in {length}");
            }
        }
    }
}
