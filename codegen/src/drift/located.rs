//! Finds the line of the YAML on which a node of the spec is.

use std::{collections::BTreeMap, fmt, sync::Arc};

use serde::Serialize;

pub use crate::lines::Node;
use crate::parse::{self, Parsed};

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
pub struct Lines(Arc<BTreeMap<&'static str, Node>>);

impl Lines {
    /// Those of the parsed files.
    #[must_use]
    pub fn of(parsed: &Parsed) -> Self {
        Self(Arc::clone(&parsed.lines))
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
