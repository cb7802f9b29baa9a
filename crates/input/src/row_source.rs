//! Where rows come from.

use std::ops::Range;

use crate::{
    format::{Encoding, Format},
    frame::{Frame, Stop},
    json_rows::JsonRows,
    table::{Cells, Table, TableForm},
    unfit,
    window::Window,
};

/// Rows that a mapping makes records of.
pub(crate) enum RowSource {
    Table(Table),
    Json(JsonRows),
}

impl RowSource {
    pub(crate) fn next(&mut self, window: &mut Window) -> Result<Option<Frame>, Stop> {
        match self {
            Self::Table(table) => table.next(window),
            Self::Json(rows) => rows.next(window),
        }
    }

    /// Reads the cells of the row found last, or says why they cannot be read.
    pub(crate) fn read(
        &mut self,
        range: &Range<usize>,
        window: &mut Window,
        cells: &mut Cells,
    ) -> Result<Option<String>, Stop> {
        let table = match self {
            Self::Table(table) => table,
            Self::Json(rows) => return rows.read(range, window, cells),
        };
        let encoding = window.encoding_of(range, false)?;
        let bytes = window.unread().get(range.clone()).unwrap_or_default();
        if bytes.starts_with(unfit::MARK) && encoding != Encoding::Cp949 {
            return Ok(Some(unfit::marked(Format::Csv)));
        }
        let read = table.cells(bytes, encoding, cells);
        Ok(read.err().map(|bad| bad.problem(Format::Csv.unit())))
    }

    /// Reads the cells of a row that was found before, with its line break.
    pub(crate) fn read_again(&mut self, row: &[u8], encoding: Encoding, cells: &mut Cells) -> Result<(), String> {
        match self {
            Self::Table(table) => {
                let read = table.cells_again(row, encoding, cells);
                read.map_err(|bad| bad.problem(Format::Csv.unit()))
            }
            Self::Json(rows) => rows.read_again(row, encoding, cells),
        }
    }

    /// The format, for messages.
    pub(crate) const fn format(&self) -> Format {
        match self {
            Self::Table(_) => Format::Csv,
            Self::Json(rows) => rows.format(),
        }
    }

    /// Whether the cells of the row read last are those of the header.
    pub(crate) fn is_header(&self, cells: &Cells) -> bool {
        match self {
            Self::Table(table) => table.is_header(cells),
            Self::Json(_) => false,
        }
    }

    /// Takes the previous row for none that becomes a record.
    pub(crate) const fn pass_over(&mut self) {
        match self {
            Self::Table(table) => table.pass_over(),
            Self::Json(rows) => rows.pass_over(),
        }
    }

    /// How many bytes of the window a row in it has, with its line break.
    pub(crate) const fn row_length(&self, range: &Range<usize>) -> usize {
        match self {
            Self::Table(table) => table.row_length(),
            Self::Json(_) => range.end,
        }
    }

    /// The row without the columns about it, which a table of rejected rows has.
    pub(crate) fn without_about<'a>(&self, row: &'a [u8]) -> &'a [u8] {
        match self {
            Self::Table(table) => table.without_about(row),
            Self::Json(_) => row,
        }
    }

    /// The line in front of a row, on which its record was in the first input, if these are bad rows.
    pub(crate) fn origin(&self, row: &[u8]) -> Option<u64> {
        match self {
            Self::Table(table) => table.origin(row),
            Self::Json(_) => None,
        }
    }

    /// Whether the reason in front of a row has these words, if these are bad rows.
    pub(crate) fn reason_has(&self, row: &[u8], words: &str) -> bool {
        match self {
            Self::Table(table) => table.reason_has(row, words),
            Self::Json(_) => false,
        }
    }

    /// How a table of such rows is written; `None` if they are no rows of one.
    pub(crate) fn form(&self, format: Format, window: &Window) -> Option<TableForm> {
        match self {
            Self::Table(table) => Some(table.form(format, window)),
            Self::Json(_) => None,
        }
    }
}
