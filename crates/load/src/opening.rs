//! What a load needs before it can begin: its inputs, its folder, its journal, and what earlier runs settled.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use dfinery::{Timestamp, engine::with_suffix};
use dfinery_input::{Beginning, Input, InputError};
use dfinery_records::{Accepts, RecordKind, Taxonomy};

use crate::{
    append_file::at,
    dead_letter::Sidecar,
    delta::Delta,
    error::LoadError,
    file_accounts::{DEAD_LETTER, FileAccounts, POSSIBLY_TWICE, UNCHANGED},
    file_load::{FileLoad, is_stdin},
    journal::{Header, HeaderInput, Journal, Marks, State},
    meaning,
    outcome::Stop,
    progress::Progress,
    reader::{InputFile, Pass},
    receipt::{InputReceipt, Receipt},
    record::{Fate, RecordId},
    settings::LoadSettings,
    state_error::StateError,
};

/// The inputs of a load.
pub(crate) struct Opened {
    pub(crate) inputs: Vec<InputFile>,
    pub(crate) receipt: Receipt,
    header: Header,
}

impl Opened {
    pub(crate) fn new(load: &FileLoad, taxonomy: Option<&Taxonomy>, progress: &Progress) -> Result<Self, LoadError> {
        check(load)?;
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
            settings: meaning::of_settings(load).map_err(unwritable)?,
            types: meaning::of_types(load, taxonomy).map_err(unwritable)?,
            inputs: Vec::new(),
        };
        for path in &load.inputs {
            let name = path.display().to_string();
            if is_stdin(path) {
                inputs.push(InputFile {
                    path: None,
                    name: name.clone(),
                });
                receipt.inputs.push(InputReceipt {
                    name,
                    ..InputReceipt::default()
                });
                continue;
            }
            let unreadable = |error| InputError::opening(&name, error);
            let metadata = fs::metadata(path).map_err(unreadable)?;
            if !metadata.is_file() && !metadata.is_dir() {
                let problem = "it is a pipe or a device, which cannot be read twice: pipe it to standard input, and name - instead";
                return Err(InputError::new(&name, problem).into());
            }
            let length = metadata.len();
            // Report what is wrong with the beginning before there is a journal, which changed options would make
            // useless.
            Input::open(path, &load.options, taxonomy, load.accepts)?;
            progress.input(length * passes(load).len() as u64);
            inputs.push(InputFile {
                path: Some(path.clone()),
                name: name.clone(),
            });
            header.inputs.push(HeaderInput {
                name: name.clone(),
                length,
            });
            receipt.inputs.push(InputReceipt {
                name,
                bytes: Some(length),
                fingerprint: None,
            });
        }
        Ok(Self {
            inputs,
            receipt,
            header,
        })
    }
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
            inputs,
            mut receipt,
            header,
        } = Opened::new(&load, settings.taxonomy.as_deref(), progress)?;
        let folder = folder_of(&load)?;
        let (journal, lock, state) = journal(&load, &folder, &header)?;
        let marks = journal.is_some().then_some(state.marks);
        take_over(&mut receipt, &state);
        receipt.journal = journal.is_some().then(|| folder.join(JOURNAL));
        let delta = load
            .delta
            .as_deref()
            .map(Delta::open)
            .transpose()?
            .map(|delta| Arc::new(Mutex::new(delta)));
        let (dead_letter, possibly_twice) = sidecars(&folder, marks)?;
        let names = inputs.iter().map(|input| input.name.clone()).collect();
        let accounts = FileAccounts {
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
        let now = Timestamp::now();
        let stop = self.accounts.close(true).err();
        let mut receipt = std::mem::take(&mut self.accounts.receipt);
        receipt.started = Some(now);
        receipt.finished = Some(now);
        receipt.read = self.state.done.len();
        receipt.complete = true;
        receipt.finished_before = true;
        receipt.stopped = stop;
        write_receipt(&mut receipt, &self.accounts.folder);
        receipt
    }
}

const JOURNAL: &str = "journal";
const RECEIPT: &str = "receipt.json";

/// Keeps the receipt beside the journal. A failure to write it is noted in the receipt.
pub(crate) fn write_receipt(receipt: &mut Receipt, folder: &Path) {
    if let Err(error) = receipt.write(&folder.join(RECEIPT)) {
        receipt.stopped.get_or_insert(Stop::disk("the receipt", &error));
    }
}

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
    if load.reads_stdin() && load.ordered {
        return Err(LoadError::settings(
            "ordered reads its inputs three times, which standard input does not allow: write it to a file first",
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

fn folder_of(load: &FileLoad) -> Result<PathBuf, LoadError> {
    let folder = load.state_folder().unwrap_or_else(|| {
        let now = Timestamp::now().to_jiff().strftime("%Y%m%dT%H%M%SZ").to_string();
        PathBuf::from(format!("stdin-{now}.dfinery"))
    });
    if load.restart && folder.exists() {
        let _lock = Journal::lock(&folder.join(JOURNAL))?;
        move_aside(&folder)?;
    }
    fs::create_dir_all(&folder).map_err(|error| at(&folder, "create", &error))?;
    Ok(folder)
}

/// Moves what an earlier load left to a folder beside this one; other files stay.
fn move_aside(folder: &Path) -> Result<(), LoadError> {
    let left = [JOURNAL, DEAD_LETTER, POSSIBLY_TWICE, RECEIPT].map(|name| (folder.join(name), name));
    let left: Vec<_> = left.into_iter().filter(|(path, _)| path.exists()).collect();
    if left.is_empty() {
        return Ok(());
    }
    let now = Timestamp::now().to_jiff().strftime("%Y%m%dT%H%M%SZ");
    let aside = with_suffix(folder, &format!(".{now}"));
    fs::create_dir(&aside).map_err(|error| at(&aside, "create", &error))?;
    for (path, name) in left {
        fs::rename(&path, aside.join(name)).map_err(|error| at(&path, "move aside", &error))?;
    }
    Ok(())
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
    if !load.resume || load.reads_stdin() {
        let lock = Journal::lock(&path)?;
        if path.exists() {
            return Err(mixed("the journal of another load"));
        }
        return Ok((None, Some(lock), State::default()));
    }
    if !path.exists()
        && [DEAD_LETTER, POSSIBLY_TWICE]
            .iter()
            .any(|name| length(&folder.join(name)) > 0)
    {
        return Err(mixed("the dead letter of a load that had no journal"));
    }
    let begins_so = |input: usize, beginning: Beginning| {
        let Some(path) = load.inputs.get(input) else {
            return Ok(false);
        };
        let now = Beginning::of_file(path, beginning.bytes, || true).map_err(|error| at(path, "read", &error))?;
        Ok(now == Some(beginning))
    };
    let (journal, state) = Journal::open(&path, header, begins_so)?;
    Ok((Some(journal), None, state))
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// The files beside the journal, truncated to the lengths it knows; without a journal they are continued.
fn sidecars(folder: &Path, marks: Option<Marks>) -> Result<(Sidecar, Sidecar), LoadError> {
    let dead_letter = folder.join(DEAD_LETTER);
    let possibly_twice = folder.join(POSSIBLY_TWICE);
    let marks = marks.unwrap_or_else(|| Marks {
        dead_letter: length(&dead_letter),
        possibly_twice: length(&possibly_twice),
    });
    Ok((
        Sidecar::open(dead_letter, marks.dead_letter)?,
        Sidecar::open(possibly_twice, marks.possibly_twice)?,
    ))
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
