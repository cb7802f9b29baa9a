//! The bad rows of the tables of a load, as files in its folder.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::PathBuf,
};

use crate::{
    append_file::at,
    bad_rows::{BadPart, BadRows},
    error::LoadError,
    history::loaded_tables,
    made_good::Lines,
    table_file::TableFile,
    tables::{Place, Tables},
};

/// The bad rows of the tables of a load, as files in its folder.
#[derive(Debug)]
pub(crate) struct BadTables {
    pub(crate) folder: PathBuf,
    pub(crate) dead_letter: PathBuf,
}

/// How many files are open at once: `tables.json` has their hashes before they get their names.
const BATCH: usize = 64;

impl BadTables {
    /// Writes the rows that the dead letter has more than when they were last written, and returns the files that were not
    /// loaded. A file that was changed, moved or loaded stays as it is, and the rows go into a further one. Blocking.
    pub(crate) fn write(&self) -> Result<Vec<PathBuf>, LoadError> {
        let mut tables = Tables::beside(&self.dead_letter)?;
        if tables.is_empty() {
            return Ok(Vec::new());
        }
        let length = std::fs::metadata(&self.dead_letter).map_err(|error| at(&self.dead_letter, "read", &error))?;
        let length = length.len();
        let loaded = loaded_tables(&self.folder)?;
        if tables.written != length {
            self.write_new(&mut tables, &loaded)?;
            tables.written = length;
            tables.write(&self.folder)?;
        }
        let mut files = tables.bad_in(&self.folder);
        files.retain(|path| {
            let name = path.file_name().and_then(|name| name.to_str());
            name.is_none_or(|name| !loaded.contains(name))
        });
        Ok(files)
    }

    /// A kill between two of its steps neither loses rows nor has them in two files: a file that is not known by its contents
    /// counts as changed.
    fn write_new(&self, tables: &mut Tables, loaded: &BTreeSet<String>) -> Result<(), LoadError> {
        let places = tables.places(&self.folder, loaded);
        // Rows of several records are in one file only.
        let mut before = Lines::default();
        let rows = BadRows::gather(&self.dead_letter, tables, &self.folder, |letter, offset| {
            let from = places.get(&*letter.file).map_or(0, |place| place.from);
            if offset < from {
                before.add(&letter.file, letter.line);
            }
            offset >= from && !before.has(&letter.file, letter.line)
        })?;
        let until = rows.until();
        let mut files = Vec::new();
        let begin = |part: &BadPart| {
            let place = part.input.as_ref().and_then(|input| places.get(input));
            let file = place.map(|place| TableFile::create(&self.folder.join(&place.name)));
            file.transpose()
        };
        rows.write_parts(begin, |file| {
            files.push(file);
            if files.len() < BATCH {
                return Ok(());
            }
            self.name(&mut files, tables, &places, until)
        })?;
        Ok(self.name(&mut files, tables, &places, until)?)
    }

    /// Gives files that are whole their names.
    fn name(
        &self,
        files: &mut Vec<TableFile>,
        tables: &mut Tables,
        places: &BTreeMap<String, Place>,
        until: u64,
    ) -> io::Result<()> {
        let by_name: BTreeMap<_, _> = places
            .iter()
            .map(|(input, place)| (&*place.name, (input, place)))
            .collect();
        for file in &*files {
            if let Some((input, place)) = by_name.get(file.name()) {
                tables.add_bad(place.name.clone(), (*input).clone(), Some(place.from), file.contents());
            }
        }
        tables.write(&self.folder)?;
        for file in files.drain(..) {
            let name = file.name().to_owned();
            file.finish()?;
            tables.has_name(&name, until);
        }
        Ok(())
    }
}
