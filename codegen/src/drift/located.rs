//! Finds the line of the YAML on which a node of the spec is.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::Spanned;

use crate::{
    parse,
    problem::{Place, Problem, Problems},
    read::Inputs,
};

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct At {
    /// The path of the file.
    pub file: String,
    /// Counts from 1.
    pub line: usize,
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// The lines of all files of the spec.
#[derive(Debug)]
pub struct Lines(BTreeMap<&'static str, Node>);

impl Lines {
    /// Reads the files again, for their lines.
    ///
    /// # Errors
    /// If a file is not YAML.
    pub fn new(inputs: &Inputs) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let files = [
            ("import", &inputs.import),
            ("export", &inputs.export),
            ("responses", &inputs.responses),
            ("taxonomy", &inputs.taxonomy),
            ("sources", &inputs.sources),
        ];
        let nodes = files
            .into_iter()
            .filter_map(|(name, text)| Some((name, problems.keep(Node::parse(&parse::file(name), text))?)));
        let lines = Self(nodes.collect());
        problems.into_result()?;
        Ok(lines)
    }

    /// The line of a key or of an element, by its path; if it is missing, the line of the nearest node above it.
    #[must_use]
    pub fn at(&self, file: &str, path: &[&str]) -> At {
        let line = self.0.get(file).map_or(1, |node| node.line_of(path));
        At {
            file: parse::file(file),
            line,
        }
    }
}

/// A node of YAML, or of JSON, which is YAML too.
#[derive(Debug)]
pub struct Node {
    line: usize,
    children: Children,
}

#[derive(Debug)]
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
