//! Facts in prose and in the cells of any table: limits, codes with their names, standard names, headers, queries.

use similar::TextDiff;

use super::{
    block::{Block, Spot},
    book::Book,
    cells::is_token_header,
    compare::{Expected, Group, Sheet},
    limits,
    located::At,
    mentions, numbers,
    page::Page,
};

/// The headings, the lines of prose and the cells, each with its place and the first cell of its row.
fn texts(page: &Page) -> impl Iterator<Item = (&str, Spot, &str)> {
    page.blocks.iter().flat_map(|block| {
        let mut texts: Vec<(&str, Spot, &str)> = Vec::new();
        match block {
            Block::Heading(line) | Block::Text(line) => texts.push((&line.text, line.into(), "")),
            Block::Table(table) => {
                for row in &table.rows {
                    texts.extend(row.cells.iter().map(|cell| (cell.as_str(), row.into(), row.cell(0))));
                }
            }
            Block::Code(_) => {}
        }
        texts
    })
}

/// The limits that a page states: those that the spec has there, and any others that are certain to be limits.
///
/// In a `guide` days only count where exports are spoken of: tokens have days of their own.
pub fn limits(sheet: &mut Sheet, page: &Page, expected: &[Expected], guide: bool) {
    let knows = |subject: &str| {
        expected
            .iter()
            .any(|row| row.group == Group::Limits && row.subject == subject)
    };
    for (text, spot, first) in texts(page) {
        let end = first.contains("to_date");
        let lower = text.to_lowercase();
        let exports = !guide || ["추출", "export", "extract"].iter().any(|word| lower.contains(word));
        let limits = limits::limits(text, end).into_iter();
        for limit in limits.filter(|limit| exports || !matches!(limit.what, "days" | "range")) {
            let subject = match limit.what {
                "" => "limit".to_owned(),
                what => format!("limit of {what}"),
            };
            if knows(&subject) {
                sheet.read(Group::Limits, &subject, "value", &limit.value.to_string(), spot);
            } else if limit.certain {
                sheet.read(Group::Limits, &subject, "value", &limit.phrase, spot);
            }
        }
    }
}

/// The rates that a page states in passing, such as `(1분당 100만 건)`.
pub fn rates(sheet: &mut Sheet, page: &Page, book: &Book) {
    let known = book.rates();
    for (text, spot, _) in texts(page) {
        let lower = text.to_lowercase();
        let sentences = lower.split(". ").flat_map(|sentence| sentence.split(['(', ')', ':']));
        for sentence in sentences {
            let has = |words: &[&str]| words.iter().any(|word| sentence.contains(word));
            let counted = has(&["건", "회", "번", "call", "request"]) && has(&["당", "마다", "per ", "every "]);
            let Some(rate) = numbers::rate(sentence).filter(|_| counted) else {
                continue;
            };
            let holds = known.contains(&(rate.requests, rate.period_seconds));
            let words = || {
                format!(
                    "the page says {} in {} s, which is the limit of no family",
                    rate.requests, rate.period_seconds
                )
            };
            let at = book.lines.at("import", &["x-rate-limits"]);
            sheet.check(holds, "limit of calls", words, spot, &at);
        }
    }
}

/// The codes that a page names.
pub fn codes(sheet: &mut Sheet, page: &Page, book: &Book) {
    for (text, spot, _) in texts(page) {
        named_codes(sheet, text, spot, book);
        named_statuses(sheet, text, spot, book);
    }
}

/// The standard names that a page mentions.
pub fn names(sheet: &mut Sheet, page: &Page) {
    for (text, spot, _) in texts(page) {
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        for word in words.filter(|word| word.len() > 3 && word.starts_with("df_") && !word.ends_with('_')) {
            sheet.read(Group::Names, &format!("name {word}"), "mention", "", spot);
        }
    }
}

/// The fields that prose names as code: what is almost one of those that the spec has was one.
pub fn fields(sheet: &mut Sheet, page: &Page, expected: &[Expected]) {
    let bodies = expected.iter().filter(|row| row.group == Group::Body);
    let known: Vec<_> = bodies
        .filter_map(|row| Some((row.subject.rsplit(['.', ' ']).next()?, row)))
        .filter(|(name, _)| name.contains('_'))
        .collect();
    for line in page.lines() {
        for literal in line.literals.iter().filter(|literal| literal.contains('_')) {
            if known.iter().any(|(name, _)| name == literal) {
                continue;
            }
            let near = |(name, _): &&(&str, &Expected)| TextDiff::from_chars(*name, literal.as_str()).ratio() > 0.85;
            if let Some((_, row)) = known.iter().find(near) {
                sheet.check(
                    false,
                    &row.subject,
                    || format!("reads `{literal}` in prose"),
                    line,
                    &row.at,
                );
            }
        }
    }
}

/// The headers for tokens that a page mentions. A name that only ends like one counts on a page `about` them, or beside the
/// word for header.
pub fn headers(sheet: &mut Sheet, page: &Page, about: bool) {
    for (text, spot, _) in texts(page) {
        let lower = text.to_lowercase();
        let about = about || lower.contains("header") || lower.contains("헤더");
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || "-_${".contains(c)));
        for word in words.filter(|word| is_token_header(word) && !word.contains(['$', '{'])) {
            let name = word.to_lowercase();
            let certain = ["x-", "authori", "access_token", "access-token"]
                .iter()
                .any(|start| name.starts_with(start));
            if about || certain {
                let group = if name.contains("limit") {
                    Group::RateHeaders
                } else {
                    Group::Samples
                };
                sheet.read(group, &format!("header {name}"), "mention", "", spot);
            }
        }
    }
}

/// The queries of the URLs on a page.
pub fn queries(sheet: &mut Sheet, page: &Page, book: &Book) {
    let known: Vec<_> = book
        .endpoints()
        .flat_map(|endpoint| book.parameters(endpoint))
        .collect();
    let known: Vec<_> = known.into_iter().filter(|row| row.group == Group::Query).collect();
    let codes = page.codes().flat_map(|code| {
        let lines = code.text.lines().enumerate();
        lines.map(|(index, line)| (line, Spot::from(code.line + index), ""))
    });
    for (text, spot, _) in texts(page).chain(codes) {
        for name in mentions::queries(text) {
            let holds = known.iter().any(|row| row.subject == format!("query {name}"));
            let at = known
                .first()
                .map_or(book.lines.at("import", &["paths"]), |row| row.at.clone());
            let words = || "is in a URL on the page, but not in the spec".to_owned();
            sheet.check(holds, &format!("query {name}"), words, spot, &at);
        }
    }
}

/// Codes with their names in a line, such as `40402 TOO_MANY_EVENTS`.
fn named_codes(sheet: &mut Sheet, text: &str, line: Spot, book: &Book) {
    for number in numbers::numbers(text) {
        let digits = text.get(number.start..number.end).unwrap_or_default();
        let rest = text.get(number.end..).unwrap_or_default();
        let rest = rest.trim_start_matches(|c: char| c.is_whitespace() || ":-–()`".contains(c));
        let name: String = rest
            .chars()
            .take_while(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || *c == '_')
            .collect();
        if digits.len() != 5 || name.len() < 2 {
            continue;
        }
        let rows = &book.spec.responses.import.codes;
        let index = rows.iter().position(|row| row.code.to_string() == digits);
        let at: At = match index {
            Some(index) => book.lines.at("responses", &["import", "codes", &index.to_string()]),
            None => book.lines.at("responses", &["import", "codes"]),
        };
        let holds = index
            .and_then(|index| rows.get(index))
            .is_some_and(|row| row.name == name);
        let words = || format!("the spec has no code {digits} with this name");
        sheet.check(holds, &format!("code {digits} {name}"), words, line, &at);
    }
}

/// Statuses behind the word HTTP, such as `HTTP 429`.
fn named_statuses(sheet: &mut Sheet, text: &str, spot: Spot, book: &Book) {
    let lower = text.to_lowercase();
    for number in numbers::numbers(&lower)
        .into_iter()
        .filter(|number| number.end - number.start == 3)
    {
        let before = lower.get(..number.start).unwrap_or_default();
        let Some(word) = before.rfind("http") else { continue };
        let gap = before.get(word + 4..).unwrap_or_default();
        if gap.chars().count() > 12 || gap.contains(|c: char| c.is_ascii_digit()) || gap.starts_with('s') {
            continue;
        }
        let status = format!("HTTP {}", number.value);
        let apis = book.spec.apis();
        let known = apis
            .iter()
            .any(|api| book.responses(api.name).iter().any(|row| row.subject == status));
        let at = book.lines.at("responses", &["import", "http"]);
        sheet.check(known, &status, || "the spec has no such status".to_owned(), spot, &at);
    }
}
