//! Holds a document against the table of [`keys`](crate::keys).
//!
//! It refuses what the table does not name: every tool would otherwise ignore a misspelt `x-` key.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use crate::{
    keys::{DOCUMENT, IN_KOREAN, Kind, PROPERTY, REFERENCE, REFUSED, Rule, Shape},
    problem::{Place, Problems},
    rules::one_of,
};

/// Notes everything that differs from the shapes in the document.
pub fn check(file: &str, document: &Value, problems: &mut Problems) {
    let walk = Walk { document };
    walk.visit(&Kind::Node(&DOCUMENT), document, &Place::file(file), problems);
}

struct Walk<'a> {
    document: &'a Value,
}

impl Walk<'_> {
    fn visit(&self, kind: &Kind, value: &Value, at: &Place, problems: &mut Problems) {
        match kind {
            Kind::Any => {}
            Kind::Text => text(value, at, problems, |_| Ok(())),
            Kind::Rule(rule) => text(value, at, problems, rule),
            Kind::Word(words) => text(value, at, problems, |text| one_of(words, text)),
            Kind::Flag if value.is_boolean() => {}
            Kind::Flag => problems.push(at.problem(format!("must be true or false, is {}", noun(value)))),
            Kind::Count
                if value
                    .as_u64()
                    .is_some_and(|count| (1..=i32::MAX as u64).contains(&count)) => {}
            Kind::Count => problems.push(at.problem(format!("must be a whole number from 1 on, is {}", noun(value)))),
            Kind::Number if value.is_number() => {}
            Kind::Number => problems.push(at.problem(format!("must be a number, is {}", noun(value)))),
            Kind::Values(..) if value.is_boolean() => problems.push(at.problem(
                "must say what the values are, such as `{type: string}`; \
                 for values of any type, refer to a component with an x-rust-type-path",
            )),
            Kind::List(kind) => self.list(kind, 1..=usize::MAX, value, at, problems),
            Kind::ListOrNone(kind) => self.list(kind, 0..=usize::MAX, value, at, problems),
            Kind::One(kind) => self.list(kind, 1..=1, value, at, problems),
            Kind::Map(rule, kind) => self.map(*rule, kind, value, at, problems),
            Kind::Ref(section) => self.reference(section, value, at, problems),
            Kind::Property if value.get("$ref").is_some() => self.reference("schemas", value, at, problems),
            Kind::Property if value.get("allOf").is_some() => self.node(&REFERENCE, value, at, problems),
            Kind::Property => self.node(&PROPERTY, value, at, problems),
            Kind::NodeOrRef(_, section) | Kind::Values(_, section) if value.get("$ref").is_some() => {
                self.reference(section, value, at, problems);
            }
            Kind::Node(shape) | Kind::NodeOrRef(shape, _) | Kind::Values(shape, _) => {
                self.node(shape, value, at, problems);
            }
        }
    }

    fn list(&self, kind: &Kind, length: RangeInclusive<usize>, value: &Value, at: &Place, problems: &mut Problems) {
        let Some(elements) = value.as_array() else {
            return problems.push(at.problem(format!("must be a list, is {}", noun(value))));
        };
        if !length.contains(&elements.len()) {
            let due = if *length.end() == 1 {
                "exactly one element"
            } else {
                "at least one element"
            };
            problems.push(at.problem(format!("must have {due}, has {}", elements.len())));
        }
        for (index, element) in elements.iter().enumerate() {
            self.visit(kind, element, &at.index(index), problems);
        }
    }

    fn map(&self, rule: Rule, kind: &Kind, value: &Value, at: &Place, problems: &mut Problems) {
        let Some(entries) = object(value, at, problems) else {
            return;
        };
        if entries.is_empty() {
            problems.push(at.problem("is empty"));
        }
        for (key, value) in entries {
            let at = at.key(key);
            if let Err(words) = rule(key) {
                problems.push(at.problem(words));
            }
            self.visit(kind, value, &at, problems);
        }
    }

    fn node(&self, shape: &Shape, value: &Value, at: &Place, problems: &mut Problems) {
        let Some(entries) = object(value, at, problems) else {
            return;
        };
        for (key, value) in entries {
            match shape.keys.iter().find(|known| known.name == key) {
                Some(known) => self.visit(&known.kind, value, &at.key(key), problems),
                None if shape.has_korean(key) => self.visit(&Kind::Text, value, &at.key(key), problems),
                None => problems.push(at.key(key).problem(unknown(shape, key))),
            }
        }
        for (english, korean) in IN_KOREAN {
            match (entries.contains_key(english), entries.contains_key(korean)) {
                (true, false) if shape.has_korean(korean) => {
                    problems.push(at.problem(format!("no {korean}; say the {english} in Korean as well")));
                }
                (false, true) if !shape.requires(english) => {
                    problems.push(at.key(korean).problem(format!("there is no {english}")));
                }
                _ => {}
            }
        }
        for key in shape.keys {
            if let Some(why) = key.due
                && !entries.contains_key(key.name)
            {
                problems.push(at.problem(format!("no {}; {why}", key.name)));
            }
        }
    }

    fn reference(&self, section: &str, value: &Value, at: &Place, problems: &mut Problems) {
        let Some(entries) = object(value, at, problems) else {
            return;
        };
        let Some(reference) = entries.get("$ref") else {
            return problems.push(at.problem(format!("must be a $ref to components/{section}")));
        };
        for key in entries.keys().filter(|key| *key != "$ref") {
            problems.push(at.key(key).problem("stands beside a $ref, where every tool ignores it"));
        }
        let at = at.key("$ref");
        let Some(reference) = reference.as_str() else {
            return problems.push(at.problem(format!("must be a text, is {}", noun(reference))));
        };
        let name = reference.strip_prefix(&format!("#/components/{section}/"));
        if name.is_none_or(|name| self.document["components"][section].get(name).is_none()) {
            problems.push(at.problem(format!(
                "`{reference}` is none of the components/{section} of this document"
            )));
        }
    }
}

fn text(value: &Value, at: &Place, problems: &mut Problems, rule: impl Fn(&str) -> Result<(), String>) {
    let result = match value.as_str() {
        None => Err(format!("must be a text, is {}", noun(value))),
        Some(text) if text.trim().is_empty() => Err("is empty".to_owned()),
        Some(text) => rule(text),
    };
    if let Err(words) = result {
        problems.push(at.problem(words));
    }
}

fn object<'a>(value: &'a Value, at: &Place, problems: &mut Problems) -> Option<&'a Map<String, Value>> {
    if !value.is_object() {
        problems.push(at.problem(format!("must be a map, is {}", noun(value))));
    }
    value.as_object()
}

fn unknown(shape: &Shape, key: &str) -> String {
    match REFUSED.iter().find(|(refused, _)| *refused == key) {
        Some((_, why)) => format!("is not allowed in {}: {why}", shape.name),
        None if key.starts_with("x-") => format!("is no extension that {} has", shape.name),
        None => format!("is no key that {} has here", shape.name),
    }
}

/// What a value is, for those who expected something else.
#[must_use]
pub fn noun(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => format!("the text `{text}`"),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a map".to_owned(),
    }
}
