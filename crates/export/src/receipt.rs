//! What became of every day of an export.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use dfinery::Timestamp;
use jiff::civil::Date;
use serde::{Serialize, Serializer};

use crate::{error::Stopped, folder::Manifest};

/// The account of an export to a folder.
#[derive(Debug, Serialize)]
#[non_exhaustive]
pub struct Receipt {
    /// The form of this receipt.
    pub version: u32,
    /// The name of this export, as in the column `_dfinery_export`.
    pub export: String,
    /// The folder.
    pub folder: PathBuf,
    /// When it began.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// Every day that was asked for or is missing, in order.
    pub days: Vec<DayReceipt>,
    /// Rows written.
    pub rows: u64,
    /// Requests made.
    pub calls: u64,
    /// Requests that are left of the quota, if known.
    pub calls_left: Option<u64>,
    /// The last day such that no day up to it can still be filled.
    pub complete_until: Option<Date>,
    /// How many of the days until then were lost.
    pub lost: u64,
    /// What a person should know besides, such as days that cannot be had.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Why it ended before every day was asked for, if it did.
    #[serde(serialize_with = "as_text")]
    pub stopped: Option<Stopped>,
}

/// What became of a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DayReceipt {
    /// The day.
    pub day: Date,
    /// What became of it.
    #[serde(flatten)]
    pub fate: Fate,
    /// Its rows.
    pub rows: u64,
    /// The bytes of its files.
    pub bytes: u64,
    /// How many requests its rows came from.
    pub parts: u64,
    /// How many requests were made for it, failed ones included.
    pub attempts: u64,
    /// Cells that did not fit the type of their column, by column.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub unparsed: BTreeMap<String, u64>,
}

/// What became of a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "fate", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fate {
    /// It is complete for the first time.
    Complete,
    /// It was asked for again and had changed.
    Replaced {
        /// How many rows more it has now, or fewer if below zero.
        change: i64,
    },
    /// It was asked for again and had not changed.
    Unchanged,
    /// It is missing.
    Hole {
        /// Why.
        reason: String,
        /// In how many days the service will have it no longer.
        days_left: i32,
    },
    /// It is missing, and the service has it no longer.
    Lost {
        /// Why.
        reason: String,
        /// Whether this export found that out.
        new: bool,
    },
    /// It is there from an earlier export, and could not be asked for again.
    Kept {
        /// Why.
        reason: String,
    },
    /// Its manifest cannot be read, and the service no longer has the day: put the manifest back from a copy.
    Damaged {
        /// What is wrong with it.
        problem: String,
    },
    /// It has not ended, or may still get rows.
    Open {
        /// When it can be exported.
        closes: Timestamp,
    },
}

impl Receipt {
    /// The form that this version writes.
    pub(crate) const VERSION: u32 = 1;

    /// Days that are missing and can still be had.
    pub fn holes(&self) -> impl Iterator<Item = &DayReceipt> {
        self.days.iter().filter(|day| matches!(day.fate, Fate::Hole { .. }))
    }

    /// Whether a day was lost, as this export found.
    #[must_use]
    pub fn has_lost(&self) -> bool {
        self.days
            .iter()
            .any(|day| matches!(day.fate, Fate::Lost { new: true, .. }))
    }

    /// Whether the manifest of a day cannot be read that the service no longer has.
    #[must_use]
    pub fn has_damaged(&self) -> bool {
        self.days.iter().any(|day| matches!(day.fate, Fate::Damaged { .. }))
    }

    /// Whether a missing day will soon be lost.
    #[must_use]
    pub fn is_urgent(&self) -> bool {
        self.days
            .iter()
            .any(|day| matches!(day.fate, Fate::Hole { days_left, .. } if days_left <= Fate::URGENT))
    }
}

impl DayReceipt {
    /// A day about which nothing more is known.
    pub(crate) const fn of(day: Date, fate: Fate) -> Self {
        Self {
            day,
            fate,
            rows: 0,
            bytes: 0,
            parts: 0,
            attempts: 0,
            unparsed: BTreeMap::new(),
        }
    }

    /// A day that is there.
    pub(crate) fn of_manifest(day: Date, fate: Fate, manifest: &Manifest, attempts: u64) -> Self {
        Self {
            day,
            fate,
            rows: manifest.rows,
            bytes: manifest.files.iter().map(|file| file.bytes).sum(),
            parts: manifest.parts,
            attempts,
            unparsed: manifest.unparsed.clone(),
        }
    }
}

impl Fate {
    /// Whether the export has written the day.
    pub(crate) const fn is_written(&self) -> bool {
        matches!(self, Self::Complete | Self::Replaced { .. })
    }

    /// A hole that is lost in this many days is an error.
    pub const URGENT: i32 = 3;

    fn name(&self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Replaced { .. } => "replaced",
            Self::Unchanged => "unchanged",
            Self::Hole { .. } => "hole",
            Self::Lost { .. } => "lost",
            Self::Kept { .. } => "kept",
            Self::Damaged { .. } => "damaged",
            Self::Open { .. } => "open",
        }
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Export to {}", self.folder.display())?;
        for day in &self.days {
            writeln!(f, "  {day}")?;
        }
        let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
        for day in &self.days {
            *sums.entry(day.fate.name()).or_default() += 1;
        }
        let sums: Vec<_> = sums.iter().map(|(name, days)| format!("{days} {name}")).collect();
        if !sums.is_empty() {
            writeln!(f, "Days: {}", sums.join(", "))?;
        }
        write!(f, "{} rows written, {} calls", self.rows, self.calls)?;
        if let Some(left) = self.calls_left {
            write!(f, ", {left} calls left")?;
        }
        writeln!(f)?;
        if let Some(day) = self.complete_until {
            writeln!(f, "{}", Complete { day, lost: self.lost })?;
        }
        for note in &self.notes {
            writeln!(f, "{note}")?;
        }
        if let Some(stopped) = &self.stopped {
            writeln!(f, "Ended early: {stopped}")?;
        }
        Ok(())
    }
}

impl fmt::Display for DayReceipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  {:<9}", self.day, self.fate.name())?;
        match &self.fate {
            Fate::Complete | Fate::Unchanged => write!(f, "  {} rows", self.rows)?,
            Fate::Replaced { change } => write!(f, "  {} rows, {change:+}", self.rows)?,
            Fate::Hole { reason, days_left } => {
                write!(f, "  {}: {reason}", Left(*days_left))?;
            }
            Fate::Lost { reason, .. } | Fate::Kept { reason } => write!(f, "  {reason}")?,
            Fate::Damaged { problem } => write!(f, "  {problem}")?,
            Fate::Open { closes } => write!(f, "  can be exported from {closes} on")?,
        }
        if self.parts > 1 {
            write!(f, ", in {} parts", self.parts)?;
        }
        for (column, cells) in &self.unparsed {
            write!(f, ", {cells} cells of {column} do not fit their type")?;
        }
        Ok(())
    }
}

/// Until when a folder is complete.
pub(crate) struct Complete {
    pub(crate) day: Date,
    pub(crate) lost: u64,
}

impl fmt::Display for Complete {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Complete until {}", self.day)?;
        match self.lost {
            0 => Ok(()),
            1 => write!(f, ", except for 1 day that was lost"),
            lost => write!(f, ", except for {lost} days that were lost"),
        }
    }
}

/// In how many days a missing day can no longer be had.
pub(crate) struct Left(pub(crate) i32);

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ..=0 => f.write_str("lost in less than a day"),
            1 => f.write_str("lost in 1 day"),
            days => write!(f, "lost in {days} days"),
        }
    }
}

/// Writes why an export ended as text.
#[allow(clippy::ref_option, reason = "serde passes the field")]
pub(crate) fn as_text<S: Serializer>(stopped: &Option<Stopped>, serializer: S) -> Result<S::Ok, S::Error> {
    match stopped {
        Some(stopped) => serializer.collect_str(stopped),
        None => serializer.serialize_none(),
    }
}
