//! What is wrong with the spec, in words, and where.

use std::fmt;

/// One thing that is wrong, such as `spec/import.yaml: paths./api/v1/events.post: no description`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    at: Place,
    words: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.words)
    }
}

/// Everything that is wrong: one line for each problem.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Notes a problem and continues, so that one run names them all.
    pub fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// Notes all problems of another list.
    pub fn append(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Keeps the value, or notes what is wrong with it and returns nothing.
    pub fn keep<T>(&mut self, result: Result<T, Problem>) -> Option<T> {
        result.map_err(|problem| self.push(problem)).ok()
    }

    /// `Ok` if there are no problems.
    ///
    /// # Errors
    /// The problems, if there are any.
    pub fn into_result(self) -> Result<(), Self> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|problem| writeln!(f, "{problem}"))
    }
}

/// A file, and a node in it, written as `paths./api/v1/events.post.tags[0]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    file: String,
    path: String,
}

impl Place {
    /// A file as a whole.
    pub fn file(file: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            path: String::new(),
        }
    }

    /// The node under a key.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        let dot = if self.path.is_empty() { "" } else { "." };
        self.longer(&format!("{dot}{key}"))
    }

    /// An element of a list.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.longer(&format!("[{index}]"))
    }

    /// Says what is wrong here.
    pub fn problem(&self, words: impl Into<String>) -> Problem {
        Problem {
            at: self.clone(),
            words: words.into(),
        }
    }

    fn longer(&self, more: &str) -> Self {
        Self {
            file: self.file.clone(),
            path: format!("{}{more}", self.path),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.path.is_empty() {
            return Ok(());
        }
        write!(f, ": {}", self.path)
    }
}
