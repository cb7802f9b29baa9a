//! The line of a file on which each node of its YAML is.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::Spanned;

use crate::problem::{Place, Problem};

/// A node of YAML, or of JSON, which is YAML too.
#[derive(Clone, Debug)]
pub struct Node {
    line: usize,
    children: Children,
}

#[derive(Clone, Debug)]
enum Children {
    None,
    List(Vec<Node>),
    Map(Vec<(String, usize, Node)>),
}

impl Node {
    /// Reads a text.
    ///
    /// # Errors
    /// If it is not YAML.
    pub fn parse(file: &str, text: &str) -> Result<Self, Problem> {
        serde_saphyr::from_str(text).map_err(|error| Place::file(file).problem(format!("is no valid YAML: {error}")))
    }

    /// The line of the node at the end of a path of keys and indices, or of the last one on the way.
    #[must_use]
    pub fn line_of(&self, path: &[&str]) -> usize {
        let (mut node, mut line) = (self, self.line);
        for step in path {
            let next = match &node.children {
                Children::None => None,
                Children::List(nodes) => {
                    let index = step.parse::<usize>().ok();
                    index.and_then(|index| nodes.get(index)).map(|node| (node.line, node))
                }
                Children::Map(entries) => {
                    let entry = entries.iter().find(|(key, ..)| key == step);
                    entry.map(|(_, line, node)| (*line, node))
                }
            };
            let Some(next) = next else { break };
            (line, node) = next;
        }
        line
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Children>::deserialize(deserializer)?;
        Ok(Self {
            line: usize::try_from(spanned.referenced.line()).unwrap_or(usize::MAX),
            children: spanned.value,
        })
    }
}

impl<'de> Deserialize<'de> for Children {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ChildrenVisitor)
    }
}

struct ChildrenVisitor;

impl<'de> Visitor<'de> for ChildrenVisitor {
    type Value = Children;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Children, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, node)) = map.next_entry::<Spanned<String>, Node>()? {
            let line = usize::try_from(key.referenced.line()).unwrap_or(usize::MAX);
            entries.push((key.value, line, node));
        }
        Ok(Children::Map(entries))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Children, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = list.next_element()? {
            nodes.push(node);
        }
        Ok(Children::List(nodes))
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Children, E> {
        Ok(Children::None)
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Children, E> {
        Ok(Children::None)
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<Children, E> {
        Ok(Children::None)
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Children, E> {
        Ok(Children::None)
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<Children, E> {
        Ok(Children::None)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Children, E> {
        Ok(Children::None)
    }

    fn visit_none<E: de::Error>(self) -> Result<Children, E> {
        Ok(Children::None)
    }
}
