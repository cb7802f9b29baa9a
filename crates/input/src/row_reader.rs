//! The rows that a mapping takes.

use std::ops::Range;

use dfinery::Violation;

use crate::{
    format::Encoding,
    frame::{Body, Frame, Stop},
    line_count::PassedOver,
    mapping::RowMapper,
    row_source::RowSource,
    sorted_rows::SortedRows,
    table::Cells,
    unfit,
    window::Window,
};

/// Reads rows, and passes over those that the conditions of a mapping exclude.
pub(crate) struct RowReader {
    pub(crate) source: RowSource,
    pub(crate) mapper: RowMapper,
    /// The cells of the row read last, if it is good.
    pub(crate) cells: Cells,
    pub(crate) passed_over: PassedOver,
    pub(crate) passed_over_origins: Origins,
    sorted: Option<Sorting>,
}

/// Rows that have been sorted.
struct Sorting {
    rows: SortedRows,
    /// The bytes of the row read last.
    row: Vec<u8>,
}

/// The lines in front of rows of a table of bad rows. Those beyond the most are forgotten, so that nothing counts as made
/// good by their rows.
#[derive(Default)]
pub(crate) struct Origins(Vec<u64>);

impl Origins {
    const MOST: usize = 1_000_000;

    pub(crate) fn add(&mut self, origin: Option<u64>) {
        let is_new = origin.is_some() && self.0.last().copied() != origin;
        if is_new && self.0.len() < Self::MOST {
            self.0.extend(origin);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn lines(&self) -> &[u64] {
        &self.0
    }
}

/// A row, which is in the window until the next one is read.
pub(crate) struct Row {
    pub(crate) line: u64,
    pub(crate) offset: u64,
    /// Where it is in the window; `None` if it is too long, so that the window keeps only its head.
    pub(crate) range: Option<Range<usize>>,
    /// Why it cannot be used.
    pub(crate) problem: Option<Problem>,
}

/// Why a row cannot be used.
pub(crate) enum Problem {
    RepeatsHeader,
    Unreadable(String),
}

impl Problem {
    pub(crate) fn violation(&self) -> Violation {
        Violation::new(
            "",
            match self {
                Self::RepeatsHeader => REPEATS_HEADER,
                Self::Unreadable(problem) => problem,
            },
        )
    }
}

const REPEATS_HEADER: &str = "the row repeats the header, as files do that were joined from several: remove it";

impl RowReader {
    pub(crate) fn new(source: RowSource, mapper: RowMapper) -> Self {
        Self {
            source,
            mapper,
            cells: Cells::default(),
            passed_over: PassedOver::default(),
            passed_over_origins: Origins::default(),
            sorted: None,
        }
    }

    /// Reads the other rows from these from now on.
    pub(crate) fn read_from(&mut self, rows: SortedRows) {
        self.sorted = Some(Sorting { rows, row: Vec::new() });
    }

    pub(crate) const fn is_sorted(&self) -> bool {
        self.sorted.is_some()
    }

    /// How many of the sorted rows were read, and how many there are.
    pub(crate) fn sorted(&self) -> Option<(u64, u64)> {
        self.sorted.as_ref().map(|sorting| sorting.rows.given())
    }

    /// The bytes of the row read last, with its line break; the first ones if it is too long.
    pub(crate) fn bytes<'a>(&'a self, row: &Row, window: &'a Window) -> &'a [u8] {
        match (&self.sorted, &row.range) {
            (Some(sorting), _) => &sorting.row,
            (None, Some(range)) => self.source.bytes(range, window),
            (None, None) => &window.head,
        }
    }

    /// The same in a form to keep, from which the row is read again.
    pub(crate) fn stored<'a>(&'a self, row: &Row, window: &'a Window, scratch: &'a mut Vec<u8>) -> &'a [u8] {
        self.source.store(self.bytes(row, window), &self.cells, scratch)
    }

    /// The next row that is not passed over; `None` at the end.
    pub(crate) fn next(&mut self, window: &mut Window) -> Result<Option<Row>, Stop> {
        if let Some(Sorting { rows, row }) = &mut self.sorted {
            let Some(next) = rows.next().map_err(Stop::Sort)? else {
                return Ok(None);
            };
            // It was read before, so it can be read.
            let encoding = window.encoding().unwrap_or(Encoding::Utf8);
            let read = self.source.restore(next.bytes, encoding, row, &mut self.cells);
            self.mapper.empty_missing(&mut self.cells);
            return Ok(Some(Row {
                line: next.line,
                offset: next.offset,
                range: None,
                problem: read.err().map(Problem::Unreadable),
            }));
        }
        loop {
            let Some(Frame { line, offset, body }) = self.source.next(window)? else {
                return Ok(None);
            };
            let (range, problem) = match body {
                Body::Whole(range) => {
                    let read = self.source.read(&range, window, &mut self.cells)?;
                    let read = read.map(Problem::Unreadable);
                    let repeats = read.is_none() && self.source.is_header(&self.cells);
                    self.mapper.empty_missing(&mut self.cells);
                    if read.is_none() && !self.mapper.takes(&self.cells) {
                        self.source.pass_over();
                        self.passed_over.add(line);
                        let row = window.unread().get(range).unwrap_or_default();
                        self.passed_over_origins.add(self.source.origin(row));
                        continue;
                    }
                    (Some(range), read.or(repeats.then_some(Problem::RepeatsHeader)))
                }
                Body::Broken(range, problem) => (Some(range), Some(Problem::Unreadable(problem))),
                Body::TooLong(length) => {
                    let problem = unfit::too_long(length, window.bounds.record, self.source.format());
                    (None, Some(Problem::Unreadable(problem)))
                }
            };
            return Ok(Some(Row {
                line,
                offset,
                range,
                problem,
            }));
        }
    }
}
