//! The account of a probe.

use std::fmt;

use jiff::civil::Date;
use serde::Serialize;

use super::{
    answer::Answer,
    calibration::{Calibration, DayBy, ItemRows, LastDay, Lateness},
    finding::Finding,
    reference::DayStart,
    spelling::{ColumnSeen, Spellings},
};
use crate::{receipt::as_text, stopped::Stopped};

/// What the rows of a few days say about what is undocumented.
///
/// Its JSON can be read as a [`Calibration`].
#[derive(Debug, Serialize)]
#[non_exhaustive]
pub struct Probe {
    /// What was decided.
    #[serde(flatten)]
    pub calibration: Calibration,
    /// What was asked for, in order.
    pub queries: Vec<AskedQuery>,
    /// Requests made, failed ones included.
    pub calls: u64,
    /// What was found, with its evidence.
    pub findings: Findings,
    /// Why it ended before everything was asked for, if it did.
    #[serde(serialize_with = "as_text")]
    pub stopped: Option<Stopped>,
}

/// A query of a probe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AskedQuery {
    /// Its `from_date`.
    pub from: Date,
    /// Its `to_date`.
    pub to: Date,
    /// The rows of its answer, if there was one.
    pub rows: Option<u64>,
    /// Why there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// What a probe has found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Findings {
    /// Whether the last day of a query is part of its answer.
    pub last_day: Finding<LastDay>,
    /// By which time a row belongs to a day.
    pub day_by: Finding<DayBy>,
    /// When a day begins.
    pub day_start: Finding<DayStart>,
    /// The rows of an event with items.
    pub item_rows: Finding<ItemRows>,
    /// How late rows arrive.
    pub lateness: Finding<Lateness>,
    /// How booleans, times and arrays are spelled.
    pub spellings: Spellings,
    /// The columns, in the order of the answer.
    pub columns: Vec<ColumnSeen>,
}

impl AskedQuery {
    pub(super) fn of(answer: &Answer) -> Self {
        Self {
            from: answer.from,
            to: answer.to,
            rows: answer.rows(),
            failed: answer.survey.as_ref().err().cloned(),
        }
    }
}

impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Findings {
            last_day,
            day_by,
            day_start,
            item_rows,
            lateness,
            spellings,
            columns,
        } = &self.findings;
        writeln!(f, "Probe of {}, {} calls", self.calibration.day, self.calls)?;
        for query in &self.queries {
            writeln!(f, "  {query}")?;
        }
        writeln!(f, "Last day of a query: {last_day}")?;
        writeln!(f, "A row belongs to a day by: {day_by}")?;
        writeln!(f, "A day begins at: {day_start}")?;
        writeln!(f, "Items: {item_rows}")?;
        writeln!(f, "Lateness: {lateness}")?;
        writeln!(f, "Spelling: {spellings}")?;
        let filled = columns.iter().filter(|column| column.filled > 0).count();
        writeln!(f, "Columns: {}, {filled} of them with values", columns.len())?;
        if let Some(stopped) = &self.stopped {
            writeln!(f, "Ended early: {stopped}")?;
        }
        Ok(())
    }
}

impl fmt::Display for AskedQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}: ", self.from, self.to)?;
        match (self.rows, &self.failed) {
            (Some(rows), _) => write!(f, "{rows} rows"),
            (None, Some(reason)) => f.write_str(reason),
            (None, None) => f.write_str("no answer"),
        }
    }
}
