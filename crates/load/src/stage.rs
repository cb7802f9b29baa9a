//! What a load or a replay has kept about itself in its folder.

use std::{
    collections::BTreeMap,
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use dfinery::{Timestamp, engine::with_suffix};
use roaring::RoaringTreemap;
use serde::{Deserialize, Serialize};

use crate::{
    append_file::at,
    error::LoadError,
    file_names::{DEAD_LETTER, RECEIPT},
    journal::{self, JOURNAL, UNCHANGED},
    path_name,
    record::Fate,
    tables::Tables,
};

/// A load, a replay, or the load of corrected rows.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct Stage {
    /// Its folder.
    #[serde(serialize_with = "path_name::serialize_one")]
    pub folder: PathBuf,
    /// What was loaded.
    #[serde(skip)]
    pub what: String,
    /// The inputs, as they were named.
    #[serde(skip)]
    pub inputs: Vec<String>,
    /// How many runs there were.
    pub runs: u32,
    /// When the first one began.
    pub began: Option<Timestamp>,
    /// When the last one ended; `None` if it was killed or is running.
    pub ended: Option<Timestamp>,
    /// Whether one is running now.
    pub is_running: bool,
    /// Whether all of the input was read and settled.
    pub complete: bool,
    /// Whether it can go on where it stopped, if it is not complete.
    pub has_journal: bool,
    /// Records read, as far as is known.
    pub read: u64,
    /// Records that the server took.
    pub accepted: u64,
    /// The positions of the records that are settled; `None` if it has no journal.
    #[serde(skip)]
    pub(crate) settled_letters: Option<RoaringTreemap>,
    /// Records that the server refused.
    pub rejected: u64,
    /// The same by code.
    pub rejected_by_code: BTreeMap<String, u64>,
    /// Records that failed the check.
    pub invalid: u64,
    /// Records that were certainly not taken, and are in the dead letter.
    pub undelivered: u64,
    /// Records that may have been taken, and are in the dead letter.
    pub unknown: u64,
    /// The dead letter, if there is one.
    #[serde(serialize_with = "path_name::serialize")]
    pub dead_letter: Option<PathBuf>,
    /// Its bad rows, as tables to correct.
    #[serde(serialize_with = "path_name::serialize_all")]
    pub rejected_rows: Vec<PathBuf>,
}

/// What is needed of a receipt.
#[derive(Deserialize)]
struct Kept {
    what: String,
    inputs: Vec<KeptInput>,
    started: Option<Timestamp>,
    finished: Option<Timestamp>,
    runs: u32,
    complete: bool,
    read: u64,
    accepted: u64,
    rejected: u64,
    invalid: u64,
    undelivered: u64,
    unknown: u64,
    by_code: BTreeMap<String, u64>,
}

#[derive(Deserialize)]
struct KeptInput {
    name: String,
}

impl Stage {
    /// One of which only the folder is known.
    pub(crate) fn in_folder(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            ..Self::default()
        }
    }

    /// The names of the tables of bad rows that it loads, if it is a load of such: the folder is beside the first of them.
    pub(crate) fn tables(&self) -> Vec<String> {
        let name = |path: &Path| path.file_name()?.to_str().map(str::to_owned);
        let first = name(&self.folder).and_then(|name| name.strip_suffix(".dfinery").map(str::to_owned));
        let inputs = self.inputs.iter().filter_map(|input| name(Path::new(input)));
        first.into_iter().chain(inputs).collect()
    }

    /// `None` if the folder has neither a journal nor a receipt.
    pub(crate) fn read(folder: &Path) -> Result<Option<Self>, LoadError> {
        let path = folder.join(RECEIPT);
        let kept: Option<Kept> = match fs::read(&path) {
            Ok(json) => {
                let kept = serde_json::from_slice(&json);
                Some(kept.map_err(|error| at(&path, "understand", &error.into()))?)
            }
            Err(error) if is_missing(&error) => None,
            Err(error) => return Err(at(&path, "read", &error).into()),
        };
        let mut stage = Self::in_folder(folder);
        let path = folder.join(JOURNAL);
        match (File::open(&path), kept) {
            (Ok(file), kept) => stage.journal(&path, file, kept)?,
            (Err(error), Some(kept)) if is_missing(&error) => stage.receipt(kept),
            (Err(error), None) if is_missing(&error) => return Ok(None),
            (Err(error), _) => return Err(at(&path, "open", &error).into()),
        }
        stage.is_running = is_locked(&with_suffix(&path, ".lock"))?;
        if stage.is_running {
            stage.ended = None;
        }
        let dead_letter = folder.join(DEAD_LETTER);
        if fs::metadata(&dead_letter).is_ok_and(|metadata| metadata.len() > 0) {
            stage.rejected_rows = Tables::beside(&dead_letter)?.bad_in(folder);
            stage.dead_letter = Some(dead_letter);
        }
        Ok(Some(stage))
    }

    /// The records in its dead letter.
    pub(crate) const fn dead(&self) -> u64 {
        self.rejected + self.invalid + self.undelivered + self.unknown
    }

    /// Counts a record of its dead letter no more.
    pub(crate) fn forget(&mut self, fate: Fate, code: Option<&str>) {
        if fate == Fate::Accepted {
            return;
        }
        let count = self.count(fate);
        *count = count.saturating_sub(1);
        if let Some(code) = code.filter(|_| fate == Fate::Rejected)
            && let Some(count) = self.rejected_by_code.get_mut(code)
        {
            *count = count.saturating_sub(1);
            self.rejected_by_code.retain(|_, count| *count > 0);
        }
    }

    const fn count(&mut self, fate: Fate) -> &mut u64 {
        match fate {
            Fate::Accepted => &mut self.accepted,
            Fate::Rejected => &mut self.rejected,
            Fate::Invalid => &mut self.invalid,
            Fate::Undelivered => &mut self.undelivered,
            Fate::Unknown => &mut self.unknown,
        }
    }

    /// The records whose fate is known.
    pub(crate) const fn settled(&self) -> u64 {
        self.accepted + self.dead()
    }

    /// The journal is right even after a kill; a receipt is written at the end of a run.
    fn journal(&mut self, path: &Path, file: File, kept: Option<Kept>) -> Result<(), LoadError> {
        let (header, state) = journal::look(path, file)?;
        self.has_journal = true;
        self.what = header.kind;
        self.inputs = header.inputs.into_iter().map(|input| input.name).collect();
        self.runs = state.runs;
        self.began = before_now(state.began);
        self.complete = state.finished;
        for fate in Fate::ALL {
            for (code, records) in state.tally.codes(fate) {
                let code = code.filter(|code| *code != UNCHANGED);
                *self.count(fate) += records;
                if let Some(code) = code.filter(|_| fate == Fate::Rejected) {
                    self.rejected_by_code.insert(code.to_owned(), records);
                }
            }
        }
        self.read = self.settled();
        self.settled_letters = Some(state.done);
        if let Some(kept) = kept.filter(|kept| kept.runs == state.runs) {
            self.read = self.read.max(kept.read);
            self.ended = kept.finished;
        }
        Ok(())
    }

    fn receipt(&mut self, kept: Kept) {
        self.what = kept.what;
        self.inputs = kept.inputs.into_iter().map(|input| input.name).collect();
        self.runs = kept.runs;
        self.began = kept.started;
        self.ended = kept.finished;
        self.complete = kept.complete;
        self.read = kept.read;
        self.accepted = kept.accepted;
        self.rejected = kept.rejected;
        self.rejected_by_code = kept.by_code;
        self.invalid = kept.invalid;
        self.undelivered = kept.undelivered;
        self.unknown = kept.unknown;
    }
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Whether a load holds the lock.
fn is_locked(path: &Path) -> io::Result<bool> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if is_missing(&error) => return Ok(false),
        Err(error) => return Err(at(path, "open", &error)),
    };
    Ok(matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// The time in seconds since 1970, which is not after now.
fn before_now(seconds: u64) -> Option<Timestamp> {
    let now = Timestamp::now().to_jiff();
    let ago = u64::try_from(now.as_second()).ok()?.checked_sub(seconds)?;
    let fraction = u32::try_from(now.subsec_nanosecond()).unwrap_or_default();
    now.checked_sub(Duration::new(ago, fraction)).ok().map(Timestamp::from)
}
