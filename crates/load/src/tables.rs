//! How the tables are written whose rows are in a dead letter: a file beside it, so that their headers are known when the
//! tables are gone.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use dfinery_input::TableForm;
use serde::{Deserialize, Serialize};

use crate::append_file::{at, replace};

pub(crate) const TABLES: &str = "tables.json";

/// What is known of the tables whose rows are in a dead letter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tables {
    /// Their forms, by the names of the inputs.
    forms: BTreeMap<String, TableForm>,
    /// How many inputs the load has.
    pub(crate) inputs: usize,
    /// How long the dead letter was when its rows were last written as tables.
    pub(crate) written: u64,
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

    /// The file of the rejected rows of each table in the folder of a load.
    pub(crate) fn rejected_in(&self, folder: &Path) -> Vec<(&str, PathBuf)> {
        let mut files: Vec<(&str, PathBuf)> = Vec::new();
        for (input, form) in &self.forms {
            let extension = form.extension();
            let stem = if self.forms.len().max(self.inputs) == 1 {
                REJECTED.to_owned()
            } else {
                format!("{REJECTED}-{}", stem_of(input))
            };
            let numbered = |number: u32| match number {
                1 => folder.join(format!("{stem}.{extension}")),
                number => folder.join(format!("{stem}-{number}.{extension}")),
            };
            let is_free = |path: &PathBuf| files.iter().all(|(_, other)| other != path);
            if let Some(path) = (1..=u32::MAX).map(numbered).find(is_free) {
                files.push((input, path));
            }
        }
        files
    }
}

/// The beginning of the names of files with rejected rows.
pub(crate) const REJECTED: &str = "rejected";

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

    #[test]
    fn each_table_has_a_file_that_is_called_after_it() {
        let mut tables = Tables::default();
        assert!(tables.add("in/pos.csv.gz", form()) && !tables.add("in/pos.csv.gz", form()));
        let names = |tables: &Tables| -> Vec<PathBuf> {
            let files = tables.rejected_in(Path::new("")).into_iter();
            files.map(|(_, path)| path).collect()
        };
        assert_eq!(names(&tables), [Path::new("rejected.tsv")]);
        tables.add("old/pos.csv", form());
        tables.add("-", form());
        assert_eq!(
            names(&tables),
            ["rejected--.tsv", "rejected-pos.tsv", "rejected-pos-2.tsv"].map(PathBuf::from)
        );
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
