//! What was found, and what it was found from.

use std::fmt;

use serde::Serialize;

/// This many rows against a reading rule it out. Fewer may be exceptions, such as rows that arrived between two queries;
/// then the question stays open.
pub(super) const MINIMUM: u64 = 5;

/// What rows say about an open question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Finding<T> {
    /// Only one answer fits.
    Decided {
        /// The answer.
        value: T,
        /// The rows.
        evidence: Evidence,
    },
    /// More than one answer fits.
    NotEnough {
        /// What would decide it.
        missing: String,
        /// The rows.
        evidence: Evidence,
    },
    /// No answer fits.
    Contradictory {
        /// What is in the way.
        problem: String,
        /// The rows.
        evidence: Evidence,
    },
}

/// The rows that a finding comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Evidence {
    /// The days of the queries whose answers were looked at.
    pub queries: Vec<String>,
    /// How many rows fit each reading.
    pub readings: Vec<Reading>,
    /// What is not ruled out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<String>,
}

/// One way to read the documentation, and the rows for and against it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Reading {
    /// What it says.
    pub reading: String,
    /// Rows that it allows.
    pub fits: u64,
    /// Rows that it does not allow.
    pub misfits: u64,
    /// Some of the rows that it does not allow, the first of each answer among them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub first_misfits: Vec<Place>,
}

/// Where a row is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The days of the query.
    pub query: String,
    /// The number of the row in the answer. The row after the header line has number 1.
    pub row: u64,
}

impl<T> Finding<T> {
    /// The answer, if it is decided.
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Decided { value, .. } => Some(value),
            Self::NotEnough { .. } | Self::Contradictory { .. } => None,
        }
    }

    /// The rows that it comes from.
    pub const fn evidence(&self) -> &Evidence {
        match self {
            Self::Decided { evidence, .. }
            | Self::NotEnough { evidence, .. }
            | Self::Contradictory { evidence, .. } => evidence,
        }
    }

    pub(super) fn not_enough(missing: impl Into<String>, evidence: Evidence) -> Self {
        let missing = missing.into();
        Self::NotEnough { missing, evidence }
    }

    pub(super) fn contradictory(problem: impl Into<String>, evidence: Evidence) -> Self {
        let problem = problem.into();
        Self::Contradictory { problem, evidence }
    }
}

/// The answer without its evidence.
impl<T: fmt::Display> fmt::Display for Finding<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decided { value, .. } => value.fmt(f),
            Self::NotEnough { missing, .. } => write!(f, "not known; needed: {missing}"),
            Self::Contradictory { problem, .. } => write!(f, "not known: {problem}"),
        }
    }
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} rows fit, {} do not", self.reading, self.fits, self.misfits)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "row {} of {}", self.row, self.query)
    }
}

/// Rows that were counted, and where the first ones are.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) rows: u64,
    pub(super) first: Vec<u64>,
}

impl Tally {
    /// How many rows are named.
    pub(super) const NAMED: usize = 3;

    pub(super) fn add(&mut self, row: u64) {
        self.rows += 1;
        if self.first.len() < Self::NAMED {
            self.first.push(row);
        }
    }

    pub(super) fn places(&self, query: &str) -> impl Iterator<Item = Place> {
        self.first.iter().map(move |row| Place {
            query: query.to_owned(),
            row: *row,
        })
    }
}
