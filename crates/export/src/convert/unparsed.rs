//! The cells of a row that did not fit their types.

use std::borrow::Cow;

use super::rows::Cell;

/// Their texts by column, as an object of JSON.
pub(super) fn object(cells: &[(&str, Cell<'_>)]) -> Vec<u8> {
    let mut out = b"{".to_vec();
    for (name, cell) in cells {
        if out.len() > 1 {
            out.push(b',');
        }
        // Text always becomes JSON, and a Vec takes everything.
        let _ = serde_json::to_writer(&mut out, name);
        out.push(b':');
        let _ = serde_json::to_writer(&mut out, &text(*cell));
    }
    out.push(b'}');
    out
}

/// The text of a cell, with U+FFFD for what is not UTF-8.
pub(super) fn text(cell: Cell<'_>) -> Cow<'_, str> {
    cell.map_or_else(String::from_utf8_lossy, Cow::Borrowed)
}
