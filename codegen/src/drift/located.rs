//! Finds the line of the YAML on which a node of the spec is.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;

pub use crate::lines::Node;
use crate::{parse, problem::Problems, read::Inputs};

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
