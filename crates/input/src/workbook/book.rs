//! The workbook of the library, and what its errors mean.

use std::{
    fs::File,
    io::{BufReader, Cursor},
    panic::{AssertUnwindSafe, catch_unwind},
};

use calamine::{Reader as _, Xls, XlsError, Xlsx, XlsxError};

use super::{cell::Cell, package::damaged};

pub(super) const ENCRYPTED: &str = "it is an Excel workbook with a password: save it without one";

/// The workbook of the library.
pub(super) enum Book {
    Xlsx(Box<Xlsx<BufReader<File>>>),
    Xls(Box<Xls<Cursor<Vec<u8>>>>),
}

impl Book {
    pub(super) fn is_filled(&mut self, sheet: &str) -> Result<bool, String> {
        guarded(|| match self {
            Self::Xlsx(book) => {
                let mut cells = book.worksheet_cells_reader(sheet).map_err(of_xlsx)?;
                while let Some(cell) = cells.next_cell().map_err(of_xlsx)? {
                    if Cell::of(0, cell.get_value().clone()).is_some() {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::Xls(book) => {
                let range = book.worksheet_range(sheet).map_err(|error| of_xls(&error))?;
                Ok(range.used_cells().any(|(.., value)| Cell::of_data(0, value).is_some()))
            }
        })
    }
}

/// Calls the library, which may panic where a damaged file contradicts itself. What it was called with is of no more use then.
pub(super) fn guarded<T>(call: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| Err(damaged(CONTRADICTION)))
}

const CONTRADICTION: &str = "its parts contradict each other";

/// What an error of the library means. Its texts may hold values of cells.
pub(super) fn of_xlsx(error: XlsxError) -> String {
    match error {
        XlsxError::Password => ENCRYPTED.to_owned(),
        XlsxError::Zip(error) => damaged(error),
        XlsxError::Io(error) => damaged(error),
        XlsxError::Xml(_) | XlsxError::XmlAttr(_) | XlsxError::Encoding(_) => damaged("its XML is broken"),
        XlsxError::XmlEof(_) => damaged("its XML ends too early"),
        _ => damaged(CONTRADICTION),
    }
}

pub(super) fn of_xls(error: &XlsError) -> String {
    match error {
        XlsError::Password => ENCRYPTED.to_owned(),
        XlsError::EoStream(_) => damaged("it ends too early"),
        _ => damaged(CONTRADICTION),
    }
}
