//! Why the bytes of a record cannot be used.

use std::fmt;

use dfinery::Violation;

use crate::{
    encoding,
    format::{Encoding, Format},
};

/// The text of a record or a row, or why it cannot be used.
pub(crate) fn text<'t>(
    bytes: &'t [u8],
    encoding: Encoding,
    format: Format,
    scratch: &'t mut String,
) -> Result<&'t str, String> {
    check_mark(bytes, encoding, format)?;
    encoding::decode(bytes, encoding, scratch).map_err(|bad| bad.problem(format.unit()))
}

/// Whether a record or a row begins with a byte order mark, as in a file that was joined from several.
pub(crate) fn check_mark(bytes: &[u8], encoding: Encoding, format: Format) -> Result<(), String> {
    const MARK: &[u8] = b"\xEF\xBB\xBF";
    if !bytes.starts_with(MARK) || encoding == Encoding::Cp949 {
        return Ok(());
    }
    Err(format!(
        "the {} begins with a byte order mark (U+FEFF), as where files were joined: remove it",
        format.unit()
    ))
}

pub(crate) fn too_long(length: u64, most: usize, format: Format) -> String {
    let unit = format.unit();
    let reason = if format.is_table() {
        "; a quote that is never closed is the usual reason"
    } else {
        ""
    };
    format!("the {unit} has {length} bytes, at most {most} are read{reason}")
}

/// A violation with its place at the end, where a report does not take it for a part of the cause.
pub(crate) fn at(violation: &Violation, place: impl fmt::Display) -> Violation {
    Violation::new(violation.path(), format!("{} ({place})", violation.problem()))
}

pub(crate) fn at_line(violation: &Violation, line: u64) -> Violation {
    at(violation, format_args!("on line {line}"))
}
