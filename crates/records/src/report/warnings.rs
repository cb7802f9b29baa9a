//! The warnings of an input, to keep and to show.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;

use super::{causes::Shown, words::thousands};
use crate::warning::WarningKind;

/// The warnings about an input, by cause. `Display` writes a line for each name, `Serialize` everything.
///
/// ```
/// use dfinery_records::{Accepts, Checker, Report, WarningKind};
///
/// let mut checker = Checker::new(None, Accepts::Mixed);
/// let mut report = Report::new(None);
/// let line = r#"{"identity":{"external_id":"undefined"}}"#;
/// report.record("users.ndjson", 7, checker.check(line).as_ref());
///
/// let warnings = report.warnings();
/// assert_eq!(warnings.records(WarningKind::PlaceholderId), 1);
/// assert!(warnings.to_string().contains("placeholder-id"));
/// ```
#[derive(Clone, Debug, Default, Serialize)]
pub struct Warnings {
    /// How many records have each.
    by_name: BTreeMap<WarningKind, u64>,
    causes: Vec<Shown>,
    records_with_other_causes: u64,
}

impl Warnings {
    pub(super) fn new(by_name: BTreeMap<WarningKind, u64>, causes: Vec<Shown>, other: u64) -> Self {
        Self {
            by_name,
            causes,
            records_with_other_causes: other,
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// How many records have a warning.
    #[must_use]
    pub fn records(&self, kind: WarningKind) -> u64 {
        self.by_name.get(&kind).copied().unwrap_or_default()
    }

    /// The kinds of warnings there are, in the order of [`WarningKind::ALL`].
    pub fn kinds(&self) -> impl Iterator<Item = WarningKind> {
        self.by_name.keys().copied()
    }
}

impl fmt::Display for Warnings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, count) in &self.by_name {
            write!(f, "  {kind:<22}{:>10}", thousands(*count))?;
            let mut causes = self.causes.iter().filter(|cause| cause.name == Some(*kind));
            let mut fields: Vec<String> = causes.clone().map(Shown::field).collect();
            fields.dedup();
            for (index, field) in fields.iter().enumerate() {
                write!(f, "{}{field}", if index == 0 { "  " } else { ", " })?;
            }
            if let Some(first) = causes.find_map(|cause| cause.first.first()) {
                write!(f, ", first at {}:{}", first.file, first.line)?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
