//! What is wrong with the records of an input, to keep.

use serde::Serialize;

use super::causes::{MOST_PLACES, Place, Shown};

/// What is wrong with records, by cause, the most frequent first. `Serialize` writes everything.
///
/// A report has those that a check finds; those that a service refuses are added by code.
///
/// ```
/// use dfinery_records::{Accepts, Checker, Report};
///
/// let mut report = Report::new(None);
/// let line = r#"{"identity":{}}"#;
/// report.record("users.ndjson", 7, Checker::new(None, Accepts::Mixed).check(line).as_ref());
/// let mut problems = report.problems();
/// problems.refused("40001", "the server refused it", None, 3, [("users.ndjson", 9)]);
/// let json = serde_json::to_value(&problems).unwrap();
/// assert_eq!((&json["causes"][0]["code"], &json["causes"][1]["records"]), (&"40001".into(), &1.into()));
/// ```
#[derive(Clone, Debug, Default, Serialize)]
pub struct Problems {
    causes: Vec<Shown>,
    records_with_other_causes: u64,
}

impl Problems {
    pub(super) fn new(causes: Vec<Shown>, other: u64) -> Self {
        Self {
            causes,
            records_with_other_causes: other,
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.causes.is_empty()
    }

    /// Adds records that were not accepted for what a service said, in brief and in a sentence, with what to do about it, and
    /// the first files and lines.
    pub fn refused<'a>(
        &mut self,
        code: &str,
        problem: &str,
        remedy: Option<&'static str>,
        records: u64,
        first: impl IntoIterator<Item = (&'a str, u64)>,
    ) {
        let places = first.into_iter().take(MOST_PLACES).map(|(file, line)| Place {
            file: file.to_owned(),
            line,
        });
        self.causes.push(Shown {
            name: None,
            code: Some(code.to_owned()),
            path: String::new(),
            column: None,
            problem: problem.to_owned(),
            remedy,
            records,
            first: places.collect(),
        });
        Shown::sort(&mut self.causes);
    }
}
