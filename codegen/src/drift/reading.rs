//! Reads the facts on a page of a known kind.

use std::collections::BTreeSet;

use super::{
    block::Table,
    book::{Book, Endpoint},
    cells::{not_understood, understood},
    compare::{Expected, Group, Sheet},
    csv, examples, fields, guide,
    json::{self, Scope},
    mentions::{self, Manner},
    page::Page,
    prose, rates,
    recognise::{self, Kind},
    words::{Columns, Role},
};
use crate::{openapi::Api, sources::PageLanguage};

/// Reads all facts of a page, and returns what the spec expects there.
pub fn read(sheet: &mut Sheet, page: &Page, kind: Kind<'_>, language: PageLanguage, book: &Book) -> Vec<Expected> {
    let mut expected = match kind {
        Kind::Responses(api) => responses(sheet, page, api, book),
        Kind::Operation(endpoint) => operation(sheet, page, endpoint, language, book),
        Kind::RateLimits => rates::read(sheet, page, book),
        Kind::DataTypes => data_types(sheet, page, book),
        Kind::Authentication => guide::authentication(sheet, page, book),
        Kind::Guide => guide::read(sheet, page, book),
    };
    // Any page may show the headers and name the names that the APIs have.
    let mut shared = book.authentication();
    shared.retain(|row| row.group == Group::Samples);
    shared.extend(book.rate_headers());
    shared.extend(book.names());
    let named: BTreeSet<_> = expected.iter().map(|row| (row.group, row.subject.clone())).collect();
    let shared = shared
        .into_iter()
        .filter(|row| !named.contains(&(row.group, row.subject.clone())));
    expected.extend(shared.map(|row| Expected { must: false, ..row }));
    if !matches!(kind, Kind::RateLimits) {
        prose::headers(sheet, page, matches!(kind, Kind::Authentication));
        prose::rates(sheet, page, book);
    }
    prose::queries(sheet, page, book);
    prose::names(sheet, page);
    expected
}

fn responses(sheet: &mut Sheet, page: &Page, api: &Api, book: &Book) -> Vec<Expected> {
    let expected = book.responses(api.name);
    for table in page.tables() {
        if recognise::is_codes(table) {
            codes(sheet, table, api);
        } else if recognise::is_statuses(table) {
            statuses(sheet, table);
        } else {
            not_understood(sheet, table);
        }
    }
    prose::limits(sheet, page, &expected, false);
    prose::codes(sheet, page, book);
    let scope = Scope {
        api: Some(api),
        endpoint: None,
    };
    for code in page.codes() {
        examples::check(sheet, code, scope, book);
    }
    expected
}

/// A table of codes or of failures.
fn codes(sheet: &mut Sheet, table: &Table, api: &Api) {
    let columns = understood(sheet, table);
    let export = api.name == "export";
    if columns.find(if export { Role::Message } else { Role::Code }).is_none() {
        return;
    }
    sheet.places.insert(Group::Codes, table.line);
    for row in &table.rows {
        let cell = |role| columns.find(role).map(|column| row.cell(column));
        let key = cell(if export { Role::Message } else { Role::Code }).unwrap_or_default();
        let subject = format!("{} {key}", if export { "message" } else { "code" });
        sheet.read(Group::Codes, &subject, "", "", row);
        if let Some(status) = cell(Role::Status) {
            sheet.read(Group::Codes, &subject, "http", status_number(status).0, row);
        }
        let (role, attribute) = if export {
            (Role::Result, "result")
        } else {
            (Role::Message, "message")
        };
        if let Some(value) = cell(role) {
            sheet.read(Group::Codes, &subject, attribute, value, row);
        }
    }
}

/// A table of HTTP statuses, such as `400 - Bad Request`.
fn statuses(sheet: &mut Sheet, table: &Table) {
    let columns = understood(sheet, table);
    let Some(column) = columns.find(Role::Status).or(columns.find(Role::Code)) else {
        return;
    };
    sheet.places.insert(Group::Statuses, table.line);
    for row in &table.rows {
        let (number, phrase) = status_number(row.cell(column));
        let subject = format!("HTTP {number}");
        sheet.read(Group::Statuses, &subject, "", "", row);
        if !phrase.is_empty() {
            sheet.read(Group::Statuses, &subject, "phrase", &phrase.to_lowercase(), row);
        }
    }
}

fn status_number(cell: &str) -> (&str, &str) {
    let end = cell.find(|c: char| !c.is_ascii_digit()).unwrap_or(cell.len());
    let (number, rest) = cell.split_at(end);
    if !rest.is_empty() && !rest.starts_with([' ', '-', '–', ':', '(']) {
        return (cell, "");
    }
    let phrase = rest
        .trim_start_matches(|c: char| c.is_whitespace() || "-–:()".contains(c))
        .trim_end_matches(')');
    if number.is_empty() {
        (cell, "")
    } else {
        (number, phrase)
    }
}

fn operation(
    sheet: &mut Sheet,
    page: &Page,
    endpoint: Endpoint<'_>,
    language: PageLanguage,
    book: &Book,
) -> Vec<Expected> {
    let mut expected = book.operation(endpoint, language);
    let (mentions, methods) = mentions::of(page);
    let others: Vec<_> = book
        .endpoints()
        .map(|endpoint| endpoint.path)
        .filter(|path| *path != endpoint.path)
        .collect();
    for mention in &mentions {
        if let Some(host) = &mention.host {
            sheet.read(Group::Operation, "host", "value", host, mention.line);
        }
        // A page may recommend another operation in passing.
        let aside = mention.manner == Manner::Prose && others.contains(&mention.path.as_str());
        if !mention.path.is_empty() && !aside {
            sheet.read(Group::Operation, "path", "value", &mention.path, mention.line);
        }
    }
    for method in &methods {
        sheet.read(Group::Operation, "method", "value", &method.name, method.line);
    }

    let optional = book
        .responses(endpoint.api.name)
        .into_iter()
        .map(|row| Expected { must: false, ..row })
        .filter(|row| row.group != Group::Limits);
    let known: Vec<_> = expected.iter().map(|expected| expected.subject.clone()).collect();
    expected.extend(optional.filter(|row| !known.contains(&row.subject)));
    fields::read(sheet, page, &expected, book, |sheet, table| {
        if recognise::is_codes(table) {
            codes(sheet, table, endpoint.api);
        } else if recognise::is_statuses(table) {
            statuses(sheet, table);
        } else if is_endpoint(table) {
            methods_of(sheet, table);
        } else {
            not_understood(sheet, table);
        }
    });
    prose::limits(sheet, page, &expected, false);
    prose::codes(sheet, page, book);
    prose::fields(sheet, page, &expected);
    for line in page.lines() {
        csv::described(sheet, line, endpoint, book);
    }
    let scope = Scope {
        api: Some(endpoint.api),
        endpoint: Some(endpoint),
    };
    for code in page.codes() {
        examples::check(sheet, code, scope, book);
    }
    expected
}

/// Method and path in a table are read as mentions.
fn is_endpoint(table: &Table) -> bool {
    let columns = Columns::of(table);
    columns.find(Role::Path).is_some() && columns.unknown(table).is_empty()
}

/// Content of the column of methods that is not a method.
fn methods_of(sheet: &mut Sheet, table: &Table) {
    let Some(column) = Columns::of(table).find(Role::Method) else {
        return;
    };
    for row in table
        .rows
        .iter()
        .filter(|row| !mentions::METHODS.contains(&row.cell(column)))
    {
        sheet.read(Group::Operation, "method", "value", row.cell(column), row);
    }
}

fn data_types(sheet: &mut Sheet, page: &Page, book: &Book) -> Vec<Expected> {
    for table in page.tables() {
        if !recognise::is_types(table) {
            not_understood(sheet, table);
            continue;
        }
        let columns = understood(sheet, table);
        sheet.places.insert(Group::Types, table.line);
        for row in &table.rows {
            let cell = |role| columns.find(role).map(|column| row.cell(column)).unwrap_or_default();
            // The English pages translate the Korean word for a fraction, which also means a mistake.
            let name = &cell(Role::Type).replace("Mistake", "Double");
            let subject = format!("type {name}");
            sheet.read(Group::Types, &subject, "", "", row);
            if columns.find(Role::Format).is_some() {
                let format = cell(Role::Format).trim_matches('-').trim();
                sheet.read(Group::Types, &subject, "format", format, row);
            }
            let mut data_types = book.drift.data_types.iter().enumerate();
            let Some((index, data_type)) = data_types.find(|(_, data_type)| data_type.name == *name) else {
                continue;
            };
            let at = book.drift_at(&["data_types", &index.to_string()]);
            for example in samples(cell(Role::Value)) {
                let faults = json::validate(&data_type.kind.schema(), &example);
                let fact = format!("{subject} example");
                sheet.check(faults.is_empty(), &fact, || json::in_words(&faults), row, &at);
                if let Some(text) = example.as_str() {
                    json::offset(sheet, text, row, book);
                }
            }
        }
    }
    book.data_types()
}

/// The JSON values in a cell; anything else counts as text.
fn samples(cell: &str) -> Vec<serde_json::Value> {
    let values = serde_json::Deserializer::from_str(cell)
        .into_iter()
        .collect::<Result<Vec<_>, _>>();
    values.unwrap_or_else(|_| {
        let words = cell
            .split([' ', ','])
            .map(|word| word.trim_matches(['"', '`', '\'', '“', '”']));
        words
            .filter(|word| !word.is_empty())
            .map(|word| word.to_owned().into())
            .collect()
    })
}
