//! A record of a table, before it is a line of an input.

use std::ops::Range;

use dfinery::Violation;

use crate::row_reader::Row;

/// A record, or why there is none.
pub(crate) struct Found {
    pub(crate) line: u64,
    pub(crate) offset: u64,
    pub(crate) bytes: Bytes,
    pub(crate) problem: Option<Violation>,
}

/// Where the bytes of a record are.
pub(crate) enum Bytes {
    Window(Range<usize>),
    /// It is too long: the window keeps its head.
    Head,
    /// It has several rows.
    Group,
}

impl Found {
    /// A record of one row.
    pub(crate) fn of_row(row: &Row, problem: Option<Violation>) -> Self {
        Self {
            line: row.line,
            offset: row.offset,
            bytes: row.range.clone().map_or(Bytes::Head, Bytes::Window),
            problem,
        }
    }
}
