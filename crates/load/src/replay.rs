//! Loading again what did not go through.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::{Deserialize, de::IgnoredAny};

use crate::{file_accounts::DEAD_LETTER, file_load::FileLoad, journal::JOURNAL, receipt::RECEIPT};
use dfinery::engine::with_suffix;
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
    /// If the file cannot be read, is no dead letter, or holds both deletions and other records, which one load cannot do.
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
            if letters.records() == 0 && line.json.as_ref().is_ok_and(|line| !is_letter(line)) {
                return Err(InputError::no_dead_letter(&path.display().to_string(), line.number));
            }
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
        load.state = folder_of(&self.path);
        load
    }
}

/// The beginning of the names of folders of replays.
pub(crate) const REPLAY: &str = "replay-";

/// The folder of a replay: `replay-1` in the folder of the load, `replay-2` beside that for what the first one left, and so
/// on. `None` if the dead letter is in no such folder, or an earlier version has begun to replay it elsewhere.
fn folder_of(dead_letter: &Path) -> Option<PathBuf> {
    let folder = folder_with(dead_letter);
    let is_kept = [JOURNAL, RECEIPT].iter().any(|name| folder.join(name).exists());
    if dead_letter.file_name()? != DEAD_LETTER || !is_kept || nested(dead_letter).exists() {
        return None;
    }
    flat(folder)
}

/// Where a replay of this dead letter of a load is, if there is one.
pub(crate) fn next_replay(dead_letter: &Path) -> Option<PathBuf> {
    let nested = nested(dead_letter);
    if nested.is_dir() {
        return Some(nested);
    }
    flat(folder_with(dead_letter)).filter(|folder| folder.is_dir())
}

/// The folder of a replay in earlier versions.
fn nested(dead_letter: &Path) -> PathBuf {
    with_suffix(dead_letter, ".dfinery")
}

fn folder_with(dead_letter: &Path) -> &Path {
    let folder = dead_letter.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

fn flat(folder: &Path) -> Option<PathBuf> {
    let real = folder.canonicalize().ok()?;
    Some(match number_of(&real) {
        Some(number) => sibling(folder, &format!("{REPLAY}{}", number.checked_add(1)?)),
        None => folder.join(format!("{REPLAY}1")),
    })
}

/// A folder beside another one, which may be the working folder.
fn sibling(folder: &Path, name: &str) -> PathBuf {
    match folder.file_name() {
        Some(_) => folder.with_file_name(name),
        None => folder.join("..").join(name),
    }
}

/// Which replay a folder is of.
pub(crate) fn number_of(folder: &Path) -> Option<u32> {
    folder.file_name()?.to_str()?.strip_prefix(REPLAY)?.parse().ok()
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
        assert_eq!(accepts("{\"record\":{}}"), Accepts::Mixed);
    }

    #[test]
    fn another_file_is_no_dead_letter() {
        for lines in ["id,at\n", "{}\n", "1\n", "{\"identity\":{}}\n{\"kind\":\"event\"}\n"] {
            assert!(read(lines).unwrap_err().is_no_dead_letter(), "{lines}");
        }
        assert!(
            read("{\"kind\":\"eve").is_ok(),
            "a line that was cut off is told apart later"
        );
    }
}
