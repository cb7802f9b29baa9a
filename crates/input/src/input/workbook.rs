//! An input that is a sheet of a workbook.

use std::path::Path;

use dfinery_records::{Accepts, Taxonomy};

use super::Input;
use crate::{
    error::InputError,
    format::Format,
    framer::Framer,
    mapping,
    options::InputOptions,
    row_source::RowSource,
    rows::Rows,
    source::{Origin, begins_like_workbook},
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
        let file = handle.into_file(MOST_BYTES + 1);
        let file = file.map_err(|error| InputError::reading(&name, error))?;
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
