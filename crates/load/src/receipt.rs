//! The receipt of a load: the fates of all records, in figures that add up.
//!
//! `schemas/receipt.schema.json` describes it as JSON.

mod text;

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Serialize;
use serde_json::Value;

use crate::{append_file::options, bad_tables::BadTables, file_names::RECEIPT, outcome::Stop, path_name, record::Fate};
use dfinery::{Timestamp, engine::NewFile};
use dfinery_input::{Beginning, Input, LineCount, PassedOver};
use dfinery_records::{Problems, WarningKind, Warnings};

/// The fates of all records of a load, over all its runs if it was resumed.
///
/// `read` always equals the sum of the five fates; [`adds_up`](Self::adds_up) says so.
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Debug, Default, Serialize)]
#[non_exhaustive]
pub struct Receipt {
    /// Version of this format.
    pub version: u32,
    /// What was loaded: `events`, `identities`, `profiles`, `deletions` or `mixed records`.
    pub what: String,
    /// The inputs, in the order given.
    pub inputs: Vec<InputReceipt>,
    /// When this run began.
    pub started: Option<Timestamp>,
    /// When this run ended.
    pub finished: Option<Timestamp>,
    /// How long this run took.
    pub duration_seconds: f64,
    /// How many runs it took, this one included.
    pub runs: u32,
    /// Whether all of the input was read and settled.
    pub complete: bool,
    /// Whether earlier runs had settled everything, leaving nothing for this one.
    pub finished_before: bool,
    /// Why it ended early, if it did.
    pub stopped: Option<Stop>,
    /// Records read, over all runs.
    pub read: u64,
    /// Records that the server took.
    pub accepted: u64,
    /// Those of `accepted` that were not sent, because an earlier load had the same identity or user properties accepted.
    pub unchanged: u64,
    /// Records that the server refused.
    pub rejected: u64,
    /// Records that failed the check and were not sent.
    pub invalid: u64,
    /// Records that were never sent or certainly not taken.
    pub undelivered: u64,
    /// Records that were sent but got no trustworthy answer: they may have been taken.
    pub unknown: u64,
    /// Those of `undelivered` and `unknown` that the next run of the same load sends again; they are not in the dead letter.
    pub resumable: u64,
    /// Records that may have been taken more than once; they are listed in `possibly_twice_file`.
    pub possibly_twice: u64,
    /// Records that are neither accepted nor invalid, by what the server said.
    pub by_code: BTreeMap<String, u64>,
    /// What was wrong with the records of this run that were not accepted, by cause, as in a [`Report`](crate::Report), and by
    /// code. Those that earlier runs settled are in the counts only.
    pub problems: Problems,
    /// What was implausible about good records, by cause, as in a [`Report`](crate::Report). It covers the records that
    /// this run read: those that earlier runs settled are not checked again.
    pub warnings: Warnings,
    /// The denied warnings about all records together that there are. They were known only after the records were sent.
    pub denied: Vec<WarningKind>,
    /// Calls that got a final answer in this run.
    pub calls: u64,
    /// Requests sent in this run, retries included.
    pub attempts: u64,
    /// Requests of this run that failed, including those refused for the quota.
    pub failed_attempts: u64,
    /// Requests of this run that were refused for the quota.
    pub rate_limited: u64,
    /// The file of the records that were not accepted, if there are any.
    #[serde(serialize_with = "path_name::serialize")]
    pub dead_letter: Option<PathBuf>,
    /// The rows of tables that were not accepted, as tables to correct and to load again.
    #[serde(serialize_with = "path_name::serialize_all")]
    pub rejected_rows: Vec<PathBuf>,
    /// The file that lists the records that may have been taken more than once, if there are any.
    #[serde(serialize_with = "path_name::serialize")]
    pub possibly_twice_file: Option<PathBuf>,
    /// The journal, with which the same load can continue.
    #[serde(serialize_with = "path_name::serialize")]
    pub journal: Option<PathBuf>,
    /// The folder to which this run moved what an earlier load had left in its own.
    #[serde(serialize_with = "path_name::serialize")]
    pub moved_aside: Option<PathBuf>,
    /// Whether a repeat of this load would send again what was accepted, or is unknown: nothing remembers it.
    pub repeat_sends_again: bool,
    /// Whether the journal was found damaged, in this run or an earlier one. Earlier runs may then have sent every record
    /// that it did not know to be settled: these were sent again, and count as possibly taken twice.
    pub journal_damaged: bool,
}

/// One input of a load.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct InputReceipt {
    /// The path as it was given, or `-`; bytes of it that are not UTF-8 are written as `\xB0`.
    pub name: String,
    /// Its length, if it is a file.
    pub bytes: Option<u64>,
    /// A hash of its contents, which tells apart two files of the same name; none until all of it was read.
    pub fingerprint: Option<String>,
    /// Its lines, by what they are part of; none until all of it was read in this run, and for a JSON array.
    pub lines: Option<LineCount>,
    /// The rows that a condition of the mapping passes over; none until all of it was read in this run.
    pub passed_over: Option<PassedOver>,
}

impl Receipt {
    /// Version of the format of a receipt.
    pub const VERSION: u32 = 1;

    /// Notes what the lines of an input are part of.
    pub(crate) fn has_lines(&mut self, position: usize, input: &Input) {
        if let Some(receipt) = self.inputs.get_mut(position) {
            receipt.lines = input.lines();
            receipt.passed_over = Some(input.passed_over());
        }
    }

    /// Writes what a person may correct, and then the receipt, into the folder of the load, which ends the run. A failure is
    /// noted in the receipt.
    pub(crate) fn keep(&mut self, started: Timestamp, bad_tables: Option<BadTables>, folder: &Path) {
        match bad_tables.map_or(Ok(Vec::new()), |tables| tables.write()) {
            Ok(files) => self.rejected_rows = files,
            Err(error) => {
                let disk = || Stop::Disk(format!("the bad rows: {error}"));
                self.stopped.get_or_insert_with(disk);
            }
        }
        let finished = Timestamp::now();
        let milliseconds = finished.to_jiff().as_millisecond() - started.to_jiff().as_millisecond();
        self.started = Some(started);
        self.finished = Some(finished);
        self.duration_seconds = Duration::from_millis(milliseconds.try_into().unwrap_or_default()).as_secs_f64();
        // The receipt of the run that did it says more.
        let is_kept = self.finished_before && kept(folder)["complete"] == Value::Bool(true);
        if !is_kept && let Err(error) = self.write(&folder.join(RECEIPT)) {
            self.stopped.get_or_insert(Stop::disk("the receipt", &error));
        }
    }

    /// Notes how far an input was read.
    pub(crate) fn has_read(&mut self, input: usize, beginning: Beginning) {
        if let Some(input) = self.inputs.get_mut(input)
            && input.bytes == Some(beginning.bytes)
        {
            input.fingerprint = Some(format!("{:032x}", beginning.hash));
        }
    }

    /// Whether every record that was read has exactly one fate.
    #[must_use]
    pub const fn adds_up(&self) -> bool {
        self.read == self.accepted + self.rejected + self.invalid + self.undelivered + self.unknown
    }

    /// Whether the whole input was read, and all of it accepted.
    #[must_use]
    pub const fn all_accepted(&self) -> bool {
        self.complete && self.read == self.accepted
    }

    /// Whether all of it was accepted, and no warning that is [denied](Self::denied) came up.
    #[must_use]
    pub const fn is_good(&self) -> bool {
        self.all_accepted() && self.denied.is_empty()
    }

    /// Writes it as JSON, replacing an existing file. A reader finds the old receipt or the new one, never half of one.
    ///
    /// # Errors
    /// If the file or its folder cannot be written.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let mut json = serde_json::to_vec_pretty(self)?;
        json.push(b'\n');
        let mut file = NewFile::create(path, options().create_new(true))?;
        file.write_all(&json)?;
        file.finish()
    }

    /// Whether running the same load again may settle more records.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        let open = self.resumable > 0 || (!self.complete && self.journal.is_some());
        let ends = match &self.stopped {
            // What refuses the credentials may take others.
            Some(Stop::Input(error)) => !error.is_temporary() && !error.is_denied(),
            Some(Stop::Deleted(_)) => true,
            _ => false,
        };
        open && !ends
    }

    pub(crate) fn count(&mut self, fate: Fate, code: Option<&str>, records: u64) {
        *match fate {
            Fate::Accepted => &mut self.accepted,
            Fate::Rejected => &mut self.rejected,
            Fate::Invalid => &mut self.invalid,
            Fate::Undelivered => &mut self.undelivered,
            Fate::Unknown => &mut self.unknown,
        } += records;
        if let Some(code) = code {
            *self.by_code.entry(code.to_owned()).or_default() += records;
        }
    }
}

/// The receipt of an earlier run, if there is one.
fn kept(folder: &Path) -> Value {
    let kept = fs::read(folder.join(RECEIPT)).unwrap_or_default();
    serde_json::from_slice(&kept).unwrap_or_default()
}
