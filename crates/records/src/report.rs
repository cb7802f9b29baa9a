//! What is wrong with a whole input, grouped by cause.

mod causes;
mod render;

use std::collections::BTreeMap;

use serde::Serialize;

use self::causes::Causes;
use super::checked::Checked;
use crate::RecordKind;
use dfinery::{Violation, Violations};

/// What a check of whole inputs found: the numbers of good and bad records, and each cause with its first places.
///
/// A cause is a field, without the positions in arrays, and what is wrong with it. Its count says how many records have
/// it. At most 1,000 causes are listed separately; the rest are counted together. `Display` writes the report for
/// people, `Serialize` for programs.
#[derive(Clone, Debug)]
pub struct Report {
    /// The name of the taxonomy.
    taxonomy: Option<String>,
    records: u64,
    /// The count of every kind, even if it is zero.
    good: BTreeMap<RecordKind, u64>,
    /// How many records have more problems than are kept for one record.
    cut_short: u64,
    problems: Causes,
    warnings: Causes,
}

impl Report {
    /// An empty report; `taxonomy` is the name of what records are checked against.
    #[must_use]
    pub fn new(taxonomy: Option<&str>) -> Self {
        Self {
            taxonomy: taxonomy.map(str::to_owned),
            records: 0,
            good: [
                (RecordKind::Identity, 0),
                (RecordKind::Profile, 0),
                (RecordKind::Event, 0),
                (RecordKind::Deletion, 0),
            ]
            .into(),
            cut_short: 0,
            problems: Causes::default(),
            warnings: Causes::default(),
        }
    }

    /// Counts a record that was checked.
    #[inline]
    pub fn record(&mut self, file: &str, line: u64, outcome: Result<&Checked<'_>, &Violations>) {
        self.records += 1;
        match outcome {
            Ok(checked) => {
                *self.good.entry(checked.kind).or_default() += 1;
                if !checked.warnings.is_empty() {
                    self.warnings.add(self.records, file, line, &checked.warnings);
                }
            }
            Err(violations) => {
                self.problems.add(self.records, file, line, violations);
                self.cut_short += u64::from(violations.more() > 0);
            }
        }
    }

    /// Counts a record that could not be converted to the form that is checked.
    pub fn unreadable(&mut self, file: &str, line: u64, problem: &Violation) {
        self.records += 1;
        self.problems
            .add(self.records, file, line, std::slice::from_ref(problem));
    }

    /// How many records were read.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.records
    }

    /// How many of them may be sent.
    #[must_use]
    pub fn good(&self) -> u64 {
        self.good.values().sum()
    }

    /// How many of them may not be sent.
    #[must_use]
    pub fn bad(&self) -> u64 {
        self.records - self.good()
    }
}

/// The form for programs.
#[derive(Serialize)]
struct View<'r> {
    taxonomy: Option<&'r str>,
    records: u64,
    good: u64,
    bad: u64,
    good_by_kind: &'r BTreeMap<RecordKind, u64>,
    cut_short: u64,
    problems: &'r Causes,
    warnings: &'r Causes,
}

impl Serialize for Report {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        View {
            taxonomy: self.taxonomy.as_deref(),
            records: self.records,
            good: self.good(),
            bad: self.bad(),
            good_by_kind: &self.good,
            cut_short: self.cut_short,
            problems: &self.problems,
            warnings: &self.warnings,
        }
        .serialize(serializer)
    }
}

#[cfg(test)]
mod tests;
