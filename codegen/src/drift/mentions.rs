//! Where a page names an endpoint: method, host and path.

use super::{block::Block, page::Page, script::is_command};

/// How an endpoint is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// As the subject of the page: in a heading, or in its own line or row.
    Signature,
    /// In a block of code.
    Sample,
    /// In passing.
    Prose,
}

/// A path, with the text beside it.
#[derive(Clone, Debug)]
pub struct Mention {
    pub line: usize,
    pub manner: Manner,
    /// With its scheme; nothing if the path is alone.
    pub host: Option<String>,
    /// Starts with a slash; empty if no endpoint is named.
    pub path: String,
    /// What stands for a path, such as `/api/v1` of `/api/v1/...`.
    pub stem: Option<String>,
}

/// A method that the page says an endpoint has.
#[derive(Clone, Debug)]
pub struct Method {
    pub line: usize,
    pub name: String,
}

/// The methods of HTTP.
pub const METHODS: &[&str] = &["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/// Every mention of an endpoint, and every method.
#[must_use]
pub fn of(page: &Page) -> (Vec<Mention>, Vec<Method>) {
    let (mut mentions, mut methods) = (Vec::new(), Vec::new());
    for block in &page.blocks {
        match block {
            Block::Heading(line) => {
                let found = find(&line.text, line.line, Manner::Signature, &mut mentions);
                let first = line
                    .text
                    .split(|c: char| !c.is_ascii_alphabetic())
                    .next()
                    .unwrap_or_default();
                if found || METHODS.contains(&first) {
                    note_methods(&line.text, line.line, &mut methods);
                }
            }
            Block::Text(line) => {
                let manner = if is_bare(&line.text) {
                    Manner::Signature
                } else {
                    Manner::Prose
                };
                find(&line.text, line.line, manner, &mut mentions);
                if manner == Manner::Signature {
                    note_methods(&line.text, line.line, &mut methods);
                } else {
                    methods.extend(method_of_path(&line.text, line.line));
                }
            }
            Block::Table(table) => {
                for row in &table.rows {
                    let bare = row.cells.iter().any(|cell| is_bare(cell));
                    let manner = if bare { Manner::Signature } else { Manner::Prose };
                    for cell in &row.cells {
                        find(cell, row.line, manner, &mut mentions);
                        if METHODS.contains(&cell.as_str()) {
                            note_methods(cell, row.line, &mut methods);
                        }
                    }
                }
            }
            Block::Code(code) => {
                let command = is_command(&code.text);
                for (index, text) in code.text.lines().enumerate() {
                    let line = code.line + index;
                    let manner = if !command && is_bare(text) {
                        Manner::Signature
                    } else {
                        Manner::Sample
                    };
                    let found = find(text, line, manner, &mut mentions);
                    let option = command && (text.contains("-X") || text.contains("--request"));
                    if option || (found && !command) {
                        note_methods(text, line, &mut methods);
                    }
                }
            }
        }
    }
    (mentions, methods)
}

/// The paths of endpoints that a text names.
#[must_use]
pub fn paths(text: &str) -> Vec<String> {
    let mut mentions = Vec::new();
    for line in text.lines() {
        find(line, 0, Manner::Sample, &mut mentions);
    }
    let paths = mentions.into_iter().map(|mention| mention.path);
    paths.filter(|path| !path.is_empty()).collect()
}

/// The names in the queries of the URLs in a text.
#[must_use]
pub fn queries(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in text.match_indices("api/v") {
        let url = text.get(at..).unwrap_or_default();
        let url = url
            .split(|c: char| c.is_whitespace() || "'\"`)<>".contains(c))
            .next()
            .unwrap_or_default();
        let Some((_, query)) = url.split_once('?') else {
            continue;
        };
        let parts = query.split('&').filter_map(|part| part.split('=').next());
        let is_name =
            |name: &&str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
        names.extend(parts.filter(is_name).map(str::to_owned));
    }
    names
}

/// Whether a text is little more than an endpoint.
fn is_bare(text: &str) -> bool {
    let words = text.split_whitespace().map(|word| word.trim_matches(['`', '"', ':']));
    let (mut path, mut method, mut others) = (false, false, 0);
    for word in words {
        if word.contains("api/v") || word.starts_with("https://openapi") {
            path = true;
        } else if METHODS.contains(&word) {
            method = true;
        } else {
            others += 1;
        }
    }
    (path || method) && others <= 1
}

/// The method right before a path, such as that of «call `PUT /api/v1/events`».
fn method_of_path(text: &str, line: usize) -> Option<Method> {
    let before = text.get(..text.find("api/v")?)?;
    let before = before
        .split_once("https://openapi")
        .map_or(before, |(before, _)| before);
    let mut words = before.split(|c: char| c.is_whitespace() || "`/".contains(c));
    let name = words.rfind(|word| !word.is_empty())?;
    METHODS.contains(&name).then(|| Method {
        line,
        name: name.to_owned(),
    })
}

fn note_methods(text: &str, line: usize, into: &mut Vec<Method>) {
    let words = text.split(|c: char| !c.is_ascii_alphabetic());
    into.extend(words.filter(|word| METHODS.contains(word)).map(|name| Method {
        line,
        name: name.to_owned(),
    }));
}

/// Notes the endpoints in a text; `true` if there are any.
fn find(text: &str, line: usize, manner: Manner, into: &mut Vec<Mention>) -> bool {
    let before = into.len();
    let is_url = |c: char| c.is_ascii_alphanumeric() || ":/-_.".contains(c);
    for word in text.split(|c: char| !is_url(c)) {
        let word = word.trim_end_matches(['.', ':', '-']);
        let (host, path) = match word.split_once("://") {
            Some((scheme, rest)) => {
                let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
                (Some(format!("{scheme}://{host}")), path)
            }
            None => (None, word.trim_start_matches('/')),
        };
        let versioned = path
            .strip_prefix("api/v")
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        let service = host.as_deref().is_some_and(|host| host.contains("://openapi"));
        // Samples such as `/api/v1/...` do not name an endpoint.
        let named = path.split('/').filter(|part| !part.is_empty()).count() > 2;
        if versioned && named {
            into.push(Mention {
                line,
                manner,
                host,
                path: format!("/{}", path.trim_end_matches('/')),
                stem: None,
            });
        } else if service || versioned {
            into.push(Mention {
                line,
                manner,
                host,
                path: String::new(),
                stem: versioned.then(|| format!("/{}", path.trim_end_matches('/'))),
            });
        }
    }
    into.len() > before
}
