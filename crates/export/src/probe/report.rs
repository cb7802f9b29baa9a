//! The account of a probe.

use std::fmt;

use jiff::civil::Date;
use serde::Serialize;

use super::{
    answer::Answer,
    calibration::{Calibration, DayBy, ItemRows, LastDay, Lateness},
    finding::{Evidence, Finding},
    lines::write_lines,
    reference::DayStart,
    spelling::{ColumnSeen, Spellings},
};
use crate::{error::Stopped, receipt::as_text};

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
            write_lines(f, 2, &query.to_string())?;
        }
        write_lines(f, 0, &format!("Last day of a query: {last_day}"))?;
        write_evidence(f, last_day.evidence())?;
        write_lines(f, 0, &format!("A row belongs to a day by: {day_by}"))?;
        // Both come from the same rows as a rule.
        if day_by.evidence() != day_start.evidence() {
            write_evidence(f, day_by.evidence())?;
        }
        write_lines(f, 0, &format!("A day begins at: {day_start}"))?;
        write_evidence(f, day_start.evidence())?;
        write_lines(f, 0, &format!("Items: {item_rows}"))?;
        write_evidence(f, item_rows.evidence())?;
        write_lines(f, 0, &format!("Lateness: {lateness}"))?;
        write_evidence(f, lateness.evidence())?;
        writeln!(f, "Spelling")?;
        for forms in spellings.to_string().lines() {
            write_lines(f, 2, forms)?;
        }
        let filled = columns.iter().filter(|column| column.filled > 0).count();
        writeln!(f, "Columns: {}, {filled} of them with values", columns.len())?;
        if let Some(stopped) = &self.stopped {
            write_lines(f, 0, &format!("Ended early: {stopped}"))?;
        }
        Ok(())
    }
}

fn write_evidence(f: &mut fmt::Formatter<'_>, evidence: &Evidence) -> fmt::Result {
    for reading in &evidence.readings {
        write_lines(f, 2, &reading.to_string())?;
        if let Some(first) = reading.first_misfits.first() {
            write_lines(f, 4, &format!("the first that does not: {first}"))?;
        }
    }
    if !evidence.left.is_empty() {
        write_lines(f, 2, &format!("not ruled out: {}", evidence.left.join("; ")))?;
    }
    if !evidence.queries.is_empty() {
        write_lines(f, 2, &format!("asked for {}", evidence.queries.join(", ")))?;
    }
    Ok(())
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
