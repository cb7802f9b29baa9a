//! Why the bytes of a record cannot be used.

use std::fmt;

use dfinery::Violation;

use crate::format::Format;

/// A byte order mark in UTF-8.
pub(crate) const MARK: &[u8] = b"\xEF\xBB\xBF";

pub(crate) fn marked(format: Format) -> String {
    format!(
        "the {} begins with a byte order mark (U+FEFF), as where files were joined: remove it",
        format.unit()
    )
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
