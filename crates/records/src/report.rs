//! What is wrong with a whole input, grouped by cause.

mod causes;
mod frequent;
mod problems;
mod render;
mod warnings;
mod whole;
mod words;

use std::collections::BTreeMap;

use serde::Serialize;

pub use self::problems::Problems;
use self::{
    causes::{Causes, Count, MOST_PLACES, Place, Shown},
    whole::Whole,
};
pub use self::{warnings::Warnings, words::thousands};
use super::{
    checked::Checked,
    ids::FIELDS,
    warning::{Warning, WarningKind},
    warning_policy::WarningPolicy,
};
use crate::RecordKind;
use dfinery::{Violation, Violations};

/// What a check of whole inputs found: the numbers of good and bad records, and each cause with its first places.
///
/// A cause is a field, without the positions in arrays, and what is wrong with it. Its count says how many records have
/// it. At most 1,000 causes are listed separately; the rest are counted together. `Display` writes the report for
/// people, `Serialize` for programs. A report holds no value of a record, only the hashes of some identifiers.
#[derive(Clone, Debug)]
pub struct Report {
    /// The name of the taxonomy.
    taxonomy: Option<String>,
    records: u64,
    passed_over: PassedOver,
    /// The count of every kind, even if it is zero.
    good: BTreeMap<RecordKind, u64>,
    /// How many records have more problems than are kept for one record.
    cut_short: u64,
    problems: Causes,
    warnings: Causes,
    warned: [Count; WarningKind::ALL.len()],
    whole: Whole,
    policy: WarningPolicy,
    /// The columns that feed fields, by the paths of the fields.
    columns: BTreeMap<String, String>,
}

impl Report {
    /// An empty report; `taxonomy` is the name of what records are checked against.
    #[must_use]
    pub fn new(taxonomy: Option<&str>) -> Self {
        Self {
            taxonomy: taxonomy.map(str::to_owned),
            records: 0,
            passed_over: PassedOver::default(),
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
            warned: [Count::default(); WarningKind::ALL.len()],
            whole: Whole::default(),
            policy: WarningPolicy::default(),
            columns: BTreeMap::new(),
        }
    }

    /// Sets which warnings about the whole input are errors, and which are silent.
    #[must_use]
    pub const fn policy(mut self, policy: WarningPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Counts a record that was checked.
    #[inline]
    pub fn record(&mut self, file: &str, line: u64, outcome: Result<&Checked<'_>, &Violations>) {
        self.records += 1;
        match outcome {
            Ok(checked) => {
                *self.good.entry(checked.kind).or_default() += 1;
                self.whole.add(file, line, checked);
                if !checked.warnings.is_empty() {
                    self.warn(file, line, &checked.warnings);
                }
            }
            Err(violations) => {
                self.problems.add(self.records, file, line, violations);
                self.cut_short += u64::from(violations.more() > 0);
            }
        }
    }

    #[cold]
    fn warn(&mut self, file: &str, line: u64, warnings: &[Warning]) {
        self.warnings.warn(self.records, file, line, warnings);
        for warning in warnings {
            if let Some(count) = self.warned.get_mut(warning.kind() as usize) {
                count.add(self.records);
            }
        }
    }

    /// Counts rows of a table that are no records by a condition of its mapping, of which the first begin on these lines.
    /// Call it once for each table.
    pub fn passed_over(&mut self, file: &str, rows: u64, first_lines: &[u64]) {
        self.passed_over.rows += rows;
        let first = &mut self.passed_over.first;
        let room = MOST_PLACES.saturating_sub(first.len());
        first.extend(first_lines.iter().take(room).map(|line| Place {
            file: file.to_owned(),
            line: *line,
        }));
    }

    /// Names the columns that feed the fields noted so far. Call it for each table, after its last record; the function
    /// returns the column of a field such as `identity.external_id` or `event.event_items[].df_price`.
    pub fn name_columns(&mut self, column_of: impl Fn(&str) -> Option<String>) {
        let identifiers = FIELDS.map(|name| format!("identity.{name}"));
        let causes = self.problems.iter().chain(self.warnings.iter());
        for path in causes.map(|cause| &cause.path).chain(&identifiers) {
            if !self.columns.contains_key(path)
                && let Some(column) = column_of(path)
            {
                self.columns.insert(path.clone(), column);
            }
        }
    }

    /// Whether there is anything to say: a bad record, a warning, or a row that was passed over.
    #[must_use]
    pub fn has_findings(&self) -> bool {
        self.bad() > 0 || self.passed_over.rows > 0 || !self.warnings().is_empty()
    }

    /// The warnings, by cause.
    #[must_use]
    pub fn warnings(&self) -> Warnings {
        let causes = self.shown_warnings();
        let mut by_name = BTreeMap::new();
        for (kind, count) in WarningKind::ALL.into_iter().zip(&self.warned) {
            if count.get() > 0 {
                by_name.insert(kind, count.get());
            }
        }
        for cause in &causes {
            if let Some(kind) = cause.name.filter(|kind| kind.is_of_input()) {
                *by_name.entry(kind).or_default() += cause.records;
            }
        }
        Warnings::new(by_name, causes, self.warnings.other())
    }

    /// The denied warnings about the whole input that there are. Their records count as good: when they are known, the
    /// records have been sent.
    #[must_use]
    pub fn denied(&self) -> Vec<WarningKind> {
        let causes = self.whole.causes().into_iter();
        let mut kinds: Vec<_> = causes
            .filter_map(|cause| cause.name)
            .filter(|kind| self.policy.denies(*kind))
            .collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    }

    /// The problems, by cause.
    #[must_use]
    pub fn problems(&self) -> Problems {
        Problems::new(self.shown_problems(), self.problems.other())
    }

    fn shown_problems(&self) -> Vec<Shown> {
        let causes = self.problems.iter();
        let mut shown: Vec<_> = causes.map(|cause| cause.shown(self.columns.get(&cause.path))).collect();
        Shown::sort(&mut shown);
        shown
    }

    fn shown_warnings(&self) -> Vec<Shown> {
        let whole = self.whole.causes();
        let whole = whole
            .iter()
            .filter(|cause| cause.name.is_some_and(|kind| !self.policy.allows(kind)));
        let causes = self.warnings.iter().chain(whole);
        let mut shown: Vec<_> = causes.map(|cause| cause.shown(self.columns.get(&cause.path))).collect();
        Shown::sort(&mut shown);
        shown
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

/// Rows that are no records by a condition of a mapping.
#[derive(Clone, Debug, Default, Serialize)]
struct PassedOver {
    rows: u64,
    first: Vec<Place>,
}

/// The form for programs.
#[derive(Serialize)]
struct View<'r> {
    taxonomy: Option<&'r str>,
    records: u64,
    passed_over: &'r PassedOver,
    good: u64,
    bad: u64,
    good_by_kind: &'r BTreeMap<RecordKind, u64>,
    cut_short: u64,
    problems: Problems,
    warnings: Warnings,
    denied: Vec<WarningKind>,
}

impl Serialize for Report {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        View {
            taxonomy: self.taxonomy.as_deref(),
            records: self.records,
            passed_over: &self.passed_over,
            good: self.good(),
            bad: self.bad(),
            good_by_kind: &self.good,
            cut_short: self.cut_short,
            problems: self.problems(),
            warnings: self.warnings(),
            denied: self.denied(),
        }
        .serialize(serializer)
    }
}

#[cfg(test)]
mod tests;
