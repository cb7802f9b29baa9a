//! The findings about a Parquet file.

use super::{
    objects::{HOLDS_RECORDS, Items, without_evidence},
    sheet::{MOST_COLUMNS, Sheet},
};
use crate::{error::InputError, parquet::ParquetFile, table::Cells};

/// Reads all columns of a file.
pub(super) fn read(name: &str, mut file: ParquetFile) -> Result<Sheet, InputError> {
    if file.holds_records() {
        return Err(InputError::new(name, HOLDS_RECORDS));
    }
    let list = file.list_of_objects();
    let mut columns = file.names();
    columns.retain(|name| list.as_ref().is_none_or(|(list, _)| list != name));
    let mut sheet = Sheet::of(name, columns.clone());
    columns.truncate(MOST_COLUMNS);
    let values = columns.len();
    columns.extend(list.iter().map(|(list, _)| list.clone()));
    sheet.list = list.map(|(list, names)| (list, without_evidence(names)));
    file.choose(&columns)
        .map_err(|problem| InputError::new(name, problem))?;
    let mut items = Items::new(&sheet);
    let mut cells = Cells::default();
    while file.advance().map_err(|stop| stop.into_error(name))? {
        let read = file.read(&mut cells, &columns);
        sheet.add_row(read.map(|()| &cells), file.number());
        if let Some((_, evidence)) = &mut sheet.list {
            items.add(cells.get(values).unwrap_or_default(), evidence, file.number());
        }
    }
    Ok(sheet)
}
