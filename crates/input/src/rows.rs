//! The records of rows.

use std::path::Path;

use crate::{
    format::Format,
    found::{Bytes, Found},
    frame::Stop,
    grouping::Grouping,
    line_count::PassedOver,
    mapping::RowMapper,
    row_reader::{Origins, Row, RowReader},
    row_source::RowSource,
    table::TableForm,
    window::Window,
};

/// Makes the records of each row, or of the rows that stand together.
pub(crate) struct Rows {
    reader: RowReader,
    /// The row whose records are being made, and the next of them.
    row: Option<(Row, usize)>,
    grouping: Option<Grouping>,
    /// The record made last.
    json: String,
    /// The line in front of its row, if it has only one.
    origins: Origins,
}

impl Rows {
    pub(crate) fn of(source: RowSource, mapper: RowMapper) -> Self {
        let mut reader = RowReader::new(source, mapper);
        Self {
            grouping: reader.mapper.take_key().map(Grouping::new),
            reader,
            row: None,
            json: String::new(),
            origins: Origins::default(),
        }
    }

    /// Whether the rows have to be sorted before the first record.
    pub(crate) fn are_to_sort(&self) -> bool {
        let grouping = self.grouping.as_ref();
        grouping.is_some_and(|grouping| grouping.is_to_sort(&self.reader))
    }

    /// Reads all rows and sorts them in a folder; false if it was told not to go on.
    pub(crate) fn sort(
        &mut self,
        window: &mut Window,
        folder: &Path,
        goes_on: impl FnMut() -> bool,
    ) -> Result<bool, Stop> {
        match &mut self.grouping {
            Some(grouping) => grouping.sort(&mut self.reader, window, folder, goes_on),
            None => Ok(true),
        }
    }

    /// How many of the sorted rows were read, and how many there are.
    pub(crate) fn sorted(&self) -> Option<(u64, u64)> {
        self.reader.sorted()
    }

    /// The next record; `None` at the end.
    pub(crate) fn next(&mut self, window: &mut Window) -> Result<Option<Found>, Stop> {
        let found = self.find(window)?;
        self.origins.clear();
        let row = match found.as_ref().map(|found| &found.bytes) {
            Some(Bytes::Window(range)) => window.unread().get(range.clone()).unwrap_or_default(),
            Some(Bytes::Head) => &window.head,
            Some(Bytes::Group) | None => &[],
        };
        self.origins.add(self.reader.source.origin(row));
        Ok(found)
    }

    fn find(&mut self, window: &mut Window) -> Result<Option<Found>, Stop> {
        if let Some(grouping) = &mut self.grouping {
            return grouping.next(&mut self.reader, window, &mut self.json);
        }
        loop {
            if let Some((row, next)) = &mut self.row {
                let cells = &self.reader.cells;
                if let Some(record) = self.reader.mapper.record_for(cells, *next) {
                    *next = record.position + 1;
                    let written = record.mapper.write(cells, &mut self.json);
                    return Ok(Some(Found::of_row(row, written.err())));
                }
            }
            let Some(row) = self.reader.next(window)? else {
                return Ok(None);
            };
            if let Some(problem) = &row.problem {
                self.row = None;
                return Ok(Some(Found::of_row(&row, Some(problem.violation()))));
            }
            self.row = Some((row, 0));
        }
    }

    /// The bytes of a record.
    pub(crate) fn bytes<'a>(&'a self, found: &Found, window: &'a Window) -> &'a [u8] {
        match &found.bytes {
            Bytes::Window(range) => self.reader.source.row(range, window),
            Bytes::Head => self.reader.source.without_about(&window.head),
            Bytes::Group => self.grouping.as_ref().map_or(&[], Grouping::original),
        }
    }

    /// Whether these are not all of its bytes.
    pub(crate) fn is_cut(&self, found: &Found) -> bool {
        match &found.bytes {
            Bytes::Window(_) => self.reader.source.is_cut(),
            Bytes::Head => true,
            Bytes::Group => self.grouping.as_ref().is_some_and(Grouping::is_cut),
        }
    }

    /// How a table of such rows is written; `None` if they are no rows of one.
    pub(crate) fn form(&self, format: Format, window: &Window) -> Option<TableForm> {
        self.reader.source.form(format, window)
    }

    /// The record that was found last, if it had no problem.
    pub(crate) fn json(&self) -> &str {
        &self.json
    }

    pub(crate) fn column_of(&self, path: &str) -> Option<&str> {
        self.reader.mapper.column_of(path)
    }

    /// The line from which on it is not known whether the rows of a group stand together, if there is one.
    pub(crate) fn unknown_from(&self) -> Option<u64> {
        self.grouping.as_ref().and_then(Grouping::unknown_from)
    }

    /// The lines in front of the rows of a record, in a table of bad rows.
    pub(crate) fn origins(&self, found: &Found) -> &[u64] {
        match &found.bytes {
            Bytes::Window(_) | Bytes::Head => self.origins.lines(),
            Bytes::Group => self.grouping.as_ref().map_or(&[], Grouping::origins),
        }
    }

    /// The same of the rows that were passed over.
    pub(crate) fn passed_over_origins(&self) -> &[u64] {
        self.reader.passed_over_origins.lines()
    }

    pub(crate) const fn passed_over(&self) -> &PassedOver {
        &self.reader.passed_over
    }
}
