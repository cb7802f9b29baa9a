//! The bad rows of the tables of a load, as files in its folder.

use std::path::PathBuf;

use dfinery::engine::with_suffix;

use crate::{
    append_file::at,
    bad_rows::{BadPart, BadRows},
    error::LoadError,
    made_good::Lines,
    table_file::TableFile,
    tables::Tables,
};

/// The bad rows of the tables of a load, as files in its folder.
#[derive(Debug)]
pub(crate) struct BadTables {
    pub(crate) folder: PathBuf,
    pub(crate) dead_letter: PathBuf,
}

impl BadTables {
    /// Writes the rows that the dead letter has more than when they were last written, and returns the files that were not
    /// loaded. A file that was changed or loaded stays as it is, and the rows go into a further one. Blocking.
    pub(crate) fn write(&self) -> Result<Vec<PathBuf>, LoadError> {
        let mut tables = Tables::beside(&self.dead_letter)?;
        let length = std::fs::metadata(&self.dead_letter).map_err(|error| at(&self.dead_letter, "read", &error))?;
        let length = length.len();
        if !tables.is_empty() && tables.written != length {
            self.write_new(&mut tables)?;
            tables.written = length;
            tables.write(&self.folder)?;
        }
        let mut files = tables.bad_in(&self.folder);
        files.retain(|path| !with_suffix(path, ".dfinery").exists());
        Ok(files)
    }

    /// A kill between two of its steps neither loses rows nor has them in two files: a file that is not known by its contents
    /// counts as changed.
    fn write_new(&self, tables: &mut Tables) -> Result<(), LoadError> {
        let places = tables.places(&self.folder);
        // Rows of several records are in one file only.
        let mut before = Lines::default();
        let rows = BadRows::gather(&self.dead_letter, tables, &self.folder, |letter, offset| {
            let from = places.get(&*letter.file).map_or(0, |place| place.from);
            if offset < from {
                before.add(&letter.file, letter.line);
            }
            offset >= from && !before.has(&letter.file, letter.line)
        })?;
        let (mut names, mut files) = (Vec::new(), Vec::new());
        let begin = |part: &BadPart| {
            let Some((input, place)) = part.input.as_ref().and_then(|input| places.get_key_value(input)) else {
                return Ok(None);
            };
            names.push((input, place));
            TableFile::create(&self.folder.join(&place.name)).map(Some)
        };
        rows.write_parts(begin, |file| {
            files.push(file);
            Ok(())
        })?;
        for ((input, place), file) in names.into_iter().zip(&files) {
            tables.add_bad(place.name.clone(), input.clone(), Some(place.from), file.contents());
        }
        tables.write(&self.folder)?;
        Ok(files.into_iter().try_for_each(TableFile::finish)?)
    }
}
