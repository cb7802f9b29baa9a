//! Pages without a table of their own: on tokens, and those of the guide.

use super::{
    block::Spot,
    book::Book,
    cells::{self, header_value, is_token_header, not_understood},
    compare::{Expected, Group, Sheet},
    examples,
    json::Scope,
    mentions,
    page::Page,
    prose,
    words::Columns,
};

/// Reads the page on tokens.
pub fn authentication(sheet: &mut Sheet, page: &Page, book: &Book) -> Vec<Expected> {
    mentioned(sheet, page, book, true);
    for table in page.tables() {
        for row in &table.rows {
            for cell in &row.cells {
                tokens(sheet, cell, row.into());
            }
            if let [name, rest @ ..] = row.cells.as_slice()
                && rest
                    .iter()
                    .any(|cell| cell.to_lowercase().contains("token") || cell.to_lowercase().contains("bearer"))
                && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
                && is_token_header(name)
            {
                let value = rest
                    .iter()
                    .find(|cell| cell.to_lowercase().contains("bearer"))
                    .map_or("", String::as_str);
                let name = name.to_lowercase();
                let value = if value.is_empty() {
                    "token".to_owned()
                } else {
                    header_value(&name, value)
                };
                sheet.read(Group::Samples, &format!("header {name}"), "value", &value, row);
            }
        }
    }
    for line in page.lines() {
        tokens(sheet, &line.text, line.into());
        scheme(sheet, &line.text, line.into());
        let about = line.text.to_lowercase();
        if about.contains("header") || about.contains("헤더") {
            let is_name = |name: &&String| {
                let parted = name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
                parted && name.contains(['-', '_']) && !name.starts_with("your")
            };
            for name in line.literals.iter().filter(is_name) {
                sheet.read(
                    Group::Samples,
                    &format!("header {}", name.to_lowercase()),
                    "mention",
                    "",
                    line,
                );
            }
        }
    }
    for code in page.codes() {
        examples::check(sheet, code, Scope::ANY, book);
    }
    book.authentication()
}

/// The scheme that prose names beside its header.
fn scheme(sheet: &mut Sheet, text: &str, spot: Spot) {
    let lower = text.to_lowercase();
    // A sample has a colon, and is read as one.
    if !lower.contains("authorization") || lower.contains("authorization:") {
        return;
    }
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric());
    for word in words.filter(|word| matches!(*word, "bearer" | "basic" | "digest" | "apikey")) {
        sheet.read(Group::Samples, "header authorization", "value", word, spot);
    }
}

/// Headers in prose, such as `access_token: ${your-token}` or `Authorization: Bearer …`.
fn tokens(sheet: &mut Sheet, text: &str, line: Spot) {
    for (at, _) in text.match_indices(':') {
        let before = text.get(..at).unwrap_or_default();
        let name = before
            .rsplit(|c: char| !(c.is_ascii_alphanumeric() || "-_".contains(c)))
            .next()
            .unwrap_or_default();
        if is_token_header(name) {
            let value = text.get(at + 1..).unwrap_or_default();
            cells::header(sheet, name, value.trim_start_matches(['`', ' ']), line);
        }
    }
}

/// Reads a page of the guide.
pub fn read(sheet: &mut Sheet, page: &Page, book: &Book) -> Vec<Expected> {
    mentioned(sheet, page, book, false);
    let expected = book.guide();
    prose::limits(sheet, page, &expected, true);
    prose::codes(sheet, page, book);
    for code in page.codes() {
        examples::check(sheet, code, Scope::ANY, book);
    }
    for table in page.tables() {
        let columns = Columns::of(table);
        let named = table
            .rows
            .iter()
            .flat_map(|row| &row.cells)
            .any(|cell| cell.starts_with("df_"));
        if named && !columns.unknown(table).is_empty() {
            not_understood(sheet, table);
        }
    }
    expected
}

/// Hosts, paths and methods, wherever they are.
pub fn mentioned(sheet: &mut Sheet, page: &Page, book: &Book, samples_only: bool) {
    let (mentions, methods) = mentions::of(page);
    for mention in mentions {
        if let Some(stem) = &mention.stem {
            let known = book
                .endpoints()
                .any(|endpoint| endpoint.path.starts_with(&format!("{stem}/")));
            let at = book.lines.at("import", &["paths"]);
            sheet.check(
                known,
                "path",
                || format!("the spec has no path that begins with {stem}"),
                mention.line,
                &at,
            );
        }
        if let Some(host) = &mention.host {
            sheet.read(Group::Operation, "host", "value", host, mention.line);
        }
        if !mention.path.is_empty() {
            let path = book.endpoints().find(|endpoint| endpoint.path == mention.path);
            let at = path.map_or(book.lines.at("import", &["paths"]), |endpoint| {
                book.lines.at(endpoint.api.name, &["paths", endpoint.path])
            });
            let words = || format!("the spec has no path {}", mention.path);
            if samples_only {
                sheet.check(path.is_some(), "path", words, mention.line, &at);
            } else {
                sheet.read(Group::Names, &format!("path {}", mention.path), "", "", mention.line);
            }
        }
    }
    for method in methods {
        sheet.read(Group::Operation, "method", "value", &method.name, method.line);
    }
}
