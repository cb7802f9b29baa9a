//! What a load needs before it can begin: its inputs, its folder, its journal, and what earlier runs settled.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use dfinery::{Timestamp, engine::with_suffix};
use dfinery_input::{Beginning, Format, Input, InputError, Mapping, is_url};
use dfinery_records::{Accepts, RecordKind};

use uuid::Uuid;

use crate::{
    append_file::at,
    dead_letter::Sidecar,
    delta::Delta,
    error::LoadError,
    file_accounts::FileAccounts,
    file_load::{FileLoad, is_stdin},
    file_names::{CORRECTED, DEAD_LETTER, POSSIBLY_TWICE, RECEIPT, REPLAY, TABLES, is_of_bad_rows},
    journal::{Header, HeaderInput, JOURNAL, Journal, Marks, State, UNCHANGED},
    meaning,
    path_name::path_name,
    progress::Progress,
    reader::{InputFile, Pass},
    receipt::{InputReceipt, Receipt},
    record::{Fate, RecordId},
    settings::LoadSettings,
    state_error::StateError,
    tables::Tables,
};

/// The inputs of a load.
pub(crate) struct Opened {
    pub(crate) inputs: Vec<InputFile>,
    pub(crate) receipt: Receipt,
    header: Header,
}

impl Opened {
    pub(crate) fn new(load: &FileLoad, settings: &LoadSettings, progress: &Progress) -> Result<Self, LoadError> {
        check(load)?;
        let taxonomy = settings.taxonomy.as_deref();
        let unwritable = |_| LoadError::bug("the settings cannot be written as JSON");
        let mut inputs = Vec::new();
        let mut receipt = Receipt {
            version: Receipt::VERSION,
            what: load.what().to_owned(),
            runs: 1,
            ..Receipt::default()
        };
        let mut header = Header {
            kind: load.what().to_owned(),
            settings: meaning::of_settings(load, settings.warnings).map_err(unwritable)?,
            types: meaning::of_types(load, taxonomy).map_err(unwritable)?,
            inputs: Vec::new(),
        };
        let mut places = HashMap::new();
        for path in &load.inputs {
            let name = path_name(path);
            if is_stdin(path) {
                let ids = Some(Uuid::new_v4());
                inputs.push(InputFile {
                    path: None,
                    name: name.clone(),
                    etag: None,
                    ids,
                });
                header.inputs.push(HeaderInput {
                    name: name.clone(),
                    etag: None,
                    length: 0,
                    ids,
                });
                receipt.inputs.push(InputReceipt {
                    name,
                    ..InputReceipt::default()
                });
                continue;
            }
            let metadata = (!is_url(path)).then(|| metadata(path, &name)).transpose()?;
            let place = Place::of(path, metadata.as_ref()).map_err(|error| InputError::opening(&name, error))?;
            if let Some(first) = places.insert(place, path) {
                return Err(named_twice(first, path));
            }
            // Report what is wrong with the beginning before there is a journal, which changed options would make
            // useless.
            let input = Input::open(path, &load.options, taxonomy, load.accepts)?.refuse_foreign_shape(load.accepts)?;
            let etag = input.etag().map(str::to_owned);
            let length = metadata.map_or_else(|| input.length().unwrap_or_default(), |metadata| metadata.len());
            progress.input(length * passes(load).len() as u64 * readings(load));
            inputs.push(InputFile {
                path: Some(path.clone()),
                name: name.clone(),
                etag: etag.clone(),
                ids: None,
            });
            header.inputs.push(HeaderInput {
                name: name.clone(),
                etag,
                length,
                ids: None,
            });
            receipt.inputs.push(InputReceipt {
                name,
                bytes: Some(length),
                ..InputReceipt::default()
            });
        }
        Ok(Self {
            inputs,
            receipt,
            header,
        })
    }
}

/// What the system says about a file that can be read twice.
fn metadata(path: &Path, name: &str) -> Result<fs::Metadata, InputError> {
    let metadata = fs::metadata(path).map_err(|error| InputError::opening(name, error))?;
    if metadata.is_file() || metadata.is_dir() {
        return Ok(metadata);
    }
    let problem = "it is a pipe or a device, which cannot be read twice: pipe it to standard input, and name - instead";
    Err(InputError::new(name, problem))
}

/// Where a file is, however it is named, or an object.
#[derive(PartialEq, Eq, Hash)]
enum Place {
    #[cfg(unix)]
    Number {
        device: u64,
        file: u64,
    },
    Path(PathBuf),
}

impl Place {
    /// `metadata` is that of a file.
    #[allow(clippy::unnecessary_wraps, reason = "as on other systems")]
    fn of(path: &Path, metadata: Option<&fs::Metadata>) -> io::Result<Self> {
        let Some(metadata) = metadata else {
            return Ok(Self::Path(path.to_owned()));
        };
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            Ok(Self::Number {
                device: metadata.dev(),
                file: metadata.ino(),
            })
        }
        #[cfg(not(unix))]
        {
            let _ = metadata;
            path.canonicalize().map(Self::Path)
        }
    }
}

/// Its records would be loaded twice, as different ones.
fn named_twice(first: &Path, path: &Path) -> LoadError {
    let also = if first == path {
        String::new()
    } else {
        format!(", also as {}", path_name(path))
    };
    LoadError::settings(format!(
        "{} is named twice{also}: its records would be loaded twice, with different ids",
        path_name(first)
    ))
}

/// A load with its files opened.
pub(crate) struct Prepared {
    pub(crate) load: FileLoad,
    pub(crate) inputs: Vec<InputFile>,
    pub(crate) accounts: FileAccounts,
    pub(crate) state: State,
    /// The lock held while the load lives, if it has no journal.
    pub(crate) lock: Option<fs::File>,
}

impl Prepared {
    pub(crate) fn new(load: FileLoad, settings: &LoadSettings, progress: &Arc<Progress>) -> Result<Self, LoadError> {
        let Opened {
            mut inputs,
            mut receipt,
            header,
        } = Opened::new(&load, settings, progress)?;
        let (folder, mut moved_aside) = folder_of(&load)?;
        let (journal, lock, state) = journal(&load, &folder, &header)?;
        if journal.is_none() && has_sidecars(&folder) {
            // They are of other runs, and the receipt there names them.
            moved_aside = move_aside(&folder)?.or(moved_aside);
        }
        receipt.moved_aside = moved_aside;
        // A record has the same id in each run.
        if let (Some(journal), [stdin]) = (&journal, &mut *inputs) {
            stdin.ids = journal.header().ids_of_stdin();
        }
        take_over(&mut receipt, &state);
        receipt.journal = journal.is_some().then(|| folder.join(JOURNAL));
        let delta = load
            .delta
            .as_deref()
            .map(Delta::open)
            .transpose()?
            .map(|delta| Arc::new(Mutex::new(delta)));
        let (dead_letter, possibly_twice) = sidecars(&folder, state.marks)?;
        let names = inputs.iter().map(|input| input.name.clone()).collect();
        let letters = load.options.format == Some(Format::DeadLetter);
        let accounts = FileAccounts {
            letters,
            tables: tables_of(&load, &folder, letters, state.marks)?,
            tables_are_kept: false,
            journal,
            dead_letter: Some(dead_letter),
            possibly_twice: Some(possibly_twice),
            delta,
            folder,
            read: state.read.clone(),
            kind: match load.accepts {
                Accepts::Only(kind) => Some(kind),
                Accepts::Mixed => None,
            },
            most_bad: settings.most_bad,
            most_refused: (!settings.keep_going).then_some(MOST_REFUSED),
            ..FileAccounts::of_nothing_sent(names, receipt, Arc::clone(progress))
        };
        Ok(Self {
            load,
            inputs,
            accounts,
            state,
            lock,
        })
    }

    /// All records were settled by earlier runs: there is nothing to send.
    pub(crate) fn finished_before(mut self) -> Receipt {
        let started = Timestamp::now();
        let stop = self.accounts.close(true).err();
        let bad_tables = self.accounts.bad_tables();
        let mut receipt = std::mem::take(&mut self.accounts.receipt);
        receipt.read = self.state.done.len();
        receipt.complete = true;
        receipt.finished_before = true;
        receipt.stopped = stop;
        receipt.keep(started, bad_tables, &self.accounts.folder);
        receipt
    }
}

/// As many refusals without anything accepted are no accident.
const MOST_REFUSED: u64 = 1_000;

fn check(load: &FileLoad) -> Result<(), LoadError> {
    if load.inputs.is_empty() {
        return Err(LoadError::settings("no input: name a file, or - for standard input"));
    }
    if load.reads_stdin() && load.inputs.len() > 1 {
        return Err(LoadError::settings(
            "standard input cannot be combined with other inputs: load them one after the other",
        ));
    }
    if load.inputs.len() > RecordId::MOST_FILES {
        return Err(LoadError::settings(format!(
            "{} inputs, at most {} can be loaded at once: load them in several loads",
            load.inputs.len(),
            RecordId::MOST_FILES
        )));
    }
    let sorts_rows = load.options.mapping.as_ref().is_some_and(Mapping::sorts_by_group);
    if load.reads_stdin() && load.keeps_journal() && sorts_rows {
        return Err(LoadError::settings(
            "rows of standard input that come later may belong to any group before them, so sort_by_group and a journal do not go \
             together: write it to a file first",
        ));
    }
    if load.reads_stdin() && load.ordered {
        return Err(LoadError::settings(
            "ordered reads its inputs more than once, which standard input does not allow: write it to a file first",
        ));
    }
    if load.ordered && load.accepts != Accepts::Mixed {
        return Err(LoadError::settings(
            "ordered is for inputs that hold records of several kinds",
        ));
    }
    Ok(())
}

pub(crate) fn passes(load: &FileLoad) -> Vec<Pass> {
    if !load.ordered {
        return vec![Pass::All];
    }
    let kinds = [RecordKind::Identity, RecordKind::Profile, RecordKind::Event];
    let pass = |(position, kind)| Pass::Only {
        kind,
        first: position == 0,
    };
    kinds.into_iter().enumerate().map(pass).collect()
}

/// The folder of a load, and where what was in it was moved to.
fn folder_of(load: &FileLoad) -> Result<(PathBuf, Option<PathBuf>), LoadError> {
    let folder = load.state_folder().unwrap_or_else(|| {
        let now = Timestamp::now().to_jiff().strftime("%Y%m%dT%H%M%SZ").to_string();
        PathBuf::from(format!("stdin-{now}.dfinery"))
    });
    let mut moved_aside = None;
    if load.restart && folder.exists() {
        let _lock = Journal::lock(&folder.join(JOURNAL))?;
        moved_aside = move_aside(&folder)?;
    }
    fs::create_dir_all(&folder).map_err(|error| StateError::Folder(folder.clone(), error))?;
    Ok((folder, moved_aside))
}

/// Moves what an earlier load left to a folder beside this one, and says to which; other files stay.
fn move_aside(folder: &Path) -> Result<Option<PathBuf>, LoadError> {
    let mut left = Vec::new();
    let unreadable = |error| at(folder, "read", &error);
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name();
        if name.to_str().is_some_and(is_of_a_load) {
            left.push(name);
        }
    }
    if left.is_empty() {
        return Ok(None);
    }
    let aside = new_folder_beside(folder)?;
    for name in left {
        let path = folder.join(&name);
        fs::rename(&path, aside.join(name)).map_err(|error| at(&path, "move aside", &error))?;
    }
    Ok(Some(aside))
}

/// Whether something in the folder of a load is about its records, or about what became of those that were not accepted.
fn is_of_a_load(name: &str) -> bool {
    [JOURNAL, POSSIBLY_TWICE, RECEIPT, TABLES, CORRECTED].contains(&name)
        || name.starts_with(DEAD_LETTER)
        || name.starts_with(REPLAY)
        || is_of_bad_rows(name)
}

/// A folder whose name says when it was made. Several may be made in one second.
fn new_folder_beside(folder: &Path) -> Result<PathBuf, LoadError> {
    const MOST: u32 = 1_000;
    let now = Timestamp::now().to_jiff().strftime("%Y%m%dT%H%M%SZ").to_string();
    let mut number = 1;
    loop {
        let suffix = match number {
            1 => format!(".{now}"),
            number => format!(".{now}-{number}"),
        };
        let beside = with_suffix(folder, &suffix);
        match fs::create_dir(&beside) {
            Ok(()) => return Ok(beside),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < MOST => number += 1,
            Err(error) => return Err(at(&beside, "create", &error).into()),
        }
    }
}

/// How many times a pass goes through its records: once more for each way in which it sorts them.
fn readings(load: &FileLoad) -> u64 {
    let sorts_rows = load.options.mapping.as_ref().is_some_and(Mapping::sorts_by_group);
    1 + u64::from(sorts_rows) + u64::from(load.sort_by_identity)
}

pub(crate) fn folder_for_sorting(load: &FileLoad) -> PathBuf {
    load.state_folder()
        .filter(|folder| folder.is_dir())
        .unwrap_or_else(std::env::temp_dir)
}

/// The journal, or without one the lock that keeps a second load out of the folder.
fn journal(
    load: &FileLoad,
    folder: &Path,
    header: &Header,
) -> Result<(Option<Journal>, Option<fs::File>, State), LoadError> {
    let path = folder.join(JOURNAL);
    // The files beside a journal are truncated to the lengths that the journal knows.
    let mixed = |holds| {
        let folder = folder.to_owned();
        LoadError::from(StateError::Occupied { folder, holds })
    };
    if !load.keeps_journal() {
        let lock = Journal::lock(&path).map_err(|error| error.about(folder))?;
        if path.exists() {
            return Err(mixed("the journal of another load"));
        }
        return Ok((None, Some(lock), State::default()));
    }
    if !path.exists() && has_sidecars(folder) {
        return Err(mixed("the dead letter of a load that had no journal"));
    }
    let begins_so = |input: usize, beginning: Beginning| {
        let Some(path) = load.inputs.get(input) else {
            return Ok(false);
        };
        if is_stdin(path) || header.inputs.get(input).is_some_and(|input| input.etag.is_some()) {
            // It is compared as it comes, or its version was compared.
            return Ok(true);
        }
        let now = Beginning::of_file(path, beginning.bytes, || true).map_err(|error| at(path, "read", &error))?;
        Ok(now == Some(beginning))
    };
    let (journal, state) = Journal::open(&path, header, begins_so).map_err(|error| error.about(folder))?;
    Ok((Some(journal), None, state))
}

/// Whether there are records that were not accepted, or that may be there twice.
fn has_sidecars(folder: &Path) -> bool {
    [DEAD_LETTER, POSSIBLY_TWICE]
        .iter()
        .any(|name| fs::metadata(folder.join(name)).is_ok_and(|metadata| metadata.len() > 0))
}

/// The files beside the journal, truncated to the lengths it knows: without a journal, to nothing.
fn sidecars(folder: &Path, marks: Marks) -> Result<(Sidecar, Sidecar), LoadError> {
    Ok((
        Sidecar::open(folder.join(DEAD_LETTER), marks.dead_letter)?,
        Sidecar::open(folder.join(POSSIBLY_TWICE), marks.possibly_twice)?,
    ))
}

/// The tables whose rows are in the dead letter, or in the one that is loaded.
fn tables_of(load: &FileLoad, folder: &Path, letters: bool, marks: Marks) -> Result<Tables, LoadError> {
    let mut tables = match marks.dead_letter {
        0 => Tables::default(),
        _ => Tables::beside(&folder.join(DEAD_LETTER))?,
    };
    tables.inputs = load.inputs.len();
    for path in load.inputs.iter().filter(|_| letters) {
        tables.add_all(Tables::beside(path)?);
    }
    Ok(tables)
}

/// Adds the figures of earlier runs to a receipt.
fn take_over(receipt: &mut Receipt, state: &State) {
    receipt.runs = state.runs.max(1);
    receipt.journal_damaged = state.damaged;
    for (input, beginning) in &state.read {
        receipt.has_read(*input, *beginning);
    }
    for fate in Fate::ALL {
        for (code, records) in state.tally.codes(fate) {
            if code == Some(UNCHANGED) {
                receipt.unchanged += records;
            }
            receipt.count(fate, code.filter(|code| *code != UNCHANGED), records);
        }
    }
    receipt.possibly_twice = state.tally.twice();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_inputs_than_can_be_told_apart_are_refused() {
        let inputs = |count| FileLoad::new(RecordKind::Event, std::iter::repeat_n("a.ndjson", count));
        let refused = check(&inputs(RecordId::MOST_FILES + 1)).unwrap_err();
        assert!(refused.is_settings(), "{refused}");
        check(&inputs(RecordId::MOST_FILES)).unwrap();
    }
}
