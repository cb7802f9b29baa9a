//! The records of the rows of a table.

use std::ops::Range;

use dfinery::Violation;

use crate::{
    frame::Stop,
    line_count::PassedOver,
    row_reader::{Row, RowReader},
    window::Window,
};

/// Makes the records of each row.
pub(crate) struct Rows {
    reader: RowReader,
    /// The row whose records are being made, and the next of them.
    row: Option<(Row, usize)>,
    /// The record made last.
    json: String,
}

/// A record, or why there is none.
pub(crate) struct Found {
    pub(crate) line: u64,
    pub(crate) offset: u64,
    /// Where its bytes are in the window; `None` if it is too long, so that the window keeps only its head.
    pub(crate) range: Option<Range<usize>>,
    pub(crate) problem: Option<Violation>,
}

impl Rows {
    pub(crate) const fn new(reader: RowReader) -> Self {
        Self {
            reader,
            row: None,
            json: String::new(),
        }
    }

    /// The next record; `None` at the end.
    pub(crate) fn next(&mut self, window: &mut Window) -> Result<Option<Found>, Stop> {
        loop {
            if let Some((row, next)) = &mut self.row {
                let cells = &self.reader.cells;
                if let Some(record) = self.reader.mapper.record_for(cells, *next) {
                    *next = record.position + 1;
                    return Ok(Some(Found {
                        line: row.line,
                        offset: row.offset,
                        range: row.range.clone(),
                        problem: record.mapper.write(cells, &mut self.json).err(),
                    }));
                }
            }
            let Some(row) = self.reader.next(window)? else {
                return Ok(None);
            };
            if let Some(problem) = &row.problem {
                self.row = None;
                return Ok(Some(Found {
                    line: row.line,
                    offset: row.offset,
                    problem: Some(problem.violation()),
                    range: row.range,
                }));
            }
            self.row = Some((row, 0));
        }
    }

    /// The bytes of a record.
    pub(crate) fn bytes<'w>(&self, found: &Found, window: &'w Window) -> &'w [u8] {
        match &found.range {
            Some(range) => window.unread().get(range.clone()).unwrap_or_default(),
            None => &window.head,
        }
    }

    /// The record that was found last, if it had no problem.
    pub(crate) fn json(&self) -> &str {
        &self.json
    }

    pub(crate) fn column_of(&self, path: &str) -> Option<&str> {
        self.reader.mapper.column_of(path)
    }

    pub(crate) const fn passed_over(&self) -> &PassedOver {
        &self.reader.passed_over
    }
}
