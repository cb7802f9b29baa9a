//! Recognises a page by its content.

use std::collections::BTreeMap;

use similar::TextDiff;

use super::{
    block::Table,
    book::{Book, Endpoint},
    mentions::{self, Manner},
    numbers,
    page::Page,
    words::{Columns, Role},
};
use crate::{language, openapi::Api, sources::PageLanguage};

/// What a page is about.
#[derive(Clone, Copy, Debug)]
pub enum Kind<'a> {
    /// The statuses and codes of an API.
    Responses(&'a Api),
    Operation(Endpoint<'a>),
    RateLimits,
    DataTypes,
    Authentication,
    /// A text that names hosts, endpoints or standard names.
    Guide,
}

impl Kind<'_> {
    /// Its name, without the language.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Responses(api) => format!("{}-responses", api.name),
            Self::Operation(endpoint) => endpoint.operation.id.clone(),
            Self::RateLimits => "rate-limits".to_owned(),
            Self::DataTypes => "data-types".to_owned(),
            Self::Authentication => "authentication".to_owned(),
            Self::Guide => "guide".to_owned(),
        }
    }
}

/// The language of the prose: Korean if there is much of it.
#[must_use]
pub fn language(page: &Page) -> PageLanguage {
    let cells = page
        .tables()
        .flat_map(|table| table.rows.iter().flat_map(|row| &row.cells));
    let prose = page.lines().map(|line| &line.text).chain(cells);
    let (mut korean, mut latin) = (0_usize, 0_usize);
    for c in prose.flat_map(|text| text.chars()) {
        korean += usize::from(language::is_hangul(c));
        latin += usize::from(c.is_ascii_alphabetic());
    }
    if korean * 20 > latin {
        PageLanguage::Ko
    } else {
        PageLanguage::En
    }
}

/// What a page is, or `None` if the spec does not cover it.
#[must_use]
pub fn kind<'a>(page: &Page, book: &'a Book) -> Option<Kind<'a>> {
    if page.tables().any(is_fields) {
        return Some(Kind::Operation(endpoint(page, book)?));
    }
    if let Some(api) = page.tables().find_map(|table| codes_of(table, book)) {
        return Some(Kind::Responses(api));
    }
    if page.tables().any(is_rates) || page.tables().any(is_rate_headers) {
        return Some(Kind::RateLimits);
    }
    if page.tables().any(is_types) {
        return Some(Kind::DataTypes);
    }
    let (mentions, _) = mentions::of(page);
    let texts = page
        .lines()
        .map(|line| line.text.as_str())
        .chain(page.codes().map(|code| code.text.as_str()));
    let cells = page
        .tables()
        .flat_map(|table| table.rows.iter().flat_map(|row| row.cells.iter().map(String::as_str)));
    let texts: Vec<_> = texts.chain(cells).map(str::to_lowercase).collect();
    let has = |word: &str| texts.iter().any(|text| text.contains(word));
    let endpoints = mentions.iter().filter(|mention| !mention.path.is_empty()).count();
    // One of them may have another name one day.
    let tokens = [
        has("access_token") || has("access-token"),
        has("authorization"),
        has("bearer"),
    ];
    let tokens = tokens.into_iter().filter(|found| *found).count();
    if endpoints < 2 && (tokens > 1 || (tokens == 1 && has("token"))) {
        return Some(Kind::Authentication);
    }
    let names = texts.iter().any(|text| text.contains("df_"));
    (!mentions.is_empty() || names).then_some(Kind::Guide)
}

/// Names with a type or a flag: the parts of a request.
#[must_use]
pub fn is_fields(table: &Table) -> bool {
    let columns = Columns::of(table);
    let described = columns.find(Role::Type).is_some() || columns.find(Role::Required).is_some();
    columns.find(Role::Name).is_some() && described
}

/// Codes with their messages, or results with theirs.
#[must_use]
pub fn is_codes(table: &Table) -> bool {
    let columns = Columns::of(table);
    let roles = [Role::Status, Role::Code, Role::Result, Role::Message];
    let found: Vec<_> = roles.into_iter().filter(|role| columns.find(*role).is_some()).collect();
    // One of the columns may have another name one day; a status and its code alone are a table of statuses.
    found.len() > 1 && found != [Role::Status, Role::Code]
        || (found.len() > 1 && columns.0.iter().filter(|role| role.is_none()).count() == 1)
}

/// HTTP statuses and what they mean.
#[must_use]
pub fn is_statuses(table: &Table) -> bool {
    if is_codes(table) {
        return false;
    }
    let columns = Columns::of(table);
    let status = columns.find(Role::Status).or(columns.find(Role::Code));
    let statuses = status.is_some_and(|status| {
        let rows = table.rows.iter().filter(|row| {
            numbers::numbers(row.cell(status))
                .first()
                .is_some_and(|n| n.value < 600)
        });
        rows.count() > 0
    });
    statuses && columns.find(Role::Message).is_none()
}

/// Families and their rates.
#[must_use]
pub fn is_rates(table: &Table) -> bool {
    let rated = table
        .rows
        .iter()
        .filter(|row| row.cells.iter().any(|cell| numbers::rate(cell).is_some()));
    rated.count() > 0 && !is_rate_headers(table)
}

/// The headers that show how much of a rate is left.
#[must_use]
pub fn is_rate_headers(table: &Table) -> bool {
    table
        .rows
        .iter()
        .any(|row| row.cell(0).to_lowercase().starts_with("x-rate"))
}

/// Types with a format or an example.
#[must_use]
pub fn is_types(table: &Table) -> bool {
    let columns = Columns::of(table);
    let shown = columns.find(Role::Format).is_some() || columns.find(Role::Value).is_some();
    columns.find(Role::Type).is_some() && shown && columns.find(Role::Name).is_none()
}

fn codes_of<'a>(table: &Table, book: &'a Book) -> Option<&'a Api> {
    if !is_codes(table) {
        return None;
    }
    let columns = Columns::of(table);
    let export = columns.find(Role::Result).is_some() && columns.find(Role::Code).is_none();
    Some(if export { &book.spec.export } else { &book.spec.import })
}

/// The operation that a page is about: the one that it names most often; if it names none, the one that it resembles
/// most.
fn endpoint<'a>(page: &Page, book: &'a Book) -> Option<Endpoint<'a>> {
    let (mentions, _) = mentions::of(page);
    let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
    for mention in &mentions {
        let weight = match mention.manner {
            Manner::Signature => 3,
            Manner::Sample => 2,
            Manner::Prose => 1,
        };
        *votes.entry(&mention.path).or_default() += weight;
    }
    let candidates = book.endpoints().filter(|endpoint| votes.contains_key(endpoint.path));
    if let Some(endpoint) = candidates.max_by_key(|endpoint| votes.get(endpoint.path)) {
        return Some(endpoint);
    }
    let most = votes
        .into_iter()
        .filter(|(path, _)| !path.is_empty())
        .max_by_key(|(_, votes)| *votes);
    let path = most.map_or("", |(path, _)| path);
    let names: Vec<_> = page.tables().filter(|table| is_fields(table)).flat_map(names).collect();
    let likeness = |endpoint: &Endpoint<'_>| {
        let expected = book.operation(*endpoint, PageLanguage::Ko);
        let fields: Vec<_> = expected.iter().map(|expected| leaf(&expected.subject)).collect();
        let shared = names.iter().filter(|name| fields.contains(&name.as_str())).count();
        let strange = fields
            .iter()
            .filter(|field| !names.iter().any(|name| name == *field))
            .count();
        let paths = TextDiff::from_chars(endpoint.path, path).ratio();
        // Scaled to whole numbers, which have a total order.
        let paths = format!("{:.0}", paths * 10.0).parse::<i64>().unwrap_or_default();
        paths + 3 * i64::try_from(shared).unwrap_or_default() - i64::try_from(strange).unwrap_or_default()
    };
    if names.is_empty() {
        return None;
    }
    book.endpoints().max_by_key(likeness)
}

fn names(table: &Table) -> Vec<String> {
    let column = Columns::of(table).find(Role::Name).unwrap_or(0);
    table.rows.iter().map(|row| leaf(row.cell(column)).to_owned()).collect()
}

/// The last part of `body identity.external_id`.
fn leaf(name: &str) -> &str {
    name.rsplit(['.', ' ']).next().unwrap_or(name)
}
