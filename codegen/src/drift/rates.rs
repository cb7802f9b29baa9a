//! The page on rate limits: families, headers, periods, samples.

use super::{
    block::{Spot, Table},
    book::Book,
    cells::not_understood,
    compare::{Expected, Group, Sheet},
    examples, guide,
    json::Scope,
    numbers,
    page::Page,
    recognise,
    report::Level,
    values,
};

/// Reads the page.
pub fn read(sheet: &mut Sheet, page: &Page, book: &Book) -> Vec<Expected> {
    for table in page.tables() {
        if recognise::is_rate_headers(table) {
            sheet.places.insert(Group::RateHeaders, table.line);
            for row in &table.rows {
                sheet.read(
                    Group::RateHeaders,
                    &format!("header {}", row.cell(0).to_lowercase()),
                    "",
                    "",
                    row,
                );
                for cell in &row.cells {
                    periods(sheet, cell, row.into());
                }
            }
        } else if recognise::is_rates(table) {
            sheet.places.insert(Group::Families, table.line);
            for row in &table.rows {
                family(sheet, row.cell(0), &row.cells, row.into());
            }
        } else if table
            .rows
            .iter()
            .any(|row| row.cells.iter().any(|cell| !numbers::period_codes(cell).is_empty()))
        {
            for row in &table.rows {
                for cell in &row.cells {
                    periods(sheet, cell, row.into());
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
        periods(sheet, &line.text, line.into());
        mention(sheet, &line.text, line.into());
    }
    for code in page.codes() {
        examples::check(sheet, code, Scope::ANY, book);
    }
    guide::mentioned(sheet, page, book, true);
    let mut expected = book.rate_limits();
    let operation = book
        .authentication()
        .into_iter()
        .filter(|row| row.group == Group::Operation);
    expected.extend(operation.map(|row| Expected { must: false, ..row }));
    expected
}

/// A header in prose, and the sample of its value beside it.
fn mention(sheet: &mut Sheet, text: &str, spot: Spot) {
    let mut named = false;
    for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-') {
        let word = word.to_lowercase();
        if word.starts_with("x-") && word.matches('-').count() > 1 {
            sheet.read(Group::RateHeaders, &format!("header {word}"), "mention", "", spot);
            named = true;
        }
    }
    if !named {
        return;
    }
    // The only value that prose shows is that of the header for the end of the period.
    let reset = "header x-rate-limit-reset";
    for number in numbers::numbers(text) {
        if let Some(unit) = numbers::unix_unit(number.value) {
            sheet.read(Group::RateHeaders, reset, "unit", unit, spot);
        }
    }
    for sample in values::date_samples(text) {
        sheet.read(Group::RateHeaders, reset, "form", examples::form(sample), spot);
    }
    if let Some(notation) = values::notation(text).filter(|notation| *notation != "Unix time") {
        sheet.read(Group::RateHeaders, reset, "form", notation, spot);
    }
}

fn family(sheet: &mut Sheet, name: &str, cells: &[String], line: Spot) {
    let subject = format!("limit {}", name.trim_end_matches("API").trim().to_lowercase());
    let Some(rate) = cells.iter().skip(1).find_map(|cell| numbers::rate(cell)) else {
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

fn periods(sheet: &mut Sheet, text: &str, line: Spot) {
    for (unit, code) in numbers::period_codes(text) {
        sheet.read(Group::Periods, &format!("period {unit}"), "code", &code, line);
    }
}

/// Rows with a code and its meaning in separate cells.
fn period_rows(table: &Table) -> Option<Vec<(String, Spot)>> {
    let rows = table.rows.iter().map(|row| (row.cells.join(" "), row.into()));
    let rows: Vec<_> = rows
        .filter(|(text, _)| !numbers::period_codes(text).is_empty())
        .collect();
    (rows.len() == table.rows.len() && !rows.is_empty()).then_some(rows)
}
