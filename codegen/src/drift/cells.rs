//! The meaning of the smallest pieces of a page: the columns of a table, a cell, a header, the first words of a sample.

use super::{
    block::{Spot, Table},
    book::{flag, union},
    compare::{Group, Sheet},
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
        "authorization" => value
            .split(|c: char| c.is_whitespace() || "`\"'".contains(c))
            .next()
            .unwrap_or_default()
            .to_lowercase(),
        "content-type" => value.split(';').next().unwrap_or_default().trim().to_lowercase(),
        _ if value.to_lowercase().starts_with("bearer ") => "bearer".to_owned(),
        _ => "token".to_owned(),
    }
}

/// Reads a header and its value.
pub fn header(sheet: &mut Sheet, name: &str, value: &str, spot: impl Into<Spot>) {
    let name = name.to_lowercase();
    let value = header_value(&name, value);
    sheet.read(Group::Samples, &format!("header {name}"), "value", &value, spot);
}

/// Whether only a header for a token has this name.
#[must_use]
pub fn is_token_header(name: &str) -> bool {
    let plain = words::plain(name);
    let parted = name.contains(['-', '_']);
    let placeholder = plain.starts_with("your");
    !placeholder
        && (plain.contains("accesstoken")
            || plain.starts_with("authori")
            || name.to_lowercase().starts_with("x-")
            || (parted && ["token", "key", "secret"].iter().any(|end| plain.ends_with(end))))
}

/// Says that a table was not understood.
pub fn not_understood(sheet: &mut Sheet, table: &Table) {
    let columns = table.columns.join(", ");
    sheet.say(
        Level::Error,
        "table",
        format!("not understood: its columns are {columns}"),
        table.line,
        None,
    );
}
