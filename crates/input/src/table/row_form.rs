//! Cells written as a row of CSV.

use super::form::TableForm;
use crate::format::{Encoding, Format};

/// How rows that come from no table are written as one.
pub(crate) struct RowForm {
    delimiter: u8,
    escape: Option<u8>,
}

impl RowForm {
    /// The form that is read with these characters; cells are separated by commas if none is given.
    pub(crate) fn new(delimiter: Option<u8>, escape: Option<u8>) -> Self {
        Self {
            delimiter: delimiter.unwrap_or(b','),
            escape,
        }
    }

    /// Appends a row without a line break.
    pub(crate) fn write<'a>(&self, cells: impl Iterator<Item = &'a str>, out: &mut Vec<u8>) {
        let start = out.len();
        for (cell, index) in cells.zip(0..) {
            if index > 0 {
                out.push(self.delimiter);
            }
            let is_special = |byte: &u8| {
                matches!(byte, b'"' | b'\n' | b'\r') || *byte == self.delimiter || Some(*byte) == self.escape
            };
            if !cell.bytes().any(|byte| is_special(&byte)) {
                out.extend_from_slice(cell.as_bytes());
                continue;
            }
            out.push(b'"');
            for byte in cell.bytes() {
                if byte == b'"' || Some(byte) == self.escape {
                    out.push(byte);
                }
                out.push(byte);
            }
            out.push(b'"');
        }
        // An empty line would be no row.
        if out.len() == start {
            out.extend_from_slice(b"\"\"");
        }
    }
}

impl TableForm {
    /// The form of rows that come from no table. A spreadsheet reads the mark at the beginning.
    pub(crate) fn of_rows(form: &RowForm, header: &[String]) -> Self {
        let mut names = Vec::new();
        form.write(header.iter().map(String::as_str), &mut names);
        Self {
            format: Format::Csv,
            encoding: Some(Encoding::Utf8),
            byte_order_mark: true,
            separator_line: false,
            delimiter: form.delimiter.into(),
            escape: form.escape.map(char::from),
            line_break: "\n".to_owned(),
            header: String::from_utf8(names).unwrap_or_default(),
        }
    }
}
