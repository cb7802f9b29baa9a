//! The answers to the queries of a probe.

use jiff::{ToSpan as _, civil::Date};

use super::{finding::Evidence, survey::Survey};
use crate::calendar::days_between;

/// An answer, or why there is none.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) from: Date,
    pub(super) to: Date,
    pub(super) survey: Result<Survey, String>,
}

impl Answer {
    pub(super) fn is_of(&self, from: Date, to: Date) -> bool {
        (self.from, self.to) == (from, to)
    }

    /// Whether the query was from a day to the next, rather than to itself.
    pub(super) fn is_pair(&self) -> bool {
        self.from != self.to
    }

    /// The days of the query, as people read them.
    pub(super) fn query(&self) -> String {
        query(self.from, self.to)
    }

    pub(super) fn rows(&self) -> Option<u64> {
        self.survey.as_ref().ok().map(|survey| survey.rows)
    }

    pub(super) fn has_rows(&self) -> bool {
        self.rows().is_some_and(|rows| rows > 0)
    }

    /// The days of the query, counted from a day: the first, and the first that does not belong to it.
    pub(super) fn span(&self, origin: Date, to_date_inclusive: bool) -> (i64, i64) {
        let from = days_between(origin, self.from).into();
        let to: i64 = days_between(origin, self.to).into();
        (from, to + i64::from(to_date_inclusive))
    }
}

pub(super) fn query(from: Date, to: Date) -> String {
    format!("{from}..{to}")
}

/// The day after a day, or before it.
pub(super) fn shift(day: Date, days: i32) -> Date {
    day.saturating_add(days.days())
}

/// Evidence that names the queries of answers.
pub(super) fn evidence<'a>(answers: impl IntoIterator<Item = &'a Answer>) -> Evidence {
    Evidence {
        queries: answers.into_iter().map(Answer::query).collect(),
        ..Evidence::default()
    }
}
