//! Measures what is undocumented about the export of events, with three to five queries.
//!
//! A day and the next one are asked for together and alone, and days before them if that leaves something open. What rows
//! say is decided only if enough of them contradict everything else: see [`MINIMUM`](finding::MINIMUM). Rows are read once, from the file of
//! an answer, and what is kept of them is bounded: counts by quarter of an hour and by seconds of lateness, forms of
//! cells, and hashes of the latest rows.

mod answer;
mod calibration;
mod day_start;
mod finding;
mod items;
mod last_day;
mod late;
mod lines;
mod moment;
mod reference;
mod report;
mod run;
mod slots;
mod spelling;
mod survey;
#[cfg(test)]
mod tests;

pub(crate) use self::run::probe;
pub use self::{
    calibration::{Calibration, DayBy, DayOffset, ItemRows, LastDay, Lateness},
    finding::{Evidence, Finding, Place, Reading},
    reference::{DayStart, Reference},
    report::{AskedQuery, Findings, Probe},
    spelling::{ColumnSeen, Spellings},
};
