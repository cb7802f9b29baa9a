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
}

impl LineCount {
    /// Whether every line is part of something.
    #[must_use]
    pub const fn adds_up(&self) -> bool {
        self.total == self.records + self.header + self.blank + self.skipped
    }

    pub(crate) const fn of(&mut self, part: Part) -> &mut u64 {
        match part {
            Part::Record => &mut self.records,
            Part::Header => &mut self.header,
            Part::Blank => &mut self.blank,
            Part::Skipped => &mut self.skipped,
        }
    }
}
