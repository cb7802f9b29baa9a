//! Walks a document, following references, and never fails: a missing node is empty.

use serde_json::Value;

use crate::{openapi::Api, table::Source};

/// How deep to follow references and nested schemas.
pub const DEPTH: usize = 12;

/// A node of a document, with any reference resolved.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    root: &'a Value,
    value: &'a Value,
}

impl<'a> Node<'a> {
    pub fn root(api: &'a Api) -> Self {
        Self {
            root: &api.value,
            value: &api.value,
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
        serde_json::from_value(self.value.get("x-source")?.clone()).ok()
    }

    /// The name of the component that the value of this key refers to.
    pub fn target(self, key: &str) -> Option<&'a str> {
        let reference = self.value.get(key)?.get("$ref")?.as_str()?;
        reference.rsplit('/').next()
    }

    fn at(self, mut value: &'a Value) -> Self {
        for _ in 0..DEPTH {
            let reference = value.get("$ref").and_then(Value::as_str);
            let target = reference.and_then(|reference| self.root.pointer(reference.strip_prefix('#')?));
            match target {
                Some(target) => value = target,
                None => break,
            }
        }
        Self { root: self.root, value }
    }
}
