//! The findings about a Parquet file.

use std::ops::Range;

use super::{
    objects::{HOLDS_RECORDS, Items, without_evidence},
    sheet::{MOST_COLUMNS, Sheet},
};
use crate::{error::InputError, parquet::ParquetFile, table::Cells};

/// How many columns to read at once: each takes the memory of a page, and of a dictionary.
const AT_ONCE: usize = 48;

/// Reads all columns of a file. If there are many, it reads the file several times.
pub(super) fn read(name: &str, mut file: ParquetFile) -> Result<Sheet, InputError> {
    if file.holds_records() {
        return Err(InputError::new(name, HOLDS_RECORDS));
    }
    let list = file.list_of_objects();
    let mut columns = file.names();
    columns.retain(|name| list.as_ref().is_none_or(|(list, _)| list != name));
    let mut sheet = Sheet::of(name, columns.clone());
    columns.truncate(MOST_COLUMNS);
    if columns.len() <= AT_ONCE {
        read_rows(name, &mut file, &columns, |row, number| sheet.add_row(row, number))?;
    } else {
        for start in (0..columns.len()).step_by(AT_ONCE) {
            let own = start..columns.len().min(start + AT_ONCE);
            read_part(name, &mut file, &columns, own, &mut sheet)?;
        }
    }
    if let Some((list, members)) = list {
        sheet.list = Some((list.clone(), without_evidence(members)));
        let mut items = Items::new(&sheet);
        read_rows(name, &mut file, &[list], |row, number| {
            if let (Ok(cells), Some((_, evidence))) = (row, &mut sheet.list) {
                items.add(cells.get(0).unwrap_or_default(), evidence, number);
            }
        })?;
    }
    Ok(sheet)
}

/// Reads some of many columns, with those in front that tell orders apart.
fn read_part(
    name: &str,
    file: &mut ParquetFile,
    columns: &[String],
    own: Range<usize>,
    sheet: &mut Sheet,
) -> Result<(), InputError> {
    let mut part = sheet.part(own);
    let read: Vec<_> = part.places().filter_map(|place| columns.get(place).cloned()).collect();
    read_rows(name, file, &read, |row, number| {
        sheet.add_row_of(&mut part, row, number);
    })?;
    sheet.end_part(part);
    Ok(())
}

fn read_rows(
    name: &str,
    file: &mut ParquetFile,
    columns: &[String],
    mut add: impl FnMut(Result<&Cells, String>, u64),
) -> Result<(), InputError> {
    file.choose(columns).map_err(|problem| InputError::new(name, problem))?;
    let mut cells = Cells::default();
    while file.advance().map_err(|stop| stop.into_error(name))? {
        let read = file.read(&mut cells, columns);
        add(read.map(|()| &cells), file.number());
    }
    Ok(())
}
