//! Loading again what did not go through.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::file_load::FileLoad;
use dfinery_input::{Format, Input, InputError, InputOptions};
use dfinery_records::{Accepts, RecordKind};

/// What a dead-letter file holds, and how to load it again.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use dfinery_load::DeadLetters;
/// let letters = DeadLetters::read("sales.ndjson.dfinery/dead-letter.ndjson".as_ref())?;
/// assert_eq!(letters.deletions(), 0);
/// let load = letters.load();
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetters {
    path: PathBuf,
    kinds: BTreeMap<RecordKind, u64>,
    unnamed: u64,
}

impl DeadLetters {
    /// Reads the whole file and counts. Blocking.
    ///
    /// # Errors
    /// If the file cannot be read, or holds both deletions and other records, which one load cannot do.
    pub fn read(path: &Path) -> Result<Self, InputError> {
        let mut letters = Self {
            path: path.to_owned(),
            kinds: BTreeMap::new(),
            unnamed: 0,
        };
        let mut options = InputOptions::default();
        options.format = Some(Format::Ndjson);
        let mut input = Input::open(path, &options, None, Accepts::Mixed)?;
        while let Some(line) = input.next()? {
            match line.json.ok().and_then(kind) {
                Some(kind) => *letters.kinds.entry(kind).or_default() += 1,
                None => letters.unnamed += 1,
            }
        }
        if letters.deletions() > 0 && letters.kinds.len() > 1 {
            let problem =
                "it holds deletions and other records: write them to two files, and replay one after the other";
            return Err(InputError::new(&path.display().to_string(), problem));
        }
        Ok(letters)
    }

    /// How many records there are.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.unnamed + self.kinds.values().sum::<u64>()
    }

    /// How many of them were to be deleted.
    #[must_use]
    pub fn deletions(&self) -> u64 {
        self.kinds.get(&RecordKind::Deletion).copied().unwrap_or_default()
    }

    /// A load of the records, with its own accounts beside the file.
    #[must_use]
    pub fn load(&self) -> FileLoad {
        let accepts = match self.kinds.keys().next() {
            // In a mixed load, a deletion would read like an identity to create.
            Some(RecordKind::Deletion) => Accepts::Only(RecordKind::Deletion),
            Some(kind) if self.kinds.len() == 1 && self.unnamed == 0 => Accepts::Only(*kind),
            _ => Accepts::Mixed,
        };
        let mut load = FileLoad::new(accepts, [&self.path]);
        load.options.format = Some(Format::DeadLetter);
        load
    }
}

fn kind(line: &str) -> Option<RecordKind> {
    #[derive(Deserialize)]
    struct DeadLetter {
        kind: Option<RecordKind>,
    }

    serde_json::from_str::<DeadLetter>(line).ok()?.kind
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn read(lines: &str) -> Result<DeadLetters, InputError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dead-letter.ndjson");
        fs::write(&path, lines).unwrap();
        DeadLetters::read(&path)
    }

    #[test]
    fn what_was_to_be_deleted_is_never_loaded_as_anything_else() {
        let letters = read("{\"kind\":\"deletion\"}\n{}\n").unwrap();
        assert_eq!((letters.records(), letters.deletions()), (2, 1));
        assert_eq!(letters.load().accepts, Accepts::Only(RecordKind::Deletion));
        let mixed = read("{\"kind\":\"deletion\"}\n{\"kind\":\"event\"}\n");
        assert!(mixed.unwrap_err().to_string().contains("deletions and other records"));
    }

    #[test]
    fn records_of_one_kind_stay_of_that_kind_unless_some_are_unknown() {
        let event = "{\"kind\":\"event\"}\n";
        let accepts = |lines: &str| read(lines).unwrap().load().accepts;
        assert_eq!(accepts(event), Accepts::Only(RecordKind::Event));
        assert_eq!(accepts(&format!("{event}no JSON\n")), Accepts::Mixed);
        assert_eq!(accepts("{}"), Accepts::Mixed);
    }
}
