//! The receipt of a load: the fates of all records, in figures that add up.
//!
//! `schemas/receipt.schema.json` describes it as JSON.

use std::{
    collections::BTreeMap,
    fmt,
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde::Serialize;

use crate::{
    append_file::options,
    outcome::Stop,
    path_name::{self, path_name},
    record::Fate,
};
use dfinery::{ImportCode, Language, Timestamp, engine::NewFile};
use dfinery_input::{Beginning, LineCount, PassedOver};
use dfinery_records::{WarningKind, Warnings};

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
    /// Those of `accepted` that were not sent, because an earlier load had the same user properties accepted.
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
    pub(crate) fn has_lines(&mut self, input: usize, lines: Option<LineCount>, passed_over: PassedOver) {
        if let Some(input) = self.inputs.get_mut(input) {
            input.lines = lines;
            input.passed_over = Some(passed_over);
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
        open && !matches!(self.stopped, Some(Stop::Input(_) | Stop::Deleted(_)))
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

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |f: &mut fmt::Formatter<'_>, name: &str, count: u64, what: &str| {
            if count == 0 && !matches!(name, "read" | "accepted") {
                return Ok(());
            }
            let line = format!("  {name:<12}{count:>12}  {what}");
            writeln!(f, "{}", line.trim_end())
        };
        writeln!(f, "Receipt for {}:", self.what)?;
        line(f, "read", self.read, "")?;
        let unchanged = match self.unchanged {
            0 => String::new(),
            unchanged => format!("of these {unchanged} unchanged and not sent"),
        };
        line(f, "accepted", self.accepted, &unchanged)?;
        line(f, "rejected", self.rejected, "the server said no")?;
        line(f, "invalid", self.invalid, "failed the check, not sent")?;
        line(f, "undelivered", self.undelivered, "certainly not taken")?;
        line(f, "unknown", self.unknown, "sent, but no answer that can be trusted")?;
        for (code, count) in &self.by_code {
            let info = ImportCode::from_raw(code);
            let remedy = info
                .info()
                .map_or("", |info| info.remedy.in_language(Language::English));
            writeln!(f, "    {code:<10}{count:>12}  {remedy}")?;
        }
        if self.possibly_twice > 0 {
            line(f, "twice?", self.possibly_twice, "may have been taken more than once")?;
        }
        for input in &self.inputs {
            write!(f, "{}", Lines(input))?;
        }
        writeln!(
            f,
            "{} {}",
            if self.adds_up() {
                "The counts add up."
            } else {
                "The counts do NOT add up: please report it."
            },
            Calls(self),
        )?;
        if !self.warnings.is_empty() {
            write!(f, "Warnings:\n{}", self.warnings)?;
        }
        if !self.denied.is_empty() {
            let names: Vec<_> = self.denied.iter().map(|kind| kind.name()).collect();
            let names = names.join(", ");
            writeln!(f, "Denied, but known only after the records were sent: {names}.")?;
        }
        if self.finished_before {
            writeln!(f, "All of it had been settled before: nothing was sent.")?;
        } else if self.runs > 1 {
            writeln!(f, "It took {} runs.", self.runs)?;
        }
        if self.repeat_sends_again {
            writeln!(f, "There is no journal: a repeat of this load sends all of it again.")?;
        }
        if self.journal_damaged {
            writeln!(
                f,
                "The journal was damaged: what it no longer knew to be settled was sent again, and counts as possibly twice."
            )?;
        }
        if let Some(path) = &self.dead_letter {
            writeln!(f, "Not accepted: {}", path_name(path))?;
            if self.invalid > 0 {
                writeln!(f, "  correct what is invalid, and load it as a file of its own")?;
            }
        }
        if let Some(path) = &self.possibly_twice_file {
            writeln!(f, "Possibly twice: {}", path_name(path))?;
        }
        if let Some(path) = &self.moved_aside {
            writeln!(f, "Moved aside, from an earlier load: {}", path_name(path))?;
        }
        if let Some(stop) = &self.stopped {
            let reason = stop.to_string();
            writeln!(f, "It ended early: {}.", reason.trim_end_matches('.'))?;
        }
        Ok(())
    }
}

/// What the lines of an input are, if there is more than records and a header.
struct Lines<'a>(&'a InputReceipt);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(lines) = self
            .0
            .lines
            .filter(|lines| lines.blank + lines.skipped + lines.passed_over > 0)
        {
            let LineCount {
                total,
                records,
                header,
                blank,
                skipped,
                passed_over,
                ..
            } = lines;
            writeln!(
                f,
                "  {} has {total} lines: {records} of records, {header} of the header, {blank} blank, {skipped} skipped{}",
                self.0.name,
                match passed_over {
                    0 => String::new(),
                    lines => format!(", {lines} passed over"),
                }
            )?;
        }
        if let Some(passed_over) = self.0.passed_over.as_ref().filter(|passed_over| passed_over.rows > 0) {
            let first: Vec<_> = passed_over.first_lines.iter().map(u64::to_string).collect();
            let (rows, word) = match passed_over.rows {
                1 => (1, "row was"),
                rows => (rows, "rows were"),
            };
            writeln!(
                f,
                "    {rows} {word} passed over by the mapping, first on line {}",
                first.join(", ")
            )?;
        }
        Ok(())
    }
}

struct Calls<'a>(&'a Receipt);

impl fmt::Display for Calls<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Receipt {
            calls,
            attempts,
            rate_limited,
            ..
        } = self.0;
        let s = |count: &u64| if *count == 1 { "" } else { "s" };
        write!(f, "{calls} call{} in {attempts} request{}", s(calls), s(attempts))?;
        if *rate_limited > 0 {
            write!(f, ", {rate_limited} of them refused for the quota")?;
        }
        f.write_str(".")
    }
}
