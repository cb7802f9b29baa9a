//! What the cells of each type hold, and the text of that. A function that reads a cell gives nothing for one that does not
//! fit.

use std::io::Write as _;

use jiff::tz::TimeZone;

use super::{rows::Cell, time};
use crate::column::ColumnType;

/// The value of a cell that is not empty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value<'a> {
    String(&'a str),
    Long(i64),
    Double(f64),
    Boolean(bool),
    /// Microseconds since 1970, in UTC.
    Datetime(i64),
    /// Days since 1970.
    Date(i32),
}

pub(super) fn value<'a>(cell: Cell<'a>, column_type: ColumnType, zone: Option<&TimeZone>) -> Option<Value<'a>> {
    let cell = cell.ok()?;
    Some(match column_type {
        ColumnType::String => Value::String(cell),
        ColumnType::Long => Value::Long(long(cell)?),
        ColumnType::Double => Value::Double(double(cell)?),
        ColumnType::Boolean => Value::Boolean(boolean(cell)?),
        ColumnType::Datetime => Value::Datetime(time::datetime(cell, zone)?),
        ColumnType::Date => Value::Date(time::date(cell)?),
    })
}

impl Value<'_> {
    /// Appends the text of a value, the same in CSV and NDJSON so that they are read as the same. `cell` is the text that
    /// the value was read from.
    pub(super) fn write(self, out: &mut Vec<u8>, cell: &str) {
        match self {
            Self::String(_) | Self::Date(_) => out.extend_from_slice(cell.as_bytes()),
            Self::Long(number) => write_long(out, number, cell),
            // Its own text keeps digits that a reader with larger numbers may want.
            Self::Double(_) if is_json_number(cell) => out.extend_from_slice(cell.as_bytes()),
            Self::Double(number) => write_display(out, format_args!("{number:?}")),
            Self::Boolean(value) => out.extend_from_slice(if value { b"true" } else { b"false" }),
            Self::Datetime(micros) => time::print_micros(micros, out),
        }
    }
}

/// Writes a whole number as JSON does, which is nearly always as it came.
fn write_long(out: &mut Vec<u8>, number: i64, cell: &str) {
    match cell.strip_prefix('-').unwrap_or(cell).as_bytes() {
        [b'1'..=b'9', ..] => out.extend_from_slice(cell.as_bytes()),
        _ => write_display(out, format_args!("{number}")),
    }
}

fn write_display(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    // A Vec takes everything.
    let _ = out.write_fmt(text);
}

/// A sign or none, and digits.
pub(super) fn long(cell: &str) -> Option<i64> {
    cell.parse().ok()
}

/// A finite number.
pub(super) fn double(cell: &str) -> Option<f64> {
    cell.parse().ok().filter(|number: &f64| number.is_finite())
}

pub(super) fn boolean(cell: &str) -> Option<bool> {
    if cell == "1" || cell.eq_ignore_ascii_case("true") {
        Some(true)
    } else if cell == "0" || cell.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// Whether text is a number of JSON as it is, which forbids `+1`, `01`, `.5` and `1.`.
fn is_json_number(text: &str) -> bool {
    let text = text.as_bytes();
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let (whole, text) = split_digits(text);
    if whole.is_empty() || (whole.len() > 1 && whole.starts_with(b"0")) {
        return false;
    }
    let text = match text.strip_prefix(b".") {
        None => text,
        Some(text) => match split_digits(text) {
            (b"", _) => return false,
            (_, text) => text,
        },
    };
    let Some((b'e' | b'E', exponent)) = text.split_first() else {
        return text.is_empty();
    };
    let exponent = exponent
        .strip_prefix(b"-")
        .or(exponent.strip_prefix(b"+"))
        .unwrap_or(exponent);
    matches!(split_digits(exponent), (digits, b"") if !digits.is_empty())
}

fn split_digits(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| !byte.is_ascii_digit());
    text.split_at(end.unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn whole_numbers_keep_all_their_digits() {
        for (cell, expected) in [
            ("9223372036854775807", Some(i64::MAX)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775808", None),
            ("-9223372036854775809", None),
            ("9007199254740993", Some(9_007_199_254_740_993)),
            ("+7", Some(7)),
            ("007", Some(7)),
            ("-0", Some(0)),
            ("-", None),
            ("+", None),
            ("+-1", None),
            ("1.0", None),
            ("1e3", None),
            ("1_000", None),
            ("1,000", None),
            (" 1", None),
            ("1 ", None),
            ("0x10", None),
            ("\u{661}", None),
            ("true", None),
        ] {
            assert_eq!(long(cell), expected, "{cell:?}");
        }
    }

    #[test]
    fn numbers_are_finite() {
        for (cell, expected) in [
            ("1.5", Some(1.5)),
            ("-1.5e-3", Some(-0.0015)),
            ("+.5", Some(0.5)),
            ("1.", Some(1.0)),
            ("1e308", Some(1e308)),
            ("1e-400", Some(0.0)),
            ("1e400", None),
            ("-1e400", None),
            ("NaN", None),
            ("nan", None),
            ("inf", None),
            ("-Infinity", None),
            (".", None),
            ("1,5", None),
            ("1 ", None),
            ("0x1p3", None),
            ("1f", None),
        ] {
            assert_eq!(double(cell), expected, "{cell:?}");
        }
        assert!(double("-0").is_some_and(f64::is_sign_negative));
    }

    #[test]
    fn booleans_are_words_or_digits() {
        for (cell, expected) in [
            ("true", Some(true)),
            ("TRUE", Some(true)),
            ("False", Some(false)),
            ("1", Some(true)),
            ("0", Some(false)),
            ("yes", None),
            ("t", None),
            ("01", None),
            (" true", None),
        ] {
            assert_eq!(boolean(cell), expected, "{cell:?}");
        }
    }

    #[test]
    fn json_has_fewer_spellings_of_numbers() {
        for text in ["0", "-0", "10", "0.50", "1e5", "1E+5", "-1.5e-05"] {
            assert!(is_json_number(text), "{text}");
        }
        for text in [
            "", "-", "+1", "01", "-01", "00", ".5", "1.", "1.e5", "1e", "1e+", "1e5.", "1 ",
        ] {
            assert!(!is_json_number(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_json_number_is_one_that_serde_json_reads(text in "-?[0-9.eE+-]{0,6}") {
            // It reads the grammar only, not a value that may be too large.
            let is_number = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            prop_assert_eq!(is_json_number(&text), is_number);
        }
    }
}
