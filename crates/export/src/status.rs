//! What a folder of exports has of each day.

use std::{fmt, path::Path};

use dfinery::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use crate::{
    calendar::{Calendar, days as range},
    column::Table,
    days::Days,
    error::ExportError,
    folder::Folder,
};

/// Every day from the first that a folder knows to the newest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Status {
    /// The days, in order.
    pub days: Vec<DayStatus>,
    /// The last day before which none is missing.
    pub complete_until: Option<Date>,
}

/// What a folder has of a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DayStatus {
    /// The day.
    pub day: Date,
    /// What there is of it.
    #[serde(flatten)]
    pub state: DayState,
}

/// What there is of a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
#[non_exhaustive]
pub enum DayState {
    /// It is complete.
    Complete {
        /// Its rows.
        rows: u64,
        /// How often it was written.
        generation: u64,
        /// Whether the service is not asked for it again.
        #[serde(rename = "final")]
        is_final: bool,
        /// When its rows were asked for.
        exported_at: Timestamp,
    },
    /// It has not ended, or may still get rows.
    Open {
        /// When it can be exported.
        closes: Timestamp,
    },
    /// It is missing.
    Hole {
        /// Why, if it was asked for.
        reason: Option<String>,
        /// In how many days the service will have it no longer.
        days_left: i32,
    },
    /// It is missing, and the service has it no longer.
    Lost {
        /// Why.
        reason: Option<String>,
    },
}

/// Reads what a folder has of each day; nothing is asked of the service.
///
/// # Errors
/// If a file of the folder cannot be read.
pub fn status(folder: impl AsRef<Path>, days: &Days) -> Result<Status, ExportError> {
    let folder = Folder::new(folder.as_ref());
    let calendar = days.calendar();
    let known = folder.days()?;
    let mut listed = Vec::new();
    if let (Some(first), Some(last)) = (known.first(), known.last()) {
        for day in range(*first, calendar.newest_closed().max(*last)) {
            let state = state_of(&folder, &calendar, day)?;
            listed.push(DayStatus { day, state });
        }
    }
    Ok(Status {
        days: listed,
        complete_until: folder.complete_until()?,
    })
}

fn state_of(folder: &Folder, calendar: &Calendar, day: Date) -> Result<DayState, ExportError> {
    if let Some(manifest) = folder.manifest(Table::Events, &day.to_string())? {
        return Ok(DayState::Complete {
            rows: manifest.rows,
            generation: manifest.generation,
            is_final: manifest.is_final,
            exported_at: manifest.exported_at.into(),
        });
    }
    let hole = folder.hole(day)?;
    let days_left = calendar.days_left(day);
    if hole.as_ref().is_some_and(|hole| hole.lost_at.is_some()) || days_left < 0 {
        return Ok(DayState::Lost {
            reason: hole.map(|hole| hole.reason),
        });
    }
    Ok(match hole {
        None if !calendar.is_closed(day) => DayState::Open {
            closes: calendar.closed_at(day).into(),
        },
        hole => DayState::Hole {
            reason: hole.map(|hole| hole.reason),
            days_left,
        },
    })
}

impl Status {
    /// Whether a day is missing that can still be had.
    #[must_use]
    pub fn has_holes(&self) -> bool {
        self.days.iter().any(|day| matches!(day.state, DayState::Hole { .. }))
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for day in &self.days {
            writeln!(f, "{day}")?;
        }
        match self.complete_until {
            Some(day) => writeln!(f, "No day is missing until {day}"),
            None if self.days.is_empty() => writeln!(f, "No day was exported to this folder"),
            None => writeln!(f, "The first day is missing"),
        }
    }
}

impl fmt::Display for DayStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  ", self.day)?;
        match &self.state {
            DayState::Complete {
                rows,
                generation,
                is_final,
                exported_at,
            } => {
                let state = if *is_final { "final" } else { "complete" };
                write!(f, "{state:<9} {rows:>9} rows  {exported_at}")?;
                if *generation > 1 {
                    write!(f, "  written {generation} times")?;
                }
                Ok(())
            }
            DayState::Open { closes } => write!(f, "open       can be exported from {closes} on"),
            DayState::Hole { reason, days_left } => {
                write!(f, "hole       lost in {days_left} days")?;
                reason.as_ref().map_or(Ok(()), |reason| write!(f, ": {reason}"))
            }
            DayState::Lost { reason } => {
                f.write_str("lost")?;
                reason.as_ref().map_or(Ok(()), |reason| write!(f, "       {reason}"))
            }
        }
    }
}
