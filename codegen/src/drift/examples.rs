//! Samples on a page: commands, answers, JSON and CSV, held against the spec.

use super::{
    block::Code,
    book::{Book, Endpoint},
    cells,
    compare::{Expected, Group, Sheet},
    csv,
    json::{self, Json, Scope},
    mentions, numbers,
    report::Level,
    script::{self, Command, Part, Text},
};

/// Headers that any answer or request may have.
const ORDINARY: &[&str] = &[
    "accept",
    "accept-encoding",
    "age",
    "alt-svc",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "date",
    "etag",
    "expires",
    "host",
    "keep-alive",
    "last-modified",
    "pragma",
    "server",
    "set-cookie",
    "strict-transport-security",
    "transfer-encoding",
    "user-agent",
    "vary",
    "via",
];

/// Checks every sample of a block of code against the spec.
pub fn check(sheet: &mut Sheet, code: &Code, scope: Scope<'_>, book: &Book) {
    let named = mentions::paths(&code.text);
    let called = book
        .endpoints()
        .find(|endpoint| named.iter().any(|path| path == endpoint.path));
    let scope = match (scope.endpoint, called) {
        (None, Some(called)) => Scope {
            api: Some(called.api),
            endpoint: Some(called),
        },
        _ => scope,
    };
    let mut answer = Answer::default();
    let mut found = false;
    for part in script::parts(code) {
        match part {
            Part::Command(call) => {
                answer.end(sheet, book);
                command(sheet, &call, scope, book);
                found |= call.body.is_some();
            }
            Part::Status { line, number } => {
                answer.end(sheet, book);
                status(sheet, number, line, scope, book);
                answer.status = Some((number, line));
            }
            Part::Header { line, name, value } => answer.header(sheet, &name, &value, line, book),
            Part::Body(text) => {
                found |= body(sheet, &text, scope, answer.status, book);
            }
        }
    }
    answer.end(sheet, book);
    let json = code.language.split_whitespace().next();
    if !found && json.is_some_and(|word| word.eq_ignore_ascii_case("json")) {
        sheet.facts += 1;
        sheet.say(
            Level::Drift,
            "example",
            "is marked as JSON, but holds none",
            code.line,
            None,
        );
    }
}

/// Checks a body; `true` if it is JSON.
fn body(sheet: &mut Sheet, text: &Text, scope: Scope<'_>, status: Option<(u64, usize)>, book: &Book) -> bool {
    match Json::find(text, false) {
        Some(Ok(found)) => {
            sheet.facts += 1;
            json::check(sheet, &found, scope, status, book);
        }
        Some(Err((words, line))) => broken(sheet, &words, line),
        None => {
            csv::check(sheet, text, scope.endpoint, book);
            return false;
        }
    }
    true
}

fn broken(sheet: &mut Sheet, words: &str, line: usize) {
    sheet.facts += 1;
    sheet.say(Level::Drift, "example", format!("is no JSON: {words}"), line, None);
}

fn command(sheet: &mut Sheet, call: &Command, scope: Scope<'_>, book: &Book) {
    for (line, name, value) in &call.headers {
        if !ORDINARY.contains(&name.to_lowercase().as_str()) {
            cells::header(sheet, name, value, *line);
        }
    }
    if let Some(text) = &call.body {
        match Json::find(text, true) {
            Some(Ok(found)) => {
                sheet.facts += 1;
                json::check(sheet, &found, scope, None, book);
            }
            Some(Err((words, line))) => broken(sheet, &words, line),
            None => {}
        }
    }
    let called = call.urls.iter().any(|(_, url)| !mentions::paths(url).is_empty());
    if let (Some(endpoint), true) = (scope.endpoint, called) {
        required(sheet, call, endpoint, book);
    }
}

/// The query and the headers without which a call fails.
fn required(sheet: &mut Sheet, call: &Command, endpoint: Endpoint<'_>, book: &Book) {
    let (due, tokens) = (book.parameters(endpoint), book.authentication());
    // The header of the other API.
    let foreign = call.headers.iter().find(|(_, header, _)| {
        let subject = format!("header {}", header.to_lowercase());
        let is_in = |rows: &[Expected]| rows.iter().any(|row| row.subject == subject);
        is_in(&tokens) && !is_in(&due)
    });
    for row in &due {
        let Some((kind, name)) = row.subject.split_once(' ') else {
            continue;
        };
        let there = match (row.group, kind) {
            (Group::Query, _) => {
                let names = call.urls.iter().flat_map(|(_, url)| mentions::queries(url));
                names.into_iter().any(|query| query == name)
            }
            // What takes the place of a header is told where it is.
            (Group::Headers, _) => call
                .headers
                .iter()
                .any(|(_, header, _)| header.eq_ignore_ascii_case(name)),
            _ => continue,
        };
        if let (Group::Headers, false, Some((line, header, _))) = (row.group, there, foreign) {
            let words = || format!("reads `header {}` in the sample", header.to_lowercase());
            sheet.check(false, &row.subject, words, *line, &row.at);
            continue;
        }
        let other = row.group == Group::Headers && call.headers.len() > 1
            || row.group == Group::Query && call.urls.iter().any(|(_, url)| url.contains('?'));
        let words = || "is missing in the sample".to_owned();
        sheet.check(there || other, &row.subject, words, call.line, &row.at);
    }
}

fn status(sheet: &mut Sheet, status: u64, line: usize, scope: Scope<'_>, book: &Book) {
    let apis = book
        .spec
        .apis()
        .into_iter()
        .filter(|api| scope.api.is_none_or(|own| own.name == api.name));
    let known = apis.clone().any(|api| {
        let named = book
            .responses(api.name)
            .iter()
            .any(|row| row.subject == format!("HTTP {status}"));
        named || comes_with_a_code(book, api.name, status)
    });
    let name = apis.map(|api| api.name).next().unwrap_or("import");
    let at = book.lines.at("responses", &[name, "http"]);
    sheet.check(
        known,
        "example status",
        || format!("the spec has no HTTP status {status}"),
        line,
        &at,
    );
}

/// Whether a code comes under a status.
fn comes_with_a_code(book: &Book, api: &str, status: u64) -> bool {
    let rows = book.spec.responses.rows(api);
    let mut statuses = rows.iter().flat_map(|(row, _)| [row.http, row.http_alternative]);
    statuses.any(|known| u64::from(known) == status)
}

/// The answer being read.
#[derive(Default)]
struct Answer {
    status: Option<(u64, usize)>,
    /// The rate limit headers: line, name, value.
    rates: Vec<(usize, String, String)>,
    /// Other headers that begin as they do.
    strange: Vec<(usize, String)>,
}

impl Answer {
    fn header(&mut self, sheet: &mut Sheet, name: &str, value: &str, line: usize, book: &Book) {
        let name = name.to_lowercase();
        let spelled = |row: &Expected| row.subject == format!("header {name}");
        if book.rate_headers().iter().any(spelled) {
            self.rates.push((line, name, value.to_owned()));
        } else if name == "content-type" || cells::is_token_header(&name) && !name.starts_with("x-") {
            cells::header(sheet, &name, value, line);
        } else if !ORDINARY.contains(&name.as_str()) && (name.contains('-') || self.status.is_some()) {
            self.strange.push((line, name));
        }
    }

    /// Checks the headers together, and begins anew.
    fn end(&mut self, sheet: &mut Sheet, book: &Book) {
        let Self { status, rates, strange } = std::mem::take(self);
        for (line, name, value) in &rates {
            let subject = format!("header {name}");
            sheet.read(Group::RateHeaders, &subject, "form", form(value), *line);
            let unit = value.parse().ok().map(numbers::unix_unit);
            let timed =
                |row: &Expected| row.subject == subject && row.facts.iter().any(|fact| fact.attribute == "unit");
            match unit {
                Some(Some(unit)) => sheet.read(Group::RateHeaders, &subject, "unit", unit, *line),
                Some(None) if book.rate_headers().iter().any(timed) => {
                    sheet.read(Group::RateHeaders, &subject, "unit", "no Unix time", *line);
                }
                _ => {}
            }
        }
        let mut strange = strange.into_iter().peekable();
        let hyphens = rates.first().map_or("x-ratelimit-", |(_, name, _)| {
            name.trim_end_matches(char::is_alphabetic)
        });
        let spelled = book.rate_headers();
        let rated = !rates.is_empty()
            || strange
                .peek()
                .is_some_and(|(_, name)| name.contains("limit") || name.contains("quota"));
        let mut missing: Vec<_> = spelled
            .iter()
            .filter_map(|row| Some((row, row.subject.strip_prefix("header ")?)))
            .filter(|(_, name)| rated && name.starts_with(hyphens) && !rates.iter().any(|(_, there, _)| there == name))
            .collect();
        for (line, name) in strange {
            let end = |name: &str| name.rsplit('-').next().unwrap_or_default().to_owned();
            let place = missing.iter().position(|(_, gone)| end(gone) == end(&name));
            // A new header that shares no word with a missing one is not that one.
            let place = place.or_else(|| (missing.len() == 1 && name.starts_with("x-")).then_some(0));
            match place.map(|place| missing.remove(place)) {
                Some((row, _)) => {
                    let words = || format!("reads `header {name}` in the sample");
                    sheet.check(false, &row.subject, words, line, &row.at);
                }
                None => sheet.read(Group::RateHeaders, &format!("header {name}"), "", "", line),
            }
        }
        let line = rates.first().map_or(1, |(line, ..)| *line);
        for (row, _) in missing {
            sheet.check(
                false,
                &row.subject,
                || "is missing in the sample".to_owned(),
                line,
                &row.at,
            );
        }
        let left = rates.iter().find(|(_, name, _)| name.ends_with("remaining"));
        let left = left.and_then(|(_, _, value)| value.parse::<u64>().ok());
        if let (Some((status, line)), Some(left)) = (status, left) {
            let expected = if left == 0 {
                book.over_limit().unwrap_or(429)
            } else {
                200
            };
            let at = book.lines.at("responses", &["import", "http"]);
            let words = || format!("HTTP {status} comes with {left} calls left, in the spec HTTP {expected}");
            sheet.check(status == expected, "example status", words, line, &at);
        }
    }
}

/// The form of a rate limit header's value.
#[must_use]
pub fn form(value: &str) -> &'static str {
    let digits = value.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit());
    match value.get(digits.len()..).unwrap_or_default() {
        "" if number => "integer",
        // The English pages write every letter in upper case.
        letter if number && letter.len() == 1 && "ymdhsYMDHS".contains(letter) => "period",
        _ => "something else",
    }
}
