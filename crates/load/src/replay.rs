//! Loading again what did not go through.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::{Deserialize, de::IgnoredAny};

use crate::{
    error::LoadError, file_load::FileLoad, history::made_good_of, letter::Letter, made_good::MadeGood,
    replay_folder::replay_of,
};
use dfinery::Timestamp;
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
#[derive(Clone, Debug)]
pub struct DeadLetters {
    path: PathBuf,
    /// The kinds of all of them: a replay that goes on is still one of the same kinds.
    kinds: BTreeMap<RecordKind, u64>,
    unnamed: u64,
    made_good: MadeGood,
    corrected: u64,
    corrected_deletions: u64,
}

impl DeadLetters {
    /// Reads the whole file and counts. In the folder of a load, the records whose rows were corrected and loaded since are
    /// left out. Blocking.
    ///
    /// # Errors
    /// If the file cannot be read, is no dead letter, or holds both deletions and other records, which one load cannot do. If a
    /// load of corrected rows of it [has not ended](LoadError::unfinished_correction), or what that has made good cannot be
    /// read, since the same records could be sent twice.
    pub fn read(path: &Path) -> Result<Self, LoadError> {
        let made_good = made_good_of(path)?;
        let name = path.display().to_string();
        let mut letters = Self {
            path: path.to_owned(),
            kinds: BTreeMap::new(),
            unnamed: 0,
            made_good,
            corrected: 0,
            corrected_deletions: 0,
        };
        let mut options = InputOptions::default();
        options.format = Some(Format::Ndjson);
        let mut input = Input::open(path, &options, None, Accepts::Mixed)?;
        while let Some(line) = input.next()? {
            if letters.kinds.is_empty() && letters.unnamed == 0 && line.json.as_ref().is_ok_and(|line| !is_letter(line))
            {
                return Err(InputError::no_dead_letter(&name, line.number).into());
            }
            let kind = line.json.as_ref().ok().and_then(|json| kind(json));
            let letter = Some(&line).filter(|_| !letters.made_good.is_empty());
            let letter = letter.and_then(|line| Letter::read(line.original));
            if letter.is_some_and(|letter| letter.is_made_good(&letters.made_good)) {
                letters.corrected += 1;
                letters.corrected_deletions += u64::from(kind == Some(RecordKind::Deletion));
            }
            match kind {
                Some(kind) => *letters.kinds.entry(kind).or_default() += 1,
                None => letters.unnamed += 1,
            }
        }
        if letters.kinds.contains_key(&RecordKind::Deletion) && letters.kinds.len() > 1 {
            let problem =
                "it holds deletions and other records: write them to two files, and replay one after the other";
            return Err(InputError::new(&name, problem).into());
        }
        Ok(letters)
    }

    /// How many records there are to load again.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.unnamed + self.kinds.values().sum::<u64>() - self.corrected
    }

    /// How many of them were to be deleted.
    #[must_use]
    pub fn deletions(&self) -> u64 {
        let deletions = self.kinds.get(&RecordKind::Deletion).copied().unwrap_or_default();
        deletions - self.corrected_deletions
    }

    /// How many records are left out because their rows were corrected and loaded.
    #[must_use]
    pub const fn corrected(&self) -> u64 {
        self.corrected
    }

    /// The tables whose rows made records good, and when the last load of each ended.
    pub fn corrections(&self) -> impl Iterator<Item = (&Path, Option<Timestamp>)> {
        self.made_good.tables.iter().map(|(path, ended)| (&**path, *ended))
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
        load.state = replay_of(&self.path);
        load.made_good = self.made_good.clone();
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

/// Whether a line is one of a dead letter, or the beginning of one that was cut off.
fn is_letter(line: &str) -> bool {
    #[derive(Deserialize)]
    struct Fields {
        kind: Option<IgnoredAny>,
        record: Option<IgnoredAny>,
        original: Option<IgnoredAny>,
        original_base64: Option<IgnoredAny>,
    }
    match serde_json::from_str::<Fields>(line) {
        Ok(letter) => {
            letter.kind.is_some()
                || letter.record.is_some()
                || letter.original.is_some()
                || letter.original_base64.is_some()
        }
        Err(error) => error.is_eof() && line.trim_start().starts_with('{'),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn read(lines: &str) -> Result<DeadLetters, LoadError> {
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
        assert_eq!(accepts("{\"record\":{}}"), Accepts::Mixed);
    }

    #[test]
    fn another_file_is_no_dead_letter() {
        for lines in ["id,at\n", "{}\n", "1\n", "{\"identity\":{}}\n{\"kind\":\"event\"}\n"] {
            assert!(read(lines).unwrap_err().input().unwrap().is_no_dead_letter(), "{lines}");
        }
        assert!(
            read("{\"kind\":\"eve").is_ok(),
            "a line that was cut off is told apart later"
        );
    }
}
