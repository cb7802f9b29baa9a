//! The findings about a table, from reading it once.

use super::evidence::Evidence;
use crate::{
    error::InputError,
    frame::Body,
    mapping::is_like_a_value,
    table::{Cells, Layout, Table},
    window::Window,
};

/// The findings about a table.
pub(super) struct Sheet {
    pub(super) name: String,
    /// The separator of cells, if it is not the usual one.
    pub(super) delimiter: Option<char>,
    pub(super) columns: Vec<(String, Evidence)>,
    pub(super) rows: u64,
    /// How many rows cannot be read, with the line of the first and its problem.
    pub(super) broken: u64,
    pub(super) first_broken: Option<(u64, String)>,
}

impl Sheet {
    pub(super) fn read(name: &str, window: &mut Window, delimiter: u8) -> Result<Self, InputError> {
        let mut table = Table::new(Layout::default(), delimiter);
        let header = table.header(window).map_err(|stop| stop.into_error(name))?;
        if header.iter().any(|column| is_like_a_value(column)) {
            return Err(InputError::new(
                name,
                "the first row does not look like a header: add a row that names the columns",
            ));
        }
        let mut sheet = Self {
            name: name.to_owned(),
            delimiter: None,
            columns: header.into_iter().map(|column| (column, Evidence::new())).collect(),
            rows: 0,
            broken: 0,
            first_broken: None,
        };
        let mut cells = Cells::default();
        while let Some(frame) = table.next(window).map_err(|stop| stop.into_error(name))? {
            sheet.rows += 1;
            let problem = match frame.body {
                Body::Whole(range) => {
                    let encoding = window
                        .encoding_of(&range, false)
                        .map_err(|stop| stop.into_error(name))?;
                    let row = window.unread().get(range).unwrap_or_default();
                    table.cells(row, encoding, &mut cells).map_err(|bad| bad.problem("row"))
                }
                Body::Broken(_, problem) => Err(problem),
                Body::TooLong(length) => Err(format!("the row has {length} bytes, which is too long")),
            };
            match problem {
                Ok(()) => sheet
                    .columns
                    .iter_mut()
                    .zip(cells.iter())
                    .for_each(|((_, evidence), cell)| evidence.add(cell)),
                Err(problem) => {
                    sheet.broken += 1;
                    sheet.first_broken.get_or_insert((frame.line, problem));
                }
            }
        }
        Ok(sheet)
    }
}
