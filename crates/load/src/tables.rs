//! How the tables are written whose rows are in a dead letter: a file beside it, so that their headers are known when the
//! tables are gone.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use dfinery::engine::with_suffix;
use dfinery_input::{Beginning, TableForm};
use serde::{Deserialize, Serialize};

use crate::{
    append_file::{at, replace},
    file_names::{REJECTED, TABLES},
};

/// What is known of the tables whose rows are in a dead letter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tables {
    /// Their forms, by the names of the inputs.
    forms: BTreeMap<String, TableForm>,
    /// How many inputs the load has.
    pub(crate) inputs: usize,
    /// How long the dead letter was when its rows were last written as tables.
    pub(crate) written: u64,
    /// The tables of bad rows that were written beside it, the oldest first.
    #[serde(default)]
    bad: Vec<BadTable>,
}

/// A table of the bad rows of an input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct BadTable {
    name: String,
    input: String,
    /// Where the first letter of its rows is in the dead letter; `None` if it was asked for, so that no load replaces it.
    from: Option<u64>,
    /// Where the dead letter ended when they were read from it, and further rows of the input begin. As long as the file may
    /// not have its name, the end of those that were written before.
    until: u64,
    /// A hash of its contents.
    hash: String,
}

/// Where the bad rows of an input go.
#[derive(Debug, PartialEq)]
pub(crate) struct Place {
    pub(crate) name: String,
    /// Letters before this one have their rows in other tables.
    pub(crate) from: u64,
}

impl Tables {
    /// What is known of the tables in a dead letter.
    ///
    /// # Errors
    /// If there is a file beside it that cannot be read.
    pub(crate) fn beside(dead_letter: &Path) -> io::Result<Self> {
        let path = dead_letter.with_file_name(TABLES);
        let json = match fs::read(&path) {
            Ok(json) => json,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(at(&path, "read", &error)),
        };
        serde_json::from_slice(&json).map_err(|error| at(&path, "understand", &error.into()))
    }

    /// Writes them into the folder of a load.
    pub(crate) fn write(&self, folder: &Path) -> io::Result<()> {
        let mut json = serde_json::to_vec_pretty(self)?;
        json.push(b'\n');
        replace(&folder.join(TABLES), &json)
    }

    /// Adds a table, and returns whether it was unknown.
    pub(crate) fn add(&mut self, input: &str, form: TableForm) -> bool {
        self.forms.insert(input.to_owned(), form.clone()) != Some(form)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.forms.is_empty()
    }

    pub(crate) fn add_all(&mut self, others: Self) {
        self.inputs = self.inputs.max(others.inputs);
        self.forms.extend(others.forms);
    }

    pub(crate) fn get(&self, input: &str) -> Option<&TableForm> {
        self.forms.get(input)
    }

    /// The tables of bad rows that are in the folder. One that was asked for has all rows that were left of its input, so the
    /// earlier ones are of the past.
    pub(crate) fn bad_in(&self, folder: &Path) -> Vec<PathBuf> {
        let is_past = |(place, table): &(usize, &BadTable)| {
            let mut later = self.bad.iter().skip(place + 1);
            later.any(|later| later.from.is_none() && later.input == table.input)
        };
        let current = self.bad.iter().enumerate().filter(|table| !is_past(table));
        let paths = current.map(|(_, table)| folder.join(&table.name));
        paths.filter(|path| path.exists()).collect()
    }

    /// The input whose bad rows a table has.
    pub(crate) fn input_of(&self, name: &str) -> Option<&str> {
        Some(&self.bad.iter().find(|table| table.name == name)?.input)
    }

    /// Where the bad rows of each input go next. A table that a person may have corrected or moved stays as it is, and so does
    /// one that was loaded.
    pub(crate) fn places(&self, folder: &Path, loaded: &BTreeSet<String>) -> BTreeMap<String, Place> {
        let mut places: BTreeMap<String, Place> = BTreeMap::new();
        for input in self.forms.keys() {
            let last = self.bad.iter().rfind(|table| table.input == *input);
            let place = match last {
                Some(BadTable {
                    name, from: Some(from), ..
                }) if self.is_as_written(folder, name, loaded) => Place {
                    name: name.clone(),
                    from: *from,
                },
                _ => Place {
                    name: self.free_name(folder, input, |name| places.values().any(|place| place.name == name)),
                    from: last.map_or(0, |table| table.until),
                },
            };
            places.insert(input.clone(), place);
        }
        places
    }

    /// A name for a further table of bad rows, if the load has only one input, which is a table.
    pub(crate) fn next_name(&self, folder: &Path) -> Option<String> {
        let input = self.forms.keys().next().filter(|_| self.has_one_input())?;
        Some(self.free_name(folder, input, |_| false))
    }

    /// Whether a table of bad rows was neither changed nor moved since it was written, nor loaded.
    pub(crate) fn is_as_written(&self, folder: &Path, name: &str, loaded: &BTreeSet<String>) -> bool {
        let as_written = |table: &BadTable| match hash_of(&folder.join(name)) {
            Ok(now) => now == table.hash,
            // A kill has kept it from getting its name.
            Err(error) => error.kind() == io::ErrorKind::NotFound && table.from >= Some(table.until),
        };
        let table = self.bad.iter().find(|table| table.name == name);
        table.is_some_and(as_written) && !loaded.contains(name)
    }

    /// Adds a table of bad rows with these contents, before it gets its name; `from` as in a [`Place`], if a load may replace
    /// it.
    pub(crate) fn add_bad(&mut self, name: String, input: String, from: Option<u64>, contents: Beginning) {
        let last = self.bad.iter().rfind(|table| table.input == input);
        let until = last.map_or(0, |table| table.until);
        self.bad.retain(|table| table.name != name);
        self.bad.push(BadTable {
            name,
            input,
            from,
            until,
            hash: in_text(contents),
        });
    }

    /// A table of bad rows has its name, and those that the dead letter has until there.
    pub(crate) fn has_name(&mut self, name: &str, until: u64) {
        for table in self.bad.iter_mut().filter(|table| table.name == name) {
            table.until = until;
        }
    }

    /// The dead letter was cut to this length: what was cut off comes again, if it is still bad.
    pub(crate) fn cut(&mut self, length: u64) {
        self.written = self.written.min(length);
        for table in &mut self.bad {
            table.until = table.until.min(length);
            table.from = table.from.map(|from| from.min(length));
        }
    }

    fn has_one_input(&self) -> bool {
        self.forms.len().max(self.inputs) == 1
    }

    fn free_name(&self, folder: &Path, input: &str, is_taken: impl Fn(&str) -> bool) -> String {
        let extension = self.forms.get(input).map_or_else(String::new, TableForm::extension);
        let stem = if self.has_one_input() {
            REJECTED.to_owned()
        } else {
            format!("{REJECTED}-{}", stem_of(input))
        };
        let numbered = |number: u32| match number {
            1 => format!("{stem}.{extension}"),
            number => format!("{stem}-{number}.{extension}"),
        };
        let is_free = |name: &String| {
            let path = folder.join(name);
            let is_there = path.exists() || with_suffix(&path, ".dfinery").exists();
            !is_there && !is_taken(name) && self.input_of(name).is_none()
        };
        (1..=u32::MAX).map(numbered).find(is_free).unwrap_or(stem)
    }
}

fn hash_of(path: &Path) -> io::Result<String> {
    let contents = Beginning::of_file(path, u64::MAX, || true)?;
    Ok(contents.map(in_text).unwrap_or_default())
}

fn in_text(contents: Beginning) -> String {
    format!("{:032x}", contents.hash)
}

/// The name of an input without its folder and the endings of its format.
fn stem_of(input: &str) -> &str {
    let name = input.rsplit(['/', '\\']).next().unwrap_or(input);
    let ends = [".gz", ".zst", ".zstd"];
    let name = ends.into_iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

#[cfg(test)]
mod tests {
    use dfinery_input::{Format, Input, InputOptions, Mapping};
    use dfinery_records::Accepts;

    use super::*;

    fn form() -> TableForm {
        let mut options = InputOptions::default();
        options.format = Some(Format::Tsv);
        options.mapping = Some(Mapping::from_yaml("identity: {external_id: a}").unwrap());
        let input = Input::from_reader("a", Box::new(&b"a\tb\n"[..]), &options, None, Accepts::Mixed);
        input.unwrap().table_form().unwrap()
    }

    fn names(tables: &Tables, folder: &Path) -> Vec<(String, u64)> {
        let places = tables.places(folder, &BTreeSet::new()).into_values();
        places.map(|place| (place.name, place.from)).collect()
    }

    #[test]
    fn each_table_has_a_file_that_is_called_after_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut tables = Tables::default();
        assert!(tables.add("in/pos.csv.gz", form()) && !tables.add("in/pos.csv.gz", form()));
        assert_eq!(names(&tables, folder.path()), [("rejected.tsv".to_owned(), 0)]);
        tables.add("old/pos.csv", form());
        tables.add("-", form());
        let expected = ["rejected--.tsv", "rejected-pos.tsv", "rejected-pos-2.tsv"];
        assert_eq!(names(&tables, folder.path()), expected.map(|name| (name.to_owned(), 0)));
        // A table keeps its file whatever other tables come.
        let place = tables
            .places(folder.path(), &BTreeSet::new())
            .remove("old/pos.csv")
            .unwrap();
        tables.add_bad(place.name, "old/pos.csv".to_owned(), Some(0), Beginning::default());
        tables.add("a/pos.csv", form());
        let places = tables.places(folder.path(), &BTreeSet::new());
        assert_eq!(places["old/pos.csv"].name, "rejected-pos-2.tsv");
    }

    /// A folder with a table that has its name, and what is known of it.
    fn written() -> (tempfile::TempDir, Tables, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let mut tables = Tables::default();
        tables.add("pos.csv", form());
        let path = folder.path().join("rejected.tsv");
        fs::write(&path, "as written").unwrap();
        let contents = Beginning::of_file(&path, u64::MAX, || true).unwrap().unwrap();
        tables.add_bad("rejected.tsv".to_owned(), "pos.csv".to_owned(), Some(0), contents);
        tables.has_name("rejected.tsv", 9);
        (folder, tables, path)
    }

    #[test]
    fn a_table_that_was_changed_or_moved_or_loaded_stays() {
        let (folder, tables, path) = written();
        let folder = folder.path();
        let (same, next) = ([("rejected.tsv".to_owned(), 0)], [("rejected-2.tsv".to_owned(), 9)]);
        assert_eq!(names(&tables, folder), same);
        fs::write(&path, "corrected!").unwrap();
        assert_eq!(names(&tables, folder), next);
        fs::write(&path, "as written").unwrap();
        assert_eq!(names(&tables, folder), same);
        let loaded = ["rejected.tsv".to_owned()].into();
        assert_eq!(tables.places(folder, &loaded)["pos.csv"].name, "rejected-2.tsv");
        fs::remove_file(&path).unwrap();
        assert_eq!(names(&tables, folder), next);
    }

    #[test]
    fn a_kill_before_a_table_has_its_name_loses_no_row() {
        let (folder, mut tables, path) = written();
        let folder = folder.path();
        // The file has still the rows of before.
        let contents = Beginning {
            hash: 1,
            ..Beginning::default()
        };
        tables.add_bad("rejected.tsv".to_owned(), "pos.csv".to_owned(), Some(0), contents);
        let next = [("rejected-2.tsv".to_owned(), 9)];
        assert_eq!(names(&tables, folder), next);
        // The next one has not got its name either.
        tables.add_bad("rejected-2.tsv".to_owned(), "pos.csv".to_owned(), Some(9), contents);
        assert_eq!(names(&tables, folder), next);
        // Nor has one that was asked for.
        tables.add_bad("rejected-x.tsv".to_owned(), "pos.csv".to_owned(), None, contents);
        assert_eq!(names(&tables, folder)[0].1, 9);
        fs::remove_file(&path).unwrap();
        tables.has_name("rejected-x.tsv", 20);
        assert_eq!(names(&tables, folder)[0].1, 20);
        tables.cut(15);
        assert_eq!(names(&tables, folder)[0].1, 15);
    }

    #[test]
    fn they_come_back_from_their_file() {
        let folder = tempfile::tempdir().unwrap();
        let letter = folder.path().join("dead-letter.ndjson");
        assert_eq!(Tables::beside(&letter).unwrap(), Tables::default());
        let mut tables = Tables::default();
        tables.add("구매.csv", form());
        tables.write(folder.path()).unwrap();
        assert_eq!(Tables::beside(&letter).unwrap(), tables);
        fs::write(folder.path().join(TABLES), "{").unwrap();
        assert!(Tables::beside(&letter).unwrap_err().to_string().contains("tables.json"));
    }
}
