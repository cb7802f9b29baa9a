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
#[cfg(feature = "_typed")]
use crate::{frame::Body, typed_rows::TypedRows};

/// Rows that a mapping makes records of.
pub(crate) enum RowSource {
    Table(Box<Table>),
    Json(JsonRows),
    #[cfg(feature = "_typed")]
    Typed(Box<TypedRows>),
}

impl RowSource {
    pub(crate) fn next(&mut self, window: &mut Window) -> Result<Option<Frame>, Stop> {
        match self {
            Self::Table(table) => table.next(window),
            Self::Json(rows) => rows.next(window),
            #[cfg(feature = "_typed")]
            Self::Typed(rows) => Ok(rows.advance()?.map(|number| Frame {
                line: number,
                offset: number - 1,
                body: Body::Whole(0..0),
            })),
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
            #[cfg(feature = "_typed")]
            Self::Typed(rows) => return Ok(rows.read(cells)),
        };
        let encoding = window.encoding_of(range, false)?;
        let bytes = window.unread().get(range.clone()).unwrap_or_default();
        if let Err(problem) = unfit::check_mark(bytes, encoding, Format::Csv) {
            return Ok(Some(problem));
        }
        let read = table.cells(bytes, encoding, cells);
        Ok(read.err().map(|bad| bad.problem(Format::Csv.unit())))
    }

    /// The bytes of the row read last in a form to keep, from which it is read again.
    #[cfg_attr(
        not(feature = "_typed"),
        expect(unused_variables, clippy::ptr_arg, reason = "other rows are kept as they are")
    )]
    pub(crate) fn store<'a>(&self, row: &'a [u8], cells: &Cells, scratch: &'a mut Vec<u8>) -> &'a [u8] {
        match self {
            Self::Table(_) | Self::Json(_) => row,
            #[cfg(feature = "_typed")]
            Self::Typed(rows) => {
                rows.store(cells, scratch);
                scratch
            }
        }
    }

    /// Reads a row that was kept: its bytes and its cells.
    pub(crate) fn restore(
        &mut self,
        stored: &[u8],
        encoding: Encoding,
        row: &mut Vec<u8>,
        cells: &mut Cells,
    ) -> Result<(), String> {
        row.clear();
        match self {
            Self::Table(table) => {
                row.extend_from_slice(stored);
                let read = table.cells_again(row, encoding, cells);
                read.map_err(|bad| bad.problem(Format::Csv.unit()))
            }
            Self::Json(rows) => {
                row.extend_from_slice(stored);
                rows.read_again(row, encoding, cells)
            }
            #[cfg(feature = "_typed")]
            Self::Typed(_) => TypedRows::restore(stored, row, cells).map_err(|error| error.to_string()),
        }
    }

    /// The format, for messages.
    pub(crate) const fn format(&self) -> Format {
        match self {
            Self::Table(_) => Format::Csv,
            Self::Json(rows) => rows.format(),
            #[cfg(feature = "_typed")]
            Self::Typed(rows) => rows.format(),
        }
    }

    /// Takes the previous row for none that becomes a record.
    pub(crate) const fn pass_over(&mut self) {
        match self {
            Self::Table(table) => table.pass_over(),
            Self::Json(rows) => rows.pass_over(),
            #[cfg(feature = "_typed")]
            Self::Typed(_) => {}
        }
    }

    /// The bytes of the row read last, with its line break if it has one in the window.
    pub(crate) fn bytes<'a>(&'a self, range: &Range<usize>, window: &'a Window) -> &'a [u8] {
        let length = match self {
            Self::Table(table) => table.row_length(),
            Self::Json(_) => range.end,
            #[cfg(feature = "_typed")]
            Self::Typed(rows) => return rows.text(),
        };
        window.unread().get(..length).unwrap_or_default()
    }

    /// The bytes of the row read last as they are in the input, without its line break.
    pub(crate) fn row<'a>(&'a self, range: &Range<usize>, window: &'a Window) -> &'a [u8] {
        let row = || window.unread().get(range.clone()).unwrap_or_default();
        match self {
            Self::Table(table) => table.without_about(row()),
            Self::Json(_) => row(),
            #[cfg(feature = "_typed")]
            Self::Typed(rows) => rows.text(),
        }
    }

    /// Whether the bytes of the row read last are not all of it, although it is not too long for the window.
    pub(crate) const fn is_cut(&self) -> bool {
        match self {
            Self::Table(_) | Self::Json(_) => false,
            #[cfg(feature = "_typed")]
            Self::Typed(rows) => rows.is_cut(),
        }
    }

    const fn table(&self) -> Option<&Table> {
        match self {
            Self::Table(table) => Some(table),
            Self::Json(_) => None,
            #[cfg(feature = "_typed")]
            Self::Typed(_) => None,
        }
    }

    /// Whether the cells of the row read last are those of the header.
    pub(crate) fn is_header(&self, cells: &Cells) -> bool {
        match self {
            Self::Table(table) => table.is_header(cells),
            Self::Json(_) => false,
            #[cfg(feature = "_typed")]
            Self::Typed(rows) => rows.is_header(cells),
        }
    }

    /// The row without the columns about it, which a table of bad rows has.
    pub(crate) fn without_about<'a>(&self, row: &'a [u8]) -> &'a [u8] {
        self.table().map_or(row, |table| table.without_about(row))
    }

    /// The line in front of a row, on which its record was in the first input, if these are bad rows.
    pub(crate) fn origin(&self, row: &[u8]) -> Option<u64> {
        self.table().and_then(|table| table.origin(row))
    }

    /// Whether the reason in front of a row has these words, if these are bad rows.
    pub(crate) fn reason_has(&self, row: &[u8], words: &str) -> bool {
        self.table().is_some_and(|table| table.reason_has(row, words))
    }

    /// How a table of such rows is written; `None` if they are no rows of one.
    pub(crate) fn form(&self, format: Format, window: &Window) -> Option<TableForm> {
        match self {
            Self::Table(table) => Some(table.form(format, window)),
            Self::Json(_) => None,
            #[cfg(feature = "_typed")]
            Self::Typed(rows) => Some(rows.form()),
        }
    }
}
