//! An input that is a Parquet file.

use std::path::Path;

use dfinery_records::{Accepts, Taxonomy};

use super::Input;
use crate::{
    error::InputError,
    format::Format,
    framer::Framer,
    mapping::{self, Mapping},
    options::InputOptions,
    parquet::ParquetFile,
    row_source::RowSource,
    rows::Rows,
    source::{Origin, is_parquet},
    typed_rows::TypedRows,
    window::Bounds,
};

impl Input {
    /// Opens a Parquet file; `None` if it is none.
    pub(super) fn open_parquet(
        path: &Path,
        options: &InputOptions,
        taxonomy: Option<&Taxonomy>,
        accepts: Accepts,
    ) -> Result<Option<Self>, InputError> {
        let Some((origin, file, length)) = Origin::open_if(path, is_parquet)? else {
            return Ok(None);
        };
        let name = path.display().to_string();
        let unfit = |problem| InputError::new(&name, problem);
        let file = ParquetFile::open(path, file, length, origin.passed());
        let file = file.map_err(|stop| stop.into_error(&name))?;
        let has_any = |mapping: &Mapping| mapping.columns().any(|column| file.has(column));
        let framer = match &options.mapping {
            Some(mapping) if has_any(mapping) || !file.holds_records() => {
                if !mapping.columns().all(|column| file.has(column)) {
                    // It says which column is missing.
                    mapping::fit(mapping, &file.names(), taxonomy, accepts).map_err(unfit)?;
                }
                let rows = TypedRows::of_parquet(file, mapping, Bounds::default().record).map_err(unfit)?;
                let mapper = mapping::fit(mapping, rows.header(), taxonomy, accepts).map_err(unfit)?;
                Framer::Rows(Box::new(Rows::of(RowSource::Typed(Box::new(rows)), mapper)))
            }
            _ if file.holds_records() => Framer::Objects(Box::new(file)),
            _ => return Err(InputError::needs_a_mapping(&name)),
        };
        Self::typed(name, origin, Format::Parquet, framer).map(Some)
    }
}
