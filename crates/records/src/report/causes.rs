//! Problems of many records, grouped.

use std::{cmp::Reverse, collections::HashMap};

use foldhash::fast::RandomState;
use serde::Serialize;

use crate::warning::{Warning, WarningKind};
use dfinery::Violation;

/// The most causes to list separately.
pub(super) const MOST_CAUSES: usize = 1_000;
/// The most places to keep for a cause.
pub(super) const MOST_PLACES: usize = 5;

/// Causes, each with the records that have it.
#[derive(Clone, Debug, Default)]
pub(super) struct Causes {
    by_key: HashMap<Box<str>, usize, RandomState>,
    list: Vec<Cause>,
    other: Count,
    /// Space for the key of a violation.
    key: String,
}

/// A field and what is wrong with it.
#[derive(Clone, Debug)]
pub(super) struct Cause {
    pub(super) path: String,
    pub(super) problem: String,
    /// What it is called, if it is a warning.
    pub(super) name: Option<WarningKind>,
    pub(super) count: Count,
    pub(super) first: Vec<Place>,
}

/// A cause with the column of the field.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Shown {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<WarningKind>,
    /// What a service said, if it refused the records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<String>,
    pub(super) path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) column: Option<String>,
    pub(super) problem: String,
    /// What to do about it, if the code says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) remedy: Option<&'static str>,
    pub(super) records: u64,
    pub(super) first: Vec<Place>,
}

/// Where a record is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Place {
    pub(super) file: String,
    pub(super) line: u64,
}

/// Counts records, each once.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Count {
    records: u64,
    last: u64,
}

impl Causes {
    /// Adds the violations of the record with this number, from 1.
    #[cold]
    pub(super) fn add(&mut self, record: u64, file: &str, line: u64, violations: &[Violation]) {
        for violation in violations {
            let problem = without_column(violation.problem());
            self.add_one(record, file, line, violation.path(), problem, None);
        }
    }

    /// Adds the warnings of the record with this number.
    #[cold]
    pub(super) fn warn(&mut self, record: u64, file: &str, line: u64, warnings: &[Warning]) {
        for warning in warnings {
            self.add_one(
                record,
                file,
                line,
                warning.path(),
                warning.problem(),
                Some(warning.kind()),
            );
        }
    }

    fn add_one(&mut self, record: u64, file: &str, line: u64, path: &str, problem: &str, name: Option<WarningKind>) {
        self.key.clear();
        push_without_positions(&mut self.key, path);
        let end_of_path = self.key.len();
        self.key.push('\n');
        self.key.push_str(without_place(problem));
        let place = match self.by_key.get(self.key.as_str()) {
            Some(&place) => place,
            None if self.list.len() < MOST_CAUSES => {
                self.by_key.insert(self.key.as_str().into(), self.list.len());
                self.list.push(Cause {
                    path: self.key.get(..end_of_path).unwrap_or_default().to_owned(),
                    problem: problem.to_owned(),
                    name,
                    count: Count::default(),
                    first: Vec::new(),
                });
                self.list.len() - 1
            }
            None => {
                self.other.add(record);
                return;
            }
        };
        let Some(cause) = self.list.get_mut(place) else {
            return;
        };
        if cause.count.add(record) && cause.first.len() < MOST_PLACES {
            cause.first.push(Place {
                file: file.to_owned(),
                line,
            });
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Cause> {
        self.list.iter()
    }

    /// How many records have a cause beyond those listed.
    pub(super) fn other(&self) -> u64 {
        self.other.get()
    }
}

impl Cause {
    /// The cause with the column that feeds its field.
    pub(super) fn shown(&self, column: Option<&String>) -> Shown {
        Shown {
            name: self.name,
            code: None,
            path: self.path.clone(),
            column: column.cloned(),
            problem: self.problem.clone(),
            remedy: None,
            records: self.count.get(),
            first: self.first.clone(),
        }
    }
}

impl Shown {
    /// The field, and the column if there is one.
    pub(super) fn field(&self) -> String {
        match &self.column {
            Some(column) => format!("{column} ({})", self.path),
            None => self.path.clone(),
        }
    }

    /// The most frequent first.
    pub(super) fn sort(causes: &mut [Self]) {
        causes.sort_by_key(|cause| Reverse(cause.records));
    }
}

impl Count {
    pub(super) const fn of(records: u64) -> Self {
        Self { records, last: 0 }
    }

    /// Whether this record has not been counted yet.
    pub(super) fn add(&mut self, record: u64) -> bool {
        let new = self.last != record;
        self.records += u64::from(new);
        self.last = record;
        new
    }

    pub(super) const fn get(self) -> u64 {
        self.records
    }
}

/// `event_items[3].df_price` becomes `event_items[].df_price`.
fn push_without_positions(out: &mut String, path: &str) {
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('[') {
        out.push_str(before);
        out.push('[');
        rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    out.push_str(rest);
}

/// The wrong byte, or the line of a record with several, differs from record to record; give that of the first.
fn without_place(problem: &str) -> &str {
    match problem.rsplit_once(" (") {
        Some((cause, place)) if place.starts_with("byte ") || place.starts_with("on line ") => cause,
        _ => problem,
    }
}

/// The place where a text stops being JSON differs from line to line; the reason is the cause.
fn without_column(problem: &str) -> &str {
    match problem.rsplit_once(" (") {
        Some((cause, place)) if place.starts_with("column ") || place.starts_with("line ") => cause,
        _ => problem,
    }
}
