//! The meaning of the smallest pieces of a page: the columns of a table, a cell, a header, the first words of a sample.

use super::{
    block::Table,
    book::{flag, union},
    compare::Sheet,
    report::Level,
    words::{self, Columns},
};

/// The columns of a table; unknown ones are errors.
pub fn understood(sheet: &mut Sheet, table: &Table) -> Columns {
    let columns = Columns::of(table);
    let unknown = columns.unknown(table);
    if !unknown.is_empty() {
        let words = format!("columns not understood: {}", unknown.join(", "));
        sheet.say(Level::Error, "table", words, table.line, None);
    }
    columns
}

/// The value of a flag, in the words of the spec; anything else stays as it is.
#[must_use]
pub fn flag_value(cell: &str) -> String {
    words::flag(cell).map_or_else(|| cell.to_owned(), flag)
}

/// The types in a cell, in the words of the spec; anything else stays as it is.
#[must_use]
pub fn type_value(cell: &str) -> String {
    words::types(cell).map_or_else(|| cell.to_owned(), union)
}

/// The part of a header's value that is a fact.
#[must_use]
pub fn header_value(name: &str, value: &str) -> String {
    match name {
        "authorization" => value.split_whitespace().next().unwrap_or_default().to_lowercase(),
        "content-type" => value.split(';').next().unwrap_or_default().trim().to_lowercase(),
        _ => "token".to_owned(),
    }
}

/// Whether only a header for a token has this name.
#[must_use]
pub fn is_token_header(name: &str) -> bool {
    let plain = words::plain(name);
    plain.contains("accesstoken")
        || plain.starts_with("authori")
        || (plain.ends_with("token") && name.contains(['-', '_']))
}

/// Whether a block of code is a call of curl.
#[must_use]
pub fn is_command(text: &str) -> bool {
    text.trim_start().trim_start_matches("$ ").starts_with("curl")
}
