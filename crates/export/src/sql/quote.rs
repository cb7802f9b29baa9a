//! Names and places in the languages of statements. The service names the columns, so nothing in a name may end its
//! quotes.

use std::fmt::Write as _;

/// A name in SQL, as most warehouses quote it.
pub(super) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A name as Spark and Athena quote it.
pub(super) fn backticked(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A text in SQL.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A text in Python or YAML.
pub(super) fn text(text: &str) -> String {
    escaped(text, '"')
}

/// A text in quotes, with the escapes that Python, YAML in double quotes and `BigQuery` share. `BigQuery` has them in names
/// too.
pub(super) fn escaped(text: &str, quote: char) -> String {
    format!("{quote}{}{quote}", within(text, quote))
}

/// The same for a text that is within quotes already.
pub(super) fn within(text: &str, quote: char) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\\' || c == quote {
            out.push('\\');
            out.push(c);
        } else if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}') {
            // YAML does not allow them, and some end a line. Writing to a text cannot fail.
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}
