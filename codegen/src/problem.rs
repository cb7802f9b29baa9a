//! What is wrong with the spec, in words, and where.

use std::fmt;

/// One thing that is wrong, such as `spec/import.yaml:96: load_events: paths./api/v1/events.post: no description`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    at: Place,
    line: Option<usize>,
    /// What people call the row or the operation that the place is in; empty if it is in none.
    subject: String,
    words: String,
}

impl Problem {
    /// Says on which line of its file it is.
    #[must_use]
    pub fn on_line(self, line: usize) -> Self {
        Self {
            line: Some(line),
            ..self
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.at.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if !self.subject.is_empty() {
            write!(f, ": {}", self.subject)?;
        }
        if !self.at.steps.is_empty() {
            write!(f, ": {}", Path(&self.at.steps))?;
        }
        write!(f, ": {}", self.words)
    }
}

/// Everything that is wrong: one line for each problem.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Notes a problem and continues, so that one run names them all. What is already noted is not noted again.
    pub fn push(&mut self, problem: Problem) {
        if !self.0.contains(&problem) {
            self.0.push(problem);
        }
    }

    /// Notes all problems of another list.
    pub fn append(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Keeps the value, or notes what is wrong with it and returns nothing.
    pub fn keep<T>(&mut self, result: Result<T, Problem>) -> Option<T> {
        result.map_err(|problem| self.push(problem)).ok()
    }

    /// Whether anything is wrong at a place or below it: what follows from that need not be said.
    #[must_use]
    pub fn any_within(&self, place: &Place) -> bool {
        self.0
            .iter()
            .any(|problem| problem.at.file == place.file && problem.at.steps.starts_with(&place.steps))
    }

    /// Says of each problem in which line it is and what people call it there, as far as `find` knows; in the order of
    /// the lines.
    #[must_use]
    pub fn located(mut self, find: impl Fn(&str, &[Step]) -> Option<(usize, String)>) -> Self {
        for problem in &mut self.0 {
            if problem.line.is_none()
                && !problem.at.steps.is_empty()
                && let Some((line, subject)) = find(&problem.at.file, &problem.at.steps)
            {
                problem.line = Some(line);
                problem.subject = subject;
            }
        }
        self.0.sort_by(|a, b| (&a.at.file, a.line).cmp(&(&b.at.file, b.line)));
        self
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

/// A file, and a node in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    file: String,
    steps: Vec<Step>,
}

/// From a node to one below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The node under a key.
    Key(String),
    /// An element of a list.
    Index(usize),
}

impl Place {
    /// A file as a whole.
    pub fn file(file: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            steps: Vec::new(),
        }
    }

    /// The node under a key.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        self.step(Step::Key(key.to_owned()))
    }

    /// An element of a list.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.step(Step::Index(index))
    }

    /// The node one step below.
    #[must_use]
    pub fn step(&self, step: Step) -> Self {
        let mut steps = self.steps.clone();
        steps.push(step);
        Self {
            file: self.file.clone(),
            steps,
        }
    }

    /// Says what is wrong here.
    pub fn problem(&self, words: impl Into<String>) -> Problem {
        Problem {
            at: self.clone(),
            line: None,
            subject: String::new(),
            words: words.into(),
        }
    }
}

/// A way to a node, written as `paths./api/v1/events.post.tags[0]`.
struct Path<'a>(&'a [Step]);

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if index == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}
