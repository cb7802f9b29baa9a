//! YAML that people write, and what is wrong with it in their words.

use serde::de::DeserializeOwned;

use self::{foreign_types::foreign_type, layout::misplaced};
use crate::suggest::nearest;

mod foreign_types;
mod layout;

/// A kind of file, to tell one that was mistaken for another.
#[derive(Clone, Copy, Debug)]
pub struct YamlKind {
    /// What it is, such as `a mapping`.
    pub name: &'static str,
    /// A line that it may begin with.
    pub example: &'static str,
    /// Another kind of file, and keys that only that one has.
    pub other: (&'static str, &'static [&'static str]),
}

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YamlError {
    /// The line, from 1; 0 if it is about the whole file.
    pub line: u64,
    /// The column, from 1; 0 if it is about the whole file.
    pub column: u64,
    /// What must be there.
    pub problem: String,
}

/// Reads YAML 1.2, where `Y` is a text and not true, and `010` is not a number.
///
/// # Errors
/// Names the place, and says what must be there.
pub fn read_yaml<T: DeserializeOwned>(text: &str, kind: YamlKind) -> Result<T, YamlError> {
    if let Some((line, problem)) = another_file(text, kind) {
        let column = 1;
        return Err(YamlError { line, column, problem });
    }
    let options = serde_saphyr::options! {
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::Error,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let (line, column) = error.location().map_or((0, 0), |place| (place.line(), place.column()));
        let said = error.without_snippet().to_string();
        let said = said
            .rsplit_once(" at line ")
            .map_or(said.as_str(), |(problem, _)| problem);
        YamlError {
            line,
            column,
            problem: in_words(said, text, (line, column), kind),
        }
    })
}

/// What a text plainly is if it is not a file of this kind, and the line that shows it.
fn another_file(text: &str, kind: YamlKind) -> Option<(u64, String)> {
    let mut filled = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let is_record = |line: Option<&str>| line.is_some_and(|line| line.starts_with('{') && line.ends_with('}'));
    if is_record(filled.next()) && is_record(filled.next()) {
        return Some((1, format!("it holds lines of JSON, and is read as {}", kind.name)));
    }
    let (other, keys) = kind.other;
    let mut keys_at_top = (1..).zip(text.lines().map(|line| line.split(':').next().unwrap_or_default()));
    let (line, key) = keys_at_top.find(|(_, key)| keys.contains(key))?;
    let problem = format!(
        "it looks like {other}, which has the key {key}, and is read as {}",
        kind.name
    );
    Some((line, problem))
}

/// Says what the parser said in terms of what people see.
fn in_words(said: &str, text: &str, (line, column): (u64, u64), kind: YamlKind) -> String {
    let has = |words: &str| said.contains(words);
    if let Some((unknown, known)) = one_of(said, "unknown field `") {
        return unknown_name("key", unknown, known);
    }
    if let Some((unknown, known)) = one_of(said, "unknown variant `") {
        return foreign_type(unknown, known).unwrap_or_else(|| unknown_name("value", unknown, known));
    }
    if let Some(name) = said.strip_prefix("missing field `") {
        return format!("the key {} is missing", name.trim_end_matches('`'));
    }
    if let Some(rest) = said.strip_prefix("duplicate mapping key: ") {
        let name = rest.split_once(", set ").map_or(rest, |(name, _)| name);
        return format!("the key {name} is given twice");
    }
    if has("tabs disallowed") || has("found a tab") {
        return "it is indented with a tab: use blanks".to_owned();
    }
    let is_structure = [
        "mapping values are not allowed",
        "did not find expected key",
        "did not find expected '-'",
    ];
    if is_structure.into_iter().any(has) {
        return misplaced(text, line);
    }
    if has("unexpected character") || has("cannot start any token") {
        return "a text that begins with a special character, such as %, @ or *, needs quotes around it".to_owned();
    }
    if has("unclosed quote") || has("multiline quoted scalar") {
        return "a quote is not closed where it should be, here or on the line above".to_owned();
    }
    if let Some(bracket) = said.strip_prefix("unclosed bracket ") {
        return format!("the bracket {bracket} is opened and never closed");
    }
    if has("expected mapping start") && line <= 1 && column <= 1 {
        return format!(
            "{} begins with a key, a colon, a blank and the value, such as `{}`: is this the right file?",
            kind.name, kind.example
        );
    }
    if has("expected mapping start") || has("simple key expect") {
        return "here must be a key, a colon, a blank and the value, such as `name: value`".to_owned();
    }
    if has("expected sequence start") {
        return "here must be a list: each of its entries begins with `- `".to_owned();
    }
    said.to_owned()
}

/// What is unknown and what is known, of a message by serde.
fn one_of<'s>(said: &'s str, begins: &str) -> Option<(&'s str, &'s str)> {
    let (unknown, rest) = said.strip_prefix(begins)?.split_once('`')?;
    Some((unknown, rest.strip_prefix(", expected ")?))
}

fn unknown_name(what: &str, unknown: &str, known: &str) -> String {
    let names = known.strip_prefix("one of ").unwrap_or(known);
    match nearest(unknown, names.split(", ").map(|name| name.trim_matches('`'))) {
        Some(name) => format!("unknown {what} `{unknown}`; did you mean {name}?"),
        None => format!("unknown {what} `{unknown}`, expected {}", known.replace('`', "")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const KIND: YamlKind = YamlKind {
        name: "a list of pets",
        example: "pets: {name: Bello}",
        other: ("a zoo", &["lions"]),
    };

    fn problem(text: &str) -> (u64, String) {
        let read = read_yaml::<BTreeMap<String, BTreeMap<String, String>>>(text, KIND);
        let error = read.expect_err(text);
        (error.line, error.problem)
    }

    #[test]
    fn what_is_wrong_is_said_in_words_of_people() {
        for (text, line, words) in [
            ("a:\n\tb: c\n", 2, "it is indented with a tab"),
            (
                "a:\n  b:c\nd:\n",
                2,
                "here must be a key, a colon, a blank and the value",
            ),
            (
                "a: {}\nb:c\nd: {}\n",
                2,
                "here must be a key, a colon, a blank and the value",
            ),
            ("a: {b: \"c}\n", 1, "a quote is not closed where it should be"),
            ("a: {b: c\n", 1, "the bracket '{' is opened and never closed"),
            ("a: {b: %d}\n", 1, "needs quotes around it"),
            (
                "- a\n",
                1,
                "a list of pets begins with a key, a colon, a blank and the value, such as `pets: {name: Bello}`",
            ),
            ("id,name\n1,x\n", 1, "is this the right file?"),
            ("a: {}\na: {}\n", 2, "the key a is given twice"),
            (
                "{\"a\":{}}\n{\"a\":{}}\n",
                1,
                "it holds lines of JSON, and is read as a list of pets",
            ),
            (
                "a: {}\nlions:\n  b: c\n",
                2,
                "it looks like a zoo, which has the key lions",
            ),
        ] {
            let (found, problem) = problem(text);
            assert!(problem.contains(words), "{text}: {problem}");
            assert_eq!(found, line, "{text}: {problem}");
        }
    }
}
