//! What a folder of exports has of each day.

use std::{fmt, path::Path};

use dfinery::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use crate::{
    calendar::{Calendar, days as range},
    days::Days,
    error::ExportError,
    folder::{Folder, KnownDay, Watermark},
    receipt::{Complete, Left},
};

/// Every day from the first that a folder knows to the newest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Status {
    /// The days, in order.
    pub days: Vec<DayStatus>,
    /// The last day such that no day up to it can still be filled.
    pub complete_until: Option<Date>,
    /// How many of the days until then were lost.
    pub lost: u64,
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
    /// Its manifest cannot be read: export the day again, or put the manifest back from a copy.
    Damaged {
        /// Why.
        problem: String,
    },
    /// It is missing, and the service has it no longer.
    Lost {
        /// Why.
        reason: Option<String>,
    },
}

/// Reads what a folder, or a place in an object store, has of each day; nothing is asked of the service.
///
/// # Errors
/// If it is not a folder of exports, or a file of it cannot be read, or an object store fails or refuses.
pub fn status(folder: impl AsRef<Path>, days: &Days) -> Result<Status, ExportError> {
    let folder = Folder::at(folder.as_ref())?;
    folder.existing_schema()?;
    let calendar = days.calendar();
    let index = folder.index()?;
    let newest = calendar.newest_closed();
    let last = index
        .last()
        .map_or(newest, |last| last.min(calendar.latest()).max(newest));
    let listed = index.first().into_iter().flat_map(|first| range(first, last));
    let days = listed.map(|day| DayStatus {
        day,
        state: state_of(index.get(day), &calendar, day),
    });
    let Watermark { complete_until, lost } = index.watermark(&calendar);
    Ok(Status {
        days: days.collect(),
        complete_until,
        lost,
    })
}

fn state_of(known: Option<&KnownDay>, calendar: &Calendar, day: Date) -> DayState {
    let days_left = calendar.days_left(day);
    if let Some(manifest) = known.and_then(|known| known.complete(day, calendar)) {
        return DayState::Complete {
            rows: manifest.rows,
            generation: manifest.generation,
            is_final: manifest.is_final || days_left < 0,
            exported_at: manifest.exported_at.into(),
        };
    }
    if let Some(problem) = known.and_then(|known| known.damage.clone()) {
        return DayState::Damaged { problem };
    }
    let reason = known
        .and_then(|known| known.hole.as_ref())
        .map(|hole| hole.reason.clone());
    if days_left < 0 || known.is_some_and(|known| known.is_lost(day, calendar)) {
        return DayState::Lost { reason };
    }
    if calendar.is_closed(day) {
        return DayState::Hole { reason, days_left };
    }
    DayState::Open {
        closes: calendar.closed_at(day).into(),
    }
}

impl Status {
    /// Whether a day is missing that can still be had, or cannot be read.
    #[must_use]
    pub fn has_holes(&self) -> bool {
        let is_hole = |day: &DayStatus| matches!(day.state, DayState::Hole { .. } | DayState::Damaged { .. });
        self.days.iter().any(is_hole)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for day in &self.days {
            writeln!(f, "{day}")?;
        }
        match self.complete_until {
            Some(day) => writeln!(f, "{}", Complete { day, lost: self.lost }),
            None if self.days.is_empty() => writeln!(f, "No day was exported to this folder"),
            None => writeln!(f, "Not complete until any day yet"),
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
                write!(f, "hole       {}", Left(*days_left))?;
                reason.as_ref().map_or(Ok(()), |reason| write!(f, ": {reason}"))
            }
            DayState::Damaged { problem } => write!(f, "damaged    {problem}"),
            DayState::Lost { reason } => {
                f.write_str("lost")?;
                reason.as_ref().map_or(Ok(()), |reason| write!(f, "       {reason}"))
            }
        }
    }
}
