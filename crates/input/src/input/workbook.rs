//! An input that is a sheet of a workbook.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use dfinery_records::{Accepts, Taxonomy};

use super::Input;
use crate::{
    error::InputError,
    format::Format,
    framer::Framer,
    mapping,
    object::Object,
    options::InputOptions,
    row_source::RowSource,
    rows::Rows,
    source::{Handle, Origin, begins_like_workbook},
    typed_rows::TypedRows,
    window::Bounds,
    workbook::{MOST_BYTES, Workbook},
};

impl Input {
    /// Opens a sheet of a workbook; `None` if the file is none.
    pub(super) fn open_workbook(
        path: &Path,
        options: &InputOptions,
        taxonomy: Option<&Taxonomy>,
        accepts: Accepts,
    ) -> Result<Option<Self>, InputError> {
        let Some((origin, handle, length)) = Origin::open_if(path, begins_like_workbook)? else {
            return Ok(None);
        };
        let name = path.display().to_string();
        let unfit = |problem| InputError::new(&name, problem);
        let file = match handle {
            Handle::File(file) => file,
            Handle::Object(object) => copied(&object).map_err(|error| InputError::reading(&name, error))?,
        };
        let Some(mut workbook) = Workbook::open(file, length, &origin.passed()).map_err(unfit)? else {
            return Ok(None);
        };
        let Some(mapping) = &options.mapping else {
            return Err(InputError::needs_a_mapping(&name));
        };
        let layout = mapping.layout();
        let sheet = workbook.choose(mapping.sheet()).map_err(unfit)?;
        let mut rows = workbook
            .into_rows(&sheet, layout.skip_top, layout.skip_bottom)
            .map_err(unfit)?;
        let mapper = mapping::fit(mapping, rows.header(), taxonomy, accepts).map_err(|problem| {
            let advice = rows.rows_above(mapping).map(|above| {
                format!(
                    "; row {} has these names: give skip_top: {above} in the mapping",
                    above + 1
                )
            });
            unfit(problem + &advice.unwrap_or_default())
        })?;
        let rows = TypedRows::of_sheet(rows, mapping, Bounds::default().record);
        let framer = Framer::Rows(Box::new(Rows::of(RowSource::Typed(Box::new(rows)), mapper)));
        Self::typed(name, origin, Format::Workbook, framer).map(Some)
    }
}

/// An object as a temporary file, since a workbook is read at any position; of a larger one than is read, a part.
fn copied(object: &Object) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    io::copy(&mut object.reader().take(MOST_BYTES + 1), &mut file)?;
    Ok(file)
}
