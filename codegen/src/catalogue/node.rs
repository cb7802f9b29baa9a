//! Walks a document, following references, and never fails: a missing node is empty.

use serde_json::Value;

use super::page::{Words, line, words};
use crate::{openapi::Api, table::Source};

/// How deep to follow references and nested schemas.
pub const DEPTH: usize = 12;

/// A node of a document, with any reference resolved.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    root: &'a Value,
    value: &'a Value,
    /// A property that refers to the value and has a text of its own.
    own: &'a Value,
}

impl<'a> Node<'a> {
    pub fn root(api: &'a Api) -> Self {
        Self {
            root: &api.value,
            value: &api.value,
            own: &api.value,
        }
    }

    pub fn value(self) -> &'a Value {
        self.value
    }

    pub fn get(self, key: &str) -> Option<Self> {
        Some(self.at(self.value.get(key)?))
    }

    /// The texts are trimmed.
    pub fn text(self, key: &str) -> &'a str {
        self.value.get(key).and_then(Value::as_str).unwrap_or_default().trim()
    }

    /// A text and its Korean, as `description` and `x-description-ko`. What a component says follows the text of the
    /// property that refers to it.
    pub fn words(self, key: &str) -> Words {
        let get = |key: &str| {
            let own = self.own.get(key).filter(|own| Some(*own) != self.value.get(key));
            let texts = own.into_iter().chain(self.value.get(key)).filter_map(Value::as_str);
            texts.map(line).collect::<Vec<_>>().join(" ")
        };
        words(get(key), get(&format!("x-{key}-ko")))
    }

    /// The example of a parameter or a header, as it is on the wire.
    pub fn example(self) -> Option<String> {
        let example = self.value.get("example")?;
        Some(example.as_str().map_or_else(|| example.to_string(), str::to_owned))
    }

    pub fn count(self, key: &str) -> Option<u64> {
        self.value.get(key)?.as_u64()
    }

    pub fn flag(self, key: &str) -> bool {
        self.value.get(key).and_then(Value::as_bool).unwrap_or_default()
    }

    /// The entries of a map, in the order of the document.
    pub fn entries(self, key: &str) -> impl Iterator<Item = (&'a str, Self)> {
        let entries = self.value.get(key).and_then(Value::as_object);
        entries
            .into_iter()
            .flatten()
            .map(move |(key, value)| (key.as_str(), self.at(value)))
    }

    /// The elements of a list.
    pub fn elements(self, key: &str) -> impl Iterator<Item = Self> {
        let elements = self.value.get(key).and_then(Value::as_array);
        elements.into_iter().flatten().map(move |value| self.at(value))
    }

    /// The texts of a list.
    pub fn texts(self, key: &str) -> Vec<&'a str> {
        self.elements(key).filter_map(|node| node.value.as_str()).collect()
    }

    pub fn source(self) -> Option<Source> {
        source(self.own)
    }

    /// What the source of a component adds to that of the property that refers to it.
    pub fn remark(self) -> Option<Source> {
        let remark = source(self.value).filter(|source| source.note.is_some());
        remark.filter(|_| self.own != self.value)
    }

    /// The name of the component that the value of this key refers to.
    pub fn target(self, key: &str) -> Option<&'a str> {
        let reference = self.value.get(key)?.get("$ref")?.as_str()?;
        reference.rsplit('/').next()
    }

    fn at(self, mut value: &'a Value) -> Self {
        let composed = value.get("allOf").is_some().then_some(value);
        value = value.pointer("/allOf/0").unwrap_or(value);
        for _ in 0..DEPTH {
            let reference = value.get("$ref").and_then(Value::as_str);
            let target = reference.and_then(|reference| self.root.pointer(reference.strip_prefix('#')?));
            match target {
                Some(target) => value = target,
                None => break,
            }
        }
        Self {
            root: self.root,
            value,
            own: composed.unwrap_or(value),
        }
    }
}

fn source(value: &Value) -> Option<Source> {
    serde_json::from_value(value.get("x-source")?.clone()).ok()
}
