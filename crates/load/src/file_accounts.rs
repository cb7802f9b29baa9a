//! The accounts of a load of files: journal, dead letter, and the figures of the receipt.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use crate::lock::lock;
use crate::{
    accounts::Accounts,
    bad_tables::BadTables,
    dead_letter::{DeadRecord, PossiblyTwice, Sidecar, Why},
    delta::Delta,
    file_names::{DEAD_LETTER, POSSIBLY_TWICE},
    journal::{Calls, Done, Journal, Marks, UNCHANGED},
    last_record::LastRecord,
    letter::Letter,
    most_bad::MostBad,
    outcome::{Outcome, Stop},
    pack::Batch,
    progress::Progress,
    receipt::Receipt,
    record::{Fate, RecordId},
    refusals::Refusals,
    tables::Tables,
};
use dfinery::Violations;
use dfinery_input::{Beginning, Input, Line};
use dfinery_records::RecordKind;

/// Everything that a load of files keeps about its records.
pub(crate) struct FileAccounts {
    pub(crate) journal: Option<Journal>,
    /// Where records go that were not accepted; `None` when nothing is sent.
    pub(crate) dead_letter: Option<Sidecar>,
    pub(crate) possibly_twice: Option<Sidecar>,
    pub(crate) delta: Option<Arc<Mutex<Delta>>>,
    pub(crate) folder: PathBuf,
    pub(crate) names: Vec<String>,
    /// How far each input was read, by this run or an earlier one.
    pub(crate) read: BTreeMap<usize, Beginning>,
    /// The kind of every record, if the load has only one: a line without a record does not show it.
    pub(crate) kind: Option<RecordKind>,
    pub(crate) receipt: Receipt,
    pub(crate) progress: Arc<Progress>,
    pub(crate) most_bad: Option<MostBad>,
    /// Whether the records come from a dead letter, and so have been in a file before.
    pub(crate) letters: bool,
    /// The inputs of JSON that a mapping makes records of.
    pub(crate) mapped: BTreeSet<u64>,
    /// The forms of the tables that are read.
    pub(crate) tables: Tables,
    /// Whether the folder has them.
    pub(crate) tables_are_kept: bool,
    /// What the service has said in this run about records that it did not accept.
    pub(crate) refusals: Refusals,
    /// How many records the service may refuse, before it has accepted one, until the load ends; `None` if any number.
    pub(crate) most_refused: Option<u64>,
    pub(crate) refused: u64,
}

impl FileAccounts {
    /// Accounts for a load that sends nothing: they only count, in memory.
    pub(crate) fn of_nothing_sent(names: Vec<String>, receipt: Receipt, progress: Arc<Progress>) -> Self {
        Self {
            journal: None,
            dead_letter: None,
            possibly_twice: None,
            delta: None,
            folder: PathBuf::new(),
            read: BTreeMap::new(),
            names,
            kind: None,
            receipt,
            progress,
            most_bad: None,
            letters: false,
            mapped: BTreeSet::new(),
            tables: Tables::default(),
            tables_are_kept: true,
            refusals: Refusals::default(),
            most_refused: None,
            refused: 0,
        }
    }

    /// Notes how far an input was read; call it before recording fates. False if those bytes are not the ones an earlier run
    /// read.
    pub(crate) fn has_read(&mut self, input: usize, beginning: Beginning) -> Result<bool, Stop> {
        match self.read.get(&input) {
            Some(known) if known.bytes > beginning.bytes => return Ok(true),
            Some(known) if known.bytes == beginning.bytes => return Ok(*known == beginning),
            _ => self.read.insert(input, beginning),
        };
        self.receipt.has_read(input, beginning);
        self.journal(|journal| journal.has_read(input, beginning))?;
        Ok(true)
    }

    /// Notes that standard input was read to its end.
    pub(crate) fn has_ended(&mut self, last: LastRecord) -> Result<(), Stop> {
        self.journal(|journal| journal.has_ended(last))
    }

    /// Notes what the lines of an input are part of.
    pub(crate) fn has_lines(&mut self, position: usize, input: &Input) {
        self.receipt.has_lines(position, input);
    }

    /// Notes how an input is written, if it is a table or JSON that a mapping makes its records of.
    pub(crate) fn has_form(&mut self, position: usize, input: &Input) {
        let form = input.table_form();
        if form.is_none() && input.is_mapped() {
            self.mapped.insert(position as u64);
        }
        if let Some((form, name)) = form.zip(self.names.get(position)) {
            self.tables_are_kept &= !self.tables.add(name, form);
        }
    }

    /// How many calls earlier runs have made, and how long ago at most.
    pub(crate) fn spent_before(&self) -> &[(Duration, Calls)] {
        self.journal.as_ref().map_or(&[], Journal::spent_before)
    }

    /// Returns once everything noted so far is on the disk.
    pub(crate) fn sync(&mut self) -> Result<(), Stop> {
        self.sync_sidecars()?;
        self.journal(Journal::sync)
    }

    /// Records before this one may be sent from now on.
    pub(crate) fn reach(&mut self, id: RecordId) -> Result<(), Stop> {
        self.sync_sidecars()?;
        self.journal(|journal| {
            journal.compact_if_large()?;
            journal.reach(id)
        })
    }

    /// Writes into the journal, if there is one.
    fn journal(&mut self, write: impl FnOnce(&mut Journal) -> io::Result<()>) -> Result<(), Stop> {
        self.journal
            .as_mut()
            .map_or(Ok(()), write)
            .map_err(|error| Stop::disk("the journal", &error))
    }

    /// A record failed the check.
    pub(crate) fn invalid(&mut self, id: RecordId, line: &Line<'_>, violations: &Violations) -> Result<(), Stop> {
        self.progress.settled(Fate::Invalid, 1);
        // Counted before anything is written: a record that was read has a fate even if the disk is full.
        self.receipt.count(Fate::Invalid, None, 1);
        self.keep_tables()?;
        let letter = self.letters.then(|| Letter::read(line.original)).flatten();
        // What kept it from becoming a record then keeps it now.
        let reasons = match &letter {
            Some(letter) if line.json.is_err() && !letter.reasons.is_empty() => letter.reasons.as_slice(),
            _ => violations,
        };
        let dead = DeadRecord {
            fate: Fate::Invalid,
            kind: self.kind,
            code: None,
            message: None,
            reasons,
            file: name_of(&self.names, id),
            line: line.number,
            offset: line.offset,
            event_log_id: None,
            attempts: 0,
            first_attempt: None,
            last_attempt: None,
            original: line.original,
            is_cut: line.is_cut,
            is_mapped: self.mapped.contains(&id.file()),
            record: None,
        };
        write_dead(&mut self.dead_letter, [dead.of(letter.as_ref())])?;
        self.done(&[id], Fate::Invalid, None, false)?;
        self.check_bad()
    }

    /// A record repeats what was accepted before.
    pub(crate) fn unchanged(&mut self, id: RecordId) -> Result<(), Stop> {
        self.receipt.unchanged += 1;
        self.receipt.count(Fate::Accepted, None, 1);
        self.progress.settled(Fate::Accepted, 1);
        self.done(&[id], Fate::Accepted, Some(UNCHANGED), false)
    }

    fn done(&mut self, ids: &[RecordId], fate: Fate, code: Option<&str>, twice: bool) -> Result<(), Stop> {
        let marks = Marks {
            dead_letter: self.dead_letter.as_ref().map_or(0, Sidecar::len),
            possibly_twice: self.possibly_twice.as_ref().map_or(0, Sidecar::len),
        };
        self.journal(|journal| {
            journal.done(&Done {
                ids,
                fate,
                code,
                twice,
                marks,
            })
        })
    }

    fn check_bad(&self) -> Result<(), Stop> {
        let receipt = &self.receipt;
        let bad = receipt.invalid + receipt.rejected;
        let settled = bad + receipt.accepted + receipt.unknown + receipt.undelivered;
        match self.most_bad {
            Some(most) if most.is_exceeded(bad, settled) => Err(Stop::TooManyBad(bad, most)),
            _ => Ok(()),
        }
    }

    /// Keeps the forms of tables before a row of one is in the dead letter.
    fn keep_tables(&mut self) -> Result<(), Stop> {
        if !self.tables_are_kept && !self.tables.is_empty() && self.dead_letter.is_some() {
            let length = self.dead_letter.as_ref().map_or(0, Sidecar::len);
            self.tables.cut(length);
            let written = self.tables.write(&self.folder);
            written.map_err(|error| Stop::disk("a file beside the dead letter", &error))?;
            self.tables_are_kept = true;
        }
        Ok(())
    }

    fn write_dead_batch(&mut self, batch: &Batch, outcome: &Outcome) -> Result<(), Stop> {
        let message = outcome.message();
        let code = outcome.code();
        let records = batch.records.iter();
        let lines: Vec<_> = records
            .map(|record| {
                let original = batch.original(record);
                let letter = self.letters.then(|| Letter::read(original)).flatten();
                (record, original, letter, batch.json_line(record).ok())
            })
            .collect();
        self.keep_tables()?;
        let (names, mapped) = (&self.names, &self.mapped);
        let dead = lines.iter().map(|(record, original, letter, line)| {
            let dead = DeadRecord {
                fate: outcome.fate,
                kind: Some(batch.kind),
                code: code.as_deref(),
                message: message.as_deref(),
                reasons: &[],
                file: name_of(names, record.id),
                line: record.line,
                offset: record.offset,
                event_log_id: record.event_log_id,
                attempts: batch.attempts,
                first_attempt: batch.first_attempt,
                last_attempt: outcome.last_attempt,
                original,
                is_cut: false,
                is_mapped: mapped.contains(&record.id.file()),
                record: line.as_deref(),
            };
            dead.of(letter.as_ref())
        });
        write_dead(&mut self.dead_letter, dead)?;
        let places = lines
            .iter()
            .map(|(record, ..)| (name_of(names, record.id), record.line));
        self.refusals.add(outcome, places, batch.records.len() as u64);
        Ok(())
    }

    fn list_possibly_twice(&mut self, batch: &Batch) -> Result<(), Stop> {
        let Some(list) = &mut self.possibly_twice else {
            return Ok(());
        };
        let lines = batch.records.iter().map(|record| PossiblyTwice {
            file: name_of(&self.names, record.id),
            line: record.line,
            kind: batch.kind,
            event_log_id: record.event_log_id,
            why: match record.resumed {
                true if self.receipt.journal_damaged => Why::JournalDamaged,
                true => Why::InFlightWhenStopped,
                false => Why::ResentAfterLostAnswer,
            },
        });
        list.append(lines)
            .map_err(|error| Stop::disk("the list of what is possibly there twice", &error))
    }

    /// Remembers what was accepted.
    fn remember(&mut self, batch: &Batch, outcome: &Outcome) -> Result<(), Stop> {
        let Some(delta) = self.delta.as_ref().filter(|_| batch.kind != RecordKind::Event) else {
            return Ok(());
        };
        let mut delta = lock(delta);
        for fingerprint in batch.records.iter().filter_map(|record| record.fingerprint.as_ref()) {
            delta
                .settled(fingerprint, outcome.fate == Fate::Accepted)
                .map_err(|error| Stop::Disk(error.to_string()))?;
        }
        Ok(())
    }

    fn sync_sidecars(&mut self) -> Result<(), Stop> {
        let disk = |error| Stop::disk("a file beside the journal", &error);
        for file in [&mut self.dead_letter, &mut self.possibly_twice].into_iter().flatten() {
            file.sync().map_err(disk)?;
        }
        Ok(())
    }

    /// The records of a batch have this fate.
    fn settle(&mut self, batch: &Batch, outcome: &Outcome) -> Result<(), Stop> {
        // Without a journal no later run settles what is left, so it goes to the dead letter.
        let open = outcome.open && self.journal.is_some();
        let records = batch.records.len() as u64;
        // The error that ends a load is not about the records it leaves open.
        let code = outcome.code().filter(|_| !open);
        self.receipt.count(outcome.fate, code.as_deref(), records);
        self.remember(batch, outcome)?;
        if outcome.fate != Fate::Accepted && !open {
            self.write_dead_batch(batch, outcome)?;
        }
        if open {
            self.receipt.resumable += records;
            // The next run need not doubt a record that was sent and certainly not taken.
            return if outcome.fate == Fate::Undelivered {
                self.journal(|journal| journal.not_taken(&ids_of(batch)))
            } else {
                Ok(())
            };
        }
        // The run that settles an open record lists it.
        if outcome.twice {
            self.receipt.possibly_twice += records;
            self.list_possibly_twice(batch)?;
        }
        self.done(&ids_of(batch), outcome.fate, code.as_deref(), outcome.twice)?;
        if outcome.fate == Fate::Rejected {
            self.refused += records;
            self.check_refused(outcome)?;
            self.check_bad()?;
        }
        Ok(())
    }

    /// Ends a load of which nothing is accepted: what is wrong is wrong with all of it.
    fn check_refused(&self, outcome: &Outcome) -> Result<(), Stop> {
        let none_accepted = self.receipt.accepted == self.receipt.unchanged;
        match (self.most_refused, &outcome.error) {
            (Some(most), Some(error)) if none_accepted && is_enough(self.refused, self.receipt.rejected, most) => {
                Err(Stop::AllRefused(self.receipt.rejected, Arc::clone(error)))
            }
            _ => Ok(()),
        }
    }

    /// Ends a load without a good record among the first ones that a run reads.
    pub(crate) fn check_invalid(&self, good: u64, bad: u64) -> Result<(), Stop> {
        match self.most_refused {
            // A dead letter begins with what was invalid.
            Some(most)
                if !self.letters
                    && good == 0
                    && is_enough(bad, self.receipt.invalid, most)
                    && self.receipt.accepted == 0 =>
            {
                Err(Stop::AllInvalid(self.receipt.invalid))
            }
            _ => Ok(()),
        }
    }

    /// What a person may correct, and whether there is more of it than before; `None` if there is no dead letter.
    pub(crate) fn bad_tables(&self) -> Option<BadTables> {
        let dead_letter = self.receipt.dead_letter.clone()?;
        Some(BadTables {
            folder: self.folder.clone(),
            dead_letter,
        })
    }

    /// Closes the accounts: notes the files in the receipt, and in the journal that the run or the load has ended.
    pub(crate) fn close(&mut self, complete: bool) -> Result<(), Stop> {
        let written = |file: &Option<Sidecar>| file.as_ref().is_some_and(|file| file.len() > 0);
        self.receipt.dead_letter = written(&self.dead_letter).then(|| self.folder.join(DEAD_LETTER));
        self.receipt.possibly_twice_file = written(&self.possibly_twice).then(|| self.folder.join(POSSIBLY_TWICE));
        self.sync_sidecars()?;
        if let Some(delta) = &self.delta {
            let mut delta = lock(delta);
            delta.close().map_err(|error| Stop::Disk(error.to_string()))?;
        }
        self.journal(if complete { Journal::finish } else { Journal::stop })?;
        let disk = |error| Stop::disk("a file beside the journal", &error);
        for file in [self.dead_letter.take(), self.possibly_twice.take()]
            .into_iter()
            .flatten()
        {
            file.close().map_err(disk)?;
        }
        Ok(())
    }
}

/// Whether the bad records of this run, and of all runs, are enough to end. After as many as that in earlier runs, a few tell
/// that nothing has changed.
const fn is_enough(of_this_run: u64, of_all: u64, most: u64) -> bool {
    const FEW: u64 = 10;
    of_this_run >= most || (of_this_run >= FEW && of_all.saturating_sub(of_this_run) >= most)
}

/// Appends records that were not accepted to the dead letter, if there is one.
fn write_dead<'a>(
    dead_letter: &mut Option<Sidecar>,
    records: impl IntoIterator<Item = DeadRecord<'a>>,
) -> Result<(), Stop> {
    dead_letter
        .as_mut()
        .map_or(Ok(()), |dead_letter| dead_letter.append(records))
        .map_err(|error| Stop::disk("the dead letter", &error))
}

/// The input that a record is from, as it was named.
fn name_of(names: &[String], id: RecordId) -> &str {
    names.get(id.input()).map_or("", String::as_str)
}

fn ids_of(batch: &Batch) -> Vec<RecordId> {
    batch.records.iter().map(|record| record.id).collect()
}

impl Accounts for Mutex<FileAccounts> {
    fn sent(&self, batch: &mut Batch) -> Result<(), Stop> {
        lock(self).journal(|journal| {
            journal.spends(batch.kind.operation().family());
            // What was tried before was noted then.
            if batch.attempts == 0 {
                journal.sent(&ids_of(batch))?;
            }
            Ok(())
        })
    }

    fn settle(&self, batch: &Batch, outcome: &Outcome) -> Result<(), Stop> {
        lock(self).settle(batch, outcome)
    }

    fn failed(&self, batch: &Batch) -> Result<(), Stop> {
        lock(self).journal(|journal| journal.failed(&ids_of(batch)))
    }

    fn flush(&self) -> Result<(), Stop> {
        lock(self).journal(Journal::flush)
    }
}
