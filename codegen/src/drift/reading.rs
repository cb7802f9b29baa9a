//! Reads the facts on a page of a known kind.

use super::{
    block::Table,
    book::{Book, Endpoint},
    cells::{header_value, is_token_header, understood},
    compare::{Expected, Group, Sheet},
    examples, fields,
    known::FILE,
    located::At,
    mentions::{self, Manner},
    page::Page,
    recognise::{self, Kind},
    report::Level,
    words::{self, Columns, Role},
};
use crate::{openapi::Api, sources::PageLanguage};

/// Reads all facts of a page, and returns what the spec expects there.
pub fn read(sheet: &mut Sheet, page: &Page, kind: Kind<'_>, language: PageLanguage, book: &Book) -> Vec<Expected> {
    let mut expected = match kind {
        Kind::Responses(api) => responses(sheet, page, api, book),
        Kind::Operation(endpoint) => operation(sheet, page, endpoint, language, book),
        Kind::RateLimits => rate_limits(sheet, page, book),
        Kind::DataTypes => data_types(sheet, page, book),
        Kind::Authentication => authentication(sheet, page, book),
        Kind::Guide => guide(sheet, page, book),
    };
    if !matches!(kind, Kind::Operation(_) | Kind::Authentication) {
        // Samples on a page about something else may show any header that the APIs have.
        let samples = book
            .authentication()
            .into_iter()
            .filter(|row| row.group == Group::Samples);
        expected.extend(samples.map(|row| Expected { must: false, ..row }));
    }
    expected
}

fn responses(sheet: &mut Sheet, page: &Page, api: &Api, book: &Book) -> Vec<Expected> {
    let expected = book.responses(api.name);
    for table in page.tables() {
        if recognise::is_codes(table) {
            codes(sheet, table);
        } else if recognise::is_statuses(table) {
            statuses(sheet, table);
        } else {
            not_understood(sheet, table);
        }
    }
    limits(sheet, page, &expected);
    for line in page.lines() {
        examples::named_codes(sheet, &line.text, line.line, book);
    }
    for code in page.codes() {
        examples::check(sheet, code, api, None, book);
    }
    expected
}

/// A table of codes or of failures.
fn codes(sheet: &mut Sheet, table: &Table) {
    let columns = understood(sheet, table);
    let export = columns.find(Role::Code).is_none();
    sheet.places.insert(Group::Codes, table.line);
    for row in &table.rows {
        let cell = |role| columns.find(role).map(|column| row.cell(column));
        let key = cell(if export { Role::Message } else { Role::Code }).unwrap_or_default();
        let subject = format!("{} {key}", if export { "message" } else { "code" });
        sheet.read(Group::Codes, &subject, "", "", row.line);
        if let Some(status) = cell(Role::Status) {
            sheet.read(Group::Codes, &subject, "http", status_number(status).0, row.line);
        }
        let (role, attribute) = if export {
            (Role::Result, "result")
        } else {
            (Role::Message, "message")
        };
        if let Some(value) = cell(role) {
            sheet.read(Group::Codes, &subject, attribute, value, row.line);
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
        sheet.read(Group::Statuses, &subject, "", "", row.line);
        if !phrase.is_empty() {
            sheet.read(Group::Statuses, &subject, "phrase", &phrase.to_lowercase(), row.line);
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
        .map(|row| Expected { must: false, ..row });
    let known: Vec<_> = expected.iter().map(|expected| expected.subject.clone()).collect();
    expected.extend(optional.filter(|row| !known.contains(&row.subject)));
    fields::read(sheet, page, &expected, |sheet, table| {
        if recognise::is_codes(table) {
            codes(sheet, table);
        } else if recognise::is_statuses(table) {
            statuses(sheet, table);
        } else if is_endpoint(table) {
            methods_of(sheet, table);
        } else {
            not_understood(sheet, table);
        }
    });
    limits(sheet, page, &expected);
    for line in page.lines() {
        examples::named_codes(sheet, &line.text, line.line, book);
    }
    for code in page.codes() {
        examples::check(sheet, code, endpoint.api, Some(endpoint), book);
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
        sheet.read(Group::Operation, "method", "value", row.cell(column), row.line);
    }
}

/// The limits stated in prose, of those that the spec knows here.
fn limits(sheet: &mut Sheet, page: &Page, expected: &[Expected]) {
    let lines = page.lines().map(|line| (line.text.as_str(), line.line));
    let rows = page.tables().flat_map(|table| &table.rows);
    let cells = rows.flat_map(|row| row.cells.iter().map(|cell| (cell.as_str(), row.line)));
    for (text, line) in lines.chain(cells) {
        for limit in words::limits(text) {
            let subject = format!("limit of {}", limit.what);
            if expected.iter().any(|expected| expected.subject == subject) {
                sheet.read(Group::Limits, &subject, "value", &limit.value.to_string(), line);
            }
        }
    }
}

fn rate_limits(sheet: &mut Sheet, page: &Page, book: &Book) -> Vec<Expected> {
    for table in page.tables() {
        if recognise::is_rate_headers(table) {
            sheet.places.insert(Group::RateHeaders, table.line);
            for row in &table.rows {
                sheet.read(
                    Group::RateHeaders,
                    &format!("header {}", row.cell(0).to_lowercase()),
                    "",
                    "",
                    row.line,
                );
                for cell in &row.cells {
                    periods(sheet, cell, row.line);
                }
            }
        } else if recognise::is_rates(table) {
            sheet.places.insert(Group::Families, table.line);
            for row in &table.rows {
                family(sheet, row.cell(0), &row.cells, row.line);
            }
        } else if table
            .rows
            .iter()
            .any(|row| row.cells.iter().any(|cell| !words::period_codes(cell).is_empty()))
        {
            for row in &table.rows {
                for cell in &row.cells {
                    periods(sheet, cell, row.line);
                }
            }
        } else if let Some(rows) = period_rows(table) {
            for (text, line) in rows {
                periods(sheet, &text, line);
            }
        } else {
            not_understood(sheet, table);
        }
    }
    for line in page.lines() {
        periods(sheet, &line.text, line.line);
        for word in line.text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-') {
            let word = word.to_lowercase();
            if word.starts_with("x-rate") && word.matches('-').count() > 1 {
                sheet.read(Group::RateHeaders, &format!("header {word}"), "mention", "", line.line);
            }
        }
    }
    for code in page.codes() {
        examples::check(sheet, code, &book.spec.import, None, book);
    }
    book.rate_limits()
}

fn family(sheet: &mut Sheet, name: &str, cells: &[String], line: usize) {
    let subject = format!("limit {}", name.trim_end_matches("API").trim().to_lowercase());
    let Some(rate) = cells.iter().skip(1).find_map(|cell| words::rate(cell)) else {
        return sheet.say(Level::Error, &subject, "has no rate that could be read", line, None);
    };
    let concurrent = rate.concurrent.map_or("none".to_owned(), |count| count.to_string());
    sheet.read(Group::Families, &subject, "", "", line);
    sheet.read(Group::Families, &subject, "requests", &rate.requests.to_string(), line);
    sheet.read(
        Group::Families,
        &subject,
        "period",
        &format!("{} s", rate.period_seconds),
        line,
    );
    sheet.read(Group::Families, &subject, "concurrent", &concurrent, line);
}

fn periods(sheet: &mut Sheet, text: &str, line: usize) {
    for (unit, code) in words::period_codes(text) {
        sheet.read(Group::Periods, &format!("period {unit}"), "code", &code, line);
    }
}

/// Rows with a code and its meaning in separate cells.
fn period_rows(table: &Table) -> Option<Vec<(String, usize)>> {
    let rows = table.rows.iter().map(|row| (row.cells.join(" "), row.line));
    let rows: Vec<_> = rows.filter(|(text, _)| !words::period_codes(text).is_empty()).collect();
    (rows.len() == table.rows.len() && !rows.is_empty()).then_some(rows)
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
            let name = cell(Role::Type);
            let subject = format!("type {name}");
            sheet.read(Group::Types, &subject, "", "", row.line);
            if columns.find(Role::Format).is_some() {
                let format = cell(Role::Format).trim_matches('-').trim();
                sheet.read(Group::Types, &subject, "format", format, row.line);
            }
            let index = book
                .drift
                .data_types
                .iter()
                .position(|data_type| data_type.name == name);
            let Some(index) = index else { continue };
            let Some(data_type) = book.drift.data_types.get(index) else {
                continue;
            };
            let at = At {
                file: FILE.to_owned(),
                line: book.drift_lines.line_of(&["data_types", &index.to_string(), "schema"]),
            };
            for example in samples(cell(Role::Value)) {
                let faults = examples::validate(&data_type.schema, &example);
                let words = || {
                    faults
                        .iter()
                        .map(|(_, words)| words.as_str())
                        .collect::<Vec<_>>()
                        .join(", ")
                };
                sheet.check(faults.is_empty(), &format!("{subject} example"), words, row.line, &at);
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

fn authentication(sheet: &mut Sheet, page: &Page, book: &Book) -> Vec<Expected> {
    mentioned(sheet, page, book, true);
    for table in page.tables() {
        for row in &table.rows {
            for cell in &row.cells {
                tokens(sheet, cell, row.line);
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
                sheet.read(Group::Samples, &format!("header {name}"), "value", &value, row.line);
            }
        }
    }
    for line in page.lines() {
        tokens(sheet, &line.text, line.line);
    }
    for code in page.codes() {
        examples::check(sheet, code, &book.spec.import, None, book);
    }
    book.authentication()
}

/// Headers in prose, such as `access_token: ${your-token}` or `Authorization: Bearer …`.
fn tokens(sheet: &mut Sheet, text: &str, line: usize) {
    for (at, _) in text.match_indices(':') {
        let before = text.get(..at).unwrap_or_default();
        let name = before
            .rsplit(|c: char| !(c.is_ascii_alphanumeric() || "-_".contains(c)))
            .next()
            .unwrap_or_default();
        if is_token_header(name) {
            let value = text.get(at + 1..).unwrap_or_default();
            let value = value.trim_start_matches(['`', ' ']);
            let name = name.to_lowercase();
            sheet.read(
                Group::Samples,
                &format!("header {name}"),
                "value",
                &header_value(&name, value),
                line,
            );
        }
    }
}

fn guide(sheet: &mut Sheet, page: &Page, book: &Book) -> Vec<Expected> {
    mentioned(sheet, page, book, false);
    let lines = page.lines().map(|line| (line.text.as_str(), line.line));
    let rows = page.tables().flat_map(|table| &table.rows);
    let cells = rows.flat_map(|row| row.cells.iter().map(|cell| (cell.as_str(), row.line)));
    let mut words_found = Vec::new();
    for (text, line) in lines.chain(cells) {
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        words_found.extend(
            words
                .filter(|word| word.starts_with("df_"))
                .map(|word| (word.to_owned(), line)),
        );
    }
    for (name, line) in words_found {
        sheet.read(Group::Names, &format!("name {name}"), "", "", line);
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
    book.guide()
}

/// Hosts, paths and methods, wherever they are.
fn mentioned(sheet: &mut Sheet, page: &Page, book: &Book, samples_only: bool) {
    let (mentions, methods) = mentions::of(page);
    for mention in mentions {
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

fn not_understood(sheet: &mut Sheet, table: &Table) {
    let columns = table.columns.join(", ");
    sheet.say(
        Level::Error,
        "table",
        format!("not understood: its columns are {columns}"),
        table.line,
        None,
    );
}
