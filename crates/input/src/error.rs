//! The error of an input that cannot be read on.

use std::{fmt, io};

/// What standard input is called on the command line.
pub(super) const STDIN: &str = "-";

/// An input that cannot be read, or not to its end: says which one, why, and what to do.
///
/// It never holds a value of a record.
#[derive(Debug)]
pub struct InputError(String);

impl InputError {
    /// About an input as a whole.
    pub fn new(name: &str, problem: impl fmt::Display) -> Self {
        Self(format!("{}: {problem}", for_people(name)))
    }

    /// About one line of it.
    pub(super) fn at_line(name: &str, line: u64, problem: impl fmt::Display) -> Self {
        Self(format!("{}, line {line}: {problem}", for_people(name)))
    }

    /// About an input that could not be opened.
    pub fn opening(name: &str, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::new(name, "there is no such file: check the path"),
            io::ErrorKind::PermissionDenied => Self::new(
                name,
                "no permission to read it: change the file's permissions or run as a user who may read it",
            ),
            _ => Self::new(name, format_args!("it cannot be opened: {error}")),
        }
    }

    /// About a read that failed half-way.
    pub fn reading(name: &str, error: &io::Error) -> Self {
        Self::new(name, format_args!("reading failed: {error}"))
    }
}

/// The name of an input in a sentence.
fn for_people(name: &str) -> &str {
    if name == STDIN { "standard input" } else { name }
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InputError {}
