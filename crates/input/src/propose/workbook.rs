//! The findings about a sheet of a workbook.

use super::sheet::{Sheet, refuse_values};
use crate::{error::InputError, table::Cells, workbook::Workbook};

/// Reads the first sheet that is seen and not empty.
pub(super) fn read(name: &str, mut workbook: Workbook) -> Result<Sheet, InputError> {
    let unfit = |problem| InputError::new(name, problem);
    let filled = workbook.filled().map_err(unfit)?;
    let chosen = match filled.first() {
        Some(first) => first.clone(),
        None => workbook.choose(None).map_err(unfit)?,
    };
    let mut rows = workbook.into_rows(&chosen, 0, 0).map_err(unfit)?;
    refuse_values(name, rows.header())?;
    let mut sheet = Sheet::of(name, rows.header().to_vec());
    sheet.one_of = (filled.len() > 1).then_some(filled);
    let mut cells = Cells::default();
    while rows.advance().map_err(|stop| stop.into_error(name))? {
        let read = rows.read(&mut cells);
        sheet.add_row(read.map(|()| &cells), rows.number());
    }
    Ok(sheet)
}
