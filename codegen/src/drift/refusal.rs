//! Texts that look like a page and are none: PDF files, their text, and HTML without its tables.

use std::collections::BTreeSet;

use super::{
    block::Block,
    book::Book,
    mentions::{self, Manner},
    page::Page,
    words,
};

/// Why a text cannot be read, and the line that shows it. Half of a page would be worse than none, since what is missing
/// looks like agreement.
#[must_use]
pub fn refusal(text: &str, page: &Page, book: &Book) -> Option<(usize, String)> {
    if text.trim_start().starts_with("%PDF") {
        return Some((
            1,
            "this is a PDF file; give the page's Markdown, which its URL with `.md` has".to_owned(),
        ));
    }
    if page
        .tables()
        .any(|table| !table.rows.is_empty() && !is_index(table, book))
    {
        return None;
    }
    let why = "this is the text of a PDF file, or HTML without its tables; give the page's Markdown, which its URL with \
               `.md` has";
    let (mentions, methods) = mentions::of(page);
    let signature = mentions.iter().find(|mention| {
        let method = methods.iter().any(|method| method.line.abs_diff(mention.line) < 2);
        mention.manner == Manner::Signature && method && !mention.path.is_empty() && !in_index(page, mention.line, book)
    });
    if let Some(mention) = signature {
        let words = format!(
            "names {} as its subject, but has no table of fields: {why}",
            mention.path
        );
        return Some((mention.line, words));
    }
    let rows = flattened(page, book);
    let first = rows.first().copied().filter(|_| rows.len() > 2)?;
    let words = format!(
        "{} lines read like rows of a table, but there is none: {why}",
        rows.len()
    );
    Some((first, words))
}

/// Whether a table lists several endpoints, as a page of the guide may.
fn is_index(table: &super::block::Table, book: &Book) -> bool {
    let cells = table.rows.iter().flat_map(|row| &row.cells);
    let paths: BTreeSet<_> = cells.flat_map(|cell| mentions::paths(cell)).collect();
    paths
        .iter()
        .filter(|path| book.endpoints().any(|endpoint| endpoint.path == **path))
        .count()
        == 1
}

fn in_index(page: &Page, line: usize, book: &Book) -> bool {
    let tables = page
        .tables()
        .filter(|table| table.rows.iter().any(|row| row.line == line));
    tables.into_iter().any(|table| !is_index(table, book))
}

/// The lines that hold a type, a flag or a status alone, or beside a name of the spec.
fn flattened(page: &Page, book: &Book) -> Vec<usize> {
    let (fields, codes) = names(book);
    let single: BTreeSet<_> = codes
        .iter()
        .flat_map(|code| code.split(' '))
        .filter(|word| word.len() > 4)
        .collect();
    let is_row = |text: &str| {
        let words: Vec<_> = text
            .split_whitespace()
            .map(|word| word.trim_matches(['`', '*', ',']))
            .collect();
        // Prose has such words in lower case.
        let capital = |word: &&&str| !word.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
        let mut told = words.iter().filter(capital).filter(|word| word.len() > 1);
        let told = told.any(|word| words::types(word).is_some() || words::flag(word).is_some());
        let field = words.iter().any(|word| fields.contains(*word));
        let code = words.windows(2).any(|pair| codes.contains(&pair.join(" ")));
        let alone = words.len() < 4 && (words::types(text).is_some() || words::flag(text).is_some());
        (alone || field) && told || code || single.contains(text.trim())
    };
    let mut lines = Vec::new();
    for block in &page.blocks {
        match block {
            Block::Text(line) if is_row(&line.text) => lines.push(line.line),
            Block::Code(code) if code.indented => {
                let rows = code.text.lines().enumerate().filter(|(_, line)| is_row(line));
                lines.extend(rows.map(|(index, _)| code.line + index));
            }
            _ => {}
        }
    }
    lines
}

/// The names of fields that are no words, and the codes with their names.
fn names(book: &Book) -> (BTreeSet<String>, BTreeSet<String>) {
    let schemas = book
        .spec
        .apis()
        .into_iter()
        .flat_map(|api| api.document.components.schemas.values());
    let fields = schemas
        .flat_map(|schema| schema.properties.keys())
        .filter(|name| name.contains('_'));
    let codes = book
        .spec
        .responses
        .import
        .codes
        .iter()
        .map(|row| format!("{} {}", row.code, row.name));
    let failures = book
        .spec
        .responses
        .export
        .codes
        .iter()
        .map(|row| format!("fail {}", row.message));
    (fields.cloned().collect(), codes.chain(failures).collect())
}
