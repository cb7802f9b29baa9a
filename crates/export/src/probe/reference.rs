//! When a day begins, seen from the times in rows.

use std::fmt;

use serde::Serialize;

use super::calibration::DayOffset;

/// When a day begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DayStart {
    /// How far the zone in which it begins at midnight is ahead.
    pub offset: DayOffset,
    /// Of what.
    pub reference: Reference,
}

/// What the offset of a zone is measured from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reference {
    /// From UTC.
    Utc,
    /// From the times in rows, which name no zone.
    AsWritten,
}

impl DayStart {
    /// The offset from UTC, unless the times in rows name no zone.
    #[must_use]
    pub fn utc_offset(&self) -> Option<DayOffset> {
        (self.reference == Reference::Utc).then_some(self.offset)
    }
}

impl Reference {
    /// The days of an offset in quarters of an hour.
    pub(super) fn describe(self, quarters: i64) -> String {
        let sign = if quarters < 0 { '-' } else { '+' };
        let minutes = quarters.unsigned_abs() * 15;
        let offset = format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60);
        match self {
            Self::Utc => format!("days of UTC{offset}"),
            Self::AsWritten => format!("days {offset} from the times as written"),
        }
    }
}

impl fmt::Display for DayStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reference {
            Reference::Utc => write!(f, "00:00 in the zone UTC{}", self.offset),
            Reference::AsWritten => {
                write!(
                    f,
                    "00:00 in the zone {} from that of the times, which name none",
                    self.offset
                )
            }
        }
    }
}
