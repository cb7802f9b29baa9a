//! What is wrong with a request, found before it is sent: what the spec forbids and a type cannot, named by field path.

use std::{fmt, ops::Deref};

/// One way in which a request breaks the spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    path: String,
    problem: String,
}

impl Violation {
    /// A problem of the field at a path, such as `events[3].event_items`; the path is empty for the request as a whole.
    ///
    /// Put no value of the request into the problem: it is printed and logged.
    #[must_use]
    pub fn new(path: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            problem: problem.into(),
        }
    }

    /// The field, such as `events[3].event_items`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong with it. Never holds a value of the request.
    #[must_use]
    pub fn problem(&self) -> &str {
        &self.problem
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.problem)
        } else {
            write!(f, "{}: {}", self.path, self.problem)
        }
    }
}

/// All the ways in which a request breaks the spec: the first 20, and how many more there are.
///
/// ```
/// use dfinery::validate::{Path, Violations};
///
/// let mut found = Violations::new();
/// found.push(&Path::root().field("events").index(3), "has no name");
/// assert_eq!(found.into_result().unwrap_err().to_string(), "events[3]: has no name");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Violations {
    kept: Vec<Violation>,
    more: usize,
}

impl Violations {
    const KEPT: usize = 20;

    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one; beyond the first 20 it is only counted.
    pub fn push(&mut self, at: &Path<'_>, problem: impl Into<String>) {
        if self.kept.len() < Self::KEPT {
            self.kept.push(Violation {
                path: at.to_string(),
                problem: problem.into(),
            });
        } else {
            self.more += 1;
        }
    }

    /// Success if nothing was found.
    ///
    /// # Errors
    /// All that was found, if anything was.
    pub fn into_result(self) -> Result<(), Self> {
        if self.kept.is_empty() { Ok(()) } else { Err(self) }
    }

    /// How many violations there are beyond those listed.
    #[must_use]
    pub fn more(&self) -> usize {
        self.more
    }
}

impl From<Violation> for Violations {
    fn from(violation: Violation) -> Self {
        Self {
            kept: vec![violation],
            more: 0,
        }
    }
}

impl Deref for Violations {
    type Target = [Violation];

    fn deref(&self) -> &[Violation] {
        &self.kept
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, violation) in self.kept.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            violation.fmt(f)?;
        }
        if self.more > 0 {
            write!(f, "; and {} more", self.more)?;
        }
        Ok(())
    }
}

impl std::error::Error for Violations {}

/// Where in a request a field is: a chain on the stack, spelled out only when something is wrong.
///
/// ```
/// use dfinery::validate::Path;
///
/// let root = Path::root();
/// let events = root.field("events");
/// assert_eq!(events.index(3).field("event_name").to_string(), "events[3].event_name");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    segment: Segment<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Segment<'a> {
    Root,
    Field(&'a str),
    Index(usize),
}

impl Path<'_> {
    /// The request as a whole.
    #[must_use]
    pub const fn root() -> Path<'static> {
        Path {
            parent: None,
            segment: Segment::Root,
        }
    }

    /// A field of this object.
    #[must_use]
    pub const fn field<'b>(&'b self, name: &'b str) -> Path<'b> {
        Path {
            parent: Some(self),
            segment: Segment::Field(name),
        }
    }

    /// An element of this array, counted from 0.
    #[must_use]
    pub const fn index(&self, index: usize) -> Path<'_> {
        Path {
            parent: Some(self),
            segment: Segment::Index(index),
        }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.segment {
            Segment::Root => Ok(()),
            Segment::Field(name) => {
                let under_root = matches!(self.parent, Some(Path { parent: None, .. }) | None);
                write!(f, "{}{name}", if under_root { "" } else { "." })
            }
            Segment::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// A value whose spec says more than its type.
pub(crate) trait Validate {
    /// Adds what is wrong with the value, which is `at` this place in the request.
    fn check(&self, at: &Path<'_>, out: &mut Violations);

    /// Checks the value as a whole request.
    fn violations(&self) -> Result<(), Violations> {
        let mut out = Violations::new();
        self.check(&Path::root(), &mut out);
        out.into_result()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_like_the_request() {
        let root = Path::root();
        let events = root.field("events");
        let third = events.index(3);
        assert_eq!(third.field("event_items").to_string(), "events[3].event_items");
        assert_eq!(root.to_string(), "");
    }

    #[test]
    fn violations_beyond_the_first_twenty_are_counted() {
        let mut out = Violations::new();
        for _ in 0..25 {
            out.push(&Path::root().field("events"), "is wrong");
        }
        let violations = out.into_result().unwrap_err();
        assert_eq!((violations.len(), violations.more()), (20, 5));
        assert!(violations.to_string().ends_with("; and 5 more"));
    }
}
