//! A reader of JSON that takes one value after another and knows where each is in the text.
//!
//! The reader is always at the start of a value or a key: each method that takes a bracket, a comma or a colon also
//! takes the blanks after it. It accepts what `serde_json` accepts, but values may nest to any depth, since it reads
//! them without recursion.

mod complaint;
mod scan;
mod value;

use std::ops::Range;

pub use self::complaint::not_json;
pub(crate) use self::value::{Found, Number, Text};
use self::{complaint::complaint, scan::plain_bytes, value::unescaped};

/// The text is not JSON. [`JsonReader::complaint`] says why.
#[derive(Debug)]
pub(crate) struct Broken;

/// Reads one text.
pub(crate) struct JsonReader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// Whether the reader is inside a skipped value.
    passing: bool,
}

impl<'a> JsonReader<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let mut reader = Self {
            text,
            bytes: text.as_bytes(),
            at: 0,
            passing: false,
        };
        reader.blanks();
        reader
    }

    /// The position in the text, in bytes.
    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    /// A part of the text.
    pub(crate) fn part(&self, range: Range<usize>) -> &'a str {
        self.text.get(range).unwrap_or_default()
    }

    /// Whether the next byte is this one. The first byte of a value shows its type.
    #[inline]
    pub(crate) fn begins(&self, byte: u8) -> bool {
        self.peek() == Some(byte)
    }

    /// The type of the next value.
    #[inline]
    pub(crate) fn found(&self) -> Result<Found, Broken> {
        match self.peek() {
            Some(b'"') => Ok(Found::Text),
            Some(b'-' | b'0'..=b'9') => Ok(Found::Number),
            Some(b'{') => Ok(Found::Object),
            Some(b'[') => Ok(Found::Array),
            Some(b't' | b'f') => Ok(Found::Boolean),
            Some(b'n') => Ok(Found::Null),
            _ => Err(Broken),
        }
    }

    /// Takes the bracket that opens an object or an array, and the closing one if nothing is in between. Returns
    /// whether anything is.
    #[inline]
    pub(crate) fn enter(&mut self, end: u8) -> Result<bool, Broken> {
        self.at += 1;
        self.blanks();
        let is_empty = self.peek().ok_or(Broken)? == end;
        self.at += usize::from(is_empty);
        Ok(!is_empty)
    }

    /// Takes what follows a value in an object or an array: a comma, or the closing bracket. Returns whether another
    /// value comes.
    #[inline]
    pub(crate) fn goes_on(&mut self, end: u8) -> Result<bool, Broken> {
        self.blanks();
        let byte = self.peek().ok_or(Broken)?;
        self.at += 1;
        if byte == b',' {
            self.blanks();
            return Ok(true);
        }
        if byte == end { Ok(false) } else { Err(Broken) }
    }

    /// Takes the colon after a key.
    #[inline]
    pub(crate) fn colon(&mut self) -> Result<(), Broken> {
        self.blanks();
        self.byte(b':')?;
        self.blanks();
        Ok(())
    }

    /// Takes a key if it is this name, written without escapes. The name itself must not need any.
    #[inline]
    pub(crate) fn name(&mut self, name: &str) -> bool {
        let end = self.at + 1 + name.len();
        let is_name = self.begins(b'"')
            && self.bytes.get(end) == Some(&b'"')
            && self.bytes.get(self.at + 1..end) == Some(name.as_bytes());
        if is_name {
            self.at = end + 1;
        }
        is_name
    }

    /// Takes a key and its colon if they are written exactly like this.
    #[inline]
    pub(crate) fn key(&mut self, key: &str) -> bool {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let is_key = rest.starts_with(key.as_bytes());
        if is_key {
            self.at += key.len();
            self.blanks();
        }
        is_key
    }

    /// Takes a text, or a key of any name.
    #[inline]
    pub(crate) fn text(&mut self) -> Result<Text<'a>, Broken> {
        let start = self.at + 1;
        let has_escapes = self.any_text()?;
        let written = self.part(start..self.at - 1);
        Ok(Text { written, has_escapes })
    }

    /// Takes a text with any content. Returns whether it has escapes.
    pub(crate) fn any_text(&mut self) -> Result<bool, Broken> {
        self.byte(b'"')?;
        let start = self.at;
        self.plain();
        let has_escapes = !self.begins(b'"');
        if has_escapes {
            self.escapes(start)?;
        }
        self.at += 1;
        Ok(has_escapes)
    }

    /// Takes a text of this length if it has the given form. No text with escapes may have that form.
    #[inline]
    pub(crate) fn text_if<T>(&mut self, length: usize, form: impl FnOnce(&'a str) -> Option<T>) -> Option<T> {
        let end = self.at + 1 + length;
        if !self.begins(b'"') || self.bytes.get(end) != Some(&b'"') {
            return None;
        }
        let found = form(self.text.get(self.at + 1..end)?)?;
        self.at = end + 1;
        Some(found)
    }

    /// Takes a number.
    #[inline]
    pub(crate) fn number(&mut self) -> Result<Number, Broken> {
        let start = self.at;
        let form = self.form_of_number()?;
        match (form, self.at - start) {
            (Form::Whole, 1..=18) if self.bytes.get(start..self.at) != Some(b"-0") => Ok(Number::Long),
            (Form::Fraction, 1..=300) => Ok(Number::Double),
            _ if self.passing => Ok(Number::Double),
            _ => Number::of(self.part(start..self.at)).ok_or(Broken),
        }
    }

    /// Takes `null`, `true` or `false`.
    #[inline]
    pub(crate) fn word(&mut self) -> Result<(), Broken> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let words = [&b"true"[..], b"false", b"null"];
        let word = words.into_iter().find(|word| rest.starts_with(word)).ok_or(Broken)?;
        self.at += word.len();
        Ok(())
    }

    /// Takes any value; only its type matters.
    #[cold]
    pub(crate) fn other(&mut self) -> Result<Found, Broken> {
        let found = self.found()?;
        match found {
            Found::Text => drop(self.any_text()?),
            Found::Number => drop(self.number()?),
            _ => self.pass()?,
        }
        Ok(found)
    }

    /// Skips any value. As in a value that `serde_json` ignores, numbers may be out of range, and surrogates may lack
    /// their other half.
    #[cold]
    pub(crate) fn pass(&mut self) -> Result<(), Broken> {
        self.passing = true;
        // The closing brackets of the objects and arrays around the reader, the innermost last.
        let mut ends = Vec::new();
        loop {
            let end = match self.found()? {
                Found::Null | Found::Boolean => self.word().map(|()| None)?,
                Found::Number => self.number().map(|_| None)?,
                Found::Text => self.any_text().map(|_| None)?,
                Found::Array => Some(b']'),
                Found::Object => Some(b'}'),
            };
            let mut more = end.map_or(Ok(false), |end| self.enter(end))?;
            if more {
                ends.extend(end);
            }
            while !more {
                let Some(end) = ends.last() else {
                    self.passing = false;
                    return Ok(());
                };
                more = self.goes_on(*end)?;
                if !more {
                    ends.pop();
                }
            }
            if ends.last() == Some(&b'}') {
                self.any_text()?;
                self.colon()?;
            }
        }
    }

    /// Checks that nothing follows.
    pub(crate) fn end(&mut self) -> Result<(), Broken> {
        self.blanks();
        (self.at == self.bytes.len()).then_some(()).ok_or(Broken)
    }

    /// Says why the text is not JSON, and where, in words that hold nothing of it.
    pub(crate) fn complaint(&self) -> String {
        complaint(self.text, self.passing)
    }

    /// Continues to the end of a text that has escapes.
    #[inline(never)]
    fn escapes(&mut self, start: usize) -> Result<(), Broken> {
        let mut surrogates = false;
        while !self.begins(b'"') {
            surrogates |= self.escape()?;
            self.plain();
        }
        if surrogates && !self.passing && unescaped(self.part(start..self.at)).is_none() {
            return Err(Broken);
        }
        Ok(())
    }

    /// Takes an escape. Returns whether it is a surrogate, which needs another half.
    fn escape(&mut self) -> Result<bool, Broken> {
        let (length, is_surrogate) = match self.bytes.get(self.at..).unwrap_or_default() {
            [b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => (2, false),
            [b'\\', b'u', a, b, c, d, ..] if [a, b, c, d].into_iter().all(u8::is_ascii_hexdigit) => {
                (6, matches!(a, b'd' | b'D') && !matches!(b, b'0'..=b'7'))
            }
            _ => return Err(Broken),
        };
        self.at += length;
        Ok(is_surrogate)
    }

    /// Takes a number by its grammar alone.
    #[inline]
    fn form_of_number(&mut self) -> Result<Form, Broken> {
        self.at += usize::from(self.begins(b'-'));
        let leading_zero = self.begins(b'0');
        let whole = self.digits();
        if whole == 0 || (leading_zero && whole > 1) {
            return Err(Broken);
        }
        let mut form = Form::Whole;
        if self.begins(b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return Err(Broken);
            }
            form = Form::Fraction;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            if self.digits() == 0 {
                return Err(Broken);
            }
            form = Form::Exponent;
        }
        Ok(form)
    }

    /// Takes digits, and returns their count.
    #[inline]
    fn digits(&mut self) -> usize {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        count
    }

    #[inline]
    fn plain(&mut self) {
        self.at += plain_bytes(self.bytes.get(self.at..).unwrap_or_default());
    }

    #[inline]
    fn blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    #[inline]
    fn byte(&mut self, byte: u8) -> Result<(), Broken> {
        if !self.begins(byte) {
            return Err(Broken);
        }
        self.at += 1;
        Ok(())
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }
}

/// How a number is written.
enum Form {
    Whole,
    Fraction,
    Exponent,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::de::IgnoredAny;

    use super::*;

    /// Reads a whole text as one value.
    fn all<'a, T>(text: &'a str, read: impl Fn(&mut JsonReader<'a>) -> Result<T, Broken>) -> Option<T> {
        let mut reader = JsonReader::new(text);
        let value = read(&mut reader).ok()?;
        reader.end().ok().map(|()| value)
    }

    #[test]
    fn a_number_is_what_serde_json_makes_of_it() {
        for (number, kind) in [
            ("0", Some(Number::Long)),
            ("-9223372036854775808", Some(Number::Long)),
            ("9223372036854775807", Some(Number::Long)),
            ("9223372036854775808", Some(Number::Longer)),
            ("18446744073709551615", Some(Number::Longer)),
            ("18446744073709551616", Some(Number::Double)),
            ("-9223372036854775809", Some(Number::Double)),
            ("-0", Some(Number::Double)),
            ("-0.5", Some(Number::Double)),
            ("1e3", Some(Number::Double)),
            ("1E-400", Some(Number::Double)),
            ("1e400", None),
            ("01", None),
            ("-", None),
            ("1.", None),
            (".5", None),
            ("1e", None),
            ("+1", None),
        ] {
            assert_eq!(all(number, JsonReader::number), kind, "{number}");
        }
        let long = "1".repeat(400);
        assert_eq!(all(&long, JsonReader::number), None);
        assert!(all(&long, JsonReader::pass).is_some());
    }

    proptest! {
        #[test]
        fn the_reader_takes_what_serde_json_takes(
            text in prop_oneof!["[{}\\[\\]:,\"\\\\a0 .\\-e]{0,12}", "\"(\\\\u[dD][89a-fA-F][0-9a-f]{2}|\\\\[\"nux]|[a\u{0}가]){0,3}\"", "-?[0-9]{0,20}(\\.[0-9]{0,2})?([eE][+-]?[0-9]{0,3})?"],
        ) {
            prop_assert_eq!(all(&text, JsonReader::pass).is_some(), serde_json::from_str::<IgnoredAny>(&text).is_ok());
            let read = all(&text, |reader| reader.text().map(|text| text.read().into_owned()));
            prop_assert_eq!(read, serde_json::from_str::<String>(&text).ok());
            let number = all(&text, JsonReader::number);
            prop_assert_eq!(number.is_some(), serde_json::from_str::<serde_json::Number>(&text).is_ok());
        }
    }
}
