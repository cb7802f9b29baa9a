//! CSV in an example: delimiter, columns, and rows of one length.

use similar::TextDiff;

use super::{
    block::Prose,
    book::{Book, Endpoint},
    compare::Sheet,
    located::At,
    report::Level,
    script::Text,
    values::is_placeholder,
};
use crate::standard_names::{Kind, List};

/// Checks a text if its first line is the header of a CSV file.
pub fn check(sheet: &mut Sheet, text: &Text, endpoint: Option<Endpoint<'_>>, book: &Book) {
    let mut lines = text
        .text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty());
    let Some((index, head)) = lines.next() else { return };
    let line = text.line + index;
    let exports = endpoint.is_some_and(|endpoint| endpoint.api.name == "export");
    let delimiters = [',', ';', '\t', '|'].into_iter();
    let Some(delimiter) = delimiters.max_by_key(|delimiter| (head.matches(*delimiter).count(), *delimiter == ','))
    else {
        return;
    };
    let columns: Vec<_> = head
        .split(delimiter)
        .map(|cell| cell.trim().trim_matches('"'))
        .collect();
    let is_name = |name: &&str| {
        let name = name.trim_end_matches(['…', '.']);
        name.chars().all(|c| c.is_ascii_alphanumeric() || "_${}-.".contains(c))
    };
    let standard = columns.iter().any(|name| name.contains("df_") || *name == "event_name");
    if columns.len() < 2 || !(standard || exports) {
        return;
    }
    let strange: Vec<_> = columns.iter().filter(|name| !is_name(name)).collect();
    if let ([name], true) = (&strange[..], columns.len() > 2) {
        let words = format!("has `{name}` in its header line, which is no name of a column");
        sheet.facts += 1;
        return sheet.say(Level::Drift, "CSV header", words, line, None);
    }
    if !strange.is_empty() {
        return;
    }
    let exported = endpoint
        .filter(|_| exports)
        .or_else(|| book.endpoints().find(|other| other.api.name == "export"));
    let at = exported.map(|endpoint| place(endpoint, book));
    sheet.facts += 1;
    if delimiter != ',' {
        let words = format!("separates fields by `{}`, CSV by `,`", delimiter.escape_default());
        sheet.say(Level::Drift, "CSV delimiter", words, line, at.clone());
    }
    for name in columns.iter().filter(|name| name.contains("df_") && is_column(name)) {
        let is_in = |list: List| {
            let mut names = book.standard.iter();
            names.any(|row| row.name == *name && list.kinds().contains(&row.kind))
        };
        let known = is_in(List::EventColumns) || is_in(List::UserColumns);
        let at = book.lines.at("taxonomy", &["system_columns"]);
        let words = || "the taxonomy has no column of this name".to_owned();
        sheet.check(known, &format!("column {name}"), words, line, &at);
    }
    // Of the names without prefix only the standard ones are known: what is almost one of them was one.
    let plain = book
        .standard
        .iter()
        .filter(|row| row.kind == Kind::Column && !row.name.starts_with("df_"));
    for row in plain {
        let near = |name: &&&str| **name != row.name && TextDiff::from_chars(**name, row.name.as_str()).ratio() > 0.8;
        if let Some(name) = columns.iter().find(near) {
            let words = || format!("reads `{name}` in the sample");
            sheet.check(
                false,
                &format!("column {}", row.name),
                words,
                line,
                &book.standard_at(row),
            );
        }
    }
    let cut = |text: &str| text.trim_end().ends_with(['…', '.']);
    for (index, row) in lines.filter(|(_, row)| !row.contains('"') && !cut(row) && !cut(head)) {
        let count = row.split(delimiter).count();
        if count != columns.len() {
            let words = format!("has {count} fields, the header line {}", columns.len());
            sheet.say(Level::Drift, "CSV row", words, text.line + index, at.clone());
        }
        let event = columns.iter().position(|name| *name == "event_name");
        let name = event
            .and_then(|index| row.split(delimiter).nth(index))
            .unwrap_or_default();
        if name.starts_with("df_") {
            let known = book
                .standard
                .iter()
                .any(|row| row.name == name && row.kind == Kind::Event);
            let at = book.lines.at("taxonomy", &["events"]);
            let words = || "the taxonomy has no event of this name".to_owned();
            sheet.check(known, &format!("name {name}"), words, text.line + index, &at);
        }
    }
}

/// Where the spec says that an operation answers with CSV.
fn place(Endpoint { path, method, .. }: Endpoint<'_>, book: &Book) -> At {
    let at = ["paths", path, method, "responses", "200", "content", "text/csv"];
    book.lines.at("export", &at)
}

/// The delimiter that prose names.
pub fn described(sheet: &mut Sheet, line: &Prose, endpoint: Endpoint<'_>, book: &Book) {
    let text = line.text.to_lowercase();
    let names = [
        (",", &["쉼표", "콤마", "comma"][..]),
        (";", &["세미콜론", "semicolon"]),
        ("\\t", &["탭", "tab"]),
        ("|", &["파이프", "pipe"]),
    ];
    if endpoint.api.name != "export" || !["구분", "separated", "delimit"].iter().any(|word| text.contains(word)) {
        return;
    }
    let shown = |(sign, words): &&(&str, &[&str])| {
        line.literals.iter().any(|literal| literal == sign) || words.iter().any(|word| text.contains(word))
    };
    if let Some((sign, _)) = names.iter().find(shown) {
        let words = || format!("separates fields by `{sign}`, CSV by `,`");
        sheet.check(*sign == ",", "CSV delimiter", words, line, &place(endpoint, book));
    }
}

/// Whether a name can be compared: neither cut off nor a placeholder.
fn is_column(name: &str) -> bool {
    !name.ends_with(['…', '.']) && !is_placeholder(name)
}
