//! The lines of an input, by what they are part of.

use serde::Serialize;

/// What a line of an input is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Record,
    Header,
    Blank,
    /// What stands above or below a table.
    Skipped,
    /// A row that a condition of the mapping passes over.
    PassedOver,
}

/// The lines of an input, by what they are part of.
///
/// `total` is counted where the bytes arrive, the others where they are used: a difference would mean that a line was
/// lost before it became a record. A record may have several lines, and several records of a JSON array may be on one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LineCount {
    /// All lines.
    pub total: u64,
    /// Lines of records, with the line breaks within their cells.
    pub records: u64,
    /// Lines of the header of a table.
    pub header: u64,
    /// Blank lines.
    pub blank: u64,
    /// Lines above or below a table that the mapping says to skip, and a `sep=` line.
    pub skipped: u64,
    /// Lines of rows that a condition of the mapping passes over.
    pub passed_over: u64,
}

/// The rows of a table that a condition of its mapping passes over: they are no records.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PassedOver {
    /// How many there are.
    pub rows: u64,
    /// The lines on which the first ones begin, at most five.
    pub first_lines: Vec<u64>,
}

/// How many lines to name.
const MOST_LINES: usize = 5;

impl PassedOver {
    pub(crate) fn add(&mut self, line: u64) {
        self.rows += 1;
        if self.first_lines.len() < MOST_LINES {
            self.first_lines.push(line);
        }
    }
}

impl LineCount {
    /// Whether every line is part of something.
    #[must_use]
    pub const fn adds_up(&self) -> bool {
        self.total == self.records + self.header + self.blank + self.skipped + self.passed_over
    }

    pub(crate) const fn of(&mut self, part: Part) -> &mut u64 {
        match part {
            Part::Record => &mut self.records,
            Part::Header => &mut self.header,
            Part::Blank => &mut self.blank,
            Part::Skipped => &mut self.skipped,
            Part::PassedOver => &mut self.passed_over,
        }
    }
}
